// The rows of a table on their way into blobs: Parquet for those that fit, Parquet with reasons for the others.
#pragma once

#include <fstream>

#include "qushu/blob/blob_store.h"
#include "qushu/engine/engine.h"
#include "qushu/ingest/change.h"
#include "qushu/tabular/tabular.h"

namespace qushu::ingest {

// A SELECT on its way into a Parquet file, as parts are written.
struct PartFile {
  std::string select;
  std::filesystem::path file;
  std::vector<engine::Bound> tables = {};
  std::vector<engine::Value> params = {};
  engine::Limits limits = {};
  bool ordered = false;
  // So few rows that they would be one row group or two: they become more of them, so that all cores write it, and read it.
  // Others go to the disk while they are written.
  bool small = false;
};
inline constexpr std::uint64_t kSmallPartRows = 400'000, kSmallPartBytes = std::uint64_t{64} << 20U;
// The rows written. After an error the file is gone.
[[nodiscard]] Result<std::uint64_t> write_part(engine::Engine& engine, PartFile part);

// Rejected rows, gathered as NDJSON that the engine reads. Used by one thread at a time.
class RejectFile {
 public:
  explicit RejectFile(const std::filesystem::path& folder);
  ~RejectFile();
  RejectFile(const RejectFile&) = delete;
  RejectFile& operator=(const RejectFile&) = delete;
  Result<void> write(const std::string& file, const std::string& table, const tabular::File::RejectedRow& row);
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  // The blob of all that was written (Parquet: file, sheet, line, field, value, reason_zh, reason_en, raw); "" when there is
  // nothing.
  Result<std::string> keep(engine::Engine& engine, blob::BlobStore& blobs, const Cancelled& cancelled);

 private:
  std::filesystem::path path_;
  std::ofstream out_;
  std::uint64_t rows_ = 0;
};

// Scans the reading to its end into a Parquet blob whose `_id` is the line plus `offset`. The counts add up, or it is an error.
[[nodiscard]] Result<blob::BlobInfo> write_rows(const tabular::File::Reading& reading, const std::vector<std::string>& ids,
                                                std::int64_t offset, engine::Engine& engine, blob::BlobStore& blobs,
                                                const Cancelled& cancelled);

// The largest `_id` of a part; 0 when it has no rows.
[[nodiscard]] Result<std::int64_t> last_id(engine::Engine& engine, const blob::BlobStore& blobs, const std::string& blob,
                                           const Cancelled& cancelled);

}  // namespace qushu::ingest
