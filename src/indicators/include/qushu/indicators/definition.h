// What an indicator (指标) is, as one YAML file says it.
//
//   indicator: fault_response                     # code: letters, digits and _
//   name: {zh: 网络故障响应时间, en: Response to network faults}
//   level: timeliness                             # quantity, quality, timeliness, cost, economic, social, ecological,
//                                                 # sustainable, satisfaction
//   unit: {zh: 分钟, en: minutes}
//   direction: lower                              # higher, lower, qualitative
//   target: 30
//   weight: 5
//   period: month                                 # month, quarter, half, year
//   evidence:
//     rows: |
//       SELECT f.id, f.number, f.name, f.response FROM register_network_faults f, period
//       WHERE f.reported_at::DATE BETWEEN first_day AND as_of AND f.response IS NOT NULL
//     value: max(response)
//
// `rows` are the rows behind the figure: one SELECT over the relations of registers and over datasets, and over `period`, a row
// of first_day, last_day, year_first_day, year_last_day and as_of (its last day, or today while it lasts). `value` is what they
// amount to; `part` and `whole` instead of it make an exact share in per cent. No rows, no value or a whole of nothing is no
// evidence, which is never a figure. A row with a column `id` leads to the record of the register that is read; where several
// are, `register` beside it names which.
//
// `grows: true`: the figure grows through the year towards its target; its light asks how far it should be by now.
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/definitions/mistake.h"
#include "qushu/indicators/period.h"
#include "qushu/indicators/score.h"

namespace qushu::indicators {

using definitions::Mistake;

struct Evidence {
  std::string rows, value, part, whole;
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

struct Definition {
  std::string code;
  Text name, description, group, unit;
  std::string level = "quantity";
  Direction direction = Direction::higher;
  Fraction target;
  std::int64_t weight = 0;  // in hundredths
  PeriodKind period = PeriodKind::month;
  bool grows = false, retired = false;
  Evidence evidence;
};

inline constexpr std::size_t kMostYaml = std::size_t{256} << 10;  // bytes

struct Parsed {
  Definition definition;
  std::vector<Mistake> mistakes;  // empty: the definition is good; its SQL has not been tried
};
// Never fails as such: what is wrong is told, all of it up to 50.
[[nodiscard]] Parsed parse_definition(std::string_view yaml);
// The definition, or Code::invalid "indicator.definition" that tells the mistakes, each with line, column and key.
[[nodiscard]] Result<Definition> read_definition(std::string_view yaml);

[[nodiscard]] Text level_name(std::string_view level);

}  // namespace qushu::indicators
