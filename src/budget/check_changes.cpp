// 比上年增加 X 万元，增长 Y%: X and Y must fit each other, and the figure of the year that is named.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "changes.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kMostFacts = 8000;  // among which an amount is looked for that a sentence does not repeat

class Changes : ChangeCheck {
 public:
  Changes(Checking& c, std::size_t index) : ChangeCheck(c, index) {}

  void check() {
    for (std::size_t k = 0; k < mentions_.size(); ++k) {
      const auto& m = mentions_[k];
      if (m.reason) continue;
      if (m.role == Role::change && m.measure == Measure::money) check_change(k);
      bool alone = m.role == Role::change_percent &&
                   (k == 0 || mentions_[k - 1].role != Role::change || mentions_[k - 1].sentence != m.sentence);
      if (alone) check_rate_alone(k);
    }
  }

 private:
  // The text since the mention before.
  [[nodiscard]] std::u32string_view gap_before(std::size_t k) const {
    auto begin = k == 0 ? std::size_t{0} : mentions_[k - 1].end;
    return std::u32string_view(text_).substr(begin, mentions_[k].begin - begin);
  }
  // "比年初预算", "较上年": a comparison that says with what.
  [[nodiscard]] static bool names_base(std::u32string_view words) {
    for (auto word : {U"比", U"较", U"与"})
      for (auto at = words.find(word); at != std::u32string_view::npos; at = words.find(word, at + 1)) {
        auto rest = words.substr(at + 1, 2);
        if (rest == U"年初" || rest == U"上年" || rest == U"去年" || rest == U"预算" || rest == U"全年" || rest == U"20")
          return true;
      }
    return false;
  }

  void check_change(std::size_t k) {
    const auto& change = mentions_[k];
    if (auto run = run_from(k); run > 1 || change.chained) return change.chained ? void() : check_run(k, run);
    const Mention* rate = nullptr;
    if (k + 1 < mentions_.size() && mentions_[k + 1].role == Role::change_percent &&
        mentions_[k + 1].sentence == change.sentence)
      rate = &mentions_[k + 1];
    auto ref = reference(k);
    auto levels = levels_before(k);
    bool unread = !levels.empty() && levels.front()->begin < change.begin &&
                  view_.said.unclear_within(levels.front()->begin, change.begin) && !nowhere_in(levels.front());
    if (unread) return;
    // "6.2万元，比年初预算数8.1万元减少1.9万元"
    bool after_base = !levels.empty() && k > 0 && levels.front() == &mentions_[k - 1] &&
                      (levels.front()->compared || (levels.size() > 1 && is_base(*levels[0], *levels[1])));
    if (rate != nullptr && contradicts(change, *rate)) return report_directions(change, *rate);
    if (!ref.named && rate == nullptr && !after_base) return;
    if (check_named_against(k, levels)) return;
    if (std::vector<Mention> elsewhere; view_.project.empty() && named_elsewhere(k, levels, elsewhere)) {
      std::vector<const Mention*> known;
      for (const auto& m : elsewhere) known.push_back(&m);
      known.insert(known.end(), levels.begin(), levels.end());
      if (rate != nullptr && !known.empty()) check_rate(change, *rate, known);
      return;
    }
    Mention stated;  // a project's amount of the year, where the sentence does not repeat it
    if (levels.empty() && !view_.project.empty() && !from_facts(k, stated)) return;
    if (levels.empty() && view_.project.empty()) {
      c_.unclear(change.mark, {"没有找到增减所指的金额，未核对。", "What changed is not named; not checked."});
      return;
    }
    if (levels.empty()) levels.push_back(&stated);
    // "比上年决算6万元减少1万元；比年初预算减少4万元": the second is of another base.
    if (k > 0 && ref.named && !after_base && names_base(gap_before(k)))
      std::erase_if(levels, [](const Mention* m) { return m->compared; });
    if (levels.empty()) return;
    check_compared(change, levels);
    if (ref.named && check_base(change, rate, levels, ref)) return;
    if (rate != nullptr) check_rate(change, *rate, levels);
  }

