#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "push_pause.h"
#include "stored.h"
#include "writing.h"

namespace qushu::ingest {
// The import's file, unpacked only when somebody must read it.
class StoredImports::LazyFile {
 public:
  LazyFile(const StoredImports& imports, const Import& import) : imports_(imports), import_(import) {}
  Result<tabular::File*> open() {
    if (!file_) {
      QS_TRY(file_, imports_.open_file(import_));
    }
    return file_.get();
  }

 private:
  const StoredImports& imports_;
  const Import& import_;
  std::unique_ptr<tabular::File> file_;
};

struct StoredImports::Made {
  std::string code;
  json::object entry;
  Change change;
  std::vector<std::size_t> tables;  // which of the import's
  std::vector<std::uint64_t> published;
};

// The fields that the tables' columns become.
Result<std::vector<catalog::Field>> StoredImports::fields_for(const json::object& table, const std::string& dataset) const {
  std::vector<std::string> names;
  for (const auto& item : table.at("columns").as_array())
    if (!flag_at(item.as_object(), "skip")) names.push_back(text_at(item.as_object(), "name"));
  QS_TRY(auto ids, deps_.catalog.identifiers(dataset, names));
  auto plan = plan_of(table);
  std::vector<catalog::Field> fields;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].skip) continue;
    const auto& c = table.at("columns").as_array()[i].as_object();
    fields.push_back({.id = ids[fields.size()],
                      .name = plan[i].name,
                      .description = text_at(c, "description"),
                      .type = plan[i].type,
                      .width = plan[i].width,
                      .scale = plan[i].scale,
                      .unit = plan[i].unit,
                      .level = text_at(c, "level"),
                      .key = flag_at(c, "key")});
  }
  return fields;
}

Result<StoredImports::Made> StoredImports::make_version(jobs::Context& context, const Import& import, LazyFile& files,
                                                        const std::vector<const json::object*>& tables, std::size_t done,
                                                        std::size_t all) {
  Made made;
  made.entry = tables.front()->at("dataset").as_object();
  made.code = text_at(made.entry, "code");
  auto mode = Mode::full;
  if (auto word = text_at(made.entry, "mode"); !word.empty()) static_cast<void>(parse(word, mode));
  auto find = [&] { return deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, made.code); }); };
  QS_TRY(auto known, find());
  if (known && mode != Mode::full) {
    QS_CHECK(pause_pushes(deps_.store, known->id, context.job()));
    QS_TRY(known, find());
  }
  Incoming incoming{.fields = {}, .job_id = context.job().id, .delete_missing = flag_at(made.entry, "delete_missing")};
  QS_TRY(incoming.fields, fields_for(*tables.front(), known ? known->id : std::string()));
  std::vector<std::string> ids;
  for (const auto& field : incoming.fields) ids.push_back(field.id);
  RejectFile rejects(deps_.blobs.temporary_folder());
  auto cancelled = [&context] { return context.cancelled(); };
  Incoming::Counts counts;
  std::int64_t offset = 0;
  for (const auto* table : tables) {
    auto location = text_at(*table, "location");
    auto shown = location.empty() ? import.file_name : location;
    // What the analysis wrote on its way is the version, when nothing was corrected since.
    auto draft = tables.size() == 1 ? draft_of(*table, ids) : std::nullopt;
    if (draft && !deps_.blobs.path(draft->part.blob)) draft.reset();
    if (!draft) {
      auto sink = [&](const tabular::File::RejectedRow& row) { return rejects.write(import.file_name, location, row); };
      auto step = progress_of(context, static_cast<double>(done) / static_cast<double>(all),
                              static_cast<double>(done + 1) / static_cast<double>(all), {"写入 " + shown, "Writing " + shown});
      QS_TRY(auto file, files.open());
      QS_TRY(auto reading, file->read(location, dialect_of(*table), plan_of(*table), ids, sink, step));
      QS_TRY(auto blob, write_rows(reading, ids, offset, deps_.engine, deps_.blobs, cancelled));
      auto& c = *reading.counts;
      draft = Draft{.part = {.blob = blob.sha256, .rows = c.published, .bytes = blob.size, .first_id = offset},
                    .read = c.read,
                    .rejected = c.rejected};
    }
    counts.read += draft->read;
    counts.rejected += draft->rejected;
    counts.rejects_blob = draft->rejects_blob;
    incoming.parts.push_back(draft->part);
    incoming.origins.push_back(
        {.import_id = import.id, .file_name = import.file_name, .file_blob = import.file_blob, .table = location});
    made.published.push_back(draft->part.rows);
    context.log("info",
                {fmt::format("{}：读取 {} 行，符合 {} 行，剔除 {} 行", shown, draft->read, draft->part.rows, draft->rejected),
                 fmt::format("{}: {} rows read, {} fit, {} rejected", shown, draft->read, draft->part.rows, draft->rejected)});
    // The next table's rows are numbered after this one's.
    if (tables.size() > 1 && draft->part.rows > 0) {
      QS_TRY(offset, last_id(deps_.engine, deps_.blobs, draft->part.blob, cancelled));
    }
    ++done;
  }
  if (rejects.rows() > 0) {
    QS_TRY(counts.rejects_blob, rejects.keep(deps_.engine, deps_.blobs, cancelled));
  }
  incoming.counts = [counts]() -> Result<Incoming::Counts> { return counts; };
  incoming.step = [&](Text step) { context.progress(static_cast<double>(done) / static_cast<double>(all), std::move(step)); };
  QS_TRY(made.change, deps_.changes.prepare(known, made.code, mode, incoming, cancelled));
  const auto& v = made.change.version;
  context.log("info", {fmt::format("{}：新增 {} 行，变化 {} 行，删除 {} 行，未变 {} 行，剔除 {} 行", made.code, v.added,
                                   v.changed, v.deleted, v.unchanged, v.rejected),
                       fmt::format("{}: {} rows added, {} changed, {} deleted, {} unchanged, {} rejected", made.code, v.added,
                                   v.changed, v.deleted, v.unchanged, v.rejected)});
  return made;
}

