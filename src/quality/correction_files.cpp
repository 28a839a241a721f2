#include "correction_files.h"

#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/base/id.h"
#include "qushu/base/text.h"

namespace qushu::quality {
namespace {

constexpr std::string_view kColumns = "id, correction_id, part, name, blob, size, person_id, person_name, at";

CorrectionFile file_of(const store::Row& row) {
  return {.id = row.text(0),
          .correction_id = row.text(1),
          .part = row.text(2) == name(FilePart::answer) ? FilePart::answer : FilePart::report,
          .name = row.text(3),
          .blob = row.text(4),
          .size = static_cast<std::uint64_t>(row.integer(5)),
          .person_id = row.text(6),
          .person_name = row.text(7),
          .at = row.time(8)};
}

}  // namespace

std::string_view name(FilePart part) {
  return part == FilePart::answer ? "answer" : "report";
}

Result<void> check_room(store::Session& s, const Settings& settings, const std::string& correction_id, std::uint64_t size) {
  auto limit = static_cast<std::uint64_t>(settings.integer("quality.correction_file_size"));
  if (size > limit)
    return fail(Error{.code = Code::too_large,
                      .id = "correction.file_size",
                      .text = {fmt::format("一个附件最多 {}。请压缩或拆分后再传。", human_bytes(limit)),
                               fmt::format("A file may have {} at most; compress or split it.", human_bytes(limit))},
                      .subject = "body"});
  auto most = settings.integer("quality.correction_files");
  QS_TRY(auto row, s.one("SELECT count(*) FROM correction_file WHERE correction_id = ?", {correction_id}));
  if (row->integer(0) < most) return {};
  return fail(Code::conflict, "correction.files", fmt::format("一个工单最多 {} 个附件，请合并后再传。", most),
              fmt::format("A ticket takes {} files at most; put several into one.", most));
}

Result<CorrectionFile> file_to_attach(std::string_view file_name, const blob::BlobInfo& content) {
  CorrectionFile f{.id = new_id(), .name = file_name_of(file_name), .blob = content.sha256, .size = content.size};
  if (f.name.empty())
    return fail(Error{.code = Code::invalid,
                      .id = "correction.file_name",
                      .text = {"请给出文件名。", "Give the file's name."},
                      .subject = "name"});
  if (f.size == 0)
    return fail(Error{.code = Code::invalid,
                      .id = "correction.file_empty",
                      .text = {"文件是空的。", "The file is empty."},
                      .subject = "body"});
  return f;
}

Result<void> insert_file(store::Transaction& t, const CorrectionFile& f) {
  QS_CHECK(t.exec(fmt::format("INSERT INTO correction_file ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns),
                  {f.id, f.correction_id, name(f.part), f.name, f.blob, f.size, f.person_id, f.person_name, f.at}));
  return {};
}

Result<void> remove_file(store::Transaction& t, const std::string& id) {
  QS_CHECK(t.exec("DELETE FROM correction_file WHERE id = ?", {id}));
  return {};
}

Result<std::vector<CorrectionFile>> load_files(store::Session& s, const std::string& correction_id) {
  QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM correction_file WHERE correction_id = ? ORDER BY at, id", kColumns),
                            {correction_id}));
  std::vector<CorrectionFile> list;
  for (const auto& row : rows) list.push_back(file_of(row));
  return list;
}

Result<CorrectionFile> load_file(store::Session& s, const std::string& correction_id, std::string_view id) {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM correction_file WHERE correction_id = ? AND id = ?", kColumns),
                         {correction_id, id}));
  if (!row)
    return fail(Code::not_found, "correction.no_file", "工单没有这个附件，可能已被删除。",
                "The ticket has no such file; it may have been removed.");
  return file_of(*row);
}

Result<bool> file_uses_blob(store::Session& s, std::string_view sha256) {
  QS_TRY(auto row, s.one("SELECT 1 FROM correction_file WHERE blob = ? LIMIT 1", {sha256}));
  return row.has_value();
}

}  // namespace qushu::quality