  // "减少3万元，增长5%"
  [[nodiscard]] bool contradicts(const Mention& change, const Mention& rate) const {
    constexpr std::size_t kBeside = 4;
    return change.direction * rate.direction < 0 && change.value > 0 && rate.value > 0 && !rate.reason &&
           rate.begin - change.end <= kBeside;
  }
  void report_directions(const Mention& change, const Mention& rate) {
    c_.counted();
    Finding f{.kind = Kind::year_on_year, .confidence = 90};
    f.unit = "%";
    f.expected = percent_text(-rate.direction * std::abs(rate.value), rate.printed.digits);
    f.found = percent_text(rate.direction * std::abs(rate.value), rate.printed.digits);
    f.message = {fmt::format("金额为{}，幅度却为{}，增减方向不一致。", change.direction < 0 ? "减少" : "增加",
                             rate.direction < 0 ? "下降" : "增长"),
                 fmt::format("The amount {}, the rate {}: one of the two is the wrong way round.",
                             change.direction < 0 ? "fell" : "rose", rate.direction < 0 ? "fell" : "rose")};
    add_places(f, {&rate.mark, &change.mark});
    c_.add(std::move(f));
  }

  // "…事业收入8万元…。其中事业收入较2020年9万元增加1万元": of what it names, whose amount stands elsewhere, against the base
  // that stands before it. True: it was judged.
  bool check_named_against(std::size_t k, const std::vector<const Mention*>& levels) {
    const auto& change = mentions_[k];
    bool base_only =
        k > 0 && !levels.empty() && levels.front() == &mentions_[k - 1] && levels.front()->compared &&
        levels.front()->sentence == change.sentence && change.direction != 0 && view_.project.empty() &&
        std::ranges::none_of(levels, [&](const Mention* m) { return m->sentence == change.sentence && !m->compared; });
    if (!base_only || c_.model().facts.size() > kMostFacts) return false;
    const auto& base = *levels.front();
    auto clause = last_clause(said_before(view_.said, base.sentence, base.begin), {U"比", U"较", U"与"});
    constexpr std::u32string_view kOfWhich = U"其中";
    if (clause.starts_with(kOfWhich)) clause.erase(0, kOfWhich.size());
    auto subject = subject_of(clause == U"收入" || clause == U"支出" ? U"本年度" + clause : clause);
    if (!subject) return false;
    inherit_scope(*subject, view_.scope);
    const Fact* now = nullptr;
    for (const auto* fact : facts_of(*subject, view_.project)) {
      if (fact->year != c_.model().year || fact->plan == c_.model().final_account || fact->fen == base.value) continue;
      auto slack = half(base) + half(change) + c_.model().rounding(fact->unit, fact->printed.digits);
      if (std::abs(fact->fen - base.value - change.direction * change.value) <= slack) return c_.counted(), true;
      if (now != nullptr && now->fen != fact->fen) return false;
      now = fact;
    }
    if (now == nullptr) return false;
    c_.counted();
    Finding f{.kind = Kind::year_on_year, .confidence = 86};
    f.unit = name(change.unit);
    auto digits = std::max(change.printed.digits, base.printed.digits);
    f.expected = amount_text(now->fen - base.value, change.unit, digits);
    f.found = amount_text(change.direction * change.value, change.unit, change.printed.digits);
    f.message = {
        fmt::format("由 {} 变为 {}，应增减 {} {}，文中为 {} {}。", amount_text(base.value, change.unit, digits),
                    amount_text(now->fen, change.unit, digits), f.expected, f.unit, f.found, f.unit),
        fmt::format("From {} to {} the change is {} {}, the text says {} {}.", amount_text(base.value, change.unit, digits),
                    amount_text(now->fen, change.unit, digits), f.expected, f.unit, f.found, f.unit)};
    add_places(f, {&change.mark, &base.mark, &now->mark});
    c_.add(std::move(f));
    return true;
  }

