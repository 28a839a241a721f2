// Claims: "全部纳入绩效管理" beside the amount that was, and promised numbers beside the detail of the same project.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

// --- completeness --------------------------------------------------------------------------------------------------------

bool claims_all(std::u32string_view text) {
  if (!text.contains(U"绩效")) return false;
  // "全部12个项目"
  if (auto at = text.find(U"全部"); at != std::u32string_view::npos && at + 2 < text.size() && is_digit(text[at + 2]))
    return true;
  return contains_any(text,
                      {U"全部纳入", U"全部编制", U"全部设置", U"全部实行",   U"全部开展", U"全部实施", U"全覆盖", U"全面开展",
                       U"全面实施", U"全部项目", U"所有项目", U"项目全部",   U"均编制",   U"均纳入",   U"均设置", U"均实行",
                       U"支出全部", U"资金全部", U"均已纳入", U"覆盖率100%", U"全部进行", U"全面纳入"});
}

// Another source that pays for what is covered, after the first.
bool is_further_fund(const Mention& m, const Mention& first) {
  if (m.role != Role::level || m.measure != Measure::money || m.sentence != first.sentence || m.reason || m.compared)
    return false;
  auto own = scope_of(m.lead);
  bool rest = m.lead.starts_with(U"其他") || contains_any(m.lead, {U"自有资金", U"财政专户", U"单位资金", U"事业收入"});
  return rest || (!own.empty() && own != scope_of(first.lead) && !m.lead.contains(U"支出"));
}

void check_coverage(Checking& c, const ParagraphView& view) {
  const auto& text = view.said.paragraph->text;
  if (!claims_all(text)) return;
  const Mention* covered = nullptr;
  for (const auto& m : view.said.mentions) {
    // "…其中重点项目3个，金额80万元": some of it.
    auto before = said_before(view.said, m.sentence, m.begin);
    bool some = contains_any(before, {U"其中重点", U"其中:重点", U"其中，重点", U"以上重点", U"以上项目", U"以上的"});
    bool goes_into = m.role == Role::level && m.measure == Measure::money && !some &&
                     contains_any(m.lead, {U"涉及", U"资金", U"金额", U"财政拨款", U"共计", U"总额", U"预算"}) &&
                     !m.lead.contains(U"整体支出");
    if (goes_into && covered == nullptr) covered = &m;
  }
  if (covered == nullptr) return;
  // "涉及一般公共预算拨款2700万元，政府性基金500万元，其他200万元": each fund its amount, together what is covered.
  auto amount = covered->value;
  // "一般公共预算项目支出全面开展绩效自评": of which funds.
  auto said = said_before(view.said, covered->sentence, covered->begin);
  auto claimed = said.contains(U"预算项目支出") ? scope_of(said.substr(0, said.rfind(U"项目支出"))) : std::string();
  auto scope = claimed.empty() ? scope_of(covered->lead) : claimed;
  for (const auto& m : view.said.mentions)
    if (&m > covered && is_further_fund(m, *covered)) {
      amount += m.value;
      scope.clear();
    }
  std::vector<const Fact*> wholes;
  bool reached = false;
  for (const auto& fact : c.model().facts) {
    bool other_fund = (fact.subject.scope == "fund" || fact.subject.scope == "capital") && fact.subject.scope != scope;
    if (fact.subject.code != "expenditure.project" || fact.owner != view.owner || other_fund ||
        !may_agree(fact.subject.scope, scope) || (!claimed.empty() && fact.subject.scope != claimed) || !fact.project.empty() ||
        fact.year != c.model().year || fact.mark == covered->mark)
      continue;
    wholes.push_back(&fact);
    reached = reached || amount >= fact.fen - c.model().rounding(covered->unit, covered->printed.digits) * 2;
  }
  // Where the scopes are named apart, each of them may be the one that is meant; reaching one of them is enough.
  if (wholes.empty()) {
    c.unclear(covered->mark, {"没有找到可以比较的项目支出，未核对“全部”的说法。",
                              "No project expenditure to compare with; the claim of completeness was not checked."});
    return;
  }
  c.counted();
  if (reached) return;
  const auto& whole = *wholes.front();
  Finding f{.kind = Kind::coverage, .confidence = 90};
  f.unit = name(covered->unit);
  f.expected = amount_text(whole.fen, covered->unit, whole.printed.digits);
  f.found = amount_text(amount, covered->unit, covered->printed.digits);
  f.message = {fmt::format("文中称全部纳入，但所列金额为 {} {}，项目支出为 {} {}，相差 {} {}。", f.found, f.unit, f.expected,
                           f.unit, amount_text(whole.fen - amount, covered->unit, 2), f.unit),
               fmt::format("All is said to be covered, but {} {} are, of a project expenditure of {} {}.", f.found, f.unit,
                           f.expected, f.unit)};
  Mark claim;
  for (auto word : {U"全部", U"全覆盖", U"全面", U"所有", U"均", U"覆盖率"})
    if (auto at = text.find(word); at != std::u32string::npos) {
      claim = mark_of(*view.said.paragraph, at, at + 1);
      break;
    }
  f.places = {c.place(claim)};
  c.quote(f, covered->mark);
  c.quote(f, whole.mark);
  c.add(std::move(f));
}

