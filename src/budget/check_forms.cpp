// Forms whose rows have a rule of their own: a head figure over its numbered parts, quantity times price, the scores of a
// self-evaluation. The rule is taken from the rows that keep it; the one that does not is reported.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

// The words above row `r`: those of the rows without figures right above it, or of the table's head.
std::u32string head_above(const Table& table, std::size_t r) {
  std::u32string out;
  while (r > 0 && has_numbers(table.rows[r - 1])) --r;
  for (; r > 0 && !has_numbers(table.rows[r - 1]); --r)
    for (const auto& s : table.rows[r - 1].segments) out.insert(0, s.label + U' ');
  return r == 0 ? without_spaces(table.head) + out : out;
}

bool is_total_label(std::u32string_view label) {
  return ends_with_any(label, {U"合计", U"总计", U"小计", U"合计:", U"总计:"});
}

// --- "三公经费 10 12 9" over "1、… 2、… 3、…" --------------------------------------------------------------------------------

class Parts {
 public:
  Parts(Checking& c, const TableView& view) : c_(c), view_(view) {}

  void check() {
    for (std::size_t r = 0; r + 2 < view_.table->rows.size(); ++r)
      if (const auto* head = segment_of(r); head != nullptr && head->number.level == 0 && !head->of_which &&
                                            head->code.empty() && head->cells.size() >= 2 && !head->label.empty() &&
                                            !is_total_label(head->label))
        check_below(*head, r);
  }

 private:
  [[nodiscard]] const Segment* segment_of(std::size_t r) const {
    const auto& row = view_.table->rows[r];
    return row.segments.size() == 1 ? &row.segments[0] : nullptr;
  }

  void check_below(const Segment& head, std::size_t r) {
    const auto* first = segment_of(r + 1);
    if (first == nullptr || first->number.level == 0 || first->number.ordinal != 1) return;
    std::vector<const Segment*> parts;
    for (auto at = r + 1; at < view_.table->rows.size(); ++at) {
      const auto* s = segment_of(at);
      if (s == nullptr || is_total_label(s->label)) break;
      if (s->number.level == 0 || s->number.level > first->number.level) continue;
      if (s->number.level < first->number.level || s->number.ordinal != static_cast<int>(parts.size()) + 1) break;
      if (s->cells.size() != head.cells.size()) return;
      parts.push_back(s);
    }
    auto words = head_above(*view_.table, r);
    if (parts.size() < 2 || contains_any(words, {U"率", U"比", U"%", U"幅", U"增减", U"得分"})) return;
    judge(head, parts);
  }

  // The columns keep it but for one.
  void judge(const Segment& head, const std::vector<const Segment*>& parts) {
    std::size_t kept = 0, strong = 0;
    std::vector<std::size_t> broken;
    for (std::size_t i = 0; i < head.cells.size(); ++i) {
      std::int64_t sum = 0;
      std::size_t filled = 0;
      for (const auto* part : parts) {
        if (part->cells[i].kind == CellKind::percent) return;
        if (part->cells[i].kind != CellKind::number) continue;
        sum += part->cells[i].value.micro;
        filled += part->cells[i].value.micro != 0 ? 1U : 0U;
      }
      if (head.cells[i].kind != CellKind::number) continue;
      auto slack = half() * static_cast<std::int64_t>(parts.size() + 1);
      if (std::abs(sum - head.cells[i].value.micro) > slack) {
        if (filled < 2) return;  // its parts were not filled in
        broken.push_back(i);
        continue;
      }
      ++kept;
      strong += filled >= 2 ? 1U : 0U;
    }
    c_.counted();
    if (broken.size() == 1 && strong >= 1 && kept >= 2) report(head, parts, broken[0]);
  }

  [[nodiscard]] std::int64_t half() const { return c_.model().rounding(view_); }

