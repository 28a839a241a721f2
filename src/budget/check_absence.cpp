// Sentences that say that there is none ("无政府性基金预算财政拨款支出", "无因公出国（境）费") or that all is of one fund
// ("全部为一般公共预算财政拨款"), beside an amount above zero of just that.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

using Words = std::initializer_list<std::u32string_view>;

// `text` without any of the words, whichever is longest first where they begin alike.
std::u32string without_words(std::u32string_view text, Words words) {
  std::u32string out;
  while (!text.empty()) {
    std::size_t best = 0;
    for (auto word : words)
      if (text.starts_with(word)) best = std::max(best, word.size());
    if (best == 0) out += text.front(), best = 1;
    text.remove_prefix(best);
  }
  return out;
}

// What is said not to be.
struct Claim {
  std::string scope;  // of a fund as a whole: "fund", "capital"
  bool income = false, spent = false;
  std::string code;  // or of one of the three publics
  std::u32string words;
};

// "政府性基金预算财政拨款收入和支出", with nothing that narrows it down.
std::optional<Claim> fund_claim(std::u32string_view words) {
  if (words.ends_with(U"情况")) words.remove_suffix(2);
  bool fund = words.contains(U"政府性基金"), capital = words.contains(U"国有资本经营");
  if (fund == capital) return std::nullopt;
  auto rest = without_words(words, {U"政府性基金", U"国有资本经营", U"预算", U"财政", U"拨款", U"安排", U"的", U"使用", U"收入",
                                    U"支出", U"收支", U"和", U"、", U"及", U"也", U"情况"});
  if (!rest.empty()) return std::nullopt;
  // "收入安排的支出" is spent.
  bool spent = ends_with_any(words, {U"支出", U"收支"});
  bool both = spent && contains_any(words, {U"收支", U"收入和支出", U"收入、支出", U"收入及支出", U"收入支出"});
  bool income = both || ends_with_any(words, {U"收入", U"拨款"});
  if (!spent && !income) return std::nullopt;
  return Claim{.scope = fund ? "fund" : "capital", .income = income, .spent = spent, .code = {}, .words = {}};
}

std::optional<Claim> publics_claim(std::u32string_view words) {
  if (!ends_with_any(words, {U"支出", U"费", U"费用", U"经费", U"预算"}) || contains_any(words, {U"和", U"、"}))
    return std::nullopt;
  auto subject = subject_of(words);
  if (!subject || !subject->code.starts_with("sangong.")) return std::nullopt;
  auto scope = subject->scope == "all" ? std::string{} : subject->scope;
  return Claim{.scope = scope, .income = false, .spent = false, .code = subject->code, .words = {}};
}

class Absence : ParagraphCheck {
 public:
  Absence(Checking& c, std::size_t index, const std::u32string& opening, bool carries)
      : ParagraphCheck(c, index), opening_(opening), carries_(carries) {}

  void check() {
    if (!view_.project.empty()) return;
    if (!contains_any(text_, {U"无", U"没有", U"未", U"不涉及", U"不存在", U"全部", U"均为"})) return;
    constexpr std::u32string_view kStops = U"，。；:;！？";
    std::size_t begin = view_.said.paragraph->number.length;
    for (auto at = begin; at <= text_.size(); ++at) {
      if (at < text_.size() && !kStops.contains(text_[at])) continue;
      check_clause(begin, at);
      begin = at + 1;
    }
  }

 private:
  void check_clause(std::size_t begin, std::size_t end) {
    constexpr std::size_t kLongClause = 80;
    if (end <= begin || end - begin > kLongClause) return;
    auto clause = std::u32string_view(text_).substr(begin, end - begin);
    // Of another year, of a part, with a condition, or to give a reason.
    if (contains_any(clause,
                     {U"以外", U"除",   U"上年", U"去年", U"上一年", U"同期", U"往年", U"以前年度", U"原因", U"由于", U"所属",
                      U"下属", U"本级", U"机关", U"其他", U"其余",   U"二级", U"如",   U"若",       U"是否", U"有无", U"部分"}))
      return;
    check_all_of_one(clause, begin);
    check_none(clause, begin);
  }

  // --- 无 --------------------------------------------------------------------------------------------------------------------

  void check_none(std::u32string_view clause, std::size_t begin) {
    static constexpr std::array<std::u32string_view, 12> kNone{U"未涉及",   U"不涉及",   U"不存在", U"没有使用",
                                                               U"没有发生", U"没有安排", U"没有",   U"未使用",
                                                               U"未发生",   U"未产生",   U"未安排", U"无"};
    std::size_t at = clause.size(), size = 0;
    for (auto word : kNone)
      if (auto found = clause.find(word); found != std::u32string_view::npos && found < at) at = found, size = word.size();
    if (size == 0 || !is_of_this_unit(clause.substr(0, at), begin)) return;
    auto words = clause.substr(at + size);
    auto bare = without_fund_names(words);
    // The budget of an account, or the account of a budget, is another figure.
    if (bare.contains(c_.model().final_account ? U"预算" : U"决算")) return;
    if (auto both = words.find(U"政府性基金"), capital = words.find(U"国有资本经营");
        both != std::u32string_view::npos && capital != std::u32string_view::npos)
      return check_both_funds(clause, begin, at, words, std::max(both, capital));
    auto claim = fund_claim(words);
    // "未安排": of the budget, unless the fund says whose it is.
    if (!claim && !(c_.model().final_account && clause.substr(at, size).contains(U"安排"))) claim = publics_claim(words);
    if (!claim) return;
    claim->words = clause.substr(at);
    if (const auto* fact = claim->code.empty() ? fund_amount(*claim) : amount_of({claim->code}, claim->scope))
      report(*claim, *fact, begin + at);
  }

