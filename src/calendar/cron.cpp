#include "qushu/calendar/cron.h"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::calendar {
namespace {

struct FieldSpec {
  std::string_view name;
  Text label;
  unsigned min, max;
  std::string_view names;  // joined by "|", the first being `first_name`
  unsigned first_name = 0;
};

const std::array kFields{
    FieldSpec{.name = "minute", .label = {"分钟", "minute"}, .min = 0, .max = 59, .names = {}},
    FieldSpec{.name = "hour", .label = {"小时", "hour"}, .min = 0, .max = 23, .names = {}},
    FieldSpec{.name = "day", .label = {"日", "day of the month"}, .min = 1, .max = 31, .names = {}},
    FieldSpec{.name = "month",
              .label = {"月", "month"},
              .min = 1,
              .max = 12,
              .names = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC",
              .first_name = 1},
    FieldSpec{
        .name = "weekday", .label = {"星期", "day of the week"}, .min = 0, .max = 7, .names = "SUN|MON|TUE|WED|THU|FRI|SAT"}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros{{{"@yearly", "0 0 1 1 *"},
                                                                                {"@annually", "0 0 1 1 *"},
                                                                                {"@monthly", "0 0 1 * *"},
                                                                                {"@weekly", "0 0 * * 0"},
                                                                                {"@daily", "0 0 * * *"},
                                                                                {"@midnight", "0 0 * * *"},
                                                                                {"@hourly", "0 * * * *"}}};

constexpr std::size_t kLimit = 200;  // characters

Failure bad(const FieldSpec& field, std::string_view written, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "calendar.cron",
                    .text = {fmt::format("计划的“{}”一栏写的是“{}”：{}。", field.label.zh, written, zh),
                             fmt::format("The schedule's field “{}” says “{}”: {}.", field.label.en, written, en)},
                    .subject = std::string(field.name)});
}

bool same_letters(std::string_view text, std::string_view upper) {
  return lower_ascii(text) == lower_ascii(upper);
}

}  // namespace

// Reads one field after the other into a Cron.
class CronReader {
 public:
  explicit CronReader(Cron& into) : into_(into) {}

  Result<void> field(std::size_t number, std::string_view text) {
    const auto& spec = kFields.at(number);
    for (auto item : split(text, ',')) {
      QS_CHECK(item_of(number, spec, item));
    }
    return {};
  }

 private:
  static Result<unsigned> value(const FieldSpec& spec, std::string_view text, std::string_view item) {
    if (!spec.names.empty()) {
      unsigned at = spec.first_name;
      for (auto name : split(spec.names, '|')) {
        if (same_letters(text, name)) return at;
        ++at;
      }
    }
    auto number = text.size() <= 4 ? to_int(text) : std::nullopt;
    if (text.empty() || !is_ascii_digit(text.front()) || !number || *number < spec.min || *number > spec.max)
      return bad(spec, item, fmt::format("应为 {} 到 {} 的数{}", spec.min, spec.max, names_zh(spec)),
                 fmt::format("expected a number from {} to {}{}", spec.min, spec.max, names_en(spec)));
    return static_cast<unsigned>(*number);
  }
  static std::string names_zh(const FieldSpec& spec) {
    return spec.names.empty() ? "" : fmt::format("，或 {} 这样的名称", split(spec.names, '|')[1]);
  }
  static std::string names_en(const FieldSpec& spec) {
    return spec.names.empty() ? "" : fmt::format(" or a name such as {}", split(spec.names, '|')[1]);
  }

  // L, and MONL or 1L.
  Result<bool> last(std::size_t number, const FieldSpec& spec, std::string_view item) {
    if (number == 2 && same_letters(item, "L")) {
      into_.last_day_ = into_.days_given_ = true;
      return true;
    }
    if (number == 4 && item.size() > 1 && (item.back() == 'L' || item.back() == 'l')) {
      QS_TRY(auto day, value(spec, item.substr(0, item.size() - 1), item));
      into_.last_of_week_.set(day % 7);
      into_.weekdays_given_ = true;
      return true;
    }
    return false;
  }

