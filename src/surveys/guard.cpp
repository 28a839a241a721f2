#include "guard.h"

#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

namespace qushu::surveys {
namespace {

constexpr auto kValid = std::chrono::hours(24);
constexpr auto kHour = std::chrono::hours(1);
constexpr std::size_t kAddresses = 200'000;
constexpr std::size_t kStamp = 200;

constexpr std::array kChinese{"一", "二", "三", "四", "五", "六", "七", "八", "九"};
constexpr std::array kEnglish{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

Failure wrong(std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid, .id = "survey.proof", .text = {std::move(zh), std::move(en)}, .subject = "proof"});
}

}  // namespace

std::string Guard::signature(std::string_view survey, std::string_view begun, std::string_view nonce, std::int64_t sum) const {
  return crypto::to_base64url(crypto::hmac(key_, fmt::format("survey\n{}\n{}\n{}\n{}", survey, begun, nonce, sum)));
}

Guard::Stamp Guard::stamp(std::string_view survey, bool question) const {
  auto random = crypto::random_bytes(14);
  auto digit = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(random[i])) % kChinese.size(); };
  auto a = digit(0), b = digit(1);
  auto begun = std::to_string(to_micros(clock_.now()));
  auto nonce = crypto::to_base64url(std::string_view(random).substr(2));
  auto sum = question ? static_cast<std::int64_t>(a + b + 2) : 0;
  Stamp out{.text = begun + "." + nonce + "." + signature(survey, begun, nonce, sum)};
  if (question)
    out.question = {fmt::format("{}加{}等于几？请用数字回答", kChinese.at(a), kChinese.at(b)),
                    fmt::format("What is {} plus {}? Answer in digits", kEnglish.at(a), kEnglish.at(b))};
  return out;
}

Result<void> Guard::genuine(const Sent& sent, Time now) const {
  auto parts = split(sent.stamp, '.');
  auto begun = parts.size() == 3 ? to_int(parts[0]) : std::nullopt;
  if (!sent.trap.empty() || !begun || sent.stamp.size() > kStamp)
    return wrong("表单无法识别，请再提交一次。", "The form cannot be recognised; send it once more.");
  auto at = from_micros(*begun);
  if (at > now || now - at > kValid || used_.contains(std::string(sent.stamp)))
    return wrong("表单已过期或已提交过，请再提交一次。", "The form is too old, or was sent before; send it once more.");
  auto sum = sent.question ? to_int(trim(sent.answer)) : std::optional<std::int64_t>(0);
  if (!sum || !crypto::equal_in_constant_time(signature(sent.survey, parts[0], parts[1], *sum), parts[2]))
    return sent.question ? wrong("答案不对，请再答一次。", "That is not the answer; try once more.")
                         : wrong("表单无法识别，请再提交一次。", "The form cannot be recognised; send it once more.");
  if (now - at < std::chrono::seconds(settings_.integer("surveys.form_seconds")))
    return fail(Code::invalid, "survey.quick", "提交得太快，请检查后再提交一次。",
                "That was too quick; look it over and send it once more.");
  return {};
}

Result<void> Guard::check(const Sent& sent) const {
  std::scoped_lock lock(mutex_);
  return genuine(sent, clock_.now());
}

Result<void> Guard::spend(const Sent& sent) {
  auto now = clock_.now();
  std::scoped_lock lock(mutex_);
  QS_CHECK(genuine(sent, now));
  if (salt_.empty() || now - salted_ >= kHour || now < salted_) {
    salt_ = crypto::random_bytes(32);
    salted_ = now;
    by_address_.clear();
    all_ = 0;
    std::erase_if(used_, [&](const auto& one) { return one.second <= now; });
  }
  auto limited = [](std::string zh, std::string en) {
    return fail(Code::limited, "survey.limit", std::move(zh), std::move(en));
  };
  if (all_ >= settings_.integer("surveys.form_total") || by_address_.size() >= kAddresses)
    return limited("现在提交的人太多，请一小时后再试。", "Too many answers come in now; try again in an hour.");
  auto& mine = by_address_[crypto::hmac(salt_, sent.address)];
  if (mine >= settings_.integer("surveys.form_limit"))
    return limited("这个网络地址提交得太多，请一小时后再试。",
                   "Too many answers come from this address; try again in an hour.");
  ++mine;
  ++all_;
  used_[std::string(sent.stamp)] = now + kValid;
  return {};
}

std::string Guard::mark(std::string_view survey) const {
  return crypto::to_base64url(crypto::hmac(key_, fmt::format("answered\n{}", survey)));
}

}  // namespace qushu::surveys
