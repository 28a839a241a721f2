// Who is told of records, by the definition: of a transition (its `notify`), of a state's clock that ends soon or has ended,
// and of a day that comes near (`reminders`). Told are people whom a record or a role names and who may see the record, on
// their home page and by mail (notify.h); never who did it.
//
// A transition's telling is part of its transaction. Of a clock and of a day somebody is told once: what was told is kept in
// the transaction that tells it, so that neither a restart nor a second server says it again.
//
// Thread-safety: Notices may be used from any thread.
#pragma once

#include "qushu/jobs/jobs.h"
#include "qushu/notify/notify.h"
#include "qushu/registers/registers.h"

namespace qushu::registers {

class Notices {
 public:
  struct Deps {
    store::Store& store;
    Registers& registers;
    jobs::Jobs& jobs;
    const notify::Notify& notify;
    const identity::Identity& identity;
    const calendar::Calendar& calendar;
    const Settings& settings;
    const Clock& clock;
  };
  // Hears of the registers' transitions from here on; they must not outlive it.
  explicit Notices(Deps deps);
  void register_jobs();

  // Looks for clocks and days that somebody is to be told of; no more often than registers.notice_interval.
  [[nodiscard]] Result<void> tick();

 private:
  // What is to be told of a record, once.
  struct Event {
    std::string key;  // empty: it happens but once by itself
    Who who;
    Text title, detail;
  };
  struct Due {
    std::shared_ptr<const Loaded> loaded;
    Record record;
    Event event;
  };
  [[nodiscard]] Result<void> queue(store::Transaction& t, const Actor& actor, const Definition& d, const Record& record,
                                   const Event& event) const;
  [[nodiscard]] Result<jobs::Finish> run(jobs::Context& context) const;
  [[nodiscard]] Result<std::vector<std::string>> people(const Definition& d, const Record& record, const Who& who) const;
  [[nodiscard]] Result<void> add_clocks(store::Session& s, const std::shared_ptr<const Loaded>& loaded,
                                        std::vector<Due>& out) const;
  [[nodiscard]] Result<void> add_days(store::Session& s, const std::shared_ptr<const Loaded>& loaded,
                                      std::vector<Due>& out) const;
  [[nodiscard]] Event moved(const Actor& actor, const Definition& d, const Transition& step, const Record& record,
                            std::string_view comment) const;

  Deps deps_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_{};  // guarded by mutex_
};

}  // namespace qushu::registers
