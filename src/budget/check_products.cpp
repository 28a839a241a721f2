// A number, what one of them costs, and what they cost together: "320人，人均500元，共计16万元". Only where the words tie the
// three together: what is spent may be for more than those that are counted.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checking.h"
#include "counts.h"

namespace qushu::budget {
namespace {

bool is_countable(const Quantity& q) {
  static constexpr std::array<std::u32string_view, 17> kUnits{U"人", U"名", U"人次", U"台", U"套", U"辆", U"个", U"件", U"户",
                                                              U"家", U"份", U"亩",   U"场", U"期", U"把", U"张", U"部"};
  return !q.bound && q.value > 0 && std::ranges::find(kUnits, std::u32string_view(q.unit)) != kUnits.end();
}

bool names_price(std::u32string_view words) {
  return contains_any(
      words, {U"人均", U"每人", U"单价", U"均价", U"每台", U"每套", U"每辆", U"每个", U"每户", U"每家", U"每件", U"每场"});
}
// "，共计": nothing but that the amount is that of all of them.
bool names_total(std::u32string_view words) {
  static constexpr std::array<std::u32string_view, 19> kTotals{
      U"共计",     U"合计",     U"总计",     U"共",       U"小计",     U"计",   U"金额",   U"总价",   U"总额",  U"总金额",
      U"金额合计", U"共计金额", U"合计金额", U"总计金额", U"共需资金", U"共需", U"共支出", U"共补助", U"共发放"};
  while (!words.empty() && (words.front() == U'，' || words.front() == U'、')) words.remove_prefix(1);
  if (words.ends_with(U'为')) words.remove_suffix(1);
  return std::ranges::find(kTotals, words) != kTotals.end();
}
// Another factor, or what is not said exactly.
bool is_vague(std::u32string_view words) {
  return contains_any(words, {U"天", U"月", U"日",   U"年",     U"学期",   U"次",   U"期",   U"折",   U"约",
                              U"近", U"余", U"左右", U"以内",   U"不超过", U"其中", U"等",   U"。",   U"；",
                              U"比", U"增", U"减",   U"标准不", U"以上",   U"税",   U"运费", U"配套", U"%"});
}

std::int64_t half_of(const Quantity& q) {
  auto half = last_place(q.printed.digits) / 2;
  return q.money == Unit::unknown ? half : scaled(half, fen_per_micro_times_million(q.money), kMicro);
}

// The same digits, two neighbours of them changed about.
bool is_slip(std::int64_t a, std::int64_t b) {
  auto x = std::to_string(a), y = std::to_string(b);
  if (x.size() != y.size() || x == y) return false;
  auto first = static_cast<std::size_t>(std::ranges::mismatch(x, y).in1 - x.begin());
  if (first + 1 >= x.size()) return false;
  std::swap(y[first], y[first + 1]);
  return x == y;
}

class Products : ParagraphCheck {
 public:
  Products(Checking& c, std::size_t index) : ParagraphCheck(c, index), all_(view_.quantities) {}

  void check() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      check_three(i);
      check_pair(i);
      check_each(i);
    }
  }

 private:
  [[nodiscard]] std::u32string_view lead(const Quantity& q) const {
    return clause_before(text_, sentence_begin(view_.said, q.sentence), q.begin);
  }

  // Number and price side by side, in either order; `first` is where the two begin.
  struct Pair {
    const Quantity* number = nullptr;
    const Quantity* price = nullptr;
  };
  [[nodiscard]] Pair pair_at(std::size_t i) const {
    constexpr std::size_t kLongest = 14;
    if (i + 1 >= all_.size()) return {};
    const auto &a = all_[i], &b = all_[i + 1];
    bool number_first = is_countable(a) && b.money != Unit::unknown;
    bool price_first = a.money != Unit::unknown && is_countable(b);
    if ((!number_first && !price_first) || a.depth != b.depth || a.sentence != b.sentence) return {};
    const auto &number = number_first ? a : b, &price = number_first ? b : a;
    auto gap = text(a.end, b.begin);
    if (gap.size() > kLongest || is_vague(gap) || number.printed.digits > 0 || price.value == 0) return {};
    auto own = lead(price);
    if (!names_price(own) || is_vague(own) || is_vague(lead(number))) return {};
    return {.number = &number, .price = &price};
  }

  void check_three(std::size_t i) {
    constexpr std::size_t kLongest = 12;
    auto pair = pair_at(i);
    if (pair.number == nullptr || i + 2 >= all_.size()) return;
    const auto& total = all_[i + 2];
    if (total.money == Unit::unknown || total.sentence != all_[i].sentence || total.depth != all_[i].depth) return;
    auto gap = text(all_[i + 1].end, total.begin);
    if (gap.size() > kLongest || !names_total(gap) || is_vague(gap) || is_about(total)) return;
    judge(*pair.number, *pair.price, total);
  }

  void judge(const Quantity& number, const Quantity& price, const Quantity& total) {
    c_.counted();
    auto product = scaled(price.value, number.value, kMicro);
    auto slack = scaled(half_of(price), number.value, kMicro) + 2 * half_of(total);
    if (std::abs(product - total.value) <= slack) return;
    Finding f{.kind = Kind::promise, .confidence = 88};
    f.unit = name(total.money);
    f.expected = amount_text(product, total.money, total.printed.digits);
    f.found = amount_text(total.value, total.money, total.printed.digits);
    f.message = {fmt::format("{} × {}，应为 {} {}，文中为 {} {}。", figure_text(number), figure_text(price), f.expected, f.unit,
                             f.found, f.unit),
                 fmt::format("{} times {} are {} {}, the text says {} {}.", figure_text(number), figure_text(price), f.expected,
                             f.unit, f.found, f.unit)};
    report(std::move(f), total, {&number, &price});
  }

