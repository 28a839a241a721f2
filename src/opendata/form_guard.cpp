#include "form_guard.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

namespace qushu::opendata {
namespace {

constexpr auto kValid = std::chrono::hours(2);
constexpr auto kWindow = std::chrono::hours(1);
constexpr std::size_t kAddresses = 100'000;  // that are remembered

constexpr std::array kChinese{"一", "二", "三", "四", "五", "六", "七", "八", "九"};
constexpr std::array kEnglish{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

Failure wrong(std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid, .id = "open.proof", .text = {std::move(zh), std::move(en)}, .subject = "proof"});
}

void forget(std::deque<Time>& times, Time now) {
  while (!times.empty() && times.front() <= now - kWindow) times.pop_front();
}

}  // namespace

std::string FormGuard::signature(std::string_view begun, std::string_view nonce, std::int64_t sum) const {
  return crypto::to_base64url(crypto::hmac(key_, fmt::format("form\n{}\n{}\n{}", begun, nonce, sum)));
}

FormGuard::Question FormGuard::ask() const {
  auto random = crypto::random_bytes(14);
  auto digit = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(random[i])) % kChinese.size(); };
  auto a = digit(0), b = digit(1);
  auto begun = std::to_string(to_micros(clock_.now()));
  auto nonce = crypto::to_base64url(std::string_view(random).substr(2));
  return {.stamp = begun + "." + nonce + "." + signature(begun, nonce, static_cast<std::int64_t>(a + b + 2)),
          .text = {fmt::format("{}加{}等于几？请用数字回答", kChinese.at(a), kChinese.at(b)),
                   fmt::format("What is {} plus {}? Answer in digits", kEnglish.at(a), kEnglish.at(b))}};
}

Result<void> FormGuard::count(std::string_view address, Time now) {
  forget(all_, now);
  if (by_address_.size() >= kAddresses)
    for (auto one = by_address_.begin(); one != by_address_.end();) {
      forget(one->second, now);
      one = one->second.empty() ? by_address_.erase(one) : std::next(one);
    }
  auto limited = [](std::string zh, std::string en) {
    return fail(Code::limited, "open.form_limit", std::move(zh), std::move(en));
  };
  if (static_cast<std::int64_t>(all_.size()) >= settings_.integer("opendata.form_total") || by_address_.size() >= kAddresses)
    return limited("提交的人太多，请一小时后再试。", "Too many forms were sent; try again in an hour.");
  auto& mine = by_address_[std::string(address)];
  forget(mine, now);
  if (static_cast<std::int64_t>(mine.size()) >= settings_.integer("opendata.form_limit"))
    return limited("您提交得太频繁，请一小时后再试。", "You have sent too many forms; try again in an hour.");
  mine.push_back(now);
  all_.push_back(now);
  return {};
}

Result<void> FormGuard::check(std::string_view address, std::string_view stamp, std::string_view answer,
                              std::string_view trap) {
  auto now = clock_.now();
  std::scoped_lock lock(mutex_);
  QS_CHECK(count(address, now));
  auto parts = split(stamp, '.');
  auto begun = parts.size() == 3 ? to_int(parts[0]) : std::nullopt;
  auto sum = to_int(trim(answer));
  if (!trap.empty() || !begun || stamp.size() > 200)
    return wrong("表单无法识别，请重新填写。", "The form cannot be recognised; fill it in again.");
  auto at = from_micros(*begun);
  std::erase_if(used_, [&](const auto& one) { return one.second <= now; });
  if (at > now || now - at > kValid || used_.contains(std::string(stamp)))
    return wrong("表单已过期或已提交过，请再答一次下面的问题。",
                 "The form is too old, or was sent before: answer the question below once more.");
  used_[std::string(stamp)] = at + kValid;
  if (!sum || !crypto::equal_in_constant_time(signature(parts[0], parts[1], *sum), parts[2]))
    return wrong("答案不对，请再答一次。", "That is not the answer; try once more.");
  if (now - at < std::chrono::seconds(settings_.integer("opendata.form_seconds")))
    return wrong("提交得太快，请再答一次。", "That was too quick; answer once more.");
  return {};
}

}  // namespace qushu::opendata
