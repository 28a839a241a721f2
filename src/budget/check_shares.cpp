// Sentences: shares of a whole (占), completion of the budget (完成预算的).
#include <algorithm>
#include <array>
#include <optional>

#include "shares.h"

namespace qushu::budget {
namespace {

class Shares : PercentCheck {
 public:
  Shares(Checking& c, std::size_t index) : PercentCheck(c, index) {}

  void check() {
    for (std::size_t k = 0; k < mentions_.size(); ++k) {
      if (mentions_[k].reason) continue;
      if (mentions_[k].role == Role::share) check_share(k);
      if (mentions_[k].role == Role::completion) check_completion(k);
    }
  }

 private:
  // "占一般公共预算项目支出的": of that fund, and not of all of them.
  [[nodiscard]] static bool means_scope(const Subject& named, std::string_view scope) {
    bool one_fund = named.scope == "general" || named.scope == "fund" || named.scope == "capital";
    return one_fund && named.code == "expenditure.project" ? scope == named.scope : may_agree(scope, named.scope);
  }

  void check_share(std::size_t k) {
    const auto& share = mentions_[k];
    // "货物、服务分别为3万元和5万元，占37.5%和62.5%": whose share each is takes more than the nearest amount.
    if (share.chained) return;
    if (k + 1 < mentions_.size() && mentions_[k + 1].chained) return check_share_run(k);
    if (is_of_stated(k)) return check_of_stated(mentions_[k - 2], mentions_[k - 1], share);
    const Mention* part = nullptr;
    for (const auto* m : mentions_before(view_.said, k, 0))
      if (m->role == Role::level && m->measure != Measure::percent && !m->compared && m->depth <= share.depth) {
        part = m;
        break;
      }
    // "…占20%；工程占100%": behind the ； of something that bears no amount.
    if (part != nullptr && share.depth == 0 && text_.substr(part->end, share.begin - part->end).contains(U'；')) return;
    if (part == nullptr || part->reason || view_.said.unclear_within(part->end, share.begin)) return;
    std::vector<std::pair<std::int64_t, Mark>> natural;
    auto words = whole_named(share);
    auto subject = subject_of(words);
    if (subject) {
      for (const auto& fact : c_.model().facts) {
        bool loose = is_loose(subject->code) && is_whole(fact.subject.code, subject->code.substr(0, subject->code.size() - 3));
        if (fact.project.empty() && fact.owner == view_.owner && fact.year == c_.model().year &&
            (fact.subject.code == subject->code || loose) && means_scope(*subject, fact.subject.scope))
          natural.emplace_back(fact.fen, fact.mark);
      }
    }
    const auto& in_section = totals_above();
    // "本年收入" of what is stated as "收入".
    if (natural.empty() && (words == U"本年收入" || words == U"本年支出"))
      add_facts(words == U"本年收入" ? "income.any" : "expenditure.any", *part, natural);
    // Without a name the whole is the figure before 其中 in the sentence, or the one that opens the section.
    if (words.empty() && natural.empty()) {
      const auto* whole = total_of(*part);
      if (whole == nullptr && !in_section.empty() && in_section.front()->value >= part->value) whole = in_section.front();
      if (whole != nullptr && same_measure(*whole, *part)) natural.emplace_back(whole->value, whole->mark);
    }
    // "占本年财政拨款支出的 80%" of what the sentence takes apart, by a name that is not known elsewhere.
    if (natural.empty() && ends_with_any(words, {U"支出", U"收入", U"合计", U"拨款", U"总额", U"规模"}))
      if (const auto* whole = total_of(*part); whole != nullptr && same_measure(*whole, *part) && whole->value >= part->value)
        natural.emplace_back(whole->value, whole->mark);
    // "三公经费支出决算中，公务接待费3万元，占20%": of the three publics, which are stated elsewhere.
    if (natural.empty() && words.empty() && part->subject && part->subject->code.starts_with("sangong."))
      add_facts("sangong.total", *part, natural);
    // "在职人员151人。其中专任教师136人，占在职人员的90.07%": what has just been named so.
    constexpr std::size_t kLongName = 6;
    if (natural.empty() && words.size() >= (part->measure == Measure::count ? 3 : kLongName))
      for (const auto* m : mentions_before(view_.said, k, 2))
        if (m != part && m->role == Role::level && same_measure(*m, *part) &&
            (m->lead.ends_with(words) || m->phrase.ends_with(words)) && m->value >= part->value && natural.empty())
          natural.emplace_back(m->value, m->mark);
    // "占“三公”经费的 80%", whose total is not stated: the sum of what the sentence lists.
    if (natural.empty() && !words.empty()) add_listed_whole(*part, natural);
    if (natural.empty()) return;
    c_.counted();
    if (std::ranges::any_of(natural, [&](const auto& n) { return fits(*part, n.first, share); })) return;
    bool of_all = subject && is_of_all(*subject);
    if (!names_a_total(words) && !is_of_the_named(k, words, natural.front().first) &&
        is_of_another_whole(k, *part, in_section, of_all))
      return;
    auto [whole, mark] = natural.front();
    // What is many times the whole is a share of another one: of the city's, not of the unit's.
    if (whole == 0 || part->value / 2 > whole) return;
    // "基本支出50万元。其中：人员经费40万元，公用经费10万元，占支出合计12.5%": of what the list is of.
    if (const auto* head = total_of(*part);
        head != nullptr && !words.empty() && head->mark != mark &&
        std::ranges::any_of(natural, [&](const auto& n) { return fits(*head, n.first, share); }))
      return;
    report_percent(share, scaled(part->value, 100 * kMicro, whole), {part->mark, mark}, "占比", "The share");
  }

