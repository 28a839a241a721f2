// Quality rules: what the rows of a dataset should be like, and what happens when they are not.
//
//   kind         fields  params                                          judges                            dimension
//   required     1                                                       the value is there                completeness
//   unique       1…      (fields together)                               no two rows share it              uniqueness
//   pattern      1       pattern (RE2, the whole value)                  the value's form                  validity
//   range        1       min, max (either may be left out)               the value                         validity
//   enumeration  1       values                                          the value                         validity
//   length       1       min, max (characters)                           the value                         validity
//   format       1       format (formats())                              the value                         validity
//   region       1       (the setting quality.region_dataset)            the code is in the reference table validity
//   expression   0       sql (a boolean over the fields)                 each row, across fields           consistency
//   reference    1       dataset, field                                  the value is there in another dataset  consistency
//   total        0…1     aggregate (count, sum), dataset, field, difference   equals that of another dataset   consistency
//   freshness    0       grace (working days)                            the version against its update cycle   timeliness
//   volume       0       share (%), versions                             the rows against the last versions     completeness
//
// Empty values are judged by `required` alone; the others look at the rows that have one. `tolerance` (%) of any rule is the
// share of failing rows that is let pass without a stop or a warning.
//
// Thread-safety: plain values.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/catalog/catalog.h"

namespace qushu::quality {

namespace json = boost::json;

enum class Kind : std::uint8_t {
  required,
  unique,
  pattern,
  range,
  enumeration,
  length,
  format,
  region,
  expression,
  reference,
  total,
  freshness,
  volume
};
enum class Severity : std::uint8_t {
  reject,  // the row is not published
  stop,    // nothing is published until a person decides
  warn,    // it is counted and shown
};
enum class Dimension : std::uint8_t { completeness, validity, uniqueness, consistency, timeliness };
constexpr std::size_t kDimensions = 5;

[[nodiscard]] std::string_view name(Kind kind);
[[nodiscard]] std::string_view name(Severity severity);
[[nodiscard]] std::string_view name(Dimension dimension);
[[nodiscard]] bool parse(std::string_view text, Kind& out);
[[nodiscard]] bool parse(std::string_view text, Severity& out);
[[nodiscard]] const Text& title(Kind kind);
[[nodiscard]] const Text& title(Dimension dimension);
[[nodiscard]] Dimension dimension_of(Kind kind);
// Whether each row passes or fails by itself, so that it can be rejected.
[[nodiscard]] bool judges_rows(Kind kind);

// The formats of `format` rules.
struct Format {
  std::string_view code;  // "credit_code"
  Text name;
  Text expected;  // what a value should be, in words
};
[[nodiscard]] std::span<const Format> formats();
[[nodiscard]] const Format* find_format(std::string_view code);

struct Rule {
  std::string id, dataset_id;
  Kind kind = Kind::required;
  Severity severity = Severity::warn;
  std::vector<std::string> fields;  // identifiers
  json::object params = {};
  std::string note = {};  // in the department's own words, shown instead of the generated text
  bool enabled = true;
  std::string person_id = {}, person_name = {};
  Time created = {}, changed = {};
};

// What a rule says, for people: "统一社会信用代码 应符合 统一社会信用代码（校验位）". Fields by their names.
[[nodiscard]] Text describe(const Rule& rule, const std::vector<catalog::Field>& fields);

[[nodiscard]] json::object to_json(const Rule& rule, const std::vector<catalog::Field>& fields, Lang lang);
// From what a person sent: {kind, fields, params, severity, note?, enabled?}. Everything that can be judged without looking
// into data is checked against `fields`; errors name the member ("params.min") as subject.
[[nodiscard]] Result<Rule> rule_of(const json::object& body, const std::vector<catalog::Field>& fields);

}  // namespace qushu::quality