  // "分别减少3万元和5万元": how many there are.
  [[nodiscard]] std::size_t run_from(std::size_t k) const {
    std::size_t run = 1;
    while (k + run < mentions_.size() && mentions_[k + run].chained && mentions_[k + run].role == mentions_[k].role) ++run;
    return run;
  }

  // "购置费14万元和运行费27万元，分别减少3万元和5万元，下降17.65%和15.63%": each with its own.
  void check_run(std::size_t k, std::size_t run) {
    if (k < run || k + run >= mentions_.size()) return;
    const auto& rate = mentions_[k + run];
    if (rate.role != Role::change_percent || rate.sentence != mentions_[k].sentence || run_from(k + run) != run) return;
    for (std::size_t i = 0; i < run; ++i) {
      const auto& level = mentions_[k - run + i];
      bool own = level.role == Role::level && level.measure == Measure::money && level.sentence == rate.sentence &&
                 !level.compared && level.depth == rate.depth;
      if (!own) return;
    }
    for (std::size_t i = 0; i < run; ++i) check_rate(mentions_[k + i], mentions_[k + run + i], {&mentions_[k - run + i]});
  }

  // "“三公”经费支出决算数比上年减少2万元": what changed is named, its amount stands elsewhere. True: nothing before it is
  // meant.
  bool named_elsewhere(std::size_t k, const std::vector<const Mention*>& levels, std::vector<Mention>& out) const {
    if (c_.model().facts.size() > kMostFacts) return false;
    auto subject = subject_of_change(k);
    if (!subject) return false;
    bool near = std::ranges::any_of(levels, [&](const Mention* m) {
      return m->sentence == mentions_[k].sentence || (m->subject && same_code(m->subject->code, subject->code));
    });
    if (near) return false;
    inherit_scope(*subject, view_.scope);
    for (const auto* fact : facts_of(*subject, view_.project)) {
      if (fact->year != c_.model().year || fact->plan == c_.model().final_account) continue;
      Mention m;
      m.value = fact->fen;
      m.printed = fact->printed;
      m.unit = fact->unit;
      m.mark = fact->mark;
      m.subject = fact->subject;
      out.push_back(std::move(m));
    }
    return !out.empty();
  }

  // "A 万元，较 2023 年预算 B 万元增加 D 万元": all three are there.
  void check_compared(const Mention& change, const std::vector<const Mention*>& levels) {
    // "基本支出9万元。其中：…，比年初预算8万元增加1万元": of what the list is of, perhaps.
    if (levels.size() < 2 || opens_list(sentence_text(view_.said, change.sentence))) return;
    auto current = std::find_if(levels.begin() + 1, levels.end(), [](const Mention* m) { return !m->compared; });
    if (current == levels.end() || !is_base(*levels[0], **current)) return;
    const auto &before = *levels[0], &now = **current;
    c_.counted();
    auto slack = half(before) + half(now) + half(change);
    for (const auto* level : levels)
      for (int sign : signs(change))
        if (std::abs(level->value - before.value - sign * change.value) <= slack) return;
    Finding f{.kind = Kind::year_on_year, .confidence = 88};
    f.unit = name(change.unit);
    f.expected = amount_text(now.value - before.value, change.unit, std::max(change.printed.digits, now.printed.digits));
    f.found = amount_text(change.direction < 0 ? -change.value : change.value, change.unit, change.printed.digits);
    f.message = {fmt::format("按文中两年的金额，应增减 {} {}，文中为 {} {}。", f.expected, f.unit, f.found, f.unit),
                 fmt::format("By the amounts of both years the change is {} {}, the text says {} {}.", f.expected, f.unit,
                             f.found, f.unit)};
    add_places(f, {&change.mark, &before.mark, &now.mark});
    c_.add(std::move(f));
  }

