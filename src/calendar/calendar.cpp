#include "qushu/calendar/calendar.h"

#include <array>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::calendar {
namespace {

namespace json = boost::json;

// Seeded with the notices 国办发明电〔2024〕12号 and 国办发明电〔2025〕7号: the days that they change, weekends among the
// holidays included, since the table is also what people read.
const std::array kMigrations{store::Migration{
    .id = "calendar.0001",
    .sql = "CREATE TABLE calendar_day (day TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL);\n"
           "INSERT INTO calendar_day (day, kind, name) VALUES "
           "('2025-01-01', 'holiday', '元旦'), "
           "('2025-01-26', 'workday', '春节'), "
           "('2025-01-28', 'holiday', '春节'), ('2025-01-29', 'holiday', '春节'), ('2025-01-30', 'holiday', '春节'), "
           "('2025-01-31', 'holiday', '春节'), ('2025-02-01', 'holiday', '春节'), ('2025-02-02', 'holiday', '春节'), "
           "('2025-02-03', 'holiday', '春节'), ('2025-02-04', 'holiday', '春节'), ('2025-02-08', 'workday', '春节'), "
           "('2025-04-04', 'holiday', '清明节'), ('2025-04-05', 'holiday', '清明节'), ('2025-04-06', 'holiday', '清明节'), "
           "('2025-04-27', 'workday', '劳动节'), "
           "('2025-05-01', 'holiday', '劳动节'), ('2025-05-02', 'holiday', '劳动节'), ('2025-05-03', 'holiday', '劳动节'), "
           "('2025-05-04', 'holiday', '劳动节'), ('2025-05-05', 'holiday', '劳动节'), "
           "('2025-05-31', 'holiday', '端午节'), ('2025-06-01', 'holiday', '端午节'), ('2025-06-02', 'holiday', '端午节'), "
           "('2025-09-28', 'workday', '国庆节、中秋节'), "
           "('2025-10-01', 'holiday', '国庆节、中秋节'), ('2025-10-02', 'holiday', '国庆节、中秋节'), "
           "('2025-10-03', 'holiday', '国庆节、中秋节'), ('2025-10-04', 'holiday', '国庆节、中秋节'), "
           "('2025-10-05', 'holiday', '国庆节、中秋节'), ('2025-10-06', 'holiday', '国庆节、中秋节'), "
           "('2025-10-07', 'holiday', '国庆节、中秋节'), ('2025-10-08', 'holiday', '国庆节、中秋节'), "
           "('2025-10-11', 'workday', '国庆节、中秋节'), "
           "('2026-01-01', 'holiday', '元旦'), ('2026-01-02', 'holiday', '元旦'), ('2026-01-03', 'holiday', '元旦'), "
           "('2026-01-04', 'workday', '元旦'), "
           "('2026-02-14', 'workday', '春节'), "
           "('2026-02-15', 'holiday', '春节'), ('2026-02-16', 'holiday', '春节'), ('2026-02-17', 'holiday', '春节'), "
           "('2026-02-18', 'holiday', '春节'), ('2026-02-19', 'holiday', '春节'), ('2026-02-20', 'holiday', '春节'), "
           "('2026-02-21', 'holiday', '春节'), ('2026-02-22', 'holiday', '春节'), ('2026-02-23', 'holiday', '春节'), "
           "('2026-02-28', 'workday', '春节'), "
           "('2026-04-04', 'holiday', '清明节'), ('2026-04-05', 'holiday', '清明节'), ('2026-04-06', 'holiday', '清明节'), "
           "('2026-05-01', 'holiday', '劳动节'), ('2026-05-02', 'holiday', '劳动节'), ('2026-05-03', 'holiday', '劳动节'), "
           "('2026-05-04', 'holiday', '劳动节'), ('2026-05-05', 'holiday', '劳动节'), ('2026-05-09', 'workday', '劳动节'), "
           "('2026-06-19', 'holiday', '端午节'), ('2026-06-20', 'holiday', '端午节'), ('2026-06-21', 'holiday', '端午节'), "
           "('2026-09-20', 'workday', '国庆节'), "
           "('2026-09-25', 'holiday', '中秋节'), ('2026-09-26', 'holiday', '中秋节'), ('2026-09-27', 'holiday', '中秋节'), "
           "('2026-10-01', 'holiday', '国庆节'), ('2026-10-02', 'holiday', '国庆节'), ('2026-10-03', 'holiday', '国庆节'), "
           "('2026-10-04', 'holiday', '国庆节'), ('2026-10-05', 'holiday', '国庆节'), ('2026-10-06', 'holiday', '国庆节'), "
           "('2026-10-07', 'holiday', '国庆节'), ('2026-10-10', 'workday', '国庆节');\n"}};

const std::array kSettings{SettingSpec{.key = "calendar.zone",
                                       .kind = SettingKind::text,
                                       .default_value = "Asia/Shanghai",
                                       .label = {"期限和计划所用的时区", "Time zone of deadlines and schedules"}}};

std::optional<SpecialDay> special_of(const store::Row& row) {
  auto day = parse_day(row.text(0));
  if (!day) return std::nullopt;
  return SpecialDay{.day = *day, .kind = row.text(1) == "workday" ? DayKind::workday : DayKind::holiday, .name = row.text(2)};
}

std::string first_day(int year) {
  return fmt::format("{:04}-01-01", year);
}
std::string last_day(int year) {
  return fmt::format("{:04}-12-31", year);
}

Result<std::vector<SpecialDay>> load(store::Session& s, int from, int until) {
  QS_TRY(auto rows, s.query("SELECT day, kind, name FROM calendar_day WHERE day >= ? AND day <= ? ORDER BY day",
                            {first_day(from), last_day(until)}));
  std::vector<SpecialDay> days;
  for (const auto& row : rows)
    if (auto day = special_of(row)) days.push_back(*std::move(day));
  return days;
}

class StoredCalendar final : public Calendar {
 public:
  StoredCalendar(store::Store& store, audit::Audit& audit, Zone zone, const Clock& clock)
      : store_(store), audit_(audit), zone_(std::move(zone)), clock_(clock) {}

