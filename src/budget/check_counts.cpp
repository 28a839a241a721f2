// What is counted and stated twice: receptions and those received, groups sent abroad, cars held and bought.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>

#include "checking.h"
#include "counts.h"

namespace qushu::budget {
namespace {

enum class Counted : std::uint8_t {
  home_batches,
  home_people,
  foreign_batches,  // 外事接待, of those at home
  foreign_people,
  outside_batches,  // 国（境）外公务接待
  outside_people,
  abroad_groups,
  abroad_people,
  cars_held,
  cars_bought,
};

struct Words {
  const char* zh;
  const char* en;
  const char* unit;
};

const Words& words_of(Counted of) {
  static constexpr std::array<Words, 10> kWords{Words{"国内公务接待批次", "The number of domestic receptions", "批次"},
                                                Words{"国内公务接待人次", "The number of those received", "人次"},
                                                Words{"外事接待批次", "The number of receptions of foreigners", "批次"},
                                                Words{"外事接待人次", "The number of foreigners received", "人次"},
                                                Words{"国（境）外公务接待批次", "The number of receptions abroad", "批次"},
                                                Words{"国（境）外公务接待人次", "The number of those received abroad", "人次"},
                                                Words{"因公出国（境）团组数", "The number of groups sent abroad", "个"},
                                                Words{"因公出国（境）人次数", "The number of those sent abroad", "人次"},
                                                Words{"公务用车保有量", "The number of cars held", "辆"},
                                                Words{"公务用车购置数", "The number of cars bought", "辆"}};
  return kWords.at(static_cast<std::size_t>(of));
}

struct Statement {
  Counted of;
  std::int64_t value = 0;
  Mark mark;
  std::size_t block = 0;
  bool table = false;
  bool fiscal = true;  // of what public money pays for; cars: else perhaps of all that there are
  bool home = true;    // says 国内
};

bool is_change_or_plan(std::u32string_view words) {
  return contains_any(words, {U"上年", U"去年", U"同期", U"增加", U"减少", U"下降", U"较", U"计划", U"预计", U"拟", U"预算",
                              U"编制", U"核定", U"累计至", U"以来"});
}

// Words between the batches and the people that say no more than that these are those.
bool joins(std::u32string_view gap) {
  return without_all(without_brackets(gap), {U"累计", U"接待", U"人次数", U"人次", U"人数", U"来宾", U"国内",    U"公务",
                                             U"共计", U"合计", U"共",     U"总",   U"来访", U"外宾", U"外事",    U"人员",
                                             U"出国", U"数",   U"计",     U"为",   U"，",   U"、",   U"国(境)外"})
      .empty();
}

// The statements of one paragraph; of a paragraph that counts receptions by kinds the first is the whole.
class Reader {
 public:
  Reader(const Model& model, std::size_t index)
      : model_(model),
        view_(model.paragraphs[index]),
        index_(index),
        text_(view_.said.paragraph->text),
        all_(view_.quantities) {}