  bool from_facts(std::size_t k, Mention& stated) const {
    int year = year_in(mentions_[k].lead);
    for (const auto& fact : c_.model().facts)
      if (fact.project == view_.project && fact.subject.code == "project.total" &&
          fact.year == (year != 0 ? year : c_.model().year)) {
        stated.value = fact.fen;
        stated.printed = fact.printed;
        stated.unit = fact.unit;
        stated.mark = fact.mark;
        return true;
      }
    return false;
  }

  [[nodiscard]] static std::vector<int> signs(const Mention& change) {
    if (change.direction == 0) return {1, -1};
    return {change.direction};
  }

  // True: the change was compared with the year that it names, and a contradiction reported or agreement found.
  bool check_base(const Mention& change, const Mention* rate, const std::vector<const Mention*>& levels, const Reference& ref) {
    if (ref.year == 0 && !ref.same_year) return false;
    auto changed = std::ranges::find_if(levels, [](const Mention* m) { return !m->compared; });
    if (changed == levels.end()) return false;
    const auto& level = **changed;
    auto subject = subject_of_level(level, levels);
    if (!subject) return false;
    inherit_scope(*subject, view_.scope);
    auto known = facts_of(*subject, view_.project);
    auto year = ref.same_year ? c_.model().year : ref.year;
    auto base_of = [&](const Fact* fact) {
      if (ref.same_year) return fact->year == year && fact->plan && c_.model().final_account;
      bool other_kind = fact->plan ? ref.of_account : ref.of_plan;
      return fact->year == year && fact->mark != level.mark && !other_kind;
    };
    std::vector<const Fact*> bases;
    std::ranges::copy_if(known, std::back_inserter(bases), base_of);
    if (bases.empty()) return false;
    c_.counted();
    auto fits = [&](const Fact* fact) {
      auto slack = half(level) + half(change) + c_.model().rounding(fact->unit, fact->printed.digits);
      return std::ranges::any_of(signs(change),
                                 [&](int sign) { return std::abs(level.value - fact->fen - sign * change.value) <= slack; });
    };
    // Budgets are compared with budgets: a final account of that year may differ.
    if (std::ranges::any_of(bases, fits)) {
      if (rate != nullptr) check_rate(change, *rate, levels);
      return true;
    }
    std::vector<const Fact*> others;
    std::ranges::copy_if(known, std::back_inserter(others),
                         [&](const Fact* fact) { return fact->year != year && fact->year < c_.model().year && fits(fact); });
    report_base(change, rate, level, *bases.front(), others.empty() ? nullptr : others.front());
    return true;
  }

  void report_base(const Mention& change, const Mention* rate, const Mention& level, const Fact& base, const Fact* other) {
    Finding f{.kind = Kind::year_on_year, .confidence = other != nullptr ? 97 : 85};
    f.severity = base.subject.scope == (level.subject ? level.subject->scope : "") || other != nullptr ? Severity::error
                                                                                                       : Severity::warning;
    f.unit = name(change.unit);
    auto digits = std::max(change.printed.digits, level.printed.digits);
    f.expected = amount_text(level.value - base.fen, change.unit, digits);
    f.found = amount_text(change.direction < 0 ? -change.value : change.value, change.unit, change.printed.digits);
    auto base_text = amount_text(base.fen, base.unit, base.printed.digits);
    auto year = year_words(base.year);
    f.message = {fmt::format("与{}的 {} {} 相比，应增减 {} {}，文中为 {} {}。", year.zh, base_text, name(base.unit), f.expected,
                             f.unit, f.found, f.unit),
                 fmt::format("Against {} {} of {}, the change is {} {}; the text says {} {}.", base_text, name(base.unit),
                             year.en, f.expected, f.unit, f.found, f.unit)};
    if (other != nullptr) {
      f.message.zh += fmt::format("该数只与{}的 {} 相符。", year_words(other->year).zh,
                                  amount_text(other->fen, other->unit, other->printed.digits));
      f.message.en += fmt::format(" It holds only against {} of {}.",
                                  amount_text(other->fen, other->unit, other->printed.digits), year_words(other->year).en);
    }
    add_places(f, {&change.mark, &base.mark, other != nullptr ? &other->mark : nullptr, &level.mark,
                   rate != nullptr ? &rate->mark : nullptr});
    c_.add(std::move(f));
  }

