#include "infer.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/codes.h"
#include "qushu/base/text.h"

#include "value.h"

namespace qushu::tabular {
namespace {

constexpr std::size_t kExamples = 5;
constexpr std::uint64_t kExamplesWithin = 100'000;  // lines; a column of fewer different values is not searched to its end
constexpr std::size_t kLongDigits = 16;             // from here on a whole number is a number for nobody
constexpr int kMostScale = 12;

bool names_a_code(const std::string& name) {
  static constexpr std::array<std::string_view, 16> kWords{"编码", "代码", "编号",   "号码", "证号", "账号", "卡号", "邮编",
                                                           "邮政", "区划", "序列号", "电话", "手机", "code", "zip",  "phone"};
  auto lower = lower_ascii(name);
  return std::ranges::any_of(kWords, [&](std::string_view w) { return lower.contains(w); });
}

bool names_a_date(const std::string& name) {
  static constexpr std::array<std::string_view, 7> kWords{"日期", "时间", "年月日", "date", "成立", "生日", "日"};
  auto lower = lower_ascii(name);
  return std::ranges::any_of(kWords, [&](std::string_view w) { return lower.contains(w); });
}

}  // namespace

std::string unit_of(std::string_view header) {
  auto close = header.ends_with("）")  ? std::string_view("）")
               : header.ends_with(")") ? std::string_view(")")
                                       : std::string_view();
  if (close.empty()) return {};
  auto inner = header.substr(0, header.size() - close.size());
  auto wide = inner.rfind("（"), narrow = inner.rfind('(');
  auto open = wide == std::string_view::npos ? narrow : narrow == std::string_view::npos ? wide : std::max(wide, narrow);
  if (open == std::string_view::npos) return {};
  auto unit = trim(inner.substr(open + (inner[open] == '(' ? 1 : 3)));
  if (unit.starts_with("单位：")) unit.remove_prefix(9);
  if (std::ranges::all_of(unit, is_ascii_digit)) return {};  // 编号（2）
  return utf8_length(unit) <= 8 ? std::string(unit) : std::string();
}

void ColumnTally::note_example(std::uint64_t line, std::string_view text) {
  // A column of few different values comes here with every one of them.
  if (std::ranges::find(examples_, text, &Example::text) != examples_.end()) return;
  auto shown = shorten(text, 60);
  if (std::ranges::find(examples_, shown, &Example::text) == examples_.end())
    examples_.push_back({.line = line, .text = std::move(shown)});
}

void ColumnTally::add(const Record& record, std::size_t column, std::string& buffer, Weighed& found) {
  found.kind = Weighed::Kind::unknown;
  auto cell = clean(column < record.cells.size() ? record.cells[column] : std::string_view(), buffer, record.wide);
  auto t = cell.text;
  found.plain = cell.plain;
  if (t.empty()) {
    ++empty_;
    return;
  }
  ++values_;
  if (examples_.size() < kExamples && (record.line <= kExamplesWithin || examples_.empty())) note_example(record.line, t);
  char first = t[0];
  bool may_be_number = is_ascii_digit(first) || first == '-' || first == '+' || first == '.';
  if (!may_be_number) {
    if (means_empty(t)) {
      ++blank_words_;
      return;
    }
    bool yes = false;
    if (parse_boolean(t, yes)) ++fits_[kBoolean];
    if (t.size() == 18 && is_credit_code(t)) ++credit_codes_;
    return;
  }
  if (first == '-' && means_empty(t)) {
    ++blank_words_;
    return;
  }
  // A date is told by its third separator's place, and is never a number.
  auto& micros = found.micros;
  auto& days = found.days;
  bool dated = t.size() >= 8 && (t[4] == '-' || t[4] == '/');
  if (auto is = dated ? parse_dated(t, days, micros) : Dated::neither; is != Dated::neither) {
    found.kind = is == Dated::day ? Weighed::Kind::date : Weighed::Kind::datetime;
    ++fits_[kDatetime];
    ++(is == Dated::day ? fits_[kDate] : with_time_);
    return;
  }
  auto& n = found.number;
  if (parse_number(t, n)) {
    found.kind = Weighed::Kind::number;
    if (cell.was_text) ++was_text_number_;
    if (n.percent) {
      ++fits_[kPercent];
      scale_ = std::max(scale_, n.scale);
      digits_ = std::max(digits_, n.digits);
      return;
    }
    if (n.leading_zero) ++leading_zero_;
    bool digits_only = n.scale == 0 && is_ascii_digit(first) && !n.separators && is_ascii_digit(t.back());
    if (digits_only) {
      ++digits_only_;
      shortest_ = std::min(shortest_, t.size());
      longest_ = std::max(longest_, t.size());
      if (t.size() >= kLongDigits) {
        ++long_digits_;
        if (t.size() == 18) {
          if (is_citizen_id(t)) ++id_cards_;
          if (is_credit_code(t)) ++credit_codes_;
        }
      }
      if (t.size() == 11 && first == '1' && t[1] >= '3') ++phones_;
      if (t.size() == 8) {
        if (parse_date(t, true, days)) ++fits_[kCompactDate];
      }
    }
    if (n.scale == 0 && n.digits <= 18) ++fits_[kInteger];
    ++fits_[kDecimal];
    ++fits_[kNumber];
    ++by_scale_[static_cast<std::size_t>(std::min(n.scale, 38))];
    ++by_digits_[static_cast<std::size_t>(std::min(n.digits, 38))];
    digits_ = std::max(digits_, n.digits);
    scale_ = std::max(scale_, n.scale);
    return;
  }
  if (!dated && parse_datetime(t, false, micros)) {
    ++fits_[kDatetime];
    if (parse_date(t, false, days))
      ++fits_[kDate];
    else
      ++with_time_;
    return;
  }
  if (parse_time(t, micros)) {
    ++fits_[kTime];
    return;
  }
  double d = 0;
  if (parse_float(t, d)) {
    ++fits_[kNumber];
    return;
  }
  if (t.size() == 18) {
    if (is_citizen_id(t)) ++id_cards_;
    if (is_credit_code(t)) ++credit_codes_;
  }
}

void ColumnTally::merge(const ColumnTally& o) {
  values_ += o.values_;
  empty_ += o.empty_;
  blank_words_ += o.blank_words_;
  for (std::size_t i = 0; i < fits_.size(); ++i) fits_.at(i) += o.fits_.at(i);
  leading_zero_ += o.leading_zero_;
  long_digits_ += o.long_digits_;
  was_text_number_ += o.was_text_number_;
  id_cards_ += o.id_cards_;
  credit_codes_ += o.credit_codes_;
  phones_ += o.phones_;
  with_time_ += o.with_time_;
  digits_only_ += o.digits_only_;
  shortest_ = std::min(shortest_, o.shortest_);
  longest_ = std::max(longest_, o.longest_);
  digits_ = std::max(digits_, o.digits_);
  scale_ = std::max(scale_, o.scale_);
  for (std::size_t i = 0; i < by_scale_.size(); ++i) {
    by_scale_.at(i) += o.by_scale_.at(i);
    by_digits_.at(i) += o.by_digits_.at(i);
  }
  auto both = std::move(examples_);
  both.insert(both.end(), o.examples_.begin(), o.examples_.end());
  std::ranges::sort(both, {}, &Example::line);
  examples_.clear();
  // Of what stands far below only the very first counts, so that threads find together what one finds.
  for (const auto& e : both)
    if (examples_.size() < kExamples && (e.line <= kExamplesWithin || examples_.empty())) note_example(e.line, e.text);
}

bool ColumnTally::code_like(const std::string& name, std::uint64_t allowed) const {
  if (leading_zero_ > allowed || long_digits_ > 0) return true;
  if (leading_zero_ > 0 && names_a_code(name)) return true;
  if (was_text_number_ > allowed && was_text_number_ * 2 >= fits_[kDecimal]) return true;
  return names_a_code(name) && digits_only_ > 0 && digits_only_ + allowed >= fits_[kDecimal] && shortest_ >= 4;
}

ColumnFacts ColumnTally::decide(std::string name, double share) const {
  using engine::Type;
  ColumnFacts facts;
  facts.values = values_;
  facts.empty = empty_;
  for (const auto& e : examples_) facts.examples.push_back(e.text);
  // Under a heading of several rows the unit stands in any of them: 户籍人口（人）·男.
  auto unit = unit_of(name);
  for (auto dot = name.rfind("·"); unit.empty() && dot != std::string::npos && dot > 0; dot = name.rfind("·", dot - 1))
    unit = unit_of(std::string_view(name).substr(0, dot));
  auto& plan = facts.plan;
  plan.name = std::move(name);
  auto real = values_ - blank_words_;
  auto allowed = static_cast<std::uint64_t>(static_cast<double>(real) * share);
  auto fits = [&](std::uint64_t count) { return count > 0 && count + allowed >= real; };
  auto misfits = [&](std::uint64_t count) { return real - std::min(real, count); };
  auto text = [&](Text why) {
    plan.type = Type::text;
    facts.why = std::move(why);
  };
  if (id_cards_ > 0 && id_cards_ * 2 > values_)
    facts.looks_like = "id_card";
  else if (credit_codes_ > 0 && credit_codes_ * 2 > values_)
    facts.looks_like = "credit_code";
  else if (phones_ > 0 && phones_ * 2 > values_)
    facts.looks_like = "phone";
  for (auto [type, count] : {std::pair{Type::integer, fits_[kInteger]}, std::pair{Type::decimal, fits_[kDecimal]},
                             std::pair{Type::number, fits_[kNumber]}, std::pair{Type::boolean, fits_[kBoolean]},
                             std::pair{Type::date, fits_[kDate] + fits_[kCompactDate]},
                             std::pair{Type::datetime, fits_[kDatetime]}, std::pair{Type::time, fits_[kTime]}})
    if (count > 0) facts.candidates.push_back({.type = type, .misfits = misfits(count)});

  if (real == 0) {
    text({"全部为空，按文本保存", "All empty: kept as text"});
  } else if (facts.looks_like == "id_card") {
    text({"是公民身份号码，按文本保存", "Identity card numbers: kept as text"});
  } else if (facts.looks_like == "credit_code") {
    text({"是统一社会信用代码，按文本保存", "Unified social credit codes: kept as text"});
  } else if (facts.looks_like == "phone" && fits(digits_only_)) {
    text({"是电话号码，按文本保存", "Phone numbers: kept as text"});
  } else if (fits(fits_[kBoolean])) {
    plan.type = Type::boolean;
    facts.misfits = misfits(fits_[kBoolean]);
  } else if (fits(fits_[kCompactDate] + fits_[kDate]) && fits_[kCompactDate] > 0 && names_a_date(plan.name)) {
    plan.type = Type::date;
    facts.misfits = misfits(fits_[kCompactDate] + fits_[kDate]);
  } else if (fits(fits_[kPercent])) {
    plan.type = Type::decimal;
    plan.scale = static_cast<std::uint8_t>(std::min(scale_, kMostScale));
    plan.width = static_cast<std::uint8_t>(std::min(38, std::max(digits_, 3) + plan.scale + 1));
    plan.unit = "%";
    facts.misfits = misfits(fits_[kPercent]);
    facts.why = {"百分数，按数值保存，单位 %", "Percentages: kept as numbers with the unit %"};
  } else if (fits(fits_[kDecimal]) && code_like(plan.name, allowed)) {
    if (facts.looks_like.empty()) facts.looks_like = "code";
    text(leading_zero_ > 0  ? Text{"有前导零，按文本保存", "Has leading zeros: kept as text"}
         : long_digits_ > 0 ? Text{"是很长的数字串，按文本保存", "Long strings of digits: kept as text"}
                            : Text{"是编码而不是数量，按文本保存", "A code and not a quantity: kept as text"});
  } else if (fits(fits_[kInteger])) {
    plan.type = Type::integer;
    plan.unit = unit;
    facts.misfits = misfits(fits_[kInteger]);
  } else if (fits(fits_[kDecimal])) {
    plan.type = Type::decimal;
    // Room for what all but a few values need: one slip of the hand does not widen the column.
    int scale = scale_;
    std::uint64_t beyond = 0;
    while (scale > kMostScale && beyond + by_scale_.at(static_cast<std::size_t>(std::min(scale, 38))) <= allowed)
      beyond += by_scale_.at(static_cast<std::size_t>(std::min(scale--, 38)));
    if (scale > kMostScale || digits_ + scale > 38) {
      plan.type = Type::number;
      facts.misfits = misfits(fits_[kNumber]);
    } else {
      plan.scale = static_cast<std::uint8_t>(scale);
      plan.width = static_cast<std::uint8_t>(std::min(38, std::max(18, digits_ + scale)));
      facts.misfits = misfits(fits_[kDecimal]) + beyond;
    }
    plan.unit = unit;
  } else if (fits(fits_[kNumber])) {
    plan.type = Type::number;
    plan.unit = unit;
    facts.misfits = misfits(fits_[kNumber]);
  } else if (fits(fits_[kDate])) {
    plan.type = Type::date;
    facts.misfits = misfits(fits_[kDate]);
  } else if (fits(fits_[kDatetime])) {
    plan.type = Type::datetime;
    facts.misfits = misfits(fits_[kDatetime]);
  } else if (fits(fits_[kTime])) {
    plan.type = Type::time;
    facts.misfits = misfits(fits_[kTime]);
  }
  if (plan.type == Type::text && blank_words_ == values_ && values_ > 0 && real == 0) facts.why = {};
  return facts;
}

}  // namespace qushu::tabular
