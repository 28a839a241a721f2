// What a set of fields says about single people: k-anonymity, and what would have to be coarsened to reach it.
//
// Rows that are alike in all of the chosen fields make a class; k is the size of the smallest. A reader who knows these fields
// of somebody finds her among at least k rows. Empty values are a value of their own. l is the fewest different values that a
// sensitive field has within a class.
//
// Everything is counted by the engine over what the caller sees (the SELECT of the policy); a value of a row is never answered.
//
// Thread-safety: free functions.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"

namespace qushu::insight {

namespace json = boost::json;

// What a field can do to a person: name her at once, narrow her down together with others, or tell what she would keep to
// herself.
enum class Role : std::uint8_t { none, identifier, quasi, sensitive };
[[nodiscard]] std::string_view name(Role role);

struct RoleProposal {
  catalog::Field field;
  Role role = Role::none;
  Text reason;
  double distinct_share = 0;  // different values among all; 0 when it is not known
};

// How a field is coarsened. `parameter`: kept characters of `prefix`, width of `range`.
enum class Coarsening : std::uint8_t { none, prefix, month, year, decade, range, suppress };
[[nodiscard]] std::string_view name(Coarsening kind);
[[nodiscard]] bool parse(std::string_view text, Coarsening& out);
[[nodiscard]] Text in_words(Coarsening kind, double parameter);

struct ChosenField {
  catalog::Field field;
  Coarsening coarsening = Coarsening::none;
  double parameter = 0;
};

struct Data {
  std::string select;  // the rows; the fields' identifiers are its columns
  std::uint64_t rows = 0;
  json::object profile = {};  // query/profile.h; {} when it is not known
  engine::Limits limits = {};
};

struct Anonymity {
  std::uint64_t rows = 0, classes = 0;
  std::uint64_t k = 0;           // of the smallest class; 0 without rows
  std::uint64_t rows_below = 0;  // in classes smaller than the wanted k
  std::uint64_t unique = 0;      // rows that are alone
  struct Bar {
    std::uint64_t from, to;  // sizes of classes, both included; `to` 0: no end
    std::uint64_t classes, rows;
  };
  std::vector<Bar> bars;
};

struct Diversity {
  std::uint64_t l = 0;           // the fewest different values in a class
  std::uint64_t classes = 0;     // that have a single value
  std::uint64_t rows_below = 0;  // in classes with fewer than the wanted l
};

struct Combination {
  std::vector<std::string> fields;  // identifiers
  std::uint64_t k = 0, rows_below = 0, unique = 0;
};

struct Question {
  std::vector<ChosenField> fields;
  std::optional<catalog::Field> sensitive = {};
  std::uint64_t k = 5, l = 2;
  std::size_t largest = 3;         // fields of a combination
  std::size_t combinations = 300;  // at most so many are counted
  double may_drop = 0.01;          // share of rows that a proposal may leave out instead of coarsening on
};

struct Combinations {
  std::vector<Combination> worst;  // the most dangerous first, at most 20
  std::size_t counted = 0;
  bool all = true;  // false: there were more than may be counted
};

struct Masking {
  std::vector<ChosenField> fields;  // each with its coarsening, those that stay as they are too
  Anonymity after;                  // with rows_below still to be left out
  bool reached = false;             // at most may_drop of the rows are below k
};

// `profile` as Data::profile. One pass over the first rows tells what the values look like.
[[nodiscard]] Result<std::vector<RoleProposal>> propose_roles(engine::Engine& engine, const Data& data,
                                                              const std::vector<catalog::Field>& fields);
// Whether a field can be coarsened like this; an error names the field.
[[nodiscard]] Result<void> check(const ChosenField& field);
[[nodiscard]] Result<Anonymity> anonymity(engine::Engine& engine, const Data& data, const Question& question);
[[nodiscard]] Result<Diversity> diversity(engine::Engine& engine, const Data& data, const Question& question);
[[nodiscard]] Result<Combinations> combinations(engine::Engine& engine, const Data& data, const Question& question);
// The gentlest way that was found to reach k: starting from the question's coarsenings, each time the field whose next step
// helps most is coarsened a step further.
[[nodiscard]] Result<Masking> propose_masking(engine::Engine& engine, const Data& data, const Question& question);

[[nodiscard]] json::object to_json(const RoleProposal& proposal, Lang lang);
[[nodiscard]] json::object to_json(const ChosenField& field, Lang lang);
[[nodiscard]] json::object to_json(const Anonymity& anonymity);
[[nodiscard]] json::object to_json(const Diversity& diversity);
[[nodiscard]] json::object to_json(const Combinations& combinations);
[[nodiscard]] json::object to_json(const Masking& masking, Lang lang);

}  // namespace qushu::insight
