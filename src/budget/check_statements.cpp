// Sentences: a total with its 其中, a list of numbered paragraphs under a total, shares, completion of the budget, balance.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

using Parts = std::vector<const Mention*>;

// How far back a total or a whole is looked for.
constexpr std::size_t kMentionsBack = 200, kParagraphsBack = 100, kMostParts = 64;

bool same_measure(const Mention& a, const Mention& b) {
  return a.measure == b.measure && a.counter == b.counter;
}

class Sentences {
 public:
  Sentences(Checking& c, std::size_t index)
      : c_(c),
        index_(index),
        view_(c.model().paragraphs[index]),
        text_(view_.said.paragraph->text),
        mentions_(view_.said.mentions) {}

  void check() {
    for (std::size_t k = 0; k < mentions_.size(); ++k) {
      const auto& m = mentions_[k];
      if (m.reason) continue;
      if (m.role == Role::level && opens_parts(k)) check_parts(k);
      if (m.role == Role::share) check_share(k);
      if (m.role == Role::completion) check_completion(k);
    }
    check_numbered();
    check_balance();
    for (const auto& mark : view_.said.unclear)
      c_.unclear(mark,
                 {"数字中间有空格，无法确定是一个数还是两个数。", "A space within the number: it may be one number or two."});
  }

 private:
  [[nodiscard]] std::u32string_view gap(std::size_t k) const {
    auto begin = k == 0 ? 0 : mentions_[k - 1].end;
    auto sentence = view_.said.sentences[static_cast<std::size_t>(mentions_[k].sentence)].first;
    // 其中 may open the sentence after its total; the text of that sentence is all that counts then.
    begin = std::max(begin, sentence);
    return std::u32string_view(text_).substr(begin, mentions_[k].begin - begin);
  }
  [[nodiscard]] static bool marks_parts(std::u32string_view text) {
    return contains_any(text, {U"其中", U"包括", U"分别为", U"分别是", U"具体为", U"构成为", U"主要用于", U"用于以下",
                               U"按功能分类", U"按经济分类", U"分类科目", U"科目分类"});
  }
  [[nodiscard]] bool opens_parts(std::size_t k) const { return marks_parts(gap(k)); }

  [[nodiscard]] std::int64_t half(const Mention& m) const {
    return m.measure == Measure::money ? c_.model().rounding(m.unit, m.printed.digits) : 0;
  }
  [[nodiscard]] std::int64_t tolerance(const Mention& total, const Parts& parts) const {
    auto out = half(total);
    for (const auto* p : parts) out += half(*p);
    return out;
  }
  static std::int64_t sum_of(const Parts& parts) {
    std::int64_t out = 0;
    for (const auto* p : parts) out += p->value;
    return out;
  }

  // The parts that the marker before mention k opens; `nested`: one of them has parts of its own behind it.
  Parts parts_from(std::size_t k, bool& nested) const {
    Parts out;
    nested = false;
    for (auto i = k; i < mentions_.size() && mentions_[i].sentence == mentions_[k].sentence; ++i) {
      const auto& m = mentions_[i];
      if (m.depth < mentions_[k].depth) break;
      if (i > k && m.depth == mentions_[k].depth && opens_parts(i)) {
        nested = true;
        break;
      }
      // A bracket that was closed ends what stood in it.
      if (i > k && mentions_[k].depth > 0 && closed_between(mentions_[i - 1].end, m.begin)) break;
      if (m.depth > mentions_[k].depth || m.role != Role::level || m.reason || m.compared || !same_measure(m, mentions_[k]))
        continue;
      out.push_back(&m);
    }
    return out;
  }
  [[nodiscard]] bool closed_between(std::size_t from, std::size_t to) const {
    return std::u32string_view(text_).substr(from, to - from).contains(U')');
  }

  // What may be the total of parts that begin at mention k, the nearest first.
  [[nodiscard]] Parts totals_before(std::size_t k) const {
    Parts out;
    auto add = [&](const Mention& m) {
      if (m.role == Role::level && !m.reason && !m.compared && same_measure(m, mentions_[k]) && m.depth <= mentions_[k].depth)
        out.push_back(&m);
    };
    for (const auto* m : mentions_before(view_.said, k, 0)) add(*m);
    if (!out.empty()) return out;
    auto sentence = sentence_text(view_.said, mentions_[k].sentence);
    if (!sentence.starts_with(U"其中") && !sentence.starts_with(U"包括") && !sentence.starts_with(U"主要用于") &&
        !sentence.starts_with(U"具体"))
      return out;
    for (const auto* m : mentions_before(view_.said, k, 1)) add(*m);
    // The head figure of the sentence before is the total, its changes and parts are not.
    std::ranges::reverse(out);
    return out;
  }

