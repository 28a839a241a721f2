#include "values.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "qushu/base/codes.h"
#include "qushu/base/text.h"

#include "number.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kLine = 500;  // characters of a text without a bound of its own

std::string_view text_at(const Cells& cells, std::size_t i) {
  const auto* text = std::get_if<std::string>(&cells.at(i));
  return text != nullptr ? std::string_view(*text) : std::string_view();
}
std::int64_t whole_at(const Cells& cells, std::size_t i) {
  const auto* whole = std::get_if<std::int64_t>(&cells.at(i));
  return whole != nullptr ? *whole : 0;
}
double real_at(const Cells& cells, std::size_t i) {
  const auto* real = std::get_if<double>(&cells.at(i));
  return real != nullptr ? *real : 0;
}

bool fits_format(std::string_view format, std::string_view text) {
  if (format == "credit_code") return is_credit_code(text);
  if (format == "citizen_id") return is_citizen_id(text);
  if (format == "region_code") return is_region_code(text);
  if (format == "mobile") return is_mobile(text);
  if (format == "landline") return is_landline(text);
  if (format == "bank_card") return is_bank_card(text);
  return is_email(text);
}

Text format_name(std::string_view format) {
  if (format == "credit_code") return {"统一社会信用代码", "a unified social credit code"};
  if (format == "citizen_id") return {"身份证号", "a citizen's number"};
  if (format == "region_code") return {"区划代码", "a region code"};
  if (format == "mobile") return {"手机号", "a mobile number"};
  if (format == "landline") return {"固定电话号码", "a telephone number"};
  if (format == "bank_card") return {"银行卡号", "a bank card's number"};
  return {"电子邮箱", "a mail address"};
}

Result<Cells> text_cells(const Field& f, std::string_view given, const Reading& reading) {
  auto text = f.kind == Kind::long_text ? given : trim(given);
  if (!is_utf8(text) || text.contains('\0'))
    return wrong_value(f, "含有不能显示的字符。", "it holds characters that cannot be shown.");
  if (f.kind == Kind::text && text.contains('\n')) return wrong_value(f, "应为一行文本。", "one line is expected.");
  auto length = utf8_length(text);
  auto most = f.max_length > 0 ? f.max_length : f.kind == Kind::text ? kLine : reading.longest;
  if (length > most || length < f.min_length)
    return wrong_value(f, fmt::format("应为 {} 至 {} 个字，现在是 {} 个。", f.min_length, most, length),
                       fmt::format("{} to {} characters are expected, not {}.", f.min_length, most, length));
  if (!f.format.empty() && !fits_format(f.format, text)) {
    auto expected = format_name(f.format);
    return wrong_value(f, fmt::format("“{}”不是有效的{}。", shorten(text, 40), expected.zh),
                       fmt::format("“{}” is not {}.", shorten(text, 40), expected.en));
  }
  return Cells{std::string(text)};
}

Result<Cells> number_cells(const Field& f, std::string_view text) {
  int decimals = decimals_of(f);
  auto value = parse_decimal(text, decimals);
  if (!value)
    return wrong_value(f, fmt::format("“{}”应为{}。", shorten(text, 40), number_words(decimals).zh),
                       fmt::format("“{}” should be {}.", shorten(text, 40), number_words(decimals).en));
  if ((f.min && *value < *f.min) || (f.max && *value > *f.max)) {
    auto low = f.min ? decimal_text(*f.min, decimals) : std::string(),
         high = f.max ? decimal_text(*f.max, decimals) : std::string();
    if (low.empty()) return wrong_value(f, fmt::format("不得大于 {}。", high), fmt::format("it is {} at most.", high));
    if (high.empty()) return wrong_value(f, fmt::format("不得小于 {}。", low), fmt::format("it is {} at least.", low));
    return wrong_value(f, fmt::format("应在 {} 和 {} 之间。", low, high), fmt::format("it is from {} to {}.", low, high));
  }
  return Cells{*value};
}