  // "没有使用政府性基金预算拨款、国有资本经营预算拨款安排的支出": neither of them; `second` is where the other one begins.
  void check_both_funds(std::u32string_view clause, std::size_t begin, std::size_t at, std::u32string_view words,
                        std::size_t second) {
    auto first = words.substr(0, second), last = words.substr(second);
    if (!first.empty() && std::u32string_view(U"、和及").contains(first.back())) first.remove_suffix(1);
    auto of_last = fund_claim(last);
    if (!of_last) return;
    auto of_first = fund_claim(std::u32string(first) + std::u32string(of_last->spent ? U"支出" : U"收入"));
    for (auto* claim : {&of_first, &of_last}) {
      if (!*claim) continue;
      (*claim)->words = clause.substr(at);
      if (const auto* fact = fund_amount(**claim)) report(**claim, *fact, begin + at);
    }
  }

  // "本单位2023年度", "2023年", or the unit's own name, which is in the title.
  [[nodiscard]] bool is_of_this_unit(std::u32string_view before, std::size_t begin) const {
    auto rest = without_words(
        before, {U"年度", U"年",   U"0",    U"1",    U"2",    U"3",  U"4",  U"5",  U"6",  U"7",  U"8",  U"9", U"本",
                 U"我",   U"单位", U"部门", U"全年", U"当年", U"也", U"均", U"并", U"暂", U"期", U"度", U"因"});
    if (!rest.empty() && rest.size() > 1 && !opening_.contains(rest)) return false;
    return is_of_this_year(before, begin);
  }

  // By the year that the clause names, or else the sentence before it, or the heading.
  [[nodiscard]] bool is_of_this_year(std::u32string_view clause, std::size_t begin) const {
    int year = year_in(clause);
    auto sentence = std::ranges::find_if(view_.said.sentences, [&](const auto& s) { return begin < s.second; });
    if (year == 0 && sentence != view_.said.sentences.end() && sentence->first < begin)
      year = year_in(std::u32string_view(text_).substr(sentence->first, begin - sentence->first));
    if (year == 0) year = year_in(view_.heading);
    return year == 0 || year == c_.model().year;
  }

  // --- facts ---------------------------------------------------------------------------------------------------------------

  // An amount above zero that is stated of one of those codes, and no zero beside it.
  [[nodiscard]] const Fact* amount_of(std::initializer_list<std::string_view> codes, std::string_view scope) const {
    for (auto code : codes) {
      const Fact* found = nullptr;
      bool zero = false;
      for (const auto& fact : c_.model().facts) {
        bool same =
            fact.subject.code == code && fact.project.empty() && fact.owner == view_.owner && fact.year == c_.model().year &&
            fact.plan != c_.model().final_account &&
            (code.starts_with("sangong.") ? may_agree(fact.subject.scope, scope)
                                          : fact.subject.scope == scope || (scope == "all" && fact.subject.scope.empty()));
        if (!same) continue;
        if (fact.fen <= 0) zero = true;
        if (fact.fen > 0 && found == nullptr && names_its_fund(fact)) found = &fact;
      }
      if (found != nullptr && !zero) return found;
    }
    return nullptr;
  }

  // Whether an expenditure says itself of which fund it is: under a heading of one may stand what is of another.
  [[nodiscard]] static bool names_its_fund(const Fact& fact) {
    return fact.in_table || fact.names_scope || !(fact.subject.scope == "fund" || fact.subject.scope == "capital");
  }

  [[nodiscard]] const Fact* source_amount(std::string_view code) const {
    for (std::string_view scope : {"", "all", "fiscal", "fund", "capital", "general"})
      if (const auto* fact = amount_of({code}, scope)) return fact;
    return nullptr;
  }

  [[nodiscard]] const Fact* fund_amount(const Claim& claim) const {
    const Fact* found = nullptr;
    auto source = claim.scope == "fund" ? "income.fund" : "income.capital";
    if (claim.income) {
      found = source_amount(source);
      if (found == nullptr) found = amount_of({"income.year", "income.any"}, claim.scope);
    }
    if (found == nullptr && claim.spent)
      found = amount_of({"expenditure.year", "expenditure.any", "expenditure.project", "expenditure.basic"}, claim.scope);
    // A budget spends what comes in, unless it carries some of it over.
    if (found == nullptr && claim.spent && !c_.model().final_account && !carries_) found = source_amount(source);
    return found;
  }

  // --- 全部为 ----------------------------------------------------------------------------------------------------------------

