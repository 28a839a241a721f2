#include "changes.h"

#include <algorithm>

namespace qushu::budget {

std::vector<const Fact*> ChangeCheck::facts_of(const Subject& subject, const std::u32string& project) const {
  std::vector<const Fact*> out;
  for (const auto& fact : c_.model().facts) {
    bool whole = subject.code == "income.any" || subject.code == "income.grand" || subject.code == "income.year";
    bool spent = subject.code == "expenditure.any" || subject.code == "expenditure.grand" || subject.code == "expenditure.year";
    auto tail = std::string_view(fact.subject.code).substr(std::min(fact.subject.code.find('.') + 1, fact.subject.code.size()));
    bool total = tail == "any" || tail == "grand" || tail == "year";
    bool same = same_code(fact.subject.code, subject.code) || (whole && total && fact.subject.code.starts_with("income.")) ||
                (spent && total && fact.subject.code.starts_with("expenditure."));
    if (same && fact.owner == view_.owner && fact.project == project && may_agree(fact.subject.scope, subject.scope) &&
        may_agree(fact.subject.part, subject.part))
      out.push_back(&fact);
  }
  return out;
}

std::optional<Subject> ChangeCheck::subject_of_level(const Mention& level, const std::vector<const Mention*>& levels) const {
  if (!view_.project.empty()) return Subject{.code = "project.total", .scope = {}, .part = {}};
  if (level.of_item) return std::nullopt;
  if (level.subject) return level.subject;
  // "支出预算 100 万元，其中：当年预算 100 万元，比上年…": the same figure under the name that is known.
  for (const auto* other : levels)
    if (other->value == level.value && other->subject) return other->subject;
  return std::nullopt;
}

bool ChangeCheck::is_base(const Mention& before, const Mention& now) {
  if (now.compared) return false;
  if (before.compared) return before.measure == now.measure;
  int earlier = year_in(before.phrase), later = year_in(now.phrase);
  return earlier != 0 && earlier + 1 == later && before.sentence == now.sentence && before.depth == now.depth;
}

void ChangeCheck::add_places(Finding& f, std::initializer_list<const Mark*> marks) const {
  for (const auto* mark : marks)
    if (mark != nullptr) c_.quote(f, *mark);
}

}  // namespace qushu::budget
