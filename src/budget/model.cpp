#include "model.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "items.h"

namespace qushu::budget {
namespace {

bool is_total(std::u32string_view label) {
  return ends_with_any(label, {U"合计", U"总计"}) || label == U"小计";
}

class Rebuilder {
 public:
  explicit Rebuilder(const Document& document) {
    m_.document = &document;
    m_.layout = lay_out(document);
  }

  Model build() {
    find_conventions(m_);
    for (const auto& block : m_.layout.blocks) {
      auto before = m_.facts.size();
      std::visit([this](const auto& b) { take(b); }, block);
      for (auto i = before; i < m_.facts.size(); ++i) m_.facts[i].block = block_;
      ++block_;
    }
    name_projects();
    name_main_owner();
    for (const auto& fact : m_.facts)
      if (fact.project.empty() && family(fact.subject.code).empty() && fact.year == m_.year) m_.wholes.push_back(fact.fen);
    std::ranges::sort(m_.wholes);
    for (const auto& fact : m_.facts) {
      std::string_view code = fact.subject.code;
      if (!fact.project.empty() || !(code.starts_with("income.") || code.starts_with("expenditure."))) continue;
      m_.flows.push_back(fact.fen);
      if (is_whole(code, {})) m_.totals.push_back(fact.fen);
    }
    for (auto* amounts : {&m_.flows, &m_.totals}) {
      std::ranges::sort(*amounts);
      amounts->erase(std::ranges::unique(*amounts).begin(), amounts->end());
    }
    return std::move(m_);
  }

 private:
  void take(const Heading& heading) {
    if (heading.part || heading.number.level == 1) project_.clear();
    if (heading.part) {
      scope_.clear();
      part_.clear();
    }
    ++section_;
    heading_ = heading.text;
    item_part_.clear();
    auto bare = without_fund_names(heading.text);
    section_accounts_ = bare.contains(U"决算") && !bare.contains(U"预算");
    section_year_ = year_in(heading.text);
    // "三、2023年预算草案" over "（一）一般公共预算".
    if (heading.part || heading.number.level <= 1) outer_year_ = section_year_;
    if (section_year_ == 0 && heading.number.level == 2) section_year_ = outer_year_;
    owner_ = names_unit(heading.text) ? heading.text : U"";
    if (heading.number.level <= 1) {
      scope_ = scope_of(heading.text);
      part_ = heading.text.contains(U"基本支出") ? "basic" : heading.text.contains(U"项目支出") ? "project" : "";
    } else if (auto own = scope_of(heading.text); !own.empty()) {
      scope_ = own;
    }
    if (heading.number.level == 2)
      part_ = heading.text.contains(U"基本支出") ? "basic" : heading.text.contains(U"项目支出") ? "project" : part_;
  }

  // "（二）区疾病预防控制中心": the section is about that unit.
  [[nodiscard]] static bool names_unit(std::u32string_view text) {
    if (text.size() > 24 || contains_any(text, {U"情况", U"说明", U"安排", U"预算", U"决算", U"支出", U"收入", U"经费", U"职责",
                                                U"职能", U"构成", U"绩效", U"采购", U"基金", U"资产"}))
      return false;
    return ends_with_any(text, {U"本级", U"机关", U"局", U"中心", U"院",   U"所",   U"校",     U"馆",   U"站", U"队", U"办",
                                U"处",   U"会",   U"委", U"园",   U"小学", U"中学", U"(本级)", U"街道", U"镇", U"乡"});
  }

  // "区人民医院：收入3万元，支出3万元": the paragraph is about that unit, unless it is the one that publishes.
  [[nodiscard]] std::u32string owner_of(const Paragraph& paragraph) const {
    constexpr std::size_t kTitleLines = 8;
    auto text = std::u32string_view(paragraph.text).substr(paragraph.number.length);
    auto name = text.substr(0, std::min<std::size_t>(text.find(U':'), 30));
    // "本级决算：收入3万元", "下属单位决算：收入2万元"
    constexpr std::size_t kShort = 12;
    bool part =
        name.size() != text.size() && name.size() <= kShort && contains_any(name, {U"本级", U"下属", U"所属", U"二级单位"});
    if (part) return std::u32string(name);
    if (name.size() < 3 || name.size() == text.size() || !names_unit(name)) return owner_;
    for (std::size_t i = 0; i < std::min(m_.layout.lines.size(), kTitleLines); ++i)
      if (m_.layout.lines[i].size() < 80 && !is_prose(m_.layout.lines[i]) && without_spaces(m_.layout.lines[i]).contains(name))
        return owner_;
    return std::u32string(name);
  }

