// Files of records: blobs that a row names.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "access.h"
#include "loaded.h"

namespace qushu::registers {
namespace {

constexpr std::string_view kColumns = "id, field, name, blob, size, person_id, person_name, at";

File file_of(const store::Row& row) {
  return {.id = row.text(0),
          .field = row.text(1),
          .name = row.text(2),
          .blob = row.text(3),
          .size = static_cast<std::uint64_t>(row.integer(4)),
          .person_id = row.text(5),
          .person_name = row.text(6),
          .at = row.time(7)};
}

// Who may edit the record may, and who is to move it by a transition that asks for the file.
bool may_attach(const Definition& d, const Actor& actor, const Record& record, std::string_view field) {
  auto owner = owner_of(record);
  const auto* state = d.state(record.state);
  if ((state == nullptr || !state->locked) && allows(d.permissions.edit, actor, &owner)) return true;
  return std::ranges::any_of(d.transitions, [&](const Transition& t) {
    return std::ranges::find(t.from, record.state) != t.from.end() && std::ranges::find(t.require, field) != t.require.end() &&
           allows(t.who, actor, &owner);
  });
}

Result<void> check(store::Session& s, const Definition& d, const Actor& actor, const Settings& settings, const Record& record,
                   std::string_view field, std::uint64_t size) {
  const auto* known = find_column(d, field);
  if (known == nullptr || known->kind != Kind::attachment)
    return fail(Error{.code = Code::invalid,
                      .id = "record.file_field",
                      .text = {fmt::format("台账没有附件字段“{}”。", shorten(field, 60)),
                               fmt::format("The register has no attachments “{}”.", shorten(field, 60))},
                      .subject = "field"});
  if (!may_attach(d, actor, record, field))
    return may_not("您现在不能在这条记录上增减附件。", "You may not add or remove files of this record now.");
  auto largest = static_cast<std::uint64_t>(settings.integer("registers.file_size"));
  if (size > largest)
    return fail(Code::too_large, "record.file_size",
                fmt::format("附件最大 {}（设置 registers.file_size）。", human_bytes(largest)),
                fmt::format("A file has {} at most (setting registers.file_size).", human_bytes(largest)));
  QS_TRY(auto row, s.one("SELECT count(*) FROM register_file WHERE record_id = ? AND removed IS NULL", {record.id}));
  auto most = settings.integer("registers.files");
  if (row->integer(0) >= most)
    return fail(Code::conflict, "record.files", fmt::format("一条记录最多 {} 个附件（设置 registers.files）。", most),
                fmt::format("A record has {} files at most (setting registers.files).", most));
  return {};
}

Result<void> recount(store::Transaction& t, const Definition& d, const Record& record, std::string_view field) {
  const auto* known = find_column(d, field);
  if (known == nullptr) return {};  // retired meanwhile
  QS_CHECK(t.exec(fmt::format("UPDATE {} SET {} = (SELECT count(*) FROM register_file f WHERE f.record_id = ? AND f.field = ? "
                              "AND f.removed IS NULL) WHERE id = ?",
                              table_of(d.code), stored_columns(*known).front().name),
                  {record.id, field, record.id}));
  return {};
}

Failure no_file() {
  return fail(Code::not_found, "record.file", "没有这个附件。", "There is no such file.");
}

Result<File> find_file(store::Session& s, const Record& record, std::string_view file) {
  QS_TRY(auto row,
         s.one(fmt::format("SELECT {} FROM register_file WHERE id = ? AND record_id = ? AND removed IS NULL", kColumns),
               {file, record.id}));
  if (!row) return no_file();
  return file_of(*row);
}

}  // namespace

Result<void> Registers::check_attach(const Actor& actor, std::string_view code, std::string_view id, std::string_view field,
                                     std::uint64_t size) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<void> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    QS_TRY(auto record, find_record(s, loaded->entry.definition, actor, id));
    return check(s, loaded->entry.definition, actor, deps_.settings, record, field, size);
  });
}

