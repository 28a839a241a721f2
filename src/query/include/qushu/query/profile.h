// The profile of a version: for every field how many values and empty ones it has, how many different ones, its range, its
// mean, its commonest values and a histogram; of a text how many are empty, and the characters of the shortest and the longest.
//
//   {rows, fields: [{id, name, type, values, nulls, distinct, distinct_exact, min, max, mean, top: [{value, count}],
//                    histogram: [{from, to, count}], blank, min_length, max_length}]}
//
// One pass over everything gives counts, ranges and estimates of the distinct values; then one narrow pass for each field gives
// its top values and histogram. `distinct` is exact up to kExactDistinct different values, beyond that an estimate (about 2 %),
// and the top values are those candidates that an approximate count found, each then counted exactly. Values are JSON as in
// rows.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"

namespace qushu::query {

namespace json = boost::json;

struct ProfileSource {
  std::string select;
  std::vector<catalog::Field> fields;
  engine::Limits limits = {};
  std::function<void(std::size_t done, std::size_t total)> progress = {};  // fields
};

constexpr std::size_t kTopValues = 20;
constexpr std::size_t kBars = 20;  // of a histogram at most
constexpr std::int64_t kExactDistinct = 1'000'000;

[[nodiscard]] Result<json::object> compute_profile(engine::Engine& engine, const ProfileSource& source);

}  // namespace qushu::query