  // The section's paragraphs above this one, the nearest first.
  [[nodiscard]] std::vector<const ParagraphView*> paragraphs_above() const {
    std::vector<const ParagraphView*> out;
    for (std::size_t back = 1; back <= std::min(index_, kParagraphsBack); ++back) {
      const auto& above = c_.model().paragraphs[index_ - back];
      if (above.section != view_.section) break;
      out.push_back(&above);
    }
    return out;
  }

  // Expenditure that the section (or the document) states: the total of a list "按支出功能分类".
  [[nodiscard]] Parts totals_of_section() const {
    Parts out;
    for (const auto* above : paragraphs_above())
      for (const auto& m : above->said.mentions)
        if (m.role == Role::level && m.subject && m.subject->code.starts_with("expenditure.") &&
            m.subject->code != "expenditure.project" && !m.reason)
          out.push_back(&m);
    std::ranges::sort(out, {}, [](const Mention* m) { return std::pair(m->mark.line, m->mark.begin); });
    return out;
  }

  [[nodiscard]] static bool complete(const Parts& parts, std::u32string_view marker) {
    if (parts.size() < 2 || parts.size() > kMostParts) return false;
    if (parts.front()->measure == Measure::money && contains_any(marker, {U"包括", U"分别", U"构成", U"具体为"})) return true;
    // Cars may be listed as purchase and running beside the other two of the three publics.
    bool cars = std::ranges::any_of(parts, [](const Mention* p) { return p->subject && p->subject->code == "sangong.car"; });
    std::size_t known = 0;
    std::string_view common;
    for (const auto* p : parts) {
      // The same class twice: items below the classes, of which not all need be listed.
      if (p->subject && std::ranges::count_if(
                            parts, [&](const Mention* o) { return o->subject && o->subject->code == p->subject->code; }) > 1)
        return false;
      auto own = p->subject ? family(p->subject->code) : std::string_view{};
      if (own.empty()) continue;
      if (own == "car" && !cars && parts.size() >= 3) own = "sangong";
      if (!common.empty() && common != own) return false;
      common = own;
      ++known;
    }
    if (known >= 2) return true;
    auto has = [&](std::u32string_view word) {
      return std::ranges::any_of(parts, [&](const Mention* p) { return p->lead.contains(word); });
    };
    if (parts.front()->measure != Measure::count || (parts.front()->counter != U"人" && parts.front()->counter != U"辆"))
      return false;
    return (has(U"行政") && has(U"事业")) || (has(U"离休") && has(U"退休")) || (has(U"其他用车") && parts.size() >= 3);
  }

  void check_parts(std::size_t k) {
    bool nested = false;
    auto parts = parts_from(k, nested);
    if (parts.empty()) return;
    auto totals = totals_before(k);
    bool by_class = gap(k).contains(U"分类");
    if (totals.empty() && (by_class || class_list_before())) totals = totals_of_section();
    if (totals.empty()) return;
    judge(parts, totals, complete(parts, gap(k)) && !open_ended(*parts.back()), nested);
  }

  // The paragraph before says "按支出功能分类科目，主要用于：".
  [[nodiscard]] bool class_list_before() const {
    if (index_ == 0) return false;
    const auto& before = c_.model().paragraphs[index_ - 1];
    return before.section == view_.section && before.said.paragraph->text.contains(U"分类") &&
           before.said.paragraph->text.ends_with(U':');
  }
  [[nodiscard]] bool open_ended(const Mention& last) const {
    return last.end < text_.size() && std::u32string_view(text_).substr(last.end, 2).contains(U'等');
  }

