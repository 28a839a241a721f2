#include "qushu/insight/privacy.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "counting.h"
#include "ladder.h"

namespace qushu::insight {
namespace {

constexpr std::array<std::string_view, 4> kRoles{"none", "identifier", "quasi", "sensitive"};
constexpr std::array<std::string_view, 7> kCoarsenings{"none", "prefix", "month", "year", "decade", "range", "suppress"};

// Sizes of classes that are shown together: 1, 2, 3–4, 5–9 …
constexpr std::array<std::uint64_t, 9> kBarStarts{1, 2, 3, 5, 10, 20, 50, 100, 1000};

Failure unfit(const ChosenField& chosen, std::string_view zh, std::string_view en) {
  return fail(Error{.code = Code::invalid,
                    .id = "privacy.coarsening",
                    .text = {fmt::format("信息项“{}”不能这样泛化：{}。", chosen.field.name, zh),
                             fmt::format("The field “{}” cannot be coarsened like this: {}.", chosen.field.name, en)},
                    .subject = "fields." + chosen.field.id});
}

Result<void> check_fields(const Question& question) {
  if (question.fields.empty())
    return fail(Error{.code = Code::invalid,
                      .id = "privacy.fields",
                      .text = {"请至少选一个信息项。", "Choose at least one field."},
                      .subject = "fields"});
  for (const auto& chosen : question.fields) QS_CHECK(check(chosen));
  return {};
}

// Fields that are all left out are constants, over which no rows still make a group.
constexpr std::string_view kOfRows = "HAVING count(*) > 0";

// "SELECT expression AS c0, … , count(*) AS n": the classes of the finest view, from which every coarser one is counted.
std::string base_sql(const Data& data, const Question& question) {
  std::string columns;
  for (std::size_t i = 0; i < question.fields.size(); ++i)
    columns += fmt::format("{} AS c{}, ", coarse_sql(question.fields[i]), i);
  return fmt::format("SELECT {}count(*) AS n FROM ({}) AS t GROUP BY ALL {}", columns, data.select, kOfRows);
}

std::string list_of(const std::vector<std::size_t>& columns) {
  std::string out;
  for (auto c : columns) out += fmt::format("{}c{}", out.empty() ? "" : ", ", c);
  return out;
}

// All combinations of 1 to `largest` of `count` fields, small ones first; at most `most`.
std::vector<std::vector<std::size_t>> subsets(std::size_t count, std::size_t largest, std::size_t most, bool& all) {
  std::vector<std::vector<std::size_t>> out;
  for (std::size_t size = 1; size <= std::min(largest, count); ++size) {
    std::vector<std::size_t> now(size);
    for (std::size_t i = 0; i < size; ++i) now[i] = i;
    for (;;) {
      if (out.size() == most) {
        all = false;
        return out;
      }
      out.push_back(now);
      auto at = size;
      while (at > 0 && now[at - 1] == count - size + at - 1) --at;
      if (at == 0) break;
      ++now[at - 1];
      for (auto i = at; i < size; ++i) now[i] = now[i - 1] + 1;
    }
  }
  return out;
}

}  // namespace

std::string_view name(Role role) {
  return kRoles.at(static_cast<std::size_t>(role));
}

std::string_view name(Coarsening kind) {
  return kCoarsenings.at(static_cast<std::size_t>(kind));
}

bool parse(std::string_view text, Coarsening& out) {
  const auto* found = std::ranges::find(kCoarsenings, text);
  if (found == kCoarsenings.end()) return false;
  out = static_cast<Coarsening>(found - kCoarsenings.begin());
  return true;
}

Text in_words(Coarsening kind, double parameter) {
  switch (kind) {
    case Coarsening::none:
      return {"保持原样", "as it is"};
    case Coarsening::prefix:
      return {fmt::format("只保留前 {:.0f} 位", parameter), fmt::format("first {:.0f} characters", parameter)};
    case Coarsening::month:
      return {"只保留年月", "month"};
    case Coarsening::year:
      return {"只保留年份", "year"};
    case Coarsening::decade:
      return {"只保留年代（十年）", "decade"};
    case Coarsening::range:
      return {fmt::format("按 {} 分段", parameter), fmt::format("ranges of {}", parameter)};
    case Coarsening::suppress:
      return {"不提供", "left out"};
  }
  return {};
}

Result<void> check(const ChosenField& chosen) {
  using engine::Type;
  auto type = chosen.field.type;
  switch (chosen.coarsening) {
    case Coarsening::none:
    case Coarsening::suppress:
      return {};
    case Coarsening::prefix:
      if (chosen.parameter < 1 || chosen.parameter > 100)
        return unfit(chosen, "保留的位数应为 1 到 100", "1 to 100 characters can be kept");
      return {};
    case Coarsening::month:
    case Coarsening::year:
    case Coarsening::decade:
      if (type != Type::date && type != Type::datetime) return unfit(chosen, "它不是日期", "it is no date");
      return {};
    case Coarsening::range:
      if (type != Type::integer && type != Type::decimal && type != Type::number)
        return unfit(chosen, "它不是数", "it is no number");
      if (!(chosen.parameter > 0) || !std::isfinite(chosen.parameter))
        return unfit(chosen, "分段的宽度应大于 0", "the width of a range is more than 0");
      return {};
  }
  return {};
}

Result<Anonymity> anonymity(engine::Engine& engine, const Data& data, const Question& question) {
  QS_CHECK(check_fields(question));
  Anonymity out;
  for (std::size_t i = 0; i < kBarStarts.size(); ++i)
    out.bars.push_back(
        {.from = kBarStarts[i], .to = i + 1 < kBarStarts.size() ? kBarStarts[i + 1] - 1 : 0, .classes = 0, .rows = 0});
  QS_CHECK(each_row(engine,
                    fmt::format("SELECT n, count(*) AS classes FROM ({}) AS b GROUP BY n ORDER BY n", base_sql(data, question)),
                    data.limits, [&](const engine::Chunk& chunk, std::size_t row) {
                      auto size = count_at(chunk, 0, row), classes = count_at(chunk, 1, row);
                      if (out.k == 0) out.k = size;
                      out.classes += classes;
                      out.rows += size * classes;
                      if (size < question.k) out.rows_below += size * classes;
                      if (size == 1) out.unique = classes;
                      auto bar = std::ranges::find_if(
                          out.bars, [&](const Anonymity::Bar& b) { return size >= b.from && (b.to == 0 || size <= b.to); });
                      bar->classes += classes;
                      bar->rows += size * classes;
                    }));
  return out;
}

Result<Diversity> diversity(engine::Engine& engine, const Data& data, const Question& question) {
  QS_CHECK(check_fields(question));
  if (!question.sensitive) return fail_internal("diversity without a sensitive field");
  std::string columns;
  for (std::size_t i = 0; i < question.fields.size(); ++i)
    columns += fmt::format("{} AS c{}, ", coarse_sql(question.fields[i]), i);
  // An empty value is one of the values.
  auto sql = fmt::format(
      "SELECT min(d), count(*) FILTER (d <= 1), coalesce(sum(n) FILTER (d < {}), 0)::BIGINT FROM (SELECT {}count(*) AS n, "
      "count(DISTINCT coalesce(CAST({} AS VARCHAR), '')) AS d FROM ({}) AS t GROUP BY ALL {}) AS b",
      question.l, columns, engine::quote_name(question.sensitive->id), data.select, kOfRows);
  Diversity out;
  QS_CHECK(each_row(engine, sql, data.limits, [&](const engine::Chunk& chunk, std::size_t row) {
    out.l = count_at(chunk, 0, row);
    out.classes = count_at(chunk, 1, row);
    out.rows_below = count_at(chunk, 2, row);
  }));
  return out;
}

Result<Combinations> combinations(engine::Engine& engine, const Data& data, const Question& question) {
  QS_CHECK(check_fields(question));
  Combinations out;
  auto chosen = subsets(question.fields.size(), question.largest, question.combinations, out.all);
  out.counted = chosen.size();
  constexpr std::size_t kAtOnce = 50;  // the classes are made once for so many combinations
  for (std::size_t from = 0; from < chosen.size(); from += kAtOnce) {
    auto sql = fmt::format("WITH base AS MATERIALIZED ({})", base_sql(data, question));
    for (std::size_t i = from; i < std::min(from + kAtOnce, chosen.size()); ++i)
      sql += fmt::format(
          "{} SELECT {}, min(n)::BIGINT, coalesce(sum(n) FILTER (n < {}), 0)::BIGINT, count(*) FILTER (n = 1) FROM (SELECT "
          "sum(n)::BIGINT AS n FROM base GROUP BY {}) AS s{}",
          i == from ? "" : " UNION ALL", i, question.k, list_of(chosen[i]), i);
    QS_CHECK(each_row(engine, sql, data.limits, [&](const engine::Chunk& chunk, std::size_t row) {
      Combination made{.k = count_at(chunk, 1, row), .rows_below = count_at(chunk, 2, row), .unique = count_at(chunk, 3, row)};
      for (auto c : chosen[count_at(chunk, 0, row)]) made.fields.push_back(question.fields[c].field.id);
      out.worst.push_back(std::move(made));
    }));
  }
  // Of two that endanger as many rows, the one that needs fewer fields is the worse.
  std::ranges::sort(out.worst, [](const Combination& a, const Combination& b) {
    if (a.rows_below != b.rows_below) return a.rows_below > b.rows_below;
    if (a.fields.size() != b.fields.size()) return a.fields.size() < b.fields.size();
    return a.fields < b.fields;
  });
  constexpr std::size_t kShown = 20;
  if (out.worst.size() > kShown) out.worst.resize(kShown);
  return out;
}

// --- coarsening until k is reached -------------------------------------------------------------------------------------------

namespace {

// How many rows are below k with each of the candidates, counted over classes that were made once.
Result<std::vector<std::uint64_t>> rows_below(engine::Engine& engine, const Data& data, const Question& question,
                                              const std::vector<std::vector<ChosenField>>& candidates) {
  // Grouped by the values themselves, because a coarser view of a coarse view is not always the coarse view of the values.
  std::string columns;
  for (const auto& chosen : question.fields) columns += engine::quote_name(chosen.field.id) + ", ";
  auto sql =
      fmt::format("WITH base AS MATERIALIZED (SELECT {}count(*) AS n FROM ({}) AS t GROUP BY ALL)", columns, data.select);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    std::string list;
    for (const auto& chosen : candidates[i]) list += (list.empty() ? "" : ", ") + coarse_sql(chosen);
    sql += fmt::format(
        "{} SELECT {}, coalesce(sum(n) FILTER (n < {}), 0)::BIGINT FROM (SELECT sum(n)::BIGINT AS n FROM base GROUP BY {}) AS "
        "s{}",
        i == 0 ? "" : " UNION ALL", i, question.k, list, i);
  }
  std::vector<std::uint64_t> out(candidates.size());
  QS_CHECK(each_row(engine, sql, data.limits, [&](const engine::Chunk& chunk, std::size_t row) {
    out[count_at(chunk, 0, row)] = count_at(chunk, 1, row);
  }));
  return out;
}

}  // namespace

