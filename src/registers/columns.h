// Inside the module: how a definition lies in the store. A register is the table reg_CODE; a field is the column f_NAME, with
// more beside it where a value has more parts. Identifiers were checked when the definition was read and are quoted here; no
// other text of a definition ever becomes SQL.
#pragma once

#include <span>

#include "qushu/registers/definition.h"
#include "qushu/store/store.h"

#include "formula.h"

namespace qushu::registers {

enum class Storage : std::uint8_t { text, whole, real };

struct StoredColumn {
  std::string name;  // quoted
  Storage storage = Storage::text;
};

[[nodiscard]] std::string table_of(std::string_view code);                       // "reg_contract", quoted
[[nodiscard]] std::string index_of(std::string_view code, std::string_view of);  // quoted
[[nodiscard]] std::vector<StoredColumn> stored_columns(const Field& field);
[[nodiscard]] std::string_view sql_name(Storage storage);

// What every record has besides its fields, by the name that filters and views use.
struct SystemColumn {
  std::string_view name, sql;
  enum class Type : std::uint8_t { text, time, whole } type;
  Text label;
};
[[nodiscard]] std::span<const SystemColumn> system_columns();
[[nodiscard]] const SystemColumn* system_column(std::string_view name);
[[nodiscard]] bool is_system_column(std::string_view name);
// A field that can be filtered and sorted by; nullptr: there is none.
[[nodiscard]] const Field* find_column(const Definition& definition, std::string_view name);
[[nodiscard]] bool is_operator(std::string_view op);

[[nodiscard]] int decimals_of(const Field& field);
[[nodiscard]] std::expected<Formula, FormulaError> parse_formula(const Definition& definition, std::string_view text);
// What is wrong with what a new record begins with.
[[nodiscard]] std::optional<Text> check_initial(const Field& field);

}  // namespace qushu::registers
