#include "qushu/budget/content.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "sections.h"

namespace qushu::budget {
namespace {

constexpr std::int64_t kMostYear = 2200, kLeastYear = 1990;
constexpr std::size_t kMostCode = 40;

std::int64_t power(int digits) {
  std::int64_t out = 1;
  for (int i = 0; i < digits; ++i) out *= 10;
  return out;
}

Failure wrong(std::string at, std::string zh, std::string en) {
  auto where = place_name(at);
  return fail(Error{.code = Code::invalid,
                    .id = "budget.content",
                    .text = {where.zh + "：" + zh, where.en + ": " + en},
                    .subject = std::move(at)});
}

bool is_code(std::string_view text) {
  return text.size() <= kMostCode && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
                  c == '.';
         });
}

template <class Row>
Result<void> read_text(const Column<Row>& c, const json::value& value, std::string& out, const std::string& at) {
  if (!value.is_string()) return wrong(at, "应为文本。", "a text was expected.");
  out = std::string(trim(std::string_view(value.get_string())));
  if (utf8_length(out) > kMostText)
    return wrong(at, fmt::format("最多 {} 个字。", kMostText), fmt::format("at most {} characters.", kMostText));
  if (std::ranges::any_of(out, [](unsigned char ch) { return ch < 0x20 && ch != '\n' && ch != '\t'; }))
    return wrong(at, "不能有控制字符。", "control characters are not allowed.");
  if (c.entry == Entry::code && !is_code(out))
    return wrong(at, "编码由字母、数字、“-”“_”“.”组成，最多 40 个字符。",
                 "a code is made of letters, digits, - _ and ., 40 at most.");
  if (c.entry == Entry::choice && !out.empty() && find_word(c.words, out) == nullptr)
    return wrong(at, "没有“" + out + "”这一项，请从列表中选择。", "there is no “" + out + "”; choose one of the list.");
  return {};
}

Result<std::int64_t> read_integer(Entry entry, const json::value& value, const std::string& at) {
  const auto* number = value.if_int64();
  if (number == nullptr) return wrong(at, "应为整数。", "a whole number was expected.");
  if (entry == Entry::year) {
    if (*number < kLeastYear || *number > kMostYear) return wrong(at, "应为年份。", "a year was expected.");
  } else if (*number > kMostFen || *number < -kMostFen) {
    return wrong(at, "数额过大。", "the figure is too large.");
  }
  return *number;
}

template <class Row>
Result<Row> row_of(const Section<Row>& section, const json::value& value, std::size_t number) {
  auto here = [&](std::string_view member) { return place(section.name, number, member); };
  const auto* object = value.if_object();
  if (object == nullptr) return wrong(here(""), "应为对象。", "an object was expected.");
  Row row;
  for (const auto& [key, unused] : *object)
    if (std::ranges::find(section.columns, std::string_view(key), &Column<Row>::name) == section.columns.end())
      return wrong(here(""), fmt::format("没有“{}”这一项。", shorten(std::string(key), 40)),
                   fmt::format("there is no “{}”.", shorten(std::string(key), 40)));
  for (const auto& c : section.columns) {
    const auto* given = object->if_contains(c.name);
    auto at = here(c.name);
    if (given == nullptr || given->is_null()) continue;
    if (auto* text = std::get_if<std::string Row::*>(&c.at)) {
      QS_CHECK(read_text(c, *given, row.*(*text), at));
    } else {
      QS_TRY(auto number_read, read_integer(c.entry, *given, at));
      if (auto* integer = std::get_if<std::int64_t Row::*>(&c.at))
        row.*(*integer) = number_read;
      else
        row.*std::get<std::optional<std::int64_t> Row::*>(c.at) = number_read;
    }
  }
  return row;
}

}  // namespace

std::string place(std::string_view section, std::size_t row, std::string_view member) {
  auto out = section == "totals" ? std::string(section) : fmt::format("{}[{}]", section, row);
  if (!member.empty()) out += "." + std::string(member);
  return out;
}

Text place_name(std::string_view at) {
  auto dot = at.find('.');
  auto member = dot == std::string_view::npos ? std::string_view() : at.substr(dot + 1);
  auto bracket = at.find('[');
  auto section_name = at.substr(0, std::min({dot, bracket, at.size()}));
  std::size_t row = 0;
  if (bracket != std::string_view::npos) std::from_chars(at.data() + bracket + 1, at.data() + at.size(), row);
  Text out{std::string(at), std::string(at)};
  each_section([&](const auto& section) {
    if (section.name != section_name) return;
    out = section.title;
    if (bracket != std::string_view::npos) {
      out.zh += fmt::format("第 {} 行", row + 1);
      out.en += fmt::format(", row {}", row + 1);
    }
    for (const auto& c : section.columns)
      if (c.name == member) {
        out.zh += "“" + c.title.zh + "”";
        out.en += ", " + c.title.en;
      }
  });
  return out;
}

