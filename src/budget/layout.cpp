#include "layout.h"

#include <algorithm>
#include <array>

#include "statements.h"

namespace qushu::budget {
namespace {

// Characters from which a line without a full stop goes on in the next one, unless the page is narrower.
constexpr std::size_t kFullLine = 26, kShortestLine = 15;

// Of a page whose lines are broken: three quarters of what nearly all of its sentences' lines hold at most.
std::size_t full_line(const std::vector<std::u32string>& lines) {
  std::vector<std::size_t> sizes;
  for (const auto& line : lines)
    if (line.contains(U'，') || line.contains(U'。')) sizes.push_back(trimmed(line).size());
  if (sizes.empty()) return kFullLine;
  auto wide = sizes.begin() + static_cast<std::ptrdiff_t>((sizes.size() - 1) * 19 / 20);
  std::ranges::nth_element(sizes, wide);
  return std::clamp(*wide * 3 / 4, kShortestLine, kFullLine);
}

class Maker {
 public:
  explicit Maker(const Document& document) {
    out_.lines.reserve(document.lines.size());
    for (const auto& line : document.lines) {
      out_.lines.push_back(folded(line));
      part_at_bars(out_.lines.back());
    }
    full_line_ = full_line(out_.lines);
  }

  Layout make() {
    for (std::size_t i = 0; i < out_.lines.size(); ++i) take(i);
    close_paragraph();
    close_table();
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::u32string_view line(std::size_t i) const { return out_.lines[i]; }

  [[nodiscard]] std::u32string_view neighbour(std::size_t i, bool forward) const {
    for (std::size_t step = 1; step < 6; ++step) {
      if (forward ? i + step >= out_.lines.size() : i < step) return {};
      auto text = trimmed(line(forward ? i + step : i - step));
      if (!text.empty()) return text;
    }
    return {};
  }

  // A whole number alone on its line is a cell only beside other cells; else it is the number of a page.
  [[nodiscard]] bool lone_number(std::size_t i) const {
    auto bare = trimmed(line(i));
    if (bare.empty() || bare.size() > 3 || !std::ranges::all_of(bare, is_digit)) return false;
    Cell cell;
    auto before = neighbour(i, false), after = neighbour(i, true);
    return !is_cell(before, cell) && !is_cell(after, cell) && !(heads_codes() && is_lone_code(i, bare));
  }

  // The head above has a column for codes.
  [[nodiscard]] bool heads_codes() const {
    return std::ranges::any_of(labels_, [](const auto& label) { return label.second.contains(U"科目"); });
  }

  // The code of a classification on a line of its own, above its label.
  [[nodiscard]] bool is_lone_code(std::size_t i, std::u32string_view text) const {
    bool code = (text.size() == 3 || text.size() == 5 || text.size() == 7) && std::ranges::all_of(text, is_digit) &&
                text[0] >= U'1' && text[0] <= U'5';
    if (!code) return false;
    auto next = neighbour(i, true);
    Cell cell;
    return !next.empty() && is_han(next.front()) && !is_cell(next, cell);
  }

  void take(std::size_t i) {
    auto text = trimmed(line(i));
    if (text.empty()) return;
    if (is_page_number(text) || lone_number(i)) {
      if (near_prose(i)) last_near_ = i;
      return;
    }
    if (text.size() == 1 && is_han(text[0])) return;
    // A label and nothing but blank cells is a row too.
    auto behind = line(i).substr(static_cast<std::size_t>(text.data() - line(i).data()) + text.size());
    if (text.contains(U'\t') || std::ranges::count(behind, U'\t') >= 2) return take_row_of_cells(i);
    auto bare = without_spaces(text);
    // "三、" on a line of its own, as some pages are copied.
    if (auto number = numbering(bare); number.level == 1 && number.length == bare.size()) {
      pending_ = number;
      pending_line_ = i;
      return;
    }
    if (is_heading_sentence(bare)) {
      close_paragraph();
      return take_label(i, text.substr(0, text.size() - 1), std::u32string_view(bare).substr(0, bare.size() - 1));
    }
    bool of_which = paragraph_ && (bare == U"其中:" || bare == U"其中" || bare == U"包括:");
    if (of_which || goes_on(i, text, bare)) return append_line(*paragraph_, line(i), i);
    bool goal = in_indicators_ && !contains_any(text, {U"。", U"，"}) && !is_title(bare);
    if (goal) {
      close_paragraph();
      if (take_indicator(i, line(i))) return;
    }
    if (take_detail(i) || take_named_indicator(i, text, bare)) return;
    if (starts_prose(i, text)) return open_paragraph(i);
    close_paragraph();
    if (in_indicators_ && !is_title(bare) && take_indicator(i, line(i))) return;
    if (is_lone_code(i, text)) {
      labels_.emplace_back(i, std::u32string(text));
      return;
    }
    auto row = row_of(line(i), i);
    // "公开 01 表" is no row.
    if (has_numbers(row) && !is_table_number(bare)) return take_row(std::move(row), i);
    take_label(i, text, bare);
  }

  [[nodiscard]] static bool is_table_number(std::u32string_view bare) {
    return bare.starts_with(U"公开") && bare.size() > 2 && bare.size() < 8 && is_digit(bare[2]);
  }

  // "数量指标 覆盖社区数 8个" in a form that has no head for its indicators.
  bool take_named_indicator(std::size_t i, std::u32string_view text, std::u32string_view bare) {
    if (in_indicators_ || contains_any(text, {U"。", U"，"})) return false;
    // "产出指标 数量指标 …": both levels.
    bool first = false;
    for (std::u32string_view level : {U"产出指标", U"效益指标", U"满意度指标", U"成本指标"})
      if (bare.starts_with(level) && bare.substr(level.size()).contains(U"指标")) {
        bare.remove_prefix(level.size());
        first = true;
        break;
      }
    if (table_.rows.empty() && !first) return false;
    auto kind = bare.find(U"指标");
    static constexpr std::array<std::u32string_view, 9> kKinds{U"数量",     U"质量",     U"时效",     U"成本",      U"满意度",
                                                               U"经济效益", U"社会效益", U"生态效益", U"可持续影响"};
    if (kind == std::u32string_view::npos || std::ranges::find(kKinds, bare.substr(0, kind)) == kKinds.end()) return false;
    IndicatorRow row;
    if (!indicator_of(line(i), i, {}, row)) return false;
    close_table();
    in_indicators_ = true;
    out_.blocks.emplace_back(std::move(row));
    return true;
  }

  // A row of a project's form whose amount bears its unit.
  bool take_detail(std::size_t i) {
    if (table_.rows.empty() || paragraph_ || in_indicators_) return false;
    auto text = line(i);
    auto unit = cut_unit(text);
    // The unit of the table before goes on only as long as none is said.
    bool begun = std::ranges::any_of(table_.rows, has_numbers);
    if (unit == Unit::unknown || (begun && table_.unit != Unit::unknown && table_.unit != unit)) return false;
    auto row = row_of(text, i);
    if (row.segments.size() != 1 || row.segments[0].cells.size() != 1) return false;
    table_.unit = unit;
    take_row(std::move(row), i);
    return true;
  }

  // A full line of words alone whose sentence comes to its figures in one of the next lines.
  [[nodiscard]] bool opens_prose(std::size_t i, std::u32string_view text) const {
    constexpr int kMost = 4;
    bool opens =
        numbering(text).level == 0 || text.contains(U':') || text.contains(U"，") || without_spaces(text).contains(U"(类)");
    if (!opens) return false;
    for (int n = 0; n < kMost; ++n) {
      bool words = text.size() >= full_line_ && !text.contains(U"  ") && !is_title(without_spaces(text)) &&
                   text.back() != U':' && !is_digit(text.back());
      auto next = next_line(i);
      if (!words || next == i) return false;
      i = next;
      text = trimmed(line(i));
      if (numbering(text).level > 0) return false;
      auto after = next_line(i);
      bool number = is_digit(text.back()) && after != i && starts_with_unit(trimmed(line(after)));
      if (is_prose(text) || number) return true;
    }
    return false;
  }

  [[nodiscard]] static bool starts_with_unit(std::u32string_view text) {
    return text.starts_with(U"万元") || text.starts_with(U"亿元") || text.starts_with(U"元");
  }

  // The next line that is not blank, nor the number of a page; `i` itself where there is none near.
  [[nodiscard]] std::size_t next_line(std::size_t i) const {
    auto end = i + 6;
    for (auto at = i + 1; at < out_.lines.size() && at < end; ++at) {
      auto text = trimmed(line(at));
      if (text.empty()) continue;
      if (!is_page_number(text) && !lone_number(at)) return at;
      end = at + 4;
    }
    return i;
  }

  [[nodiscard]] bool starts_prose(std::size_t i, std::u32string_view text) const {
    if (is_prose(text)) return true;
    if (opens_prose(i, text)) return true;
    // "3.某某(款)某某(项)年初预算为" whose amount, "…合计 480.2" whose unit stands on the next line.
    auto next = neighbour(i, true);
    if (announces(text) && starts_with_amount(next)) return true;
    return is_digit(text.back()) && text.size() > 12 && starts_with_unit(next);
  }

  [[nodiscard]] static bool announces(std::u32string_view text) {
    return ends_with_any(text, {U"预算为", U"决算为", U"预算数为", U"决算数为", U"支出为", U"收入为", U"总计为", U"合计为"});
  }
  [[nodiscard]] static bool starts_with_amount(std::u32string_view text) {
    std::size_t length = 0;
    return read_decimal(text, length) && starts_with_unit(trimmed(text.substr(length)));
  }

  // No further below the paragraph than blank lines and the number of a page push it.
  [[nodiscard]] bool near_prose(std::size_t i) const { return std::max(last_prose_, last_near_) + 4 >= i; }

  // Whether the line goes on with the sentence of the one before.
  [[nodiscard]] bool goes_on(std::size_t i, std::u32string_view text, std::u32string_view bare) const {
    if (!paragraph_) return false;
    auto last = paragraph_->text.back();
    // "…11.45万元(其中:": a bracket that is still open.
    auto tail = std::u32string_view(paragraph_->text);
    tail.remove_prefix(tail.size() - std::min(tail.size(), kFullLine));
    auto open = tail.rfind(U'(');
    bool within = open != std::u32string_view::npos && tail.find(U')', open) == std::u32string_view::npos;
    if (within && last != U'。' && std::max(last_prose_, last_near_) + 2 >= i && is_prose(text)) return true;
    if (last == U'。' || last == U':' || last == U'!' || last == U'?') return false;
    if (numbering(bare).level > 0 || is_title(bare)) return false;
    if (!near_prose(i)) return false;
    // Within a phrase, or between a number and its unit.
    if (last == U'，' || last == U'、' || last == U'(') return true;
    std::size_t length = 0;
    if (is_han(last) && read_decimal(bare, length) && bare.substr(length).starts_with(U'%')) return true;
    if (announces(paragraph_->text) && starts_with_amount(bare)) return true;
    if (is_digit(last) && (bare.starts_with(U"万元") || bare.starts_with(U"元") || bare.starts_with(U'%'))) return true;
    bool full = trimmed(line(last_prose_)).size() >= full_line_;
    if (last == U'；' && !full) return false;
    return full || (is_prose(text) && year_in(bare.substr(0, std::min<std::size_t>(bare.size(), 6))) == 0);
  }

  void open_paragraph(std::size_t i) {
    close_paragraph();
    close_table();
    paragraph_.emplace();
    append_line(*paragraph_, line(i), i);
    paragraph_->number = numbering(paragraph_->text);
    last_prose_ = i;
  }
  void append_line(Paragraph& paragraph, std::u32string_view text, std::size_t i) {
    bool full = trimmed(line(last_prose_)).size() >= full_line_ && !trimmed(line(last_prose_)).contains(U"  ");
    budget::append_line(paragraph, text, i, full && last_prose_ < i);
    last_prose_ = i;
  }
  void close_paragraph() {
    if (paragraph_ && !paragraph_->text.empty()) add_paragraph(out_, std::move(*paragraph_));
    paragraph_.reset();
  }

  void close_table() {
    if (!table_.rows.empty()) {
      drop_form_numbers(table_);
      drop_codes(table_);
      align_sides(table_, out_.lines);
      out_.blocks.emplace_back(std::move(table_));
    }
    table_ = {};
    table_.unit = unit_;
    labels_.clear();
    vertical_ = false;
  }

  void take_label(std::size_t i, std::u32string_view text, std::u32string_view bare) {
    // "公开01表" numbers a table, its title is another line.
    if (is_table_number(bare)) {
      if (!table_.rows.empty()) close_table();
      in_indicators_ = false;
      return;
    }
    if (auto title = title_of(bare); !title.empty()) {
      if (goes_on_below(i, title)) return;
      close_table();
      in_indicators_ = false;
      table_.title = title;
      // "收入支出决算总表 编制单位：某局"
      if (title.size() < bare.size()) table_.head = std::u32string(bare.substr(title.size())) + U' ';
      table_.line = i;
      if (auto unit = unit_named(bare); unit != Unit::unknown) set_unit(unit);
      if (is_part(bare)) unit_ = table_.unit = Unit::unknown;
      out_.blocks.emplace_back(Heading{.text = std::u32string(title), .number = {}, .line = i, .part = is_part(bare)});
      return;
    }
    if (auto unit = unit_named(text); unit != Unit::unknown) set_unit(unit);
    auto number = numbering(bare);
    if (number.level == 0 && pending_line_ < i && i - pending_line_ < 4)
      number = {.level = pending_.level, .ordinal = pending_.ordinal};
    Cell below;
    bool over_cell = is_cell(neighbour(i, true), below);
    bool heading = !over_cell && number.level >= 1 && number.level <= 2 &&
                   (table_.rows.empty() || ends_with_any(bare, {U"情况", U"说明", U"安排", U"概况", U"解释", U"情况说明"}));
    // "一般公共预算当年拨款结构情况": a heading that lost its number, or never had one, over a sentence.
    constexpr std::size_t kShort = 30;
    bool bare_heading = number.level == 0 && !over_cell && table_.rows.empty() && bare.size() <= kShort &&
                        !scope_of(bare).empty() && ends_with_any(bare, {U"情况", U"情况说明"}) && is_prose(neighbour(i, true));
    if (bare_heading) number.level = 2;
    if (heading || bare_heading) {
      close_table();
      in_indicators_ = false;
      auto words = std::u32string(bare.substr(numbering(bare).length)) + rest_of_heading(i, bare);
      out_.blocks.emplace_back(Heading{.text = std::move(words), .number = number, .line = i});
      return;
    }
    if (contains_any(bare, {U"二级指标", U"三级指标", U"指标名称", U"指标值"})) {
      close_table();
      in_indicators_ = true;
      return;
    }
    if (bare.starts_with(U"项目名称")) {
      close_table();
      in_indicators_ = false;
      Row row{.line = i};
      row.segments.push_back({.label = std::u32string(bare), .code = {}, .number = {}, .of_which = false, .cells = {}});
      table_.rows.push_back(std::move(row));
      table_.line = i;
      return;
    }
    labels_.emplace_back(i, std::u32string(text));
    if (table_.rows.empty()) {
      if (table_.head.size() < 2000) table_.head += std::u32string(text) + U' ';
      return;
    }
    Row row{.line = i};
    Segment s;
    s.of_which = bare.starts_with(U"其中:");
    auto words = s.of_which ? bare.substr(3) : bare;
    s.number = numbering(words);
    s.label = words.substr(s.number.length);
    row.segments.push_back(std::move(s));
    table_.rows.push_back(std::move(row));
  }

  // "（四）关于某局2023年财政" over "拨款收支预算情况的总体说明": what of a heading stands on the next line.
  [[nodiscard]] std::u32string rest_of_heading(std::size_t i, std::u32string_view bare) const {
    auto next = next_line(i);
    if (bare.size() + 4 < full_line_ || next == i || ends_with_any(bare, {U"说明", U"情况"})) return {};
    auto below = without_spaces(line(next));
    bool rest = below.size() < full_line_ && numbering(below).level == 0 && ends_with_any(below, {U"说明", U"情况"}) &&
                std::ranges::none_of(below, is_digit);
    return rest ? below : std::u32string{};
  }

  void set_unit(Unit unit) {
    unit_ = unit;
    table_.unit = unit;
  }

  bool take_indicator(std::size_t i, std::u32string_view text) {
    IndicatorRow row;
    std::u32string before;
    for (const auto& [number, label] : labels_)
      if (number + 6 > i && !label.ends_with(U"指标")) before += label;
    if (!indicator_of(text, i, before, row)) return false;
    labels_.clear();
    out_.blocks.emplace_back(std::move(row));
    return true;
  }

  void take_row(Row row, std::size_t i) {
    auto& first = row.segments.front();
    bool lone = row.segments.size() == 1 && first.label.empty() && first.cells.size() == 1;
    if (lone && vertical_ && labels_.empty() && !table_.rows.empty()) {
      auto& above = table_.rows.back().segments;
      if (!above.empty()) above.back().cells.push_back(first.cells.front());
      return;
    }
    if (lone && !labels_.empty() && labels_.back().first + 4 > i) {
      // A cell under its label: the label is the row's, not the head's.
      auto label = labels_.back().second;
      if (labels_.size() > 1 && std::ranges::all_of(labels_[labels_.size() - 2].second, is_digit))
        label = labels_[labels_.size() - 2].second + U' ' + label;
      auto made = row_of(label, labels_.back().first);
      if (!table_.rows.empty() && table_.rows.back().line == labels_.back().first) table_.rows.pop_back();
      if (made.segments.empty()) made.segments.emplace_back();
      made.segments.back().cells.push_back(first.cells.front());
      table_.rows.push_back(std::move(made));
      vertical_ = true;
      labels_.clear();
      return;
    }
    vertical_ = false;
    add(std::move(row), i);
  }

  // The title stands on each page of a table: whether the rows below go on with the one above. A total at its top or its end
  // begins or ends a list of its own.
  [[nodiscard]] bool goes_on_below(std::size_t i, std::u32string_view title) const {
    constexpr std::size_t kHead = 12;
    auto is_total = [](const Row& row) { return ends_with_any(row.segments.front().label, {U"合计", U"总计"}); };
    auto top = std::ranges::find_if(table_.rows, has_numbers);
    // Each project has a form of its own of that name.
    if (table_.title != title || contains_any(title, {U"绩效", U"目标", U"评"}) || top == table_.rows.end() ||
        std::ranges::any_of(top + 1, table_.rows.end(), is_total))
      return false;
    for (auto at = i + 1; at < out_.lines.size() && at < i + kHead; ++at) {
      auto text = line(at);
      if (trimmed(text).empty() || is_page_number(trimmed(text)) || lone_number(at)) continue;
      if (is_prose(text) || is_title(without_spaces(text))) return false;
      auto row = row_of(text, at);
      if (has_numbers(row)) return !(is_total(*top) && is_total(row));
    }
    return false;
  }

  // Behind 总计 of both sides, which are equal, stands nothing of the same table that is no two sides.
  [[nodiscard]] bool is_of_another(const Row& row) const {
    auto last = std::ranges::find_if(table_.rows.rbegin(), table_.rows.rend(), has_numbers);
    if (last == table_.rows.rend() || last->segments.size() != 2) return false;
    const auto &left = last->segments[0], &right = last->segments[1];
    auto is_end = [](const Segment& s) {
      return s.label.ends_with(U"总计") && !contains_any(s.label, {U"本年", U"当年"}) && !s.cells.empty() &&
             s.cells[0].kind == CellKind::number;
    };
    if (!is_end(left) || !is_end(right) || left.cells[0].value.micro != right.cells[0].value.micro) return false;
    if (row.segments.size() != 1) return row.segments.size() > 2;
    return row.segments[0].cells.size() > left.cells.size() || row.segments[0].label.ends_with(U"合计");
  }

  // A new table; the labels below the last row of the one before are its head.
  void part_table() {
    std::u32string head;
    auto last = std::ranges::find_if(table_.rows.rbegin(), table_.rows.rend(), has_numbers);
    for (auto row = last.base(); row != table_.rows.end(); ++row)
      for (const auto& s : row->segments) head += s.label + U' ';
    table_.rows.erase(last.base(), table_.rows.end());
    close_table();
    table_.head = std::move(head);
  }

  void add(Row row, std::size_t i) {
    if (is_of_another(row)) part_table();
    if (table_.rows.empty() && table_.line == 0) table_.line = i;
    for (const auto& s : row.segments)
      if (auto unit = unit_named(s.label); unit != Unit::unknown) set_unit(unit);
    table_.rows.push_back(std::move(row));
    labels_.clear();
  }

  // A row of a table of a word processor. A cell may hold a text of its own.
  void take_row_of_cells(std::size_t i) {
    close_paragraph();
    auto text = line(i);
    std::u32string bare = without_spaces(text);
    bool prose = false;
    for (const auto& token : tokens_of(text, true)) {
      if (token.text.size() < 12 || !is_prose(token.text)) continue;
      Paragraph inside;
      budget::append_line(inside, token.text, i);
      for (auto& spot : inside.spots) spot.column += token.begin;
      inside.number = numbering(inside.text);
      add_paragraph(out_, std::move(inside));
      prose = true;
    }
    if (prose) return;
    if (in_indicators_ && !is_title(bare) && !bare.starts_with(U"项目名称") && take_indicator(i, text)) return;
    auto row = row_of(text, i);
    if (has_numbers(row)) return add(std::move(row), i);
    // Rows without figures: heads above the first one, empty lines of the form below it.
    if (contains_any(bare, {U"二级指标", U"三级指标", U"指标名称", U"指标值"}) || bare.starts_with(U"项目名称") ||
        table_.rows.empty() || is_title(bare)) {
      std::u32string spaced(text);
      std::ranges::replace(spaced, U'\t', U' ');
      return take_label(i, trimmed(spaced), bare);
    }
    table_.rows.push_back(std::move(row));
  }

  Layout out_;
  std::size_t full_line_ = kFullLine;
  std::optional<Paragraph> paragraph_;
  std::size_t last_prose_ = 0, last_near_ = 0;  // the paragraph's last line; the number of a page below it
  Table table_;
  Unit unit_ = Unit::unknown;
  std::vector<std::pair<std::size_t, std::u32string>> labels_;  // since the last row
  Numbering pending_;                                           // that stood alone, for the heading below it
  std::size_t pending_line_ = static_cast<std::size_t>(-1);
  bool vertical_ = false, in_indicators_ = false;
};

}  // namespace

Layout lay_out(const Document& document) {
  return Maker(document).make();
}

}  // namespace qushu::budget
