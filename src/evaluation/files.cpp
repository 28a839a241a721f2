// Files as evidence of what is entered by hand: blobs that a row names.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "stored.h"

namespace qushu::evaluation {
namespace {

constexpr std::size_t kMostFiles = 200;  // of a self-evaluation

Result<void> check(const Form& form, const std::vector<File>& files, const Settings& settings, std::string_view item,
                   std::uint64_t size) {
  if (std::ranges::find(form.items, item, &Item::id) == form.items.end())
    return fail(Error{.code = Code::invalid,
                      .id = "evaluation.item",
                      .text = {"自评中没有这个指标，请重新打开。", "The self-evaluation has no such item; open it again."},
                      .subject = "item"});
  if (files.size() >= kMostFiles)
    return fail(Code::conflict, "evaluation.files", fmt::format("一份自评最多 {} 个文件。", kMostFiles),
                fmt::format("A self-evaluation has {} files at most.", kMostFiles));
  auto most = static_cast<std::uint64_t>(settings.integer("evaluation.file_size"));
  if (size > most)
    return fail(Code::too_large, "evaluation.file_size",
                fmt::format("文件最大 {}（设置 evaluation.file_size）。", human_bytes(most)),
                fmt::format("The file has {} at most (setting evaluation.file_size).", human_bytes(most)));
  return {};
}

Failure no_file() {
  return fail(Code::not_found, "evaluation.file", "没有这个文件。", "There is no such file.");
}

}  // namespace

Result<void> Evaluations::check_attach(const Actor& actor, std::string_view id, std::string_view item,
                                       std::uint64_t size) const {
  return deps_.store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto e, load_editable(s, actor, id));
    const auto version = e.versions.front().number;
    QS_TRY(auto form, load_form(s, e.id, version));
    QS_TRY(auto files, load_files(s, e.id, version));
    return check(form, files, deps_.settings, item, size);
  });
}

Result<Detail> Evaluations::attach(const Actor& actor, std::string_view id, std::string_view item, std::string_view file_name,
                                   const blob::BlobInfo& content) {
  auto called = file_name_of(file_name);
  if (called.empty())
    return fail(Error{.code = Code::invalid,
                      .id = "evaluation.file_name",
                      .text = {"请写明文件名。", "The file's name is needed."},
                      .subject = "name"});
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_editable(t, actor, id));
    const auto version = e.versions.front().number;
    QS_TRY(auto form, load_form(t, e.id, version));
    QS_TRY(auto files, load_files(t, e.id, version));
    QS_CHECK(check(form, files, deps_.settings, item, content.size));
    QS_CHECK(
        t.exec("INSERT INTO evaluation_file (id, evaluation_id, version, item, name, blob, size, person_id, person_name, at) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {new_id(), e.id, version, item, called, content.sha256, static_cast<std::int64_t>(content.size), actor.person_id,
                actor.name, deps_.clock.now()}));
    QS_CHECK(changed(t, actor, e, "attach", called, {{"sha256", content.sha256}}));
    return detail(t, actor, id);
  });
}

Result<Detail> Evaluations::detach(const Actor& actor, std::string_view id, std::string_view file) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Detail> {
    QS_TRY(auto e, load_editable(t, actor, id));
    const auto version = e.versions.front().number;
    QS_TRY(auto files, load_files(t, e.id, version));
    auto found = std::ranges::find(files, file, &File::id);
    if (found == files.end()) return no_file();
    QS_CHECK(t.exec("DELETE FROM evaluation_file WHERE id = ?", {file}));
    QS_CHECK(changed(t, actor, e, "detach", found->name, {{"sha256", found->blob}}));
    return detail(t, actor, id);
  });
}

Result<File> Evaluations::file(const Actor& actor, std::string_view id, std::string_view file) const {
  return deps_.store.read([&](store::Session& s) -> Result<File> {
    QS_TRY(auto e, load_visible(s, actor, id));
    for (const auto& version : e.versions) {
      QS_TRY(auto files, load_files(s, e.id, version.number));
      if (auto found = std::ranges::find(files, file, &File::id); found != files.end()) return *found;
    }
    return no_file();
  });
}

Result<bool> Evaluations::uses_blob(std::string_view sha256) const {
  return deps_.store.read([&](store::Session& s) -> Result<bool> {
    QS_TRY(auto row, s.one("SELECT 1 FROM evaluation_file WHERE blob = ? LIMIT 1", {sha256}));
    return row.has_value();
  });
}

}  // namespace qushu::evaluation