  // Tables bear the name of the unit that publishes, or of one below it.
  void name_main_owner() {
    std::map<std::u32string, std::size_t> seen;
    for (const auto& view : m_.tables)
      if (!view.owner.empty()) ++seen[view.owner];
    if (seen.empty()) return;
    auto main = std::ranges::max_element(seen, {}, [](const auto& entry) { return entry.second; })->first;
    auto is_main = [&](const std::u32string& owner) { return owner.contains(main) || main.contains(owner); };
    for (auto& fact : m_.facts)
      if (fact.in_table && is_main(fact.owner)) fact.owner.clear();
  }

  // "其中：局本级收入预算…": a part's figure, of another unit.
  [[nodiscard]] static bool of_part(const Mention& m, const Statements& said) {
    if (contains_any(m.lead, {U"本级", U"所属", U"下属", U"二级单位"})) return true;
    auto before = mentions_before(said, static_cast<std::size_t>(&m - said.mentions.data()), 0);
    // "其中：局本级收入3万元，支出3万元": what comes behind it is that part's too.
    for (const auto* other : before) {
      auto words = std::u32string_view(said.paragraph->text).substr(other->end, m.begin - other->end);
      if (contains_any(words, {U"；", U"其中"}) || other->depth != m.depth) break;
      if (other->role == Role::level && contains_any(other->lead, {U"本级", U"下属单位", U"所属单位", U"二级单位"}))
        return true;
    }
    bool first = std::ranges::none_of(before, [](const Mention* other) { return other->role == Role::level; });
    return !first && contains_any(m.lead, {U"中心", U"医院", U"学校", U"大队", U"支队", U"幼儿园", U"小学", U"中学", U"研究所",
                                           U"管理站", U"服务站"});
  }

  void take(const IndicatorRow& row) {
    ++m_.figures;
    for (auto& project : m_.projects)
      if (project.name == project_) ++project.goals;
    m_.goals.push_back({.project = project_, .row = row});
  }

  // --- paragraphs ----------------------------------------------------------------------------------------------------

  void take(const Paragraph& paragraph) {
    ParagraphView view{.said = statements_of(paragraph),
                       .heading = heading_,
                       .section = section_,
                       .project = project_,
                       .owner = owner_,
                       .scope = scope_,
                       .part = part_};
    view.quantities = quantities_of(view.said);
    m_.figures += view.said.mentions.size();
    view.owner = owner_of(paragraph);
    // A numbered paragraph that opens with a short head of its own: "(二)政府采购情况。"
    if (paragraph.number.level > 0 && paragraph.number.level <= 2 && !view.said.mentions.empty()) {
      auto head = paragraph.text.substr(0, std::min<std::size_t>(paragraph.text.find_first_of(U"。，0123456789"), 30));
      if (auto own = scope_of(head); !own.empty()) view.scope = own;
    }
    if (paragraph.number.level > 0) item_part_ = part_of_head(view.said);
    for (auto& m : view.said.mentions) {
      if (m.role != Role::level || m.measure != Measure::money || m.reason) continue;
      if (!project_.empty()) {
        project_fact(m);
        continue;
      }
      auto since = without_fund_names(m.lead);
      if (!m.subject) m.subject = within(m, view.said);
      if (m.subject && of_part(m, view.said)) m.subject.reset();
      if (!m.subject) continue;
      m.of_item = of_an_item(m, view.said) || of_a_bracket(m, view.said) || names_a_part(m, view.said);
      if (m.of_item) continue;
      if (const auto* whole = m.subject->scope.empty() ? whole_of(m, view.said) : nullptr; whole != nullptr)
        m.subject->scope = whole->subject->scope;
      inherit_scope(*m.subject, view.scope);
      int year = year_of(m, view);
      bool plan = m_.final_account || section_accounts_ ? budget_is_last(since)
                                                        : !contains_any(since, {U"决算", U"执行数", U"实际支出"});
      bool economic = m.subject->code.starts_with("economic");
      if (economic && m.subject->part.empty()) m.subject->part = part_within(m, view.said);
      if (economic && m.subject->part.empty()) m.subject->part = item_part_;
      if (m.subject->part.empty() && (economic || m.subject->code.starts_with("function"))) m.subject->part = view.part;
      m_.facts.push_back({.subject = *m.subject,
                          .project = {},
                          .owner = view.owner,
                          .year = year,
                          .plan = plan,
                          .fen = m.value,
                          .printed = m.printed,
                          .unit = m.unit,
                          .mark = m.mark,
                          .names_scope = scope_of(m.phrase) == m.subject->scope});
    }
    m_.paragraphs.push_back(std::move(view));
  }

