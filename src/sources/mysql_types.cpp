#include "mysql_types.h"

#include <fmt/format.h>

namespace qushu::sources {
namespace {

constexpr unsigned kBinary = 63;  // the character set of bytes

// "decimal(12,2)", as its declaration would say.
std::string type_name(const MYSQL_FIELD& field) {
  auto is_unsigned = (field.flags & UNSIGNED_FLAG) != 0 ? " unsigned" : "";
  auto characters = field.length / 4;  // utf8mb4 has four bytes at most
  auto binary = field.charsetnr == kBinary;
  switch (field.type) {
    case MYSQL_TYPE_TINY:
      return fmt::format("tinyint({}){}", field.length, is_unsigned);
    case MYSQL_TYPE_SHORT:
      return fmt::format("smallint{}", is_unsigned);
    case MYSQL_TYPE_INT24:
      return fmt::format("mediumint{}", is_unsigned);
    case MYSQL_TYPE_LONG:
      return fmt::format("int{}", is_unsigned);
    case MYSQL_TYPE_LONGLONG:
      return fmt::format("bigint{}", is_unsigned);
    case MYSQL_TYPE_FLOAT:
      return "float";
    case MYSQL_TYPE_DOUBLE:
      return "double";
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL: {
      auto sign = (field.flags & UNSIGNED_FLAG) != 0 ? 0U : 1U;
      return fmt::format("decimal({},{})", field.length - (field.decimals > 0 ? 1U : 0U) - sign, field.decimals);
    }
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
      return "date";
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_DATETIME2:
      return "datetime";
    case MYSQL_TYPE_TIMESTAMP:
    case MYSQL_TYPE_TIMESTAMP2:
      return "timestamp";
    case MYSQL_TYPE_TIME:
    case MYSQL_TYPE_TIME2:
      return "time";
    case MYSQL_TYPE_YEAR:
      return "year";
    case MYSQL_TYPE_BIT:
      return fmt::format("bit({})", field.length);
    case MYSQL_TYPE_JSON:
      return "json";
    case MYSQL_TYPE_GEOMETRY:
      return "geometry";
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
      return binary ? fmt::format("varbinary({})", field.length) : fmt::format("varchar({})", characters);
    case MYSQL_TYPE_STRING:
      if ((field.flags & ENUM_FLAG) != 0) return "enum";
      if ((field.flags & SET_FLAG) != 0) return "set";
      return binary ? fmt::format("binary({})", field.length) : fmt::format("char({})", characters);
    default:
      return binary ? "blob" : "text";
  }
}

void set_decimal(FeedColumn& out, const MYSQL_FIELD& field) {
  auto sign = (field.flags & UNSIGNED_FLAG) != 0 ? 0U : 1U;
  auto width = field.length - (field.decimals > 0 ? 1U : 0U) - sign;
  if (width > 38 || field.decimals > width) {
    out.info.note = {"超过 38 位的数按文本读取，以免丢失数字",
                     "Numbers of more than 38 digits arrive as text, so that none is lost"};
    return;
  }
  out.info.column.type = engine::Type::decimal;
  out.info.column.width = static_cast<std::uint8_t>(width);
  out.info.column.scale = static_cast<std::uint8_t>(field.decimals);
  out.wire = Wire::decimal;
}

}  // namespace

FeedColumn feed_of(const MYSQL_FIELD& field, bool tinyint_is_boolean) {
  using engine::Type;
  FeedColumn out{.info = {.source_name = std::string(field.name, field.name_length),
                          .source_type = type_name(field),
                          .nullable = (field.flags & NOT_NULL_FLAG) == 0}};
  auto as = [&](Type type, Wire wire) {
    out.info.column.type = type;
    out.wire = wire;
  };
  switch (field.type) {
    case MYSQL_TYPE_TINY:
      if (field.length == 1 && tinyint_is_boolean)
        as(Type::boolean, Wire::boolean);
      else
        as(Type::integer, Wire::integer);
      break;
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_YEAR:
      as(Type::integer, Wire::integer);
      break;
    case MYSQL_TYPE_LONGLONG:
      if ((field.flags & UNSIGNED_FLAG) != 0) {
        as(Type::decimal, Wire::decimal);
        out.info.column.width = 20;
      } else {
        as(Type::integer, Wire::integer);
      }
      break;
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
      as(Type::number, Wire::number);
      break;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
      set_decimal(out, field);
      break;
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
      as(Type::date, Wire::date);
      out.info.note = {"0000-00-00 等不存在的日期读作空值", "Dates that do not exist, as 0000-00-00, become empty"};
      break;
    case MYSQL_TYPE_TIMESTAMP:
    case MYSQL_TYPE_TIMESTAMP2:
      as(Type::datetime, Wire::datetime);
      out.info.note = {"时刻换算为 UTC", "Moments are in UTC"};
      break;
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_DATETIME2:
      as(Type::datetime, Wire::datetime);
      break;
    case MYSQL_TYPE_TIME:
    case MYSQL_TYPE_TIME2:
      as(Type::time, Wire::time);
      break;
    case MYSQL_TYPE_BIT:
      as(field.length == 1 ? Type::boolean : Type::integer, field.length == 1 ? Wire::bit : Wire::bits);
      break;
    default:
      if (field.charsetnr == kBinary && field.type != MYSQL_TYPE_JSON) {
        out.wire = Wire::bytes;
        out.info.note = {"二进制内容按十六进制文本读取", "Bytes arrive as hexadecimal text"};
      }
  }
  return out;
}

}  // namespace qushu::sources