  // "…执行数117.60万元。资助学生169人，人均6000元": the amount stands apart and may be for more; but where it is the price
  // times just that number with two digits changed about, these were.
  void check_pair(std::size_t i) {
    auto pair = pair_at(i);
    if (pair.number == nullptr || i == 0) return;
    auto number = pair.number->value / kMicro;
    const Quantity* slip = nullptr;
    for (auto k = i; k-- > 0;) {
      const auto& total = all_[k];
      if (total.sentence + 2 < all_[i].sentence) break;
      if (total.money == Unit::unknown || total.value == 0) continue;
      auto product = scaled(pair.price->value, pair.number->value, kMicro);
      if (std::abs(product - total.value) <= half_of(total)) return;
      bool whole = total.value % pair.price->value == 0;
      if (whole && is_slip(total.value / pair.price->value, number)) slip = &total;
    }
    if (slip == nullptr) return;
    c_.counted();
    Finding f{.kind = Kind::promise, .confidence = 85};
    f.unit = encoded(pair.number->unit);
    f.expected = std::to_string(slip->value / pair.price->value);
    f.found = std::to_string(number);
    f.message = {fmt::format("{} ÷ {}，应为 {} {}，文中为 {} {}，疑为数字颠倒。", figure_text(*slip), figure_text(*pair.price),
                             f.expected, f.unit, f.found, f.unit),
                 fmt::format("{} divided by {} is {}, the text says {}: two digits seem changed about.", figure_text(*slip),
                             figure_text(*pair.price), f.expected, f.found)};
    report(std::move(f), *pair.number, {slip, pair.price});
  }

  // "公务用车保有量2辆，车均运行维护费3.35万元", "接待44人次。人均接待费118.18元"
  void check_each(std::size_t i) {
    const auto& each = all_[i];
    auto words = lead(each);
    bool car = words.contains(U"车均") && contains_any(words, {U"运行", U"维护", U"运维"});
    bool guest = words.contains(U"人均") && words.contains(U"接待");
    if ((!car && !guest) || each.money == Unit::unknown || is_vague(words) || is_about(each)) return;
    const Quantity* number = nullptr;
    std::size_t numbers = 0;
    for (std::size_t k = 0; k < i; ++k) {
      const auto& q = all_[k];
      if (q.depth > each.depth || q.value == 0 || q.printed.digits > 0) continue;
      bool counts =
          car ? (q.unit == U"辆" || q.unit == U"台") && lead(q).contains(U"保有") : q.unit == U"人次" || q.unit == U"人";
      if (counts) number = &q, ++numbers;
    }
    if (numbers != 1 || each.sentence - number->sentence > 1) return;
    const Mention* total = nullptr;
    for (const auto& m : mentions_) {
      if (m.begin >= each.begin) break;
      if (m.role != Role::level || m.measure != Measure::money || m.compared) continue;
      auto code = m.subject ? std::string_view(m.subject->code) : std::string_view{};
      bool run = code == "sangong.car_run" || m.phrase.starts_with(U"公务用车运行维护费");
      if (car ? !run : (code != "sangong.reception" && code != "sangong.reception_home")) continue;
      auto mean = scaled(m.value, kMicro, number->value);
      auto slack = scaled(c_.model().rounding(m.unit, m.printed.digits), kMicro, number->value) + 2 * half_of(each);
      if (std::abs(mean - each.value) <= slack) return c_.counted();
      if (!is_budgeted(m)) total = &m;
    }
    if (total == nullptr) return;
    c_.counted();
    Finding f{.kind = Kind::promise, .confidence = 88};
    f.unit = name(each.money);
    f.expected = amount_text(scaled(total->value, kMicro, number->value), each.money, each.printed.digits);
    f.found = amount_text(each.value, each.money, each.printed.digits);
    f.message = {
        fmt::format("{} {} ÷ {}，{}应为 {} {}，文中为 {} {}。", amount_text(total->value, total->unit, total->printed.digits),
                    name(total->unit), figure_text(*number), car ? "车均" : "人均", f.expected, f.unit, f.found, f.unit),
        fmt::format("{} {} divided by {} are {} {} each, the text says {} {}.",
                    amount_text(total->value, total->unit, total->printed.digits), name(total->unit), figure_text(*number),
                    f.expected, f.unit, f.found, f.unit)};
    f.places = {c_.place(mark_of(*view_.said.paragraph, each))};
    c_.quote(f, total->mark);
    c_.quote(f, mark_of(*view_.said.paragraph, *number));
    c_.add(std::move(f));
  }
  // "16万元左右", "500元/天"
  [[nodiscard]] bool is_about(const Quantity& q) const {
    auto behind = std::u32string_view(text_).substr(q.end, 2);
    return behind.starts_with(U'/') || contains_any(behind, {U"左右", U"以上", U"以内", U"余", U"多", U"每"});
  }

  void report(Finding f, const Quantity& at, std::initializer_list<const Quantity*> others) {
    f.places = {c_.place(mark_of(*view_.said.paragraph, at))};
    for (const auto* q : others) c_.quote(f, mark_of(*view_.said.paragraph, *q));
    c_.add(std::move(f));
  }

  const std::vector<Quantity>& all_;
};

}  // namespace

void check_products(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Products(c, i).check();
}

}  // namespace qushu::budget
