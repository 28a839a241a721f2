#include "types.h"

#include <array>

namespace qushu::engine {
namespace {

constexpr std::array<std::string_view, 8> kNames{"text", "integer", "decimal", "number", "boolean", "date", "time", "datetime"};

}  // namespace

std::string_view name(Type type) {
  return kNames.at(static_cast<std::size_t>(type));
}

bool parse(std::string_view text, Type& out) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != text) continue;
    out = static_cast<Type>(i);
    return true;
  }
  return false;
}

std::optional<Column> column_of(std::string name, duckdb_logical_type type) {
  auto make = [&](Type t, std::uint8_t width = 0, std::uint8_t scale = 0) {
    return Column{.name = std::move(name), .type = t, .width = width, .scale = scale};
  };
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return make(Type::boolean);
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
      return make(Type::integer);
    case DUCKDB_TYPE_HUGEINT:
      return make(Type::decimal, 38, 0);  // sums of integers
    case DUCKDB_TYPE_DECIMAL:
      return make(Type::decimal, duckdb_decimal_width(type), duckdb_decimal_scale(type));
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return make(Type::number);
    case DUCKDB_TYPE_DATE:
      return make(Type::date);
    case DUCKDB_TYPE_TIME:
      return make(Type::time);
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return make(Type::datetime);
    case DUCKDB_TYPE_VARCHAR:
      return make(Type::text);
    default:
      return std::nullopt;
  }
}

LogicalType duck_type(const Column& column) {
  LogicalType type;
  switch (column.type) {
    case Type::text:
      *type.out() = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
      break;
    case Type::integer:
      *type.out() = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
      break;
    case Type::decimal:
      *type.out() = duckdb_create_decimal_type(column.width, column.scale);
      break;
    case Type::number:
      *type.out() = duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
      break;
    case Type::boolean:
      *type.out() = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
      break;
    case Type::date:
      *type.out() = duckdb_create_logical_type(DUCKDB_TYPE_DATE);
      break;
    case Type::time:
      *type.out() = duckdb_create_logical_type(DUCKDB_TYPE_TIME);
      break;
    case Type::datetime:
      *type.out() = duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP);
      break;
  }
  return type;
}

std::string quote_name(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    if (c != '\0') out += c;
  }
  return out + "\"";
}

std::string quote_text(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += '\'';
    if (c != '\0') out += c;
  }
  return out + "'";
}

std::string parquet_scan(const std::vector<std::filesystem::path>& files) {
  std::string list;
  for (const auto& file : files) list += (list.empty() ? "" : ", ") + quote_text(file.string());
  return "read_parquet([" + list + "])";
}

}  // namespace qushu::engine
