// Tables downwards. A total stands above or below its items; classes of a classification add up to the one above them.
#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kLongList = 2000;

struct Item {
  const Segment* segment = nullptr;
  const Cell* cell = nullptr;   // nullptr: blank
  const Cell* share = nullptr;  // the percentage beside it
  std::size_t row = 0;
  int level = 0;
  bool total = false;  // 合计
  bool grand = false;  // 总计: 合计 with what was carried over
  std::int64_t value = 0;
};

bool is_total_label(std::u32string_view label) {
  // 按功能分类"合计", "收入合计"; a column head "合计 金额" is no row.
  return ends_with_any(label, {U"合计", U"总计", U"总计:", U"合计:"}) || label == U"小计";
}

bool is_carried(const Item& item) {
  return contains_any(item.segment->label, {U"结转", U"结余", U"弥补"});
}

// "公务用车保有量（辆）" below a table of amounts is none.
bool counts_things(std::u32string_view label) {
  return !is_total_label(label) && ends_with_any(label, {U"(辆)", U"(个)", U"(批)", U"(次)", U"(人)", U"(台)", U"(台、套)",
                                                         U"(套)", U"(台(套))", U"批次(个)", U"(人次)", U"(批次)", U"(户)"});
}

class Lists {
 public:
  Lists(Checking& c, const TableView& view, std::size_t segment, std::size_t column)
      : c_(c), view_(view), segment_(segment), column_(column) {
    counts_ = contains_any(without_spaces(view.table->head), {U"数量", U"单价"});
  }

  void check() {
    collect();
    if (items_.size() < 2 || !sure_ || is_rate()) return;
    bool coded = std::ranges::any_of(items_, [](const Item& i) { return !i.segment->code.empty(); });
    if (coded) {
      check_codes();
    } else {
      check_totals();
      check_nested();
      check_funds();
    }
    // Where most sums fail it is no column of amounts: a rate, an average, a number of years.
    if (found_.size() >= 3 && found_.size() * 2 > sums_) {
      c_.unclear(found_.front().second, {"这一列的各项相加多数与合计不符，可能不是可以相加的数，未核对。",
                                         "Most of this column's details do not add up; it may hold no amounts. Not checked."});
      return;
    }
    for (auto& [finding, _] : found_) c_.add(std::move(finding));
  }

 private:
  // "占调整预算%", "增减%", "完成率" of the head: the last columns, printed without the sign; as many as the head has signs.
  [[nodiscard]] bool is_rate() const {
    auto head = without_spaces(view_.table->head);
    auto signs = static_cast<std::size_t>(std::ranges::count(head, U'%')) / std::max<std::size_t>(view_.width.size(), 1);
    return column_ >= 1 && column_ + std::max<std::size_t>(signs, 1) >= view_.width[segment_] &&
           contains_any(head, {U"%", U"增幅", U"增长率", U"完成率", U"执行率", U"占比", U"比例"});
  }

  void collect() {
    for (std::size_t r = 0; r < view_.table->rows.size(); ++r) {
      const auto& row = view_.table->rows[r];
      if (segment_ >= row.segments.size()) continue;
      const auto& s = row.segments[segment_];
      if (s.label.empty() && s.code.empty()) continue;
      bool certain = true;
      // Of a total that leaves quantities and prices blank, the one figure is the last column's.
      bool counted = counts_ && s.cells.size() == 1 && view_.width[segment_] > 1 && !row.exact && is_total_label(s.label);
      const auto* cell = !counted                               ? cell_at(view_, row, segment_, column_, certain)
                         : column_ + 1 == view_.width[segment_] ? s.cells.data()
                                                                : nullptr;
      // Which column the others' belong to is not known.
      if (counts_ && !counted && s.cells.size() < view_.width[segment_] && !row.exact) certain = false;
      if (!certain) sure_ = false;
      if (cell != nullptr && cell->kind == CellKind::percent) return items_.clear();
      Item item{.segment = &s,
                .cell = cell != nullptr && cell->kind == CellKind::number ? cell : nullptr,
                .row = r,
                .level = s.number.level};
      item.total = is_total_label(s.label);
      item.grand = item.total && s.label.contains(U"总计");
      if (item.cell != nullptr) item.value = cell->value.micro;
      if (item.cell != nullptr && column_ + 1 < s.cells.size() && s.cells[column_ + 1].kind == CellKind::percent)
        item.share = &s.cells[column_ + 1];
      items_.push_back(item);
    }
    bool summed = std::ranges::any_of(items_, [](const Item& i) { return i.total; });
    while (summed && counts_things(items_.back().segment->label)) items_.pop_back();
  }

