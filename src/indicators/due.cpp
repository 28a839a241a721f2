// When figures are computed: which periods are due, what was missed, and the schedule.
#include <algorithm>

#include <fmt/format.h>

#include "computed.h"
#include "rows.h"

namespace qushu::indicators {
namespace {

constexpr const char* kJob = "indicators.compute";
constexpr std::size_t kAtOnce = 25;                 // figures of one transaction
constexpr int kMostMissed = 60;                     // periods that are made up for at most
constexpr auto kLookBack = std::chrono::days(400);  // for the last due time of the schedule

}  // namespace

Result<bool> Indicators::is_final(const Period& period) const {
  QS_TRY(auto days, deps_.calendar.working_days());
  auto settle = static_cast<int>(deps_.settings.integer("indicators.settle_days"));
  return deps_.calendar.today() > days->add(period.last_day(), settle);
}

Result<std::vector<Period>> Indicators::due(store::Session& s, const Indicator& indicator) const {
  const auto& d = indicator.definition;
  auto current = Period::containing(d.period, deps_.calendar.today());
  QS_TRY(auto rows, s.query("SELECT period, final, state FROM indicator_value WHERE code = ? ORDER BY first_day", {d.code}));
  std::map<std::string, bool, std::less<>> final;
  auto first = current.plus(1 - periods_of_year(d.period));
  for (const auto& row : rows) final[row.text(0)] = row.boolean(1);
  // From the first figure on without gaps; what is older than that nobody has asked for. Until there is one, a year.
  auto figure = std::ranges::find_if(rows, [](const store::Row& row) { return row.text(2) == "value"; });
  if (figure != rows.end())
    if (auto oldest = Period::parse(d.period, figure->text(0)); oldest) first = *oldest;
  std::vector<Period> out;
  for (auto p = current; static_cast<int>(out.size()) < kMostMissed && p.first_day() >= first.first_day(); p = p.plus(-1)) {
    auto found = final.find(p.text());
    if (found == final.end() || !found->second) out.push_back(p);
  }
  std::ranges::reverse(out);
  return out;
}

Result<std::size_t> Indicators::compute_due(const Progress& progress) {
  struct Task {
    const Indicator* indicator;
    Period period;
    bool known;  // the indicator has figures already
  };
  std::vector<Indicator> all;
  std::vector<Task> tasks;
  QS_CHECK(deps_.store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(all, load_all(s));
    for (const auto& one : all) {
      if (one.definition.retired) continue;
      QS_TRY(auto any,
             s.one("SELECT 1 FROM indicator_value WHERE code = ? AND state = 'value' LIMIT 1", {one.definition.code}));
      QS_TRY(auto periods, due(s, one));
      for (const auto& p : periods) tasks.push_back({.indicator = &one, .period = p, .known = any.has_value()});
    }
    return {};
  }));
  std::vector<std::pair<const Indicator*, Computed>> waiting;
  std::size_t kept = 0;
  auto flush = [&]() -> Result<void> {
    if (waiting.empty()) return {};
    QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
      for (const auto& [indicator, computed] : waiting) {
        auto done = keep(t, *indicator, computed);
        // Its definition has changed meanwhile: the next run takes it up.
        if (!done && done.error().id == "indicator.changed") continue;
        QS_CHECK(done);
      }
      return {};
    }));
    kept += waiting.size();
    waiting.clear();
    return {};
  };
  const Indicator* begun = nullptr;  // the indicator whose first figure has been found
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto& task = tasks[i];
    if (!progress(i, tasks.size())) {
      QS_CHECK(flush());
      return fail(Code::cancelled, "indicator.stopped", "计算已停止，已算出的值保留。", "Stopped; what was computed stays.");
    }
    auto computed = figure_of(*task.indicator, task.period);
    if (computed.busy) {
      QS_CHECK(flush());
      return fail(*computed.busy);  // the job is tried again
    }
    // A history begins with its first evidence, not with the months before anybody kept any.
    bool last = i + 1 == tasks.size() || tasks[i + 1].indicator != task.indicator;
    if (!task.known && begun != task.indicator && computed.value.state != "value" && !last) continue;
    begun = task.indicator;
    waiting.emplace_back(task.indicator, std::move(computed));
    if (waiting.size() == kAtOnce) QS_CHECK(flush());
  }
  QS_CHECK(flush());
  return kept;
}

Result<std::string> Indicators::queue(const Actor& actor) {
  QS_CHECK(may_manage(actor));
  return deps_.store.write([&](store::Transaction& t) {
    return deps_.jobs.add(t, actor,
                          {.kind = kJob, .title = {"计算全部指标", "Compute all indicators"}, .object_kind = "indicator"});
  });
}

Result<void> Indicators::tick() {
  auto text = deps_.settings.text("indicators.schedule");
  QS_TRY(auto schedule, calendar::Schedule::make(text, deps_.calendar.zone().name(), calendar::DayRule::every));
  QS_TRY(auto days, deps_.calendar.working_days());
  auto now = deps_.clock.now();
  auto due = schedule.last(now - kLookBack, now, *days);
  if (!due) return {};
  {
    std::scoped_lock lock(mutex_);
    if (ticked_ == due) return {};
  }
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(deps_.jobs.add(t, Actor::system(),
                            {.kind = kJob,
                             .title = {"按计划计算指标", "Compute indicators as scheduled"},
                             .object_kind = "indicator",
                             .idempotency_key = fmt::format("{} {}", kJob, to_iso(*due))}));
    return {};
  }));
  std::scoped_lock lock(mutex_);
  ticked_ = due;
  return {};
}

void Indicators::register_jobs() {
  deps_.jobs.register_kind(
      {.name = kJob,
       .title = {"计算指标", "Compute indicators"},
       .handler = [this](jobs::Context& context) -> Result<jobs::Finish> {
         QS_TRY(auto count, compute_due([&](std::size_t done, std::size_t all) {
                  context.progress(static_cast<double>(done) / static_cast<double>(std::max<std::size_t>(all, 1)),
                                   {fmt::format("第 {} 个，共 {} 个", done + 1, all), fmt::format("{} of {}", done + 1, all)});
                  return !context.cancelled();
                }));
         return jobs::Finish([count](store::Transaction&) -> Result<json::object> { return json::object{{"values", count}}; });
       }});
}

}  // namespace qushu::indicators
