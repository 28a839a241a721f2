// From lines to blocks: headings, paragraphs (their broken lines joined), tables (rows of labels and cells), indicators. Page
// numbers and words written downwards, one character a line, are left out.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "qushu/budget/document.h"

#include "decimal.h"
#include "folded.h"

namespace qushu::budget {

// Characters [begin, end) of line `line`, counted from 0.
struct Mark {
  std::size_t line = 0, begin = 0, end = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

enum class CellKind : std::uint8_t { number, percent, blank };

struct Cell {
  CellKind kind = CellKind::number;
  Decimal value;
  Mark mark;
};

// A label with the cells to its right; a row has two where income stands beside expenditure.
struct Segment {
  std::u32string label;  // without spaces and numbering
  std::u32string code;   // "2010350", of a row that begins with a classification's code
  Numbering number;
  bool of_which = false;  // 其中：
  std::size_t begin = 0;  // the column where its label begins
  std::vector<Cell> cells;
};

struct Row {
  std::size_t line = 0;
  bool exact = false;  // the cells of a table of a word processor: blanks are there as blanks
  bool blank = false;  // … and all behind its label are
  std::vector<Segment> segments;
};

enum class Unit : std::uint8_t { unknown, yuan, thousand, wan, yi };
[[nodiscard]] std::int64_t fen_per_micro_times_million(Unit unit);
[[nodiscard]] std::string_view name(Unit unit);
// The unit that `text` begins with, unknown where it is none of money. `length`: the characters it takes.
[[nodiscard]] Unit money_unit(std::u32string_view text, std::size_t& length);

struct Table {
  std::u32string title;
  std::u32string head;  // the labels above the first row, with spaces between
  std::size_t line = 0;
  Unit unit = Unit::unknown;
  std::vector<Row> rows;
};

struct Heading {
  std::u32string text;  // without spaces
  Numbering number;
  std::size_t line = 0;
  bool part = false;  // 第一部分
};

struct Spot {
  std::size_t line = 0, column = 0;
};

struct Paragraph {
  std::u32string text;      // without spaces, except between digits that were apart
  std::vector<Spot> spots;  // where each of its characters stands
  Numbering number;
};

// Where [begin, end) of its text stands, so far as that is one line.
[[nodiscard]] Mark mark_of(const Paragraph& paragraph, std::size_t begin, std::size_t end);

// A row of a performance goal table: name, how it compares, value, unit.
struct IndicatorRow {
  std::u32string name;
  char32_t relation = U'=';  // U'=', U'≥', U'≤', U'>', U'<'
  Decimal value;
  std::u32string unit;
  Mark mark;
};

using Block = std::variant<Heading, Paragraph, Table, IndicatorRow>;

struct Layout {
  std::vector<std::u32string> lines;  // folded
  std::vector<Block> blocks;
  std::vector<Mark> unread;  // where sentences begin that are longer than one is read
};

// What a paragraph holds at most: a longer one is more than one of them, parted between two sentences, and a longer sentence
// is not read. A document whose line breaks were lost is so read in a time that grows as it does.
constexpr std::size_t kLongestParagraph = 10'000;
void add_paragraph(Layout& layout, Paragraph paragraph);
// Where the sentence that begins at `begin` ends, behind its stop.
[[nodiscard]] std::size_t sentence_end(std::u32string_view text, std::size_t begin);

[[nodiscard]] Layout lay_out(const Document& document);

// What a line is by its words alone (layout_lines.cpp); `bare` is without spaces.
[[nodiscard]] bool is_page_number(std::u32string_view line);
// The title of a table or part that the line holds, without the unit behind it; empty where it holds none.
[[nodiscard]] std::u32string_view title_of(std::u32string_view bare);
[[nodiscard]] bool is_title(std::u32string_view bare);
[[nodiscard]] bool is_part(std::u32string_view bare);
[[nodiscard]] bool is_heading_sentence(std::u32string_view bare);

// Pieces that lay_out() is made of (layout_rows.cpp).
struct Token {
  std::u32string_view text;
  std::size_t begin = 0;
};
[[nodiscard]] std::vector<Token> tokens_of(std::u32string_view line, bool tabs);
// The line as a row; nothing when it holds no cell.
[[nodiscard]] Row row_of(std::u32string_view line, std::size_t number);
[[nodiscard]] bool has_numbers(const Row& row);
// Where income stands beside expenditure, a row of one side only is put on the side that its place on the line, its number or
// its words belong to. `lines` are the document's.
void align_sides(Table& table, const std::vector<std::u32string>& lines);
// A column of classification codes ("2010399" beside a project) holds no amounts.
void drop_codes(Table& table);
// Numbers of the form itself are no figures: the columns 行次, the rows 栏次.
void drop_form_numbers(Table& table);
// "1.社区惠民资金 160万元": a label and its amount with the unit written out; the unit is cut off `line`, unknown where it is
// no such line.
[[nodiscard]] Unit cut_unit(std::u32string_view& line);
// Whether the token is a cell all by itself.
[[nodiscard]] bool is_cell(std::u32string_view token, Cell& cell);
[[nodiscard]] Unit unit_named(std::u32string_view text);
// Finds "≥ 350 条", "1套", "不低于95%" at the end of an indicator's row.
[[nodiscard]] bool indicator_of(std::u32string_view line, std::size_t number, std::u32string_view label_before,
                                IndicatorRow& out);

// Joins the lines of one paragraph (paragraphs.cpp). `full`: the line before ran to the edge of the page, so that a number may
// have been broken there.
void append_line(Paragraph& paragraph, std::u32string_view line, std::size_t number, bool full = false);
[[nodiscard]] bool is_prose(std::u32string_view line);

}  // namespace qushu::budget