  // "上年支出30万元，减少30万元": what it was before.
  [[nodiscard]] bool says_before(const Mention& level, const Mention& change) const {
    int year = reference(static_cast<std::size_t>(&change - mentions_.data())).year;
    auto words = std::u32string_view(level.phrase);
    if (words.starts_with(U"其中")) words.remove_prefix(2);
    bool last = words.starts_with(U"上年") || words.starts_with(U"去年") ||
                (year_in(words.substr(0, 5)) != 0 && (year_in(words) == year || year_in(words) == c_.model().year - 1));
    return last && !contains_any(words, {U"结转", U"结余"});
  }

  // Whether the change is that share of `base`, as far as what is printed tells.
  [[nodiscard]] bool fits_rate(const Mention& change, const Mention& rate, const Mention& level, std::int64_t base) const {
    if (base <= 0) return false;
    auto slack = half(change) + half(level);
    auto low = scaled(std::abs(change.value) - half(change), 100 * kMicro, base + slack),
         high = scaled(std::abs(change.value) + half(change), 100 * kMicro, std::max<std::int64_t>(base - slack, 1));
    auto place = last_place(rate.printed.digits) - 1;
    auto said = std::abs(rate.value);
    return said >= low - place && said <= high + place;
  }

  // The change and its percentage imply the same base.
  void check_rate(const Mention& change, const Mention& rate, const std::vector<const Mention*>& levels) {
    bool tested = false;
    std::int64_t expected = 0;
    for (const auto* level : levels)
      for (int sign : signs(change)) {
        // Of what there was nothing before, "增长100%" is said.
        auto difference = level->value - sign * change.value;
        if (!level->compared && difference == 0 && std::abs(rate.value) == 100 * kMicro) return c_.counted();
        if (fits_rate(change, rate, *level, difference) && !level->compared) return c_.counted();
        bool before = level->compared || says_before(*level, change);
        if (before && fits_rate(change, rate, *level, level->value)) return c_.counted();
        auto base = before ? level->value : difference;
        if (base <= 0) continue;
        if (!tested) expected = scaled(std::abs(change.value), 100 * kMicro, base);
        tested = true;
      }
    if (!tested) return;
    c_.counted();
    Finding f{.kind = Kind::year_on_year, .confidence = 90};
    f.expected = percent_text(expected, std::max(rate.printed.digits, 2));
    f.found = to_text(rate.value, rate.printed.digits);
    f.unit = "%";
    f.message = {fmt::format("按文中的金额和增减额计算，增减幅度应为 {}%，文中为 {}%。", f.expected, f.found),
                 fmt::format("By the amount and its change the rate is {}%, the text says {}%.", f.expected, f.found)};
    add_places(f, {&rate.mark, &change.mark, &levels.front()->mark});
    c_.add(std::move(f));
  }

  // "9616元，比上年9584元增长0.34%"
  void check_rate_between(const Mention& rate, const Mention& before, const Mention& now) {
    if (before.value <= 0) return;
    c_.counted();
    auto slack = 100 * kMicro;
    auto low = scaled(now.value - half(now) - before.value - half(before), slack, before.value + half(before)),
         high = scaled(now.value + half(now) - before.value + half(before), slack,
                       std::max<std::int64_t>(before.value - half(before), 1));
    auto said = rate.direction * std::abs(rate.value), place = last_place(rate.printed.digits);
    if (said >= low - place && said <= high + place) return;
    Finding f{.kind = Kind::year_on_year, .confidence = 88};
    f.expected = percent_text(scaled(now.value - before.value, slack, before.value), std::max(rate.printed.digits, 2));
    f.found = to_text(said, rate.printed.digits);
    f.unit = "%";
    f.message = {fmt::format("按文中两个金额计算，增减幅度应为 {}%，文中为 {}%。", f.expected, f.found),
                 fmt::format("By the two amounts the rate is {}%, the text says {}%.", f.expected, f.found)};
    add_places(f, {&rate.mark, &before.mark, &now.mark});
    c_.add(std::move(f));
  }

