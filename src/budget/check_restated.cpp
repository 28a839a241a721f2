// The same figure in two places. A figure is judged against all statements of the same thing that may mean the same scope; only
// one that agrees with none of them is reported, against what most of them say.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kMostStatements = 600;

// Two codes for wholes that the document uses side by side for different amounts: "总收入58万元，其中本年收入39万元".
using Apart = std::set<std::pair<std::string, std::string>>;

Apart named_apart(const std::vector<Fact>& facts) {
  Apart out;
  for (std::size_t i = 0; i < facts.size(); ++i)
    for (auto k = i + 1; k < facts.size() && facts[k].block == facts[i].block && k - i < 40; ++k) {
      const auto &a = facts[i], &b = facts[k];
      bool two = a.subject.code != b.subject.code && (is_loose(a.subject.code) || is_loose(b.subject.code)) && !a.in_table;
      bool alike = a.year == b.year && a.plan == b.plan && a.owner == b.owner && may_agree(a.subject.scope, b.subject.scope);
      bool sides = (is_whole(a.subject.code, "income") && is_whole(b.subject.code, "income")) ||
                   (is_whole(a.subject.code, "expenditure") && is_whole(b.subject.code, "expenditure"));
      if (two && alike && sides && a.fen != b.fen)
        out.emplace(std::min(a.subject.code, b.subject.code), std::max(a.subject.code, b.subject.code));
    }
  return out;
}

bool comparable(const Fact& a, const Fact& b, const Apart& apart) {
  if (a.year != b.year || a.plan != b.plan || a.project != b.project) return false;
  if (a.owner != b.owner || !may_agree(a.subject.scope, b.subject.scope) || !may_agree(a.subject.part, b.subject.part))
    return false;
  // The classes of basic and of project expenditure are the same ones.
  if (a.subject.code.starts_with("economic.") && a.subject.part != b.subject.part) return false;
  if (a.subject.code == b.subject.code) return true;
  if (apart.contains({std::min(a.subject.code, b.subject.code), std::max(a.subject.code, b.subject.code)})) return false;
  if (!is_loose(a.subject.code) && !is_loose(b.subject.code)) return false;
  if (a.block == b.block && !a.in_table) return false;  // "总收入58万元，其中本年收入39万元": named apart
  return (is_whole(a.subject.code, "income") && is_whole(b.subject.code, "income")) ||
         (is_whole(a.subject.code, "expenditure") && is_whole(b.subject.code, "expenditure"));
}

bool rounded(const Fact& f) {
  return f.printed.digits == 0 && (f.printed.micro >= 1000 * kMicro || f.printed.micro <= -1000 * kMicro);
}

class Restated {
 public:
  explicit Restated(Checking& c) : c_(c), facts_(c.model().facts), apart_(named_apart(facts_)) {
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      auto side = facts_[i].subject.code;
      if (is_whole(side, "income")) side = "income.*";
      if (is_whole(side, "expenditure")) side = "expenditure.*";
      groups_[side].push_back(i);
    }
    find_only_funds();
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
      if (k != i && facts_[k].mark != fact.mark && comparable(fact, facts_[k], apart_) && !vaguely(fact, facts_[k]) &&
          !means_another(facts_[k], fact, group))
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

  // One of the two does not say of which funds it is, and the document has several: whether it means the other's is not known.
  [[nodiscard]] bool vaguely(const Fact& a, const Fact& b) const {
    if (a.subject.scope.empty() == b.subject.scope.empty() || equal(a, b)) return false;
    std::string_view code = a.subject.code;
    bool of_funds = code.starts_with("income.") || code.starts_with("expenditure.") || code.starts_with("basic.") ||
                    code.starts_with("function.") || code.starts_with("economic.");
    const auto& of = a.subject.scope.empty() ? b : a;
    return of_funds && !only_funds_.contains({of.year, of.subject.scope});
  }

