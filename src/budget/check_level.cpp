// 与上年持平, 预算减少: what is said of a year without the change, beside the amounts of both.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "changes.h"

namespace qushu::budget {
namespace {

class Levels : ChangeCheck {
 public:
  Levels(Checking& c, std::size_t index) : ChangeCheck(c, index) {}

  void check() {
    check_level_with();
    for (std::size_t k = 0; k + 2 < mentions_.size(); ++k) check_reason(k);
    if (!view_.project.empty()) check_direction();
  }

 private:
  // "支出3万元，与上年3万元持平": both amounts are there.
  void check_level_between(std::size_t k) {
    if (k + 1 >= mentions_.size() || !is_base(mentions_[k + 1], mentions_[k])) return;
    const auto &level = mentions_[k], &before = mentions_[k + 1];
    auto gap = std::u32string_view(text_).substr(level.end, before.begin - level.end);
    if (level.sentence != before.sentence || gap != U"，" + before.lead || before.reason) return;
    auto after = std::u32string_view(text_).substr(before.end, 8);
    for (auto word : {U"相比", U"，"})
      if (after.starts_with(word)) after.remove_prefix(std::u32string_view(word).size());
    if (!after.starts_with(U"持平") && !after.starts_with(U"一致") && !after.starts_with(U"相同") &&
        !after.starts_with(U"相等"))
      return;
    c_.counted();
    if (std::abs(level.value - before.value) <= 2 * (half(level) + half(before))) return;
    Finding f{.kind = Kind::year_on_year, .confidence = 88};
    f.unit = name(level.unit);
    f.expected = amount_text(level.value - before.value, level.unit, std::max(level.printed.digits, before.printed.digits));
    f.found = "0";
    f.message = {fmt::format("文中称二者持平，实际相差 {} {}。", f.expected, f.unit),
                 fmt::format("Said to be equal, but they differ by {} {}.", f.expected, f.unit)};
    add_places(f, {&level.mark, &before.mark});
    c_.add(std::move(f));
  }

  // 与上年持平
  void check_level_with() {
    for (std::size_t k = 0; k < mentions_.size(); ++k) {
      const auto& level = mentions_[k];
      if (level.role != Role::level || level.measure != Measure::money || level.reason) continue;
      check_level_between(k);
      auto end = k + 1 < mentions_.size() ? mentions_[k + 1].begin
                                          : view_.said.sentences[static_cast<std::size_t>(level.sentence)].second;
      end = std::min(end, view_.said.sentences[static_cast<std::size_t>(level.sentence)].second);
      auto words = std::u32string_view(text_).substr(level.end, end - std::min(end, level.end));
      auto at = words.find(U"持平");
      if (at == std::u32string_view::npos) at = words.find(U"无变化");
      if (at == std::u32string_view::npos || !contains_any(words.substr(0, at), {U"与", U"比", U"较", U"和"})) continue;
      words = words.substr(0, at);
      if (c_.model().final_account && words.contains(U"预算")) continue;
      int year = year_in(words) != 0 ? year_in(words) : contains_any(words, {U"上年", U"去年"}) ? c_.model().year - 1 : 0;
      auto subject = subject_of_level(level, {});
      if (year == 0 || !subject) continue;
      const Fact* first = nullptr;
      bool agrees = false;
      for (const auto* fact : facts_of(*subject, view_.project)) {
        if (fact->year != year) continue;
        if (first == nullptr) first = fact;
        agrees = agrees || std::abs(fact->fen - level.value) <= half(level) * 2;
      }
      if (first == nullptr) continue;
      c_.counted();
      if (agrees) continue;
      Finding f{.kind = Kind::year_on_year, .confidence = 85};
      f.unit = name(level.unit);
      f.expected = amount_text(level.value - first->fen, level.unit, level.printed.digits);
      f.found = "0";
      f.message = {fmt::format("文中称与{}持平，实际相差 {} {}。", year_words(year).zh, f.expected, f.unit),
                   fmt::format("Said to equal {}, but differs by {} {}.", year_words(year).en, f.expected, f.unit)};
      add_places(f, {&level.mark, &first->mark});
      c_.add(std::move(f));
    }
  }

