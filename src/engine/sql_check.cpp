#include "sql_check.h"

#include <boost/json.hpp>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "words.h"

namespace qushu::engine {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepth = 600;  // of the syntax tree; deeper is a machine's work, and a danger to every parser

std::set<std::string, std::less<>> words(std::string_view list) {
  std::set<std::string, std::less<>> found;
  for (auto word : split(list, ' '))
    if (!word.empty()) found.emplace(word);
  return found;
}

const std::set<std::string, std::less<>> kExpressions = words(
    "PARAMETER LAMBDA STAR CONJUNCTION CAST CASE COLUMN_REF POSITIONAL_REFERENCE CONSTANT BETWEEN WINDOW OPERATOR COMPARISON "
    "FUNCTION "
    "SUBQUERY COLLATE LAMBDA_REF");
const std::set<std::string, std::less<>> kTypeInfo = words(
    "DECIMAL_TYPE_INFO LIST_TYPE_INFO STRUCT_TYPE_INFO STRING_TYPE_INFO ARRAY_TYPE_INFO GENERIC_TYPE_INFO ENUM_TYPE_INFO");
const std::set<std::string, std::less<>> kTableFunctions = words("range generate_series unnest");

Failure refuse(std::string_view id, std::string zh, std::string en, std::optional<std::size_t> position) {
  return fail(Error{.code = Code::invalid,
                    .id = std::string(id),
                    .text = {std::move(zh), std::move(en)},
                    .subject = position ? fmt::format("position {}", *position) : std::string()});
}

std::string_view text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

// How many single edits lead from one name to the other; for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto best = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = std::exchange(row[j], best);
    }
  }
  return row.back();
}

class Walk {
 public:
  Walk(std::string_view sql, const std::set<std::string>& tables, const std::vector<std::string>& suggestions)
      : sql_(sql), tables_(tables), suggestions_(suggestions) {}

  Result<void> statement(const json::value& root) { return visit(root, {}, 0); }

 private:
  using Scope = std::set<std::string>;  // common table expressions that can be seen, in lower case

  Result<void> visit(const json::value& value, const Scope& scope, std::size_t depth) {
    if (depth > kDepth)
      return refuse("sql.depth", "语句嵌套太深，请拆开写。", "The statement is nested too deeply; take it apart.",
                    std::nullopt);
    if (const auto* array = value.if_array()) {
      for (const auto& element : *array) QS_CHECK(visit(element, scope, depth + 1));
      return {};
    }
    const auto* object = value.if_object();
    if (object == nullptr) return {};
    if (object->contains("class"))
      QS_CHECK(expression(*object));
    else if (const auto* type = object->if_contains("type"); type != nullptr && type->is_string())
      return node(*object, scope, depth);
    return members(*object, scope, depth);
  }

  Result<void> members(const json::object& object, const Scope& scope, std::size_t depth) {
    for (const auto& member : object) QS_CHECK(visit(member.value(), scope, depth + 1));
    return {};
  }

  Result<void> expression(const json::object& object) {
    auto kind = text_of(object, "class");
    if (!kExpressions.contains(kind))
      return refuse("sql.expression", fmt::format("不支持这种写法（{}）。", kind),
                    fmt::format("This kind of expression is not supported ({}).", kind), position(object));
    if (kind == "FUNCTION" || kind == "WINDOW") QS_CHECK(function(object, allowed_functions()));
    return {};
  }

  // A single call of these can make a text of any length, and DuckDB looks for an interrupt only between calls: so their count
  // must be a small constant, and none may feed another.
  Result<void> growing(const json::object& object) {
    constexpr double kMost = 1000;
    const auto* children = object.if_contains("children");
    if (children == nullptr || !children->is_array() || children->get_array().size() < 2) return {};
    const auto& arguments = children->get_array();
    boost::system::error_code error;
    const auto* count = arguments[1].find_pointer("/value/value", error);
    bool small = count != nullptr && count->is_number() && count->to_number<double>() <= kMost;
    if (small && json::serialize(arguments[0]).find("\"repeat\"") == std::string::npos &&
        json::serialize(arguments[0]).find("pad\"") == std::string::npos)
      return {};
    auto name = text_of(object, "function_name");
    return refuse(
        "sql.function", fmt::format("函数 {} 的长度应是不超过 {} 的常数，且不能嵌套使用。", name, kMost),
        fmt::format("The length that {} makes must be a constant of at most {}, and such calls cannot be nested.", name, kMost),
        position(object));
  }

