#include "qushu/sharing/meter.h"

#include <array>

#include <fmt/format.h>

namespace qushu::sharing {
namespace {

constexpr auto kMinute = std::chrono::minutes(1);

const std::array kMigrations{store::Migration{
    .id = "sharing.0004",
    .sql =
        "CREATE TABLE sharing_usage (day TEXT NOT NULL, grant_id TEXT NOT NULL, who_id TEXT NOT NULL, who TEXT NOT NULL, "
        "method "
        "TEXT NOT NULL, calls BIGINT NOT NULL, row_count BIGINT NOT NULL, refused BIGINT NOT NULL, PRIMARY KEY (grant_id, day, "
        "who_id, method));\n"}};

Failure limited(std::string_view id, std::string zh, std::string en) {
  return fail(Code::limited, id, std::move(zh), std::move(en));
}

}  // namespace

std::span<const store::Migration> meter_migrations() {
  return kMigrations;
}

std::string Meter::today() {
  auto now = clock_.now();
  if (now < day_from_ || now >= day_until_) {
    const auto& zone = calendar_.zone();
    auto day = std::chrono::floor<std::chrono::days>(zone.local(now));
    day_ = calendar::to_text(day);
    day_from_ = zone.instant(day);
    day_until_ = zone.instant(day + std::chrono::days(1));
  }
  return day_;
}

Meter::State& Meter::state_of(const std::string& grant_id) {
  auto& state = states_[grant_id];
  if (auto day = today(); state.day != day) state = {.day = day, .recent = std::move(state.recent)};
  return state;
}

Meter::Counted& Meter::counted(const Actor& actor, const std::string& grant_id, std::string_view method) {
  const auto& who = actor.person_id.empty() ? actor.credential_id : actor.person_id;
  auto& out = pending_[{today(), grant_id, who, std::string(method)}];
  out.who = actor.name;
  return out;
}

Result<void> Meter::judge(const Grant& grant, State& state) {
  const auto& limits = grant.terms.limits;
  if (limits.daily_calls > 0 && state.calls >= limits.daily_calls)
    return limited("grant.quota", fmt::format("今天的调用次数已用完（{} 次），明天零时恢复。", limits.daily_calls),
                   fmt::format("Today's {} calls are used up; they are renewed at midnight.", limits.daily_calls));
  if (limits.daily_rows > 0 && state.rows >= limits.daily_rows)
    return limited("grant.quota", fmt::format("今天的数据量已用完（{} 行），明天零时恢复。", limits.daily_rows),
                   fmt::format("Today's {} rows are used up; they are renewed at midnight.", limits.daily_rows));
  if (limits.per_minute == 0) return {};
  auto now = clock_.now();
  while (!state.recent.empty() && state.recent.front() + kMinute <= now) state.recent.pop_front();
  if (std::cmp_greater_equal(state.recent.size(), limits.per_minute))
    return limited("grant.rate", fmt::format("调用太快，每分钟最多 {} 次，请稍后再试。", limits.per_minute),
                   fmt::format("Too many calls; {} a minute at most. Try again in a moment.", limits.per_minute));
  state.recent.push_back(now);
  return {};
}

std::optional<Result<void>> Meter::admit_fast(const Actor& actor, const Grant& grant, std::string_view method) {
  if (!grant.terms.limits.any()) return Result<void>();
  std::scoped_lock lock(mutex_);
  auto& state = state_of(grant.id);
  if (!state.loaded) return std::nullopt;
  auto judged = judge(grant, state);
  if (judged)
    ++state.calls;
  else
    ++counted(actor, grant.id, method).refused;
  return judged;
}

Result<void> Meter::admit(const Actor& actor, const Grant& grant, std::string_view method) {
  if (auto known = admit_fast(actor, grant, method)) return *known;
  QS_CHECK(load(grant.id));
  // Midnight may have come between.
  auto judged = admit_fast(actor, grant, method);
  return judged ? *judged : fail(Code::overloaded, "grant.again", "请重试。", "Try again.");
}

Result<void> Meter::load(const std::string& grant_id) {
  std::string day;
  {
    std::scoped_lock lock(mutex_);
    day = today();
  }
  QS_TRY(auto row, store_.read([&](store::Session& s) {
    return s.one(
        "SELECT coalesce(sum(calls), 0), coalesce(sum(row_count), 0) FROM sharing_usage WHERE grant_id = ? AND day = ?",
        {grant_id, day});
  }));
  std::scoped_lock lock(mutex_);
  auto& state = state_of(grant_id);
  if (state.day != day || state.loaded) return {};
  state.loaded = true;
  state.calls = row->integer(0);
  state.rows = row->integer(1);
  for (const auto& [key, count] : pending_)
    if (std::get<0>(key) == day && std::get<1>(key) == grant_id) {
      state.calls += count.calls;
      state.rows += count.rows;
    }
  return {};
}

std::optional<std::uint64_t> Meter::rows_left(const Grant& grant) {
  if (grant.terms.limits.daily_rows == 0) return std::nullopt;
  std::scoped_lock lock(mutex_);
  auto left = grant.terms.limits.daily_rows - state_of(grant.id).rows;
  return left > 0 ? static_cast<std::uint64_t>(left) : 0;
}

void Meter::count(const Actor& actor, const Grant& grant, std::string_view method, std::uint64_t rows) {
  std::scoped_lock lock(mutex_);
  auto& count = counted(actor, grant.id, method);
  ++count.calls;
  count.rows += static_cast<std::int64_t>(rows);
  state_of(grant.id).rows += static_cast<std::int64_t>(rows);
}

Result<void> Meter::flush() {
  std::scoped_lock flushing(flush_mutex_);
  std::map<Key, Counted> taken;
  {
    std::scoped_lock lock(mutex_);
    taken.swap(pending_);
  }
  auto written = taken.empty() ? Result<void>() : store_.write([&](store::Transaction& t) -> Result<void> {
    for (const auto& [key, count] : taken) {
      const auto& [day, grant, who, method] = key;
      QS_CHECK(t.exec(
          "INSERT INTO sharing_usage (day, grant_id, who_id, who, method, calls, row_count, refused) VALUES (?, ?, ?, ?, ?, ?, "
          "?, "
          "?) ON CONFLICT (grant_id, day, who_id, method) DO UPDATE SET who = excluded.who, calls = sharing_usage.calls + "
          "excluded.calls, row_count = sharing_usage.row_count + excluded.row_count, refused = sharing_usage.refused + "
          "excluded.refused",
          {day, grant, who, count.who, method, count.calls, count.rows, count.refused}));
    }
    return {};
  });
  std::scoped_lock lock(mutex_);
  if (!written) {
    for (const auto& [key, count] : taken) {
      auto& again = pending_[key];
      again.who = count.who;
      again.calls += count.calls;
      again.rows += count.rows;
      again.refused += count.refused;
    }
    return written;
  }
  // Read anew by the next call, so that what other processes counted is known.
  for (auto& [grant, state] : states_) state.loaded = false;
  return {};
}

Result<std::vector<Usage>> Meter::usage(std::string_view grant_id, std::string_view since) const {
  std::map<Key, Counted> all;
  auto add = [&](const Key& key, const Counted& count) {
    auto& sum = all[key];
    sum.who = count.who;
    sum.calls += count.calls;
    sum.rows += count.rows;
    sum.refused += count.refused;
  };
  {
    // While nothing is flushed, what was counted is either here or there; answers go on meanwhile.
    std::scoped_lock flushing(flush_mutex_);
    QS_TRY(auto rows, store_.read([&](store::Session& s) {
      return s.query(
          "SELECT day, who_id, method, who, calls, row_count, refused FROM sharing_usage WHERE grant_id = ? AND day >= "
          "? ORDER BY day",
          {grant_id, since});
    }));
    for (const auto& r : rows)
      add({r.text(0), std::string(grant_id), r.text(1), r.text(2)},
          {.who = r.text(3), .calls = r.integer(4), .rows = r.integer(5), .refused = r.integer(6)});
    std::scoped_lock lock(mutex_);
    for (const auto& [key, count] : pending_)
      if (std::get<1>(key) == grant_id && std::get<0>(key) >= since) add(key, count);
  }
  std::vector<Usage> out;
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    const auto& [day, grant, who, method] = it->first;
    const auto& c = it->second;
    out.push_back({.grant_id = grant,
                   .day = day,
                   .who_id = who,
                   .who = c.who,
                   .method = method,
                   .calls = c.calls,
                   .rows = c.rows,
                   .refused = c.refused});
  }
  return out;
}

json::object to_json(const Usage& u) {
  return {{"day", u.day}, {"who", u.who}, {"method", u.method}, {"calls", u.calls}, {"rows", u.rows}, {"refused", u.refused}};
}

}  // namespace qushu::sharing