  const Zone& zone() const override { return zone_; }
  Day today() const override { return day_of(clock_.now()); }

  Result<std::shared_ptr<const WorkingDays>> working_days() const override {
    QS_TRY(auto generation, store_.generation());
    {
      std::lock_guard lock(mutex_);
      if (known_ && known_at_ == generation) return known_;
    }
    QS_TRY(auto days, list(0));
    auto made = std::make_shared<const WorkingDays>(days);
    std::lock_guard lock(mutex_);
    known_ = made;
    known_at_ = generation;
    return made;
  }

  Result<Time> deadline(Time from, int days) const override {
    QS_TRY(auto calendar, working_days());
    return end_of(calendar->add(day_of(from), days));
  }

  Result<Standing> standing(Time from, int days) const override {
    QS_TRY(auto calendar, working_days());
    auto first = day_of(from), last = calendar->add(first, days), now = today();
    Standing s{.deadline = end_of(last), .last_day = last, .left = calendar->between(now, last)};
    s.late = clock_.now() >= s.deadline;
    for (auto y = std::chrono::year_month_day(first).year(); y <= std::chrono::year_month_day(last).year(); ++y)
      s.sure = s.sure && calendar->knows(y);
    return s;
  }

  Result<std::vector<SpecialDay>> list(int year) const override {
    return store_.read([&](store::Session& s) { return year == 0 ? load(s, 0, 9999) : load(s, year, year); });
  }

  Result<void> put(const Actor& actor, const SpecialDay& day) override {
    if (utf8_length(day.name) > 60)
      return fail(Error{.code = Code::invalid,
                        .id = "calendar.name",
                        .text = {"名称最多 60 个字。", "A name has at most 60 characters."},
                        .subject = "name"});
    return store_.write([&](store::Transaction& t) -> Result<void> {
      QS_TRY(auto before, t.one("SELECT kind, name FROM calendar_day WHERE day = ?", {to_text(day.day)}));
      QS_CHECK(insert(t, day));
      json::object detail{{"after", json::object{{"kind", name(day.kind)}, {"name", day.name}}}};
      if (before) detail["before"] = json::object{{"kind", before->text(0)}, {"name", before->text(1)}};
      return record(t, actor, "calendar.put", to_text(day.day), std::move(detail));
    });
  }

  Result<void> remove(const Actor& actor, Day day) override {
    return store_.write([&](store::Transaction& t) -> Result<void> {
      QS_TRY(auto gone, t.exec("DELETE FROM calendar_day WHERE day = ?", {to_text(day)}));
      if (gone == 0)
        return fail(Code::not_found, "calendar.day", "这一天没有特别安排。", "Nothing special is set for this day.");
      return record(t, actor, "calendar.remove", to_text(day), {});
    });
  }

  Result<std::size_t> import_csv(const Actor& actor, std::string_view csv) override {
    QS_TRY(auto days, read_csv(csv));
    std::set<int> years;
    for (const auto& d : days) years.insert(static_cast<int>(std::chrono::year_month_day(d.day).year()));
    return store_.write([&](store::Transaction& t) -> Result<std::size_t> {
      json::array replaced;
      for (int year : years) {
        QS_CHECK(t.exec("DELETE FROM calendar_day WHERE day >= ? AND day <= ?", {first_day(year), last_day(year)}));
        replaced.emplace_back(year);
      }
      for (const auto& d : days) QS_CHECK(insert(t, d));
      QS_CHECK(record(t, actor, "calendar.import", "", {{"years", std::move(replaced)}, {"days", days.size()}}));
      return days.size();
    });
  }

 private:
  [[nodiscard]] Day day_of(Time at) const { return std::chrono::floor<std::chrono::days>(zone_.local(at)); }
  [[nodiscard]] Time end_of(Day day) const { return zone_.instant(LocalTime(day + std::chrono::days(1))); }

  static Result<void> insert(store::Transaction& t, const SpecialDay& day) {
    QS_CHECK(
        t.exec("INSERT INTO calendar_day (day, kind, name) VALUES (?, ?, ?) ON CONFLICT (day) DO UPDATE SET kind = "
               "excluded.kind, name = excluded.name",
               {to_text(day.day), name(day.kind), day.name}));
    return {};
  }
  Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const std::string& day,
                      json::object detail) {
    return audit_.record(t, actor,
                         {.action = std::string(action),
                          .object_kind = "calendar",
                          .object_id = day,
                          .object_name = day.empty() ? "节假日表" : day,
                          .detail = std::move(detail)});
  }

  store::Store& store_;
  audit::Audit& audit_;
  Zone zone_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const WorkingDays> known_;
  mutable std::int64_t known_at_ = 0;
};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

std::span<const SettingSpec> settings() {
  return kSettings;
}

Result<std::unique_ptr<Calendar>> Calendar::open(store::Store& store, audit::Audit& audit, const Settings& settings,
                                                 const Clock& clock) {
  auto zone = Zone::find(settings.text("calendar.zone"));
  if (!zone) return fail(std::move(zone).error().about("calendar.zone"));
  return std::make_unique<StoredCalendar>(store, audit, *std::move(zone), clock);
}

}  // namespace qushu::calendar
