#include "qushu/definitions/versions.h"

#include <fmt/format.h>

namespace qushu::definitions {

Result<void> keep_version(store::Transaction& t, std::string_view table, const Actor& actor, std::string_view code,
                          std::int64_t version, std::string_view yaml, Time at, std::string_view note) {
  QS_CHECK(t.exec(fmt::format("INSERT INTO {}_version (code, version, yaml, at, person_id, person_name, note) "
                              "VALUES (?, ?, ?, ?, ?, ?, ?)",
                              table),
                  {code, version, yaml, at, actor.person_id, actor.name, note}));
  return {};
}

Result<std::vector<Version>> versions_of(store::Session& s, std::string_view table, std::string_view code) {
  QS_TRY(
      auto rows,
      s.query(fmt::format("SELECT version, at, person_name, note FROM {}_version WHERE code = ? ORDER BY version DESC", table),
              {code}));
  std::vector<Version> out;
  for (const auto& row : rows)
    out.push_back({.version = row.integer(0), .at = row.time(1), .person_name = row.text(2), .note = row.text(3)});
  return out;
}

Result<std::string> yaml_of(store::Session& s, std::string_view table, std::string_view code, std::int64_t version) {
  QS_TRY(auto row, s.one(fmt::format("SELECT yaml FROM {}_version WHERE code = ? AND version = ?", table), {code, version}));
  if (!row)
    return fail(Code::not_found, fmt::format("{}.version", table), "没有这个版本的定义。",
                "There is no such version of the definition.");
  return row->text(0);
}

}  // namespace qushu::definitions