Result<Masking> propose_masking(engine::Engine& engine, const Data& data, const Question& question) {
  QS_CHECK(check_fields(question));
  auto now = question;
  Masking out;
  std::vector<std::vector<ChosenField>> ladders;
  for (const auto& chosen : question.fields) ladders.push_back(ladder_of(chosen, data));
  std::vector<std::size_t> steps(ladders.size(), 0);  // how many of a ladder's steps were taken
  QS_TRY(out.after, anonymity(engine, data, now));
  auto allowed = static_cast<std::uint64_t>(question.may_drop * static_cast<double>(out.after.rows));
  auto below = out.after.rows_below;
  while (below > allowed) {
    std::vector<std::vector<ChosenField>> candidates;
    std::vector<std::size_t> moved;
    for (std::size_t i = 0; i < ladders.size(); ++i) {
      if (steps[i] == ladders[i].size()) continue;
      candidates.push_back(now.fields);
      candidates.back()[i] = ladders[i][steps[i]];
      moved.push_back(i);
    }
    if (candidates.empty()) break;
    QS_TRY(auto counted, rows_below(engine, data, question, candidates));
    // What is gained, weighed by how much of the field's ladder is used up: a small step of a fine field before the last step
    // of a coarse one.
    std::size_t best = 0;
    double most = -1;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      auto gained = static_cast<double>(below) - static_cast<double>(std::min(below, counted[c]));
      auto cost = static_cast<double>(steps[moved[c]] + 1) / static_cast<double>(ladders[moved[c]].size());
      auto worth = (gained + 1) / cost;
      if (worth > most) most = worth, best = c;
    }
    now.fields = candidates[best];
    ++steps[moved[best]];
    below = counted[best];
  }
  QS_TRY(out.after, anonymity(engine, data, now));
  out.fields = now.fields;
  out.reached = out.after.rows_below <= allowed;
  return out;
}

}  // namespace qushu::insight