  void check_all_of_one(std::u32string_view clause, std::size_t begin) {
    std::size_t at = std::u32string_view::npos, size = 0;
    for (std::u32string_view word : {U"全部为", U"全部是", U"全部系", U"均为", U"全部来源于"})
      if (auto found = clause.find(word); found != std::u32string_view::npos && at == std::u32string_view::npos)
        at = found, size = word.size();
    if (at == std::u32string_view::npos) return;
    auto fund = clause.substr(at + size);
    auto rest = without_words(fund, {U"一般公共预算", U"公共财政预算", U"财政", U"拨款", U"收入", U"支出", U"安排", U"的",
                                     U"资金", U"当年", U"本年"});
    if (!rest.empty() || !contains_any(fund, {U"一般公共预算", U"公共财政预算"})) return;
    if (const auto* other = other_fund_behind(begin + clause.size()))
      return report_other(clause.substr(at), begin + at, other->mark, other->value, other->unit, other->printed.digits);
    if (const auto* fact = other_fund_of(clause.substr(0, at), begin))
      report_other(clause.substr(at), begin + at, fact->mark, fact->fen, fact->unit, fact->printed.digits);
  }

  // "全部为一般公共预算财政拨款，其中政府性基金预算财政拨款收入3万元"
  [[nodiscard]] const Mention* other_fund_behind(std::size_t end) const {
    auto next = std::ranges::find_if(mentions_, [&](const Mention& m) { return m.begin >= end; });
    if (next == mentions_.end() || next->role != Role::level || next->measure != Measure::money || next->value <= 0)
      return nullptr;
    auto between = std::u32string_view(text_).substr(end, next->begin - end);
    auto scope = scope_of(next->lead);
    bool listed = between.starts_with(U"，其中") && !between.contains(U"。") && (scope == "fund" || scope == "capital") &&
                  !next->reason && !next->compared && !contains_any(between, {U"结转", U"结余", U"上年", U"去年"});
    return listed ? &*next : nullptr;
  }

  // "财政拨款收入全部为…": an income of another fund, which the document states elsewhere.
  [[nodiscard]] const Fact* other_fund_of(std::u32string_view before, std::size_t begin) const {
    auto subject = subject_of(before);
    if (!subject && before.empty() && begin > 0) {
      // What the clause before it, with its amount, is about: "财政拨款收入9万元，全部为…".
      const Mention* last = nullptr;
      for (const auto& m : mentions_)
        if (m.end + 1 == begin) last = &m;
      if (last != nullptr && last->role == Role::level) subject = last->subject;
    }
    if (!subject || !view_.owner.empty() || !is_of_this_year(before, begin)) return nullptr;
    bool income = subject->code == "income.fiscal" || subject->code == "income.year" || subject->code == "income.any";
    if (!income) return nullptr;
    for (auto code : {"income.fund", "income.capital"})
      if (const auto* fact = source_amount(code)) return fact;
    return nullptr;
  }

  // --- findings ------------------------------------------------------------------------------------------------------------

  void report(const Claim& claim, const Fact& fact, std::size_t at) {
    c_.counted();
    Finding f{.kind = Kind::coverage, .confidence = 88};
    f.unit = name(fact.unit);
    f.expected = amount_text(fact.fen, fact.unit, fact.printed.digits);
    f.found = "0";
    f.message = {fmt::format("文中称“{}”，但另一处列有 {} {}。", encoded(claim.words), f.expected, f.unit),
                 fmt::format("The text says that there is none (“{}”), but {} {} are stated.", encoded(claim.words), f.expected,
                             f.unit)};
    f.places = {c_.place(mark_of(*view_.said.paragraph, at, at + 1))};
    c_.quote(f, fact.mark);
    c_.add(std::move(f));
  }

  void report_other(std::u32string_view words, std::size_t at, const Mark& mark, std::int64_t fen, Unit unit, int digits) {
    c_.counted();
    Finding f{.kind = Kind::coverage, .confidence = 88};
    f.unit = name(unit);
    f.expected = "0";
    f.found = amount_text(fen, unit, digits);
    f.message = {fmt::format("文中称“{}”，但另列有其他预算的收入 {} {}。", encoded(words), f.found, f.unit),
                 fmt::format("The text says “{}”, but {} {} are of another fund.", encoded(words), f.found, f.unit)};
    f.places = {c_.place(mark_of(*view_.said.paragraph, at, at + 1))};
    c_.quote(f, mark);
    c_.add(std::move(f));
  }

  const std::u32string& opening_;  // the document's title
  bool carries_;                   // a budget that leaves something for the next year
};

}  // namespace

void check_absence(Checking& c) {
  constexpr std::size_t kTitleLines = 8;
  std::u32string opening;
  bool carries = false;
  const auto& lines = c.model().layout.lines;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto line = without_spaces(lines[i]);
    if (i < kTitleLines && !is_prose(lines[i])) opening += line;
    auto at = line.find(U"结转下年");
    carries = carries || (at != std::u32string::npos &&
                          std::ranges::any_of(line.substr(at), [](char32_t d) { return d >= U'1' && d <= U'9'; }));
  }
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Absence(c, i, opening, carries).check();
}

}  // namespace qushu::budget
