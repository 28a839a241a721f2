// What is carried over, in the text and in the table of all income and expenditure: the same figure. Only where the text states
// the table's 总计 before it, so that both are of the same funds.
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

// The figures that have one meaning beside 总计 of all funds; without the words that some leave out.
constexpr std::array<std::u32string_view, 9> kNames{U"年初结转结余",       U"年末结转结余", U"结余分配",
                                                    U"使用非财政拨款结余", U"上年结转",     U"上年结转结余",
                                                    U"结转下年",           U"年终结转结余", U"使用专用结余"};

// "其中：2023年年末结转和结余资金" as "年末结转结余"; empty where it is none of those.
std::u32string name_of(std::u32string_view words, int year) {
  auto from = words.find_last_of(U":；，。");
  auto out =
      without_all(from == std::u32string_view::npos ? words : words.substr(from + 1), {U"其中", U"资金", U"和", U"与", U"及"});
  auto text = std::u32string_view(out);
  if (year_in(text) == year && year != 0) {
    auto at = text.find(U'年');
    bool own = at + 1 < text.size() && (text[at + 1] == U'初' || text[at + 1] == U'末');  // "2023年末"
    text.remove_prefix(own ? at : at + 1);
    if (text.starts_with(U"度")) text.remove_prefix(1);
  }
  text = without_tails(text, {U"为", U"共计", U"合计", U"金额", U"是"});
  return std::ranges::find(kNames, text) == kNames.end() ? std::u32string{} : std::u32string(text);
}

struct Figure {
  std::int64_t fen = 0;
  Decimal printed;
  Unit unit = Unit::wan;
  Mark mark;
  std::u32string label;
  bool many = false;  // there are several, which differ
};

class Carried {
 public:
  explicit Carried(Checking& c) : c_(c) {}

  void check() {
    for (const auto& view : c_.model().tables) read(view);
    if (known_.empty() || total_ == 0 || several_) return;
    const auto& paragraphs = c_.model().paragraphs;
    std::map<std::u32string, std::vector<const Mention*>> said;
    constexpr std::size_t kNear = 3;
    const ParagraphView* stated = nullptr;  // the last that states 总计
    for (const auto& view : paragraphs) {
      if (stated != nullptr && (view.section != stated->section || &view > stated + kNear)) stated = nullptr;
      bool whole = view.owner.empty() && view.project.empty() && (view.scope.empty() || view.scope == "all");
      if (!whole) continue;
      for (const auto& m : view.said.mentions) {
        if (!is_stated(m)) continue;
        if (std::abs(m.value - total_) <= slack(m.unit, m.printed.digits)) stated = &view;
        if (stated != nullptr && !of_another(view, m))
          if (auto name = name_of(m.lead, c_.model().year); known_.contains(name)) said[name].push_back(&m);
      }
    }
    for (const auto& [name, mentions] : said) compare(name, mentions);
  }

 private:
  [[nodiscard]] std::int64_t slack(Unit unit, int digits) const { return 2 * c_.model().rounding(unit, digits); }

  // Of another year, or of a part of the funds.
  [[nodiscard]] bool of_another(const ParagraphView& view, const Mention& m) const {
    auto before = said_before(view.said, m.sentence, m.begin);
    if (contains_any(before, {U"上年", U"去年"})) return !m.lead.starts_with(U"上年结转");
    for (auto fund : {U"财政拨款收、支", U"财政拨款收支", U"财政拨款收入总", U"财政拨款支出总", U"财政拨款总",
                      U"政府性基金预算", U"国有资本经营"})
      if (before.contains(fund)) return true;
    auto year = year_in(before);
    return year != 0 && year != c_.model().year;
  }

  void read(const TableView& view) {
    const auto& title = view.table->title;
    bool whole = contains_any(title, {U"收入支出决算总表", U"收入支出预算总表", U"收入支出总表", U"收支总表", U"收支决算总表",
                                      U"收支预算总表", U"收支总体情况表"}) &&
                 !contains_any(title, {U"财政拨款", U"基金", U"国有资本", U"一般公共预算"});
    if (!whole) return;
    for (const auto& row : view.table->rows)
      for (std::size_t s = 0; s < row.segments.size(); ++s) {
        const auto& segment = row.segments[s];
        bool one = view.width[s] == 1 && segment.cells.size() == 1 && segment.cells[0].kind == CellKind::number;
        if (!one || segment.of_which) continue;
        const auto& cell = segment.cells[0];
        auto fen = scaled(cell.value.micro, fen_per_micro_times_million(view.unit), kMicro);
        bool total = segment.label.ends_with(U"总计") && !contains_any(segment.label, {U"本年", U"当年"});
        if (total) {
          several_ = several_ || (total_ != 0 && total_ != fen);
          total_ = fen;
        } else if (auto name = name_of(segment.label, c_.model().year); !name.empty()) {
          auto [at, added] = known_.try_emplace(
              name, Figure{.fen = fen, .printed = cell.value, .unit = view.unit, .mark = cell.mark, .label = segment.label});
          if (!added && at->second.fen != fen) at->second.many = true;
        }
      }
  }

  void compare(const std::u32string& name, const std::vector<const Mention*>& mentions) {
    const auto& table = known_.at(name);
    if (table.many) return;
    auto agrees = [&](const Mention* m) {
      auto half = c_.model().rounding(m->unit, m->printed.digits) + c_.model().rounding(table.unit, table.printed.digits);
      // "21万元" in a sentence is 21.53 in the table.
      if (m->printed.digits < table.printed.digits)
        half = std::max(half, scaled(last_place(m->printed.digits), fen_per_micro_times_million(m->unit), kMicro));
      return std::abs(m->value - table.fen) <= half;
    };
    c_.counted();
    if (std::ranges::any_of(mentions, agrees)) return;
    const auto& m = *mentions.front();
    bool together = std::ranges::all_of(mentions, [&](const Mention* other) { return other->value == m.value; });
    if (!together) return;
    Finding f{.kind = Kind::restated, .confidence = 88};
    f.unit = budget::name(m.unit);
    f.expected = amount_text(table.fen, m.unit, std::max(m.printed.digits, table.printed.digits));
    f.found = amount_text(m.value, m.unit, m.printed.digits);
    auto label = encoded(table.label);
    f.message = {fmt::format("“{}”文中为 {} {}，收支总表中为 {} {}。", label, f.found, f.unit, f.expected, f.unit),
                 fmt::format("“{}” is {} {} in the text, {} {} in the table of income and expenditure.", label, f.found, f.unit,
                             f.expected, f.unit)};
    f.places = {c_.place(m.mark), c_.place(table.mark)};
    c_.add(std::move(f));
  }

  Checking& c_;
  std::map<std::u32string, Figure> known_;
  std::int64_t total_ = 0;
  bool several_ = false;  // totals that differ: of several units
};

}  // namespace

void check_beside(Checking& c) {
  Carried(c).check();
}

}  // namespace qushu::budget