Result<jobs::Finish> StoredImports::run_publish(jobs::Context& context) {
  auto id = context.job().object_id;
  QS_TRY(auto import, deps_.store.read([&](store::Session& s) { return load(s, id); }));
  if (import.state != "publishing")
    return fail(Code::conflict, "import.not_publishing", "这次导入已不在发布中。",
                "This import is not being published any more.");
  LazyFile file(*this, import);
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::size_t>> by_code;
  std::size_t all = 0;
  for (std::size_t i = 0; i < import.tables.size(); ++i) {
    const auto& table = import.tables[i].as_object();
    if (flag_at(table, "skip")) continue;
    auto code = text_at(table.at("dataset").as_object(), "code");
    if (!by_code.contains(code)) order.push_back(code);
    by_code[code].push_back(i);
    ++all;
  }
  auto versions = std::make_shared<std::vector<Made>>();
  std::size_t done = 0;
  for (const auto& code : order) {
    std::vector<const json::object*> tables;
    for (auto i : by_code[code]) tables.push_back(&import.tables[i].as_object());
    QS_TRY(auto made, make_version(context, import, file, tables, done, all));
    made.tables = by_code[code];
    done += tables.size();
    versions->push_back(std::move(made));
  }
  auto actor = context.actor();
  return jobs::Finish([this, id, versions, actor](store::Transaction& t) -> Result<json::object> {
    QS_TRY(auto now, load(t, id));
    if (now.state != "publishing")
      return fail(Code::conflict, "import.not_publishing", "这次导入已不在发布中。",
                  "This import is not being published any more.");
    json::array output;
    for (const auto& made : *versions) {
      QS_TRY(auto dataset, deps_.catalog.known(t, made.code));
      if (!dataset) {
        catalog::NewDataset n{.code = made.code,
                              .title = text_at(made.entry, "title"),
                              .abstract = text_at(made.entry, "abstract"),
                              .department_id = text_at(made.entry, "department_id"),
                              .theme = text_at(made.entry, "theme"),
                              .update_cycle = text_at(made.entry, "update_cycle"),
                              .sharing_type = text_at(made.entry, "sharing_type"),
                              .level = text_at(made.entry, "level")};
        for (const auto& tag : made.entry.at("tags").as_array()) n.tags.emplace_back(tag.as_string());
        QS_TRY(dataset, deps_.catalog.add(t, actor, n));
      }
      QS_TRY(auto number, deps_.changes.publish(t, actor, *dataset, made.change));
      for (std::size_t k = 0; k < made.tables.size(); ++k) {
        auto& table = now.tables[made.tables[k]].as_object();
        table["version"] = number;
        // What keys and rules left out was read and fits, but is in the rejects, not in the version.
        auto left_out = k < made.change.left_out.size() ? made.change.left_out[k] : 0;
        table["published"] = made.published[k] - left_out;
        table["rejected"] = table.at("rejected").to_number<std::uint64_t>() + left_out;
        table["dataset"].as_object()["exists"] = true;
      }
      QS_CHECK(tell_drifts(t, *dataset, now.tables[made.tables.front()].as_object()));
      auto told = catalog::counts_of(made.change.version);
      told["dataset"] = made.code;
      told["version"] = number;
      output.emplace_back(std::move(told));
    }
    now.state = "published";
    now.error.reset();
    QS_CHECK(save(t, now));
    return json::object{{"datasets", std::move(output)}};
  });
}

}  // namespace qushu::ingest