  // "比上年增长 5%" without the amount.
  void check_rate_alone(std::size_t k) {
    const auto& rate = mentions_[k];
    auto ref = reference(k);
    auto levels = levels_before(k);
    if (levels.size() >= 2 && levels[0] == &mentions_[k - 1] && is_base(*levels[0], *levels[1]) && rate.direction != 0)
      return check_rate_between(rate, *levels[0], *levels[1]);
    if (!ref.named || ref.year == 0 || rate.direction == 0) return;
    if (levels.empty()) return check_rate_of_named(k, ref.year);
    auto subject = subject_of_level(*levels.front(), levels);
    if (!subject) return;
    const Fact* first = nullptr;
    for (const auto* fact : facts_of(*subject, view_.project)) {
      if (fact->year != ref.year || fact->fen == 0) continue;
      auto expected = scaled(levels.front()->value - fact->fen, 100 * kMicro, fact->fen);
      if (std::abs(expected - rate.direction * std::abs(rate.value)) <= last_place(rate.printed.digits)) return c_.counted();
      if (first == nullptr) first = fact;
    }
    if (first == nullptr) return;
    c_.counted();
    report_rate(rate, levels.front()->value, levels.front()->mark, *first);
  }

  // "公务接待费较2023年预算下降20%。2023年公务接待费预算为10万元": of what it names, whose amounts of both years are stated.
  void check_rate_of_named(std::size_t k, int year) {
    const auto& rate = mentions_[k];
    auto subject = subject_of_change(k);
    if (!subject || !view_.project.empty() || c_.model().facts.size() > kMostFacts) return;
    inherit_scope(*subject, view_.scope);
    const Fact *now = nullptr, *before = nullptr;
    for (const auto* fact : facts_of(*subject, view_.project)) {
      bool own = fact->year == c_.model().year && fact->plan != c_.model().final_account;
      if (!own && (fact->year != year || year == c_.model().year)) continue;
      auto& side = own ? now : before;
      if (side != nullptr && side->fen != fact->fen) return;
      side = fact;
    }
    if (now == nullptr || before == nullptr || before->fen == 0) return;
    c_.counted();
    auto expected = scaled(now->fen - before->fen, 100 * kMicro, before->fen);
    if (std::abs(expected - rate.direction * std::abs(rate.value)) > last_place(rate.printed.digits))
      report_rate(rate, now->fen, now->mark, *before);
  }

  void report_rate(const Mention& rate, std::int64_t now, const Mark& mark, const Fact& before) {
    Finding f{.kind = Kind::year_on_year, .confidence = 85};
    f.expected = percent_text(scaled(now - before.fen, 100 * kMicro, before.fen), std::max(rate.printed.digits, 2));
    f.found = to_text(rate.direction * std::abs(rate.value), rate.printed.digits);
    f.unit = "%";
    auto year = year_words(before.year);
    f.message = {fmt::format("与{}相比应增减 {}%，文中为 {}%。", year.zh, f.expected, f.found),
                 fmt::format("Against {} the change is {}%, the text says {}%.", year.en, f.expected, f.found)};
    add_places(f, {&rate.mark, &before.mark, &mark});
    c_.add(std::move(f));
  }
};

}  // namespace

void check_changes(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Changes(c, i).check();
}

}  // namespace qushu::budget
