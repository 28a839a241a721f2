// Rules about the whole version: totals, volume, freshness.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "evaluation.h"
#include "words.h"

namespace qushu::quality {
namespace {

Outcome held(const Rule& rule, bool holds, Text note) {
  return {.rule = rule, .checked = 1, .failed = holds ? 0U : 1U, .note = std::move(note)};
}

std::string thousands(double n) {
  return with_thousands(static_cast<std::int64_t>(std::llround(n)));
}

}  // namespace

Result<Outcome> Evaluation::judge_total(const Rule& rule) {
  auto other = text_at(rule.params, "dataset"), aggregate = text_at(rule.params, "aggregate");
  auto shown = deps_.policy.compile(Actor::system(), other);
  if (!shown) {
    if (shown.error().code != Code::not_found && shown.error().code != Code::conflict) return fail(std::move(shown).error());
    return held(rule, false,
                {fmt::format("数据集 {} 不存在或还没有发布", other),
                 fmt::format("the dataset {} is not there or not published", other)});
  }
  std::string mine = "count(*)", theirs = "count(*)";
  if (aggregate == "sum") {
    const auto* f = field(rule.fields.at(0));
    auto wanted = text_at(rule.params, "field");
    auto target = std::ranges::find_if(shown->fields, [&](const auto& x) { return x.id == wanted || x.name == wanted; });
    if (f == nullptr || target == shown->fields.end())
      return held(rule, false, {"要合计的字段已不存在", "a field to sum is not there any more"});
    if (target->type != engine::Type::integer && target->type != engine::Type::decimal && target->type != engine::Type::number)
      return held(rule, false,
                  {fmt::format("{} 的 {} 不是数值", other, target->name),
                   fmt::format("{} of {} holds no numbers", target->name, other)});
    mine = "coalesce(sum(" + engine::quote_name(f->id) + "), 0)";
    theirs = "coalesce(sum(" + engine::quote_name(target->id) + "), 0)";
  }
  QS_TRY(auto cursor, deps_.engine.run({.sql = fmt::format("SELECT CAST(a AS VARCHAR), CAST(b AS VARCHAR), CAST(abs(a - b) AS "
                                                           "DOUBLE) FROM (SELECT (SELECT {} FROM ({}) AS w) AS a, "
                                                           "(SELECT {} FROM ({}) AS t) AS b)",
                                                           mine, subject_.whole, theirs, shown->select),
                                        .limits = limits()}));
  QS_TRY(const auto* chunk, cursor->next());
  if (chunk == nullptr) return fail_internal("no totals");
  auto here = std::string(chunk->text(0, 0)), there = std::string(chunk->text(1, 0));
  auto difference = chunk->number(2, 0);
  return held(rule, difference <= number_at(rule.params, "difference", 0),
              {fmt::format("本数据集 {}，{} {}，相差 {:.10g}", here, other, there, difference),
               fmt::format("{} here, {} in {}: a difference of {:.10g}", here, there, other, difference)});
}

Result<Outcome> Evaluation::judge_volume(const Rule& rule) {
  if (subject_.dataset == nullptr) return Outcome{.rule = rule};
  QS_TRY(auto versions, deps_.catalog.versions(subject_.dataset->id));
  std::vector<double> counts;
  auto most = static_cast<std::size_t>(whole_at(rule.params, "versions", 5));
  for (const auto& v : versions) {
    // Those before the one that is judged, the newest first.
    if (subject_.version != 0 && v.number >= subject_.version) continue;
    if (counts.size() < most) counts.push_back(static_cast<double>(v.published));
  }
  if (counts.empty()) return Outcome{.rule = rule, .note = {"还没有可以比较的版本", "no version to compare with yet"}};
  std::ranges::sort(counts);
  auto middle = counts.size() / 2;
  auto median = counts.size() % 2 == 1 ? counts[middle] : (counts[middle - 1] + counts[middle]) / 2;
  auto share = static_cast<double>(whole_at(rule.params, "share", 50)) / 100;
  auto rows = static_cast<double>(subject_.whole_count);
  bool holds = std::abs(rows - median) <= share * median;
  return held(
      rule, holds,
      {fmt::format("{} 行，近 {} 个版本的中位数为 {} 行", thousands(rows), counts.size(), thousands(median)),
       fmt::format("{} rows; the median of the last {} versions is {}", thousands(rows), counts.size(), thousands(median))});
}

Result<Outcome> Evaluation::judge_freshness(const Rule& rule) {
  if (subject_.dataset == nullptr) return Outcome{.rule = rule};
  if (subject_.publishing) return held(rule, true, {"刚刚更新", "updated just now"});
  auto grace = static_cast<int>(whole_at(rule.params, "grace", deps_.settings.integer("quality.grace_days")));
  if (!subject_.dataset->published) return Outcome{.rule = rule, .note = {"还没有发布", "not published yet"}};
  QS_TRY(auto until, due(deps_.calendar, subject_.dataset->update_cycle, *subject_.dataset->published, grace));
  if (!until) return Outcome{.rule = rule, .note = {"更新周期没有约定时限", "the update cycle sets no time"}};
  auto day = calendar::to_text(std::chrono::floor<std::chrono::days>(deps_.calendar.zone().local(*until - Duration(1))));
  bool fresh = deps_.clock.now() < *until;
  return held(rule, fresh,
              fresh ? Text{"应在 " + day + " 前更新", "due by " + day}
                    : Text{"应在 " + day + " 前更新，已经逾期", "was due by " + day + " and is late"});
}

Result<std::optional<Time>> due(const calendar::Calendar& calendar, std::string_view update_cycle, Time published, int grace) {
  using namespace std::chrono;
  auto day = floor<days>(calendar.zone().local(published));
  year_month_day date(day);
  auto after_months = [&](int n) {
    auto moved = date + months(n);
    return moved.ok() ? calendar::Day(moved) : calendar::Day(moved.year() / moved.month() / last);
  };
  std::optional<calendar::Day> end;
  if (update_cycle == "realtime" || update_cycle == "daily")
    end = day + days(1);
  else if (update_cycle == "weekly")
    end = day + days(7);
  else if (update_cycle == "monthly")
    end = after_months(1);
  else if (update_cycle == "quarterly")
    end = after_months(3);
  else if (update_cycle == "half_yearly")
    end = after_months(6);
  else if (update_cycle == "yearly")
    end = after_months(12);
  if (!end) return std::optional<Time>();
  // A day that is not worked delays nobody: the next one counts.
  QS_TRY(auto working, calendar.working_days());
  if (!working->works(*end)) end = working->add(*end, 1);
  QS_TRY(auto until, calendar.deadline(calendar.zone().instant(*end + hours(12)), grace));
  return std::optional(until);
}

}  // namespace qushu::quality