  [[nodiscard]] std::int64_t half() const { return c_.model().rounding(view_); }
  [[nodiscard]] bool close(std::int64_t a, std::int64_t b, std::size_t parts) const {
    return std::abs(a - b) <= half() * static_cast<std::int64_t>(parts + 1);
  }

  void report(const Item& total, const std::vector<const Item*>& parts, std::int64_t expected, int confidence) {
    int digits = std::max(total.cell->value.digits, 2);
    Finding f{.kind = Kind::sum, .severity = confidence >= 80 ? Severity::error : Severity::warning, .confidence = confidence};
    f.expected = to_text(expected, digits);
    f.found = to_text(total.value, total.cell->value.digits);
    f.unit = name(view_.unit_known ? view_.unit : Unit::wan);
    auto label = encoded(total.segment->label);
    f.message = {
        fmt::format("“{}”为 {}，其下各项相加为 {}，相差 {}。", label, f.found, f.expected, to_text(total.value - expected, 0)),
        fmt::format("“{}” is {}, its details add up to {}: a difference of {}.", label, f.found, f.expected,
                    to_text(total.value - expected, 0))};
    f.places.push_back(c_.place(total.cell->mark));
    for (const auto* part : parts)
      if (part->cell != nullptr && f.places.size() < 40) f.places.push_back(c_.place(part->cell->mark));
    found_.emplace_back(std::move(f), total.cell->mark);
  }

  void count() {
    ++sums_;
    c_.counted();
  }

  // --- classifications -----------------------------------------------------------------------------------------------

  void check_codes() {
    std::vector<const Item*> top;
    std::size_t shortest = 9;
    for (const auto& i : items_)
      if (!i.segment->code.empty()) shortest = std::min(shortest, i.segment->code.size());
    for (std::size_t k = 0; k < items_.size(); ++k) {
      const auto& item = items_[k];
      const auto& code = item.segment->code;
      if (code.empty()) continue;
      if (code.size() == shortest) top.push_back(&item);
      check_class(k);
    }
    // The same class twice: several units or years in one table, which has no one total.
    std::set<std::u32string_view> codes;
    for (const auto* i : top)
      if (!codes.insert(i->segment->code).second) return;
    for (const auto& item : items_)
      if (item.total && item.cell != nullptr && item.segment->code.empty() && !top.empty()) check_total_of(item, top);
  }

  void check_class(std::size_t k) {
    const auto& parent = items_[k];
    if (parent.cell == nullptr) return;
    const auto& code = parent.segment->code;
    std::vector<const Item*> children;
    std::size_t length = 9;
    for (std::size_t i = k + 1;
         i < items_.size() && items_[i].segment->code.starts_with(code) && items_[i].segment->code.size() > code.size(); ++i)
      length = std::min(length, items_[i].segment->code.size());
    std::int64_t sum = 0;
    for (std::size_t i = k + 1;
         i < items_.size() && items_[i].segment->code.starts_with(code) && items_[i].segment->code.size() > code.size(); ++i) {
      if (items_[i].segment->code.size() != length) continue;
      children.push_back(&items_[i]);
      sum += items_[i].value;
    }
    if (children.empty()) return;
    count();
    if (!close(parent.value, sum, children.size())) report(parent, children, sum, 95);
  }

  void check_total_of(const Item& total, const std::vector<const Item*>& top) {
    std::int64_t sum = 0;
    for (const auto* i : top) sum += i->value;
    count();
    if (close(total.value, sum, top.size())) return;
    // Tables side by side: a total may cover what goes on in the columns to the left or right.
    for (std::size_t from = 0; from < view_.width.size(); ++from)
      for (std::size_t to = from; to < view_.width.size(); ++to)
        if (auto other = sum_of_tops(from, to); other && close(total.value, *other, top.size() + 4)) return;
    if (sum < total.value && goes_on()) return;
    report(total, top, sum, view_.width.size() > 1 ? 75 : 95);
  }

  // A page's head stands between the rows: what follows without a title of its own begins with a class, not with a total.
  [[nodiscard]] bool goes_on() const {
    const auto& tables = c_.model().tables;
    auto next = static_cast<std::size_t>(&view_ - tables.data()) + 1;
    if (next >= tables.size() || !tables[next].table->title.empty()) return false;
    const auto& rows = tables[next].table->rows;
    return !rows.empty() && !rows.front().segments.empty() && !rows.front().segments.front().code.empty();
  }