  Result<void> function(const json::object& object, const std::set<std::string, std::less<>>& allowed) {
    auto name = lower_ascii(text_of(object, "function_name"));
    // EXTRACT and its like are written out with the schema of the built-in functions.
    auto schema = text_of(object, "schema");
    auto catalog = text_of(object, "catalog");
    auto qualified =
        (!schema.empty() && schema != "pg_catalog" && schema != "main") || (!catalog.empty() && catalog != "system");
    if (!qualified && (name == "repeat" || name == "lpad" || name == "rpad")) return growing(object);
    if (!qualified && allowed.contains(name)) return {};
    return refuse("sql.function", fmt::format("不能使用函数 {}。", name),
                  fmt::format("The function {} cannot be used here.", name), position(object));
  }

  // Query nodes and table references.
  Result<void> node(const json::object& object, const Scope& scope, std::size_t depth) {
    auto type = text_of(object, "type");
    if (type == "BASE_TABLE") {
      QS_CHECK(table(object, scope));
      return members(object, scope, depth);
    }
    if (type == "TABLE_FUNCTION") {
      const auto* call = object.if_contains("function");
      if (call == nullptr || !call->is_object() || text_of(call->get_object(), "class") != "FUNCTION")
        return refuse("sql.table", "不支持这种数据来源。", "This kind of table is not supported.", position(object));
      QS_CHECK(function(call->get_object(), kTableFunctions));
      // The call itself was judged as a table function; its arguments are expressions like any other.
      for (const auto& member : call->get_object()) QS_CHECK(visit(member.value(), scope, depth + 1));
      for (const auto& member : object)
        if (member.key() != "function") QS_CHECK(visit(member.value(), scope, depth + 1));
      return {};
    }
    if (type == "SELECT_NODE" || type == "SET_OPERATION_NODE" || type == "RECURSIVE_CTE_NODE" || type == "CTE_NODE")
      return query(object, scope, depth);
    static const auto kOthers = words(
        "JOIN SUBQUERY EXPRESSION_LIST EMPTY PIVOT DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER "
        "ORDER_DEFAULT ASCENDING DESCENDING");
    if (!kOthers.contains(type) && !kTypeInfo.contains(type))
      return refuse("sql.table", fmt::format("不支持这种写法（{}）。", type), fmt::format("This is not supported ({}).", type),
                    position(object));
    return members(object, scope, depth);
  }

  // A common table expression can be seen by those after it and by the body; by itself only inside the repeated half of a
  // recursion. A name is looked for among them first, so one that shadows nothing must be a table that may be named.
  Result<void> query(const json::object& object, const Scope& outer, std::size_t depth) {
    Scope scope = outer;
    const auto* map = object.if_contains("cte_map");
    const auto* entries = map != nullptr && map->is_object() ? map->get_object().if_contains("map") : nullptr;
    if (entries != nullptr && entries->is_array()) {
      for (const auto& entry : entries->get_array()) {
        if (!entry.is_object()) return unreadable();
        const auto* definition = entry.get_object().if_contains("value");
        if (definition == nullptr) return unreadable();
        QS_CHECK(visit(*definition, scope, depth + 1));
        scope.insert(lower_ascii(text_of(entry.get_object(), "key")));
      }
    }
    auto type = text_of(object, "type");
    Scope inner = scope;
    inner.insert(lower_ascii(text_of(object, "cte_name")));
    for (const auto& member : object) {
      if (member.key() == "cte_map") continue;
      bool sees_itself =
          (type == "RECURSIVE_CTE_NODE" && member.key() == "right") || (type == "CTE_NODE" && member.key() == "child");
      bool defines = type == "CTE_NODE" && member.key() == "query";
      QS_CHECK(visit(member.value(),
                     sees_itself ? inner
                     : defines   ? outer_for_definition(outer, entries, text_of(object, "cte_name"))
                                 : scope,
                     depth + 1));
    }
    return {};
  }

  // What the definition of `name` sees: everything that was defined before it.
  static Scope outer_for_definition(const Scope& outer, const json::value* entries, std::string_view name) {
    Scope scope = outer;
    if (entries == nullptr || !entries->is_array()) return scope;
    for (const auto& entry : entries->get_array()) {
      auto key = text_of(entry.get_object(), "key");
      if (key == name) break;
      scope.insert(lower_ascii(key));
    }
    return scope;
  }

