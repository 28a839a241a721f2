#include "postgres_types.h"

#include <fmt/format.h>

namespace qushu::sources {
namespace {

// pg_type's identifiers that this file knows.
enum Oid : unsigned {
  kBool = 16,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOid = 26,
  kFloat4 = 700,
  kFloat8 = 701,
  kBpchar = 1042,
  kVarchar = 1043,
  kDate = 1082,
  kTime = 1083,
  kTimestamp = 1114,
  kTimestamptz = 1184,
  kNumeric = 1700
};

}  // namespace

PostgresMapping postgres_mapping(unsigned oid, int modifier) {
  using engine::Type;
  auto plain = [](Type type, Wire wire) { return PostgresMapping{.type = type, .wire = wire, .as_text = false}; };
  switch (oid) {
    case kBool:
      return plain(Type::boolean, Wire::pg_bool);
    case kInt2:
      return plain(Type::integer, Wire::pg_int2);
    case kInt4:
      return plain(Type::integer, Wire::pg_int4);
    case kInt8:
      return plain(Type::integer, Wire::pg_int8);
    case kOid:
      return plain(Type::integer, Wire::pg_oid);
    case kFloat4:
      return plain(Type::number, Wire::pg_float4);
    case kFloat8:
      return plain(Type::number, Wire::pg_float8);
    case kDate:
      return plain(Type::date, Wire::pg_date);
    case kTime:
      return plain(Type::time, Wire::pg_time);
    case kTimestamp:
      return plain(Type::datetime, Wire::pg_timestamp);
    case kTimestamptz: {
      auto out = plain(Type::datetime, Wire::pg_timestamp);
      out.note = {"时刻换算为 UTC", "Moments are in UTC"};
      return out;
    }
    case kText:
    case kVarchar:
      return plain(Type::text, Wire::text);
    case kNumeric: {
      // Precision in the upper half of the modifier, scale in 11 bits below, signed.
      auto precision = ((modifier - 4) >> 16) & 0xFFFF;
      auto scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024;
      if (modifier < 4 || precision > 38 || scale < 0 || scale > precision)
        return {
            .note = {"没有固定位数的 numeric 按文本读取，以免丢失数字；可在查询中写 ::numeric(18,2)",
                     "A numeric without fixed digits arrives as text, so that none is lost; write ::numeric(18,2) in a query"}};
      auto out = plain(Type::decimal, Wire::pg_numeric);
      out.width = static_cast<std::uint8_t>(precision);
      out.scale = static_cast<std::uint8_t>(scale);
      return out;
    }
    case kBpchar:
      return {};
    default:
      return {.note = {"按文本读取", "Arrives as text"}};
  }
}

std::string postgres_type(const engine::Column& column) {
  using engine::Type;
  switch (column.type) {
    case Type::integer:
      return "bigint";
    case Type::number:
      return "double precision";
    case Type::decimal:
      return fmt::format("numeric({},{})", column.width, column.scale);
    case Type::boolean:
      return "boolean";
    case Type::date:
      return "date";
    case Type::datetime:
      return "timestamp";
    case Type::time:
      return "time";
    default:
      return "text";
  }
}

void append_copied(std::string_view cell, std::string& out) {
  for (char c : cell) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\0':
        break;  // no text of PostgreSQL holds one
      default:
        out += c;
    }
  }
}

}  // namespace qushu::sources
