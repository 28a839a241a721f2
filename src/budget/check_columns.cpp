// Tables across. Heads of two and three rows do not survive extraction, so the relations between columns are learnt from the
// rows: one that nearly all rows obey, and not by zeros alone, is the table's, and a row that breaks it is a contradiction.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

struct FullRow {
  const Segment* segment = nullptr;
  std::vector<const Cell*> cells;
};

struct Relation {
  std::size_t total = 0, from = 0, to = 0;  // total = the sum of the columns [from, to]
};

class Columns {
 public:
  Columns(Checking& c, const TableView& view, std::size_t segment) : c_(c), view_(view), segment_(segment) {}

  // `sums`: also what adds up across; else only 增减.
  void check(bool sums) {
    collect();
    auto n = view_.width[segment_];
    if (n < 3 || n > 16 || rows_.empty()) return;
    std::vector<Relation> found;
    for (std::size_t total = 0; sums && total < n; ++total)
      for (std::size_t from = 0; from < n; ++from)
        for (auto to = from + 1; to < n; ++to)
          if ((total < from || total > to) && learnt({.total = total, .from = from, .to = to}))
            found.push_back({.total = total, .from = from, .to = to});
    for (const auto& row : rows_) check_row(row, found);
    if (n >= 4 || contains_any(view_.table->head, {U"增减"})) check_change();
    check_ratios();
  }

 private:
  void collect() {
    auto n = view_.width[segment_];
    for (const auto& row : view_.table->rows) {
      if (segment_ >= row.segments.size() || row.segments[segment_].cells.size() != n) continue;
      FullRow full{.segment = &row.segments[segment_]};
      for (const auto& cell : row.segments[segment_].cells) full.cells.push_back(&cell);
      rows_.push_back(std::move(full));
    }
  }

  [[nodiscard]] std::int64_t half() const { return c_.model().rounding(view_); }
  [[nodiscard]] static std::int64_t value(const Cell* cell) { return cell->kind == CellKind::number ? cell->value.micro : 0; }

  [[nodiscard]] bool usable(const FullRow& row, const Relation& r) const {
    for (auto i = r.from; i <= r.to; ++i)
      if (row.cells[i]->kind == CellKind::percent) return false;
    return row.cells[r.total]->kind == CellKind::number;
  }
  [[nodiscard]] static std::int64_t sum(const FullRow& row, const Relation& r) {
    std::int64_t out = 0;
    for (auto i = r.from; i <= r.to; ++i) out += value(row.cells[i]);
    return out;
  }
  [[nodiscard]] bool holds(const FullRow& row, const Relation& r) const {
    return std::abs(value(row.cells[r.total]) - sum(row, r)) <= half() * static_cast<std::int64_t>(r.to - r.from + 2);
  }

  [[nodiscard]] bool learnt(const Relation& r) const {
    std::size_t usable_rows = 0, kept = 0, strong = 0;
    for (const auto& row : rows_) {
      if (!usable(row, r)) continue;
      ++usable_rows;
      if (!holds(row, r)) continue;
      ++kept;
      std::size_t parts = 0;
      for (auto i = r.from; i <= r.to; ++i) parts += value(row.cells[i]) != 0 ? 1U : 0U;
      if (parts >= 2) ++strong;
    }
    if (named(r) && strong + 1 >= usable_rows && usable_rows >= 2) return true;
    if (named(r) && usable_rows == 1) return true;
    return kept >= 3 && strong >= 1 && usable_rows > 0 && kept * 5 >= usable_rows * 4 &&
           (kept < usable_rows ? strong >= 2 : true);
  }

  // The head itself says so.
  [[nodiscard]] bool named(const Relation& r) const {
    const auto& columns = view_.columns[segment_];
    if (columns.size() != 3 || r.total != 0 || r.from != 1 || r.to != 2) return false;
    return columns[0].known && columns[0].part.empty() && !columns[1].part.empty() && !columns[2].part.empty();
  }

  void check_row(const FullRow& row, const std::vector<Relation>& relations) {
    for (std::size_t total = 0; total < row.cells.size(); ++total) {
      const Relation* broken = nullptr;
      bool kept = false;
      for (const auto& r : relations) {
        if (r.total != total || !usable(row, r)) continue;
        c_.counted();
        if (holds(row, r))
          kept = true;
        else if (broken == nullptr || r.to - r.from > broken->to - broken->from)
          broken = &r;
      }
      if (kept || broken == nullptr) continue;
      return report(row, *broken);
    }
  }