Result<File> Registers::attach(const Actor& actor, std::string_view code, std::string_view id, std::string_view field,
                               std::string_view file_name, const blob::BlobInfo& content) {
  File file{.id = new_id(),
            .field = std::string(field),
            .name = file_name_of(file_name),
            .blob = content.sha256,
            .size = content.size,
            .person_id = actor.person_id,
            .person_name = actor.name};
  if (file.name.empty())
    return fail(Error{.code = Code::invalid,
                      .id = "record.file_name",
                      .text = {"请写明文件名。", "The file's name is needed."},
                      .subject = "name"});
  return write_steadily(deps_.store, [&](store::Transaction& t) -> Result<File> {
    QS_TRY(auto loaded, load_visible(t, actor, code));
    const auto& d = loaded->entry.definition;
    QS_TRY(auto record, find_record(t, d, actor, id));
    QS_CHECK(check(t, d, actor, deps_.settings, record, field, content.size));
    file.at = record.changed = deps_.clock.now();
    QS_CHECK(
        t.exec("INSERT INTO register_file (id, register, record_id, field, name, blob, size, person_id, person_name, at) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {file.id, d.code, record.id, file.field, file.name, file.blob, static_cast<std::int64_t>(file.size),
                file.person_id, file.person_name, file.at}));
    QS_CHECK(recount(t, d, record, field));
    QS_CHECK(keep_change(t, actor, d, record,
                         {.action = "attach",
                          .from_state = record.state,
                          .to_state = record.state,
                          .comment = {},
                          .differences = {json::object{{"field", field}, {"before", nullptr}, {"after", file.name}}}}));
    return file;
  });
}

Result<void> Registers::detach(const Actor& actor, std::string_view code, std::string_view id, std::string_view which) {
  return write_steadily(deps_.store, [&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto loaded, load_visible(t, actor, code));
    const auto& d = loaded->entry.definition;
    QS_TRY(auto record, find_record(t, d, actor, id));
    QS_TRY(auto file, find_file(t, record, which));
    if (!may_attach(d, actor, record, file.field))
      return may_not("您现在不能在这条记录上增减附件。", "You may not add or remove files of this record now.");
    record.changed = deps_.clock.now();
    QS_CHECK(t.exec("UPDATE register_file SET removed = ? WHERE id = ?", {record.changed, file.id}));
    QS_CHECK(recount(t, d, record, file.field));
    return keep_change(t, actor, d, record,
                       {.action = "detach",
                        .from_state = record.state,
                        .to_state = record.state,
                        .comment = {},
                        .differences = {json::object{{"field", file.field}, {"before", file.name}, {"after", nullptr}}}});
  });
}

Result<std::vector<File>> files_of(store::Session& s, std::string_view record_id) {
  QS_TRY(auto rows,
         s.query(fmt::format("SELECT {} FROM register_file WHERE record_id = ? AND removed IS NULL ORDER BY id", kColumns),
                 {record_id}));
  std::vector<File> out;
  for (const auto& row : rows) out.push_back(file_of(row));
  return out;
}

Result<std::vector<File>> Registers::files(const Actor& actor, std::string_view code, std::string_view id) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<std::vector<File>> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    QS_TRY(auto record, find_record(s, loaded->entry.definition, actor, id));
    return files_of(s, record.id);
  });
}

Result<File> Registers::file(const Actor& actor, std::string_view code, std::string_view id, std::string_view file) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<File> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    QS_TRY(auto record, find_record(s, loaded->entry.definition, actor, id));
    return find_file(s, record, file);
  });
}

Result<bool> Registers::uses_blob(std::string_view sha256) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<bool> {
    // A file that was taken off a record is part of its history.
    QS_TRY(auto row, s.one("SELECT 1 FROM register_file WHERE blob = ? LIMIT 1", {sha256}));
    return row.has_value();
  });
}

}  // namespace qushu::registers