  [[nodiscard]] static bool is_of_all(const Subject& subject) {
    return is_whole(subject.code, "income.") || is_whole(subject.code, "expenditure.");
  }
  // A total by the name that the forms give it, of which the document has one.
  [[nodiscard]] static bool names_a_total(std::u32string_view words) {
    return words == U"收入总计" || words == U"支出总计" || words == U"本年收入合计" || words == U"本年支出合计" ||
           words == U"本年收入" || words == U"本年支出";
  }

  // "项目23个，占全部项目25个的92%": the whole stands between the two.
  [[nodiscard]] bool is_of_stated(std::size_t k) const {
    if (k < 2) return false;
    const auto &part = mentions_[k - 2], &whole = mentions_[k - 1], &share = mentions_[k];
    return part.role == Role::level && whole.role == Role::level && part.measure != Measure::percent &&
           same_measure(part, whole) && part.sentence == share.sentence && part.depth == share.depth &&
           whole.depth == share.depth && whole.lead.starts_with(U'占') && !part.reason && !part.compared;
  }
  void check_of_stated(const Mention& part, const Mention& whole, const Mention& share) {
    c_.counted();
    if (whole.value <= 0 || fits(part, whole.value, share)) return;
    report_percent(share, scaled(part.value, 100 * kMicro, whole.value), {part.mark, whole.mark}, "占比", "The share");
  }

  // "甲80万元，占收入预算的80%；乙20万元，占收入预算的25%": whether another share of the paragraph that names the same is of
  // it.
  [[nodiscard]] bool is_of_the_named(std::size_t k, std::u32string_view words, std::int64_t whole) const {
    if (words.empty()) return false;
    for (std::size_t i = k - std::min(k, kMentionsBack); i < std::min(mentions_.size(), k + kMentionsBack); ++i) {
      if (i == k || i == 0 || mentions_[i].role != Role::share || mentions_[i].chained) continue;
      const auto& part = mentions_[i - 1];
      bool own = part.role == Role::level && part.measure != Measure::percent && part.sentence == mentions_[i].sentence;
      if (own && part.value < whole && whole_named(mentions_[i]) == words && fits(part, whole, mentions_[i])) return true;
    }
    return false;
  }

  // Whether it fits what the paragraph or the section states, or any income or expenditure of the document.
  // `of_all`: it names all of some funds, so that it is of no kind of them.
  [[nodiscard]] bool is_of_another_whole(std::size_t k, const Mention& part, const Parts& in_section, bool of_all) const {
    const auto& share = mentions_[k];
    auto fits_one = [&](const Mention* m) {
      bool kind = of_all && m->subject && !is_of_all(*m->subject);
      return !kind && same_measure(*m, part) && fits(part, m->value, share);
    };
    for (const auto* m : mentions_before(view_.said, k, share.sentence))
      if (m != &part && m->role == Role::level && fits_one(m)) return true;
    if (std::ranges::any_of(in_section, fits_one)) return true;
    return part.measure == Measure::money && std::ranges::any_of(of_all ? c_.model().totals : c_.model().flows,
                                                                 [&](std::int64_t fen) { return fits(part, fen, share); });
  }

