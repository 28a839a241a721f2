#include "lineage_reader.h"

#include <algorithm>
#include <optional>

#include "qushu/base/text.h"

#include "lineage_scope.h"

namespace qushu::engine {
namespace {

namespace json = boost::json;

// Visits of nodes. A recursive definition is read twice, and they can be nested; what is written by people needs a few
// thousand.
constexpr std::size_t kWork = 200'000;

std::string_view text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}
const json::object* object_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}
const json::array& array_of(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const auto* value = object.if_contains(key);
  const auto* array = value == nullptr ? nullptr : value->if_array();
  return array == nullptr ? kNone : *array;
}
std::vector<std::string> texts_of(const json::array& array) {
  std::vector<std::string> out;
  for (const auto& item : array)
    if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}
class Reader {
 public:
  Reader(const std::vector<Relation>& relations, Lineage& out) : relations_(relations), out_(out) {}

  Answer statement(const json::value& root) {
    const auto* object = root.if_object();
    const auto* node = object == nullptr ? nullptr : object_of(*object, "node");
    if (node == nullptr) return {.columns = {}, .complete = false};
    auto answer = query(*node, nullptr, {});
    if (work_ > kWork) answer.complete = false;
    return answer;
  }

 private:
  // --- expressions ---------------------------------------------------------------------------------------------------------

  // What the value of an expression is made of, added to `into`.
  void value(const json::value& tree, const Scope& scope, const Definitions& defined, Known& into, bool in_lambda = false) {
    if (++work_ > kWork) return;
    if (const auto* array = tree.if_array()) {
      for (const auto& item : *array) value(item, scope, defined, into, in_lambda);
      return;
    }
    if (const auto* object = tree.if_object()) expression(*object, scope, defined, into, in_lambda);
  }

  void expression(const json::object& object, const Scope& scope, const Definitions& defined, Known& into,
                  bool in_lambda = false) {
    auto kind = text_of(object, "class");
    if (kind == "COLUMN_REF") {
      reference(texts_of(array_of(object, "column_names")), scope, into, in_lambda);
      return;
    }
    if (kind == "STAR") {
      for (const auto& column : star(object, scope, defined).columns) merge(into.from, column.from);
      into.certain = into.certain && !is_pattern(object);
      return;
    }
    if (kind == "POSITIONAL_REFERENCE") {
      positional(object, scope, into);
      return;
    }
    if (kind == "SUBQUERY") {
      subquery(object, scope, defined, into, in_lambda);
      return;
    }
    if (kind == "LAMBDA") in_lambda = true;  // its parameters look like columns that nothing has
    for (const auto& member : object) value(member.value(), scope, defined, into, in_lambda);
  }

  void subquery(const json::object& object, const Scope& scope, const Definitions& defined, Known& into, bool in_lambda) {
    if (const auto* child = object.if_contains("child")) value(*child, scope, defined, into, in_lambda);
    const auto* inner = object_of(object, "subquery");
    const auto* node = inner == nullptr ? nullptr : object_of(*inner, "node");
    if (node == nullptr) return;
    auto answer = query(*node, &scope, defined);
    for (const auto& column : answer.columns) {
      merge(into.from, column.from);
      into.certain = into.certain && column.certain;
    }
    into.certain = into.certain && answer.complete;
  }

  static void positional(const json::object& object, const Scope& scope, Known& into) {
    const auto* index = object.if_contains("index");
    auto at = index != nullptr && index->is_number() ? index->to_number<double>() : 0;
    std::size_t next = 0;
    for (const auto& source : scope.sources)
      for (const auto& column : source.columns)
        if (static_cast<double>(++next) == at) {
          merge(into.from, column.from);
          return;
        }
    for (const auto& source : scope.sources) merge(into.from, source.whole);
    into.certain = false;
  }

  // A name of one to four parts: column, source.column, and members of structs behind either.
  void reference(const std::vector<std::string>& names, const Scope& scope, Known& into, bool in_lambda) {
    if (names.empty()) return;
    for (const auto* s = &scope; s != nullptr; s = s->outer) {
      if (names.size() > 1 && qualified(*s, names[0], names[1], into)) {
        into.copied = into.copied && names.size() == 2;
        return;
      }
      if (unqualified(*s, names[0], into)) {
        if (names.size() > 1) into.copied = false;
        return;
      }
      if (alias(*s, names[0], into) || row(*s, names[0], into)) return;
    }
    if (in_lambda) return;
    // Nothing listed has it: a source with columns that are not listed must, or it is a word like current_date.
    for (const auto* s = &scope; s != nullptr; s = s->outer)
      for (const auto& source : s->sources)
        if (source.open) {
          merge(into.from, source.whole);
          into.certain = false;
        }
  }

