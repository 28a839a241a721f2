// Sentences: a total with its 其中, a list of numbered paragraphs under a total, balance.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "checking.h"
#include "groups.h"

namespace qushu::budget {
namespace {

class Sentences : ParagraphCheck {
 public:
  Sentences(Checking& c, std::size_t index) : ParagraphCheck(c, index), groups_(c.model(), view_) {}

  void check() {
    for (std::size_t k = 0; k < mentions_.size(); ++k) {
      const auto& m = mentions_[k];
      if (m.reason) continue;
      if (m.role == Role::level && groups_.opens_parts(k)) check_parts(k);
    }
    check_numbered();
    for (const auto& mark : view_.said.unclear)
      c_.unclear(mark,
                 {"数字中间有空格，无法确定是一个数还是两个数。", "A space within the number: it may be one number or two."});
  }

 private:
  // Expenditure that the section (or the document) states: the total of a list "按支出功能分类".
  [[nodiscard]] Parts totals_of_section() const {
    auto out = levels_above(c_.model(), index_);
    std::erase_if(out, [](const Mention* m) {
      return !m->subject || !m->subject->code.starts_with("expenditure.") || m->subject->code == "expenditure.project";
    });
    return out;
  }

  [[nodiscard]] static bool complete(const Parts& parts, std::u32string_view marker) {
    if (parts.size() < 2 || parts.size() > kMostParts) return false;
    if (parts.front()->measure == Measure::money && contains_any(marker, {U"包括", U"分别", U"构成", U"具体为", U"分为"}))
      return true;
    // "收入总计9万元，其中：本年收入8万元，年初结转1万元"
    auto any_lead = [&](std::initializer_list<std::u32string_view> words) {
      return std::ranges::any_of(parts, [&](const Mention* p) { return contains_any(p->lead, words); });
    };
    if (any_lead({U"本年收入", U"本年支出"}) && any_lead({U"结转", U"结余"})) return true;
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
    return (has(U"行政") && has(U"事业")) || (has(U"离休") && has(U"退休")) ||
           (has(U"其他用车") &&
            (parts.size() >= 3 || std::ranges::all_of(parts, [](const Mention* p) { return p->lead.ends_with(U"用车"); })));
  }

  void check_parts(std::size_t k) {
    bool nested = false;
    auto parts = groups_.parts_from(k, nested);
    if (auto outer = groups_.outer_of(k); outer && groups_.side_of_marker(k) == Groups::Side::none) {
      // A list within another: no more than what is its own.
      const auto* end = mentions_.data() + groups_.end_of_nested(*outer, k);
      std::erase_if(parts, [&](const Mention* p) { return p >= end; });
    }
    // "甲6万元，乙4万元，年初预算9万元": what was budgeted of the whole.
    static constexpr std::array<std::u32string_view, 4> kBudgets{U"年初预算", U"年初预算为", U"全年预算", U"全年预算为"};
    bool budget_last = parts.size() >= 2 &&
                       std::ranges::find(kBudgets, std::u32string_view(parts.back()->lead)) != kBudgets.end() &&
                       std::ranges::count_if(parts, [](const Mention* p) { return is_budgeted(*p); }) == 1;
    if (budget_last) parts.pop_back();
    if (parts.empty()) return;
    auto totals = groups_.totals_before(k);
    bool by_class = groups_.gap(k).contains(U"分类");
    if (totals.empty() && (by_class || class_list_before())) totals = totals_of_section();
    if (totals.empty()) return;
    cut_at_stop(parts, totals);
    // What could not be read among them may be a part.
    auto sentence_end = view_.said.sentences[static_cast<std::size_t>(mentions_[k].sentence)].second;
    if (view_.said.unclear_within(std::min(totals.front()->begin, mentions_[k].begin), sentence_end)) return;
    // Those who have retired are none of those who are in service.
    auto retired = [](const Mention* p) { return p->lead.contains(U"退休") || p->lead.contains(U"离休"); };
    if (contains_any(totals.front()->lead, {U"在职", U"在编", U"在岗"}) && std::ranges::any_of(parts, retired)) return;
    if (judge_pairs(parts, totals) || of_several_budgets(parts)) return;
    end_at_other_side(parts, totals);
    if (parts.empty()) return;
    // 货物, 工程 and 服务 are all that is procured, whatever 等 follows.
    bool all = parts.size() >= 3 && std::ranges::all_of(parts, [](const Mention* p) {
                 return p->subject && p->subject->code.starts_with("procurement.");
               });
    // Of what a whole region spends, some classes are told.
    all = all || counts_them(k, parts.size());
    bool region = contains_any(totals.front()->phrase, {U"全省", U"全市", U"全县", U"全区", U"全州"});
    judge(parts, totals, !region && (all || complete(parts, groups_.gap(k))) && (all || !open_ended(*parts.back())), nested);
  }