  // "货物、工程和服务分别为3万元、4万元和5万元，分别占25%、33.3%和41.7%": each with its own, of a whole that all but one of
  // them agree upon.
  void check_share_run(std::size_t k) {
    std::size_t run = 1;
    while (k + run < mentions_.size() && mentions_[k + run].chained && mentions_[k + run].role == Role::share) ++run;
    if (k < run) return;
    for (auto i = k - run; i < k; ++i) {
      const auto& m = mentions_[i];
      bool own = m.role == Role::level && m.sentence == mentions_[k].sentence && same_measure(m, mentions_[k - run]) &&
                 m.measure != Measure::percent && !m.reason && !m.compared && m.depth == mentions_[k].depth;
      if (!own) return;
    }
    // One more amount right before them may be the first of the run.
    if (view_.said.unclear_within(mentions_[k - run].begin, mentions_[k + run - 1].end)) return;
    std::vector<std::pair<std::int64_t, Mark>> wholes;
    for (const auto* m : mentions_before(view_.said, k - run, mentions_[k].sentence))
      if (m->role == Role::level && same_measure(*m, mentions_[k - run])) wholes.emplace_back(m->value, m->mark);
    for (const auto* m : totals_above())
      if (same_measure(*m, mentions_[k - run])) wholes.emplace_back(m->value, m->mark);
    Parts listed;
    for (auto i = k - run; i < k; ++i) listed.push_back(&mentions_[i]);
    wholes.emplace_back(Groups::sum_of(listed), mentions_[k - run].mark);
    std::size_t best = 0;
    std::pair<std::int64_t, Mark> whole;
    for (const auto& candidate : wholes) {
      std::size_t fitting = 0;
      for (std::size_t i = 0; i < run; ++i) fitting += fits(*listed[i], candidate.first, mentions_[k + i]) ? 1U : 0U;
      if (fitting > best) best = fitting, whole = candidate;
    }
    c_.counted();
    if (best == run || best + 1 < run || best == 0 || whole.first == 0) return;
    for (std::size_t i = 0; i < run; ++i)
      if (!fits(*listed[i], whole.first, mentions_[k + i]))
        report_percent(mentions_[k + i], scaled(listed[i]->value, 100 * kMicro, whole.first), {listed[i]->mark, whole.second},
                       "占比", "The share");
  }

  void add_facts(std::string_view code, const Mention& part, std::vector<std::pair<std::int64_t, Mark>>& natural) const {
    for (const auto& fact : c_.model().facts)
      if (fact.subject.code == code && fact.year == c_.model().year && fact.owner == view_.owner &&
          fact.plan != c_.model().final_account && fact.fen >= part.value)
        natural.emplace_back(fact.fen, fact.mark);
  }

  void add_listed_whole(const Mention& part, std::vector<std::pair<std::int64_t, Mark>>& natural) const {
    auto kind = part.subject ? family(part.subject->code) : std::string_view{};
    if (kind.empty()) return;
    std::int64_t sum = 0;
    std::size_t listed = 0;
    for (const auto& m : mentions_) {
      if (m.sentence != part.sentence || m.role != Role::level || m.compared || m.depth != part.depth) continue;
      if (!same_measure(m, part)) continue;
      if (!m.subject || family(m.subject->code) != kind) return;  // what else is listed may belong to it
      sum += m.value, ++listed;
    }
    if (listed >= 2) natural.emplace_back(sum, part.mark);
  }

  // What the section states above, but percentages.
  [[nodiscard]] const Parts& totals_above() {
    if (!totals_above_) {
      totals_above_ = levels_above(c_.model(), index_);
      std::erase_if(*totals_above_, [](const Mention* m) { return m->measure == Measure::percent; });
    }
    return *totals_above_;
  }