  static bool is_pattern(const json::object& star) {
    const auto* columns = star.if_contains("columns");
    return columns != nullptr && columns->is_bool() && columns->get_bool();
  }

  Answer star(const json::object& object, const Scope& scope, const Definitions& defined) {
    auto relation = lower_ascii(text_of(object, "relation_name"));
    auto excluded = texts_of(array_of(object, "exclude_list"));
    for (const auto& item : array_of(object, "qualified_exclude_list"))
      if (const auto* name = item.if_object()) excluded.emplace_back(text_of(*name, "column"));
    Answer answer;
    bool any = false;
    for (const auto& source : scope.sources) {
      if (!relation.empty() && source.alias != relation) continue;
      any = true;
      for (const auto& column : source.columns) {
        if (column.merged && relation.empty()) continue;
        if (!contains(excluded, column.name)) answer.columns.push_back(column);
      }
      if (source.open) answer.complete = false;
    }
    if (!any && !relation.empty()) {  // the members of a struct column
      Known whole{.certain = false};
      reference({std::string(text_of(object, "relation_name"))}, scope, whole, false);
      whole.copied = false;
      answer.columns.push_back(std::move(whole));
      answer.complete = false;
    }
    for (const auto& item : array_of(object, "replace_list")) replace(item, scope, defined, answer);
    for (const auto& item : array_of(object, "rename_list")) rename(item, answer);
    if (is_pattern(object) && object.if_contains("expr") != nullptr && !object.at("expr").is_null()) answer.complete = false;
    return answer;
  }

  void replace(const json::value& item, const Scope& scope, const Definitions& defined, Answer& answer) {
    const auto* entry = item.if_object();
    if (entry == nullptr || !entry->contains("value")) return;
    for (auto& column : answer.columns) {
      if (!same(column.name, text_of(*entry, "key"))) continue;
      Known made{.name = column.name};
      value(entry->at("value"), scope, defined, made);
      column = std::move(made);
    }
  }

  static void rename(const json::value& item, Answer& answer) {
    const auto* entry = item.if_object();
    if (entry == nullptr) return;
    const auto* from = object_of(*entry, "key");
    auto was = from != nullptr ? text_of(*from, "column") : text_of(*entry, "key");
    for (auto& column : answer.columns)
      if (same(column.name, was)) column.name = text_of(*entry, "value");
  }

  void condition(const json::object& object, std::string_view key, const Scope& scope, const Definitions& defined) {
    const auto* tree = object.if_contains(key);
    if (tree == nullptr) return;
    Known all;
    value(*tree, scope, defined, all);
    merge(out_.conditions, all.from);
  }

  // --- FROM ----------------------------------------------------------------------------------------------------------------

  std::vector<Source> from(const json::object& object, const Scope* outer, const Definitions& defined) {
    if (++work_ > kWork) return {};
    auto type = text_of(object, "type");
    if (type == "BASE_TABLE") return {renamed(table(object, defined), object)};
    if (type == "JOIN") return join(object, outer, defined);
    if (type == "SUBQUERY") return {renamed(derived(object, outer, defined), object)};
    if (type == "EXPRESSION_LIST") return {renamed(list(object, outer, defined), object)};
    if (type == "TABLE_FUNCTION") return {table_function(object, outer, defined)};
    if (type == "PIVOT") return {renamed(pivot(object, outer, defined), object)};
    return {};
  }

  Source table(const json::object& object, const Definitions& defined) {
    auto name = lower_ascii(text_of(object, "table_name"));
    Source source{.alias = name, .columns = {}};
    if (auto cte = defined.find(name); cte != defined.end()) {
      source.columns = cte->second;
      return source;
    }
    for (const auto& relation : relations_) {
      if (!same(relation.name, name)) continue;
      ++out_.relations[relation.name];
      source.whole.insert({.relation = relation.name, .column = {}});
      source.open = relation.columns.empty();
      for (const auto& column : relation.columns)
        source.columns.push_back(
            {.name = column, .from = {{.relation = relation.name, .column = column}}, .copied = true, .certain = true});
    }
    return source;
  }

