// What the checks of shares and rates have in common.
#pragma once

#include <vector>

#include "checking.h"
#include "groups.h"

namespace qushu::budget {

class PercentCheck : protected ParagraphCheck {
 protected:
  PercentCheck(Checking& c, std::size_t index) : ParagraphCheck(c, index), groups_(c.model(), view_) {}

  // "占本年收入合计的": what a share says that it is of; empty where it names nothing.
  [[nodiscard]] std::u32string_view whole_named(const Mention& share) const;
  // What the list is of in which `part` stands; nullptr without one.
  [[nodiscard]] const Mention* total_of(const Mention& part) const;
  // Both figures are rounded, and the percentage may be cut off.
  [[nodiscard]] bool fits(const Mention& part, std::int64_t whole, const Mention& percent) const;
  // Not where the same rate was found wrong before.
  void report_percent(const Mention& percent, std::int64_t expected, const std::vector<Mark>& others, const char* zh,
                      const char* en);

  Groups groups_;
};

}  // namespace qushu::budget
