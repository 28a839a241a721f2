// What a unit's budget for a year says: the lines that people enter, in forms or in a workbook, and that the official tables
// are made of. Nothing in it is computed: a total is what somebody declared, so that the identities can tell where it is not
// what its lines come to.
//
// Every section is a list of rows, every row a plain struct, and every member is described once (sections()): its name in JSON
// and in the database, what people call it, and what it may hold. JSON, tables, workbooks and errors follow from that.
//
// Money is integer fen, quantities are thousandths, percentages hundredths of a per cent.
//
// Thread-safety: plain values.
#pragma once

#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::budget {

namespace json = boost::json;

// What the unit declares as its totals, and the three publics (三公). One row.
struct Totals {
  std::int64_t income = 0, expenditure = 0, basic = 0, personnel = 0, office = 0, project = 0;
  std::int64_t abroad = 0, vehicle_purchase = 0, vehicle_running = 0, vehicles = 0, reception = 0, three_publics = 0;
  std::int64_t operation = 0;  // 机关运行经费
  std::string text;            // what else the document says: tasks, assets, performance
  std::string goal = {};       // what the unit as a whole wants to reach in the year (部门整体绩效目标)
  friend bool operator==(const Totals&, const Totals&) = default;
};

// Income of one kind: of the year, and carried over from the years before.
struct Income {
  std::string source;  // a kind of sources()
  std::int64_t amount = 0, carried = 0;
  std::string note;
  friend bool operator==(const Income&, const Income&) = default;
};

// Expenditure by functional class: one row for a 项 (seven digits) and the money that pays it.
struct Function {
  std::string code, name, fund;  // fund: a kind of sources()
  std::int64_t basic = 0, project = 0;
  friend bool operator==(const Function&, const Function&) = default;
};

// Expenditure by economic class: one row for a 款 (five digits) and the part of the budget that it belongs to.
struct Economic {
  std::string code, name, part;  // part: "personnel", "office", "project"
  std::int64_t amount = 0;
  friend bool operator==(const Economic&, const Economic&) = default;
};

struct BudgetProject {
  std::string code, name, function;  // function: the 项 that pays it
  std::int64_t amount = 0, earlier = 0;
  std::string reason, content, change, goal;  // change: why it is not what it was the year before
  friend bool operator==(const BudgetProject&, const BudgetProject&) = default;
};

// Where a project's money comes from.
struct ProjectFund {
  std::string project, source;
  std::int64_t amount = 0;
  friend bool operator==(const ProjectFund&, const ProjectFund&) = default;
};

// What a project buys, and on what basis.
struct ProjectDetail {
  std::string project, item;
  std::int64_t quantity = 0;
  std::string unit;
  std::int64_t price = 0, amount = 0;
  std::string basis;
  friend bool operator==(const ProjectDetail&, const ProjectDetail&) = default;
};

// A promised figure: of a project, or (`project` empty) of the unit as a whole. `indicator` is the code of the platform's
// indicator that tells it, empty where nothing here does; whether there is one of that code is for those who read it.
struct ProjectGoal {
  std::string project, level, name, value, unit, evidence;  // level: "quantity" … "satisfaction"
  std::string indicator = {};
  friend bool operator==(const ProjectGoal&, const ProjectGoal&) = default;
};

// Government procurement (政府采购) and bought services (政府购买服务).
struct Purchase {
  std::string kind, item, project;  // kind: "goods", "works", "services", "bought_services"; project: may be empty
  std::int64_t amount = 0;
  friend bool operator==(const Purchase&, const Purchase&) = default;
};

// What the document says about a change against another year.
struct Change {
  std::string subject;  // a total: "income", "expenditure", "basic", "project", "three_publics" …
  std::int64_t year = 0, base = 0, difference = 0;
  std::optional<std::int64_t> percent;  // absent where the base is nothing
  std::string reason;
  friend bool operator==(const Change&, const Change&) = default;
};

struct Content {
  std::vector<Totals> totals = {Totals{}};  // exactly one
  std::vector<Income> income;
  std::vector<Function> functions;
  std::vector<Economic> economics;
  std::vector<BudgetProject> projects;
  std::vector<ProjectFund> funds;
  std::vector<ProjectDetail> details;
  std::vector<ProjectGoal> goals;
  std::vector<Purchase> purchases;
  std::vector<Change> changes;
  friend bool operator==(const Content&, const Content&) = default;
};

// --- how it is described -----------------------------------------------------------------------------------------------------
struct Word {
  std::string_view code;
  Text name;
};
[[nodiscard]] std::span<const Word> sources();  // the nine kinds of income
[[nodiscard]] std::span<const Word> parts();
[[nodiscard]] std::span<const Word> goal_levels();
[[nodiscard]] std::span<const Word> purchase_kinds();
[[nodiscard]] std::span<const Word> subjects();  // the totals that a change can be told of
[[nodiscard]] const Word* find_word(std::span<const Word> words, std::string_view code);
// What a class of three or five digits is called; empty where that is not known.
[[nodiscard]] std::string_view function_class(std::string_view code);
[[nodiscard]] std::string_view economic_class(std::string_view code);
// The total that a subject names; nullptr: there is none.
[[nodiscard]] std::int64_t Totals::* total_of(std::string_view subject);

enum class Entry : std::uint8_t { text, long_text, code, choice, money, quantity, percent, year };

template <class Row>
struct Column {
  std::string_view name;
  Text title;
  Entry entry;
  std::variant<std::string Row::*, std::int64_t Row::*, std::optional<std::int64_t> Row::*> at;
  std::span<const Word> words = {};  // of a choice
  bool required = false;             // a text that must not be empty
};

template <class Row>
struct Section {
  std::string_view name;
  Text title;
  std::vector<Row> Content::* rows;
  std::vector<Column<Row>> columns;
  bool single = false;  // always one row
};

inline constexpr std::size_t kMostRows = 5000;                   // of a section
inline constexpr std::size_t kMostText = 4000;                   // characters of a text
inline constexpr std::int64_t kMostFen = 1'000'000'000'000'000;  // ten trillion yuan: more is a slip

// Where a row or one of its members stands: "functions[2].basic"; a finding or an error points there.
[[nodiscard]] std::string place(std::string_view section, std::size_t row, std::string_view member);
// The same in words: "支出 第 3 行 基本支出".
[[nodiscard]] Text place_name(std::string_view place);

// Every section with every member. Reading refuses what is no budget (unknown members, texts too long, money out of range) with
// the place; that the figures agree is not asked here.
[[nodiscard]] json::object to_json(const Content& content);
[[nodiscard]] Result<Content> content_of(const json::value& value);

// --- money as text -----------------------------------------------------------------------------------------------------------
enum class MoneyUnit : std::uint8_t { yuan, wan };
[[nodiscard]] Text name(MoneyUnit unit);
// "12,345.67" in the unit, exactly; nullopt: no amount, or finer than a fen.
[[nodiscard]] std::optional<std::int64_t> money_of(std::string_view text, MoneyUnit unit);
// Exactly, without zeros at the end behind the second decimal.
[[nodiscard]] std::string money_text(std::int64_t fen, MoneyUnit unit);
// As it is published: 万元 with two decimals, half away from zero.
[[nodiscard]] std::string published(std::int64_t fen);
// An exact decimal of `digits` places at most, as that many times 10^digits; nullopt: no number, or finer.
[[nodiscard]] std::optional<std::int64_t> exact_of(std::string_view text, int digits);
[[nodiscard]] std::string exact_text(std::int64_t value, int digits);

}  // namespace qushu::budget
