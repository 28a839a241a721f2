#include "row.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "qushu/base/powers.h"
#include "qushu/base/text.h"

namespace qushu::tabular {
namespace {

__int128 power_of_ten(int n) {
  static constexpr auto kPowers = powers_of_ten<__int128, 39>();
  return kPowers.at(static_cast<std::size_t>(n));
}

Misfit broken(const Record& record, std::string zh, std::string en) {
  std::string shown(record.raw);
  // Rows of workbooks and JSON are shown as a text file would hold them.
  std::ranges::replace(shown, kSpooled.delimiter, ',');
  return {.line = record.line, .column = {}, .value = shorten(shown, 200), .reason = {std::move(zh), std::move(en)}};
}

}  // namespace

RowState state_of(const Record& record, const RowRules& rules, bool readable, Misfit& why) {
  if (record.unclosed) {
    why = broken(record, "引号没有结束：这一行多了或少了一个引号",
                 "A quote never ends: this row has one quote too many or too few");
    return RowState::broken;
  }
  if (record.cells.size() >= 2 && record.cells[0] == "\xFF") {
    why = broken(record, "这一行不是 JSON 对象", "This line is not a JSON object");
    why.value = shorten(record.cells[1], 200);
    return RowState::broken;
  }
  // Nearly every row: its first cell is filled, it is as wide as the table, and no cell can be too long.
  bool plain =
      record.cells.size() == rules.width && record.raw.size() <= rules.cell_limit && !clean_text(record.cells.front()).empty();
  bool any = plain;
  std::size_t extra = 0;
  for (std::size_t i = 0; !plain && i < record.cells.size(); ++i) {
    if (!any || i >= rules.width) {
      bool filled = !clean_text(record.cells[i]).empty();
      any = any || filled;
      if (filled && i >= rules.width) extra = i + 1;
    }
    if (record.cells[i].size() > rules.cell_limit) {
      why = broken(record, fmt::format("第 {} 个单元格超过 {} 的上限", i + 1, human_bytes(rules.cell_limit)),
                   fmt::format("Cell {} exceeds the limit of {}", i + 1, human_bytes(rules.cell_limit)));
      return RowState::broken;
    }
  }
  if (!any) return RowState::blank;
  if (extra > 0) {
    why = broken(record, fmt::format("这一行有 {} 列，表头只有 {} 列：可能多了一个分隔符", extra, rules.width),
                 fmt::format("This row has {} cells and the header {}: there may be a separator too many", extra, rules.width));
    return RowState::broken;
  }
  if (!rules.fill_short && record.cells.size() < rules.width) {
    why = broken(
        record,
        fmt::format("这一行只有 {} 列，表头有 {} 列：可能少了分隔符，或单元格里有换行", record.cells.size(), rules.width),
        fmt::format("This row has only {} cells and the header {}: a separator may be missing, or a cell holds a line break",
                    record.cells.size(), rules.width));
    return RowState::broken;
  }
  if (!readable && !is_utf8(record.raw)) {
    why = broken(record, "编码有误：这一行含有不能识别的字节", "Broken encoding: this row has bytes that cannot be read");
    return RowState::broken;
  }
  if (rules.converted && record.raw.contains("\xEF\xBF\xBD")) {
    why = broken(record, "编码有误：这一行含有不能识别的字节", "Broken encoding: this row has bytes that cannot be read");
    return RowState::broken;
  }
  return RowState::data;
}

bool is_bad_encoding(const Misfit& why) {
  return why.reason.en.starts_with("Broken encoding");
}

RowConverter::RowConverter(const std::vector<ColumnPlan>& plan) : plan_(plan) {
  for (const auto& p : plan) {
    auto text = expected(p.type, p.unit == "%", p.width, p.scale);
    expected_zh_.push_back(std::move(text.zh));
    expected_en_.push_back(std::move(text.en));
  }
}

bool RowConverter::one(const ColumnPlan& p, std::string_view raw, TypedCell& out) {
  using engine::Type;
  out.state = TypedCell::State::null;
  if (raw.empty()) return true;
  if (p.type == Type::text) {
    out.text = clean_text(raw);
    if (!out.text.empty()) out.state = TypedCell::State::set;
    return true;
  }
  auto t = clean(raw, buffer_).text;
  if (t.empty()) return true;
  bool good = false;
  Number n;
  switch (p.type) {
    case Type::integer:
      good = parse_number(t, n) && !n.percent && n.digits <= 19;
      if (good) {
        // 12.0 is a whole number that a spreadsheet wrote with a point.
        auto whole = n.unscaled;
        if (n.scale > 0) {
          auto unit = power_of_ten(n.scale);
          good = n.unscaled % unit == 0;
          whole = n.unscaled / unit;
        }
        good = good && whole >= INT64_MIN && whole <= INT64_MAX;
        out.integer = good ? static_cast<std::int64_t>(whole) : 0;
      }
      break;
    case Type::decimal:
      good = parse_number(t, n) && (p.unit == "%" ? n.percent : !n.percent) && n.digits + p.scale <= p.width;
      if (good && n.scale <= p.scale) {
        out.decimal = n.scale == p.scale ? n.unscaled : n.unscaled * power_of_ten(p.scale - n.scale);
      } else if (good) {
        auto unit = power_of_ten(n.scale - p.scale);
        good = n.unscaled % unit == 0;
        out.decimal = n.unscaled / unit;
      }
      break;
    case Type::number:
      if (parse_number(t, n) && !n.percent) {
        good = true;
        out.number = static_cast<double>(n.unscaled) / std::pow(10.0, n.scale);
        double exact = 0;
        if (!n.separators && parse_float(t, exact)) out.number = exact;
      } else {
        good = parse_float(t, out.number);
      }
      break;
    case Type::boolean: {
      bool yes = false;
      good = parse_boolean(t, yes) || (t == "1" && (yes = true)) || t == "0";
      out.integer = yes ? 1 : 0;
      break;
    }
    case Type::date: {
      std::int32_t days = 0;
      good = parse_date(t, true, days);
      out.integer = days;
      break;
    }
    case Type::datetime:
      good = parse_datetime(t, true, out.integer);
      break;
    case Type::time:
      good = parse_time(t, out.integer);
      break;
    case Type::text:
      break;
  }
  if (good) {
    out.state = TypedCell::State::set;
    return true;
  }
  return means_empty(t);
}

void RowConverter::begin(std::uint64_t line) {
  line_ = line;
  misfits_.clear();
}

bool RowConverter::cell(std::size_t i, std::string_view raw, TypedCell& out) {
  if (one(plan_[i], raw, out)) return true;
  misfits_.push_back({.line = line_,
                      .column = plan_[i].name,
                      .value = shorten(clean_text(raw), 200),
                      .reason = {expected_zh_[i], expected_en_[i]}});
  return false;
}

bool RowConverter::convert(const Record& record) {
  begin(record.line);
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    if (plan_[i].skip) continue;
    (void)cell(i, i < record.cells.size() ? record.cells[i] : std::string_view(), typed_);
  }
  return misfits_.empty();
}

}  // namespace qushu::tabular