  // "118人，其中在职112人，退休6人；年末学生2046人": what is counted behind the ； is no part of a list that commas part.
  void cut_at_stop(Parts& parts, const Parts& totals) const {
    if (parts.size() < 3 || parts.front()->measure != Measure::count || nowhere_in(parts.front())) return;
    auto fits = [&](const Mention* total) { return total->value == Groups::sum_of(parts); };
    if (std::ranges::any_of(totals, fits)) return;
    auto stops = [&](std::size_t i) {
      auto from = parts[i - 1]->end;
      return std::u32string_view(text_).substr(from, parts[i]->begin - from).contains(U'；');
    };
    if (stops(1)) return;
    for (std::size_t i = 2; i < parts.size(); ++i)
      if (stops(i)) return parts.resize(i);
  }

  // "教育支出年初预算3万元，调整预算4万元": one and the same part twice.
  [[nodiscard]] static bool of_several_budgets(const Parts& parts) {
    auto any = [&](std::initializer_list<std::u32string_view> words) {
      return std::ranges::any_of(parts, [&](const Mention* p) { return contains_any(p->lead, words); });
    };
    return any({U"年初预算"}) && any({U"调整预算", U"调整后预算", U"全年预算"});
  }

  // "…预算3万元，决算2万元；…预算5万元，决算4万元": budgets with the budget, accounts with the account. False: no such list.
  bool judge_pairs(const Parts& parts, const Parts& totals) {
    auto is_plan = [](const Mention* m) { return is_budgeted(*m); };
    auto plans = std::ranges::count_if(parts, is_plan);
    auto accounts = static_cast<std::ptrdiff_t>(parts.size()) - plans;
    if (plans < 2 || accounts < 2) return false;
    for (bool plan : {true, false}) {
      Parts own, whole;
      std::ranges::copy_if(parts, std::back_inserter(own), [&](const Mention* m) { return is_plan(m) == plan; });
      std::ranges::copy_if(totals, std::back_inserter(whole), [&](const Mention* m) { return is_plan(m) == plan; });
      if (!whole.empty()) judge(own, whole, plans == accounts && complete(own, {}), false);
    }
    return true;
  }

  // "收入总计9万元，支出总计9万元。其中：本年收入8万元；本年支出7万元": one part of each, which are no list.
  // "总收入9万元，其中本年 收入8万元、上年结转1万元；总支出9万元": what is of the other side is none of the parts.
  static void end_at_other_side(Parts& parts, const Parts& totals) {
    auto side = [](const Mention* m) {
      if (m->subject && m->subject->code.starts_with("income.")) return 1;
      return m->subject && m->subject->code.starts_with("expenditure.") ? -1 : 0;
    };
    bool of_both = std::ranges::any_of(
        totals, [](const Mention* t) { return contains_any(t->phrase, {U"收支", U"收、支", U"收入、支出"}); });
    int first = side(parts.front());
    if (of_both || first == 0) return;
    auto other = std::ranges::find_if(parts, [&](const Mention* p) { return side(p) == -first; });
    if (other == parts.end()) return;
    parts.erase(other, parts.end());
    if (parts.size() < 2) parts.clear();
  }

  // "项目共4个，涉及资金9万元，其中：": as many as are listed.
  [[nodiscard]] bool counts_them(std::size_t k, std::size_t parts) const {
    auto begin = sentence_begin(view_.said, mentions_[k].sentence);
    return mentions_[k].measure == Measure::money && parts >= 2 &&
           std::ranges::any_of(view_.quantities, [&](const Quantity& q) {
             return q.begin >= begin && q.end <= mentions_[k].begin && q.unit == U"个" && q.depth == mentions_[k].depth &&
                    !q.bound && q.value == static_cast<std::int64_t>(parts) * kMicro;
           });
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
  // "离退休71人，其中离休6人，退休65人，财政供养人员117人": the list was complete before what is no part of it.
  [[nodiscard]] static bool ends_before_another(const Mention& total, const Parts& parts) {
    if (total.measure != Measure::count || total.value == 0) return false;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      sum += parts[i]->value;
      if (i >= 1 && sum == total.value && parts[i + 1]->value > total.value) return true;
    }
    return false;
  }