// "4 个项目…涉及 X 万元", with just so many projects in the document: their amounts add up to X.
void check_projects(Checking& c, const ParagraphView& view) {
  const auto& projects = c.model().projects;
  if (projects.size() < 2 || !view.project.empty() || !view.said.paragraph->text.contains(U"绩效")) return;
  const Mention* count = nullptr;
  const Mention* amount = nullptr;
  for (const auto& m : view.said.mentions) {
    auto after = std::u32string_view(view.said.paragraph->text).substr(m.end, 8);
    if (m.measure == Measure::count && after.contains(U"项目") && (m.counter == U"个" || m.counter == U"项")) count = &m;
    if (count != nullptr && m.role == Role::level && m.measure == Measure::money && m.sentence == count->sentence &&
        amount == nullptr)
      amount = &m;
  }
  if (count == nullptr || amount == nullptr || count->value != static_cast<std::int64_t>(projects.size()) * kMicro) return;
  std::int64_t sum = 0;
  std::vector<Mark> marks;
  for (const auto& project : projects) {
    auto fact = std::ranges::find_if(
        c.model().facts, [&](const Fact& f) { return f.project == project.name && f.year == c.model().year && f.in_table; });
    if (fact == c.model().facts.end()) return;
    sum += fact->fen;
    marks.push_back(fact->mark);
  }
  c.counted();
  if (std::abs(sum - amount->value) <= c.model().rounding(amount->unit, 0) * static_cast<std::int64_t>(projects.size() + 1))
    return;
  Finding f{.kind = Kind::sum, .confidence = 88};
  f.unit = name(amount->unit);
  f.expected = amount_text(sum, amount->unit, 2);
  f.found = amount_text(amount->value, amount->unit, amount->printed.digits);
  f.message = {fmt::format("{} 个项目的金额相加为 {} {}，文中为 {} {}。", projects.size(), f.expected, f.unit, f.found, f.unit),
               fmt::format("The {} projects add up to {} {}, the text says {} {}.", projects.size(), f.expected, f.unit,
                           f.found, f.unit)};
  f.places = {c.place(amount->mark)};
  for (const auto& mark : marks) f.places.push_back(c.place(mark));
  c.add(std::move(f));
}

// --- promises
// ------------------------------------------------------------------------------------------------------------------

// A number of things in the detail of a project: "新增7个视频会议接入单位" is 7, 个, "新增视频会议接入单位".
struct Counted {
  std::u32string words, counter;
  std::int64_t value = 0;
  int digits = 0;
  Mark mark;
};

// What is measured, and not counted: "万亩", "公里".
std::size_t measure_length(std::u32string_view text) {
  std::size_t tens = text.starts_with(U'万') ? 1 : 0;
  for (std::u32string_view unit :
       {U"平方公里", U"平方米", U"立方米", U"公里", U"千米", U"公斤", U"亩", U"吨", U"户", U"株", U"棵", U"册", U"公顷", U"米"})
    if (text.substr(tens).starts_with(unit)) return tens + unit.size();
  return 0;
}

bool same_counter(std::u32string_view a, std::u32string_view b) {
  if (a.empty() || b.empty()) return false;
  if (measure_length(a) == a.size() || measure_length(b) == b.size()) return a == b;
  if (a[0] == b[0]) return true;
  for (std::u32string_view group : {U"个套台项条处家件部批座", U"人名", U"次场期批"})
    if (group.contains(a[0]) && group.contains(b[0]))
      return group[0] == U'人' || group[0] == U'次' || a[0] == U'个' || b[0] == U'个';
  return false;
}

