#include "qushu/engine/expression.h"

#include <boost/json.hpp>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::engine {
namespace {

namespace json = boost::json;

constexpr std::string_view kHead = "SELECT 1 FROM qushu_row WHERE (";
constexpr std::chrono::milliseconds kTime{5'000};
constexpr std::size_t kLongest = 10'000;

Failure no_expression() {
  return fail(Code::invalid, "sql.expression",
              "只能写一个判断真假的表达式，可以用字段、常数、运算符和函数，不能有子查询、聚合或其他子句。",
              "Write one expression that is true or false, of fields, constants, operators and functions, without subqueries, "
              "aggregates or other clauses.");
}

// Whether a member is absent, null or empty.
bool nothing(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return true;
  if (value->is_array()) return value->get_array().empty();
  return false;
}

bool holds_class(const json::value& value, std::string_view wanted) {
  if (const auto* array = value.if_array())
    return std::ranges::any_of(*array, [&](const auto& element) { return holds_class(element, wanted); });
  const auto* object = value.if_object();
  if (object == nullptr) return false;
  const auto* kind = object->if_contains("class");
  if (kind != nullptr && kind->is_string() && kind->get_string() == wanted) return true;
  return std::ranges::any_of(*object, [&](const auto& member) { return holds_class(member.value(), wanted); });
}

// The expression in the WHERE of a statement that has kept the form in which it was put together.
bool is_one_expression(const json::value& tree) {
  boost::system::error_code error;
  const auto* found = tree.find_pointer("/statements/0/node", error);
  if (error || found == nullptr || !found->is_object()) return false;
  const auto& node = found->get_object();
  const auto* type = node.if_contains("type");
  if (type == nullptr || !type->is_string() || type->get_string() != "SELECT_NODE") return false;
  const auto* from = tree.find_pointer("/statements/0/node/from_table/table_name", error);
  if (error || from == nullptr || !from->is_string() || from->get_string() != "qushu_row") return false;
  const auto* condition = node.if_contains("where_clause");
  if (condition == nullptr || !condition->is_object()) return false;
  for (const char* clause : {"modifiers", "group_expressions", "group_sets", "having", "qualify", "sample"})
    if (!nothing(node, clause)) return false;
  return !holds_class(*condition, "SUBQUERY") && !holds_class(*condition, "WINDOW") && !holds_class(*condition, "STAR") &&
         !holds_class(*condition, "PARAMETER");
}

Result<std::string> one_text(Engine& engine, std::string sql, std::string parameter) {
  QS_TRY(auto cursor, engine.run({.sql = std::move(sql), .params = {std::move(parameter)}, .limits = {.time = kTime}}));
  QS_TRY(const auto* chunk, cursor->next());
  if (chunk == nullptr || chunk->rows() != 1 || chunk->is_null(0, 0)) return fail_internal("no syntax tree");
  std::string out;
  chunk->append_text(0, 0, out);
  return out;
}

// Counts from the beginning of the statement around it; people count from theirs.
Error in_place(Error error) {
  constexpr std::string_view kWord = "position ";
  if (error.subject.starts_with(kWord))
    if (auto at = to_int(std::string_view(error.subject).substr(kWord.size()))) {
      auto own = *at - static_cast<std::int64_t>(kHead.size()) - 1;
      error.subject = own > 0 ? fmt::format("position {}", own) : std::string();
    }
  return error;
}

}  // namespace

Result<std::string> check_expression(Engine& engine, std::string_view text, const std::vector<Column>& columns) {
  if (trim(text).empty() || text.size() > kLongest) return no_expression();
  auto statement = fmt::format("{}\n{}\n)", kHead, text);
  View view{.name = "qushu_row", .sql = "SELECT "};
  for (const auto& column : columns) {
    static constexpr std::array<std::string_view, 8> kTypes{"VARCHAR", "BIGINT", "DECIMAL", "DOUBLE",
                                                            "BOOLEAN", "DATE",   "TIME",    "TIMESTAMP"};
    auto type = std::string(kTypes.at(static_cast<std::size_t>(column.type)));
    if (column.type == Type::decimal) type += fmt::format("({}, {})", column.width, column.scale);
    view.sql += fmt::format("{}CAST(NULL AS {}) AS {}", &column == columns.data() ? "" : ", ", type, quote_name(column.name));
  }
  view.sql += " WHERE false";
  QS_TRY(auto sandbox, engine.sandbox({.views = {std::move(view)}, .files = {}}));
  auto ran = sandbox->run(statement, {}, {.time = kTime});
  if (!ran) {
    auto error = in_place(std::move(ran).error());
    // Aggregates and window functions may not stand in a WHERE; DuckDB says so in its own words.
    if (error.id == "sql.failed" && (error.detail.contains("WHERE clause cannot contain"))) return no_expression();
    return fail(std::move(error));
  }
  QS_TRY(auto tree, one_text(engine, "SELECT json_serialize_sql($1::VARCHAR)", statement));
  boost::system::error_code broken;
  json::parse_options options;
  options.max_depth = 4096;
  auto parsed = json::parse(tree, broken, {}, options);
  if (broken || !is_one_expression(parsed)) return no_expression();
  QS_TRY(auto written, one_text(engine, "SELECT json_deserialize_sql($1::JSON)", tree));
  auto where = written.find(" WHERE ");
  if (!written.starts_with("SELECT 1 FROM qushu_row WHERE ") || where == std::string::npos) return no_expression();
  return written.substr(where + std::string_view(" WHERE ").size());
}

}  // namespace qushu::engine