json::object to_json(const Content& content) {
  json::object out;
  each_section([&](const auto& section) {
    json::array rows;
    for (const auto& row : content.*section.rows) {
      json::object one;
      for (const auto& c : section.columns)
        std::visit(
            [&](auto member) {
              if constexpr (requires { (row.*member).has_value(); }) {
                if (row.*member)
                  one[c.name] = *(row.*member);
                else
                  one[c.name] = nullptr;
              } else {
                one[c.name] = row.*member;
              }
            },
            c.at);
      rows.emplace_back(std::move(one));
    }
    out[section.name] = std::move(rows);
  });
  return out;
}

Result<Content> content_of(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return wrong("content", "应为对象。", "an object was expected.");
  Content out;
  Result<void> good{};
  std::size_t known = 0;
  each_section([&](const auto& section) {
    if (!good) return;
    const auto* rows = object->if_contains(section.name);
    if (rows == nullptr) return;
    ++known;
    const auto* array = rows->if_array();
    auto limit = section.single ? 1 : kMostRows;
    if (array == nullptr || array->size() > limit || (section.single && array->size() != 1)) {
      good = wrong(std::string(section.name), fmt::format("应为最多 {} 行的列表。", limit),
                   fmt::format("a list of at most {} rows was expected.", limit));
      return;
    }
    auto& list = out.*section.rows;
    list.clear();
    for (std::size_t i = 0; good && i < array->size(); ++i) {
      auto row = row_of(section, (*array)[i], i);
      if (row)
        list.push_back(*std::move(row));
      else
        good = Failure(std::move(row).error());
    }
  });
  if (!good) return Failure(std::move(good).error());
  if (known != object->size()) return wrong("content", "有不认识的部分。", "there is a section that is not known.");
  return out;
}

Text name(MoneyUnit unit) {
  return unit == MoneyUnit::wan ? Text{"万元", "10,000 yuan"} : Text{"元", "yuan"};
}

std::optional<std::int64_t> exact_of(std::string_view text, int digits) {
  text = trim(text);
  std::string plain;
  for (char c : text)
    if (c != ',' && c != ' ') plain += c;
  std::string_view rest = plain;
  bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  int exponent = 0;
  // As spreadsheets keep small numbers: 1E-05.
  if (auto e = rest.find_first_of("eE"); e != std::string_view::npos) {
    auto tail = rest.substr(e + 1);
    if (!tail.empty() && tail[0] == '+') tail.remove_prefix(1);
    auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
    if (error != std::errc() || end != tail.data() + tail.size() || std::abs(exponent) > 30) return std::nullopt;
    rest = rest.substr(0, e);
  }
  auto dot = rest.find('.');
  std::string figures(rest.substr(0, dot));
  int decimals = 0;
  if (dot != std::string_view::npos) {
    figures += rest.substr(dot + 1);
    decimals = static_cast<int>(rest.size() - dot - 1);
  }
  if (figures.empty() || figures.size() > 40 || !std::ranges::all_of(figures, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  int shift = digits - decimals + exponent;
  for (; shift < 0; ++shift) {
    if (figures.empty()) break;
    if (figures.back() != '0') return std::nullopt;
    figures.pop_back();
  }
  if (figures.empty()) figures = "0";
  if (shift > 40) return std::nullopt;
  figures.append(static_cast<std::size_t>(std::max(shift, 0)), '0');
  auto first = figures.find_first_not_of('0');
  if (first == std::string::npos) return 0;
  std::int64_t out = 0;
  auto [end, error] = std::from_chars(figures.data() + first, figures.data() + figures.size(), out);
  if (error != std::errc() || out > kMostFen) return std::nullopt;
  return negative ? -out : out;
}

std::string exact_text(std::int64_t value, int digits) {
  auto absolute = value < 0 ? -static_cast<__int128>(value) : static_cast<__int128>(value);
  auto unit = power(digits);
  auto whole = static_cast<std::int64_t>(absolute / unit);
  std::string out = fmt::format("{}{}", value < 0 ? "-" : "", whole);
  if (digits == 0) return out;
  auto rest = fmt::format("{:0{}}", static_cast<std::int64_t>(absolute % unit), digits);
  while (!rest.empty() && rest.back() == '0') rest.pop_back();
  return rest.empty() ? out : out + "." + rest;
}

std::optional<std::int64_t> money_of(std::string_view text, MoneyUnit unit) {
  return exact_of(text, unit == MoneyUnit::wan ? 6 : 2);
}

std::string money_text(std::int64_t fen, MoneyUnit unit) {
  auto out = exact_text(fen, unit == MoneyUnit::wan ? 6 : 2);
  auto dot = out.find('.');
  if (dot == std::string::npos) return out + ".00";
  while (out.size() - dot < 3) out += '0';
  return out;
}

std::string published(std::int64_t fen) {
  auto absolute = fen < 0 ? -fen : fen;
  auto hundredths = (absolute + 5000) / 10'000;
  return fmt::format("{}{}.{:02}", fen < 0 && hundredths > 0 ? "-" : "", hundredths / 100, hundredths % 100);
}

}  // namespace qushu::budget
