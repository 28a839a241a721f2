// Parts that are known to be all of a whole, however the sentences part them: 人员经费 and 公用经费 of the basic expenditure,
// 经费拨款 and 非税收入 of what the general budget grants, the funds of what is granted altogether.
#include <algorithm>
#include <array>

#include "checking.h"
#include "groups.h"

namespace qushu::budget {
namespace {

// An amount of a section, with the paragraph that states it.
struct Stated {
  const Mention* m = nullptr;
  const ParagraphView* view = nullptr;

  [[nodiscard]] std::string_view code() const { return m->subject ? std::string_view(m->subject->code) : std::string_view{}; }
};

class Section {
 public:
  explicit Section(Checking& c) : c_(c) {}

  void take(const ParagraphView& view) {
    for (const auto& m : view.said.mentions)
      if (is_stated(m) && all_.size() < kMost) all_.push_back({.m = &m, .view = &view});
  }

  void check() {
    for (std::size_t i = 0; i + 2 < all_.size(); ++i) {
      if (all_[i].code() == "expenditure.basic") check_basic(i);
      check_granted(i);
      check_procured(i);
    }
    for (std::size_t i = 1; i < all_.size(); ++i) check_funds(i);
  }

 private:
  static constexpr std::size_t kMost = 2000;

  // Whether the two amounts are right behind it, in either order, and of the same funds and year.
  void check_basic(std::size_t i) {
    const auto &total = all_[i], &a = all_[i + 1], &b = all_[i + 2];
    bool both = (a.code() == "basic.personnel" && b.code() == "basic.public") ||
                (a.code() == "basic.public" && b.code() == "basic.personnel");
    if (!both || !alike(total, a) || !alike(total, b)) return;
    // One more of them, which some units list: 对个人和家庭的补助.
    constexpr std::size_t kBehind = 40;
    auto behind = std::u32string_view(b.view->said.paragraph->text).substr(b.m->end, kBehind);
    behind = behind.substr(0, behind.find(U'。'));
    auto more = [](std::u32string_view words) { return contains_any(words, {U"对个人和家庭", U"其他支出", U"资本性"}); };
    if (more(a.m->lead) || more(b.m->lead)) return;
    if (i + 3 < all_.size() && goes_on(all_[i + 3], b, behind)) return;
    judge(total, {a, b}, "基本支出", "The basic expenditure");
  }

  // Whether one more amount may be of the list whose last is `last`.
  [[nodiscard]] static bool goes_on(const Stated& next, const Stated& last, std::u32string_view behind) {
    auto code = next.code();
    bool other = code.starts_with("expenditure.") || code.starts_with("income.") || code.starts_with("function.") ||
                 code.starts_with("sangong.");
    if (next.view != last.view || other) return false;
    bool itself = code.starts_with("economic.") || next.m->depth > last.m->depth;
    return !itself || behind.contains(U"补助");
  }

  [[nodiscard]] static bool alike(const Stated& total, const Stated& part) {
    const auto &t = *total.m->subject, &p = *part.m->subject;
    auto year = year_in(total.m->phrase), own = year_in(part.m->phrase);
    return !part.m->of_item && !total.m->of_item && may_agree(t.scope, p.scope) && (year == 0 || own == 0 || year == own) &&
           (is_budgeted(*total.m) == is_budgeted(*part.m) || !is_budgeted(*part.m)) && total.view->owner == part.view->owner;
  }

  // "一般公共预算拨款9万元（其中：经费拨款8万元，纳入预算管理的非税收入拨款1万元）"
  void check_granted(std::size_t i) {
    const auto &total = all_[i], &a = all_[i + 1], &b = all_[i + 2];
    bool within = total.view == a.view && total.view == b.view && total.m->sentence == a.m->sentence &&
                  a.m->depth == total.m->depth + 1 && b.m->depth == a.m->depth;
    if (!within || !contains_any(total.m->phrase, {U"一般公共预算拨款", U"一般公共预算财政拨款"})) return;
    auto text = std::u32string_view(total.view->said.paragraph->text);
    bool only = text.substr(total.m->end).starts_with(U'(') && text.substr(b.m->end).starts_with(U')');
    if (!only || !a.m->lead.ends_with(U"经费拨款") || !contains_any(b.m->lead, {U"非税收入"})) return;
    judge(total, {a, b}, "一般公共预算拨款", "The general budget's grant");
  }