  Result<void> item_of(std::size_t number, const FieldSpec& spec, std::string_view item) {
    QS_TRY(auto taken, last(number, spec, item));
    if (taken) return {};
    auto range = item;
    unsigned step = 1;
    auto slash = item.find('/');
    if (slash != std::string_view::npos) {
      range = item.substr(0, slash);
      auto text = item.substr(slash + 1);
      auto number_of = text.size() <= 3 ? to_int(text) : std::nullopt;
      if (text.empty() || !is_ascii_digit(text.front()) || !number_of || *number_of < 1 || *number_of > spec.max)
        return bad(spec, item, fmt::format("“/”之后应为 1 到 {} 的间隔", spec.max),
                   fmt::format("after “/” comes a step from 1 to {}", spec.max));
      step = static_cast<unsigned>(*number_of);
    }
    bool all = range == "*" || range == "?";
    unsigned low = spec.min, high = number == 4 ? 6 : spec.max;
    if (!all) {
      auto dash = range.find('-');
      QS_TRY(low, value(spec, range.substr(0, dash), item));
      if (dash != std::string_view::npos) {
        QS_TRY(high, value(spec, range.substr(dash + 1), item));
        // SUN as the end of a range is the seventh day.
        if (number == 4 && high == 0 && low > 0) high = 7;
        if (low > high) return bad(spec, item, "范围的开始大于结束", "the range begins after its end");
      } else if (slash == std::string_view::npos) {
        high = low;
      }
    }
    for (auto v = low; v <= high; v += step) set(number, v);
    if (!all || step > 1) given(number);
    return {};
  }

  void set(std::size_t number, unsigned v) {
    switch (number) {
      case 0:
        into_.minutes_.set(v);
        break;
      case 1:
        into_.hours_.set(v);
        break;
      case 2:
        into_.days_.set(v);
        break;
      case 3:
        into_.months_.set(v);
        break;
      default:
        into_.weekdays_.set(v % 7);
    }
  }
  void given(std::size_t number) {
    if (number == 2) into_.days_given_ = true;
    if (number == 4) into_.weekdays_given_ = true;
  }

  Cron& into_;
};

Result<Cron> Cron::parse(std::string_view text) {
  auto written = trim(text);
  if (written.size() > kLimit || !is_utf8(written))
    return fail(Error{
        .code = Code::invalid,
        .id = "calendar.cron",
        .text = {fmt::format("计划最多 {} 个字符。", kLimit), fmt::format("A schedule has at most {} characters.", kLimit)},
        .subject = "cron"});
  if (written.starts_with('@')) {
    auto macro = lower_ascii(written);
    for (auto [name, meaning] : kMacros)
      if (macro == name) return parse(meaning);
    return fail(
        Error{.code = Code::invalid,
              .id = "calendar.cron",
              .text = {fmt::format("不认识“{}”，可用 @hourly、@daily、@weekly、@monthly、@yearly。", written),
                       fmt::format("“{}” is not known; there are @hourly, @daily, @weekly, @monthly and @yearly.", written)},
              .subject = "cron"});
  }
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at < written.size();) {
    auto begin = written.find_first_not_of(" \t", at);
    auto end = written.find_first_of(" \t", begin);
    if (end == std::string_view::npos) end = written.size();
    fields.push_back(written.substr(begin, end - begin));
    at = end;
  }
  if (fields.size() != kFields.size())
    return fail(Error{
        .code = Code::invalid,
        .id = "calendar.cron",
        .text = {fmt::format("计划应有五栏（分钟 小时 日 月 星期），以空格分开，现在有 {} 栏。例如每天两点半：30 2 * * *。",
                             fields.size()),
                 fmt::format("A schedule has five fields (minute, hour, day, month, weekday) separated by spaces, and "
                             "this has {}. At half past two every day: 30 2 * * *.",
                             fields.size())},
        .subject = "cron"});
  Cron made;
  CronReader reader(made);
  for (std::size_t i = 0; i < fields.size(); ++i) QS_CHECK(reader.field(i, fields[i]));
  return made;
}

bool Cron::on(Day day) const {
  std::chrono::year_month_day date(day);
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  if (any_day()) return true;
  bool last_day = static_cast<unsigned>(date.day()) ==
                  static_cast<unsigned>(std::chrono::year_month_day_last(date.year(), date.month() / std::chrono::last).day());
  bool by_day = days_given_ && (days_.test(static_cast<unsigned>(date.day())) || (last_day_ && last_day));
  auto weekday = std::chrono::weekday(day).c_encoding();
  bool last_week = std::chrono::year_month_day(day + std::chrono::days(7)).month() != date.month();
  bool by_weekday = weekdays_given_ && (weekdays_.test(weekday) || (last_week && last_of_week_.test(weekday)));
  return by_day || by_weekday;
}

std::optional<Duration> Cron::time_on(std::optional<Duration> after) const {
  // In minutes of the day; the first that may be taken is the one after `after`.
  std::int64_t from = after ? std::chrono::floor<std::chrono::minutes>(*after).count() + 1 : 0;
  for (auto at = from; at < std::int64_t{24} * 60;) {
    auto hour = static_cast<std::size_t>(at / 60), minute = static_cast<std::size_t>(at % 60);
    if (!hours_.test(hour)) {
      at = static_cast<std::int64_t>(hour + 1) * 60;
      continue;
    }
    if (minutes_.test(minute)) return std::chrono::minutes(at);
    ++at;
  }
  return std::nullopt;
}

}  // namespace qushu::calendar