  void judge(const Parts& parts, const Parts& totals, bool whole, bool nested) {
    c_.counted();
    auto sum = sum_of(parts);
    for (const auto* total : totals)
      if (std::abs(total->value - sum) <= tolerance(*total, parts)) return;
    const auto& total = *totals.front();
    // Parts of parts without a mark: a stretch that can be left out explains the rest.
    if (parts.size() <= kMostParts && (nested || (parts.size() >= 3 && !whole))) {
      for (std::size_t from = 0; from < parts.size(); ++from)
        for (auto to = from; to < parts.size(); ++to) {
          auto rest = sum;
          for (auto i = from; i <= to; ++i) rest -= parts[i]->value;
          if (std::abs(total.value - rest) <= tolerance(total, parts)) return;
        }
    }
    // Of things that are counted only staff and vehicles have parts that are listed in full.
    bool more = total.measure == Measure::money && sum > total.value + tolerance(total, parts);
    bool as_large = std::ranges::any_of(parts, [&](const Mention* p) { return p->value == total.value; });
    if (nested || (!whole && (!more || as_large))) return;
    report_sum(total, parts, sum, whole ? 92 : 75);
  }

  void report_sum(const Mention& total, const Parts& parts, std::int64_t sum, int confidence) {
    Finding f{.kind = Kind::sum, .severity = confidence >= 80 ? Severity::error : Severity::warning, .confidence = confidence};
    bool money = total.measure == Measure::money;
    f.unit = money ? std::string(name(total.unit)) : encoded(total.counter);
    f.expected = money ? amount_text(sum, total.unit, total.printed.digits) : to_text(sum, 0);
    f.found = money ? amount_text(total.value, total.unit, total.printed.digits) : to_text(total.value, 0);
    auto what = total.lead.empty() || total.lead.size() > 24 ? std::string("合计") : "“" + encoded(total.lead) + "”";
    f.message = {fmt::format("{} {} {}，所列各项相加为 {} {}。", what, f.found, f.unit, f.expected, f.unit),
                 fmt::format("The total is {} {}, what it is made of adds up to {} {}.", f.found, f.unit, f.expected, f.unit)};
    f.places = {c_.place(total.mark)};
    for (const auto* p : parts)
      if (auto place = c_.place(p->mark); std::ranges::find(f.places, place) == f.places.end())
        f.places.push_back(std::move(place));
    c_.add(std::move(f));
  }

  // --- numbered paragraphs -------------------------------------------------------------------------------------------------

  [[nodiscard]] static const Mention* head_figure(const Statements& said) {
    for (const auto& m : said.mentions)
      if (m.role == Role::level && m.measure == Measure::money && !m.reason) return &m;
    return nullptr;
  }

  void check_numbered() {
    bool opens = text_.ends_with(U':');
    auto tail = std::u32string_view(text_).substr(text_.size() - std::min<std::size_t>(text_.size(), 12));
    bool marked = opens && contains_any(tail, {U"其中", U"包括", U"具体", U"如下", U"分别", U"用于"});
    if (!marked) return;
    Parts totals;
    for (const auto& m : mentions_)
      if (m.role == Role::level && m.measure == Measure::money && !m.reason) totals.push_back(&m);
    if (totals.empty() && text_.contains(U"分类")) totals = totals_of_section();
    if (totals.empty()) return;
    Parts parts;
    int level = 0, own = view_.said.paragraph->number.level;
    const auto& all = c_.model().paragraphs;
    for (auto i = index_ + 1; i < all.size() && all[i].section == view_.section && all[i].project == view_.project; ++i) {
      auto number = all[i].said.paragraph->number;
      if (number.level == 0 || number.level <= own) break;
      if (level == 0) {
        if (number.ordinal != 1) return;
        level = number.level;
      }
      if (number.level < level) break;
      if (number.level > level) continue;
      if (static_cast<int>(parts.size()) + 1 != number.ordinal) break;
      const auto* head = head_figure(all[i].said);
      if (head == nullptr) return;
      parts.push_back(head);
    }
    // The head may name the parts themselves: none of them is their total.
    std::erase_if(totals, [&](const Mention* t) {
      return t->subject &&
             std::ranges::any_of(parts, [&](const Mention* p) { return p->subject && p->subject->code == t->subject->code; });
    });
    if (parts.size() >= 2 && !totals.empty()) judge(parts, totals, complete(parts, tail), false);
  }

  // --- shares ------------------------------------------------------------------------------------------------------------

  [[nodiscard]] std::u32string_view whole_named(const Mention& share) const {
    auto from = text_.rfind(U'占', share.begin);
    if (from == std::u32string::npos) return {};
    auto words = std::u32string_view(text_).substr(from + 1, share.begin - from - 1);
    for (auto tail : {U"的比例为", U"的比重为", U"比例为", U"比重为", U"的比例", U"的比重", U"比", U"的", U"约", U"比例"})
      if (words.ends_with(tail)) {
        words.remove_suffix(std::u32string_view(tail).size());
        break;
      }
    return words;
  }

