// Inside the module: one writer for each format of export.h.
#pragma once

#include "qushu/query/export.h"

namespace qushu::query {

[[nodiscard]] Result<std::uint64_t> write_csv(engine::Cursor& cursor, const Sink& sink, const WriteOptions& options);
[[nodiscard]] Result<std::uint64_t> write_json(engine::Cursor& cursor, const Sink& sink, bool lines);
[[nodiscard]] Result<std::uint64_t> write_table(engine::Cursor& cursor, const Sink& sink, const WriteOptions& options);
[[nodiscard]] Result<std::uint64_t> write_xlsx(engine::Cursor& cursor, const std::filesystem::path& file,
                                               const WriteOptions& options);
[[nodiscard]] Result<std::uint64_t> write_parquet(engine::Cursor& cursor, const std::filesystem::path& file,
                                                  const WriteOptions& options);

}  // namespace qushu::query