  // "2023年部门决算公务接待费年初预算": the nearest word says what it is.
  [[nodiscard]] static bool budget_is_last(std::u32string_view words) {
    auto budget = words.rfind(U"预算"), account = words.rfind(U"决算");
    return budget != std::u32string_view::npos && (account == std::u32string_view::npos || budget > account);
  }

  [[nodiscard]] int year_of(const Mention& m, const ParagraphView& view) const {
    if (int year = year_in(m.phrase); year != 0) return year;
    if (contains_any(m.phrase, {U"上年", U"去年"})) return m_.year - 1;
    // The opening of what a ； parts sets the year for what follows there, the sentence's for all of it …
    auto before = said_before(view.said, m.sentence, m.begin);
    if (auto stop = before.rfind(U'；'); stop != std::u32string_view::npos)
      if (int year = year_of_opening(before.substr(stop + 1)); year != 0 && year != kCompared) return year;
    if (int year = year_of_opening(sentence_text(view.said, m.sentence)); year != 0) return year == kCompared ? m_.year : year;
    // … and the paragraph's for its sentences.
    if (int year = year_in(opening_of(sentence_text(view.said, 0))); year != 0 && !compares(sentence_text(view.said, 0)))
      return year;
    return section_year_ != 0 ? section_year_ : m_.year;
  }

  [[nodiscard]] static std::u32string_view opening_of(std::u32string_view text) {
    return text.substr(0, std::min<std::size_t>(text.find(U'，'), 16));
  }
  [[nodiscard]] static bool compares(std::u32string_view text) {
    return contains_any(opening_of(text), {U"比", U"较", U"与", U"截至"});
  }
  // 0: it names none. kCompared: it names one to compare with. (The year before an unknown one is -1.)
  static constexpr int kCompared = -2;
  [[nodiscard]] int year_of_opening(std::u32string_view text) const {
    auto opening = opening_of(text);
    if (compares(text)) return kCompared;
    if (int year = year_in(opening); year != 0) return year;
    bool last = opening.starts_with(U"上年") || opening.starts_with(U"去年");
    return last && !contains_any(opening, {U"结转", U"结余"}) ? m_.year - 1 : 0;
  }

  // "2020 年预算 798.125 万": the project's own amount of a year, when nothing else is named.
  void project_fact(const Mention& m) {
    auto lead = m.lead;
    int year = year_in(lead);
    for (auto c : {U' ', U'0', U'1', U'2', U'3', U'4', U'5', U'6', U'7', U'8', U'9', U'.'}) std::erase(lead, c);
    bool budget = lead.contains(U"预算");
    lead = without_all(lead, {U"项目", U"预算", U"该", U"本", U"年度", U"年", U"金额", U"安排", U"资金", U"为", U"当", U"总额",
                              U"数", U"批复", U"申请", U"财政"});
    if (!lead.empty() || (year == 0 && !budget)) return;
    m_.facts.push_back({.subject = {.code = "project.total", .scope = {}, .part = {}},
                        .project = project_,
                        .owner = {},
                        .year = year != 0 ? year : m_.year,
                        .plan = true,
                        .fen = m.value,
                        .printed = m.printed,
                        .unit = m.unit,
                        .mark = m.mark});
  }

  // --- tables --------------------------------------------------------------------------------------------------------

  void start_project(std::size_t line) {
    auto text = m_.layout.lines[line];
    std::ranges::replace(text, U'\t', U' ');
    auto at = text.find(U"项目名称");
    if (at == std::u32string::npos) return;
    auto rest = text.substr(at + 4);
    for (auto next : {U"项目代码", U"项目编码", U"项目类别", U"项目类型", U"主管部门", U"实施单位", U"项目属性"})
      if (auto end = rest.find(next); end != std::u32string::npos) rest.resize(end);
    auto name = without_spaces(rest);
    std::erase(name, U':');
    if (name.empty() || name.size() > 60) return;
    project_ = name;
    if (std::ranges::none_of(m_.projects, [&](const Project& p) { return p.name == name; }))
      m_.projects.push_back({.name = name, .line = line});
  }

