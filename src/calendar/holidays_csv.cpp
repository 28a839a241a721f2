// The special days of a year as a spreadsheet writes them.
#include <set>

#include <fmt/format.h>
#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include "qushu/base/text.h"
#include "qushu/calendar/calendar.h"

namespace qushu::calendar {
namespace {

constexpr std::size_t kLines = 5000;
constexpr std::size_t kWrong = 20;

// Spreadsheets in China write GB18030 unless told otherwise.
std::string to_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  auto text = icu::UnicodeString(bytes.data(), static_cast<std::int32_t>(bytes.size()), "gb18030");
  std::string out;
  text.toUTF8String(out);
  return out;
}

std::string cell(std::string_view text) {
  auto inside = trim(text);
  if (inside.size() >= 2 && inside.front() == '"' && inside.back() == '"') inside = trim(inside.substr(1, inside.size() - 2));
  return std::string(inside);
}

// Spreadsheets drop leading zeros: 2026/1/4.
std::optional<Day> day_of(std::string_view text) {
  if (auto day = parse_day(text)) return day;
  for (char mark : {'/', '-', '.'}) {
    auto parts = split(text, mark);
    if (parts.size() != 3 || parts[0].size() != 4) continue;
    auto y = to_int(parts[0]), m = to_int(parts[1]), d = to_int(parts[2]);
    if (!y || !m || !d) return std::nullopt;
    return parse_day(fmt::format("{:04}-{:02}-{:02}", *y, *m, *d));
  }
  return std::nullopt;
}

std::optional<DayKind> kind_of(std::string_view text) {
  auto word = lower_ascii(text);
  if (word == "放假" || word == "休" || word == "holiday") return DayKind::holiday;
  if (word == "上班" || word == "班" || word == "workday") return DayKind::workday;
  return std::nullopt;
}

class Wrong {
 public:
  void add(std::size_t line, std::string_view zh, std::string_view en) {
    if (++count_ > kWrong) return;
    text_.zh += fmt::format("{}第 {} 行：{}", count_ == 1 ? "" : "；", line, zh);
    text_.en += fmt::format("{}line {}: {}", count_ == 1 ? "" : "; ", line, en);
    if (count_ == 1) first_ = line;
  }
  [[nodiscard]] bool any() const { return count_ > 0; }
  [[nodiscard]] Failure failure() const {
    auto more_zh = count_ > kWrong ? fmt::format("；还有 {} 行", count_ - kWrong) : std::string();
    auto more_en = count_ > kWrong ? fmt::format("; and {} more", count_ - kWrong) : std::string();
    return fail(Error{.code = Code::invalid,
                      .id = "calendar.csv",
                      .text = {fmt::format("文件有 {} 行不对，一行也没有导入。{}{}。", count_, text_.zh, more_zh),
                               fmt::format("{} lines are wrong, and none was taken. {}{}.", count_, text_.en, more_en)},
                      .subject = fmt::format("line {}", first_)});
  }

 private:
  std::size_t count_ = 0, first_ = 0;
  Text text_;
};

}  // namespace

Result<std::vector<SpecialDay>> read_csv(std::string_view csv) {
  auto text = to_utf8(csv);
  std::vector<SpecialDay> days;
  std::set<Day> seen;
  Wrong wrong;
  std::size_t number = 0;
  for (auto line : split(text, '\n')) {
    ++number;
    if (number > kLines) {
      wrong.add(number, fmt::format("最多 {} 行", kLines), fmt::format("there are at most {} lines", kLines));
      break;
    }
    if (trim(line).empty()) continue;
    auto cells = split(trim(line), ',');
    auto first = cell(cells[0]), second = cells.size() > 1 ? cell(cells[1]) : std::string();
    auto day = day_of(first);
    auto kind = kind_of(second);
    if (!day && days.empty() && !wrong.any() && !kind && !first.empty() && !is_ascii_digit(first.front()))
      continue;  // the header
    if (!day) {
      wrong.add(number, fmt::format("日期“{}”应写成 2026-10-01", shorten(first, 40)),
                fmt::format("the date “{}” is written 2026-10-01", shorten(first, 40)));
    } else if (!kind) {
      wrong.add(number, fmt::format("类型“{}”应为“放假”或“上班”", shorten(second, 40)),
                fmt::format("the kind “{}” is holiday or workday", shorten(second, 40)));
    } else if (!seen.insert(*day).second) {
      wrong.add(number, fmt::format("{} 出现了两次", first), fmt::format("{} comes twice", first));
    } else {
      days.push_back({.day = *day, .kind = *kind, .name = cells.size() > 2 ? shorten(cell(cells[2]), 60) : std::string()});
    }
  }
  if (wrong.any()) return wrong.failure();
  if (days.empty())
    return fail(Error{.code = Code::invalid,
                      .id = "calendar.csv",
                      .text = {"文件里没有日期。每行写：日期,类型（放假或上班）,名称。",
                               "The file holds no dates. A line is: date, kind (holiday or workday), name."},
                      .subject = "line 1"});
  return days;
}

}  // namespace qushu::calendar