// 2026-11-23, 2026/11/23, 2026.11.23, 2026年11月23日, with or without leading zeros.
std::optional<calendar::Day> day_of(std::string_view text) {
  std::string plain(trim(text));
  for (std::string_view mark : {"年", "月", "/", "."})
    for (auto at = plain.find(mark); at != std::string::npos; at = plain.find(mark, at)) plain.replace(at, mark.size(), "-");
  if (plain.ends_with("日")) plain.resize(plain.size() - std::string_view("日").size());
  auto parts = split(plain, '-');
  if (parts.size() != 3) return std::nullopt;
  auto year = to_int(parts[0]), month = to_int(parts[1]), day = to_int(parts[2]);
  if (!year || !month || !day || *year < 1900 || *year > 9999) return std::nullopt;
  return calendar::parse_day(fmt::format("{:04}-{:02}-{:02}", *year, *month, *day));
}

Result<Cells> date_cells(const Field& f, std::string_view text) {
  // What a spreadsheet made of a date may carry midnight along.
  if (text.size() == 19 && text.ends_with(" 00:00:00")) text.remove_suffix(9);
  auto day = day_of(text);
  if (!day)
    return wrong_value(f, fmt::format("“{}”不是日期，应写成 2026-11-23。", shorten(text, 40)),
                       fmt::format("“{}” is no date; write 2026-11-23.", shorten(text, 40)));
  return Cells{calendar::to_text(*day)};
}

Result<Cells> datetime_cells(const Field& f, std::string_view text, const calendar::Zone& zone) {
  text = trim(text);
  // With a zone it is an instant; without one it is the district's clock.
  if (text.contains('T') &&
      (text.ends_with('Z') || (text.size() > 6 && (text[text.size() - 6] == '+' || text[text.size() - 6] == '-'))))
    if (auto at = parse_iso(text)) return Cells{to_micros(*at)};
  auto space = text.find_first_of(" T");
  auto day = day_of(text.substr(0, space));
  auto clock = space == std::string_view::npos ? std::string_view("00:00") : trim(text.substr(space + 1));
  auto parts = split(clock, ':');
  std::int64_t seconds = 0;
  bool good = day && (parts.size() == 2 || parts.size() == 3);
  for (std::size_t i = 0; good && i < parts.size(); ++i) {
    auto part = to_int(parts[i]);
    good = part && *part >= 0 && *part < (i == 0 ? 24 : 60) && parts[i].size() <= 2;
    seconds = seconds * 60 + part.value_or(0);
  }
  if (!good)
    return wrong_value(f, fmt::format("“{}”不是日期时间，应写成 2026-11-23 14:05。", shorten(text, 40)),
                       fmt::format("“{}” is no date and time; write 2026-11-23 14:05.", shorten(text, 40)));
  if (parts.size() == 2) seconds *= 60;
  auto local = calendar::LocalTime(*day) + std::chrono::seconds(seconds);
  return Cells{to_micros(zone.instant(local))};
}

Result<Cells> choice_cells(const Field& f, std::string_view text) {
  for (const auto& c : f.choices)
    if (!c.retired && (c.code == text || c.label.zh == text || c.label.en == text)) return Cells{c.code};
  Text list;
  for (const auto& c : f.choices) {
    if (c.retired) continue;
    list.zh += (list.zh.empty() ? "" : "、") + c.label.zh;
    list.en += (list.en.empty() ? "" : ", ") + c.label.en + " (" + c.code + ")";
  }
  return wrong_value(f, fmt::format("“{}”不在选项中：{}。", shorten(text, 40), list.zh),
                     fmt::format("“{}” is none of {}.", shorten(text, 40), list.en));
}

Result<Cells> named_cells(const Field& f, const Result<Named>& found, std::string_view text) {
  if (found) return Cells{found->id, found->name};
  if (found.error().code != Code::not_found && found.error().code != Code::invalid) return Failure(found.error());
  Text what = f.kind == Kind::person       ? Text{"人员（登录名）", "person (login)"}
              : f.kind == Kind::department ? Text{"部门（代码或名称）", "department (code or name)"}
              : f.kind == Kind::dataset    ? Text{"数据集（代码）", "dataset (code)"}
                                           : Text{"记录（编号）", "record (number)"};
  return wrong_value(f, fmt::format("没有这个{}：“{}”。", what.zh, shorten(text, 60)),
                     fmt::format("there is no such {}: “{}”.", what.en, shorten(text, 60)));
}

std::optional<double> coordinate(std::string_view text, double most) {
  text = trim(text);
  double value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || !(value >= -most && value <= most)) return std::nullopt;
  return value;
}