  void take(const Table& table) {
    if (!table.title.empty() && table.title != last_title_) {
      last_title_ = table.title;
      project_.clear();
      owner_.clear();
    }
    TableView view{.table = &table,
                   .scope = scope_of(table.title),
                   .unit = table.unit == Unit::unknown ? Unit::wan : table.unit,
                   .unit_known = table.unit != Unit::unknown};
    bool of_all = table.title.contains(U"总表") || ends_with_any(table.title, {U"决算表", U"预算表"});
    if (view.scope.empty() && of_all && contains_any(table.title, {U"收", U"支"})) view.scope = "all";
    find_owner(table.head);
    view.owner = owner_;
    for (const auto& row : table.rows)
      for (std::size_t s = 0; s < row.segments.size(); ++s) {
        if (view.width.size() <= s) view.width.resize(s + 1);
        view.width[s] = std::max(view.width[s], row.segments[s].cells.size());
        for (const auto& c : row.segments[s].cells) m_.figures += c.kind == CellKind::blank ? 0U : 1U;
      }
    find_columns(view, m_.year, m_.final_account);
    side_ = opening_side(table);
    parents_.clear();
    for (const auto& row : table.rows) take_row(view, row);
    view.project = project_;
    m_.tables.push_back(std::move(view));
  }

  // "收入构成" above the first row, where "支出构成" stands between the rows.
  [[nodiscard]] static std::string opening_side(const Table& table) {
    bool both = std::ranges::any_of(table.rows, [](const Row& row) {
      return row.segments.size() == 1 && row.segments[0].cells.empty() && row.segments[0].label.starts_with(U"支出");
    });
    auto words = trimmed(table.head);
    auto last = words.rfind(U' ');
    auto word = last == std::u32string_view::npos ? words : words.substr(last + 1);
    return both && word.starts_with(U"收入") ? "income" : "";
  }

  void find_owner(std::u32string_view head) {
    for (auto name : {U"编制单位:", U"单位名称:", U"部门名称:", U"公开部门:", U"部门:", U"预算单位:"}) {
      auto at = head.find(name);
      if (at == std::u32string_view::npos) continue;
      auto rest = trimmed(head.substr(at + std::u32string_view(name).size()));
      owner_ = rest.substr(0, std::min(rest.find(U' '), rest.size()));
      return;
    }
  }

  void take_row(TableView& view, const Row& row) {
    if (row.segments.size() == 1 && row.segments[0].label.starts_with(U"项目名称")) return start_project(row.line);
    if (row.segments.size() == 1 && row.segments[0].cells.empty()) {
      if (row.segments[0].label.starts_with(U"收入")) side_ = "income";
      if (row.segments[0].label.starts_with(U"支出")) side_ = "expenditure";
    }
    if (parents_.size() < row.segments.size()) parents_.resize(row.segments.size());
    for (std::size_t s = 0; s < row.segments.size(); ++s) {
      const auto& segment = row.segments[s];
      if (segment.number.level == 1 || is_total(segment.label) || contains_any(segment.label, {U"结转", U"结余"}))
        parents_[s] = segment.label;
      take_segment(view, row, s);
    }
    sangong_row(view, row);
  }