  Result<void> table(const json::object& object, const Scope& scope) {
    auto name = text_of(object, "table_name");
    auto folded = lower_ascii(name);
    auto qualified = !text_of(object, "schema_name").empty() || !text_of(object, "catalog_name").empty();
    if (!qualified && (scope.contains(folded) || tables_.contains(folded))) return {};
    std::string nearest;
    std::size_t best = folded.size() / 2 + 1;
    auto consider = [&](const std::string& table) {
      auto edits = distance(folded, lower_ascii(table));
      if (edits < best) best = edits, nearest = table;
    };
    for (const auto& table : tables_) consider(table);
    for (const auto& table : suggestions_) consider(table);
    return refuse("sql.table",
                  fmt::format("没有名为“{}”的数据集，或您无权查看。{}", name,
                              nearest.empty() ? "" : fmt::format("是不是“{}”？", nearest)),
                  fmt::format("There is no dataset named \"{}\", or you may not see it.{}", name,
                              nearest.empty() ? "" : fmt::format(" Did you mean \"{}\"?", nearest)),
                  position(object));
  }

  // 1-based, in characters.
  [[nodiscard]] std::optional<std::size_t> position(const json::object& object) const {
    const auto* location = object.if_contains("query_location");
    if (location == nullptr || !location->is_number()) return std::nullopt;
    auto bytes = location->is_uint64()  ? location->get_uint64()
                 : location->is_int64() ? static_cast<std::uint64_t>(location->get_int64())
                                        : UINT64_MAX;
    if (bytes > sql_.size()) return std::nullopt;
    return utf8_length(sql_.substr(0, bytes)) + 1;
  }

  static Failure unreadable() { return fail_internal("the syntax tree has a shape that is not known"); }

  std::string_view sql_;
  const std::set<std::string>& tables_;
  const std::vector<std::string>& suggestions_;
};

Result<std::string> serialized(duckdb_connection connection, std::string_view sql) {
  Prepared statement;
  if (duckdb_prepare(connection, "SELECT json_serialize_sql($1::VARCHAR)", statement.out()) != DuckDBSuccess)
    return fail_internal(fmt::format("json_serialize_sql: {}", duckdb_prepare_error(statement.get())));
  duckdb_bind_varchar_length(statement.get(), 1, sql.data(), sql.size());
  QueryResult result;
  if (duckdb_execute_prepared(statement.get(), result.get()) != DuckDBSuccess) {
    const char* message = duckdb_result_error(result.get());
    return fail(Error{.code = Code::invalid,
                      .id = "sql.syntax",
                      .text = {"语句读不懂，请检查语法。", "The statement cannot be read; check its syntax."},
                      .detail = message == nullptr ? "" : message});
  }
  DataChunk chunk;
  *chunk.out() = duckdb_fetch_chunk(*result.get());
  if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) != 1)
    return fail_internal("json_serialize_sql: no row");
  auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
  return std::string(duckdb_string_t_data(strings), duckdb_string_t_length(*strings));
}

Failure syntax_error(std::string_view sql, const json::object& tree) {
  auto message = std::string(text_of(tree, "error_message"));
  if (message.starts_with("Only SELECT"))
    return refuse("sql.not_select", "只能写一条查询语句（SELECT）。", "Only one SELECT can be run here.", std::nullopt);
  std::optional<std::size_t> position;
  if (auto bytes = to_int(text_of(tree, "position")); bytes && *bytes >= 0 && static_cast<std::size_t>(*bytes) <= sql.size())
    position = utf8_length(sql.substr(0, static_cast<std::size_t>(*bytes))) + 1;
  // Where it is says the subject, which counts from where the reader's own text begins.
  return refuse("sql.syntax", "语法有误：" + in_chinese(message), fmt::format("Syntax error: {}", message), position);
}

}  // namespace

Result<void> check_sql(duckdb_connection connection, std::string_view sql, const std::set<std::string>& tables,
                       const std::vector<std::string>& suggestions) {
  QS_CHECK(checked_tree(connection, sql, tables, suggestions));
  return {};
}

