// Inside the module: what a name means at one place of a statement, while its lineage is read.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/engine/lineage.h"

namespace qushu::engine {

struct Known {
  std::string name;
  std::set<Origin> from;
  bool copied = false, certain = true;
  bool merged = false;  // of the right side of USING: not a column of its own in `*`
};

// Something in FROM.
struct Source {
  std::string alias;  // in lower case
  std::vector<Known> columns;
  bool open = false;            // has columns that are not listed
  std::set<Origin> whole = {};  // what an unlisted column may come from
};

struct Scope {
  std::vector<Source> sources;
  const Scope* outer = nullptr;
  const std::vector<Known>* aliases = nullptr;  // of the select list so far: they can be used by name
};

using Definitions = std::map<std::string, std::vector<Known>, std::less<>>;  // common table expressions, in lower case

struct Answer {
  std::vector<Known> columns;
  bool complete = true;
};

[[nodiscard]] bool same(std::string_view a, std::string_view b);  // names are told apart by letters, not by their case
[[nodiscard]] bool contains(const std::vector<std::string>& names, std::string_view name);
void merge(std::set<Origin>& into, const std::set<Origin>& from);

// Each adds to `into` what the name stands for in this scope alone, or answers false.
[[nodiscard]] bool qualified(const Scope& scope, std::string_view source_name, std::string_view name, Known& into);
[[nodiscard]] bool unqualified(const Scope& scope, std::string_view name, Known& into);
[[nodiscard]] bool alias(const Scope& scope, std::string_view name, Known& into);
// The whole row of a source as one value.
[[nodiscard]] bool row(const Scope& scope, std::string_view name, Known& into);

// UNION by position and by name: what a column holds may come from either side.
void unite(Answer& answer, const Answer& other);
void unite_by_name(Answer& answer, const Answer& other);

}  // namespace qushu::engine