  [[nodiscard]] std::optional<std::int64_t> sum_of_tops(std::size_t from, std::size_t to) const {
    std::int64_t sum = 0;
    for (const auto& row : view_.table->rows)
      for (std::size_t s = from; s <= to && s < row.segments.size(); ++s) {
        if (row.segments[s].code.size() != 3) continue;
        bool certain = true;
        const auto* cell = cell_at(view_, row, s, column_, certain);
        if (!certain) return std::nullopt;
        if (cell != nullptr && cell->kind == CellKind::number) sum += cell->value.micro;
      }
    return sum;
  }

  // --- lists with a total --------------------------------------------------------------------------------------------

  // A label alone right above a total opens a new list.
  [[nodiscard]] bool opens_list(std::size_t k) const {
    if (!items_[k].total || items_[k].cell == nullptr || items_[k].row == 0) return false;
    const auto& above = view_.table->rows[items_[k].row - 1];
    return !above.blank && above.segments.size() == 1 && above.segments[0].cells.empty() &&
           above.segments[0].number.level == 0 && !above.segments[0].of_which;
  }

  void check_totals() {
    std::size_t begin = 0;
    for (std::size_t k = 1; k <= items_.size(); ++k) {
      if (k < items_.size() && !opens_list(k)) continue;
      check_totals_between(begin, k);
      begin = k;
    }
  }

  void check_totals_between(std::size_t begin, std::size_t end) {
    std::vector<std::size_t> totals;
    for (std::size_t k = begin; k < end; ++k)
      if (items_[k].total && items_[k].cell != nullptr) totals.push_back(k);
    if (totals.empty()) return;
    auto valued = [&](std::size_t from, std::size_t to) {
      return std::count_if(items_.begin() + static_cast<std::ptrdiff_t>(from), items_.begin() + static_cast<std::ptrdiff_t>(to),
                           [](const Item& i) { return i.cell != nullptr && !i.total; });
    };
    bool first = valued(begin, totals.front()) == 0, last = valued(totals.back() + 1, end) == 0;
    // 本年支出合计, what is carried over, 支出总计: the items of the year stand elsewhere.
    if (first && last && totals.size() == 2 && items_[totals[1]].grand && !items_[totals[0]].grand &&
        all_carried(totals[0] + 1, totals[1]))
      first = false;
    if (first == last) return;
    for (std::size_t n = 0; n < totals.size(); ++n) {
      auto from = first ? totals[n] + 1 : n == 0 ? begin : totals[n - 1] + 1;
      auto to = first ? (n + 1 < totals.size() ? totals[n + 1] : end) : totals[n];
      const Item* carried = !first && n > 0 ? &items_[totals[n - 1]] : nullptr;
      check_list(items_[totals[n]], from, to, carried);
    }
  }

  void check_list(const Item& total, std::size_t from, std::size_t to, const Item* before) {
    std::vector<const Item*> numbered, all;
    int level = 9;
    for (auto k = from; k < to; ++k)
      if (items_[k].level > 0 && items_[k].cell != nullptr && !items_[k].segment->of_which)
        level = std::min(level, items_[k].level);
    for (auto k = from; k < to; ++k) {
      const auto& i = items_[k];
      if (i.cell == nullptr || i.segment->of_which || i.total) continue;
      if (i.level == level) numbered.push_back(&i);
      if (i.level == level || i.level == 0) all.push_back(&i);
    }
    auto sum_of = [](const std::vector<const Item*>& list) {
      std::int64_t sum = 0;
      for (const auto* i : list) sum += i->value;
      return sum;
    };
    auto flat = without_nested(all);
    bool grand_after = total.grand && before != nullptr && !before->grand;
    std::int64_t carried = grand_after ? before->value : 0;
    if (all.empty() && !grand_after) return;
    count();
    // "年初结转和结余" with the funds that it is made of below it, unmarked.
    std::vector<const Item*> carried_over;
    for (const auto* i : all)
      if (is_carried(*i)) carried_over.push_back(i);
    auto once = without_repeated(flat);
    for (const auto* list : {&numbered, &all, &flat, &once, &carried_over}) {
      if (list == &carried_over && !grand_after) continue;
      if (grand_after && list == &numbered) continue;
      bool used = !list->empty() || grand_after;
      if (used && (close(total.value, sum_of(*list) + carried, list->size() + 1) ||
                   (!list->empty() && close(total.value, sum_of(*list), list->size())))) {
        check_shares(total, *list);
        return;
      }
    }
    if (numbered.empty() && !grand_after && explained_by_nested(total, from, to, sum_of(all))) return;
    // Nothing carried over stands between 本年合计 and 总计 in this column: equal, or not comparable.
    if (all.empty() && grand_after) {
      if (auto above = carried_above(*before); !above.empty()) {
        auto whole = before->value + sum_of(above);
        if (above.front()->segment->of_which || close(total.value, whole, above.size() + 1)) return;
        above.push_back(before);
        return report(total, above, whole, 80);
      }
      if (total.segment->label.contains(U"收入") != before->segment->label.contains(U"收入")) return;
      return report(total, {before}, before->value, 80);
    }
    // One item under a total of other things says little.
    if (all.size() < 2 && numbered.empty() && !grand_after) return;
    auto parts = numbered.empty() ? flat : numbered.size() >= 2 || all.size() == numbered.size() ? numbered : all;
    if (grand_after) parts = all;
    auto expected = sum_of(parts) + carried;
    if (grand_after) parts.insert(parts.begin(), before);
    report(total, parts, expected, numbered.empty() ? 75 : 90);
  }

