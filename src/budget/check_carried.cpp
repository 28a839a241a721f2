// Sentences: what was carried over, came in, was spent and is left: 年初结转 + 本年收入 − 本年支出 = 年末结转.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "checking.h"
#include "groups.h"

namespace qushu::budget {
namespace {

enum class Term : std::uint8_t { none, open, income, spent, left };

Term term_of(const Mention& m) {
  auto words = without_tails(m.phrase, {U"为", U"共计", U"共", U"合计", U"数", U"决算", U"金额", U"使用"});
  if (ends_with_any(words, {U"本年收入", U"当年收入"})) return Term::income;
  if (ends_with_any(words, {U"本年支出", U"当年支出"})) return Term::spent;
  if (ends_with_any(words, {U"结转下年", U"结转下年支出", U"结转下一年度"})) return Term::left;
  if (!ends_with_any(words, {U"结转和结余", U"结转结余", U"结转", U"结余"})) return Term::none;
  if (contains_any(words, {U"年末", U"年终"})) return Term::left;
  return contains_any(words, {U"年初", U"上年"}) ? Term::open : Term::none;
}

// What the document states, with an amount above zero, besides the four.
struct Besides {
  bool distributed = false;  // made up for, or distributed, in institutions
  bool carried = false;      // carried over from the year before
};

bool is_stated(std::u32string_view line, std::initializer_list<std::u32string_view> words) {
  constexpr std::size_t kNear = 16;
  return std::ranges::any_of(words, [&](std::u32string_view word) {
    auto at = line.find(word);
    if (at == std::u32string_view::npos) return false;
    return std::ranges::any_of(line.substr(at + word.size(), kNear), [](char32_t c) { return c >= U'1' && c <= U'9'; });
  });
}

Besides besides_of(const Model& model) {
  Besides out;
  for (const auto& spaced : model.layout.lines) {
    auto line = without_spaces(spaced);
    out.distributed = out.distributed || is_stated(line, {U"结余分配", U"非财政拨款结余", U"弥补收支差额", U"专用结余"});
    out.carried = out.carried || is_stated(line, {U"年初结转", U"上年结转", U"年初结余", U"上年结余", U"年初财政拨款结转"});
  }
  return out;
}

class Carried : ParagraphCheck {
 public:
  Carried(Checking& c, std::size_t index, const Besides& besides)
      : ParagraphCheck(c, index), groups_(c.model(), view_), besides_(besides) {}

  void check() {
    for (const auto& m : mentions_) {
      if (!is_amount(m) || term_of(m) != Term::left) continue;
      if (!check_four(m)) check_totals(m);
    }
  }

 private:
  [[nodiscard]] static bool is_amount(const Mention& m) { return is_stated(m); }

  // "年初结转1万元，本年收入9万元，本年支出8万元，年末结转2万元": the four of one sentence, and no other amount between them.
  // True: they were there.
  bool check_four(const Mention& left) {
    Parts terms{&left};
    auto wanted = Term::spent;
    for (const auto* m : mentions_before(view_.said, static_cast<std::size_t>(&left - mentions_.data()), 0)) {
      if (m->measure != Measure::money || m->depth > left.depth) continue;
      if (!is_amount(*m) || m->depth != left.depth || term_of(*m) != wanted) return false;
      terms.push_back(m);
      if (wanted == Term::open) break;
      wanted = wanted == Term::spent ? Term::income : Term::open;
    }
    if (terms.size() != 4 || view_.said.unclear_within(terms[3]->begin, left.end)) return false;
    const auto &spent = *terms[1], &income = *terms[2], &open = *terms[3];
    // Of a fund nothing else is made up for, distributed or corrected.
    auto scope = scope_of(sentence_text(view_.said, left.sentence));
    if (scope.empty()) scope = view_.scope;
    bool fund = scope == "fund" || scope == "capital";
    if (text_.contains(U"调整") || (!fund && besides_.distributed)) return true;
    judge(left, open.value + income.value - spent.value, {&open, &income, &spent},
          fmt::format("年初结转 {0} {3}，加本年收入 {1} {3}、减本年支出 {2} {3}，", text_of(open, left), text_of(income, left),
                      text_of(spent, left), name(left.unit)));
    return true;
  }

  // "收入总计9万元，…。支出合计8万元，…。结转下年1万元": all that there was, less what was spent.
  void check_totals(const Mention& left) {
    if (view_.project != std::u32string{} || !view_.owner.empty()) return;
    const Mention* spent = nullptr;
    for (const auto* m : mentions_before(view_.said, static_cast<std::size_t>(&left - mentions_.data()), left.sentence))
      if (is_amount(*m) && m->subject && m->subject->code == "expenditure.year" && m->depth == left.depth) {
        if (spent != nullptr) return;
        spent = m;
      }
    const auto* income = spent == nullptr ? nullptr : total_income(*spent);
    if (income == nullptr) return;
    // What was carried over may not be in it, and what is left may have gone elsewhere.
    if (besides_.distributed || besides_.carried) return;
    judge(
        left, income->value - spent->value, {income, spent},
        fmt::format("收入总计 {0} {2}，减支出合计 {1} {2}，", text_of(*income, left), text_of(*spent, left), name(left.unit)));
  }

  // The one 收入总计 of the section, of the same funds.
  [[nodiscard]] const Mention* total_income(const Mention& spent) const {
    auto levels = levels_above(c_.model(), index_);
    for (const auto& m : mentions_)
      if (m.begin < spent.begin) levels.push_back(&m);
    const Mention* out = nullptr;
    for (const auto* m : levels) {
      if (!is_amount(*m) || !m->subject || m->subject->code != "income.grand" || m->of_item) continue;
      if (out != nullptr && out->value != m->value) return nullptr;
      out = m;
    }
    return out != nullptr && may_agree(out->subject->scope, spent.subject->scope) ? out : nullptr;
  }

  [[nodiscard]] static std::string text_of(const Mention& m, const Mention& like) {
    return amount_text(m.value, like.unit, std::max(m.printed.digits, like.printed.digits));
  }

  void judge(const Mention& left, std::int64_t expected, const Parts& terms, const std::string& how) {
    c_.counted();
    auto slack = groups_.half(left);
    for (const auto* m : terms) slack += groups_.half(*m);
    if (std::abs(expected - left.value) <= slack) return;
    Finding f{.kind = Kind::sum, .confidence = 88};
    f.unit = name(left.unit);
    f.expected = amount_text(expected, left.unit, left.printed.digits);
    f.found = amount_text(left.value, left.unit, left.printed.digits);
    f.message = {fmt::format("{}结转应为 {} {}，文中为 {} {}。", how, f.expected, f.unit, f.found, f.unit),
                 fmt::format("By what came in and what was spent {} {} are left, the text says {} {}.", f.expected, f.unit,
                             f.found, f.unit)};
    f.places = {c_.place(left.mark)};
    for (const auto* m : terms) c_.quote(f, m->mark);
    c_.add(std::move(f));
  }

  Groups groups_;
  const Besides& besides_;
};

}  // namespace

void check_carried(Checking& c) {
  auto besides = besides_of(c.model());
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Carried(c, i, besides).check();
}

}  // namespace qushu::budget