  void report(const FullRow& row, const Relation& r) {
    const auto* total = row.cells[r.total];
    Finding f{.kind = Kind::sum, .confidence = 90};
    f.expected = to_text(sum(row, r), std::max(total->value.digits, 2));
    f.found = to_text(value(total), total->value.digits);
    f.unit = name(view_.unit);
    auto label = encoded(row.segment->label);
    f.message = {fmt::format("“{}”一行第 {} 列为 {}，第 {} 至 {} 列相加为 {}；表中其他各行均相符。", label, r.total + 1,
                             f.found, r.from + 1, r.to + 1, f.expected),
                 fmt::format("In the row “{}” column {} is {}, columns {} to {} add up to {}; in the other rows they agree.",
                             label, r.total + 1, f.found, r.from + 1, r.to + 1, f.expected)};
    f.places = {c_.place(total->mark)};
    for (auto i = r.from; i <= r.to; ++i)
      if (row.cells[i]->kind == CellKind::number) c_.quote(f, row.cells[i]->mark);
    c_.add(std::move(f));
  }

  // --- 增减额, 增减% -------------------------------------------------------------------------------------------------------

  struct Difference {
    std::size_t before, now, by;
  };

  void check_change() {
    auto n = view_.width[segment_];
    // The difference stands behind what it is the difference of: from the right, so that 项目 = 合计 - 基本 is not taken for
    // it.
    for (std::size_t by = n - 1; by >= 2; --by)
      for (std::size_t before = 0; before < by; ++before)
        for (std::size_t now = 0; now < by; ++now) {
          Difference d{.before = before, .now = now, .by = by};
          if (before == now || !learnt(d)) continue;
          check_difference(d);
          if (by + 1 < n) check_rate(d, by + 1);
          return;
        }
  }

  [[nodiscard]] bool holds(const FullRow& row, const Difference& d) const {
    return std::abs(value(row.cells[d.now]) - value(row.cells[d.before]) - value(row.cells[d.by])) <= half() * 3;
  }
  [[nodiscard]] bool learnt(const Difference& d) const {
    std::size_t kept = 0, strong = 0, all = 0;
    for (const auto& row : rows_) {
      bool amounts = row.cells[d.now]->kind != CellKind::percent && row.cells[d.before]->kind != CellKind::percent &&
                     row.cells[d.by]->kind != CellKind::percent;
      if (!amounts) return false;
      ++all;
      if (!holds(row, d)) continue;
      ++kept;
      if (value(row.cells[d.by]) != 0 && value(row.cells[d.before]) != 0) ++strong;
    }
    return contains_any(without_spaces(view_.table->head), {U"增减", U"比上年", U"变动", U"差额"}) && kept >= 2 &&
           strong >= 2 && kept * 3 >= all * 2;
  }

  void check_difference(const Difference& d) {
    for (const auto& row : rows_) {
      c_.counted();
      if (holds(row, d)) continue;
      change(row, row.cells[d.by], value(row.cells[d.now]) - value(row.cells[d.before]), std::string(name(view_.unit)), 2);
    }
  }

  // --- 占预算% -----------------------------------------------------------------------------------------------------------

  // Columns of the head's "%": nearly all rows hold the same two columns' ratio there.
  void check_ratios() {
    auto n = view_.width[segment_];
    auto signs = static_cast<std::size_t>(std::ranges::count(view_.table->head, U'%')) / view_.width.size();
    for (auto column = n - std::min(signs, n - 1); column < n; ++column) check_ratios_of(column);
  }

  void check_ratios_of(std::size_t column) {
    for (std::size_t of = 0; of < column; ++of)
      for (std::size_t part = 0; part < column; ++part)
        if (of != part && check_ratio(column, part, of)) return;
  }

