#include <fmt/format.h>

#include "qushu/catalog/sheet.h"

namespace qushu::catalog {
namespace {

json::object stored(const SheetOutcome& o) {
  json::array taken, errors;
  for (const auto& t : o.taken) taken.emplace_back(json::object{{"title", t.title}, {"code", t.code}, {"added", t.added}});
  for (const auto& e : o.errors)
    errors.emplace_back(json::object{{"sheet", e.sheet},
                                     {"row", e.row},
                                     {"column", e.column},
                                     {"value", e.value},
                                     {"zh", e.expected.zh},
                                     {"en", e.expected.en}});
  return {{"taken", std::move(taken)}, {"refused", o.refused}, {"errors", std::move(errors)}};
}

SheetOutcome outcome_of(const store::Row& row) {
  SheetOutcome o{
      .id = row.text(0), .file_name = row.text(1), .person_name = row.text(2), .at = row.time(3), .taken = {}, .errors = {}};
  boost::system::error_code failed;
  auto value = json::parse(row.text(4), failed);
  if (failed || !value.is_object()) return o;
  const auto& result = value.as_object();
  auto text = [](const json::object& from, std::string_view key) { return std::string(from.at(key).as_string()); };
  o.refused = result.at("refused").to_number<std::size_t>();
  for (const auto& item : result.at("taken").as_array()) {
    const auto& t = item.as_object();
    o.taken.push_back({.title = text(t, "title"), .code = text(t, "code"), .added = t.at("added").as_bool()});
  }
  for (const auto& item : result.at("errors").as_array()) {
    const auto& e = item.as_object();
    o.errors.push_back({.sheet = text(e, "sheet"),
                        .row = e.at("row").to_number<std::uint64_t>(),
                        .column = text(e, "column"),
                        .value = text(e, "value"),
                        .expected = {text(e, "zh"), text(e, "en")}});
  }
  return o;
}

}  // namespace

Result<void> save_outcome(store::Transaction& t, std::string_view person_id, const SheetOutcome& o) {
  QS_CHECK(t.exec("INSERT INTO catalog_import (id, file_name, person_id, person_name, at, result) VALUES (?, ?, ?, ?, ?, ?)",
                  {o.id, o.file_name, person_id, o.person_name, o.at, json::serialize(stored(o))}));
  return {};
}

Result<std::vector<SheetOutcome>> load_outcomes(store::Session& s, const std::optional<std::string>& person_id,
                                                std::string_view id, std::size_t limit) {
  std::string where = "1 = 1";
  store::Params params;
  if (person_id) {
    where += " AND person_id = ?";
    params.emplace_back(*person_id);
  }
  if (!id.empty()) {
    where += " AND id = ?";
    params.emplace_back(id);
  }
  params.emplace_back(static_cast<std::int64_t>(limit));
  QS_TRY(auto rows,
         s.query(fmt::format("SELECT id, file_name, person_name, at, result FROM catalog_import WHERE {} ORDER BY id "
                             "DESC LIMIT ?",
                             where),
                 params));
  std::vector<SheetOutcome> out;
  for (const auto& row : rows) out.push_back(outcome_of(row));
  return out;
}

}  // namespace qushu::catalog
