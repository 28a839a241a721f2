// Sentences: income and expenditure that are said to balance, or stand as 总计 beside each other; what is left of them.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "checking.h"
#include "groups.h"

namespace qushu::budget {
namespace {

class Balance : ParagraphCheck {
 public:
  Balance(Checking& c, std::size_t index) : ParagraphCheck(c, index), groups_(c.model(), view_) {}

  void check() {
    check_balance();
    check_surplus();
  }

 private:
  // Something is carried over or made up for.
  [[nodiscard]] static bool makes_up(std::u32string_view text) {
    return contains_any(text, {U"结转", U"结余", U"弥补", U"调出", U"调入", U"上解", U"调节基金"});
  }
  // The sentence says that they balance, or the one behind it does.
  [[nodiscard]] bool claims_balance(int sentence) const {
    auto says = [](std::u32string_view text) { return contains_any(text, {U"收支平衡", U"收支相等", U"收支相抵"}); };
    if (says(sentence_text(view_.said, sentence))) return true;
    return sentence + 1 < std::ssize(view_.said.sentences) && says(sentence_text(view_.said, sentence + 1));
  }

  // Whether the sentence says that its sides balance, with nothing carried over or made up for the rest, which is a part of it.
  [[nodiscard]] bool claimed_in(int sentence) const {
    return !makes_up(sentence_text(view_.said, sentence)) && claims_balance(sentence);
  }

  [[nodiscard]] bool balances_next(const Mention& income, const Mention& spent) const {
    auto own = said_before(view_.said, income.sentence, income.begin), next = sentence_text(view_.said, spent.sentence);
    bool opens = income.depth == 0 && own.find_first_of(U"，；:") == std::u32string_view::npos &&
                 spent.subject->scope == income.subject->scope && next.starts_with(spent.lead);
    bool whole = is_whole_side(income.subject->code) && is_whole_side(spent.subject->code);
    return opens && whole && contains_any(next, {U"收支平衡"}) && !makes_up(next);
  }
  [[nodiscard]] static bool is_whole_side(std::string_view code) { return is_whole(code, {}) || code == "income.fiscal"; }

  // Only like is compared with like: 总计 with 总计; the rest, which what was carried over may part, where the text says so.
  void check_balance() {
    std::array<Parts, 2> spent;  // what is no 总计, what is one; in the text's order
    for (const auto& m : mentions_)
      if (m.role == Role::level && !m.reason && m.subject && m.subject->code.starts_with("expenditure.") &&
          !family_kind(m.subject->code))
        spent.at(m.subject->code.ends_with(".grand") ? 1 : 0).push_back(&m);
    int sentence = -1;
    bool claimed = false;
    for (const auto& income : mentions_) {
      if (income.role != Role::level || income.reason || !income.subject || !income.subject->code.starts_with("income."))
        continue;
      const bool grand = income.subject->code.ends_with(".grand");
      const auto& others = spent.at(grand ? 1 : 0);
      auto other = std::ranges::upper_bound(others, &income);
      if (other == others.end()) continue;
      if (std::exchange(sentence, income.sentence) != income.sentence) claimed = claimed_in(income.sentence);
      // "收入9万元，其中：…。支出9万元，收支平衡": one sentence for each side.
      if ((*other)->sentence == income.sentence + 1 && balances_next(income, **other))
        return compare_sides(income, **other, true);
      if ((*other)->sentence != income.sentence) continue;
      if (grand || claimed) return compare_sides(income, **other, claimed);
    }
  }

  // "收入9万元，支出7万元，当年结余2万元": what is left is the difference.
  void check_surplus() {
    for (const auto& left : mentions_) {
      static constexpr std::array<std::u32string_view, 6> kLeft{U"当年结余", U"当年收支结余", U"本年收支结余",
                                                                U"本期结余", U"当年结余为",   U"当年收支结余为"};
      if (left.role != Role::level || left.measure != Measure::money || left.reason ||
          std::ranges::find(kLeft, std::u32string_view(left.phrase)) == kLeft.end())
        continue;
      // The two amounts right before it, and no other of its sentence.
      Parts sides;
      for (const auto* m : mentions_before(view_.said, static_cast<std::size_t>(&left - mentions_.data()), 0))
        if (m->role == Role::level && m->measure == Measure::money) sides.push_back(m);
      bool both = sides.size() == 2 && ends_with_any(sides[0]->lead, {U"支出", U"支出为", U"支出合计"}) &&
                  ends_with_any(sides[1]->lead, {U"收入", U"收入为", U"收入合计"}) && sides[0]->depth == sides[1]->depth;
      if (!both) continue;
      const auto &income = *sides[1], &spent = *sides[0];
      c_.counted();
      auto expected = income.value - spent.value;
      if (std::abs(expected - left.value) <= groups_.half(left) + groups_.half(income) + groups_.half(spent)) continue;
      Finding f{.kind = Kind::balance, .confidence = 88};
      f.unit = name(left.unit);
      f.expected = amount_text(expected, left.unit, left.printed.digits);
      f.found = amount_text(left.value, left.unit, left.printed.digits);
      f.message = {
          fmt::format("收入减支出为 {} {}，文中当年结余为 {} {}。", f.expected, f.unit, f.found, f.unit),
          fmt::format("Income less expenditure is {} {}, the text says {} {} are left.", f.expected, f.unit, f.found, f.unit)};
      f.places = {c_.place(left.mark)};
      c_.quote(f, income.mark);
      c_.quote(f, spent.mark);
      c_.add(std::move(f));
    }
  }

  void compare_sides(const Mention& income_side, const Mention& spent_side, bool claimed) {
    const auto* income = &income_side;
    const auto* spent = &spent_side;
    c_.counted();
    // Both sides are the same sum: nothing is lost by rounding between them, unless they are printed unlike.
    bool alike = income->unit == spent->unit && income->printed.digits == spent->printed.digits;
    if (std::abs(income->value - spent->value) <= (alike ? 0 : groups_.half(*income) + groups_.half(*spent))) return;
    Finding f{.kind = Kind::balance, .confidence = 92};
    f.unit = name(spent->unit);
    f.expected = amount_text(income->value, spent->unit, spent->printed.digits);
    f.found = amount_text(spent->value, spent->unit, spent->printed.digits);
    f.message = {fmt::format("{}收入为 {} {}，支出为 {} {}{}。", claimed ? "文中称收支平衡，但" : "", f.expected, f.unit,
                             f.found, f.unit, claimed ? "" : "，收支总计不相等"),
                 fmt::format("Income and expenditure should balance, but income is {} {} and expenditure {} {}.", f.expected,
                             f.unit, f.found, f.unit)};
    f.places = {c_.place(spent->mark)};
    c_.quote(f, income->mark);
    c_.add(std::move(f));
  }
  [[nodiscard]] static bool family_kind(std::string_view code) { return family(code) == "kind"; }

  Groups groups_;
};

}  // namespace

void check_balance(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Balance(c, i).check();
}

}  // namespace qushu::budget
