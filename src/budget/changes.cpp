#include "changes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace qushu::budget {

Text year_words(int year) {
  return year > 0 ? Text{fmt::format(" {} 年", year), std::to_string(year)} : Text{"上年", "the year before"};
}

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

std::vector<const Mention*> ChangeCheck::levels_before(std::size_t k) const {
  std::vector<const Mention*> out;
  int most = 2;
  for (int back = 0; back < most && out.empty(); ++back) {
    // "…。主要原因是人员增加。较年初预算数减少3万元": what stands between says nothing of amounts.
    auto at = mentions_[k].sentence - back;
    if (most < 4 && at > 0 && goes_on(sentence_text(view_.said, at))) ++most;
    for (const auto* m : mentions_before(view_.said, k, back))
      if (m->sentence == mentions_[k].sentence - back && m->role == Role::level && m->measure == Measure::money && !m->reason &&
          !m->lead.starts_with(U"完成"))
        out.push_back(m);
  }
  if (out.size() == 1 && out.front()->compared) add_only_one_before(k, out);
  if (out.empty() && mentions_[k].sentence == 0) add_from_above(k, out);
  // "基本支出50万元。其中：人员经费40万元，公用经费10万元。较上年增加2万元": of what the list is of, or of its last part.
  if (!out.empty() && out.front()->sentence > 0 && out.front()->sentence < mentions_[k].sentence && !nowhere_in(out.front()) &&
      opens_list(sentence_text(view_.said, out.front()->sentence))) {
    auto head = out.front()->sentence - 1;
    for (const auto* m : mentions_before(view_.said, k, mentions_[k].sentence - head))
      if (m->sentence == head && m->role == Role::level && m->measure == Measure::money && !m->reason) out.push_back(m);
  }
  // "…其中：公务接待费3万元。“三公”经费比上年减少1万元": of what it names, where it names one of them.
  if (out.empty() || out.front()->sentence == mentions_[k].sentence) return out;
  auto subject = subject_of_change(k);
  auto other = [&](const Mention* m) { return !m->subject || !same_code(m->subject->code, subject->code); };
  if (subject && !std::ranges::all_of(out, other)) std::erase_if(out, other);
  return out;
}

void ChangeCheck::add_only_one_before(std::size_t k, std::vector<const Mention*>& out) const {
  auto sentence = mentions_[k].sentence;
  if (out.front()->sentence != sentence || !goes_on(sentence_text(view_.said, sentence))) return;
  const Mention* only = nullptr;
  for (const auto* m : mentions_before(view_.said, k, 1)) {
    if (m->sentence == sentence || m->role != Role::level || m->measure != Measure::money || m->reason) continue;
    if (only != nullptr) return;
    only = m;
  }
  if (only != nullptr && !only->compared) out.push_back(only);
}

bool ChangeCheck::opens_list(std::u32string_view text) {
  return text.starts_with(U"其中") || text.starts_with(U"包括");
}

bool ChangeCheck::goes_on(std::u32string_view text) {
  static constexpr std::array<std::u32string_view, 8> kOpenings{U"与",       U"比",   U"较",     U"同比",
                                                                U"主要原因", U"原因", U"主要是", U"费用支出"};
  return std::ranges::any_of(kOpenings, [&](auto word) { return text.starts_with(word); });
}

std::u32string_view ChangeCheck::without_year(std::u32string_view text) {
  constexpr std::size_t kYear = 5;
  if (year_in(text.substr(0, kYear)) == 0) return text;
  text.remove_prefix(kYear);
  for (std::u32string_view word : {U"度", U"部门", U"单位", U"收支", U"总", U"预算", U"决算"})
    if (text.starts_with(word)) text.remove_prefix(word.size());
  return text;
}

void ChangeCheck::add_from_above(std::size_t k, std::vector<const Mention*>& out) const {
  if (index_ == 0 || !(goes_on(text_) || goes_on(without_year(text_))) || subject_of_change(k)) return;
  const auto& above = c_.model().paragraphs[index_ - 1];
  if (above.section != view_.section || above.project != view_.project || goes_on(above.said.paragraph->text)) return;
  for (const auto& m : above.said.mentions)
    if (is_stated(m)) {
      // Only the one that it opens with, at the front of its sentence.
      bool opens = m.sentence == 0 || sentence_begin(above.said, m.sentence) + m.lead.size() == m.begin;
      if (opens) out.push_back(&m);
      return;
    }
}

Reference ChangeCheck::reference(std::size_t k) const {
  auto sentence = sentence_begin(view_.said, mentions_[k].sentence);
  auto begin = sentence;
  for (const auto* m : mentions_before(view_.said, k, 0))
    if (m->role == Role::level) {
      begin = m->end;
      break;
    }
  auto words = std::u32string_view(text_).substr(begin, mentions_[k].begin - begin);
  Reference out;
  std::size_t at = std::u32string_view::npos;
  for (auto word : {U"比", U"较", U"与", U"同比"})
    if (auto found = words.find(word); found != std::u32string_view::npos)
      at = at == std::u32string_view::npos ? found : std::min(at, found);
  if (at == std::u32string_view::npos) return out;
  out.named = true;
  auto rest = words.substr(at);
  out.of_account = contains_any(rest, {U"决算", U"执行"});
  out.of_plan = !out.of_account && without_fund_names(rest).contains(U"预算");
  if (contains_any(rest, {U"年初预算", U"调整预算", U"全年预算"}) && year_in(rest) == 0 &&
      !contains_any(rest, {U"上年", U"去年"}))
    out.same_year = true;
  else if (int year = year_in(rest); year != 0)
    out.year = year;
  else if (contains_any(rest, {U"上年", U"去年", U"上一年", U"同比", U"同期"}))
    out.year = c_.model().year - 1;
  return out;
}

std::optional<Subject> ChangeCheck::subject_of_change(std::size_t k) const {
  auto begin = k == 0 ? std::size_t{0} : mentions_[k - 1].end;
  begin = std::max(begin, sentence_begin(view_.said, mentions_[k].sentence));
  auto words = std::u32string_view(text_).substr(begin, mentions_[k].begin - begin);
  auto bare = last_clause(words, {U"比", U"较", U"与", U"增加", U"减少", U"增长", U"下降", U"各"});
  if (auto both = total_of_both(bare)) return both;
  return subject_of(bare);
}

}  // namespace qushu::budget
