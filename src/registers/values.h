// Inside the module: a field's value as it is stored, as JSON, as text of a sheet, and in formulas.
#pragma once

#include <functional>

#include "qushu/base/config.h"
#include "qushu/calendar/zone.h"

#include "columns.h"

namespace qushu::registers {

// One for each of stored_columns(); all NULL: empty.
using Cells = std::vector<store::Value>;
[[nodiscard]] bool is_empty(const Cells& cells);
[[nodiscard]] Cells no_value(const Field& field);

// What a text names: its identifier and what it is called.
struct Named {
  std::string id, name;
};

// What is needed to read a value from outside.
struct Reading {
  const calendar::Zone& zone;
  std::size_t longest = 20'000;  // characters of a text
  // By identifier, login or name; by identifier, code or name; a record of `register` by identifier or number; by code.
  std::function<Result<Named>(std::string_view)> person = {}, department = {}, dataset = {};
  std::function<Result<Named>(std::string_view code, std::string_view)> record = {};
};

// Null and "" are empty. An error's subject is the field's name.
[[nodiscard]] Result<Cells> cells_of(const Field& field, const json::value& value, const Reading& reading);
// From a sheet or a command line: the words that text_of() writes.
[[nodiscard]] Result<Cells> cells_of_text(const Field& field, std::string_view text, const Reading& reading);
[[nodiscard]] json::value json_of(const Field& field, const Cells& cells);
[[nodiscard]] std::string text_of(const Field& field, const Cells& cells, const calendar::Zone& zone, Lang lang);
// What stands behind a label: "（元）"; empty without a unit.
[[nodiscard]] Text unit_of(const Field& field);
[[nodiscard]] FormulaValue formula_value(const Field& field, const Cells& cells);

[[nodiscard]] Failure wrong_value(const Field& field, std::string zh, std::string en);

}  // namespace qushu::registers