Result<json::value> checked_tree(duckdb_connection connection, std::string_view sql, const std::set<std::string>& tables,
                                 const std::vector<std::string>& suggestions) {
  if (!is_utf8(sql) || sql.contains('\0'))
    return refuse("sql.text", "语句里有无法识别的字符。", "The statement holds characters that cannot be read.", std::nullopt);
  QS_TRY(auto text, serialized(connection, sql));
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4 * kDepth;
  auto tree = json::parse(text, error, {}, options);
  if (error || !tree.is_object())
    return refuse("sql.depth", "语句太复杂，请拆开写。", "The statement is too complex; take it apart.", std::nullopt);
  const auto& root = tree.get_object();
  if (const auto* failed = root.if_contains("error"); failed == nullptr || !failed->is_bool() || failed->get_bool())
    return syntax_error(sql, root);
  const auto* statements = root.if_contains("statements");
  if (statements == nullptr || !statements->is_array() || statements->get_array().size() != 1)
    return refuse("sql.not_select", "一次只能写一条查询语句。", "Only one statement can be run at a time.", std::nullopt);
  QS_CHECK(Walk(sql, tables, suggestions).statement(statements->get_array().front()));
  return statements->get_array().front();
}

const std::set<std::string, std::less<>>& allowed_functions() {
  static const auto kFunctions = words(
      // operators
      "+ - * / // % ^ ** & | << >> ~ || ~~ !~~ ~~* !~~* ~~~ ^@ @> <@ && <-> -> ->> "
      // numbers
      "abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log2 log10 pow power mod fmod greatest least pi sin cos "
      "tan asin acos atan atan2 "
      "degrees radians isnan isinf isfinite gcd lcm even factorial divide add subtract multiply bit_count random width_bucket "
      // text
      "length len strlen char_length character_length lower upper lcase ucase trim ltrim rtrim left right substr substring "
      "concat concat_ws replace reverse repeat "
      "lpad rpad split_part string_split str_split split string_to_array regexp_matches regexp_replace regexp_extract "
      "regexp_extract_all regexp_full_match "
      "regexp_split_to_array contains starts_with prefix suffix ends_with instr strpos position like_escape not_like_escape "
      "ilike_escape not_ilike_escape "
      "ascii chr unicode ord format printf translate levenshtein editdist3 hamming jaccard jaro_similarity "
      "jaro_winkler_similarity strip_accents nfc_normalize "
      "md5 sha1 sha256 hash hex unhex to_hex from_hex to_base64 from_base64 base64 encode decode url_encode url_decode initcap "
      "string_agg group_concat listagg "
      // checks of codes, Qushu's own (functions.h)
      "is_credit_code has_organisation_code is_citizen_id is_region_code is_mobile is_landline is_bank_card is_email "
      // dates
      "date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub date_add age year month day hour minute "
      "second millisecond microsecond epoch "
      "epoch_ms epoch_us week weekofyear yearweek isoyear dayofweek isodow dayofyear dayofmonth quarter decade century "
      "millennium era last_day monthname dayname "
      "make_date make_time make_timestamp strftime strptime try_strptime to_timestamp time_bucket to_days to_hours to_minutes "
      "to_seconds to_months to_weeks to_years "
      "to_quarters timezone current_date current_time current_timestamp now today get_current_timestamp get_current_time "
      "transaction_timestamp "
      // choices
      "coalesce ifnull nullif if case isnull try typeof "
      // aggregates
      "count count_star count_if countif sum sumkahan fsum avg mean min max any_value first last arbitrary arg_min arg_max "
      "argmin argmax min_by max_by median mode quantile "
      "quantile_cont quantile_disc percentile_cont percentile_disc approx_count_distinct approx_quantile approx_top_k stddev "
      "stddev_pop stddev_samp variance var_pop "
      "var_samp covar_pop covar_samp corr regr_slope regr_intercept regr_r2 regr_count skewness kurtosis entropy mad product "
      "bool_and bool_or bit_and bit_or bit_xor "
      "list array_agg histogram grouping grouping_id sum_no_overflow geomean favg "
      // windows
      "row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead first_value last_value nth_value "
      // lists, structs, maps, json
      "list_value list_pack array_value struct_pack row map map_keys map_values map_extract element_at map_entries "
      "map_from_entries cardinality list_extract list_element "
      "array_extract struct_extract list_contains list_has array_contains array_has list_position list_distinct list_unique "
      "list_sort list_reverse_sort array_sort list_sum "
      "list_avg list_min list_max list_count list_any_value list_aggregate list_transform list_filter list_reduce list_apply "
      "list_concat list_cat list_append list_prepend "
      "list_slice array_slice list_zip array_to_string list_string_agg flatten unnest unlist "
      "array_length json_extract json_extract_string json_extract_path "
      "json_extract_path_text json_array_length json_keys json_type json_valid json_value json_exists json_contains to_json "
      "json_object json_array json_structure "
      // equality in its function forms
      "not_distinct_from constant_or_null");
  return kFunctions;
}

}  // namespace qushu::engine