  // "比上年增加1万元，主要是公务接待费由上年的6万元压减为5万元": as much, and the other way.
  void check_reason(std::size_t k) {
    const auto &change = mentions_[k], &from = mentions_[k + 1], &to = mentions_[k + 2];
    bool three = change.role == Role::change && change.measure == Measure::money && change.direction != 0 &&
                 from.measure == Measure::money && to.measure == Measure::money && from.sentence == change.sentence &&
                 to.sentence == change.sentence && from.reason && from.lead.contains(U'由');
    if (!three || !contains_any(std::u32string_view(text_).substr(change.end, from.begin - change.end), {U"主要是", U"原因"}))
      return;
    auto verb = std::u32string_view(text_).substr(from.end, to.begin - from.end);
    if (!verb.ends_with(U'为') && !verb.ends_with(U'至') && !verb.ends_with(U'到')) return;
    bool falls = contains_any(verb, {U"减", U"降", U"压"}), rises = contains_any(verb, {U"增", U"升", U"提高", U"调增"});
    auto difference = to.value - from.value;
    if (falls == rises || (difference < 0) != falls) return;
    c_.counted();
    bool as_much = std::abs(std::abs(difference) - change.value) <= half(change) + half(from) + half(to);
    if (!as_much || (difference < 0) == (change.direction < 0)) return;
    Finding f{.kind = Kind::year_on_year, .confidence = 85};
    f.unit = name(change.unit);
    f.expected = amount_text(difference, change.unit, change.printed.digits);
    f.found = amount_text(change.direction * change.value, change.unit, change.printed.digits);
    f.message = {
        fmt::format("所述原因为由 {} 变为 {}，增减应为 {} {}，文中为 {} {}。",
                    amount_text(from.value, change.unit, from.printed.digits),
                    amount_text(to.value, change.unit, to.printed.digits), f.expected, f.unit, f.found, f.unit),
        fmt::format("The reason given is a change of {} {}, the text says {} {}.", f.expected, f.unit, f.found, f.unit)};
    add_places(f, {&change.mark, &from.mark, &to.mark});
    c_.add(std::move(f));
  }

  // "2021 年预算减少。" of a project whose amounts of both years are known.
  void check_direction() {
    for (auto [word, direction] : {std::pair{U"预算减少", -1}, std::pair{U"预算增加", 1}}) {
      std::u32string_view said(word);
      auto at = text_.find(said);
      if (at == std::u32string::npos) continue;
      auto after = at + said.size();
      bool bare = after >= text_.size() || std::u32string_view(U"。；，").contains(text_[after]);
      int year = year_in(std::u32string_view(text_).substr(at >= 5 ? at - 5 : 0, at >= 5 ? 5 : at));
      if (!bare || year == 0) continue;
      const Fact* now = nullptr;
      const Fact* before = nullptr;
      for (const auto& fact : c_.model().facts) {
        if (fact.project != view_.project || fact.subject.code != "project.total") continue;
        if (fact.year == year && now == nullptr) now = &fact;
        if (fact.year == year - 1 && before == nullptr) before = &fact;
      }
      if (now == nullptr || before == nullptr) continue;
      c_.counted();
      if ((now->fen - before->fen) * direction >= 0) continue;
      Finding f{.kind = Kind::year_on_year, .confidence = 85};
      f.unit = name(now->unit);
      f.expected = amount_text(now->fen - before->fen, now->unit, now->printed.digits);
      f.found = direction < 0 ? "-" : "+";
      auto mark = mark_of(*view_.said.paragraph, at, after);
      f.message = {fmt::format("文中称“{}”，但 {} 年比 {} 年变动 {} {}。", encoded(said), year, year - 1, f.expected, f.unit),
                   fmt::format("The text says the budget {}, but from {} to {} it changed by {} {}.",
                               direction < 0 ? "fell" : "rose", year - 1, year, f.expected, f.unit)};
      add_places(f, {&mark, &now->mark, &before->mark});
      c_.add(std::move(f));
    }
  }
};

}  // namespace

void check_level(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Levels(c, i).check();
}

}  // namespace qushu::budget
