#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "stored.h"
#include "writing.h"

namespace qushu::ingest {
namespace {

// Rows of the tables that make up one version are numbered apart: the table's place above, the line below.
constexpr std::int64_t kIdsPerTable = std::int64_t{1} << 40;

}  // namespace

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
  catalog::Version version;
  std::vector<std::size_t> tables;  // which of the import's
  std::vector<std::uint64_t> published;
};

Result<StoredImports::Made> StoredImports::make_version(jobs::Context& context, const Import& import, LazyFile& files,
                                                        const std::vector<const json::object*>& tables, std::size_t done,
                                                        std::size_t all) {
  Made made;
  made.entry = tables.front()->at("dataset").as_object();
  made.code = text_at(made.entry, "code");
  QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, made.code); }));
  std::vector<std::string> names;
  for (const auto& item : tables.front()->at("columns").as_array())
    if (!flag_at(item.as_object(), "skip")) names.push_back(text_at(item.as_object(), "name"));
  QS_TRY(auto ids, deps_.catalog.identifiers(known ? known->id : std::string(), names));
  auto plan = plan_of(*tables.front());
  std::size_t next = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].skip) continue;
    const auto& c = tables.front()->at("columns").as_array()[i].as_object();
    made.version.fields.push_back({.id = ids[next++],
                                   .name = plan[i].name,
                                   .description = text_at(c, "description"),
                                   .type = plan[i].type,
                                   .width = plan[i].width,
                                   .scale = plan[i].scale,
                                   .unit = plan[i].unit,
                                   .level = text_at(c, "level"),
                                   .key = flag_at(c, "key")});
  }
  RejectFile rejects(deps_.blobs.temporary_folder());
  auto cancelled = [&context] { return context.cancelled(); };
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
      draft =
          Draft{.part = {.blob = blob.sha256, .rows = c.published, .bytes = blob.size}, .read = c.read, .rejected = c.rejected};
    }
    made.version.parts.push_back(draft->part);
    made.version.read += draft->read;
    made.version.published += draft->part.rows;
    made.version.rejected += draft->rejected;
    made.version.rejects_blob = draft->rejects_blob;
    made.version.origins.push_back(
        {.import_id = import.id, .file_name = import.file_name, .file_blob = import.file_blob, .table = location});
    made.published.push_back(draft->part.rows);
    context.log(
        "info",
        {fmt::format("{}：读取 {} 行，发布 {} 行，剔除 {} 行", shown, draft->read, draft->part.rows, draft->rejected),
         fmt::format("{}: {} rows read, {} published, {} rejected", shown, draft->read, draft->part.rows, draft->rejected)});
    offset += kIdsPerTable;
    ++done;
  }
  if (rejects.rows() > 0) {
    QS_TRY(made.version.rejects_blob, rejects.keep(deps_.engine, deps_.blobs, cancelled));
  }
  made.version.job_id = context.job().id;
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
      QS_TRY(auto number, deps_.catalog.publish(t, actor, dataset->id, made.version));
      for (std::size_t k = 0; k < made.tables.size(); ++k) {
        auto& table = now.tables[made.tables[k]].as_object();
        table["version"] = number;
        table["published"] = made.published[k];
        table["dataset"].as_object()["exists"] = true;
      }
      output.emplace_back(json::object{{"dataset", made.code},
                                       {"version", number},
                                       {"read", made.version.read},
                                       {"published", made.version.published},
                                       {"rejected", made.version.rejected}});
    }
    now.state = "published";
    now.error.reset();
    QS_CHECK(save(t, now));
    return json::object{{"datasets", std::move(output)}};
  });
}

}  // namespace qushu::ingest