Failure wrong_location(const Field& f) {
  return wrong_value(f, "应为地址，或“地址（经度,纬度）”，如 昌平区政府街（116.231,40.220）。",
                     "an address is expected, or “address (longitude,latitude)”.");
}

Result<Cells> location_text(const Field& f, std::string_view text) {
  text = trim(text);
  auto open = text.rfind("（");
  std::size_t mark = 3;
  if (open == std::string_view::npos) {
    open = text.rfind('(');
    mark = 1;
  }
  auto address = open == std::string_view::npos ? text : trim(text.substr(0, open));
  if (utf8_length(address) > kLine) return wrong_location(f);
  Cells out{std::string(address), store::Null{}, store::Null{}};
  if (open == std::string_view::npos) return out;
  auto inner = text.substr(open + mark);
  if (inner.ends_with("）"))
    inner.remove_suffix(3);
  else if (inner.ends_with(')'))
    inner.remove_suffix(1);
  auto parts = split(inner, ',');
  if (parts.size() != 2) {
    out[0] = std::string(text);  // brackets of the address itself
    return out;
  }
  auto lon = coordinate(parts[0], 180), lat = coordinate(parts[1], 90);
  if (!lon || !lat) return wrong_location(f);
  out[1] = *lon;
  out[2] = *lat;
  return out;
}

Result<Cells> location_cells(const Field& f, const json::object& o) {
  Cells out{store::Null{}, store::Null{}, store::Null{}};
  for (const auto& [key, value] : o) {
    if (key == "address" && value.is_string() && utf8_length(value.get_string()) <= kLine)
      out[0] = std::string(trim(value.get_string()));
    else if (key == "lon" && value.is_number() && std::abs(value.to_number<double>()) <= 180)
      out[1] = value.to_number<double>();
    else if (key == "lat" && value.is_number() && std::abs(value.to_number<double>()) <= 90)
      out[2] = value.to_number<double>();
    else if (!value.is_null())
      return wrong_location(f);
  }
  if (std::holds_alternative<double>(out[1]) != std::holds_alternative<double>(out[2])) return wrong_location(f);
  if (std::holds_alternative<store::Null>(out[0]))
    out[0] = is_empty(out) ? store::Value(store::Null{}) : store::Value(std::string());
  return out;
}

}  // namespace

bool is_empty(const Cells& cells) {
  return std::ranges::all_of(cells, [](const store::Value& v) { return std::holds_alternative<store::Null>(v); });
}

Cells no_value(const Field& field) {
  return Cells(stored_columns(field).size());
}

Failure wrong_value(const Field& field, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "record.value",
                    .text = {fmt::format("“{}”：{}", field.label.zh, zh), fmt::format("“{}”: {}", field.label.en, en)},
                    .subject = field.name});
}

Result<Cells> cells_of_text(const Field& f, std::string_view given, const Reading& reading) {
  auto text = trim(given);
  if (text.empty()) return no_value(f);
  switch (f.kind) {
    case Kind::text:
    case Kind::long_text:
      return text_cells(f, given, reading);
    case Kind::number:
    case Kind::money:
      return number_cells(f, text);
    case Kind::date:
      return date_cells(f, text);
    case Kind::datetime:
      return datetime_cells(f, text, reading.zone);
    case Kind::choice:
      return choice_cells(f, text);
    case Kind::person:
      return named_cells(f, reading.person(text), text);
    case Kind::department:
      return named_cells(f, reading.department(text), text);
    case Kind::dataset:
      return named_cells(f, reading.dataset(text), text);
    case Kind::reference:
      return named_cells(f, reading.record(f.target, text), text);
    case Kind::location:
      return location_text(f, text);
    case Kind::attachment:
      return wrong_value(f, "附件须单独上传。", "files are attached on their own.");
    case Kind::computed:
      return wrong_value(f, "由公式计算，不能填写。", "it is computed and cannot be given.");
  }
  return no_value(f);
}

