// 类 款 项 items in the text and in the tables: "图书馆（项）365.80万元" beside the table's row 2070104.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "checking.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kCode = 7;  // digits of an item's code

class ItemRows {
 public:
  explicit ItemRows(Checking& c) : c_(c) {
    for (const auto& view : c.model().tables)
      for (const auto& row : view.table->rows)
        for (const auto& segment : row.segments)
          if (segment.code.size() == kCode) {
            auto code = encoded(segment.code);
            codes_[segment.label].insert(code);
            rows_[code].push_back({.view = &view, .segment = &segment});
          }
    for (const auto& fact : c.model().facts)
      if (fact.in_table && fact.subject.code.starts_with("function.") && fact.year == c.model().year &&
          fact.plan != c.model().final_account && fact.project.empty())
        facts_[fact.subject.code.substr(std::string_view("function.").size())].push_back(&fact);
  }

  void check() {
    if (rows_.empty()) return;
    for (const auto& view : c_.model().paragraphs)
      if (view.project.empty() && view.said.unclear.empty()) check(view);
  }

 private:
  struct Found {
    const TableView* view = nullptr;
    const Segment* segment = nullptr;
  };

  // The first amount behind each item's name; of an account, the first that is no budget.
  void check(const ParagraphView& view) {
    std::string code;
    std::size_t from = 0;
    for (const auto& m : view.said.mentions) {
      auto since = std::u32string_view(view.said.paragraph->text).substr(from, m.begin - from);
      from = m.end;
      if (auto named = named_in(since); !named.empty()) code = named;
      bool amount = is_stated(m) && m.depth == 0;
      if (code.empty() || !amount || (c_.model().final_account && is_budgeted(m))) continue;
      if (year_in(m.lead) == 0 || year_in(m.lead) == c_.model().year) compare(view, m, code);
      code.clear();
    }
  }

  // The code of the item that the words name last: by itself, or by a name that the tables give to one code alone.
  [[nodiscard]] std::string named_in(std::u32string_view words) const {
    if (auto item = words.rfind(U"(项)"); item != std::u32string_view::npos) {
      auto begin = words.substr(0, item).rfind(U')') + 1;  // 0 where there is none
      auto name = words.substr(begin, item - begin);
      auto found = codes_.find(std::u32string(name));
      return found != codes_.end() && found->second.size() == 1 ? *found->second.begin() : std::string{};
    }
    for (auto at = words.size(); at-- > 0;) {
      if (!is_digit(words[at])) continue;
      auto end = at + 1;
      while (at > 0 && is_digit(words[at - 1])) --at;
      auto code = encoded(words.substr(at, end - at));
      return code.size() == kCode && rows_.contains(code) ? code : std::string{};
    }
    return {};
  }

  void compare(const ParagraphView& view, const Mention& m, const std::string& code) {
    auto half = c_.model().rounding(m.unit, m.printed.digits);
    // Any figure of the item, of whichever funds and year, may be what is meant.
    for (const auto& found : rows_[code])
      for (const auto& cell : found.segment->cells) {
        if (cell.kind != CellKind::number) continue;
        auto fen = scaled(cell.value.micro, fen_per_micro_times_million(found.view->unit), kMicro);
        if (std::abs(fen - m.value) <= half + c_.model().rounding(found.view->unit, cell.value.digits)) return c_.counted();
      }
    const Fact* usual = nullptr;
    for (const auto* fact : facts_[code])
      if (fact->owner == view.owner && (fact->subject.scope == "general" || fact->subject.scope == view.scope) &&
          (view.scope.empty() || may_agree(fact->subject.scope, view.scope)) && usual == nullptr)
        usual = fact;
    if (usual == nullptr) return;
    c_.counted();
    Finding f{.kind = Kind::restated, .confidence = 85};
    f.unit = name(m.unit);
    f.expected = amount_text(usual->fen, m.unit, std::max(m.printed.digits, 2));
    f.found = amount_text(m.value, m.unit, m.printed.digits);
    f.message = {fmt::format("项级科目 {}：此处为 {} {}，表中为 {} {}。", code, f.found, f.unit, f.expected, f.unit),
                 fmt::format("The item {} is {} {} here, {} {} in the table.", code, f.found, f.unit, f.expected, f.unit)};
    f.places = {c_.place(m.mark)};
    c_.quote(f, usual->mark);
    if (!c_.is_told(f)) c_.add(std::move(f));
  }

  Checking& c_;
  std::map<std::u32string, std::set<std::string>> codes_;  // by the item's name
  std::map<std::string, std::vector<Found>> rows_;         // by code
  std::map<std::string, std::vector<const Fact*>> facts_;
};

}  // namespace

void check_item_rows(Checking& c) {
  ItemRows(c).check();
}

}  // namespace qushu::budget
