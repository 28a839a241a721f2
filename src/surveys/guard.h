// Inside the module: what keeps public surveys from being stuffed, without scripts, pictures or anybody else's service.
//
//   A form carries a stamp, signed, valid for a day, once. Nobody fills it in within surveys.form_seconds, and a field that
//   people do not see must stay empty. An address may send surveys.form_limit answers an hour, all together
//   surveys.form_total. A survey may ask a question in words besides, whose answer is in the stamp's signature alone. A browser
//   that has answered keeps a mark that is the same for everybody.
//
// Addresses are counted in memory, under a hash whose salt lives for an hour; stamps that were used are remembered there too.
// Nothing of it is written anywhere.
//
// Thread-safety: a Guard may be used from any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::surveys {

class Guard {
 public:
  Guard(const Settings& settings, const Clock& clock, std::string key)
      : settings_(settings), clock_(clock), key_(std::move(key)) {}

  struct Stamp {
    std::string text;
    Text question;  // empty: none is asked
  };
  [[nodiscard]] Stamp stamp(std::string_view survey, bool question) const;

  struct Sent {
    std::string_view survey, address, stamp, answer, trap;
    bool question = false;
  };
  // invalid "survey.proof" says what to do, "survey.quick" that the same stamp will do in a moment. Spends nothing.
  [[nodiscard]] Result<void> check(const Sent& sent) const;
  // The same, and the stamp is used and the address counted: once, for an answer that is taken. limited.
  [[nodiscard]] Result<void> spend(const Sent& sent);

  // What a browser that has answered keeps.
  [[nodiscard]] std::string mark(std::string_view survey) const;

 private:
  [[nodiscard]] std::string signature(std::string_view survey, std::string_view begun, std::string_view nonce,
                                      std::int64_t sum) const;
  [[nodiscard]] Result<void> genuine(const Sent& sent, Time now) const;

  const Settings& settings_;
  const Clock& clock_;
  std::string key_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Time> used_;                // stamps, and when they end
  std::string salt_;                                          // of this hour
  Time salted_;                                               // when the hour began
  std::unordered_map<std::string, std::int64_t> by_address_;  // answers of this hour
  std::int64_t all_ = 0;
};

}  // namespace qushu::surveys