std::size_t common_length(std::u32string_view a, std::u32string_view b) {
  std::size_t best = 0;
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t k = b.size(); k-- > 0;) {
      row[k + 1] = a[i] == b[k] && is_han(a[i]) ? row[k] + 1 : 0;
      best = std::max(best, row[k + 1]);
    }
  return best;
}

std::u32string without_generic(std::u32string_view name) {
  std::u32string out(name);
  for (auto word : {U"系统", U"数量", U"次数", U"人数", U"人次", U"场次", U"个数", U"台数", U"套数", U"完成", U"情况", U"总数",
                    U"期数", U"面积", U"册数", U"参与", U"数"}) {
    std::u32string_view tail(word);
    if (out.size() >= tail.size() + 2 && out.ends_with(tail)) out.resize(out.size() - tail.size());
  }
  return out;
}

bool same_thing(const Counted& detail, std::u32string_view goal) {
  auto name = without_generic(goal);
  auto common = common_length(detail.words, name);
  // A short name must be there as a whole: "培训期数" in "开展培训10期".
  return (common >= 4 && common * 3 >= name.size() * 2) || (common >= 2 && common == name.size());
}

// Numbers with counters inside a label or a sentence of a project.
void collect(std::u32string_view text, std::size_t line, std::size_t column, std::vector<Counted>& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]) || (at > 0 && (is_digit(text[at - 1]) || text[at - 1] == U'.'))) continue;
    std::size_t length = 0;
    auto value = read_decimal(text.substr(at), length);
    if (!value || at + length >= text.size()) return;
    auto rest = text.substr(at + length);
    auto measure = measure_length(rest);
    bool counts = std::u32string_view(U"个套台条处家件部批座项人名次场期").contains(rest[0]) && value->digits == 0;
    if (counts || measure > 0) {
      auto unit = std::max<std::size_t>(measure, 1);
      // The words around it, from one stop to the next.
      constexpr std::u32string_view kStops = U"，。；:、(),";
      auto begin = at, end = at + length + unit;
      while (begin > 0 && !kStops.contains(text[begin - 1])) --begin;
      while (end < text.size() && !kStops.contains(text[end])) ++end;
      auto before = text.substr(begin, at - begin);
      // "覆盖全部9个社区" counts what "覆盖社区数" does.
      for (auto word : {U"全部", U"所有", U"共计", U"共", U"约", U"达到", U"达"})
        if (before.ends_with(word)) {
          before.remove_suffix(std::u32string_view(word).size());
          break;
        }
      Counted c{.words = std::u32string(before) + std::u32string(text.substr(at + length + unit, end - at - length - unit)),
                .counter = std::u32string(rest.substr(0, unit)),
                .value = value->micro,
                .digits = value->digits,
                .mark = {.line = line, .begin = column + at, .end = column + at + length + unit}};
      out.push_back(std::move(c));
    }
    at += length;
  }
}

bool kept(const IndicatorRow& goal, std::int64_t detail) {
  switch (goal.relation) {
    case U'≥':
      return detail >= goal.value.micro;
    case U'≤':
      return detail <= goal.value.micro;
    case U'>':
      return detail > goal.value.micro;
    case U'<':
      return detail < goal.value.micro;
    default:
      return detail == goal.value.micro;
  }
}

std::string relation_text(const IndicatorRow& goal) {
  return goal.relation == U'=' ? std::string() : encoded(std::u32string(1, goal.relation));
}

void report_promise(Checking& c, const Goal& goal, const Mark& detail, const std::string& found, const std::string& unit,
                    int confidence) {
  Finding f{
      .kind = Kind::promise, .severity = confidence >= 80 ? Severity::error : Severity::warning, .confidence = confidence};
  f.expected = relation_text(goal.row) + to_text(goal.row.value.micro, goal.row.value.digits);
  f.found = found;
  f.unit = unit;
  auto name = encoded(goal.row.name);
  f.message = {
      fmt::format("绩效指标“{}”为 {} {}，项目明细中为 {} {}。", name, f.expected, encoded(goal.row.unit), found, unit),
      fmt::format("The goal “{}” is {} {}, the detail says {} {}.", name, f.expected, encoded(goal.row.unit), found, unit)};
  f.places = {c.place(goal.row.mark), c.place(detail)};
  c.add(std::move(f));
}

// The numbers of a sentence or paragraph that begins at `from` of the text.
void collect_said(const Paragraph& paragraph, std::u32string_view text, std::size_t from, std::vector<Counted>& out) {
  std::vector<Counted> found;
  collect(text, 0, 0, found);
  for (auto& d : found) {
    d.mark = mark_of(paragraph, from + d.mark.begin, from + d.mark.begin + 1);
    out.push_back(std::move(d));
  }
}

