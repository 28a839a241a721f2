// The same figure in two places. A figure is judged against all statements of the same thing that may mean the same scope; only
// one that agrees with none of them is reported, against what most of them say.
#include <algorithm>
#include <map>
#include <span>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kMostStatements = 600;

bool is_whole(std::string_view code, std::string_view side) {
  return code.starts_with(side) && (code.ends_with(".any") || code.ends_with(".grand") || code.ends_with(".year"));
}

bool comparable(const Fact& a, const Fact& b) {
  if (a.year != b.year || a.plan != b.plan || a.project != b.project) return false;
  if (a.owner != b.owner || !may_agree(a.subject.scope, b.subject.scope) || !may_agree(a.subject.part, b.subject.part))
    return false;
  if (a.subject.code == b.subject.code) return true;
  if (!is_loose(a.subject.code) && !is_loose(b.subject.code)) return false;
  return (is_whole(a.subject.code, "income") && is_whole(b.subject.code, "income")) ||
         (is_whole(a.subject.code, "expenditure") && is_whole(b.subject.code, "expenditure"));
}

bool rounded(const Fact& f) {
  return f.printed.digits == 0 && (f.printed.micro >= 1000 * kMicro || f.printed.micro <= -1000 * kMicro);
}

class Restated {
 public:
  explicit Restated(Checking& c) : c_(c), facts_(c.model().facts) {
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      auto side = facts_[i].subject.code;
      if (is_whole(side, "income")) side = "income.*";
      if (is_whole(side, "expenditure")) side = "expenditure.*";
      groups_[side].push_back(i);
    }
  }

  void check() {
    for (const auto& [_, group] : groups_) {
      // No document says one thing so often: whose figures these are is not known then.
      if (group.size() > kMostStatements) {
        c_.unclear(facts_[group.front()].mark,
                   {"同一名目的数字过多，未核对前后是否一致。", "Too many figures under this name; they were not compared."});
        continue;
      }
      for (auto i : group) check_fact(i, group);
    }
    // A paragraph or table that differs in everything is about something else: a unit below, another stage of the budget.
    for (auto& [_, findings] : found_) {
      if (findings.size() >= 3) {
        c_.unclear(findings.front().second,
                   {"此处多个数字都与别处不同，可能是另一个单位或口径，未核对前后是否一致。",
                    "Several figures here differ from those elsewhere; they may be of another unit. Not compared."});
        continue;
      }
      for (auto& [finding, mark] : findings) c_.add(std::move(finding));
    }
  }

 private:
  [[nodiscard]] bool equal(const Fact& a, const Fact& b) const {
    auto slack = c_.model().rounding(a.unit, a.printed.digits) + c_.model().rounding(b.unit, b.printed.digits);
    // "2606 万元" in a sentence is 2606.14 in its table.
    for (const auto* f : {&a, &b})
      if (rounded(*f) || f->unit == Unit::yi)
        slack = std::max(slack, scaled(last_place(f->printed.digits), fen_per_micro_times_million(f->unit), 2 * kMicro));
    return std::abs(a.fen - b.fen) <= slack;
  }

  void check_fact(std::size_t i, const std::vector<std::size_t>& group) {
    const auto& fact = facts_[i];
    std::vector<const Fact*> others;
    for (auto k : group)
      if (k != i && facts_[k].mark != fact.mark && comparable(fact, facts_[k]) && !means_another(facts_[k], fact, group))
        others.push_back(&facts_[k]);
    if (others.empty()) return;
    c_.counted();
    if (std::ranges::any_of(others, [&](const Fact* other) { return equal(fact, *other); })) return;
    // What most of them say. Where they do not agree among themselves either, the figures are of different things.
    std::size_t best = 0;
    const Fact* usual = nullptr;
    std::vector<const Fact*> values;
    for (const auto* other : others) {
      auto same = static_cast<std::size_t>(std::ranges::count_if(others, [&](const Fact* o) { return equal(*o, *other); }));
      if (same > best) best = same, usual = other;
      if (std::ranges::none_of(values, [&](const Fact* v) { return equal(*v, *other); })) values.push_back(other);
    }
    if (values.size() > 2 && best < 2) {
      if (!is_whole(fact.subject.code, "income") && !is_whole(fact.subject.code, "expenditure"))
        c_.unclear(fact.mark, {"同一名目有多个不同的数，无法确定是否指同一件事，未核对。",
                               "Several different figures under this name; whether they mean the same is not known."});
      return;
    }
    bool loose =
        is_loose(fact.subject.code) || std::ranges::any_of(others, [](const Fact* o) { return is_loose(o->subject.code); });
    // Two that differ are reported once, the later of the two as the one in question.
    if (best == 1 && values.size() == 1 && before(fact, *usual) && isolated(*usual, group)) return;
    report(fact, *usual, best >= 2 ? 92 : loose ? 70 : 80);
  }

  // A figure without a scope that agrees with one of another scope than `fact` is about that one.
  [[nodiscard]] bool means_another(const Fact& other, const Fact& fact, const std::vector<std::size_t>& group) const {
    auto vague = [](const std::string& own, const std::string& wanted) { return own.empty() && !wanted.empty(); };
    bool by_scope = vague(other.subject.scope, fact.subject.scope), by_part = vague(other.subject.part, fact.subject.part);
    bool by_code = is_loose(other.subject.code) && !is_loose(fact.subject.code);
    if (!by_scope && !by_part && !by_code) return false;
    return std::ranges::any_of(group, [&](std::size_t k) {
      const auto& g = facts_[k];
      bool elsewhere = (by_scope && !g.subject.scope.empty() && g.subject.scope != fact.subject.scope) ||
                       (by_part && !g.subject.part.empty() && g.subject.part != fact.subject.part) ||
                       (by_code && !is_loose(g.subject.code) && g.subject.code != fact.subject.code);
      return elsewhere && g.mark != other.mark && comparable(other, g) && equal(other, g);
    });
  }

  [[nodiscard]] static bool before(const Fact& a, const Fact& b) {
    return std::pair(a.mark.line, a.mark.begin) < std::pair(b.mark.line, b.mark.begin);
  }
  [[nodiscard]] bool isolated(const Fact& fact, const std::vector<std::size_t>& group) const {
    return std::ranges::none_of(group, [&](std::size_t k) {
      return facts_[k].mark != fact.mark && comparable(fact, facts_[k]) && equal(fact, facts_[k]);
    });
  }

  void report(const Fact& fact, const Fact& usual, int confidence) {
    Finding f{
        .kind = Kind::restated, .severity = confidence >= 75 ? Severity::error : Severity::warning, .confidence = confidence};
    f.unit = name(fact.unit);
    f.expected = amount_text(usual.fen, fact.unit, usual.printed.digits);
    f.found = amount_text(fact.fen, fact.unit, fact.printed.digits);
    f.message = {fmt::format("同一数字前后不一致：此处为 {} {}，另一处为 {} {}。", f.found, f.unit, f.expected, f.unit),
                 fmt::format("The same figure is stated twice: {} {} here, {} {} there.", f.found, f.unit, f.expected, f.unit)};
    f.places = {c_.place(fact.mark), c_.place(usual.mark)};
    found_[fact.block].emplace_back(std::move(f), fact.mark);
  }

  Checking& c_;
  std::map<std::size_t, std::vector<std::pair<Finding, Mark>>> found_;  // by the block they stand in
  const std::vector<Fact>& facts_;
  std::map<std::string, std::vector<std::size_t>> groups_;
};