  void check_share(std::size_t k) {
    const auto& share = mentions_[k];
    const Mention* part = nullptr;
    for (const auto* m : mentions_before(view_.said, k, 0))
      if (m->role == Role::level && m->measure != Measure::percent) {
        part = m;
        break;
      }
    if (part == nullptr || part->reason) return;
    std::vector<std::pair<std::int64_t, Mark>> natural, possible;
    auto words = whole_named(share);
    if (auto subject = subject_of(words)) {
      for (const auto& fact : c_.model().facts) {
        bool loose = is_loose(subject->code) &&
                     fact.subject.code.starts_with(subject->code.substr(0, subject->code.size() - 3)) &&
                     (fact.subject.code.ends_with(".grand") || fact.subject.code.ends_with(".year") ||
                      fact.subject.code.ends_with(".any"));
        if (fact.project.empty() && fact.owner == view_.owner && fact.year == c_.model().year &&
            (fact.subject.code == subject->code || loose) && may_agree(fact.subject.scope, subject->scope))
          natural.emplace_back(fact.fen, fact.mark);
      }
    }
    for (const auto* m : mentions_before(view_.said, k, share.sentence))
      if (m != part && m->role == Role::level && same_measure(*m, *part)) possible.emplace_back(m->value, m->mark);
    auto in_section = totals_above();
    for (const auto* m : in_section)
      if (same_measure(*m, *part)) possible.emplace_back(m->value, m->mark);
    // Without a name the whole is the figure before 其中 in the sentence, or the one that opens the section.
    if (words.empty() && natural.empty()) {
      const auto* whole = total_of(*part);
      if (whole == nullptr && !in_section.empty() && in_section.front()->value >= part->value) whole = in_section.front();
      if (whole != nullptr && same_measure(*whole, *part)) natural.emplace_back(whole->value, whole->mark);
    }
    // "占“三公”经费的 80%", whose total is not stated: the sum of what the sentence lists.
    if (natural.empty() && !words.empty()) add_listed_whole(*part, natural);
    for (const auto& fact : c_.model().facts)
      if (part->measure == Measure::money &&
          (fact.subject.code.starts_with("income.") || fact.subject.code.starts_with("expenditure.")) && fact.project.empty())
        possible.emplace_back(fact.fen, fact.mark);
    if (natural.empty()) return;
    c_.counted();
    for (const auto* list : {&natural, &possible})
      for (const auto& [value, _] : *list)
        if (fits(*part, value, share)) return;
    auto [whole, mark] = natural.front();
    if (whole == 0) return;
    report_percent(share, scaled(part->value, 100 * kMicro, whole), {part->mark, mark}, "占比", "The share");
  }

  void add_listed_whole(const Mention& part, std::vector<std::pair<std::int64_t, Mark>>& natural) const {
    auto kind = part.subject ? family(part.subject->code) : std::string_view{};
    if (kind.empty()) return;
    std::int64_t sum = 0;
    std::size_t listed = 0;
    for (const auto& m : mentions_)
      if (m.sentence == part.sentence && m.role == Role::level && m.subject && family(m.subject->code) == kind)
        sum += m.value, ++listed;
    if (listed >= 2) natural.emplace_back(sum, part.mark);
  }

  [[nodiscard]] const Mention* total_of(const Mention& part) const {
    auto last = static_cast<std::size_t>(&part - mentions_.data());
    for (std::size_t back = 0; back <= std::min(last, kMentionsBack); ++back) {
      auto k = last - back;
      if (mentions_[k].role != Role::level || !opens_parts(k)) continue;
      auto totals = totals_before(k);
      return totals.empty() ? nullptr : totals.front();
    }
    return nullptr;
  }
  [[nodiscard]] Parts totals_above() const {
    Parts out;
    for (const auto* above : paragraphs_above())
      for (const auto& m : above->said.mentions)
        if (m.role == Role::level && m.measure != Measure::percent && !m.reason) out.push_back(&m);
    std::ranges::sort(out, {}, [](const Mention* m) { return std::pair(m->mark.line, m->mark.begin); });
    return out;
  }

  // Both figures are rounded, and the percentage may be cut off.
  [[nodiscard]] bool fits(const Mention& part, std::int64_t whole, const Mention& percent) const {
    if (whole == 0) return part.value == 0;
    auto slack = 2 * half(part);
    auto low = scaled(part.value - slack, 100 * kMicro, whole + slack),
         high = scaled(part.value + slack, 100 * kMicro, std::max<std::int64_t>(whole - slack, 1));
    auto place = last_place(percent.printed.digits) - 1;
    return percent.value >= low - place && percent.value <= high + place;
  }

