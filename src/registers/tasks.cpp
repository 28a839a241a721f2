// What waits for somebody in the registers.
#include <algorithm>

#include <fmt/format.h>

#include "access.h"
#include "loaded.h"
#include "values.h"

namespace qushu::registers {
Result<Tasks> Registers::tasks(const Actor& actor, std::size_t limit) const {
  auto today = deps_.calendar.today();
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<Tasks> {
    QS_TRY(auto all, load_all(s));
    Tasks out;
    for (const auto& loaded : all) {
      const auto& d = loaded->entry.definition;
      auto seen = visible(d, actor);
      auto collect = [&](const Clause& which, std::string_view order, std::int64_t& count, const auto& add) -> Result<void> {
        if (which.sql == "1 = 0") return {};
        auto params = seen.params;
        params.insert(params.end(), which.params.begin(), which.params.end());
        QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM {} WHERE removed IS NULL AND {} AND {} ORDER BY {} LIMIT {}",
                                              record_columns(d), table_of(d.code), seen.sql, which.sql, order, limit),
                                  params));
        for (const auto& row : rows) add(record_of(d, row));
        if (rows.size() < limit) {
          count += static_cast<std::int64_t>(rows.size());
          return {};
        }
        QS_TRY(auto all_of_them, s.one(fmt::format("SELECT count(*) FROM {} WHERE removed IS NULL AND {} AND {}",
                                                   table_of(d.code), seen.sql, which.sql),
                                       params));
        count += all_of_them->integer(0);
        return {};
      };
      QS_CHECK(collect(may_move(d, actor), "CASE WHEN due IS NULL THEN 1 ELSE 0 END, due, id", out.moves, [&](Record record) {
        auto transitions = may(actor, d, record).transitions;
        auto title = plain_title(d, record);
        out.list.push_back({.register_code = d.code,
                            .register_name = d.name,
                            .record = std::move(record),
                            .title = std::move(title),
                            .reason = "move",
                            .transitions = std::move(transitions)});
      }));
      for (const auto& reminder : d.reminders) {
        auto column = stored_columns(*d.field(reminder.field)).front().name;
        auto last = today + std::chrono::days(std::ranges::max(reminder.days));
        Clause which = clause(d.permissions.edit, actor);
        which.sql += fmt::format(" AND {0} IS NOT NULL AND {0} <= ?", column);
        which.params.emplace_back(calendar::to_text(last));
        for (const auto& state : d.states) {
          if (!state.final) continue;
          which.sql += " AND state <> ?";
          which.params.emplace_back(state.name);
        }
        QS_CHECK(collect(which, column + ", id", out.reminders, [&](Record record) {
          auto day = std::get<std::string>(record.cells.at(reminder.field).front());
          auto title = plain_title(d, record);
          out.list.push_back({.register_code = d.code,
                              .register_name = d.name,
                              .record = std::move(record),
                              .title = std::move(title),
                              .reason = "remind",
                              .field = reminder.field,
                              .day = std::move(day)});
        }));
      }
    }
    // The most urgent first: by the end of its clock, or by the day that comes near.
    auto urgency = [](const Task& task) {
      return task.reason == "remind" ? task.day : task.record.due ? to_iso(*task.record.due) : std::string("9999");
    };
    std::ranges::sort(out.list, {}, urgency);
    if (out.list.size() > limit) out.list.resize(limit);
    return out;
  });
}

}  // namespace qushu::registers
