// Sentences: a total with its 其中, a list of numbered paragraphs under a total, shares, completion of the budget, balance.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "checking.h"
#include "groups.h"

namespace qushu::budget {
namespace {

class Sentences {
 public:
  Sentences(Checking& c, std::size_t index)
      : c_(c),
        index_(index),
        view_(c.model().paragraphs[index]),
        text_(view_.said.paragraph->text),
        mentions_(view_.said.mentions),
        groups_(c.model(), view_) {}

  void check() {
    for (std::size_t k = 0; k < mentions_.size(); ++k) {
      const auto& m = mentions_[k];
      if (m.reason) continue;
      if (m.role == Role::level && groups_.opens_parts(k)) check_parts(k);
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
    if (parts.front()->measure == Measure::money && contains_any(marker, {U"包括", U"分别", U"构成", U"具体为", U"分为"}))
      return true;
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
    auto parts = groups_.parts_from(k, nested);
    if (auto outer = groups_.outer_of(k); outer && groups_.side_of_marker(k) == Groups::Side::none) {
      // A list within another: no more than what is its own.
      const auto* end = mentions_.data() + groups_.end_of_nested(*outer, k);
      std::erase_if(parts, [&](const Mention* p) { return p >= end; });
    }
    if (parts.empty()) return;
    auto totals = groups_.totals_before(k);
    bool by_class = groups_.gap(k).contains(U"分类");
    if (totals.empty() && (by_class || class_list_before())) totals = totals_of_section();
    if (totals.empty()) return;
    judge(parts, totals, complete(parts, groups_.gap(k)) && !open_ended(*parts.back()), nested);
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

  // "编制20人，其中：行政5人，事业15人；实有18人，其中：…": what follows the ； is a total of its own.
  [[nodiscard]] bool ends_at_a_stop(const Mention& total, const Parts& parts) const {
    if (nowhere_in(parts.front()) || parts.front()->sentence != parts.back()->sentence) return false;
    std::int64_t sum = parts.front()->value;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      auto from = parts[i - 1]->end;
      bool stops = std::u32string_view(text_).substr(from, parts[i]->begin - from).contains(U'；');
      if (i >= 2 && stops &&
          std::abs(total.value - sum) <=
              groups_.tolerance(total, Parts(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i))))
        return true;
      sum += parts[i]->value;
    }
    return false;
  }
  // Of another paragraph than this one.
  [[nodiscard]] bool nowhere_in(const Mention* m) const {
    return mentions_.empty() || m < mentions_.data() || m >= mentions_.data() + mentions_.size();
  }