  Source derived(const json::object& object, const Scope* outer, const Definitions& defined) {
    Source source;
    const auto* inner = object_of(object, "subquery");
    const auto* node = inner == nullptr ? nullptr : object_of(*inner, "node");
    if (node == nullptr) return source;
    auto answer = query(*node, outer, defined);
    for (const auto& column : answer.columns) merge(source.whole, column.from);
    source.columns = std::move(answer.columns);
    source.open = !answer.complete;
    return source;
  }

  Source list(const json::object& object, const Scope* outer, const Definitions& defined) {
    Source source;
    Scope scope{.sources = {}, .outer = outer};
    for (const auto& row : array_of(object, "values")) {
      const auto* cells = row.if_array();
      if (cells == nullptr) continue;
      for (std::size_t i = 0; i < cells->size(); ++i) {
        if (source.columns.size() <= i) source.columns.push_back({.name = "col" + std::to_string(i), .from = {}});
        value((*cells)[i], scope, defined, source.columns[i]);
        source.columns[i].copied = false;
      }
    }
    return source;
  }

  Source table_function(const json::object& object, const Scope* outer, const Definitions& defined) {
    Source source;
    const auto* call = object_of(object, "function");
    if (call == nullptr) return source;
    source.alias = lower_ascii(text_of(object, "alias"));
    auto function = std::string(text_of(*call, "function_name"));
    if (source.alias.empty()) source.alias = lower_ascii(function);
    Known made{.name = function};
    Scope scope{.sources = {}, .outer = outer};
    expression(*call, scope, defined, made);
    made.copied = false;
    source.whole = made.from;
    source.open = function == "unnest";  // a list of structs has as many columns as they have members
    auto names = texts_of(array_of(object, "column_name_alias"));
    if (names.empty()) {
      source.columns = {made};
      if (source.alias != lower_ascii(function)) {
        made.name = source.alias;
        made.merged = true;
        source.columns.push_back(made);
      }
    }
    for (auto& name : names) {
      made.name = std::move(name);
      source.columns.push_back(made);
    }
    return source;
  }

  // PIVOT makes columns from values, UNPIVOT values from columns.
  Source pivot(const json::object& object, const Scope* outer, const Definitions& defined) {
    Source source;
    const auto* inner = object_of(object, "source");
    if (inner == nullptr) return source;
    Scope scope{.sources = from(*inner, outer, defined), .outer = outer};
    auto values = texts_of(array_of(object, "unpivot_names"));
    auto all = all_of(scope);
    if (values.empty()) {
      auto groups = texts_of(array_of(object, "groups"));
      for (const auto& column : all)
        if (contains(groups, column.name)) source.columns.push_back(column);
      for (const auto& column : all) merge(source.whole, column.from);
      source.open = true;
      return source;
    }
    std::vector<std::string> taken, names;
    bool told = true;
    for (const auto& item : array_of(object, "pivots")) {
      const auto* pivot = item.if_object();
      if (pivot == nullptr) continue;
      for (auto& name : texts_of(array_of(*pivot, "unpivot_names"))) names.push_back(std::move(name));
      for (const auto& entry : array_of(*pivot, "entries")) told = entry_columns(entry, taken) && told;
    }
    Known made{.certain = told};
    for (const auto& column : all) {
      if (told && !contains(taken, column.name)) source.columns.push_back(column);
      if (!told || contains(taken, column.name)) merge(made.from, column.from);
      merge(source.whole, column.from);
    }
    source.open = !told;
    for (const auto& name : names) source.columns.push_back({.name = name, .from = {}});
    for (const auto& name : values) {
      made.name = name;
      source.columns.push_back(made);
    }
    return source;
  }

  // The columns that an entry of UNPIVOT names; false when it is a pattern.
  static bool entry_columns(const json::value& entry, std::vector<std::string>& into) {
    const auto* object = entry.if_object();
    if (object == nullptr) return true;
    if (const auto* pattern = object->if_contains("star_expr"); pattern != nullptr && !pattern->is_null()) return false;
    for (const auto& value : array_of(*object, "values"))
      if (const auto* constant = value.if_object()) into.emplace_back(text_of(*constant, "value"));
    return true;
  }

  static std::vector<Known> all_of(const Scope& scope) {
    std::vector<Known> all;
    for (const auto& source : scope.sources) all.insert(all.end(), source.columns.begin(), source.columns.end());
    return all;
  }

