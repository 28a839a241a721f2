// Inside the module: what keeps the portal's forms from being stuffed, without scripts, pictures or anybody else's service.
//
//   A form carries a stamp, signed and valid for two hours, once, and a question in words (“三加八等于几”), whose answer is in
//   the stamp's signature alone. A field that people do not see must stay empty, and nobody fills a form in within
//   opendata.form_seconds. Each address may try opendata.form_limit times an hour, all together opendata.form_total times,
//   with right answers or wrong ones.
//
// Stamps that were used and addresses that tried are remembered in memory, by each server for itself.
//
// Thread-safety: a FormGuard may be used from any thread.
#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::opendata {

class FormGuard {
 public:
  FormGuard(const Settings& settings, const Clock& clock, std::string key)
      : settings_(settings), clock_(clock), key_(std::move(key)) {}

  struct Question {
    std::string stamp;
    Text text;
  };
  [[nodiscard]] Question ask() const;
  // invalid ("proof") says what to do; limited. The stamp is spent, whatever came of it.
  [[nodiscard]] Result<void> check(std::string_view address, std::string_view stamp, std::string_view answer,
                                   std::string_view trap);

 private:
  [[nodiscard]] std::string signature(std::string_view begun, std::string_view nonce, std::int64_t sum) const;
  [[nodiscard]] Result<void> count(std::string_view address, Time now);

  const Settings& settings_;
  const Clock& clock_;
  std::string key_;
  std::mutex mutex_;
  std::unordered_map<std::string, Time> used_;                    // stamps, and when they end
  std::unordered_map<std::string, std::deque<Time>> by_address_;  // tries of the last hour
  std::deque<Time> all_;
};

}  // namespace qushu::opendata
