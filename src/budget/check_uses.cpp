// What money is for and what things are worth, kind by kind: 资金分配情况 of a project against its 预算安排规模, and the value
// of cars by kinds where their numbers are all there are.
#include <algorithm>

#include "checking.h"

namespace qushu::budget {
namespace {

class Uses : ParagraphCheck {
 public:
  Uses(Checking& c, std::size_t index) : ParagraphCheck(c, index), all_(view_.quantities) {}

  void check() {
    check_allocation();
    for (std::size_t i = 0; i + 5 < all_.size(); ++i) check_values(i);
  }

 private:
  // "预算安排规模：9万元" over "资金分配情况：甲5万元，乙4万元。"
  void check_allocation() {
    if (!text_.starts_with(U"资金分配情况") || contains_any(text_, {U"其中", U"包括", U"每", U"人均", U"标准", U"单价", U"等"}))
      return;
    const auto* total = scale_above();
    if (total == nullptr || mentions_.size() < 2 || !view_.said.unclear.empty()) return;
    Sum sum{.slack = c_.model().rounding(total->unit, total->printed.digits)};
    for (std::size_t k = 0; k < mentions_.size(); ++k) {
      const auto& m = mentions_[k];
      bool listed = k == 0 || std::u32string_view(U"，、；。").contains(text_[mentions_[k - 1].end]);
      if (!is_stated(m) || !listed || m.depth > 0 || m.value == total->value) return;
      sum.value += m.value;
      sum.slack += c_.model().rounding(m.unit, m.printed.digits);
      sum.places.push_back(m.mark);
    }
    judge({.fen = total->value, .unit = total->unit, .digits = total->printed.digits, .mark = total->mark}, sum, "预算安排规模",
          "The project's scale");
  }

  // The one amount of the project's 预算安排规模.
  [[nodiscard]] const Mention* scale_above() const {
    constexpr std::size_t kRows = 4;
    const auto& all = c_.model().paragraphs;
    for (std::size_t back = 1; back <= std::min(index_, kRows); ++back) {
      const auto& above = all[index_ - back];
      if (above.project != view_.project || above.section != view_.section) return nullptr;
      if (!above.said.paragraph->text.starts_with(U"预算安排规模")) continue;
      bool one = above.said.mentions.size() == 1 && is_stated(above.said.mentions.front());
      return one ? &above.said.mentions.front() : nullptr;
    }
    return nullptr;
  }

  [[nodiscard]] bool is_worth(std::size_t i) const {
    return i + 1 < all_.size() && all_[i].money == Unit::unknown && all_[i].depth == all_[i + 1].depth &&
           all_[i + 1].money != Unit::unknown && text(all_[i].end, all_[i + 1].begin) == U"，价值";
  }

  // "车辆4辆，价值9万元；其中：甲2辆，价值5万元；乙2辆，价值4万元": as many as there are, so worth as much.
  void check_values(std::size_t i) {
    if (!is_worth(i) || !text(all_[i + 1].end, all_[i + 2].begin).contains(U"其中")) return;
    const auto &number = all_[i], &value = all_[i + 1];
    Sum sum{.slack = c_.model().rounding(value.money, value.printed.digits)};
    std::int64_t count = 0;
    for (auto k = i + 2; is_worth(k) && all_[k].unit == number.unit && all_[k].sentence == number.sentence; k += 2) {
      count += all_[k].value;
      const auto& worth = all_[k + 1];
      sum.value += worth.value;
      sum.slack += c_.model().rounding(worth.money, worth.printed.digits);
      sum.places.push_back(mark_of(*view_.said.paragraph, worth));
    }
    if (sum.places.size() < 2 || count != number.value) return;
    judge({.fen = value.value,
           .unit = value.money,
           .digits = value.printed.digits,
           .mark = mark_of(*view_.said.paragraph, value)},
          sum, "价值", "The value");
  }

  struct Sum {
    std::int64_t value = 0, slack = 0;
    std::vector<Mark> places = {};
  };

  void judge(const Total& total, const Sum& sum, const char* zh, const char* en) {
    c_.counted();
    if (std::abs(sum.value - total.fen) > sum.slack) c_.add(c_.sum_finding(total, sum.value, sum.places, zh, en));
  }

  const std::vector<Quantity>& all_;
};

}  // namespace

void check_uses(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Uses(c, i).check();
}

}  // namespace qushu::budget