  [[nodiscard]] std::optional<Subject> subject_of_segment(const TableView& view, const Row& row, std::size_t s) const {
    const auto& segment = row.segments[s];
    const auto& title = view.table->title;
    // 二、上年结转 over （一）一般公共预算拨款: what was carried over of it, not this year's.
    if (segment.number.level != 1 && s < parents_.size() && contains_any(parents_[s], {U"结转", U"结余"})) return std::nullopt;
    if (!project_.empty()) {
      bool amount = segment.label == U"预算金额" || segment.label == U"项目预算" || segment.label == U"项目金额";
      if (amount ||
          (contains_any(segment.label, {U"当年预算", U"年度资金总额", U"年度预算"}) && !segment.label.contains(U"申请")))
        return Subject{.code = "project.total", .scope = {}, .part = {}};
      if (segment.label == U"合计" || segment.label == U"总计")
        return Subject{.code = "project.total", .scope = {}, .part = {}};
      return std::nullopt;
    }
    bool basic_table = title.contains(U"基本支出");
    if (!segment.code.empty()) {
      bool function = segment.code[0] == U'2';
      // Income by the functions that it pays for is another figure than the expenditure.
      if (title.contains(U"收入") && !title.contains(U"支出")) return std::nullopt;
      Subject out{.code = (function ? "function." : "economic.") + encoded(segment.code), .scope = {}, .part = {}};
      if (basic_table) out.part = "basic";
      if (!function && !basic_table && !title.contains(U"经济分类")) return std::nullopt;
      return out;
    }
    if (is_total(segment.label) || segment.label.empty()) {
      if (segment.label.empty()) return std::nullopt;
      if (auto named = subject_of(segment.label)) return named;
      if (basic_table) return Subject{.code = "expenditure.basic", .scope = {}, .part = {}};
      if (!side_.empty()) return Subject{.code = side_ + ".grand", .scope = {}, .part = {}};
      if (row.segments.size() == 1 && is_all_publics(view, row))
        return Subject{.code = "sangong.total", .scope = {}, .part = {}};
      bool both = title.contains(U"收支") || (title.contains(U"收入") && title.contains(U"支出"));
      if (both || title.contains(U"三公") || row.segments.size() > 1) return std::nullopt;
      if (title.contains(U"项目支出") && !title.contains(U"基本支出")) return of_projects(title);
      if (title.contains(U"支出")) return Subject{.code = "expenditure.any", .scope = {}, .part = {}};
      if (title.contains(U"收入")) return Subject{.code = "income.any", .scope = {}, .part = {}};
      return std::nullopt;
    }
    if (segment.of_which && !segment.label.contains(U"公务用车")) return std::nullopt;
    auto named = subject_of(segment.label);
    if (named && basic_table && named->code.starts_with("economic")) named->part = "basic";
    if (!named && side_ == "income" && segment.label.starts_with(U"财政拨款"))
      return Subject{.code = "income.fiscal", .scope = {}, .part = {}};
    return named;
  }

  // All of the unit's projects, and not the most important ones or those of a form.
  [[nodiscard]] static std::optional<Subject> of_projects(std::u32string_view title) {
    bool all = ends_with_any(title, {U"项目支出表", U"项目支出预算表", U"项目支出决算表"}) &&
               !contains_any(title, {U"重点", U"部分", U"专项", U"绩效", U"采购"});
    return all ? std::optional(Subject{.code = "expenditure.project", .scope = {}, .part = {}}) : std::nullopt;
  }

  void take_segment(TableView& view, const Row& row, std::size_t s) {
    const auto& segment = row.segments[s];
    if (segment.cells.empty()) return;
    auto subject = subject_of_segment(view, row, s);
    if (!subject) return;
    bool short_row = !row.exact && segment.cells.size() < view.width[s];
    for (std::size_t i = 0; i < segment.cells.size(); ++i) {
      const auto& cell = segment.cells[i];
      const auto& column = view.columns[s][i];
      if (cell.kind != CellKind::number || !column.known || (short_row && i > 0)) continue;
      Fact fact{.subject = *subject,
                .project = project_,
                .owner = view.owner,
                .year = column.year,
                .plan = column.plan,
                .fen = 0,
                .printed = cell.value,
                .unit = view.unit,
                .mark = cell.mark,
                .in_table = true};
      if (fact.subject.scope.empty()) fact.subject.scope = !column.scope.empty() ? column.scope : view.scope;
      bool by_kind = std::ranges::any_of(view.columns[s], [](const Column& c) { return c.part == "basic"; });
      if (column.part.empty() && by_kind && fact.subject.code.starts_with("function.")) fact.subject.part = "all";
      if (!column.part.empty() && !add_part(fact.subject, column.part)) continue;
      fact.fen = scaled(cell.value.micro, fen_per_micro_times_million(view.unit), kMicro);
      m_.facts.push_back(std::move(fact));
    }
  }

  // The column 基本支出 of the row 合计 is the basic expenditure; of a class it is that class's part.
  static bool add_part(Subject& subject, const std::string& part) {
    bool whole = subject.code.starts_with("expenditure.");
    if (part == "basic" || part == "project") {
      if (whole)
        subject.code = "expenditure." + part;
      else
        subject.part = part;
      return whole || subject.code.starts_with("function.");
    }
    if (!whole) return false;
    subject.code = "basic." + part;
    return true;
  }