  void report_percent(const Mention& percent, std::int64_t expected, const std::vector<Mark>& others, const char* zh,
                      const char* en) {
    Finding f{.kind = Kind::percent, .confidence = 88};
    f.expected = percent_text(expected, std::max(percent.printed.digits, 2));
    f.found = to_text(percent.value, percent.printed.digits);
    f.unit = "%";
    f.message = {fmt::format("{}应为 {}%，文中为 {}%。", zh, f.expected, f.found),
                 fmt::format("{} is {}%, the text says {}%.", en, f.expected, f.found)};
    f.places = {c_.place(percent.mark)};
    for (const auto& mark : others)
      if (auto place = c_.place(mark); std::ranges::find(f.places, place) == f.places.end())
        f.places.push_back(std::move(place));
    c_.add(std::move(f));
  }

  // 完成年初预算的 95%: the last amount of a final account over the last budgeted one.
  void check_completion(std::size_t k) {
    const auto& rate = mentions_[k];
    const Mention* plan = nullptr;
    const Mention* spent = nullptr;
    bool other = false;
    for (const auto* before : mentions_before(view_.said, k, 1)) {
      const auto& m = *before;
      if (m.role != Role::level || m.measure != Measure::money || m.reason) continue;
      bool budgeted =
          contains_any(m.lead, {U"年初预算", U"预算为", U"预算数", U"全年预算", U"调整预算"}) && !m.lead.contains(U"决算");
      // The budget stands right before the account; another account between them has its own.
      if (spent != nullptr && !budgeted) other = true;
      if (budgeted && plan == nullptr && !other) plan = &m;
      if (!budgeted && spent == nullptr && plan == nullptr) spent = &m;
    }
    if (plan == nullptr || spent == nullptr || plan->value == 0) return;
    c_.counted();
    if (fits(*spent, plan->value, rate)) return;
    report_percent(rate, scaled(spent->value, 100 * kMicro, plan->value), {spent->mark, plan->mark}, "完成预算的比例",
                   "The completion");
  }

  void check_balance() {
    bool claimed = contains_any(text_, {U"收支平衡", U"收支相等", U"收支相抵"}) ||
                   (text_.contains(U"收入总计") && text_.contains(U"支出总计"));
    if (!claimed) return;
    const Mention* income = nullptr;
    const Mention* spent = nullptr;
    for (const auto& m : mentions_) {
      if (m.role != Role::level || m.reason || !m.subject) continue;
      if (income == nullptr && m.subject->code.starts_with("income.")) income = &m;
      if (income != nullptr && spent == nullptr && m.subject->code.starts_with("expenditure.") && !family_kind(m.subject->code))
        spent = &m;
    }
    if (income == nullptr || spent == nullptr || income->sentence != spent->sentence) return;
    c_.counted();
    // Both sides are the same sum: nothing is lost by rounding between them, unless they are printed unlike.
    bool alike = income->unit == spent->unit && income->printed.digits == spent->printed.digits;
    if (std::abs(income->value - spent->value) <= (alike ? 0 : half(*income) + half(*spent))) return;
    Finding f{.kind = Kind::balance, .confidence = 92};
    f.unit = name(spent->unit);
    f.expected = amount_text(income->value, spent->unit, spent->printed.digits);
    f.found = amount_text(spent->value, spent->unit, spent->printed.digits);
    f.message = {fmt::format("文中称收支平衡，但收入为 {} {}，支出为 {} {}。", f.expected, f.unit, f.found, f.unit),
                 fmt::format("Income and expenditure should balance, but income is {} {} and expenditure {} {}.", f.expected,
                             f.unit, f.found, f.unit)};
    f.places = {c_.place(spent->mark)};
    if (auto place = c_.place(income->mark); place != f.places.front()) f.places.push_back(std::move(place));
    c_.add(std::move(f));
  }
  [[nodiscard]] static bool family_kind(std::string_view code) { return family(code) == "kind"; }

  Checking& c_;
  std::size_t index_;
  const ParagraphView& view_;
  const std::u32string& text_;
  const std::vector<Mention>& mentions_;
};

}  // namespace

void check_statements(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Sentences(c, i).check();
}

}  // namespace qushu::budget
