#include "qushu/sharing/version_rows.h"

#include <algorithm>

#include <fmt/format.h>

namespace qushu::sharing {
namespace {

using catalog::PartColumn;

// One field of the version, read from parts with these columns.
std::string column_sql(const PartColumn& wanted, const std::vector<PartColumn>& had) {
  auto name = engine::quote_name(wanted.id);
  if (had.empty()) return name;
  auto column = std::ranges::find(had, wanted.id, &PartColumn::id);
  if (column == had.end())
    return fmt::format("CAST(NULL AS {}) AS {}", sql_type(wanted.type, wanted.width, wanted.scale), name);
  return *column == wanted ? name : fmt::format("{} AS {}", cast_sql(name, column->type, wanted), name);
}

}  // namespace

std::string sql_type(engine::Type type, std::uint8_t width, std::uint8_t scale) {
  switch (type) {
    case engine::Type::text:
      return "VARCHAR";
    case engine::Type::integer:
      return "BIGINT";
    case engine::Type::decimal:
      return fmt::format("DECIMAL({}, {})", width, scale);
    case engine::Type::number:
      return "DOUBLE";
    case engine::Type::boolean:
      return "BOOLEAN";
    case engine::Type::date:
      return "DATE";
    case engine::Type::time:
      return "TIME";
    case engine::Type::datetime:
      return "TIMESTAMP";
  }
  return "VARCHAR";
}

std::string cast_sql(std::string_view expression, engine::Type from, const PartColumn& to) {
  // As text, a moment is written the way it is everywhere else.
  if (to.type == engine::Type::text && from == engine::Type::datetime)
    return fmt::format("replace(CAST({} AS VARCHAR), ' ', 'T')", expression);
  return fmt::format("CAST({} AS {})", expression, sql_type(to.type, to.width, to.scale));
}

std::string rows_sql(const std::vector<catalog::Field>& fields, const std::vector<PartFile>& parts,
                     const std::vector<std::filesystem::path>& deletes) {
  auto wanted = catalog::columns_of(fields);
  // Parts of one shape are read together.
  std::vector<std::pair<std::vector<PartColumn>, std::vector<std::filesystem::path>>> groups;
  for (const auto& part : parts) {
    auto shape = part.columns == wanted ? std::vector<PartColumn>() : part.columns;
    auto group = std::ranges::find(groups, shape, [](const auto& g) { return g.first; });
    if (group == groups.end()) group = groups.insert(groups.end(), {std::move(shape), {}});
    group->second.push_back(part.file);
  }
  std::string names = "_id", rows;
  for (const auto& c : wanted) names += ", " + engine::quote_name(c.id);
  for (const auto& [shape, files] : groups) {
    std::string columns = "_id";
    for (const auto& c : wanted) columns += ", " + column_sql(c, shape);
    rows += fmt::format("{}SELECT {} FROM {}", rows.empty() ? "" : " UNION ALL ", columns, engine::parquet_scan(files));
  }
  if (groups.empty()) {
    rows = "SELECT CAST(NULL AS BIGINT) AS _id";
    for (const auto& c : wanted)
      rows += fmt::format(", CAST(NULL AS {}) AS {}", sql_type(c.type, c.width, c.scale), engine::quote_name(c.id));
    return rows + " WHERE false";
  }
  if (deletes.empty()) return rows;
  auto from = groups.size() == 1 && groups[0].first.empty() ? engine::parquet_scan(groups[0].second) : "(" + rows + ")";
  return fmt::format("SELECT {} FROM {} AS part ANTI JOIN {} AS gone USING (_id)", names, from, engine::parquet_scan(deletes));
}

Result<VersionRows> rows_of(const catalog::Version& version, const blob::BlobStore& blobs) {
  VersionRows out;
  std::vector<PartFile> parts;
  std::vector<std::filesystem::path> deletes;
  for (const auto& part : version.parts) {
    QS_TRY(auto path, blobs.path(part.blob));
    out.files.push_back(path);
    parts.push_back({.file = std::move(path), .columns = part.columns});
  }
  for (const auto& part : version.deletes) {
    QS_TRY(auto path, blobs.path(part.blob));
    out.files.push_back(path);
    deletes.push_back(std::move(path));
  }
  out.select = rows_sql(version.fields, parts, deletes);
  return out;
}

}  // namespace qushu::sharing
