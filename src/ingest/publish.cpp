#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "stored.h"

namespace qushu::ingest {
namespace {

// Rows of the tables that make up one version are numbered apart: the table's place above, the line below.
constexpr std::int64_t kIdsPerTable = std::int64_t{1} << 40;

// Rejected rows on their way to Parquet, as NDJSON that the engine reads.
class RejectFile {
 public:
  explicit RejectFile(std::filesystem::path path) : path_(std::move(path)), out_(path_, std::ios::binary) {}
  ~RejectFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  RejectFile(const RejectFile&) = delete;
  RejectFile& operator=(const RejectFile&) = delete;

  Result<void> write(const std::string& file, const std::string& table, const tabular::File::RejectedRow& row) {
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
  Result<void> flush() {
    out_.flush();
    if (!out_) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + path_.string());
    return {};
  }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::ofstream out_;
  std::uint64_t rows_ = 0;
};

}  // namespace

struct StoredImports::Made {
  std::string code;
  json::object entry;
  catalog::Version version;
  std::vector<std::size_t> tables;  // which of the import's
  std::vector<std::uint64_t> published;
};

Result<StoredImports::Made> StoredImports::make_version(jobs::Context& context, const Import& import, tabular::File& file,
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
  auto folder = deps_.blobs.temporary_folder();
  RejectFile rejects(folder / ("rejects-" + new_id() + ".ndjson"));
  std::int64_t offset = 0;
  for (const auto* table : tables) {
    auto location = text_at(*table, "location");
    auto shown = location.empty() ? import.file_name : location;
    auto sink = [&](const tabular::File::RejectedRow& row) { return rejects.write(import.file_name, location, row); };
    auto step = progress_of(context, static_cast<double>(done) / static_cast<double>(all),
                            static_cast<double>(done + 1) / static_cast<double>(all), {"写入 " + shown, "Writing " + shown});
    QS_TRY(auto reading, file.read(location, dialect_of(*table), plan_of(*table), ids, sink, step));
    auto target = folder / ("part-" + new_id() + ".parquet");
    std::string columns = offset == 0 ? "_id" : fmt::format("_id + {} AS _id", offset);
    for (const auto& id : ids) columns += ", " + engine::quote_name(id);
    auto written = deps_.engine.execute(
        {.sql = fmt::format("COPY (SELECT {} FROM file_rows) TO {} (FORMAT parquet)", columns,
                            engine::quote_text(target.string())),
         .tables = {{.name = "file_rows", .source = reading.source.get()}},
         .limits = {.time = std::chrono::hours(24), .cancelled = [&context] { return context.cancelled(); }},
         .ordered = false});
    if (!written) {
      std::error_code ignored;
      std::filesystem::remove(target, ignored);
      return fail(std::move(written).error());
    }
    QS_TRY(auto blob, deps_.blobs.adopt(target));
    auto published = reading.counts->published.load(), read = reading.counts->read.load(),
         rejected = reading.counts->rejected.load();
    if (read != published + rejected || *written != published)
      return fail_internal(
          fmt::format("{}: {} read, {} published, {} rejected, {} written", shown, read, published, rejected, *written));
    made.version.parts.push_back({.blob = blob.sha256, .rows = published, .bytes = blob.size});
    made.version.read += read;
    made.version.published += published;
    made.version.rejected += rejected;
    made.version.origins.push_back(
        {.import_id = import.id, .file_name = import.file_name, .file_blob = import.file_blob, .table = location});
    made.published.push_back(published);
    context.log("info", {fmt::format("{}：读取 {} 行，发布 {} 行，剔除 {} 行", shown, read, published, rejected),
                         fmt::format("{}: {} rows read, {} published, {} rejected", shown, read, published, rejected)});
    offset += kIdsPerTable;
    ++done;
  }
  if (rejects.rows() > 0) {
    QS_CHECK(rejects.flush());
    auto target = folder / ("rejects-" + new_id() + ".parquet");
    auto sql = fmt::format(
        "COPY (SELECT * FROM read_json({}, format = 'newline_delimited', maximum_object_size = 16777216, columns = {{file: "
        "'VARCHAR', sheet: 'VARCHAR', line: 'BIGINT', field: 'VARCHAR', value: 'VARCHAR', "
        "reason_zh: 'VARCHAR', reason_en: 'VARCHAR', raw: 'VARCHAR'}}) ORDER BY sheet, line) TO {} (FORMAT parquet, "
        "COMPRESSION zstd)",
        engine::quote_text(rejects.path().string()), engine::quote_text(target.string()));
    QS_CHECK(deps_.engine.execute(
        {.sql = sql, .limits = {.time = std::chrono::hours(6), .cancelled = [&context] { return context.cancelled(); }}}));
    QS_TRY(auto blob, deps_.blobs.adopt(target));
    made.version.rejects_blob = blob.sha256;
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
  QS_TRY(auto file, open_file(import));
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
    QS_TRY(auto made, make_version(context, import, *file, tables, done, all));
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
