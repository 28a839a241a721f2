#include "lineage_scope.h"

#include <algorithm>

#include "qushu/base/text.h"

namespace qushu::engine {
namespace {

void take(const Known& column, Known& into) {
  into.copied = into.from.empty() && column.copied;
  into.certain = into.certain && column.certain;
  merge(into.from, column.from);
}

void add(Known& to, const Known& from) {
  merge(to.from, from.from);
  to.copied = to.copied && from.copied;
  to.certain = to.certain && from.certain;
}

}  // namespace

bool same(std::string_view a, std::string_view b) {
  return lower_ascii(a) == lower_ascii(b);
}
bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const std::string& n) { return same(n, name); });
}
void merge(std::set<Origin>& into, const std::set<Origin>& from) {
  into.insert(from.begin(), from.end());
}

bool qualified(const Scope& scope, std::string_view source_name, std::string_view name, Known& into) {
  for (const auto& source : scope.sources) {
    if (source.alias != lower_ascii(source_name)) continue;
    for (const auto& column : source.columns)
      if (same(column.name, name)) {
        take(column, into);
        return true;
      }
    if (!source.open) continue;
    merge(into.from, source.whole);
    into.certain = false;
    return true;
  }
  return false;
}

bool unqualified(const Scope& scope, std::string_view name, Known& into) {
  bool found = false;
  for (const auto& source : scope.sources)
    for (const auto& column : source.columns)
      if (same(column.name, name)) {
        take(column, into);  // more than one only after USING: then either side may have given it
        found = true;
      }
  return found;
}

bool alias(const Scope& scope, std::string_view name, Known& into) {
  if (scope.aliases == nullptr) return false;
  for (const auto& column : *scope.aliases)
    if (!column.name.empty() && same(column.name, name)) {
      take(column, into);
      return true;
    }
  return false;
}

bool row(const Scope& scope, std::string_view name, Known& into) {
  for (const auto& source : scope.sources) {
    if (source.alias != lower_ascii(name)) continue;
    for (const auto& column : source.columns) merge(into.from, column.from);
    merge(into.from, source.whole);
    into.copied = false;
    return true;
  }
  return false;
}

void unite(Answer& answer, const Answer& other) {
  answer.complete = answer.complete && other.complete;
  for (std::size_t i = 0; i < answer.columns.size() && i < other.columns.size(); ++i) add(answer.columns[i], other.columns[i]);
}
void unite_by_name(Answer& answer, const Answer& other) {
  answer.complete = answer.complete && other.complete;
  for (const auto& column : other.columns) {
    auto known = std::ranges::find_if(answer.columns, [&](const Known& k) { return same(k.name, column.name); });
    if (known == answer.columns.end())
      answer.columns.push_back(column);
    else
      add(*known, column);
  }
}

}  // namespace qushu::engine
