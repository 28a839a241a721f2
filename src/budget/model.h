// The document's figures, rebuilt: facts with their meaning, tables with the roles of their columns, statements with the
// section they stand in, projects with their goals. What the checks read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "counts.h"
#include "layout.h"
#include "statements.h"
#include "subject.h"

namespace qushu::budget {

struct Fact {
  Subject subject;
  std::u32string project, owner;
  int year = 0;
  bool plan = true;
  std::int64_t fen = 0;
  Decimal printed;
  Unit unit = Unit::wan;
  Mark mark;
  bool in_table = false;
  bool names_scope = false;  // a sentence's: its own words say of which funds
  std::size_t block = 0;     // the paragraph or table it stands in
};

// What a column of amounts holds; `known` is false where the head does not tell.
struct Column {
  bool known = false;
  int year = 0;
  bool plan = true;
  std::string scope, part;  // part: "basic", "project", "personnel", "public", or empty: the whole
};

struct TableView {
  const Table* table = nullptr;
  std::u32string project, owner;
  std::string scope;
  Unit unit = Unit::wan;
  bool unit_known = false;
  std::vector<std::vector<Column>> columns;  // by segment, then by cell
  std::vector<std::size_t> width;            // cells of a full row, by segment
};

struct ParagraphView {
  Statements said;
  std::vector<Quantity> quantities;  // what it counts, money or not
  std::u32string heading;            // the innermost heading above
  std::size_t section = 0;           // changes with each heading of the outer levels
  std::u32string project, owner;     // owner: a unit below the one that publishes; empty: that one
  std::string scope, part;
};

struct Project {
  std::u32string name;
  std::size_t line = 0;
  std::size_t goals = 0;  // its indicators
};

struct Goal {
  std::u32string project;
  IndicatorRow row;
};

struct Model {
  const Document* document = nullptr;
  Layout layout;
  int year = 0;
  bool final_account = false;
  std::map<Unit, int> digits;  // decimals that the document uses for a unit
  std::vector<Fact> facts;
  std::vector<std::int64_t> wholes;  // the amounts of this year's facts that are no part of another, in fen, sorted
  std::vector<std::int64_t> totals;  // those of all income or all expenditure, of whichever funds, in fen
  std::vector<std::int64_t> flows;   // the amounts of incomes and expenditures, no project's, in fen, sorted, each once
  std::vector<TableView> tables;
  std::vector<ParagraphView> paragraphs;
  std::vector<Project> projects;
  std::vector<Goal> goals;
  std::size_t figures = 0;

  // Half of the last place of a printed amount, in fen: what rounding may have taken from it.
  [[nodiscard]] std::int64_t rounding(Unit unit, int printed_digits) const;
  // The same of a table's amounts, in millionths of its unit; never 0.
  [[nodiscard]] std::int64_t rounding(const TableView& view) const;
};

// Fills in `columns`, where the words of the head are the standard ones (columns.cpp).
void find_columns(TableView& view, int year, bool final_account);

// Whether a row 合计 of a table of the three publics is all of them: its last column is the sum of their rows.
[[nodiscard]] bool is_all_publics(const TableView& view, const Row& row);

// `document` outlives the model.
[[nodiscard]] Model rebuild(const Document& document);
// Of a model that has its layout alone: its year, whether it is an account, and its digits.
void find_conventions(Model& m);

}  // namespace qushu::budget
