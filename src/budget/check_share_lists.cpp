// Sentences: the shares of one list are all of one whole ("本年收入合计9万元，其中：…，占80%；…，占20%"), and a share that
// names a total is of that one, whatever else it would fit.
#include <algorithm>

#include "shares.h"

namespace qushu::budget {
namespace {

class ShareLists : PercentCheck {
 public:
  ShareLists(Checking& c, std::size_t index) : PercentCheck(c, index) {}

  void check() {
    std::vector<Entry> list;
    for (std::size_t k = 1; k < mentions_.size(); ++k) {
      auto entry = entry_at(k);
      if (!entry.part) continue;
      if (!entry.words.empty()) {
        check_named(entry);
        continue;
      }
      if (!entry.whole) continue;
      if (!list.empty() && list.front().whole != entry.whole) {
        check_list(list);
        list.clear();
      }
      list.push_back(entry);
    }
    check_list(list);
    check_paragraphs();
    check_numbered();
  }

 private:
  // A share with the amount right before it, and the total of the list that the amount stands in.
  struct Entry {
    const Mention* part = nullptr;
    const Mention* share = nullptr;
    const Mention* whole = nullptr;
    std::u32string_view words;  // what it says that it is of
  };

  [[nodiscard]] Entry entry_at(std::size_t k) const {
    const auto &share = mentions_[k], &part = mentions_[k - 1];
    bool chained = share.chained || (k + 1 < mentions_.size() && mentions_[k + 1].chained);
    bool pair = share.role == Role::share && !share.reason && !chained && part.role == Role::level && !part.reason &&
                !part.compared && part.measure != Measure::percent && part.sentence == share.sentence &&
                part.depth == share.depth;
    if (!pair) return {};
    const auto* whole = total_of(part);
    if (whole != nullptr && (!same_measure(*whole, part) || whole == &part)) whole = nullptr;
    return {.part = &part, .share = &share, .whole = whole, .words = whole_named(share)};
  }

  // "本年支出合计9万元，其中：" over "基本支出6万元，占66.7%；" and "项目支出3万元，占33.3%。"
  void check_paragraphs() {
    auto tail = std::u32string_view(text_).substr(text_.size() - std::min<std::size_t>(text_.size(), 8));
    if (!text_.ends_with(U':') || !contains_any(tail, {U"其中", U"包括", U"如下", U"分别"}) || mentions_.empty()) return;
    const auto& whole = mentions_.back();
    if (whole.role != Role::level || whole.reason || whole.compared || whole.measure == Measure::percent) return;
    std::vector<Entry> list;
    const auto& all = c_.model().paragraphs;
    for (auto i = index_ + 1; i < all.size() && all[i].section == view_.section && list.size() < kMostParts; ++i) {
      auto before = list.size();
      bool ended = !add_shares(all[i].said, whole, list) || list.size() == before;
      if (ended || (all[i].said.paragraph->text.ends_with(U'。') && all[i].said.paragraph->number.level == 0)) break;
    }
    if (list.size() >= 2 && is_complete(list, whole)) judge(list, whole);
  }

  // "本年支出9万元，具体情况如下：1.基本支出6万元，占66.7%。2.项目支出3万元，占33.3%。"
  void check_numbered() {
    auto at = text_.find(U"如下:1.");
    if (at == std::u32string::npos) return;
    auto first = std::ranges::find_if(mentions_, [&](const Mention& m) { return m.begin > at; });
    if (first == mentions_.begin() || first == mentions_.end()) return;
    const auto& whole = *(first - 1);
    if (whole.role != Role::level || whole.reason || whole.compared || whole.measure == Measure::percent) return;
    std::vector<Entry> list;
    auto from = at + 3;
    for (auto k = static_cast<std::size_t>(first - mentions_.begin()); k + 1 < mentions_.size(); k += 2) {
      auto number = numbering(std::u32string_view(text_).substr(from, 8));
      if (number.ordinal != static_cast<int>(list.size()) + 1 || list.size() >= kMostParts || !is_pair(view_.said, k, whole))
        break;
      list.push_back({.part = &mentions_[k], .share = &mentions_[k + 1], .whole = &whole, .words = {}});
      from = mentions_[k + 1].end + 1;
    }
    if (list.size() < 2 || view_.said.unclear_within(whole.begin, list.back().share->end)) return;
    if (is_complete(list, whole)) judge(list, whole);
  }

  // An amount of the whole's measure with its share right behind it, which names nothing.
  [[nodiscard]] static bool is_pair(const Statements& said, std::size_t k, const Mention& whole) {
    const auto &part = said.mentions[k], &share = said.mentions[k + 1];
    auto between = std::u32string_view(said.paragraph->text).substr(part.end, share.begin - part.end);
    return part.role == Role::level && same_measure(part, whole) && !part.reason && !part.compared && part.depth == 0 &&
           share.role == Role::share && !share.chained &&
           (between == U"，占" || between == U"占" || between == U"，占比" || between == U"，占比为");
  }

