// What the checks of changes from year to year have in common.
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "checking.h"

namespace qushu::budget {

// " 2020 年", set apart from what stands before it; the year before, where the document does not say which year it is of.
[[nodiscard]] Text year_words(int year);

// What a change is said to be against.
struct Reference {
  bool named = false;
  int year = 0;  // 0: it is not said which
  // Whether it says that it means a budget, or an account.
  bool of_plan = false, of_account = false;
  bool same_year = false;  // with the budget of the same year (年初预算)
};

class ChangeCheck : protected ParagraphCheck {
 protected:
  ChangeCheck(Checking& c, std::size_t index) : ParagraphCheck(c, index) {}

  [[nodiscard]] std::int64_t half(const Mention& m) const { return c_.model().rounding(m.unit, m.printed.digits); }

  // 收入总计 and 支出总计 are one and the same amount.
  [[nodiscard]] static bool same_code(std::string_view a, std::string_view b) {
    return a == b || (a.ends_with(".grand") && b.ends_with(".grand"));
  }

  // The facts about a subject, of whichever year.
  [[nodiscard]] std::vector<const Fact*> facts_of(const Subject& subject, const std::u32string& project) const;
  [[nodiscard]] std::optional<Subject> subject_of_level(const Mention& level, const std::vector<const Mention*>& levels) const;
  // What is compared with, by its words or by the years of both: "2016年预算8万元，2015年预算12万元，对比减少".
  [[nodiscard]] static bool is_base(const Mention& before, const Mention& now);
  // The amounts that may be what changed, the nearest first.
  [[nodiscard]] std::vector<const Mention*> levels_before(std::size_t k) const;

  // "支出9万元。比年初预算8万元增加1万元": what is compared stands in the sentence before, alone.
  void add_only_one_before(std::size_t k, std::vector<const Mention*>& out) const;

  [[nodiscard]] static bool opens_list(std::u32string_view text);

  // A sentence that says no more than how what stands before it changed, and why.
  [[nodiscard]] static bool goes_on(std::u32string_view text);

  // "2024年预算与上年相比增加…"
  [[nodiscard]] static std::u32string_view without_year(std::u32string_view text);

  // "与上年相比增加…" as a paragraph of its own: of what the one above it is about.
  void add_from_above(std::size_t k, std::vector<const Mention*>& out) const;

  // What the k-th mention, a change, is said to be against.
  [[nodiscard]] Reference reference(std::size_t k) const;

  // What stands before "比上年增加", or before "增加" alone, in its clause.
  [[nodiscard]] std::optional<Subject> subject_of_change(std::size_t k) const;

  void add_places(Finding& f, std::initializer_list<const Mark*> marks) const;
};

}  // namespace qushu::budget