  [[nodiscard]] static bool names_no_more_than_a_budget(const Mention& m) {
    auto lead = m.lead;
    for (std::u32string_view tail : {U"为", U"数"})
      if (lead.ends_with(tail)) lead.resize(lead.size() - tail.size());
    return lead == U"年初预算" || lead == U"全年预算" || lead == U"调整预算";
  }
  // "…完成全年预算的77.3%。全年预算为18.5万元": the budget that the next sentence opens with.
  [[nodiscard]] const Mention* budget_behind(std::size_t k) const {
    for (auto i = k + 1; i < mentions_.size() && mentions_[i].sentence <= mentions_[k].sentence + 1; ++i) {
      const auto& m = mentions_[i];
      if (m.sentence == mentions_[k].sentence || m.role != Role::level || m.measure != Measure::money) continue;
      bool opens = names_no_more_than_a_budget(m) && sentence_text(view_.said, m.sentence).starts_with(m.lead);
      return opens ? &m : nullptr;
    }
    return nullptr;
  }

  // 完成年初预算的 95%: the last amount of a final account over the last budgeted one.
  void check_completion(std::size_t k) {
    if (check_completion_of_named(k)) return;
    const auto& rate = mentions_[k];
    const Mention* plan = nullptr;
    const Mention* spent = nullptr;
    bool other = false;
    // "决算17万元，完成预算27万元的63%"
    bool of_amount = k > 0 && mentions_[k - 1].compared && mentions_[k - 1].lead.starts_with(U"完成");
    for (const auto* before : mentions_before(view_.said, k, 1)) {
      const auto& m = *before;
      if (m.role != Role::level || m.measure != Measure::money || m.reason) continue;
      if (of_amount) {
        if (plan == nullptr) {
          plan = &m;
        } else {
          spent = &m;
          break;
        }
        continue;
      }
      bool budgeted = (contains_any(m.lead, {U"年初预算", U"预算为", U"预算数", U"全年预算", U"调整预算", U"预算资金"}) ||
                       without_fund_names(m.lead).ends_with(U"预算")) &&
                      !m.lead.contains(U"决算");
      // "支出决算9万元。与年初预算8万元相比，完成年初预算的112.5%"
      if (m.compared && budgeted && plan == nullptr && spent == nullptr) {
        plan = &m;
        of_amount = true;
        continue;
      }
      if (m.compared) continue;
      // The budget stands right before the account; another account between them has its own.
      if (spent != nullptr && !budgeted) other = true;
      if (budgeted && plan == nullptr && !other) plan = &m;
      // "支出9万元，年初预算8万元，完成年初预算的112.5%"
      bool right_before =
          plan != nullptr && &m + 1 == plan && plan->sentence == m.sentence && names_no_more_than_a_budget(*plan);
      if (!budgeted && spent == nullptr && (plan == nullptr || right_before)) spent = &m;
    }
    if (spent == nullptr) return;
    if (plan == nullptr) plan = budget_behind(k);
    if (view_.said.unclear_within(std::min(spent->begin, rate.begin), rate.begin)) return;
    if (plan == nullptr) return check_completion_of_facts(k, *spent);
    if (plan->value == 0) return;
    // Of the adjusted budget, where only the one at the beginning is told.
    auto since = std::u32string_view(text_).substr(spent->end, rate.begin - std::min(rate.begin, spent->end));
    if (since.contains(U"调整") && plan->lead.contains(U"年初")) return;
    c_.counted();
    if (fits(*spent, plan->value, rate)) return;
    // Of the budget at the beginning and of the adjusted one, any that is there may be meant.
    for (const auto* m : mentions_before(view_.said, k, 1))
      if (m != spent && m->role == Role::level && m->measure == Measure::money && !is_account(*m) &&
          fits(*spent, m->value, rate))
        return;
    report_percent(rate, scaled(spent->value, 100 * kMicro, plan->value), {spent->mark, plan->mark}, "完成预算的比例",
                   "The completion");
  }