  bool check_ratio(std::size_t column, std::size_t part, std::size_t of) {
    auto ratio = [&](const FullRow& row) { return scaled(value(row.cells[part]), 100 * kMicro, value(row.cells[of])); };
    auto tested = [&](const FullRow& row) {
      auto amount = [&](std::size_t i) { return row.cells[i]->kind == CellKind::number; };
      return amount(part) && amount(of) && value(row.cells[of]) > 0 && value(row.cells[part]) != value(row.cells[of]) &&
             row.cells[column]->kind != CellKind::blank;
    };
    auto fits = [&](const FullRow& row) {
      const auto& said = row.cells[column]->value;
      auto rounding = scaled(2 * half(), 100 * kMicro, value(row.cells[of]));
      return std::abs(ratio(row) - said.micro) < last_place(said.digits) + rounding;
    };
    std::size_t all = 0, kept = 0;
    for (const auto& row : rows_) {
      if (!tested(row)) continue;
      ++all;
      kept += fits(row) ? 1U : 0U;
    }
    if (kept < 3 || kept * 5 < all * 4) return false;
    for (const auto& row : rows_) {
      if (!tested(row)) continue;
      c_.counted();
      if (fits(row)) continue;
      const auto* cell = row.cells[column];
      Finding f{.kind = Kind::percent, .confidence = 88};
      f.expected = percent_text(ratio(row), cell->value.digits);
      f.found = to_text(cell->value.micro, cell->value.digits);
      f.unit = "%";
      auto label = encoded(row.segment->label);
      f.message = {fmt::format("“{}”一行的比例应为 {}%，表中为 {}%。", label, f.expected, f.found),
                   fmt::format("In the row “{}” the ratio is {}%, the table says {}%.", label, f.expected, f.found)};
      f.places = {c_.place(cell->mark)};
      c_.add(std::move(f));
    }
    return true;
  }

  void check_rate(const Difference& d, std::size_t column) {
    auto rate = [&](const FullRow& row) -> std::optional<std::int64_t> {
      auto base = value(row.cells[d.before]);
      if (base == 0 || row.cells[column]->kind == CellKind::blank) return std::nullopt;
      return scaled(value(row.cells[d.now]) - base, 100 * kMicro, base);
    };
    auto fits = [&](const FullRow& row) {
      auto wanted = rate(row);
      return !wanted || std::abs(*wanted - row.cells[column]->value.micro) < last_place(row.cells[column]->value.digits);
    };
    auto tested = std::ranges::count_if(rows_, [&](const FullRow& row) { return rate(row).has_value(); });
    auto kept = std::ranges::count_if(rows_, [&](const FullRow& row) { return rate(row) && fits(row); });
    if (kept < 2 || kept * 3 < tested * 2) return;
    for (const auto& row : rows_) {
      c_.counted();
      if (!fits(row)) change(row, row.cells[column], *rate(row), "%", row.cells[column]->value.digits);
    }
  }

  void change(const FullRow& row, const Cell* cell, std::int64_t expected, const std::string& unit, int digits) {
    Finding f{.kind = Kind::year_on_year, .confidence = 90};
    f.expected = unit == "%" ? percent_text(expected, digits) : to_text(expected, digits);
    f.found = to_text(cell->value.micro, cell->value.digits);
    f.unit = unit;
    auto label = encoded(row.segment->label);
    f.message = {
        fmt::format("“{}”一行的增减应为 {}{}，表中为 {}{}。", label, f.expected, unit, f.found, unit),
        fmt::format("In the row “{}” the change is {} {}, the table says {} {}.", label, f.expected, unit, f.found, unit)};
    f.places = {c_.place(cell->mark)};
    c_.add(std::move(f));
  }

  Checking& c_;
  const TableView& view_;
  std::size_t segment_;
  std::vector<FullRow> rows_;
};