  // The amounts with their shares that a paragraph opens with. False: something else came.
  static bool add_shares(const Statements& said, const Mention& whole, std::vector<Entry>& list) {
    const auto& all = said.mentions;
    if (!said.unclear.empty()) return false;
    for (std::size_t k = 0; k + 1 < all.size() && all[k].sentence == 0; k += 2) {
      if (list.size() >= kMostParts || !is_pair(said, k, whole)) return false;
      list.push_back({.part = &all[k], .share = &all[k + 1], .whole = &whole, .words = {}});
    }
    return true;
  }

  void check_list(const std::vector<Entry>& list) {
    if (list.size() < 2 || list.size() > kMostParts) return;
    const auto& whole = *list.front().whole;
    if (view_.said.unclear_within(std::min(whole.begin, list.front().part->begin), list.back().share->end)) return;
    judge(list, whole);
  }

  void judge(const std::vector<Entry>& list, const Mention& whole) {
    std::vector<const Entry*> wrong;
    for (const auto& entry : list)
      if (!fits(*entry.part, whole.value, *entry.share)) wrong.push_back(&entry);
    c_.counted();
    if (wrong.size() != 1) return;
    const auto& one = *wrong.front();
    // Those speak for the whole that are right of it, and would not be of what the one is right of.
    auto implied = one.share->value > 0 ? scaled(one.part->value, 100 * kMicro, one.share->value) : 0;
    auto right = std::ranges::count_if(list, [&](const Entry& entry) {
      return &entry != &one && entry.part->value > 0 && entry.part->value < whole.value &&
             (implied == 0 || !fits(*entry.part, implied, *entry.share));
    });
    if (right == 0) return;
    // Where the amounts make up the whole, so must the shares; otherwise the others have to speak for it.
    if (!is_complete(list, whole) && (right < 2 || fits_other(one, whole))) return;
    report_percent(*one.share, scaled(one.part->value, 100 * kMicro, whole.value), {one.part->mark, whole.mark}, "占比",
                   "The share");
  }

  // Every part has its share, and together they are the whole.
  [[nodiscard]] bool is_complete(const std::vector<Entry>& list, const Mention& whole) const {
    Parts parts;
    for (const auto& entry : list) parts.push_back(entry.part);
    return std::abs(Groups::sum_of(parts) - whole.value) <= groups_.tolerance(whole, parts);
  }

  // Whether it would be right of another amount of the paragraph, which may have parts of its own.
  [[nodiscard]] bool fits_other(const Entry& entry, const Mention& whole) const {
    return std::ranges::any_of(mentions_, [&](const Mention& m) {
      return &m != &whole && &m != entry.part && m.role == Role::level && same_measure(m, *entry.part) &&
             fits(*entry.part, m.value, *entry.share);
    });
  }

  // "政府采购支出总额9万元，…其中：授予小微企业3万元，占政府采购支出总额的33.3%"
  void check_named(const Entry& entry) {
    constexpr std::size_t kLongName = 6;
    if (entry.words.size() < kLongName || !ends_with_any(entry.words, {U"总额", U"总金额", U"合计", U"总计"})) return;
    auto k = static_cast<std::size_t>(entry.share - mentions_.data());
    const Mention* whole = nullptr;
    for (const auto* m : mentions_before(view_.said, k, entry.share->sentence)) {
      if (m == entry.part || m->role != Role::level || !same_measure(*m, *entry.part) || !is_named(*m, entry.words)) continue;
      if (whole != nullptr) return;
      whole = m;
    }
    int year = whole == nullptr ? 0 : year_in(whole->phrase);
    if (whole == nullptr || whole->value < entry.part->value || whole->value == 0 || whole->compared || whole->reason ||
        (year != 0 && year != c_.model().year))
      return;
    if (view_.said.unclear_within(whole->begin, entry.share->begin)) return;
    c_.counted();
    if (fits(*entry.part, whole->value, *entry.share) || is_of_another(entry, *whole)) return;
    report_percent(*entry.share, scaled(entry.part->value, 100 * kMicro, whole->value), {entry.part->mark, whole->mark}, "占比",
                   "The share");
  }

  [[nodiscard]] static bool is_named(const Mention& m, std::u32string_view words) {
    auto phrase = std::u32string_view(m.phrase);
    for (auto tail : {U"为", U"共计", U"共", U"是"})
      if (phrase.ends_with(tail)) phrase.remove_suffix(std::u32string_view(tail).size());
    return phrase.ends_with(words);
  }

  // The share may be that of the list's own total, which has none behind it; and the same name may stand for another amount
  // elsewhere in the document.
  [[nodiscard]] bool is_of_another(const Entry& entry, const Mention& whole) const {
    for (std::size_t i = 0; mentions_[i].begin < entry.share->begin; ++i) {
      const auto& m = mentions_[i];
      bool has_own = &m != entry.part && mentions_[i + 1].role == Role::share;
      if (&m != &whole && !has_own && m.role == Role::level && same_measure(m, *entry.part) &&
          fits(m, whole.value, *entry.share))
        return true;
    }
    auto subject = subject_of(entry.words);
    return std::ranges::any_of(c_.model().facts, [&](const Fact& fact) {
      return subject && fact.subject.code == subject->code && fits(*entry.part, fact.fen, *entry.share);
    });
  }
};

}  // namespace

void check_share_lists(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) ShareLists(c, i).check();
}

}  // namespace qushu::budget