  std::vector<Source> join(const json::object& object, const Scope* outer, const Definitions& defined) {
    const auto* left = object_of(object, "left");
    const auto* right = object_of(object, "right");
    if (left == nullptr || right == nullptr) return {};
    Scope scope{.sources = from(*left, outer, defined), .outer = outer};
    auto lefts = scope.sources.size();
    // The right side may look at the left one (LATERAL).
    auto rights = from(*right, &scope, defined);
    auto common = texts_of(array_of(object, "using_columns"));
    if (text_of(object, "ref_type") == "NATURAL")
      for (const auto& column : all_of(scope))
        if (std::ranges::any_of(rights, [&](const Source& s) {
              return std::ranges::any_of(s.columns, [&](const Known& k) { return same(k.name, column.name); });
            }))
          common.push_back(column.name);
    for (auto& source : rights) {
      for (auto& column : source.columns)
        if (contains(common, column.name)) {
          column.merged = true;
          merge(out_.conditions, column.from);
        }
      scope.sources.push_back(std::move(source));
    }
    for (std::size_t i = 0; i < lefts; ++i)
      for (auto& column : scope.sources[i].columns)
        if (contains(common, column.name)) merge(out_.conditions, column.from);
    condition(object, "condition", scope, defined);
    auto type = text_of(object, "join_type");
    if (type == "SEMI" || type == "ANTI") {
      for (std::size_t i = lefts; i < scope.sources.size(); ++i) merge(out_.conditions, scope.sources[i].whole);
      scope.sources.resize(lefts);
    }
    if (type == "RIGHT" || type == "OUTER" || type == "FULL") either_side(scope, lefts, common);
    return std::move(scope.sources);
  }

  // In a right or full join, a merged column holds whichever side has a value.
  static void either_side(Scope& scope, std::size_t lefts, const std::vector<std::string>& common) {
    for (std::size_t i = 0; i < lefts; ++i)
      for (auto& column : scope.sources[i].columns) {
        if (!contains(common, column.name)) continue;
        for (std::size_t j = lefts; j < scope.sources.size(); ++j)
          for (const auto& other : scope.sources[j].columns)
            if (same(other.name, column.name)) merge(column.from, other.from);
        column.copied = false;
      }
  }

  static Source renamed(Source source, const json::object& object) {
    if (auto alias = text_of(object, "alias"); !alias.empty()) source.alias = lower_ascii(alias);
    auto names = texts_of(array_of(object, "column_name_alias"));
    for (std::size_t i = 0; i < names.size() && i < source.columns.size(); ++i) source.columns[i].name = names[i];
    return source;
  }

  // --- queries ---------------------------------------------------------------------------------------------------------------

  Answer query(const json::object& node, const Scope* outer, Definitions defined) {
    if (++work_ > kWork) return {.columns = {}, .complete = false};
    define_all(node, outer, defined);
    auto type = text_of(node, "type");
    if (type == "SELECT_NODE") return select(node, outer, defined);
    if (type == "SET_OPERATION_NODE") return set_operation(node, outer, defined);
    if (type == "RECURSIVE_CTE_NODE") return recursive(node, outer, defined);
    if (type == "CTE_NODE") {
      if (const auto* definition = object_of(node, "query"))
        define(std::string(text_of(node, "cte_name")), query(*definition, outer, defined), texts_of(array_of(node, "aliases")),
               defined);
      if (const auto* child = object_of(node, "child")) return query(*child, outer, defined);
    }
    return {.columns = {}, .complete = false};
  }

  void define_all(const json::object& node, const Scope* outer, Definitions& defined) {
    const auto* map = object_of(node, "cte_map");
    if (map == nullptr) return;
    for (const auto& item : array_of(*map, "map")) {
      const auto* entry = item.if_object();
      const auto* value = entry == nullptr ? nullptr : object_of(*entry, "value");
      const auto* statement = value == nullptr ? nullptr : object_of(*value, "query");
      const auto* body = statement == nullptr ? nullptr : object_of(*statement, "node");
      if (body == nullptr) continue;
      define(std::string(text_of(*entry, "key")), query(*body, outer, defined), texts_of(array_of(*value, "aliases")), defined);
    }
  }

  static void define(const std::string& name, Answer answer, const std::vector<std::string>& aliases, Definitions& defined) {
    for (std::size_t i = 0; i < aliases.size() && i < answer.columns.size(); ++i) answer.columns[i].name = aliases[i];
    for (auto& column : answer.columns) {
      column.merged = false;
      column.certain = column.certain && answer.complete;
    }
    defined[lower_ascii(name)] = std::move(answer.columns);
  }