const Project* only_project_named(const Model& m, std::u32string_view text) {
  const Project* out = nullptr;
  for (const auto& project : m.projects) {
    if (project.name.size() < 4 || !text.contains(project.name)) continue;
    if (out != nullptr) return nullptr;
    out = &project;
  }
  return out;
}

// What a project's form says that is to be reached, above its indicators: "年度目标 新建高标准农田1.2万亩，…".
void collect_goals(const Model& m, const Project& project, std::size_t end, std::vector<Counted>& out) {
  constexpr std::size_t kMostLines = 12;
  std::set<std::size_t> read;  // with the paragraphs
  for (const auto& view : m.paragraphs)
    if (view.project == project.name)
      for (const auto& spot : view.said.paragraph->spots) read.insert(spot.line);
  Paragraph text;
  for (auto i = project.line; i < std::min({end, project.line + kMostLines, m.layout.lines.size()}); ++i) {
    auto bare = without_spaces(m.layout.lines[i]);
    bool opens = contains_any(bare, {U"年度目标", U"总体目标", U"绩效目标"}) && !bare.ends_with(U"表");
    if (!text.text.empty() && bare.contains(U"指标")) break;
    if (read.contains(i) || (text.text.empty() && !opens)) continue;
    append_line(text, m.layout.lines[i], i, false);
  }
  collect_said(text, text.text, 0, out);
}

void check_promises(Checking& c) {
  const auto& m = c.model();
  std::map<std::u32string, std::vector<Counted>> details;
  for (const auto& view : m.tables) {
    if (view.project.empty()) continue;
    for (const auto& row : view.table->rows)
      for (const auto& s : row.segments)
        if (!s.cells.empty()) collect(s.label, row.line, 0, details[view.project]);
  }
  for (const auto& view : m.paragraphs) {
    const auto& said = view.said;
    if (!view.project.empty()) {
      collect_said(*said.paragraph, said.paragraph->text, 0, details[view.project]);
      continue;
    }
    // A sentence elsewhere that names a project says of it what it counts.
    for (int s = 0; s < std::ssize(said.sentences); ++s) {
      auto text = sentence_text(said, s);
      const auto* project = only_project_named(m, text);
      if (project != nullptr) collect_said(*said.paragraph, text, sentence_begin(said, s), details[project->name]);
    }
  }
  for (auto project = m.projects.begin(); project != m.projects.end(); ++project) {
    auto next = std::next(project);
    collect_goals(m, *project, next == m.projects.end() ? m.layout.lines.size() : next->line, details[project->name]);
  }
  for (const auto& goal : m.goals) {
    if (goal.project.empty()) continue;
    if (goal.row.unit.starts_with(U"万元") &&
        contains_any(goal.row.name, {U"总成本", U"成本控制", U"预算控制", U"项目成本", U"资金总额", U"总投入"})) {
      auto fact = std::ranges::find_if(
          m.facts, [&](const Fact& f) { return f.project == goal.project && f.year == m.year && f.in_table; });
      if (fact != m.facts.end()) {
        c.counted();
        auto total = fact->fen;  // a fen is a millionth of 万元
        if (!kept(goal.row, total) && std::abs(total - goal.row.value.micro) > m.rounding(Unit::wan, 0) * 2)
          report_promise(c, goal, fact->mark, amount_text(fact->fen, Unit::wan, fact->printed.digits), "万元", 82);
      }
      continue;
    }
    // A goal may be the sum of several details, or hold for one of them.
    const Counted* first = nullptr;
    std::int64_t sum = 0;
    bool fits = false;
    for (const auto& detail : details[goal.project]) {
      if (!same_counter(detail.counter, goal.row.unit) || !same_thing(detail, goal.row.name)) continue;
      if (first == nullptr) first = &detail;
      sum += detail.value;
      fits = fits || kept(goal.row, detail.value);
    }
    if (first == nullptr) continue;
    c.counted();
    if (!fits && !kept(goal.row, sum))
      report_promise(c, goal, first->mark, to_text(first->value, first->digits), encoded(first->counter), 80);
  }
}

}  // namespace

void check_claims(Checking& c) {
  for (const auto& view : c.model().paragraphs) {
    check_coverage(c, view);
    check_projects(c, view);
  }
  check_promises(c);
}

}  // namespace qushu::budget
