// A final account item by item: the items of a class are no more than the class; what is said to be above the budget is.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

// --- 类 款 项 ------------------------------------------------------------------------------------------------------------

struct ClassItems {
  std::vector<const Mention*> amounts;
  std::set<std::u32string> names;
  bool twice = false;  // an item of the same name: the lists of two funds or units
};

// The class of "科学技术支出（类）应用研究（款）机构运行（项）…", and the item's whole name.
std::optional<std::pair<std::string, std::u32string>> class_of(const Paragraph& paragraph, std::size_t first_amount) {
  auto text = std::u32string_view(paragraph.text).substr(0, first_amount);
  text.remove_prefix(std::min(paragraph.number.length, text.size()));
  auto rank = text.find(U"(类)"), item = text.find(U"(项)");
  if (rank == std::u32string_view::npos || item == std::u32string_view::npos || rank > 20 || item < rank) return std::nullopt;
  auto name = std::u32string(text.substr(0, rank));
  auto subject = subject_of(name);
  if (!subject) subject = subject_of(name + U"支出");
  if (!subject || !subject->code.starts_with("function.")) return std::nullopt;
  return std::pair(subject->code, std::u32string(text.substr(0, item)));
}

class Items {
 public:
  explicit Items(Checking& c) : c_(c) {}

  void check() {
    for (const auto& view : c_.model().paragraphs) collect(view);
    for (const auto& [key, items] : groups_)
      if (items.amounts.size() >= 2 && !items.twice) judge(std::get<1>(key), std::get<2>(key), items);
  }

 private:
  void collect(const ParagraphView& view) {
    if (!view.project.empty() || !view.owner.empty() || !view.said.unclear.empty()) return;
    std::array<const Mention*, 2> amounts{};  // the budget, the account
    for (const auto& m : view.said.mentions) {
      if (!is_stated(m) || m.depth > 0) continue;
      bool account = c_.model().final_account && !is_budgeted(m);
      auto& own = amounts.at(account ? 1 : 0);
      if (own == nullptr) own = &m;
      if (account || !c_.model().final_account) break;
    }
    for (const auto* m : amounts) {
      if (m == nullptr) continue;
      auto item = class_of(*view.said.paragraph, view.said.mentions.front().begin);
      if (!item) return;
      auto& group = groups_[{view.section, item->first, m == amounts[0]}];
      if (!group.names.insert(item->second).second) group.twice = true;
      group.amounts.push_back(m);
    }
  }

  // More than any figure of the class that the document states: of whichever funds the items are, some are too much.
  void judge(const std::string& code, bool plan, const ClassItems& items) {
    const Fact* most = nullptr;
    for (const auto& fact : c_.model().facts)
      if (fact.subject.code == code && fact.plan == plan && fact.year == c_.model().year && fact.project.empty() &&
          (most == nullptr || fact.fen > most->fen))
        most = &fact;
    if (most == nullptr) return;
    std::int64_t sum = 0, slack = c_.model().rounding(most->unit, most->printed.digits);
    for (const auto* m : items.amounts) {
      sum += m->value;
      slack += c_.model().rounding(m->unit, m->printed.digits);
    }
    c_.counted();
    if (sum <= most->fen + slack) return;
    Finding f{.kind = Kind::sum, .confidence = 82};
    f.unit = name(most->unit);
    f.expected = amount_text(sum, most->unit, most->printed.digits);
    f.found = amount_text(most->fen, most->unit, most->printed.digits);
    f.message = {
        fmt::format("该类支出为 {} {}，所列各项相加为 {} {}，超过该类。", f.found, f.unit, f.expected, f.unit),
        fmt::format("The class is {} {}, its items add up to {} {}, which is more.", f.found, f.unit, f.expected, f.unit)};
    f.places = {c_.place(most->mark)};
    for (const auto* m : items.amounts) c_.quote(f, m->mark);
    c_.add(std::move(f));
  }

  Checking& c_;
  std::map<std::tuple<std::size_t, std::string, bool>, ClassItems> groups_;  // by section, class, plan
};

// --- 决算数大于预算数 ------------------------------------------------------------------------------------------------------

struct Word {
  std::u32string_view text;
  int direction;
};
constexpr std::array kWords{Word{U"大于", 1},  Word{U"高于", 1},  Word{U"多于", 1}, Word{U"小于", -1},
                            Word{U"低于", -1}, Word{U"少于", -1}, Word{U"等于", 0}};

constexpr std::size_t kMostFacts = 8000;

class Comparisons : ParagraphCheck {
 public:
  Comparisons(Checking& c, std::size_t index) : ParagraphCheck(c, index) {}

  void check() {
    if (!c_.model().final_account || !view_.project.empty()) return;
    for (const auto& word : kWords)
      for (auto at = text_.find(word.text); at != std::u32string::npos; at = text_.find(word.text, at + 1)) check_at(at, word);
  }

