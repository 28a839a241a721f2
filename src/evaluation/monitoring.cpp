// How a year stands while it lasts: money by time beside the progress of the goals, and who is told when it turns red.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/notify/notices.h"

#include "stored.h"

namespace qushu::evaluation {
namespace {

constexpr std::size_t kFigures = 60;  // of an indicator, among which the year's newest is found

void measure(MonitoredLine& line, std::int64_t months) {
  line.light = budget::execution_light(line.budget, line.spent, months);
  line.rate = execution_rate({.initial = 0, .adjusted = line.budget, .spent = line.spent});
  line.pace = months > 0 ? line.rate * 12 / months : 0;
}

MonitoredGoal goal_of(const budget::ProjectGoal& goal, std::int64_t year,
                      const std::map<std::string, indicators::Standing>& standings) {
  MonitoredGoal out{.goal = goal, .state = "unbound"};
  if (goal.indicator.empty()) return out;
  auto found = standings.find(goal.indicator);
  out.state = found == standings.end() ? "unknown" : "none";
  if (found == standings.end()) return out;
  const auto& values = found->second.values;
  auto prefix = std::to_string(year);
  auto newest =
      std::find_if(values.rbegin(), values.rend(), [&](const indicators::Value& v) { return v.first_day.starts_with(prefix); });
  if (newest == values.rend()) return out;
  out.state = newest->state;
  out.period = newest->period;
  out.light = newest->light;
  out.unit = found->second.indicator.definition.unit;
  if (newest->state == "value") out.value = newest->value.text();
  return out;
}

}  // namespace

Result<Monitored> Evaluations::monitored(const budget::Detail& d,
                                         const std::map<std::string, indicators::Standing>& standings) const {
  Monitored out{.budget = d.budget, .version = d.version.number, .month = d.month, .whole = {}, .lines = {}};
  auto goals = [&](std::string_view project) {
    std::vector<MonitoredGoal> list;
    for (const auto& g : in_order(d.content.goals, project)) list.push_back(goal_of(g, d.budget.year, standings));
    return list;
  };
  out.whole.name = "部门整体";
  for (const auto& e : d.execution) {
    MonitoredLine line{.subject = e.subject, .name = e.name, .budget = e.budget, .spent = e.spent, .light = {}};
    measure(line, d.month);
    line.goals = goals(e.subject);
    out.whole.budget += e.budget;
    out.whole.spent += e.spent;
    out.lines.push_back(std::move(line));
  }
  measure(out.whole, d.month);
  out.whole.goals = goals("");
  return out;
}

Result<std::vector<Monitored>> Evaluations::monitor(const Actor& actor, std::int64_t year, std::string_view department) const {
  QS_TRY(auto budgets, deps_.budgets.list(actor, {.year = year, .department = std::string(department), .state = {}}));
  std::map<std::string, indicators::Standing> standings;
  if (actor.can(Permission::indicator_use)) {
    QS_TRY(auto all, deps_.indicators.list(actor, kFigures));
    for (auto& one : all) {
      auto code = one.indicator.definition.code;
      standings.emplace(std::move(code), std::move(one));
    }
  }
  std::vector<Monitored> out;
  for (const auto& b : budgets) {
    const auto* held = b.in_force();
    if (held == nullptr || !budget::may(actor, Permission::budget_use, b)) continue;
    QS_TRY(auto d, deps_.budgets.find(actor, b.id, held->number));
    QS_TRY(auto one, monitored(d, standings));
    out.push_back(std::move(one));
  }
  return out;
}

Result<void> Evaluations::tick() {
  std::scoped_lock lock(mutex_);
  auto today = deps_.today();
  QS_TRY(auto step, deps_.budgets.latest_step());
  auto now = today + " " + step;
  if (now == seen_) return {};
  auto year = budget::exact_of(std::string_view(today).substr(0, 4), 0).value_or(0);
  auto system = Actor::system();
  QS_TRY(auto budgets, deps_.budgets.list(system, {.year = year, .department = {}, .state = {}}));
  for (const auto& b : budgets) {
    const auto* held = b.in_force();
    if (held == nullptr) continue;
    QS_TRY(auto d, deps_.budgets.find(system, b.id, held->number));
    QS_TRY(auto one, monitored(d, {}));
    std::vector<MonitoredLine> lines = std::move(one.lines);
    lines.insert(lines.begin(), one.whole);
    QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
      return s.query("SELECT subject, light FROM evaluation_light WHERE budget_id = ?", {b.id});
    }));
    std::map<std::string, std::string> before;
    for (const auto& row : rows) before[row.text(0)] = row.text(1);
    std::erase_if(lines, [&](const MonitoredLine& l) { return before[l.subject] == l.light; });
    if (lines.empty()) continue;
    QS_TRY(auto told, flow_.people_with("budget_officer", Permission::budget_write, b.department_id));
    QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
      for (const auto& line : lines) {
        // Another process may have been first.
        QS_TRY(auto known,
               t.one("SELECT light FROM evaluation_light WHERE budget_id = ? AND subject = ?", {b.id, line.subject}));
        if (known && known->text(0) == line.light) continue;
        QS_CHECK(
            t.exec("INSERT INTO evaluation_light (budget_id, subject, light) VALUES (?, ?, ?) ON CONFLICT (budget_id, "
                   "subject) DO UPDATE SET light = excluded.light",
                   {b.id, line.subject, line.light}));
        if (line.light != "red" && line.light != "over") continue;
        bool over = line.light == "over";
        auto name = line.subject.empty() ? Text{"部门整体", "the unit as a whole"} : Text{line.name, line.name};
        auto percent = [](std::int64_t hundredths) { return indicators::hundredths_text(hundredths) + "%"; };
        QS_CHECK(notify::tell(
            t, told,
            {.id = new_id(),
             .kind = "execution_late",
             .link = "/year-end?year=" + std::to_string(b.year),
             .title = {fmt::format("{} {} 年预算{}：{}", b.department_name, b.year, over ? "超支" : "执行滞后", name.zh),
                       fmt::format("Spending of {} {} in {}: {}", b.department_name, over ? "is beyond the budget" : "lags",
                                   b.year, name.en)},
             .detail = {fmt::format("截至 {} 月执行率 {}，为时间进度的 {}", one.month, percent(line.rate), percent(line.pace)),
                        fmt::format("{} spent by month {}, {} of what the time would have it", percent(line.rate), one.month,
                                    percent(line.pace))},
             .at = deps_.clock.now()}));
      }
      return {};
    }));
  }
  seen_ = now;
  return {};
}

}  // namespace qushu::evaluation