  // "年初预算9万元，调整预算10万元，决算8万元，完成调整预算的80%": of the budget that it names, where more than one is told by
  // name. True: it was judged.
  bool check_completion_of_named(std::size_t k) {
    static constexpr std::array<std::u32string_view, 4> kBudgets{U"年初预算", U"调整预算", U"调整后预算", U"全年预算"};
    const auto& rate = mentions_[k];
    auto from = k == 0 ? std::size_t{0} : mentions_[k - 1].end;
    auto since = std::u32string_view(text_).substr(from, rate.begin - from);
    auto named_in = [](std::u32string_view words) {
      std::u32string_view out;
      for (auto name : kBudgets) {
        if (!words.contains(name)) continue;
        if (!out.empty()) return std::u32string_view{};
        out = name;
      }
      return out;
    };
    auto name = named_in(since);
    if (name.empty() || rate.depth > 0) return false;
    Parts plans, others, accounts;
    for (const auto* m : mentions_before(view_.said, k, 1)) {
      if (m->role != Role::level || m->measure != Measure::money || m->reason) continue;
      auto own = named_in(m->lead);
      if (m->depth > 0 || m->compared || (own.empty() && !is_account(*m))) return false;
      (own.empty() ? accounts : own == name ? plans : others).push_back(m);
    }
    if (plans.size() != 1 || others.empty() || accounts.size() != 1 || plans[0]->value == 0) return false;
    if (accounts[0]->begin < plans[0]->begin || view_.said.unclear_within(plans[0]->begin, rate.begin)) return false;
    c_.counted();
    if (!fits(*accounts[0], plans[0]->value, rate))
      report_percent(rate, scaled(accounts[0]->value, 100 * kMicro, plans[0]->value), {accounts[0]->mark, plans[0]->mark},
                     "完成预算的比例", "The completion");
    return true;
  }

  // "决算8万元，完成年初预算的80%，比年初预算数减少2万元": the change tells the budget. True: it was there.
  bool check_completion_by_change(std::size_t k, const Mention& spent) {
    const auto& rate = mentions_[k];
    if (spent.sentence != rate.sentence) return false;
    for (auto i = k + 1; i < mentions_.size() && i <= k + 4 && mentions_[i].sentence == rate.sentence; ++i) {
      const auto& change = mentions_[i];
      if (change.role == Role::level) return false;
      if (change.role != Role::change || change.measure != Measure::money || change.direction == 0 || change.chained) continue;
      auto words = std::u32string_view(change.lead);
      auto at = words.find_first_of(U"比较");
      if (at == std::u32string_view::npos || !contains_any(words.substr(at), {U"年初预算", U"预算数"}) ||
          contains_any(words, {U"上年", U"去年"}) || year_in(words) != 0)
        continue;
      auto budget = spent.value - change.direction * change.value;
      if (budget <= 0) return false;
      c_.counted();
      if (!fits(spent, budget, rate))
        report_percent(rate, scaled(spent.value, 100 * kMicro, budget), {spent.mark, change.mark}, "完成预算的比例",
                       "The completion");
      return true;
    }
    return false;
  }

  [[nodiscard]] static bool is_account(const Mention& m) { return contains_any(m.lead, {U"决算", U"执行数", U"实际"}); }

  // "公务接待费支出5.8万元，完成预算的72.5%", whose budget is stated elsewhere: any that it fits will do.
  void check_completion_of_facts(std::size_t k, const Mention& spent) {
    const auto& rate = mentions_[k];
    if (check_completion_by_change(k, spent)) return;
    if (!c_.model().final_account || !spent.subject || spent.sentence != rate.sentence) return;
    const Fact* first = nullptr;
    for (const auto& fact : c_.model().facts) {
      if (!fact.plan || fact.subject.code != spent.subject->code || fact.year != c_.model().year || fact.fen == 0 ||
          fact.owner != view_.owner || !may_agree(fact.subject.scope, spent.subject->scope))
        continue;
      if (fits(spent, fact.fen, rate)) return c_.counted();
      if (first != nullptr && first->fen != fact.fen) return;
      first = &fact;
    }
    if (first == nullptr) return;
    c_.counted();
    report_percent(rate, scaled(spent.value, 100 * kMicro, first->fen), {spent.mark, first->mark}, "完成预算的比例",
                   "The completion");
  }

  std::optional<Parts> totals_above_;  // as soon as a share asks for them
};

}  // namespace

void check_shares(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Shares(c, i).check();
}

}  // namespace qushu::budget
