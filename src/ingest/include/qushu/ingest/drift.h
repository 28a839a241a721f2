// Schema drift: what a source's columns have become since somebody decided what to do with them. Noticed before anything is
// published; what follows is the pipeline's setting and, for what it does not answer, a person's decision.
//
// Thread-safety: plain values.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/engine/engine.h"

namespace qushu::ingest {

namespace json = boost::json;

enum class DriftKind : std::uint8_t { added, missing, renamed, retyped };
[[nodiscard]] std::string_view name(DriftKind kind);

// A column as it was when it was mapped.
struct KnownColumn {
  std::string name;                        // as the source calls it
  std::string item;                        // the item that it feeds: its name in the dataset
  engine::Type type = engine::Type::text;  // of the source then
  engine::Type into = engine::Type::text;  // of the item
  bool skip = false;                       // not taken over: what becomes of it is nobody's concern
  bool needed = false;                     // a key or the watermark: without it nothing can go on
  bool may_miss = false;                   // somebody decided that it may be missing
};

// A column as it comes now.
struct SeenColumn {
  std::string name;
  engine::Type type = engine::Type::text;
  bool empty = false;                 // no value to tell its type by
  std::uint8_t width = 0, scale = 0;  // of decimal
  std::string unit = {};
  std::vector<std::string> examples = {};
};

struct Drift {
  DriftKind kind = DriftKind::added;
  std::string column;                        // as the source calls it now; of a missing one, as it was called
  std::string was;                           // of a renamed one: its old name
  std::string item;                          // what it feeds, or fed
  engine::Type type = engine::Type::text;    // now
  engine::Type before = engine::Type::text;  // of missing, renamed and retyped
  bool needed = false;
  Text why;             // of a renamed one: what speaks for it
  bool partly = false;  // only some of the files that came are so
};

// Whether every value of one type is a value of the other: a column may become narrower without anybody having to decide.
[[nodiscard]] bool holds(engine::Type wide, engine::Type narrow);

// How alike two names are, from 0 to 1: what they have in common in letters, whatever their order (企业名称, 企业名).
[[nodiscard]] double likeness(std::string_view a, std::string_view b);

// The share of the values of a new column that the item had already; nullopt when there is nothing to compare with.
using Overlap = std::function<std::optional<double>(const KnownColumn& known, const SeenColumn& seen)>;

// What differs, in the order of the columns that were known, then of those that are new. A missing and a new column that are
// one, as far as position, type, name and values tell, are one renamed column.
[[nodiscard]] std::vector<Drift> compare(const std::vector<KnownColumn>& known, const std::vector<SeenColumn>& seen,
                                         const Overlap& overlap = {});

// Of files that come together, each its columns. Every column once, in the order of their first appearance, with the type that
// holds the values of all of them.
[[nodiscard]] std::vector<SeenColumn> unite(const std::vector<std::vector<SeenColumn>>& files);
// What differs in any of them, each column once.
[[nodiscard]] std::vector<Drift> compare_all(const std::vector<KnownColumn>& known,
                                             const std::vector<std::vector<SeenColumn>>& files, const Overlap& overlap = {});

[[nodiscard]] json::object to_json(const Drift& drift);  // texts as {"zh", "en"}
[[nodiscard]] std::vector<Drift> drifts_of(const json::value& value);
// "新增 2 列，缺少 1 列"
[[nodiscard]] Text summary(const std::vector<Drift>& drifts);

}  // namespace qushu::ingest
