// What was answered, as far as it is counted and as there is enough of it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "stored.h"

namespace qushu::surveys {
namespace {

struct Tally {
  std::map<std::string, std::int64_t, std::less<>> picked;
  std::int64_t answers = 0;
  std::vector<std::string> texts;
};

bool satisfies(const Question& q, const std::vector<std::string>& values) {
  return std::ranges::any_of(values, [&](const std::string& v) {
    const auto* option = q.option(v);
    return option != nullptr && option->satisfied;
  });
}

QuestionResult result_of(const Question& q, const Tally& tally, std::int64_t minimum) {
  QuestionResult out{.question = q, .answers = tally.answers, .shown = tally.answers >= minimum};
  if (!out.shown) return out;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < q.options.size(); ++i) {
    const auto& option = q.options[i];
    auto found = tally.picked.find(option.code);
    auto count = found == tally.picked.end() ? 0 : found->second;
    out.counts.push_back({.option = option, .answers = count});
    sum += static_cast<std::int64_t>(i + 1) * count;
    if (option.satisfied) out.satisfied += count;
  }
  if (q.kind == Kind::scale) out.mean = static_cast<double>(sum) / static_cast<double>(tally.answers);
  out.texts = tally.texts;
  std::ranges::sort(out.texts);
  return out;
}

}  // namespace

Result<Results> Surveys::results(const Actor& actor, std::string_view code) const {
  QS_CHECK(find(actor, code));
  QS_CHECK(settle(code));
  Results out;
  out.minimum = minimum();
  std::map<std::string, Tally, std::less<>> tallies;
  QS_TRY(out.survey, deps_.store.read([&](store::Session& s) -> Result<Survey> {
    QS_TRY(auto survey, load_visible(s, actor, code));
    QS_TRY(auto rows,
           s.query("SELECT counted, answers FROM survey_answer WHERE survey = ? AND counted IS NOT NULL ORDER BY counted",
                   {code}));
    for (const auto& row : rows) {
      auto month = row.text(0).substr(0, 7);
      if (out.months.empty() || out.months.back().month != month) out.months.push_back({.month = month});
      auto& in_month = out.months.back();
      ++in_month.answers;
      for (auto& [question, values] : answers_of(row.text(1))) {
        const auto* q = survey.definition.question(question);
        if (q == nullptr) continue;
        auto& tally = tallies[question];
        ++tally.answers;
        for (auto& value : values) {
          if (q->kind == Kind::text)
            tally.texts.push_back(std::move(value));
          else
            ++tally.picked[value];
        }
        if (!q->judges()) continue;
        auto& [satisfied, judged] = in_month.judged[question];
        ++judged;
        if (satisfies(*q, values)) ++satisfied;
      }
    }
    out.counted = static_cast<std::int64_t>(rows.size());
    return survey;
  }));
  out.waiting = out.survey.answers - out.counted;
  for (auto& month : out.months) std::erase_if(month.judged, [&](const auto& one) { return one.second.second < out.minimum; });
  for (const auto& section : out.survey.definition.sections)
    for (const auto& q : section.questions) out.questions.push_back(result_of(q, tallies[q.code], out.minimum));
  return out;
}

}  // namespace qushu::surveys