  void judge(const Parts& parts, const Parts& totals, bool whole, bool nested) {
    c_.counted();
    auto sum = Groups::sum_of(parts);
    for (const auto* total : totals)
      if (std::abs(total->value - sum) <= groups_.tolerance(*total, parts)) return;
    if (std::ranges::any_of(
            totals, [&](const Mention* total) { return ends_at_a_stop(*total, parts) || ends_before_another(*total, parts); }))
      return;
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
    // "甲3万元、乙2万元，其中面向中小企业4万元": one amount alone may be of the list's whole.
    bool of_more = parts.size() == 1 && std::ranges::any_of(totals, [&](const Mention* t) { return t->value >= sum; });
    // Of things that are counted only staff and vehicles have parts that are listed in full.
    bool more = total.measure == Measure::money && sum > total.value + groups_.tolerance(total, parts);
    bool as_large = std::ranges::any_of(parts, [&](const Mention* p) { return p->value == total.value; });
    if (nested || of_more || (!whole && (!more || as_large || is_total_elsewhere(sum)))) return;
    report_sum(total, parts, sum, whole ? 92 : 75);
  }

  // All there is, which the document states where the list does not: the list is of that.
  [[nodiscard]] bool is_total_elsewhere(std::int64_t sum) const { return std::ranges::binary_search(c_.model().wholes, sum); }

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
    for (const auto* p : parts) c_.quote(f, p->mark);
    c_.add(std::move(f));
  }

  // --- numbered paragraphs -------------------------------------------------------------------------------------------------

  [[nodiscard]] static const Mention* head_figure(const Statements& said) {
    for (const auto& m : said.mentions)
      if (m.role == Role::level && m.measure == Measure::money && !m.reason) return &m;
    return nullptr;
  }

  // "年初预算9万元，支出决算8万元": the account, where the list is of accounts.
  [[nodiscard]] static const Mention* account_of(const Statements& said, const Mention* head) {
    if (head == nullptr || !is_budgeted(*head)) return head;
    for (const auto* m = head + 1; m < said.mentions.data() + said.mentions.size() && m->sentence == head->sentence; ++m)
      if (m->role == Role::level && m->measure == Measure::money && !m->reason && m->lead.contains(U"决算")) return m;
    return head;
  }

  // "…其中：" over "人员经费80万元，主要包括…；" and "公用经费20万元，…。": the first figure of each clause that a ； ends, to
  // the full stop.
  [[nodiscard]] Parts unnumbered_parts() const {
    Parts out;
    const auto& all = c_.model().paragraphs;
    for (auto i = index_ + 1; i < all.size() && all[i].section == view_.section && all[i].project == view_.project; ++i) {
      const auto& said = all[i].said;
      const auto& text = said.paragraph->text;
      // "人员经费80万元，…。" and "公用经费20万元，…。": paragraphs of their own.
      bool ended = i > index_ + 1 && all[i - 1].said.paragraph->text.ends_with(U'。');
      if (ended && !opens_with_sibling(said, out)) break;
      if (said.paragraph->number.level != 0 || out.size() > kMostParts || i - index_ > kParagraphsBack) break;
      if (auto one = parts_of_one(said); out.empty() && one.size() >= 2) return one;
      auto clause = std::u32string_view::npos;
      for (const auto& m : said.mentions) {
        if (m.sentence > 0) break;
        auto before = std::u32string_view(text).substr(0, m.begin);
        auto stop = before.rfind(U'；');
        auto begin = stop == std::u32string_view::npos ? 0 : stop + 1;
        bool first = out.empty() || begin > clause || clause == std::u32string_view::npos;
        // "…；支出包括：": another list.
        if (first && m.depth == 0 && contains_any(before.substr(begin), {U"包括", U"其中"})) return out;
        if (!first || !is_stated(m) || m.depth > 0) continue;
        out.push_back(&m);
        clause = begin;
      }
      if (!text.ends_with(U'；') && !text.ends_with(U'，') && !text.ends_with(U'。')) break;
    }
    return out;
  }