  [[nodiscard]] bool all_carried(std::size_t from, std::size_t to) const {
    return std::all_of(items_.begin() + static_cast<std::ptrdiff_t>(from), items_.begin() + static_cast<std::ptrdiff_t>(to),
                       [](const Item& i) { return is_carried(i); });
  }

  // What was carried over stands above the year's own: "年初结转", "本年收入合计", "收入总计".
  [[nodiscard]] std::vector<const Item*> carried_above(const Item& own) const {
    std::vector<const Item*> out;
    for (const auto* i = &own; i != items_.data();) {
      --i;
      if (i->total || !is_carried(*i)) break;
      if (i->cell != nullptr && i->value != 0) out.insert(out.begin(), i);
    }
    return out;
  }

  // Unnumbered lists: an item that is the sum of those after it is their total, not one of them.
  [[nodiscard]] std::vector<const Item*> without_nested(const std::vector<const Item*>& all) const {
    std::vector<const Item*> out;
    if (all.size() > kLongList) return all;
    for (std::size_t k = 0; k < all.size(); ++k) {
      out.push_back(all[k]);
      std::int64_t sum = 0;
      for (std::size_t n = k + 1; n < all.size(); ++n) {
        sum += all[n]->value;
        if (n > k + 1 && all[k]->value != 0 && close(sum, all[k]->value, n - k)) {
          k = n;
          break;
        }
      }
    }
    return out;
  }

  // "财政拨款 23.07" over "一般公共预算 23.07": the same amount once more below it.
  [[nodiscard]] static std::vector<const Item*> without_repeated(const std::vector<const Item*>& all) {
    std::vector<const Item*> out;
    for (const auto* i : all)
      if (out.empty() || i->value == 0 || out.back()->value != i->value) out.push_back(i);
    return out;
  }

  // "其中：城管执法 98", "社区设施 80": what stands below a 其中 may go on with it, so far as that explains the total.
  [[nodiscard]] bool explained_by_nested(const Item& total, std::size_t from, std::size_t to, std::int64_t sum) const {
    for (auto k = from; k < to; ++k) {
      if (!items_[k].segment->of_which) continue;
      auto rest = sum;
      for (auto i = k + 1; i < to && !items_[i].total; ++i) {
        if (items_[i].segment->of_which) continue;
        rest -= items_[i].value;
        if (close(total.value, rest, to - from)) return true;
      }
    }
    return false;
  }

  // 占比 beside the amounts of a list whose total holds.
  void check_shares(const Item& total, const std::vector<const Item*>& parts) {
    auto head = without_spaces(view_.table->head);
    if (!contains_any(head, {U"占比", U"比重", U"占总", U"所占"}) || total.value == 0) return;
    for (const auto* part : parts) {
      if (part->share == nullptr) continue;
      auto share = scaled(part->value, 100 * kMicro, total.value);
      c_.counted();
      if (std::abs(share - part->share->value.micro) < last_place(part->share->value.digits)) continue;
      Finding f{.kind = Kind::percent, .confidence = 90};
      f.expected = percent_text(share, std::max(part->share->value.digits, 2));
      f.found = to_text(part->share->value.micro, part->share->value.digits);
      f.unit = "%";
      f.message = {
          fmt::format("“{}”占合计的 {}%，表中为 {}%。", encoded(part->segment->label), f.expected, f.found),
          fmt::format("“{}” is {}% of the total, the table says {}%.", encoded(part->segment->label), f.expected, f.found)};
      f.places = {c_.place(part->share->mark), c_.place(total.cell->mark)};
      c_.add(std::move(f));
    }
  }