  std::vector<Statement> read() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].printed.digits > 0 || of_another_year(i)) continue;
      receptions(i);
      groups_abroad(i);
      cars(i);
    }
    return std::move(out_);
  }

 private:
  // Since the quantity before, within the sentence.
  [[nodiscard]] std::u32string_view since(std::size_t i) const {
    auto from = std::max(sentence_begin(view_.said, all_[i].sentence), i == 0 ? 0 : all_[i - 1].end);
    return text_.substr(from, all_[i].begin - from);
  }
  [[nodiscard]] std::u32string_view before(std::size_t i) const {
    return said_before(view_.said, all_[i].sentence, all_[i].begin);
  }
  [[nodiscard]] bool of_another_year(std::size_t i) const {
    auto words = since(i);
    auto year = year_in(words);
    return (year != 0 && year != model_.year) || is_change_or_plan(words);
  }
  [[nodiscard]] bool of_the_publics() const {
    return view_.heading.contains(U"三公") || contains_any(text_, {U"公务用车运行", U"公务用车购置", U"公务接待费"});
  }
  void add(Counted of, std::size_t i, bool fiscal, bool home) {
    if (!seen_.insert(of).second) return;
    out_.push_back({.of = of,
                    .value = all_[i].value,
                    .mark = mark_of(*view_.said.paragraph, all_[i]),
                    .block = index_,
                    .fiscal = fiscal,
                    .home = home});
  }
  // The people behind the batches or groups, where nothing but they stands between.
  [[nodiscard]] std::size_t people_behind(std::size_t i) const {
    auto next = i + 1;
    while (next < all_.size() && all_[next].depth > all_[i].depth) ++next;
    bool people = next < all_.size() && (all_[next].unit == U"人次" || all_[next].unit == U"人") &&
                  all_[next].depth == all_[i].depth && all_[next].sentence == all_[i].sentence &&
                  all_[next].printed.digits == 0;
    return people && joins(text_.substr(all_[i].end, all_[next].begin - all_[i].end)) ? next : all_.size();
  }

  void receptions(std::size_t i) {
    const auto& q = all_[i];
    auto words = since(i);
    auto said = before(i);
    bool group = (q.unit == U"个" || q.unit == U"批") && ends_with_any(words, {U"来访团组", U"来访团组数"});
    if ((q.unit != U"批次" && q.unit != U"批" && !group) || !said.contains(U"接待")) return;
    bool official = contains_any(said, {U"公务接待", U"国内接待", U"外事接待"}) || of_the_publics();
    if (!official || contains_any(sentence_text(view_.said, q.sentence), {U"信访", U"群众", U"上访", U"游客", U"观众"})) return;
    auto batches = Counted::home_batches, people = Counted::home_people;
    if (contains_any(words, {U"国(境)外", U"境外", U"国外"}))
      batches = Counted::outside_batches, people = Counted::outside_people;
    else if (contains_any(words, {U"外事", U"外宾"}))
      batches = Counted::foreign_batches, people = Counted::foreign_people;
    else if (contains_any(words, {U"其中", U"包括", U"含"}))
      return;
    bool home = batches != Counted::home_batches || said.contains(U"国内");
    add(batches, i, true, home);
    if (auto behind = people_behind(i); behind < all_.size()) add(people, behind, true, home);
  }

  void groups_abroad(std::size_t i) {
    auto words = since(i);
    const auto& unit = all_[i].unit;
    bool groups = (unit == U"个" || unit == U"次" || unit == U"批") &&
                  ends_with_any(words, {U"团组", U"团组数", U"团组数为", U"团组共", U"团组共计"});
    if (!groups || !before(i).contains(U"出国") || contains_any(words, {U"参加", U"其中"})) return;
    add(Counted::abroad_groups, i, true, true);
    if (auto behind = people_behind(i); behind < all_.size()) add(Counted::abroad_people, behind, true, true);
  }

  void cars(std::size_t i) {
    if (all_[i].unit != U"辆" && all_[i].unit != U"台") return;
    auto clause = clause_before(text_, sentence_begin(view_.said, all_[i].sentence), all_[i].begin);
    auto said = before(i);
    if (auto at = clause.rfind(U"保有"); at != std::u32string_view::npos) {
      static constexpr std::array<std::u32string_view, 9> kTails{U"",     U"量",   U"量为", U"为",  U"量共",
                                                                 U"量是", U"总量", U"数",   U"数为"};
      bool whole = std::ranges::find(kTails, clause.substr(at + 2)) != kTails.end();
      bool official = contains_any(said, {U"公务用车", U"公车"});
      if (whole && official) add(Counted::cars_held, i, said.contains(U"财政拨款") || of_the_publics(), true);
      return;
    }
    // Those that are bought new and those that take the place of others may be counted apart.
    bool bought = ends_with_any(clause, {U"公务用车购置数", U"购置数", U"购置公务用车", U"购置车辆", U"购置公务用车数",
                                         U"公务用车购置数量", U"购置车辆数"});
    if (bought && of_the_publics() && !view_.heading.contains(U"资产") && !contains_any(text_, {U"更新", U"报废"}))
      add(Counted::cars_bought, i, true, true);
  }

  const Model& model_;
  const ParagraphView& view_;
  std::size_t index_;
  std::u32string_view text_;
  const std::vector<Quantity>& all_;
  std::set<Counted> seen_;
  std::vector<Statement> out_;
};

const Counted* row_of_counts(std::u32string_view label) {
  static const std::map<std::u32string, Counted, std::less<>> kRows{
      {U"国内公务接待批次", Counted::home_batches},    {U"国内公务接待批次数", Counted::home_batches},
      {U"国内公务接待人次", Counted::home_people},     {U"国内公务接待人次数", Counted::home_people},
      {U"外事接待批次", Counted::foreign_batches},     {U"外事接待人次", Counted::foreign_people},
      {U"国外公务接待批次", Counted::outside_batches}, {U"国外公务接待人次", Counted::outside_people},
      {U"因公出国团组数", Counted::abroad_groups},     {U"因公出国人次数", Counted::abroad_people},
      {U"因公出国人数", Counted::abroad_people},       {U"公务用车保有量", Counted::cars_held},
      {U"公务用车购置数", Counted::cars_bought},       {U"公务用车购置数量", Counted::cars_bought},
  };
  auto found = kRows.find(without_brackets(label));
  return found == kRows.end() ? nullptr : &found->second;
}