  void report(const Segment& head, const std::vector<const Segment*>& parts, std::size_t i) {
    std::int64_t sum = 0;
    for (const auto* part : parts) sum += part->cells[i].kind == CellKind::number ? part->cells[i].value.micro : 0;
    const auto& cell = head.cells[i];
    Finding f{.kind = Kind::sum, .confidence = 88};
    f.expected = to_text(sum, std::max(cell.value.digits, 2));
    f.found = to_text(cell.value.micro, cell.value.digits);
    f.unit = name(view_.unit);
    auto label = std::u32string_view(head.label);
    if (label.ends_with(U":")) label.remove_suffix(1);
    f.message = {
        fmt::format("“{}”第 {} 列为 {}，其下各项相加为 {}；其他各列均相符。", encoded(label), i + 1, f.found, f.expected),
        fmt::format("“{}” is {} in column {}, its parts add up to {}; in the other columns they agree.", encoded(label),
                    f.found, i + 1, f.expected)};
    f.places = {c_.place(cell.mark)};
    for (const auto* part : parts)
      if (part->cells[i].kind == CellKind::number) c_.quote(f, part->cells[i].mark);
    c_.add(std::move(f));
  }

  Checking& c_;
  const TableView& view_;
};

// --- the three publics, row by row
// --------------------------------------------------------------------------------------------

// What the rows of a table of the three publics are by their labels, in whatever order and numbering.
class Publics {
 public:
  Publics(Checking& c, const TableView& view, std::size_t segment) : c_(c), view_(view), segment_(segment) {}

  void check() {
    if (!read()) return;
    for (std::size_t i = 0; i < view_.width[segment_]; ++i) {
      if (rates_ && i > 1) return;
      for (auto whole : {"sangong.total", "again"}) compare(i, whole, {"sangong.abroad", "sangong.car", "sangong.reception"});
      compare(i, "sangong.car", {"sangong.car_purchase", "sangong.car_run"});
    }
  }

 private:
  // False where a row stands twice: of several units. Rows of 会议费 and the like are in the table's total, but in none that
  // bears the publics' name.
  bool read() {
    const auto& title = view_.table->title;
    bool only = title.contains(U"三公") && !contains_any(title, {U"会议", U"培训", U"其他交通"});
    bool named = false;
    // "增减率" without a sign is no amount.
    rates_ = contains_any(without_spaces(view_.table->head), {U"率", U"幅", U"比", U"%"});
    for (const auto& row : view_.table->rows) {
      if (segment_ >= row.segments.size()) continue;
      const auto& s = row.segments[segment_];
      if (s.cells.size() != view_.width[segment_]) continue;
      auto subject = s.code.empty() ? subject_of(s.label) : std::nullopt;
      std::string code = subject ? subject->code : "";
      // "（一）支出合计" below "一、“三公”经费支出" says the same again.
      if (named && code == "expenditure.year") code = "again";
      if (only && code.empty() && (s.label == U"合计" || s.label == U"总计")) code = "sangong.total";
      if ((!code.starts_with("sangong.") && code != "again") || code.starts_with("sangong.reception_")) continue;
      if (s.of_which && !code.starts_with("sangong.car")) continue;
      named = named || code == "sangong.total";
      auto [_, added] = rows_.try_emplace(code, &s);
      if (!added) return false;
    }
    return rows_.size() >= 3;
  }

  void compare(std::size_t column, std::string_view whole, std::initializer_list<std::string_view> codes) {
    auto total = rows_.find(whole);
    if (total == rows_.end() || total->second->cells[column].kind != CellKind::number) return;
    const auto& cell = total->second->cells[column];
    std::int64_t sum = 0;
    std::vector<const Cell*> parts;
    bool printed = false;
    for (auto code : codes) {
      auto part = rows_.find(code);
      if (part == rows_.end() || part->second->cells[column].kind == CellKind::percent) return;
      parts.push_back(&part->second->cells[column]);
      printed = printed || parts.back()->kind == CellKind::number;
      sum += parts.back()->kind == CellKind::number ? parts.back()->value.micro : 0;
    }
    if (!printed) return;
    c_.counted();
    auto half = c_.model().rounding(view_);
    auto by = cell.value.micro - sum;
    if (std::abs(by) <= half * static_cast<std::int64_t>(parts.size() + 1)) return;
    report(*total->second, column, parts, sum);
  }

