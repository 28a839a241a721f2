// Sketches of columns and what two of them tell: SQL for the engine, and the arithmetic.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "qushu/insight/linkage.h"

namespace qushu::insight {

// Hashes are 63 bits wide, so that they are integers everywhere.
constexpr double kHashes = 9223372036854775808.0;

struct SketchSpec {
  std::string dataset_id;
  std::string select;  // the rows
  std::vector<catalog::Field> fields;
  std::uint64_t size = 2048;          // hashes to keep of a column, about
  std::uint64_t least_distinct = 30;  // columns with fewer different values are left out
  engine::Limits limits = {};
};

struct Sketched {
  std::vector<SketchedColumn> columns;  // those that were sketched
  std::uint64_t hashes = 0;
};

// Writes dataset, field, theta (the bound), h into `file`.
[[nodiscard]] Result<Sketched> sketch(engine::Engine& engine, const SketchSpec& spec, const std::filesystem::path& file);

struct Overlap {
  std::string field, other_dataset, other_field;
  std::uint64_t shared = 0, seen = 0, other_seen = 0;  // hashes below the smaller bound: in both, of each
};

// Columns of the sketch `mine` that share values with columns of the others.
[[nodiscard]] Result<std::vector<Overlap>> overlaps(engine::Engine& engine, const std::filesystem::path& mine,
                                                    const std::vector<std::filesystem::path>& others,
                                                    const engine::Limits& limits);

// Shares from counts, with the standard error of the larger.
[[nodiscard]] Link link_of(std::string field_a, std::string field_b, std::uint64_t shared, std::uint64_t a, std::uint64_t b,
                           bool exact);

// The value of a column as it is compared: text without white space around, in capital letters; empty texts are no values.
[[nodiscard]] std::string compared_sql(const std::string& column);
// The same, null where the value could be of anything: numbers of fewer than kTellingDigits digits (running numbers, years,
// counts) are in every other dataset too.
constexpr int kTellingDigits = 6;
[[nodiscard]] std::string telling_sql(const std::string& column);

}  // namespace qushu::insight