// The only number of the row, or the account beside its budget.
const Cell* counted_cell(const TableView& view, const Segment& s, std::size_t segment) {
  const Cell* only = nullptr;
  std::size_t numbers = 0;
  for (const auto& cell : s.cells)
    if (cell.kind == CellKind::number) {
      ++numbers;
      only = &cell;
    }
  if (numbers == 1) return only;
  if (numbers != 2 || s.cells.size() != 2 || segment >= view.columns.size() || view.columns[segment].size() != 2)
    return nullptr;
  const auto& columns = view.columns[segment];
  return columns[0].known && columns[1].known && columns[0].plan && !columns[1].plan ? only : nullptr;
}

// The unit that publishes: its name is among the first lines, or no table bears another.
bool is_publisher(const Model& model, std::u32string_view owner) {
  constexpr std::size_t kTitleLines = 8;
  if (owner.empty()) return true;
  auto first = std::span(model.layout.lines).first(std::min(kTitleLines, model.layout.lines.size()));
  if (std::ranges::any_of(first, [&](const auto& line) { return without_spaces(line).contains(owner); })) return true;
  return std::ranges::all_of(model.tables, [&](const auto& view) { return view.owner.empty() || view.owner == owner; });
}

void read_tables(const Model& model, std::vector<Statement>& out) {
  for (std::size_t t = 0; t < model.tables.size(); ++t) {
    const auto& view = model.tables[t];
    if (!view.project.empty() || !is_publisher(model, view.owner)) continue;
    for (const auto& row : view.table->rows)
      for (std::size_t s = 0; s < row.segments.size(); ++s) {
        const auto* of = row_of_counts(row.segments[s].label);
        const auto* cell = of != nullptr ? counted_cell(view, row.segments[s], s) : nullptr;
        if (cell == nullptr || cell->value.digits > 0 || year_in(row.segments[s].label) != 0) continue;
        out.push_back(
            {.of = *of, .value = cell->value.micro, .mark = cell->mark, .block = model.paragraphs.size() + t, .table = true});
      }
  }
}

class Restated {
 public:
  explicit Restated(Checking& c) : c_(c) {}

  void check() {
    const auto& model = c_.model();
    for (std::size_t i = 0; i < model.paragraphs.size(); ++i) {
      if (!model.paragraphs[i].project.empty() || !model.paragraphs[i].owner.empty()) continue;
      for (auto& statement : Reader(model, i).read()) add(statement);
    }
    std::vector<Statement> rows;
    read_tables(model, rows);
    for (auto& row : rows) add(row);
    bool outside = std::ranges::any_of(said_[Counted::outside_batches], [](const auto& s) { return s.value > 0; });
    for (auto& [of, all] : said_) {
      if (outside) std::erase_if(all, [](const Statement& s) { return !s.home; });
      compare(of, all);
    }
    // Batches and people that both differ are those of someone else.
    for (const auto& [block, findings] : found_)
      if (findings.size() == 1) c_.add(findings.front());
  }

 private:
  void add(const Statement& statement) { said_[statement.of].push_back(statement); }

  void compare(Counted of, const std::vector<Statement>& all) {
    std::vector<const Statement*> own;
    std::map<std::int64_t, std::size_t> times;
    for (const auto& s : all)
      if (s.fiscal) {
        own.push_back(&s);
        ++times[s.value];
      }
    if (own.size() >= 2) c_.counted();
    if (times.size() == 2) {
      // The one that stands alone; of two the sentence, or the later one.
      const Statement* odd = nullptr;
      for (const auto* s : own)
        if (times[s->value] == 1 && (odd == nullptr || odd->table || !s->table)) odd = s;
      auto other = std::ranges::find_if(own, [&](const auto* s) { return odd != nullptr && s->value != odd->value; });
      if (odd != nullptr && other != own.end()) report(of, *odd, **other);
    }
    if (times.size() != 1) return;
    // Of all the cars those that public money pays for are no more than all.
    for (const auto& s : all)
      if (!s.fiscal && s.value < own.front()->value) report(of, s, *own.front());
  }

  void report(Counted of, const Statement& odd, const Statement& other) {
    const auto& words = words_of(of);
    Finding f{.kind = Kind::restated, .confidence = 85};
    f.unit = words.unit;
    f.expected = to_text(other.value, 0);
    f.found = to_text(odd.value, 0);
    f.message = {fmt::format("{}前后不一致：此处为 {} {}，另一处为 {} {}。", words.zh, f.found, f.unit, f.expected, f.unit),
                 fmt::format("{} is stated twice: {} here, {} there.", words.en, f.found, f.expected)};
    f.places = {c_.place(odd.mark)};
    c_.quote(f, other.mark);
    // By what is counted in pairs: 批次 and 人次.
    auto pair = of == Counted::home_people ? Counted::home_batches : of;
    found_[{odd.block, static_cast<int>(pair)}].push_back(std::move(f));
  }