  void report(const Segment& head, std::size_t column, const std::vector<const Cell*>& parts, std::int64_t sum) {
    const auto& cell = head.cells[column];
    Finding f{.kind = Kind::sum, .confidence = 85};
    f.expected = to_text(sum, std::max(cell.value.digits, 2));
    f.found = to_text(cell.value.micro, cell.value.digits);
    f.unit = name(view_.unit);
    auto label = encoded(head.label);
    f.message = {fmt::format("“{}”为 {}，表中各项相加为 {}。", label, f.found, f.expected),
                 fmt::format("“{}” is {}, its rows in the table add up to {}.", label, f.found, f.expected)};
    f.places = {c_.place(cell.mark)};
    for (const auto* part : parts)
      if (part->kind == CellKind::number) c_.quote(f, part->mark);
    // What a list has said already.
    if (std::ranges::none_of(c_.findings(), [&](const Finding& known) {
          return known.kind == Kind::sum && known.found == f.found && known.expected == f.expected &&
                 std::ranges::find(known.places, f.places.front()) != known.places.end();
        }))
      c_.add(std::move(f));
  }

  Checking& c_;
  const TableView& view_;
  std::size_t segment_;
  std::map<std::string, const Segment*, std::less<>> rows_;
  bool rates_ = false;
};

// --- 数量 × 单价 = 金额
// -------------------------------------------------------------------------------------------------------

struct Product {
  Decimal quantity, price, amount;
  Mark mark;  // of the amount
  std::u32string label;
  [[nodiscard]] std::int64_t value() const { return scaled(quantity.micro, price.micro, kMicro); }
  // Half a place of the price, so many times, and of the amount.
  [[nodiscard]] bool holds() const {
    auto slack = scaled(quantity.micro, last_place(price.digits), 2 * kMicro) + last_place(amount.digits) / 2 + 1;
    if (price.digits == 0) slack = 1;  // a round price is one
    return std::abs(value() - amount.micro) <= slack;
  }
};

// "4", "4台"
bool is_number(std::u32string_view token, Decimal& out) {
  std::size_t length = 0;
  auto value = read_decimal(token, length);
  if (!value || token.size() > length + 2) return false;
  for (auto c : token.substr(length))
    if (!is_han(c)) return false;
  out = *value;
  return true;
}

// The last three figures of the row.
bool product_of(std::u32string_view line, const Row& row, Product& out) {
  std::vector<std::pair<Decimal, Token>> numbers;
  bool words = false;
  for (const auto& token : tokens_of(line, line.contains(U'\t'))) {
    Decimal value;
    if (is_number(token.text, value)) {
      if (words) numbers.emplace_back(value, token);
    } else {
      words = words || std::ranges::any_of(token.text, is_han);
    }
  }
  if (numbers.size() != 3) return false;
  out.quantity = numbers[0].first;
  out.price = numbers[1].first;
  out.amount = numbers[2].first;
  const auto& last = numbers[2].second;
  out.mark = {.line = row.line, .begin = last.begin, .end = last.begin + last.text.size()};
  out.label = row.segments.front().label;
  return out.quantity.micro > 0 && out.price.micro > 0;
}

bool heads_products(std::u32string_view head) {
  auto quantity = head.find(U"数量"), price = head.find(U"单价");
  if (quantity == std::u32string_view::npos || price == std::u32string_view::npos || quantity > price) return false;
  auto after = head.substr(price);
  return contains_any(after, {U"金额", U"总价", U"总额", U"合计", U"小计", U"预算"}) &&
         !contains_any(head, {U"次数", U"月数", U"天数", U"频次", U"折", U"优惠", U"期限", U"系数", U"比例"});
}

void check_prices(Checking& c, const TableView& view) {
  std::vector<Product> rows;
  for (std::size_t r = 0; r < view.table->rows.size(); ++r) {
    const auto& row = view.table->rows[r];
    Product product;
    bool item = !row.segments.empty() && has_numbers(row) && !is_total_label(row.segments.front().label);
    if (item && heads_products(head_above(*view.table, r)) && product_of(c.model().layout.lines[row.line], row, product))
      rows.push_back(std::move(product));
  }
  auto kept = std::ranges::count_if(rows, [](const Product& p) { return p.holds(); });
  if (kept < 2 || kept + 1 < std::ssize(rows)) return;
  for (const auto& row : rows) {
    c.counted();
    if (row.holds()) continue;
    Finding f{.kind = Kind::promise, .confidence = 85};
    f.expected = to_text(row.value(), std::max(row.amount.digits, 2));
    f.found = to_text(row.amount.micro, row.amount.digits);
    f.unit = name(view.unit);
    auto quantity = to_text(row.quantity.micro, 0), price = to_text(row.price.micro, row.price.digits);
    f.message = {fmt::format("“{}”一行数量 {} 乘以单价 {} 得 {}，金额为 {}；其他各行均相符。", encoded(row.label), quantity,
                             price, f.expected, f.found),
                 fmt::format("In the row “{}” {} times {} is {}, the amount is {}; in the other rows they agree.",
                             encoded(row.label), quantity, price, f.expected, f.found)};
    f.places = {c.place(row.mark)};
    c.add(std::move(f));
  }
}