// 收入总计 and 支出总计 of one table that stand on different rows.
void check_totals(Checking& c) {
  const auto& facts = c.model().facts;
  for (const auto& income : facts) {
    if (income.subject.code != "income.grand" || !income.in_table) continue;
    auto near = facts.begin() + (&income - facts.data());
    for (const auto& spent : std::span(near, static_cast<std::size_t>(std::min<std::ptrdiff_t>(facts.end() - near, 200)))) {
      bool same = spent.subject.code == "expenditure.grand" && spent.in_table && spent.year == income.year &&
                  spent.plan == income.plan && spent.subject.scope == income.subject.scope && spent.owner == income.owner &&
                  spent.mark.line > income.mark.line && spent.mark.line < income.mark.line + 60;
      if (!same) continue;
      c.counted();
      auto slack = c.model().rounding(income.unit, income.printed.digits);
      if (std::abs(income.fen - spent.fen) > slack) {
        Finding f{.kind = Kind::balance, .confidence = 85};
        f.unit = name(spent.unit);
        f.expected = amount_text(income.fen, spent.unit, income.printed.digits);
        f.found = amount_text(spent.fen, spent.unit, spent.printed.digits);
        f.message = {
            fmt::format("{} 年收入合计 {} {}，支出合计 {} {}，收支不相等。", income.year, f.expected, f.unit, f.found, f.unit),
            fmt::format("Of {}, total income is {} {}, total expenditure {} {}: they differ.", income.year, f.expected, f.unit,
                        f.found, f.unit)};
        f.places = {c.place(spent.mark), c.place(income.mark)};
        c.add(std::move(f));
      }
      break;
    }
  }
}

}  // namespace

void check_restated(Checking& c) {
  Restated(c).check();
  check_totals(c);
}

}  // namespace qushu::budget