  void judge(const Parts& parts, const Parts& totals, bool whole, bool nested) {
    c_.counted();
    auto sum = Groups::sum_of(parts);
    for (const auto* total : totals)
      if (std::abs(total->value - sum) <= groups_.tolerance(*total, parts)) return;
    if (std::ranges::any_of(totals, [&](const Mention* total) { return ends_at_a_stop(*total, parts); })) return;
    const auto& total = *totals.front();
    // Parts of parts without a mark: a stretch that can be left out explains the rest.
    if (parts.size() <= kMostParts && (nested || (parts.size() >= 3 && !whole))) {
      for (std::size_t from = 0; from < parts.size(); ++from)
        for (auto to = from; to < parts.size(); ++to) {
          auto rest = sum;
          for (auto i = from; i <= to; ++i) rest -= parts[i]->value;
          if (std::abs(total.value - rest) <= groups_.tolerance(total, parts)) return;
        }
    }
    // Of things that are counted only staff and vehicles have parts that are listed in full.
    bool more = total.measure == Measure::money && sum > total.value + groups_.tolerance(total, parts);
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
    auto what = total.phrase.empty() || total.phrase.size() > 24 ? std::string("合计") : "“" + encoded(total.phrase) + "”";
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

  // "…其中：" over "人员经费80万元，主要包括…；" and "公用经费20万元，…。": the first figure of each clause that a ； ends, to
  // the full stop.
  [[nodiscard]] Parts unnumbered_parts() const {
    Parts out;
    const auto& all = c_.model().paragraphs;
    for (auto i = index_ + 1; i < all.size() && all[i].section == view_.section && all[i].project == view_.project; ++i) {
      const auto& said = all[i].said;
      const auto& text = said.paragraph->text;
      if (said.paragraph->number.level != 0 || out.size() > kMostParts || i - index_ > kParagraphsBack) break;
      std::size_t clause = 0;
      for (const auto& m : said.mentions) {
        if (m.sentence > 0) break;
        auto before = std::u32string_view(text).substr(0, m.begin);
        auto stop = before.rfind(U'；');
        auto begin = stop == std::u32string_view::npos ? 0 : stop + 1;
        bool first = out.empty() || begin > clause || clause == std::u32string_view::npos;
        if (!first || m.role != Role::level || m.measure != Measure::money || m.reason || m.compared || m.depth > 0) continue;
        out.push_back(&m);
        clause = begin;
      }
      if (!text.ends_with(U'；') && !text.ends_with(U'，')) break;
    }
    return out;
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
    if (auto next = index_ + 1; next < all.size() && all[next].said.paragraph->number.level == 0 && !text_.contains(U"分类"))
      parts = unnumbered_parts();
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
      if (mentions_[k].role != Role::level || !groups_.opens_parts(k)) continue;
      auto totals = groups_.totals_before(k);
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
    auto slack = 2 * groups_.half(part);
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

  // Only like is compared with like: 总计 with 总计; the rest, which what was carried over may part, where the text says so.
  [[nodiscard]] static bool comparable(const Mention& income, const Mention& spent, bool claimed) {
    std::string_view a = income.subject->code, b = spent.subject->code;
    if (income.sentence != spent.sentence || !a.starts_with("income.") || !b.starts_with("expenditure.") || family_kind(b))
      return false;
    if (a.ends_with(".grand") && b.ends_with(".grand")) return true;
    return claimed && a.ends_with(".grand") == b.ends_with(".grand");
  }

  // The sentence says that they balance, or the one behind it does.
  [[nodiscard]] bool claims_balance(int sentence) const {
    auto says = [](std::u32string_view text) { return contains_any(text, {U"收支平衡", U"收支相等", U"收支相抵"}); };
    if (says(sentence_text(view_.said, sentence))) return true;
    return sentence + 1 < std::ssize(view_.said.sentences) && says(sentence_text(view_.said, sentence + 1));
  }

  void check_balance() {
    for (const auto& income : mentions_) {
      if (income.role != Role::level || income.reason || !income.subject || !income.subject->code.starts_with("income."))
        continue;
      // What was carried over, or made up for the rest, is a part of the balance.
      bool carried = contains_any(sentence_text(view_.said, income.sentence), {U"结转", U"结余", U"弥补"});
      bool claimed = !carried && claims_balance(income.sentence);
      for (const auto* spent = &income + 1; spent != mentions_.data() + mentions_.size(); ++spent) {
        if (spent->sentence != income.sentence) break;
        if (spent->role == Role::level && !spent->reason && spent->subject && comparable(income, *spent, claimed))
          return compare_sides(income, *spent, claimed);
      }
    }
  }

  void compare_sides(const Mention& income_side, const Mention& spent_side, bool claimed) {
    const auto* income = &income_side;
    const auto* spent = &spent_side;
    c_.counted();
    // Both sides are the same sum: nothing is lost by rounding between them, unless they are printed unlike.
    bool alike = income->unit == spent->unit && income->printed.digits == spent->printed.digits;
    if (std::abs(income->value - spent->value) <= (alike ? 0 : groups_.half(*income) + groups_.half(*spent))) return;
    Finding f{.kind = Kind::balance, .confidence = 92};
    f.unit = name(spent->unit);
    f.expected = amount_text(income->value, spent->unit, spent->printed.digits);
    f.found = amount_text(spent->value, spent->unit, spent->printed.digits);
    f.message = {fmt::format("{}收入为 {} {}，支出为 {} {}{}。", claimed ? "文中称收支平衡，但" : "", f.expected, f.unit,
                             f.found, f.unit, claimed ? "" : "，收支总计不相等"),
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
  Groups groups_;
};

}  // namespace

void check_statements(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Sentences(c, i).check();
}

}  // namespace qushu::budget