// --- 分值, 得分 --------------------------------------------------------------------------------------------------------------

struct Score {
  Decimal weight, score;
  Mark mark;  // of the score
};

// "… 15 13.50", "… 10 99.29% 9.93": the weight and the score that end the line, but for words behind them.
bool score_of(std::u32string_view line, std::size_t number, Score& out) {
  auto tokens = tokens_of(line, line.contains(U'\t'));
  std::erase_if(tokens, [](const Token& token) { return token.text.empty(); });
  Cell cell;
  while (!tokens.empty() && !is_cell(tokens.back().text, cell)) tokens.pop_back();
  if (tokens.size() < 2 || cell.kind != CellKind::number) return false;
  out.score = cell.value;
  out.mark = {.line = number, .begin = tokens.back().begin, .end = tokens.back().begin + tokens.back().text.size()};
  tokens.pop_back();
  if (!is_cell(tokens.back().text, cell)) return false;
  if (cell.kind == CellKind::percent) {
    tokens.pop_back();
    if (tokens.empty() || !is_cell(tokens.back().text, cell)) return false;
  }
  out.weight = cell.value;
  return cell.kind == CellKind::number && out.weight.micro > 0 && out.score.micro >= 0 && out.score.micro <= out.weight.micro;
}

void judge_scores(Checking& c, const std::vector<Score>& rows, const Score& total) {
  std::int64_t weights = 0, sum = 0;
  int digits = 0;
  for (const auto& row : rows) {
    weights += row.weight.micro;
    sum += row.score.micro;
    digits = std::max(digits, row.score.digits);
  }
  // Every row was read where their weights are those of the total.
  if (rows.size() < 3 || weights != total.weight.micro) return;
  c.counted();
  auto slack = digits > total.score.digits ? last_place(total.score.digits) / 2 : 0;
  if (std::abs(sum - total.score.micro) <= slack) return;
  Finding f{.kind = Kind::sum, .confidence = 90};
  f.expected = to_text(sum, std::max(digits, total.score.digits));
  f.found = to_text(total.score.micro, total.score.digits);
  f.unit = "分";
  f.message = {fmt::format("自评总分为 {}，各项得分相加为 {}；各项分值相加与总分值相符。", f.found, f.expected),
               fmt::format("The total score is {}, the scores add up to {}; their weights add up.", f.found, f.expected)};
  f.places = {c.place(total.mark)};
  for (const auto& row : rows) c.quote(f, row.mark);
  c.add(std::move(f));
}

void check_scores(Checking& c) {
  constexpr std::size_t kMost = 200;
  const auto& lines = c.model().layout.lines;
  std::vector<Score> rows;
  bool open = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto bare = without_spaces(lines[i]);
    if (bare.contains(U"分值") && bare.contains(U"得分") && !is_prose(lines[i])) {
      open = true;
      continue;
    }
    if (!open) continue;
    Score score;
    bool scored = bare.size() < kMost && score_of(lines[i], i, score);
    bool total =
        bare.starts_with(U"总分") || bare.starts_with(U"合计") || bare.starts_with(U"总计") || bare.starts_with(U"总得分");
    if (scored && total) judge_scores(c, rows, score);
    if (total || rows.size() > kMost || bare.starts_with(U"项目名称")) {
      rows.clear();
      open = false;
    } else if (scored) {
      rows.push_back(score);
    }
  }
}

}  // namespace

void check_forms(Checking& c) {
  for (const auto& view : c.model().tables) {
    if (contains_any(view.table->title, {U"资产", U"指标"})) continue;
    Parts(c, view).check();
    for (std::size_t s = 0; s < view.width.size(); ++s) Publics(c, view, s).check();
    check_prices(c, view);
  }
  check_scores(c);
}

}  // namespace qushu::budget