// The one row of the three publics: 合计 and 小计 among six figures in one of their two orders.
void check_sangong(Checking& c, const TableView& view) {
  if (!view.table->title.contains(U"三公")) return;
  for (const auto& row : view.table->rows) {
    if (row.segments.size() != 1 || !row.segments[0].code.empty()) continue;
    const auto& cells = row.segments[0].cells;
    // What it costs to run the unit may stand behind them.
    bool running = cells.size() == 7 && contains_any(view.table->title + view.table->head, {U"机关运行"});
    bool whole = cells.size() == 6 || cells.size() == 12 || running;
    if (!whole && row.segments[0].label.empty() && cells.size() > 2)
      c.unclear(cells.front().mark, {"“三公”经费一行缺少单元格，无法确定各数所在的列，未核对。",
                                     "Cells of the three publics are missing; which figure is in which column is not known."});
    if (!whole) continue;
    if (std::ranges::any_of(cells, [](const Cell& cell) { return cell.kind == CellKind::percent; })) continue;
    for (std::size_t from = 0; from + 6 <= cells.size(); from += 6) {
      auto v = [&](std::size_t i) { return cells[from + i].kind == CellKind::number ? cells[from + i].value.micro : 0; };
      auto slack = 2 * last_place(2);
      auto near = [&](std::int64_t a, std::int64_t b) { return std::abs(a - b) <= slack; };
      bool newer_car = near(v(2), v(3) + v(4)), newer_all = near(v(0), v(1) + v(2) + v(5));
      bool older_car = near(v(3), v(4) + v(5)), older_all = near(v(0), v(1) + v(2) + v(3));
      c.counted();
      // The subtotal of the cars, which is in both of them, is what is wrong: the order is known by the row's other half.
      if (cells.size() == 12 && !(newer_car || newer_all || older_car || older_all)) {
        auto w = [&](std::size_t i) {
          const auto& cell = cells[6 - from + i];
          return cell.kind == CellKind::number ? cell.value.micro : 0;
        };
        bool newer = near(w(2), w(3) + w(4)) && near(w(0), w(1) + w(2) + w(5)) && w(3) + w(4) != 0;
        bool older = near(w(3), w(4) + w(5)) && near(w(0), w(1) + w(2) + w(3)) && w(4) + w(5) != 0;
        if (newer != older) (newer ? newer_all : older_all) = true;
      }
      if ((newer_car && newer_all) || (older_car && older_all) || !(newer_car || newer_all || older_car || older_all)) continue;
      Finding f{.kind = Kind::sum, .confidence = 85};
      bool car = newer_all || older_all;
      bool newer = newer_all || newer_car;
      auto expected = car ? (newer ? v(3) + v(4) : v(4) + v(5)) : (newer ? v(1) + v(2) + v(5) : v(1) + v(2) + v(3));
      const auto& total = cells[from + (car ? (newer ? 2U : 3U) : 0U)];
      f.expected = to_text(expected, 2);
      f.found = to_text(total.kind == CellKind::number ? total.value.micro : 0, total.value.digits);
      f.unit = name(view.unit);
      f.message = {fmt::format("“三公”经费{}为 {}，各项相加为 {}。", car ? "公务用车小计" : "合计", f.found, f.expected),
                   fmt::format("Of the three publics, the {} is {}, its details add up to {}.",
                               car ? "cars' subtotal" : "total", f.found, f.expected)};
      f.places = {c.place(total.kind == CellKind::blank ? cells[from].mark : total.mark)};
      c.add(std::move(f));
    }
  }
}

// "年度资金总额 300 330 320 10 96.97% 9.7": 年初预算数, 全年预算数, 全年执行数, 分值, 执行率.
void check_execution(Checking& c, const TableView& view) {
  auto head = without_spaces(view.table->head);
  for (const auto& row : view.table->rows)
    for (const auto& s : row.segments) head += s.cells.empty() ? s.label : U"";
  if (!head.contains(U"执行率") || !head.contains(U"全年预算数") || !contains_any(head, {U"全年执行数", U"全年支出数"})) return;
  for (const auto& row : view.table->rows) {
    if (row.segments.size() != 1 || !contains_any(row.segments[0].label, {U"资金总额"})) continue;
    const auto& cells = row.segments[0].cells;
    auto rate = std::ranges::find(cells, CellKind::percent, &Cell::kind);
    auto at = rate - cells.begin();
    bool amounts = rate != cells.end() && (at == 3 || at == 4) &&
                   std::all_of(cells.begin(), cells.begin() + 3, [](const Cell& x) { return x.kind == CellKind::number; });
    if (!amounts) continue;
    const auto &first = cells[0].value, &year = cells[1].value, &spent = cells[2].value;
    if (year.micro <= 0) continue;
    c.counted();
    auto near = [&](std::int64_t of) {
      if (of <= 0) return false;
      auto place = last_place(std::min(year.digits, spent.digits));
      auto slack = last_place(rate->value.digits) + scaled(place, 100 * kMicro, of);
      return std::abs(scaled(spent.micro, 100 * kMicro, of) - rate->value.micro) <= slack;
    };
    if (near(year.micro) || near(first.micro)) continue;
    Finding f{.kind = Kind::percent, .confidence = 85};
    f.expected = percent_text(scaled(spent.micro, 100 * kMicro, year.micro), std::max(rate->value.digits, 2));
    f.found = to_text(rate->value.micro, rate->value.digits);
    f.unit = "%";
    f.message = {fmt::format("执行数与全年预算数之比应为 {}%，表中为 {}%。", f.expected, f.found),
                 fmt::format("What was spent is {}% of the year's budget, the table says {}%.", f.expected, f.found)};
    f.places = {c.place(rate->mark)};
    c.add(std::move(f));
  }
}

}  // namespace

void check_columns(Checking& c) {
  for (const auto& view : c.model().tables) {
    if (contains_any(view.table->title, {U"资产", U"指标"})) continue;
    check_sangong(c, view);
    check_execution(c, view);
    for (std::size_t s = 0; s < view.width.size(); ++s) Columns(c, view, s).check(!view.table->title.contains(U"三公"));
  }
}

}  // namespace qushu::budget
