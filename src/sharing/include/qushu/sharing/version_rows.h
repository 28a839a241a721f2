// The rows of a version as SQL: its parts less its deletes, in the shape of its fields.
//
// Parts that were written under other fields are read in today's: a field that came later is empty in them, a field of another
// type is cast. Only versions with deletes pay for them. This is for code that makes versions; whoever shows rows to somebody
// asks the policy.
//
// Thread-safety: plain functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"

namespace qushu::sharing {

struct VersionRows {
  std::string select;                        // SELECT _id and the fields by identifier, for use as a subquery
  std::vector<std::filesystem::path> files;  // what it reads
};

[[nodiscard]] Result<VersionRows> rows_of(const catalog::Version& version, const blob::BlobStore& blobs);

// A part that is no blob yet.
struct PartFile {
  std::filesystem::path file;
  std::vector<catalog::PartColumn> columns = {};  // as catalog::Part::columns
};
[[nodiscard]] std::string rows_sql(const std::vector<catalog::Field>& fields, const std::vector<PartFile>& parts,
                                   const std::vector<std::filesystem::path>& deletes);

// "DECIMAL(12, 2)": the engine's name of a column's type.
[[nodiscard]] std::string sql_type(engine::Type type, std::uint8_t width, std::uint8_t scale);
// `expression` of one type as a value of another that holds all of its values.
[[nodiscard]] std::string cast_sql(std::string_view expression, engine::Type from, const catalog::PartColumn& to);

}  // namespace qushu::sharing