  Checking& c_;
  std::map<Counted, std::vector<Statement>> said_;
  std::map<std::pair<std::size_t, int>, std::vector<Finding>> found_;
};

// "公务接待费0.5万元…接待0批次，0人次": money for nobody.
void check_nobody_received(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) {
    const auto& view = c.model().paragraphs[i];
    if (!view.project.empty() || !view.owner.empty()) continue;
    const std::u32string_view text = view.said.paragraph->text;
    if (contains_any(text, {U"以前年度", U"往年", U"上年接待", U"欠", U"结算", U"补付"})) continue;
    const Mention* spent = nullptr;
    for (const auto& m : view.said.mentions)
      if (spent == nullptr && is_stated(m) && m.subject && m.subject->code == "sangong.reception" && !is_budgeted(m) &&
          m.value > 0)
        spent = &m;
    if (spent == nullptr || (year_in(spent->phrase) != 0 && year_in(spent->phrase) != c.model().year)) continue;
    const Statement* batches = nullptr;
    bool none = true, people = false;
    auto said = Reader(c.model(), i).read();
    for (const auto& s : said) {
      if (s.of > Counted::outside_people) continue;
      none = none && s.value == 0;
      if (s.of == Counted::home_batches) batches = &s;
      people = people || s.of == Counted::home_people;
    }
    if (batches == nullptr || !people) continue;
    c.counted();
    if (!none) continue;
    Finding f{.kind = Kind::restated, .confidence = 85};
    f.unit = "批次";
    f.expected = ">0";
    f.found = "0";
    auto amount = amount_text(spent->value, spent->unit, spent->printed.digits);
    f.message = {
        fmt::format("公务接待费为 {} {}，文中却称接待 0 批次、0 人次。", amount, name(spent->unit)),
        fmt::format("{} {} were spent on receptions, but nobody is said to have been received.", amount, name(spent->unit))};
    f.places = {c.place(batches->mark)};
    c.quote(f, spent->mark);
    c.add(std::move(f));
  }
}

// "车辆2台，原值46.80万元" said of as many cars in two places: one of the values is wrong.
void check_value_of_cars(Checking& c) {
  struct Value {
    std::int64_t cars;
    Quantity amount;
    Mark mark;
  };
  std::vector<Value> said;
  for (const auto& view : c.model().paragraphs) {
    if (!view.project.empty() || !view.owner.empty()) continue;
    const std::u32string_view text = view.said.paragraph->text;
    const auto& all = view.quantities;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const auto &cars = all[i], &value = all[i + 1];
      auto clause = clause_before(text, 0, cars.begin);
      auto year = year_in(clause);
      bool counts = (cars.unit == U"辆" || cars.unit == U"台") && cars.value > 0 &&
                    (clause == U"车辆" || (clause.ends_with(U"年车辆") && (year == 0 || year == c.model().year)));
      auto gap = text.substr(cars.end, value.begin - cars.end);
      static constexpr std::array<std::u32string_view, 6> kGaps{U"，",     U"、",         U"，原值",
                                                                U"、原值", U"，账面原值", U"、账面原值"};
      if (!counts || value.money == Unit::unknown || std::ranges::find(kGaps, gap) == kGaps.end()) continue;
      said.push_back({.cars = cars.value, .amount = value, .mark = mark_of(*view.said.paragraph, value)});
    }
  }
  if (said.size() != 2) return;
  c.counted();
  auto slack = c.model().rounding(Unit::wan, 0) * 2;
  const auto &here = said[0].amount, &there = said[1].amount;
  if (said[0].cars != said[1].cars || std::abs(here.value - there.value) <= slack) return;
  Finding f{.kind = Kind::restated, .confidence = 82};
  f.unit = name(here.money);
  f.expected = amount_text(there.value, here.money, there.printed.digits);
  f.found = amount_text(here.value, here.money, here.printed.digits);
  auto cars = said[0].cars / kMicro;
  f.message = {fmt::format("同为 {} 辆车，此处价值 {}，另一处为 {}。", cars, figure_text(here), figure_text(there)),
               fmt::format("The same {} cars are worth {} here, {} there.", cars, figure_text(here), figure_text(there))};
  f.places = {c.place(said[0].mark)};
  c.quote(f, said[1].mark);
  c.add(std::move(f));
}

}  // namespace

void check_counts(Checking& c) {
  if (!c.model().final_account) return;
  Restated(c).check();
  check_nobody_received(c);
  check_value_of_cars(c);
}

}  // namespace qushu::budget
