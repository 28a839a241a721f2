#include "items.h"

#include <algorithm>
#include <array>

#include "folded.h"

namespace qushu::budget {
namespace {

std::string part_of_kind(const Subject& subject) {
  return subject.code == "expenditure.basic" ? "basic" : subject.code == "expenditure.project" ? "project" : "";
}

bool is_amount(const Mention& m) {
  return m.role == Role::level && m.measure == Measure::money && !m.compared;
}

std::size_t index_of(const Mention& m, const Statements& said) {
  return static_cast<std::size_t>(&m - said.mentions.data());
}

// The amount that opens the sentence of `m`, or the one before where that goes on with "其中"; nullptr where `m` opens it.
const Mention* opener_of(const Mention& m, const Statements& said) {
  int sentence = m.sentence;
  auto text = sentence_text(said, sentence);
  if (sentence > 0 && (text.starts_with(U"其中") || text.starts_with(U"包括") || text.starts_with(U"按"))) --sentence;
  // "…。下降原因是人员减少。其中：": what stands between states no amount.
  auto states = [&](int which) {
    return std::ranges::any_of(said.mentions, [&](const Mention& o) { return o.sentence == which && is_amount(o); });
  };
  if (sentence > 0 && sentence < m.sentence && !states(sentence)) --sentence;
  const Mention* out = nullptr;
  for (const auto* other : mentions_before(said, index_of(m, said), m.sentence - sentence))
    if (other->sentence == sentence && is_amount(*other)) out = other;
  return out;
}

}  // namespace

std::string part_of_head(const Statements& said) {
  for (const auto& m : said.mentions)
    if (is_amount(m)) return m.subject ? part_of_kind(*m.subject) : "";
  return {};
}

std::string part_within(const Mention& m, const Statements& said) {
  // The last of them before it: "基本支出9万元，其中：…；项目支出3万元，其中：…".
  for (const auto* other : mentions_before(said, index_of(m, said), 0)) {
    if (other->role != Role::level || !other->subject) continue;
    if (auto part = part_of_kind(*other->subject); !part.empty()) return part;
  }
  const auto* opener = opener_of(m, said);
  return opener != nullptr && opener->subject ? part_of_kind(*opener->subject) : "";
}

bool of_an_item(const Mention& m, const Statements& said) {
  bool economic = m.subject->code.starts_with("economic.");
  if (part_of_kind(*m.subject).empty() && !m.subject->code.starts_with("basic.") && !economic) return false;
  // "…；所属单位支出7万元，其中基本支出6万元"
  for (const auto* other : mentions_before(said, index_of(m, said), 0)) {
    if (other->role != Role::level || (other->subject && !part_of_kind(*other->subject).empty())) continue;
    if (contains_any(other->lead, {U"本级", U"所属", U"下属", U"机关"}) && !other->lead.contains(U"机关运行")) return true;
    break;
  }
  const auto* opener = opener_of(m, said);
  if (opener == nullptr) return false;
  if (opener->subject) return opener->subject->code.starts_with("function.");
  if (economic && opener->phrase.empty()) return false;
  return opener->phrase.empty() ||
         ends_with_any(opener->phrase, {U"支出", U"运行", U"管理", U"事务", U"(项)", U"(款)", U"(类)"});
}

namespace {

constexpr std::initializer_list<std::u32string_view> kMarkers{U"其中", U"包括", U"分为", U"全部为", U"全部用于", U"构成"};

std::u32string_view between(const Mention& a, const Mention& b, const Statements& said) {
  return std::u32string_view(said.paragraph->text).substr(a.end, b.begin - std::min(a.end, b.begin));
}

// Whether what bears the one name may have parts that bear the other.
bool may_hold(const Subject& whole, const Subject& part) {
  auto kind = family(part.code);
  bool of_all = is_whole(whole.code, "expenditure.") || whole.code == "income.grand";  // 收支总计
  if (kind == "kind") return of_all;
  if (kind == "basic") return of_all || whole.code == "expenditure.basic";
  if (kind == "function" || kind == "economic") return of_all || family(whole.code) == "kind";
  if (kind == "income") return is_whole(whole.code, "income.") || is_whole(whole.code, "expenditure.");
  return false;
}

// The classes of something that is no income and no expenditure of the unit.
bool is_part_of_another(const Subject& part, const Subject& whole) {
  auto kind = family(part.code);
  if (kind == "income" && family(whole.code) == "kind") return true;
  bool of_something =
      whole.code == "agency_running" || whole.code.starts_with("procurement.") || whole.code.starts_with("sangong.");
  return of_something && (kind == "basic" || kind == "kind" || kind == "income");
}

// The amounts before `m` that its list may be of: of its sentence, or of the one that it goes on with by "其中".
std::vector<const Mention*> amounts_before(const Mention& m, const Statements& said) {
  auto text = sentence_text(said, m.sentence);
  bool goes_on = m.sentence > 0 && (text.starts_with(U"其中") || text.starts_with(U"包括"));
  auto out = mentions_before(said, index_of(m, said), goes_on ? 1 : 0);
  std::erase_if(out, [&](const Mention* other) { return !is_amount(*other) || other->depth > m.depth; });
  return out;
}

}  // namespace

const Mention* whole_of(const Mention& m, const Statements& said) {
  for (const auto* other : amounts_before(m, said))
    if (other->subject && may_hold(*other->subject, *m.subject))
      return contains_any(between(*other, m, said), kMarkers) ? other : nullptr;
  return nullptr;
}

bool names_a_part(const Mention& m, const Statements& said) {
  bool twice = false;
  for (const auto* other : amounts_before(m, said)) {
    auto words = between(*other, m, said);
    bool listed = contains_any(words, kMarkers);
    bool same = other->subject && other->subject->code == m.subject->code;
    bool funds = same && (m.subject->scope.empty() || other->subject->scope == m.subject->scope);
    bool alike = funds && is_budgeted(*other) == is_budgeted(m) && year_in(other->phrase) == year_in(m.phrase) &&
                 other->value != m.value;
    if (alike && !listed && !words.contains(U'；') && !words.contains(U'。')) twice = true;
    if (!listed) continue;
    // The head of the list.
    auto stop = words.rfind(U'；');
    if (stop != std::u32string_view::npos && !contains_any(words.substr(stop), kMarkers)) return false;
    if (twice) return true;
    if (!other->subject) continue;
    bool of_all = same && (other->subject->scope.empty() || other->subject->scope == "all") && !is_whole(m.subject->code, "");
    if (same) return m.value < other->value && (funds || of_all);
    if (is_part_of_another(*m.subject, *other->subject)) return true;
  }
  return false;
}

bool of_a_bracket(const Mention& m, const Statements& said) {
  auto of_unit = [](std::string_view code) { return code.starts_with("income.") || code.starts_with("expenditure."); };
  if (m.depth == 0 || !m.subject || !of_unit(m.subject->code)) return false;
  for (const auto* other : mentions_before(said, index_of(m, said), 0))
    if (other->depth < m.depth && other->role == Role::level) return !other->subject || !of_unit(other->subject->code);
  return false;
}

namespace {

// "公务用车购置及运行费62万元(购置费20万元，运行费42万元)"
std::optional<Subject> within_cars(const Mention& m, const Statements& said) {
  if (m.depth == 0 || m.lead.size() > 8) return std::nullopt;
  // A bracket may hold sentences of its own.
  for (const auto* other : mentions_before(said, index_of(m, said), m.sentence)) {
    if (other->depth >= m.depth) continue;
    if (!other->subject || other->subject->code != "sangong.car") return std::nullopt;
    if (m.lead.contains(U"购置费")) return Subject{.code = "sangong.car_purchase", .scope = {}, .part = {}};
    if (m.lead.contains(U"运行")) return Subject{.code = "sangong.car_run", .scope = {}, .part = {}};
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

namespace {

// "收入预算9万元，其中：一般公共预算8万元，政府性基金预算1万元": what is named by its fund alone is that of the list's whole.
std::optional<Subject> within_funds(const Mention& m, const Statements& said) {
  struct Fund {
    std::u32string_view words;
    std::string_view income, scope;
  };
  static constexpr std::array kFunds{Fund{U"一般公共预算", "income.general", "general"},
                                     Fund{U"政府性基金预算", "income.fund", "fund"},
                                     Fund{U"国有资本经营预算", "income.capital", "capital"}};
  auto lead = std::u32string_view(m.lead);
  if (lead.starts_with(U"其中")) lead.remove_prefix(2);
  auto fund = std::ranges::find(kFunds, lead, &Fund::words);
  if (fund == kFunds.end()) return std::nullopt;
  for (const auto* other : mentions_before(said, index_of(m, said), 0)) {
    if (other->role != Role::level || !other->subject || other->depth != m.depth) continue;
    bool income = is_whole(other->subject->code, "income."), spent = is_whole(other->subject->code, "expenditure.");
    if ((!income && !spent) || !contains_any(between(*other, m, said), kMarkers)) return std::nullopt;
    if (income) return Subject{.code = std::string(fund->income), .scope = {}, .part = {}};
    return Subject{.code = other->subject->code, .scope = std::string(fund->scope), .part = {}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Subject> within(const Mention& m, const Statements& said) {
  if (auto car = within_cars(m, said)) return car;
  if (auto of_fund = within_funds(m, said)) return of_fund;
  // Of the sentence, what bears on it.
  auto from = std::max(sentence_begin(said, m.sentence), m.begin - std::min(m.begin, kLookBack));
  auto text = std::u32string_view(said.paragraph->text).substr(from, m.end - from);
  if (!text.contains(U"政府采购") || text.contains(U"政府购买服务")) return std::nullopt;
  Subject out;
  if (contains_any(m.lead, {U"货物"})) out.code = "procurement.goods";
  if (contains_any(m.lead, {U"工程"})) out.code = "procurement.works";
  if (contains_any(m.lead, {U"服务"})) out.code = "procurement.services";
  return out.code.empty() || m.lead.size() > 10 ? std::nullopt : std::optional(out);
}

}  // namespace qushu::budget