  // The three publics in one row without a label: 合计, 因公出国, 小计, 购置, 运行, 接待 (or 接待 before the cars); in a final
  // account six of the budget and six of the account.
  void sangong_row(const TableView& view, const Row& row) {
    if (!view.table->title.contains(U"三公") || row.segments.size() != 1) return;
    const auto& segment = row.segments[0];
    auto n = segment.cells.size();
    if ((n != 6 && n != 12) || !project_.empty() || !segment.code.empty()) return;
    if (std::ranges::any_of(segment.cells, [](const Cell& c) { return c.kind == CellKind::percent; })) return;
    for (std::size_t from = 0; from < n; from += 6) {
      // Twelve are of the budget and of the account, or, in a budget, of the year before and of this one.
      bool account = m_.final_account && (n == 6 || from > 0);
      bool before = n == 12 && !m_.final_account && from == 0;
      sangong_facts(view, {segment.cells.data() + from, 6}, !account, before ? m_.year - 1 : m_.year);
    }
  }
  void sangong_facts(const TableView& view, std::span<const Cell> cells, bool plan, int year) {
    static constexpr std::array<const char*, 6> kNewer{"sangong.total",        "sangong.abroad",  "sangong.car",
                                                       "sangong.car_purchase", "sangong.car_run", "sangong.reception"};
    static constexpr std::array<const char*, 6> kOlder{"sangong.total", "sangong.abroad",       "sangong.reception",
                                                       "sangong.car",   "sangong.car_purchase", "sangong.car_run"};
    auto value = [&](std::size_t i) { return cells[i].kind == CellKind::number ? cells[i].value.micro : 0; };
    bool newer = value(2) == value(3) + value(4), older = value(3) == value(4) + value(5);
    if (newer == older) return;
    for (std::size_t i = 0; i < 6; ++i)
      if (cells[i].kind == CellKind::number)
        m_.facts.push_back({.subject = {.code = newer ? kNewer[i] : kOlder[i], .scope = view.scope, .part = {}},
                            .project = {},
                            .owner = view.owner,
                            .year = year,
                            .plan = plan,
                            .fen = scaled(cells[i].value.micro, fen_per_micro_times_million(view.unit), kMicro),
                            .printed = cells[i].value,
                            .unit = view.unit,
                            .mark = cells[i].mark,
                            .in_table = true});
  }

  // Rows elsewhere that bear a project's name are its amount too.
  void name_projects() {
    for (const auto& view : m_.tables) {
      if (!view.project.empty() || view.table->title.contains(U"绩效")) continue;
      for (const auto& row : view.table->rows)
        for (std::size_t s = 0; s < row.segments.size(); ++s) name_project(view, row, s);
    }
  }
  void name_project(const TableView& view, const Row& row, std::size_t s) {
    const auto& segment = row.segments[s];
    if (segment.cells.empty() || segment.cells[0].kind != CellKind::number || !view.columns[s][0].known) return;
    auto label = std::u32string_view(segment.label);
    auto project = std::ranges::find_if(m_.projects, [&](const Project& p) { return p.name == label; });
    if (project == m_.projects.end()) return;
    m_.facts.push_back({.subject = {.code = "project.total", .scope = {}, .part = {}},
                        .project = project->name,
                        .owner = {},
                        .year = view.columns[s][0].year,
                        .plan = true,
                        .fen = scaled(segment.cells[0].value.micro, fen_per_micro_times_million(view.unit), kMicro),
                        .printed = segment.cells[0].value,
                        .unit = view.unit,
                        .mark = segment.cells[0].mark,
                        .in_table = true});
  }

  Model m_;
  std::u32string heading_, project_, owner_, last_title_;
  std::vector<std::u32string> parents_;  // the outermost item above, by segment
  std::string scope_, part_, side_, item_part_;
  bool section_accounts_ = false;  // its heading says 决算
  int section_year_ = 0;           // that its heading names
  int outer_year_ = 0;             // that the heading around it names
  std::size_t section_ = 0, block_ = 0;
};

}  // namespace

std::int64_t Model::rounding(Unit unit, int printed_digits) const {
  auto known = digits.find(unit);
  int places = known == digits.end() ? printed_digits : std::max(known->second, printed_digits);
  if (unit == Unit::yi) places = printed_digits;  // text in 亿元 is rounded as the sentence likes
  return scaled(last_place(places), fen_per_micro_times_million(unit), 2 * kMicro);
}

std::int64_t Model::rounding(const TableView& view) const {
  return std::max<std::int64_t>(scaled(rounding(view.unit, 0), kMicro, fen_per_micro_times_million(view.unit)), 1);
}

Model rebuild(const Document& document) {
  return Rebuilder(document).build();
}

}  // namespace qushu::budget