Result<Cells> cells_of(const Field& f, const json::value& value, const Reading& reading) {
  if (value.is_null()) return no_value(f);
  if (value.is_string()) return cells_of_text(f, value.get_string(), reading);
  bool numeric = f.kind == Kind::number || f.kind == Kind::money;
  if (numeric && (value.is_int64() || value.is_uint64())) return number_cells(f, json::serialize(value));
  // Shortest text that gives the same double: what the caller wrote.
  if (numeric && value.is_double()) return number_cells(f, fmt::format("{}", value.get_double()));
  if (value.is_object()) {
    const auto& o = value.get_object();
    if (f.kind == Kind::location) return location_cells(f, o);
    // What was read may be written back as it is.
    if (const auto* id = o.if_contains("id"); id != nullptr && id->is_string())
      return cells_of_text(f, id->get_string(), reading);
  }
  return wrong_value(f, "值的类型不对。", "the value is of the wrong type.");
}

json::value json_of(const Field& f, const Cells& cells) {
  if (is_empty(cells)) return nullptr;
  switch (f.kind) {
    case Kind::text:
    case Kind::long_text:
    case Kind::date:
    case Kind::choice:
      return json::value(text_at(cells, 0));
    case Kind::number:
    case Kind::money:
    case Kind::computed:
      return json::value(decimal_text(whole_at(cells, 0), decimals_of(f)));
    case Kind::attachment:
      return whole_at(cells, 0);
    case Kind::datetime:
      return json::value(to_iso(from_micros(whole_at(cells, 0))));
    case Kind::person:
    case Kind::department:
    case Kind::reference:
    case Kind::dataset:
      return json::object{{"id", text_at(cells, 0)}, {"name", text_at(cells, 1)}};
    case Kind::location: {
      json::object out{{"address", text_at(cells, 0)}, {"lon", nullptr}, {"lat", nullptr}};
      if (std::holds_alternative<double>(cells[1])) {
        out["lon"] = real_at(cells, 1);
        out["lat"] = real_at(cells, 2);
      }
      return out;
    }
  }
  return nullptr;
}

std::string text_of(const Field& f, const Cells& cells, const calendar::Zone& zone, Lang lang) {
  if (is_empty(cells)) return {};
  switch (f.kind) {
    case Kind::choice: {
      auto found = std::ranges::find(f.choices, text_at(cells, 0), &Choice::code);
      return found == f.choices.end() ? std::string(text_at(cells, 0)) : found->label.in(lang);
    }
    case Kind::number:
    case Kind::money:
    case Kind::computed:
      return decimal_text(whole_at(cells, 0), decimals_of(f));
    case Kind::attachment:
      return std::to_string(whole_at(cells, 0));
    case Kind::datetime: {
      auto local = zone.local(from_micros(whole_at(cells, 0)));
      auto day = std::chrono::floor<std::chrono::days>(local);
      auto seconds = std::chrono::duration_cast<std::chrono::seconds>(local - day).count();
      return fmt::format("{} {:02}:{:02}:{:02}", calendar::to_text(day), seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    case Kind::department:
    case Kind::reference:
    case Kind::person:
      return std::string(text_at(cells, 1));
    case Kind::location:
      if (!std::holds_alternative<double>(cells[1])) return std::string(text_at(cells, 0));
      return fmt::format("{}（{},{}）", text_at(cells, 0), real_at(cells, 1), real_at(cells, 2));
    default:
      return std::string(text_at(cells, 0));
  }
}

Text unit_of(const Field& f) {
  if (f.kind == Kind::money || f.as_money) return {"（元）", " (yuan)"};
  if (f.unit.zh.empty()) return {};
  return {"（" + f.unit.zh + "）", " (" + f.unit.en + ")"};
}

FormulaValue formula_value(const Field& f, const Cells& cells) {
  if (is_empty(cells)) return {};
  switch (f.kind) {
    case Kind::number:
    case Kind::money:
      return fraction(whole_at(cells, 0), decimals_of(f));
    case Kind::attachment:
      return whole_at(cells, 0) == 0 ? FormulaValue{} : FormulaValue{fraction(whole_at(cells, 0), 0)};
    case Kind::date: {
      auto day = calendar::parse_day(text_at(cells, 0));
      if (!day) return {};
      return fraction(day->time_since_epoch().count(), 0);
    }
    case Kind::datetime: {
      auto seconds = fraction(whole_at(cells, 0) / 1'000'000, 0);
      constexpr __int128 kDay = 86'400;
      seconds.below = kDay;
      return seconds;
    }
    default:
      return std::string(text_at(cells, 0));
  }
}

}  // namespace qushu::registers