  // The funds that are all there is: their totals are those of all of the unit's income and expenditure.
  void find_only_funds() {
    std::map<std::pair<int, std::string>, std::array<std::set<std::int64_t>, 2>> totals;  // by side
    for (const auto& fact : facts_) {
      bool income = is_whole(fact.subject.code, "income"), spent = is_whole(fact.subject.code, "expenditure");
      if (!fact.project.empty() || !(income || spent)) continue;
      auto scope = fact.subject.scope == "all" ? std::string{} : fact.subject.scope;
      totals[{fact.year, scope}].at(income ? 0 : 1).insert(fact.fen);
    }
    for (const auto& [key, own] : totals) {
      auto all = totals.find({key.first, std::string{}});
      if (key.second.empty() || all == totals.end()) continue;
      bool agree = false, differ = false;
      for (std::size_t side = 0; side < 2; ++side) {
        if (own.at(side).empty() || all->second.at(side).empty()) continue;
        bool same = std::ranges::any_of(own.at(side), [&](auto value) { return all->second.at(side).contains(value); });
        (same ? agree : differ) = true;
      }
      if (agree && !differ) only_funds_.insert(key);
    }
    for (const auto& fact : facts_) only_funds_.insert({fact.year, "all"});
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
      return elsewhere && g.mark != other.mark && comparable(other, g, apart_) && equal(other, g);
    });
  }

  [[nodiscard]] static bool before(const Fact& a, const Fact& b) {
    return std::pair(a.mark.line, a.mark.begin) < std::pair(b.mark.line, b.mark.begin);
  }
  [[nodiscard]] bool isolated(const Fact& fact, const std::vector<std::size_t>& group) const {
    return std::ranges::none_of(group, [&](std::size_t k) {
      return facts_[k].mark != fact.mark && comparable(fact, facts_[k], apart_) && equal(fact, facts_[k]);
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
  Apart apart_;
  std::map<std::string, std::vector<std::size_t>> groups_;
  std::set<std::pair<int, std::string>> only_funds_;  // year, scope
};

// The three publics and the cars among them, each stated once: the whole is its parts, wherever they stand.
class Publics {
 public:
  explicit Publics(Checking& c) : c_(c) {}

  void check() {
    for (bool plan : {true, false}) {
      check("sangong.total", {"sangong.abroad", "sangong.car", "sangong.reception"}, plan);
      check("sangong.car", {"sangong.car_purchase", "sangong.car_run"}, plan);
      check_reception(plan);
    }
  }

 private:
  // The one amount under that name; nullptr when there is none, or several.
  [[nodiscard]] const Fact* only(std::string_view code, bool plan) const {
    const Fact* out = nullptr;
    for (const auto& fact : c_.model().facts) {
      if (fact.subject.code != code || fact.plan != plan || fact.year != c_.model().year || !fact.owner.empty()) continue;
      if (out != nullptr && fact.fen != out->fen) return nullptr;
      if (out == nullptr) out = &fact;
    }
    return out;
  }

  void check(std::string_view whole, std::initializer_list<std::string_view> parts, bool plan) {
    const auto* total = only(whole, plan);
    if (total == nullptr) return;
    std::int64_t sum = 0, slack = c_.model().rounding(total->unit, total->printed.digits);
    std::vector<const Fact*> found;
    for (auto code : parts) {
      const auto* part = only(code, plan);
      if (part == nullptr || !may_agree(part->subject.scope, total->subject.scope)) return;
      sum += part->fen;
      slack += c_.model().rounding(part->unit, part->printed.digits);
      found.push_back(part);
    }
    c_.counted();
    if (std::abs(sum - total->fen) <= slack) return;
    // Some list 其他交通费用 beside the two of the cars.
    if (whole == "sangong.car" && sum < total->fen && lists_transport()) return;
    bool cars = whole == "sangong.car";
    report(*total, found, sum, cars ? "公务用车购置及运行费" : "“三公”经费", cars ? "The cars" : "The three publics");
  }

  [[nodiscard]] bool lists_transport() const {
    return std::ranges::any_of(c_.model().paragraphs, [](const ParagraphView& view) {
      return std::ranges::any_of(
          view.said.mentions, [](const Mention& m) { return m.role == Role::level && contains_any(m.lead, {U"交通", U"租"}); });
    });
  }

  // 国内接待 and 国（境）外接待 are all of it; where the second is not stated the first is no more than all.
  void check_reception(bool plan) {
    const auto* total = only("sangong.reception", plan);
    const auto* home = only("sangong.reception_home", plan);
    const auto* abroad = only("sangong.reception_abroad", plan);
    if (total == nullptr || home == nullptr || !may_agree(home->subject.scope, total->subject.scope)) return;
    auto sum = home->fen + (abroad != nullptr ? abroad->fen : 0);
    auto slack = 3 * c_.model().rounding(total->unit, total->printed.digits);
    c_.counted();
    bool whole = std::abs(home->fen - total->fen) <= slack || std::abs(sum - total->fen) <= slack;
    if (whole || (abroad == nullptr && home->fen < total->fen)) return;
    std::vector<const Fact*> parts{home};
    if (abroad != nullptr) parts.push_back(abroad);
    report(*total, parts, sum, "公务接待费", "The receptions");
  }

  void report(const Fact& total, const std::vector<const Fact*>& found, std::int64_t sum, const char* zh, const char* en) {
    std::vector<Mark> marks;
    for (const auto* part : found) marks.push_back(part->mark);
    auto f = c_.sum_finding({.fen = total.fen, .unit = total.unit, .digits = total.printed.digits, .mark = total.mark}, sum,
                            marks, zh, en);
    // What a list has said already.
    if (!c_.is_told(f)) c_.add(std::move(f));
  }

  Checking& c_;
};

// 收入总计 and 支出总计 of one table that stand on different rows. Where they differ in each of several years, they are not
// meant to balance: the accounts of a hospital.
void check_totals(Checking& c) {
  const auto& facts = c.model().facts;
  std::map<std::size_t, std::vector<Finding>> found;  // by table
  std::map<std::size_t, std::size_t> tested;
  for (const auto& income : facts) {
    if (income.subject.code != "income.grand" || !income.in_table) continue;
    auto near = facts.begin() + (&income - facts.data());
    for (const auto& spent : std::span(near, static_cast<std::size_t>(std::min<std::ptrdiff_t>(facts.end() - near, 200)))) {
      bool same = spent.subject.code == "expenditure.grand" && spent.in_table && spent.year == income.year &&
                  spent.plan == income.plan && spent.subject.scope == income.subject.scope && spent.owner == income.owner &&
                  spent.mark.line > income.mark.line && spent.mark.line < income.mark.line + 60;
      if (!same) continue;
      c.counted();
      ++tested[income.block];
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
        found[income.block].push_back(std::move(f));
      }
      break;
    }
  }
  for (auto& [block, findings] : found)
    if (findings.size() < 2 || findings.size() < tested[block])
      for (auto& finding : findings) c.add(std::move(finding));
}

// "项目支出总金额9万元。财政本年拨款金额6万元，财政拨款结转结余2万元": where the grants make up the project expenditure that is
// stated elsewhere, the total is to be that.
void check_project_totals(Checking& c, std::size_t index) {
  const auto& view = c.model().paragraphs[index];
  std::vector<const Mention*> all;
  for (const auto& m : view.said.mentions) all.push_back(&m);
  const auto own = all.size();
  // The grants may be a paragraph of their own.
  if (index + 1 < c.model().paragraphs.size() && c.model().paragraphs[index + 1].section == view.section)
    for (const auto& m : c.model().paragraphs[index + 1].said.mentions)
      if (all.size() < own + 2) all.push_back(&m);
  auto is_amount = [](const Mention& m) { return m.role == Role::level && m.measure == Measure::money && !m.reason; };
  for (std::size_t k = 0; k < own && k + 2 < all.size(); ++k) {
    const auto &total = *all[k], &grant = *all[k + 1], &left = *all[k + 2];
    bool three = is_amount(total) && is_amount(grant) && is_amount(left) &&
                 ends_with_any(total.phrase, {U"项目支出总金额", U"项目支出总金额为"}) && grant.lead.contains(U"本年拨款") &&
                 left.lead.contains(U"财政拨款结转");
    if (!three) continue;
    c.counted();
    auto sum = grant.value + left.value;
    auto near = [&](std::int64_t fen) {
      return std::abs(fen - sum) <= 3 * c.model().rounding(total.unit, total.printed.digits);
    };
    if (near(total.value)) continue;
    const Fact* stated = nullptr;
    bool agrees = false;
    for (const auto& fact : c.model().facts) {
      if (fact.subject.code != "expenditure.project" || fact.year != c.model().year || fact.owner != view.owner) continue;
      if (fact.fen == total.value) agrees = true;
      if (near(fact.fen) && stated == nullptr) stated = &fact;
    }
    if (stated == nullptr || agrees) continue;
    Finding f{.kind = Kind::restated, .confidence = 85};
    f.unit = name(total.unit);
    f.expected = amount_text(stated->fen, total.unit, stated->printed.digits);
    f.found = amount_text(total.value, total.unit, total.printed.digits);
    f.message = {fmt::format("项目支出总金额为 {} {}，而另一处项目支出为 {} {}，与所列拨款、结转结余之和相符。", f.found,
                             f.unit, f.expected, f.unit),
                 fmt::format("Projects are said to cost {} {}, but {} {} elsewhere, which their grants add up to.", f.found,
                             f.unit, f.expected, f.unit)};
    f.places = {c.place(total.mark)};
    for (const auto* mark : {&stated->mark, &grant.mark, &left.mark}) c.quote(f, *mark);
    c.add(std::move(f));
  }
}

}  // namespace

void check_restated(Checking& c) {
  Restated(c).check();
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) check_project_totals(c, i);
  Publics(c).check();
  check_totals(c);
}

}  // namespace qushu::budget