  // "货物3万元、工程4万元、服务5万元。": one sentence with parts of one kind and nothing else.
  [[nodiscard]] static Parts parts_of_one(const Statements& said) {
    Parts out;
    if (!said.paragraph->text.ends_with(U'。')) return out;
    for (const auto& m : said.mentions) {
      if (m.sentence > 0 || out.size() > kMostParts) break;
      if (m.role != Role::level) continue;
      bool alike = m.subject && m.measure == Measure::money && !m.reason && !m.compared && m.depth == 0 &&
                   !family(m.subject->code).empty() &&
                   (out.empty() || family(m.subject->code) == family(out.front()->subject->code));
      if (!alike) return {};
      out.push_back(&m);
    }
    return out;
  }

  // Whether the paragraph's first amount is one more of the same kind as those parts.
  [[nodiscard]] static bool opens_with_sibling(const Statements& said, const Parts& parts) {
    const auto* head = head_figure(said);
    if (head == nullptr || !head->subject || parts.empty()) return false;
    auto kind = family(head->subject->code);
    bool cars = std::ranges::any_of(parts, [](const Mention* p) { return p->subject && p->subject->code == "sangong.car"; });
    if (kind == "car" && !cars && family(parts.front()->subject ? parts.front()->subject->code : "") == "sangong") return true;
    return !kind.empty() && std::ranges::all_of(parts, [&](const Mention* p) {
      return p->subject && p->subject->code != head->subject->code && family(p->subject->code) == kind;
    });
  }

  [[nodiscard]] static bool is_one_of(const Mention& total, const Parts& parts) {
    if (!total.subject) return false;
    auto kind = family(total.subject->code);
    return std::ranges::any_of(parts, [&](const Mention* p) {
      return p->subject && (p->subject->code == total.subject->code || (!kind.empty() && kind == family(p->subject->code)));
    });
  }

  // All three of the three publics, or a list of another kind.
  [[nodiscard]] static bool closes(const Parts& parts) {
    bool of_publics =
        std::ranges::any_of(parts, [](const Mention* p) { return p->subject && family(p->subject->code) == "sangong"; });
    return !of_publics || parts.size() >= 3;
  }

  // "财政拨款支出主要内容如下：": of the section's amount of that name. What is 主要 may be no more than most of it.
  [[nodiscard]] Parts totals_named() const {
    auto at = text_.find(U"主要");
    if (at == std::u32string::npos) at = text_.find(U"具体");
    auto subject = at == std::u32string::npos ? std::nullopt : subject_of(std::u32string_view(text_).substr(0, at));
    if (!subject || !subject->code.starts_with("expenditure.")) return {};
    auto out = totals_of_section();
    std::erase_if(out, [&](const Mention* m) { return m->subject->scope != subject->scope; });
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
    bool told = totals.empty();
    if (told) totals = totals_named();
    if (totals.empty()) return;
    bool accounts = c_.model().final_account && std::ranges::none_of(totals, [](const Mention* t) { return is_budgeted(*t); });
    Parts parts;
    int level = 0, own = view_.said.paragraph->number.level;
    const auto& all = c_.model().paragraphs;
    if (auto next = index_ + 1; next < all.size() && all[next].said.paragraph->number.level == 0 && !text_.contains(U"分类"))
      parts = unnumbered_parts();
    auto i = index_ + 1;
    for (; i < all.size() && all[i].section == view_.section && all[i].project == view_.project; ++i) {
      auto number = all[i].said.paragraph->number;
      if (number.level == 0) continue;  // goes on with the item above it
      if (number.level <= own) break;
      if (level == 0) {
        if (number.ordinal != 1) return;
        level = number.level;
      }
      if (number.level < level) break;
      if (number.level > level) continue;
      auto expected = static_cast<int>(parts.size()) + 1;
      if (number.ordinal > expected) return;  // one of them is left out
      if (number.ordinal < expected) break;
      const auto* head = head_figure(all[i].said);
      if (accounts) head = account_of(all[i].said, head);
      if (head == nullptr) return;
      parts.push_back(head);
    }
    // The head may name the parts themselves: none of them is their total.
    std::erase_if(totals, [&](const Mention* t) { return is_one_of(*t, parts); });
    // Where the text breaks off, or the items have parts of their own, so may the list.
    if (!closes(parts)) return;
    if (parts.size() >= 2 && !totals.empty()) judge(parts, totals, !told && complete(parts, tail), false);
  }

  Groups groups_;
};

}  // namespace

void check_statements(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Sentences(c, i).check();
}

}  // namespace qushu::budget