  // 年度资金总额 over 财政拨款 and 其他资金, of a project.
  void check_funds() {
    for (std::size_t k = 0; k + 1 < items_.size(); ++k) {
      if (items_[k].cell == nullptr || !contains_any(items_[k].segment->label, {U"资金总额"})) continue;
      std::vector<const Item*> parts;
      std::int64_t sum = 0;
      for (auto i = k + 1; i < items_.size() && i < k + 5; ++i) {
        if (!ends_with_any(items_[i].segment->label,
                           {U"财政拨款", U"财政拨款:", U"其他资金", U"其他资金:", U"自有资金", U"其他", U"上级补助资金",
                            U"本级财政资金", U"结转资金", U"结转资金:", U"上年结转", U"结转结余", U"单位资金", U"单位资金:",
                            U"非财政拨款", U"专户资金", U"财政资金", U"债券资金", U"基金"}))
          break;
        if (items_[i].cell == nullptr) continue;
        parts.push_back(&items_[i]);
        sum += items_[i].value;
      }
      if (parts.empty()) continue;
      count();
      if (!close(items_[k].value, sum, parts.size())) report(items_[k], parts, sum, 85);
    }
  }

  // 一、 over （一）（二）: the outer is the sum of the inner.
  void check_nested() {
    for (std::size_t k = 0; k + 1 < items_.size(); ++k) {
      const auto& parent = items_[k];
      if (parent.cell == nullptr || parent.level == 0 || parent.total) continue;
      std::vector<const Item*> children;
      bool plain = true;
      for (auto i = k + 1; i < items_.size() && (items_[i].level > parent.level || items_[i].level == 0) && !items_[i].total;
           ++i) {
        if (items_[i].level == 0 && items_[i].cell != nullptr) plain = false;
        if (items_[i].level == 0) continue;
        if (children.empty() && items_[i].segment->of_which && !parent.segment->label.contains(U"公务用车")) plain = false;
        if (children.empty() || items_[i].level == children.front()->level) children.push_back(&items_[i]);
      }
      auto valued = std::ranges::count_if(children, [](const Item* i) { return i->cell != nullptr; });
      if (!plain || valued < 1 || children.size() < 2 || children.front()->segment->number.ordinal != 1) continue;
      std::int64_t sum = 0;
      for (const auto* child : children) sum += child->value;
      count();
      if (!close(parent.value, sum, children.size())) report(parent, children, sum, 85);
    }
  }

  Checking& c_;
  const TableView& view_;
  std::size_t segment_, column_;
  std::vector<Item> items_;
  bool sure_ = true, counts_ = false;  // counts_: the head has a column of quantities
  std::vector<std::pair<Finding, Mark>> found_;
  std::size_t sums_ = 0;
};

// 收入总计 and 支出总计 on one row.
void check_balance(Checking& c, const TableView& view) {
  for (const auto& row : view.table->rows) {
    const Cell* income = nullptr;
    const Cell* spent = nullptr;
    for (const auto& s : row.segments) {
      if (s.cells.empty() || s.cells[0].kind != CellKind::number) continue;
      bool total = s.label == U"收入总计" || s.label == U"支出总计" || s.label == U"总计" || s.label == U"收入合计" ||
                   s.label == U"支出合计";
      if (!total) continue;
      if (income == nullptr && !s.label.starts_with(U"支出"))
        income = &s.cells[0];
      else if (spent == nullptr && !s.label.starts_with(U"收入"))
        spent = &s.cells[0];
    }
    bool grand = std::ranges::any_of(row.segments, [](const Segment& s) { return s.label.contains(U"总计"); });
    if (income == nullptr || spent == nullptr || !grand) continue;
    c.counted();
    if (income->value.micro == spent->value.micro) continue;
    auto unit = std::string(name(view.unit));
    Finding f{.kind = Kind::balance, .confidence = 95};
    f.expected = to_text(income->value.micro, income->value.digits);
    f.found = to_text(spent->value.micro, spent->value.digits);
    f.unit = unit;
    f.message = {fmt::format("收入总计 {}，支出总计 {}，收支不相等。", f.expected, f.found),
                 fmt::format("Total income is {}, total expenditure {}: they differ.", f.expected, f.found)};
    f.places = {c.place(spent->mark), c.place(income->mark)};
    c.add(std::move(f));
  }
}

}  // namespace

void check_lists(Checking& c) {
  for (const auto& view : c.model().tables) {
    // Counts of assets and goals are no amounts.
    if (contains_any(view.table->title, {U"资产", U"人员情况", U"指标"})) continue;
    for (std::size_t s = 0; s < view.width.size(); ++s)
      for (std::size_t i = 0; i < view.width[s]; ++i) Lists(c, view, s, i).check();
    check_balance(c, view);
  }
}

}  // namespace qushu::budget