  // "政府采购预算总额9万元：政府采购货物预算2万元、政府采购工程预算3万元、政府采购服务预算4万元"
  void check_procured(std::size_t i) {
    if (i + 3 >= all_.size()) return;
    const auto& total = all_[i];
    auto text = std::u32string_view(total.view->said.paragraph->text).substr(total.m->end);
    if (!text.starts_with(U':') || !contains_any(total.m->lead, {U"采购"})) return;
    std::vector<Stated> parts(all_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                              all_.begin() + static_cast<std::ptrdiff_t>(i) + 4);
    for (std::string_view code : {"procurement.goods", "procurement.works", "procurement.services"})
      if (std::ranges::count_if(parts, [&](const Stated& p) { return p.code() == code; }) != 1) return;
    bool listed = std::ranges::all_of(parts, [&](const Stated& p) {
      return p.view == total.view && p.m->sentence == total.m->sentence && p.m->depth == total.m->depth;
    });
    if (listed) judge(total, parts, "政府采购", "What is procured");
  }

  // "…财政拨款支出预算9万元。财政拨款支出预算中，一般公共预算拨款支出预算6万元，比…；政府性基金拨款支出预算3万元": the amounts
  // of that sentence, each of a fund of its own.
  void check_funds(std::size_t i) {
    const auto& first = all_[i];
    const auto& said = first.view->said;
    auto words = said_before(said, first.m->sentence, first.m->begin);
    auto in = words.find(U"中，");
    if (in == std::u32string_view::npos || !first.m->subject || !words.starts_with(U"财政拨款")) return;
    auto named = subject_of(words.substr(0, in));
    const auto& total = all_[i - 1];
    bool of_it = named && total.code() == named->code && total.view == first.view && total.m->depth == first.m->depth &&
                 first.m->sentence - total.m->sentence <= 1 && total.m->subject->scope != "general";
    if (!of_it || first.m->subject->scope != "general") return;
    std::vector<Stated> parts;
    for (auto k = i; k < all_.size() && all_[k].view == first.view && all_[k].m->sentence == first.m->sentence; ++k) {
      const auto& m = *all_[k].m;
      bool fund = m.subject && (m.subject->scope == "general" || m.subject->scope == "fund" || m.subject->scope == "capital");
      if (!fund || m.depth != first.m->depth ||
          std::ranges::any_of(parts, [&](const Stated& p) { return p.m->subject->scope == m.subject->scope; }))
        return;
      parts.push_back(all_[k]);
    }
    if (parts.size() >= 2) judge(total, parts, "财政拨款", "What is granted");
  }

  void judge(const Stated& total, const std::vector<Stated>& parts, const char* zh, const char* en) {
    c_.counted();
    std::int64_t sum = 0, slack = c_.model().rounding(total.m->unit, total.m->printed.digits);
    for (const auto& p : parts) {
      sum += p.m->value;
      slack += c_.model().rounding(p.m->unit, p.m->printed.digits);
    }
    if (std::abs(sum - total.m->value) <= slack) return;
    // All funds' and one fund's: the parts are of the other.
    for (const auto& fact : c_.model().facts)
      if (total.m->subject && fact.subject.code == total.m->subject->code && std::abs(fact.fen - sum) <= slack) return;
    std::vector<Mark> marks;
    for (const auto& p : parts) marks.push_back(p.m->mark);
    auto f =
        c_.sum_finding({.fen = total.m->value, .unit = total.m->unit, .digits = total.m->printed.digits, .mark = total.m->mark},
                       sum, marks, zh, en);
    if (!c_.is_told(f)) c_.add(std::move(f));
  }

  Checking& c_;
  std::vector<Stated> all_;
};

}  // namespace

void check_parts(Checking& c) {
  for (auto paragraphs : sections_of(c.model())) {
    Section section(c);
    for (const auto& view : paragraphs)
      if (view.project.empty() && view.said.unclear.empty()) section.take(view);
    section.check();
  }
}

}  // namespace qushu::budget