 private:
  void check_at(std::size_t at, const Word& word) {
    auto after = std::u32string_view(text_).substr(at + word.text.size(), 8);
    for (auto lead : {U"年初", U"全年", U"调整后", U"调整"})
      if (after.starts_with(lead)) after.remove_prefix(std::u32string_view(lead).size());
    auto from = at - std::min(at, kLookBack);
    auto before = std::u32string_view(text_).substr(from, at - from);
    if (!after.starts_with(U"预算") || !ends_with_any(before, {U"决算", U"决算数", U"决算支出", U"决算支出数"})) return;
    auto clause = before;
    if (auto stop = before.find_last_of(U"，；。:"); stop != std::u32string_view::npos) clause.remove_prefix(stop + 1);
    auto sentence = std::ranges::upper_bound(view_.said.sentences, at, {}, [](const auto& s) { return s.second; });
    if (sentence == view_.said.sentences.end() || view_.said.unclear_within(from, at)) return;
    if (before.substr(std::max(sentence->first, from) - from).contains(U"原因")) return;
    std::u32string named;
    for (auto c : clause)
      if (c != U'“' && c != U'”') named += c;
    if (auto subject = subject_of(named)) return compare_facts(*subject, at, word);
    // Nothing but "决算数", "2022年度支出决算数": of what was said right before it.
    constexpr std::size_t kMost = 12;
    if (named.size() <= kMost) compare_before(at, static_cast<int>(sentence - view_.said.sentences.begin()), word);
  }

  // The budget and the account of what is named, where the document has one of each.
  void compare_facts(const Subject& subject, std::size_t at, const Word& word) {
    std::array<const Fact*, 2> sides{};
    if (c_.model().facts.size() > kMostFacts) return;
    for (const auto& fact : c_.model().facts) {
      if (fact.subject.code != subject.code || fact.year != c_.model().year || fact.owner != view_.owner ||
          !fact.project.empty())
        continue;
      auto& side = sides.at(fact.plan ? 0 : 1);
      if (side != nullptr && side->fen != fact.fen) return;
      side = &fact;
    }
    if (sides[0] == nullptr || sides[1] == nullptr || !may_agree(sides[0]->subject.scope, sides[1]->subject.scope)) return;
    judge(at, word, sides[1]->fen - sides[0]->fen, {sides[0]->mark, sides[1]->mark}, sides[1]->unit);
  }

  // "年初预算为9万元，支出决算为8万元，完成年初预算的88.9%，决算数小于预算数"
  void compare_before(std::size_t at, int sentence, const Word& word) {
    const Mention* rate = nullptr;
    const Mention* spent = nullptr;
    auto after = std::ranges::lower_bound(mentions_, at, {}, &Mention::begin);
    for (auto k = static_cast<std::size_t>(after - mentions_.begin()); k-- > 0;) {
      const auto& m = mentions_[k];
      if (m.sentence < sentence - 1 || m.reason || m.depth > 0) return;
      if (m.role == Role::completion && rate == nullptr && spent == nullptr) {
        rate = &m;
      } else if (m.role == Role::level && m.measure == Measure::money && spent == nullptr && !is_budgeted(m) && !m.compared) {
        spent = &m;
      } else if (m.role == Role::level && m.measure == Measure::money && spent != nullptr) {
        // The budget right before the account, in its sentence.
        if (!is_budgeted(m) || m.sentence != spent->sentence) return;
        return judge(at, word, spent->value - m.value, {m.mark, spent->mark}, spent->unit);
      } else {
        return;
      }
    }
  }

  void judge(std::size_t at, const Word& word, std::int64_t difference, const std::vector<Mark>& marks, Unit unit) {
    c_.counted();
    int actual = difference > 0 ? 1 : difference < 0 ? -1 : 0;
    if (actual == word.direction) return;
    Finding f{.kind = Kind::year_on_year, .confidence = 86};
    f.unit = name(unit);
    f.expected = amount_text(difference, unit, 2);
    f.found = encoded(word.text);
    f.message = {fmt::format("文中称决算数{}预算数，但决算数与预算数相差 {} {}。", f.found, f.expected, f.unit),
                 fmt::format("The account is said to be {} the budget, but it differs from it by {} {}.",
                             word.direction > 0   ? "above"
                             : word.direction < 0 ? "below"
                                                  : "equal to",
                             f.expected, f.unit)};
    f.places = {c_.place(mark_of(*view_.said.paragraph, at, at + word.text.size()))};
    for (const auto& mark : marks) c_.quote(f, mark);
    c_.add(std::move(f));
  }
};

}  // namespace

void check_items(Checking& c) {
  Items(c).check();
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Comparisons(c, i).check();
}

}  // namespace qushu::budget
