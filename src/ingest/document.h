// The stored form of what was understood of a file, and the way between it and the readers' own types.
#pragma once

#include <string>
#include <vector>

#include "qushu/base/json.h"
#include "qushu/ingest/ingest.h"
#include "qushu/tabular/tabular.h"

namespace qushu::ingest {

[[nodiscard]] json::object text_pair(const Text& text);
// Every {"zh", "en"} becomes the text of one language.
[[nodiscard]] json::value in_language(const json::value& value, Lang lang);

[[nodiscard]] json::object table_document(const tabular::TableFacts& facts);
[[nodiscard]] tabular::Dialect dialect_of(const json::object& table);
[[nodiscard]] std::vector<tabular::ColumnPlan> plan_of(const json::object& table);
// The rows of a table as the analysis wrote them on its way: what publishing would write, as long as nothing was corrected.
struct Draft {
  catalog::Part part;
  std::uint64_t read = 0, rejected = 0;
  std::string rejects_blob = {};
};
void keep_draft(json::object& table, const Draft& draft, const std::vector<std::string>& ids);
// The draft, when the table's columns are still those that it was written with, under these identifiers.
[[nodiscard]] std::optional<Draft> draft_of(const json::object& table, const std::vector<std::string>& ids);

[[nodiscard]] bool flag_at(const json::object& object, std::string_view key);
[[nodiscard]] json::array misfits_document(const std::vector<tabular::Misfit>& misfits);

// Proposes code, title and the rest of the entry for each table, and makes tables with the same columns one dataset, with a
// column 来源表 that says which of them a row is of, unless their own columns do.
[[nodiscard]] Result<void> propose_entries(json::array& tables, const Import& import, const catalog::Catalog& catalog,
                                           store::Store& store, const json::object& given);
// Applies a person's corrections, to all tables of a dataset what was said of one; `recount`: types or values changed. Errors
// name the table and the field.
[[nodiscard]] Result<void> apply_corrections(json::array& tables, const json::array& corrections, bool& recount);
// Columns of tables of one dataset must agree in name and type.
[[nodiscard]] Result<void> check_agreement(const json::array& tables);

}  // namespace qushu::ingest
