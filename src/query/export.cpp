#include "qushu/query/export.h"

#include <array>
#include <cerrno>
#include <fstream>

#include "qushu/base/id.h"

#include "writers.h"

namespace qushu::query {
namespace {

constexpr std::array<std::string_view, 6> kNames{"table", "csv", "json", "ndjson", "parquet", "xlsx"};

Result<void> send_file(const std::filesystem::path& path, const Sink& sink) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_errno(errno, "open " + path.string());
  std::string buffer(std::size_t{256} << 10, '\0');
  for (;;) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (file.bad()) return fail_errno(EIO, "read " + path.string());
    auto got = static_cast<std::size_t>(file.gcount());
    if (got == 0) return {};
    QS_CHECK(sink(std::string_view(buffer).substr(0, got)));
  }
}

}  // namespace

std::string_view name(Format format) {
  return kNames.at(static_cast<std::size_t>(format));
}

bool parse(std::string_view text, Format& out) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != text) continue;
    out = static_cast<Format>(i);
    return true;
  }
  return false;
}

std::string_view content_type(Format format) {
  switch (format) {
    case Format::table:
      return "text/plain; charset=utf-8";
    case Format::csv:
      return "text/csv; charset=utf-8";
    case Format::json:
      return "application/json";
    case Format::ndjson:
      return "application/x-ndjson";
    case Format::parquet:
      return "application/vnd.apache.parquet";
    case Format::xlsx:
      return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  }
  return "application/octet-stream";
}

bool needs_file(Format format) {
  return format == Format::parquet || format == Format::xlsx;
}

WrittenFile temporary_file(const std::filesystem::path& folder, std::string_view extension) {
  auto path = folder / (new_id() + "." + std::string(extension));
  return {.path = path, .keep = std::shared_ptr<const void>(nullptr, [path](const void*) {
                          std::error_code ignored;  // the folder is emptied at the next start anyway
                          std::filesystem::remove(path, ignored);
                        })};
}

Result<WrittenFile> write_file(Format format, engine::Cursor& cursor, const WriteOptions& options) {
  auto file = temporary_file(options.folder, name(format));
  if (format == Format::xlsx) {
    QS_TRY(file.rows, write_xlsx(cursor, file.path, options));
    return file;
  }
  if (format == Format::parquet) {
    QS_TRY(file.rows, write_parquet(cursor, file.path, options));
    return file;
  }
  std::ofstream out(file.path, std::ios::binary);
  QS_TRY(file.rows, write_rows(
                        format, cursor,
                        [&](std::string_view bytes) -> Result<void> {
                          out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
                          if (!out) return fail_errno(errno, "write " + file.path.string());
                          return {};
                        },
                        options));
  out.close();
  if (!out) return fail_errno(errno, "close " + file.path.string());
  return file;
}

Result<std::uint64_t> write_rows(Format format, engine::Cursor& cursor, const Sink& sink, const WriteOptions& options) {
  switch (format) {
    case Format::table:
      return write_table(cursor, sink, options);
    case Format::csv:
      return write_csv(cursor, sink, options);
    case Format::json:
    case Format::ndjson:
      return write_json(cursor, sink, format == Format::ndjson);
    case Format::parquet:
    case Format::xlsx:
      break;
  }
  QS_TRY(auto file, write_file(format, cursor, options));
  QS_CHECK(send_file(file.path, sink));
  return file.rows;
}

}  // namespace qushu::query