  Answer select(const json::object& node, const Scope* outer, const Definitions& defined) {
    Scope scope{.sources = {}, .outer = outer};
    if (const auto* tables = object_of(node, "from_table")) scope.sources = from(*tables, outer, defined);
    Answer answer;
    scope.aliases = &answer.columns;
    for (const auto& item : array_of(node, "select_list"))
      if (const auto* expression = item.if_object()) selected(*expression, scope, defined, answer);
    for (const char* key : {"where_clause", "group_expressions", "having", "qualify", "modifiers"})
      condition(node, key, scope, defined);
    return answer;
  }

  void selected(const json::object& expression, const Scope& scope, const Definitions& defined, Answer& answer) {
    auto kind = text_of(expression, "class");
    if (kind == "STAR" && !is_pattern(expression)) {
      auto all = star(expression, scope, defined);
      for (auto& column : all.columns) {
        column.merged = false;
        answer.columns.push_back(std::move(column));
      }
      answer.complete = answer.complete && all.complete;
      return;
    }
    Known made;
    this->expression(expression, scope, defined, made);
    made.copied = made.copied && (kind == "COLUMN_REF") && made.from.size() == 1;
    made.name = text_of(expression, "alias");
    if (made.name.empty() && kind == "COLUMN_REF") {
      auto names = texts_of(array_of(expression, "column_names"));
      if (!names.empty()) made.name = names.back();
    }
    if (spreads(expression)) answer.complete = false;
    answer.columns.push_back(std::move(made));
  }

  // Whether one expression can become several columns.
  static bool spreads(const json::object& object) {
    auto kind = text_of(object, "class");
    if (kind == "SUBQUERY") return false;
    if (kind == "STAR" || (kind == "FUNCTION" && text_of(object, "function_name") == "unnest")) return true;
    return std::ranges::any_of(object, [](const auto& member) { return spreads(member.value()); });
  }
  static bool spreads(const json::value& tree) {
    if (const auto* array = tree.if_array())
      return std::ranges::any_of(*array, [](const json::value& v) { return spreads(v); });
    const auto* object = tree.if_object();
    return object != nullptr && spreads(*object);
  }

  Answer set_operation(const json::object& node, const Scope* outer, const Definitions& defined) {
    const auto* left = object_of(node, "left");
    const auto* right = object_of(node, "right");
    if (left == nullptr || right == nullptr) return {.columns = {}, .complete = false};
    auto answer = query(*left, outer, defined);
    auto other = query(*right, outer, defined);
    auto type = text_of(node, "setop_type");
    if (type == "UNION_BY_NAME")
      unite_by_name(answer, other);
    else if (type == "UNION")
      unite(answer, other);
    else
      for (const auto& column : other.columns) merge(out_.conditions, column.from);  // EXCEPT, INTERSECT
    Scope scope{.sources = {}, .outer = outer, .aliases = &answer.columns};
    condition(node, "modifiers", scope, defined);
    return answer;
  }

  // The repeated half sees what was made so far, so it is read until nothing is added: twice is enough for columns that are
  // passed on under their own name, and as often as there are columns for those that change places.
  Answer recursive(const json::object& node, const Scope* outer, const Definitions& defined) {
    const auto* left = object_of(node, "left");
    const auto* right = object_of(node, "right");
    if (left == nullptr || right == nullptr) return {.columns = {}, .complete = false};
    auto answer = query(*left, outer, defined);
    auto aliases = texts_of(array_of(node, "aliases"));
    for (std::size_t round = 0; round <= answer.columns.size() && work_ <= kWork; ++round) {
      auto inner = defined;
      define(std::string(text_of(node, "cte_name")), answer, aliases, inner);
      auto before = total(answer);
      unite(answer, query(*right, outer, inner));
      if (total(answer) == before) break;
    }
    return answer;
  }

  static std::size_t total(const Answer& answer) {
    std::size_t sum = 0;
    for (const auto& column : answer.columns) sum += column.from.size();
    return sum;
  }

  const std::vector<Relation>& relations_;
  Lineage& out_;
  std::size_t work_ = 0;
};

}  // namespace

Lineage read_lineage(const json::value& statement, const std::vector<Relation>& relations) {
  Lineage out;
  auto answer = Reader(relations, out).statement(statement);
  out.complete = answer.complete;
  for (auto& column : answer.columns)
    out.columns.push_back(
        {.name = std::move(column.name), .from = std::move(column.from), .copied = column.copied, .certain = column.certain});
  return out;
}

}  // namespace qushu::engine
