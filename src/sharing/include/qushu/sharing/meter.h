// How much is used under each grant: counted per day, by whom and by which method, and held to the grant's rate and daily
// quota.
//
// A call is admitted before any work is done for it: within the rate (calls in the minute that passed, in this process) and the
// quota of the day (the district's day; of every process, as of the last flush). An answer that was admitted is given whole, so
// that a quota of rows can be passed by the last answer; files are measured before they begin and refused when they are larger
// than what is left.
//
// Counters are written every `audit.count_interval` and on stop; what was counted since is lost by a `kill -9`.
//
// Thread-safety: a Meter may be used from any thread.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/error.h"
#include "qushu/calendar/calendar.h"
#include "qushu/sharing/grant.h"
#include "qushu/store/store.h"

namespace qushu::sharing {

[[nodiscard]] std::span<const store::Migration> meter_migrations();

// What one caller did on one day by one method.
struct Usage {
  std::string grant_id, day;  // "2026-11-29"
  std::string who_id, who;    // a person, or an application's key
  std::string method;         // "rows", "sql", "export", "push", "webhook"
  std::int64_t calls = 0, rows = 0, refused = 0;
};

[[nodiscard]] json::object to_json(const Usage& usage);

class Meter {
 public:
  Meter(store::Store& store, const calendar::Calendar& calendar, const Clock& clock)
      : store_(store), calendar_(calendar), clock_(clock) {}

  // Counts one more call, or says why it may not be: limited, "grant.rate" or "grant.quota".
  [[nodiscard]] Result<void> admit(const Actor& actor, const Grant& grant, std::string_view method);
  // From memory alone; nullopt: what was used today has to be read first.
  [[nodiscard]] std::optional<Result<void>> admit_fast(const Actor& actor, const Grant& grant, std::string_view method);
  // How many rows may still be given today; nullopt: as many as there are.
  [[nodiscard]] std::optional<std::uint64_t> rows_left(const Grant& grant);
  // What an admitted call gave.
  void count(const Actor& actor, const Grant& grant, std::string_view method, std::uint64_t rows);
  [[nodiscard]] Result<void> flush();

  // Of one grant, the days from `since` on, the newest first; what has not been flushed yet with it.
  [[nodiscard]] Result<std::vector<Usage>> usage(std::string_view grant_id, std::string_view since) const;

 private:
  struct Counted {
    std::string who;
    std::int64_t calls = 0, rows = 0, refused = 0;
  };
  // day, grant, who, method
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  struct State {
    std::string day;
    bool loaded = false;
    std::int64_t calls = 0, rows = 0;  // of the day
    std::deque<Time> recent;           // admitted within the minute that passed
  };
  [[nodiscard]] std::string today();
  State& state_of(const std::string& grant_id);
  [[nodiscard]] Result<void> judge(const Grant& grant, State& state);
  [[nodiscard]] Result<void> load(const std::string& grant_id);
  Counted& counted(const Actor& actor, const std::string& grant_id, std::string_view method);

  store::Store& store_;
  const calendar::Calendar& calendar_;
  const Clock& clock_;
  mutable std::mutex flush_mutex_;  // taken before the other: held while counters are on their way into the store
  mutable std::mutex mutex_;
  std::map<Key, Counted> pending_;
  std::map<std::string, State, std::less<>> states_;  // by grant
  std::string day_;
  Time day_from_{}, day_until_{};
};

}  // namespace qushu::sharing
