// What the checks share: how a place is quoted, how a figure is written, where findings go.
#pragma once

#include <string>
#include <vector>

#include "qushu/budget/check.h"

#include "model.h"

namespace qushu::budget {

// A total as it is printed.
struct Total {
  std::int64_t fen = 0;
  Unit unit = Unit::wan;
  int digits = 2;
  Mark mark;
};

class Checking {
 public:
  Checking(const Model& model, Report& report) : model_(model), report_(report) {}

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] Place place(const Mark& mark) const;
  // Adds the place to those of the finding, unless it is among them.
  void quote(Finding& finding, const Mark& mark) const;
  // One more relation was computed.
  void counted() { ++report_.checked; }
  [[nodiscard]] const std::vector<Finding>& findings() const { return report_.findings; }
  // A total that its parts, which add up to `sum`, do not make up; `zh` and `en` are what it is called.
  [[nodiscard]] Finding sum_finding(const Total& total, std::int64_t sum, const std::vector<Mark>& parts, std::string_view zh,
                                    std::string_view en) const;
  // Whether a finding of the kind is about the same figure.
  [[nodiscard]] bool is_told(const Finding& finding) const;
  // Findings about the same figures of the same kind are reported once.
  void add(Finding finding);
  void unclear(const Mark& mark, Text why);

 private:
  const Model& model_;
  Report& report_;
  // The line that was quoted last, as written: places of one line follow each other, and a line may be the whole document.
  mutable std::size_t quoted_ = kNone;
  mutable std::u32string quoted_text_;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

// What is looked at of one paragraph; the model outlives it.
class ParagraphCheck {
 protected:
  ParagraphCheck(Checking& c, std::size_t index)
      : c_(c),
        index_(index),
        view_(c.model().paragraphs[index]),
        text_(view_.said.paragraph->text),
        mentions_(view_.said.mentions) {}

  [[nodiscard]] std::u32string_view text(std::size_t from, std::size_t to) const {
    return std::u32string_view(text_).substr(from, to - from);
  }
  // Of another paragraph than this one.
  [[nodiscard]] bool nowhere_in(const Mention* m) const {
    return mentions_.empty() || m < mentions_.data() || m >= mentions_.data() + mentions_.size();
  }

  Checking& c_;
  std::size_t index_;
  const ParagraphView& view_;
  const std::u32string& text_;
  const std::vector<Mention>& mentions_;
};

// Fen as figures of `unit`, with at least `digits` decimals.
[[nodiscard]] std::string amount_text(std::int64_t fen, Unit unit, int digits);
[[nodiscard]] std::string percent_text(std::int64_t micro, int digits);
// The cell of column `i` in a segment of a row; nullptr when there is none, or its place is not certain.
[[nodiscard]] const Cell* cell_at(const TableView& view, const Row& row, std::size_t segment, std::size_t i, bool& certain);

void check_lists(Checking& c);         // tables downwards: totals, classes, shares
void check_columns(Checking& c);       // tables across: 合计 = 基本 + 项目, 增减
void check_statements(Checking& c);    // sentences: 其中, numbered parts
void check_balance(Checking& c);       // sentences: 收支平衡, 当年结余
void check_shares(Checking& c);        // sentences: 占, 完成预算的
void check_changes(Checking& c);       // sentences: 比上年增加
void check_changed_sums(Checking& c);  // sentences: what the whole and its parts changed by
void check_items(Checking& c);         // 类款项 items of a class; 决算数大于预算数
void check_item_rows(Checking& c);     // items in the text and in the tables
void check_restated(Checking& c);      // the same figure twice; identities between facts
void check_claims(Checking& c);        // 全部纳入绩效管理; goals against details
void check_counts(Checking& c);        // what is counted twice: receptions, groups abroad, cars
void check_names(Checking& c);         // 设立6个内设机构，分别是…: as many names as are announced
void check_tallies(Checking& c);       // numbers of things by kinds, scores and their mean
void check_products(Checking& c);      // 320人，人均500元，共16万元
void check_uses(Checking& c);          // what a project's money is for, what things of each kind are worth
void check_forms(Checking& c);         // tables with a rule of their own: numbered parts, quantity and price, scores
void check_beside(Checking& c);        // what is carried over, in the text and in its table
void check_share_lists(Checking& c);   // sentences: the shares of one list are of one whole
void check_carried(Checking& c);       // sentences: 年初结转 + 本年收入 − 本年支出 = 年末结转
void check_absence(Checking& c);       // sentences: 无…支出, 全部为…
void check_parts(Checking& c);         // sentences: parts that are known to be all of a whole
void check_level(Checking& c);         // sentences: 与上年持平

}  // namespace qushu::budget
