#include "writing.h"

#include <cerrno>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/blob/write_behind.h"

namespace qushu::ingest {

namespace {

engine::Limits limits_of(const Cancelled& cancelled) {
  return {.time = std::chrono::hours(24), .cancelled = cancelled};
}

}  // namespace

Result<std::uint64_t> write_part(engine::Engine& engine, PartFile part) {
  // Columns of more different values than that in a row group get no dictionary: building one costs more than it saves.
  constexpr std::string_view kOptions = "FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 8192";
  std::optional<blob::WriteBehind> behind;
  if (!part.small) behind.emplace(part.file);
  auto written =
      engine.execute({.sql = fmt::format("COPY ({}) TO {} ({}{})", part.select, engine::quote_text(part.file.string()),
                                         kOptions, part.small ? ", ROW_GROUP_SIZE 20480" : ""),
                      .params = std::move(part.params),
                      .tables = std::move(part.tables),
                      .limits = std::move(part.limits),
                      .ordered = part.ordered,
                      .large = !part.small});
  if (written && behind)
    if (auto sent = behind->end(); !sent) written = Failure(std::move(sent).error());
  if (!written) {
    std::error_code ignored;  // the folder goes with the process
    std::filesystem::remove(part.file, ignored);
  }
  return written;
}

RejectFile::RejectFile(const std::filesystem::path& folder)
    : path_(folder / ("rejects-" + new_id() + ".ndjson")), out_(path_, std::ios::binary) {}

RejectFile::~RejectFile() {
  std::error_code ignored;  // the folder goes with the process
  std::filesystem::remove(path_, ignored);
}

Result<void> RejectFile::write(const std::string& file, const std::string& table, const tabular::File::RejectedRow& row) {
  std::string field, value, zh, en;
  for (const auto& m : row.misfits) {
    field += (field.empty() ? "" : "、") + m.column;
    value += (value.empty() ? "" : " | ") + m.value;
    zh += (zh.empty() ? "" : "；") + (row.misfits.size() > 1 ? m.column + "：" : "") + m.reason.zh;
    en += (en.empty() ? "" : "; ") + (row.misfits.size() > 1 ? m.column + ": " : "") + m.reason.en;
  }
  out_ << json::serialize(json::object{{"file", file},
                                       {"sheet", table},
                                       {"line", row.line},
                                       {"field", field},
                                       {"value", value},
                                       {"reason_zh", zh},
                                       {"reason_en", en},
                                       {"raw", row.raw}})
       << '\n';
  ++rows_;
  if (!out_) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + path_.string());
  return {};
}

Result<std::string> RejectFile::keep(engine::Engine& engine, blob::BlobStore& blobs, const Cancelled& cancelled) {
  if (rows_ == 0) return std::string();
  out_.flush();
  if (!out_) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + path_.string());
  auto target = std::filesystem::path(path_).replace_extension(".parquet");
  auto sql = fmt::format(
      "COPY (SELECT * FROM read_json({}, format = 'newline_delimited', maximum_object_size = 16777216, columns = {{file: "
      "'VARCHAR', sheet: 'VARCHAR', line: 'BIGINT', field: 'VARCHAR', value: 'VARCHAR', "
      "reason_zh: 'VARCHAR', reason_en: 'VARCHAR', raw: 'VARCHAR'}}) ORDER BY sheet, line) TO {} (FORMAT parquet, "
      "COMPRESSION zstd)",
      engine::quote_text(path_.string()), engine::quote_text(target.string()));
  QS_CHECK(engine.execute({.sql = sql, .limits = limits_of(cancelled)}));
  QS_TRY(auto blob, blobs.adopt(target));
  return blob.sha256;
}

Result<blob::BlobInfo> write_rows(const tabular::File::Reading& reading, const std::vector<std::string>& ids,
                                  std::int64_t offset, engine::Engine& engine, blob::BlobStore& blobs,
                                  const Cancelled& cancelled) {
  auto target = blobs.temporary_folder() / ("part-" + new_id() + ".parquet");
  std::string columns = offset == 0 ? "_id" : fmt::format("_id + {} AS _id", offset);
  for (const auto& id : ids) columns += ", " + engine::quote_name(id);
  QS_TRY(auto written, write_part(engine, {.select = fmt::format("SELECT {} FROM file_rows", columns),
                                           .file = target,
                                           .tables = {{.name = "file_rows", .source = reading.source.get()}},
                                           .limits = limits_of(cancelled),
                                           .small = reading.bytes <= kSmallPartBytes}));
  QS_TRY(auto blob, blobs.adopt(target));
  auto published = reading.counts->published.load(), read = reading.counts->read.load(),
       rejected = reading.counts->rejected.load();
  if (read != published + rejected || written != published)
    return fail_internal(fmt::format("{} read, {} published, {} rejected, {} written", read, published, rejected, written));
  return blob;
}

Result<std::int64_t> last_id(engine::Engine& engine, const blob::BlobStore& blobs, const std::string& blob,
                             const Cancelled& cancelled) {
  QS_TRY(auto path, blobs.path(blob));
  QS_TRY(auto cursor,
         engine.run({.sql = "SELECT max(_id) FROM " + engine::parquet_scan({path}), .limits = limits_of(cancelled)}));
  QS_TRY(const auto* chunk, cursor->next());
  return chunk && chunk->rows() > 0 && !chunk->is_null(0, 0) ? chunk->integer(0, 0) : 0;
}

}  // namespace qushu::ingest
