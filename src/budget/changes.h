// What the checks of changes from year to year have in common.
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "checking.h"

namespace qushu::budget {

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
  void add_places(Finding& f, std::initializer_list<const Mark*> marks) const;
};

}  // namespace qushu::budget
