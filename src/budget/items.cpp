#include "items.h"

#include <algorithm>

#include "folded.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kLookBack = 2000;  // characters that bear on an amount

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
  if (part_of_kind(*m.subject).empty() && !m.subject->code.starts_with("basic.")) return false;
  // "…；所属单位支出7万元，其中基本支出6万元"
  for (const auto* other : mentions_before(said, index_of(m, said), 0)) {
    if (other->role != Role::level || (other->subject && !part_of_kind(*other->subject).empty())) continue;
    if (contains_any(other->lead, {U"本级", U"所属", U"下属", U"机关"}) && !other->lead.contains(U"机关运行")) return true;
    break;
  }
  const auto* opener = opener_of(m, said);
  if (opener == nullptr) return false;
  if (opener->subject) return opener->subject->code.starts_with("function.");
  return opener->phrase.empty() ||
         ends_with_any(opener->phrase, {U"支出", U"运行", U"管理", U"事务", U"(项)", U"(款)", U"(类)"});
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

std::optional<Subject> within(const Mention& m, const Statements& said) {
  if (auto car = within_cars(m, said)) return car;
  // Of the sentence, what bears on it.
  auto from = std::max(said.sentences[static_cast<std::size_t>(m.sentence)].first, m.begin - std::min(m.begin, kLookBack));
  auto text = std::u32string_view(said.paragraph->text).substr(from, m.end - from);
  if (!text.contains(U"政府采购") || text.contains(U"政府购买服务")) return std::nullopt;
  Subject out;
  if (contains_any(m.lead, {U"货物"})) out.code = "procurement.goods";
  if (contains_any(m.lead, {U"工程"})) out.code = "procurement.works";
  if (contains_any(m.lead, {U"服务"})) out.code = "procurement.services";
  return out.code.empty() || m.lead.size() > 10 ? std::nullopt : std::optional(out);
}

}  // namespace qushu::budget
