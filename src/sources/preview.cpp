#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/tabular/tabular.h"

#include "stored.h"

namespace qushu::sources {

Result<Preview> StoredSources::preview(const Access& access, const Selection& selection, std::size_t rows,
                                       const Cancelled& cancelled) {
  if (holds_files(access->kind)) return preview_file(*access, selection, rows, cancelled);
  QS_CHECK(check_selection(selection));
  QS_TRY(auto database, connect(*access, context(cancelled)));
  QS_TRY(auto stream, sources::stream(std::move(database), selection, rows, context(cancelled)));
  Preview out{.columns = stream->described(), .rows = {}, .file = {}};
  auto time = std::chrono::seconds(deps_.settings.integer("sources.query_timeout"));
  QS_TRY(auto cursor, deps_.engine.run({.sql = "SELECT * EXCLUDE (\"_id\") FROM rows ORDER BY \"_id\"",
                                        .params = {},
                                        .tables = {{"rows", stream.get()}},
                                        .limits = {.time = time, .cancelled = cancelled}}));
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      auto& line = out.rows.emplace_back();
      for (std::size_t column = 0; column < out.columns.size(); ++column) {
        if (chunk->is_null(column, row)) {
          line.emplace_back();
          continue;
        }
        std::string text;
        chunk->append_text(column, row, text);
        line.emplace_back(shorten(text, 500));
      }
    }
  }
  return out;
}

namespace {

// The file's front ends within a line; that piece would look like a broken row.
void drop_last_line(const std::filesystem::path& file) {
  std::error_code failed;
  auto size = std::filesystem::file_size(file, failed);
  std::ifstream in(file, std::ios::binary);
  for (auto at = size; !failed && at > 0; --at) {
    in.seekg(static_cast<std::streamoff>(at - 1));
    if (in.get() != '\n') continue;
    std::filesystem::resize_file(file, at, failed);
    return;
  }
}

ColumnInfo info_of(const tabular::ColumnFacts& facts) {
  return {.column = {.name = facts.plan.name, .type = facts.plan.type, .width = facts.plan.width, .scale = facts.plan.scale},
          .source_name = facts.plan.name,
          .source_type = {},
          .nullable = true,
          .note = facts.why};
}

}  // namespace

Result<Preview> StoredSources::preview_file(const Target& target, const Selection& selection, std::size_t rows,
                                            const Cancelled& cancelled) const {
  QS_TRY(auto folder, open_folder(target, context(cancelled)));
  QS_TRY(auto files, folder->files(selection.pattern));
  if (files.empty())
    return fail(wrong("source.no_files", "selection.pattern", "没有符合的文件，请检查目录和文件名模式。",
                      "No file matches; check the folder and the pattern."));
  const auto& file = files.front();
  auto limit = static_cast<std::uint64_t>(deps_.settings.integer("sources.preview_limit"));
  QS_TRY(auto fetched, folder->fetch(file, std::nullopt, {}, limit));
  QS_TRY(auto blob, deps_.blobs.path(fetched.blob.sha256));
  auto scratch = deps_.scratch / ("preview-" + new_id());
  std::error_code failed;
  std::filesystem::create_directories(scratch, failed);
  struct Gone {
    std::filesystem::path path;
    ~Gone() {
      std::error_code ignored;  // emptied at the next start as well
      std::filesystem::remove_all(path, ignored);
    }
  } gone{scratch};
  auto copy = scratch / "front";
  std::filesystem::copy_file(blob, copy, failed);
  if (failed) return fail_errno(failed.value(), "copy " + blob.string());
  auto cut = fetched.blob.size >= limit;
  if (cut && !tabular::File::is_text(copy, file.name))
    return fail(wrong(
        "source.preview", "selection.pattern",
        fmt::format("“{}”超过预览上限 {}，且不是文本文件，无法只看开头。可调大设置 sources.preview_limit。", file.name,
                    human_bytes(limit)),
        fmt::format("“{}” is larger than {} and no text file, so its front alone says nothing; raise sources.preview_limit.",
                    file.name, human_bytes(limit))));
  if (cut) drop_last_line(copy);
  QS_TRY(auto opened, tabular::File::open(copy, file.name, scratch, deps_.settings));
  Preview out{.columns = {}, .rows = {}, .file = file.name};
  for (const auto& location : opened->tables()) {
    QS_TRY(auto facts, opened->analyse(location, {}, {.bytes = {}, .cancelled = cancelled}));
    if (facts.columns.empty()) continue;
    for (const auto& column : facts.columns) out.columns.push_back(info_of(column));
    for (const auto& line : facts.preview) {
      if (out.rows.size() >= rows) break;
      auto& row = out.rows.emplace_back();
      for (const auto& cell : line) row.emplace_back(cell);
      row.resize(out.columns.size());
    }
    return out;
  }
  return fail(wrong("source.preview", "selection.pattern", fmt::format("“{}”里没有可读的表。", file.name),
                    fmt::format("“{}” holds no table that can be read.", file.name)));
}

}  // namespace qushu::sources
