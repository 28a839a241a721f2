// Writing an answer in the formats that people and machines take: CSV, JSON, NDJSON, Parquet, XLSX, and a table for terminals.
//
// Text stays text. In XLSX no cell is ever a formula. In CSV, a text that a spreadsheet would take for a formula (it begins
// with = + - @ or a control character and is no plain number) gets an apostrophe in front, unless `raw` asks for the bare
// bytes. Numbers that JSON readers and Excel would round (more than 15 digits) are written as text there.
//
// Thread-safety: free functions; a Cursor belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/engine/engine.h"

namespace qushu::query {

enum class Format : std::uint8_t { table, csv, json, ndjson, parquet, xlsx };
[[nodiscard]] std::string_view name(Format format);  // also the file name's extension
[[nodiscard]] bool parse(std::string_view text, Format& out);
[[nodiscard]] std::string_view content_type(Format format);
// Whether the whole file has to be made before its first byte can be sent.
[[nodiscard]] bool needs_file(Format format);

// Rows of an Excel sheet beside its header.
constexpr std::uint64_t kXlsxRows = 1'048'575;
[[nodiscard]] Failure too_many_for_xlsx();

using Sink = std::function<Result<void>(std::string_view bytes)>;

struct WriteOptions {
  std::vector<std::string> headers = {};  // of csv, xlsx and table; empty: the columns' own names
  bool bom = false;                       // of csv: a byte order mark, so that Excel reads UTF-8
  bool raw = false;                       // of csv: no apostrophes
  std::string sheet = "Sheet1";           // of xlsx
  // Where parquet and xlsx are made, on this machine's disk, before their bytes go to the sink. The engine writes Parquet.
  engine::Engine* engine = nullptr;
  std::filesystem::path folder = {};
  engine::Limits limits = {};  // of the engine's work for parquet; the cursor has its own
};

// The rows of `cursor`, to the end; how many there were. Excel's limit of 1,048,575 rows is an error too_large.
[[nodiscard]] Result<std::uint64_t> write_rows(Format format, engine::Cursor& cursor, const Sink& sink,
                                               const WriteOptions& options = {});
// The same into a file of its own in options.folder (any format).
struct WrittenFile {
  std::filesystem::path path;
  std::shared_ptr<const void> keep;  // removes the file with its last copy
  std::uint64_t rows = 0;
};
[[nodiscard]] Result<WrittenFile> write_file(Format format, engine::Cursor& cursor, const WriteOptions& options);

// A file name inside `folder` that nobody else uses, and what removes the file.
[[nodiscard]] WrittenFile temporary_file(const std::filesystem::path& folder, std::string_view extension);

}  // namespace qushu::query
