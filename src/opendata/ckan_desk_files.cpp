// Files as stewards hand them over by CKAN's API: each becomes an import, and that a version.
#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/sharing/policy.h"

#include "ckan_desk.h"

namespace qushu::opendata {
namespace {

constexpr const char* kTakeInJob = "opendata.take_in";
constexpr auto kLook = std::chrono::milliseconds(20);  // between looks at an import
constexpr std::size_t kText = 2000;                    // characters of a name or description

Failure about(std::string_view field, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "open.validation", .text = {std::move(zh), std::move(en)}, .subject = std::string(field)});
}

// An import's error is one of the file.
template <class T>
Result<T> of_file(Result<T> outcome, std::string_view field) {
  if (!outcome && (outcome.error().code == Code::invalid || outcome.error().code == Code::conflict))
    outcome.error().subject = field;
  return outcome;
}

const json::object* table_of(const ingest::Import& import) {
  for (const auto& item : import.tables)
    if (!item.as_object().at("skip").as_bool()) return &item.as_object();
  return nullptr;
}

std::string format_of(const std::string& file_name) {
  auto dot = file_name.rfind('.');
  std::string out;
  if (dot != std::string::npos)
    for (char c : file_name.substr(dot + 1)) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out.size() > 10 ? std::string() : out;
}

bool is_at_work(const ingest::Import& import) {
  return import.state == "analysing" || import.state == "publishing";
}

}  // namespace

// --- as rows
// -------------------------------------------------------------------------------------------------------------------

namespace {
constexpr std::string_view kColumns =
    "id, dataset_id, name, description, format, url, linked, import_id, file_name, sha256, size, created, changed";
}

Result<std::optional<CkanDesk::Kept>> CkanDesk::kept_of(std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM open_resource WHERE id = ? OR dataset_id = ?", kColumns), {id, id});
  }));
  if (!row) return std::nullopt;
  return Kept{.id = row->text(0),
              .dataset_id = row->text(1),
              .name = row->text(2),
              .description = row->text(3),
              .format = row->text(4),
              .url = row->text(5),
              .import_id = row->text(7),
              .file_name = row->text(8),
              .sha256 = row->text(9),
              .linked = row->boolean(6),
              .size = static_cast<std::uint64_t>(row->integer(10)),
              .created = row->time(11),
              .changed = row->time(12)};
}

Result<CkanDesk::Kept> CkanDesk::kept(std::string_view id) const {
  if (id.empty()) return missing_parameter("id");
  QS_TRY(auto found, kept_of(id));
  if (!found || found->id != id) return not_there();
  return *std::move(found);
}

Result<void> CkanDesk::save(store::Transaction& t, const Kept& k) {
  QS_CHECK(
      t.exec(fmt::format("INSERT INTO open_resource ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO "
                         "UPDATE SET name = excluded.name, description = excluded.description, format = excluded.format, "
                         "url = excluded.url, linked = excluded.linked, import_id = excluded.import_id, file_name = "
                         "excluded.file_name, sha256 = excluded.sha256, size = excluded.size, changed = excluded.changed",
                         kColumns),
             {k.id, k.dataset_id, k.name, k.description, k.format, k.url, k.linked, k.import_id, k.file_name, k.sha256, k.size,
              k.created, k.changed}));
  return {};
}

Result<void> CkanDesk::record(store::Transaction& t, const CkanCall& call, std::string_view action, const catalog::Dataset& d,
                              const Kept& k) const {
  return deps_.audit.record(t, call.actor,
                            {.action = std::string(action),
                             .object_kind = "open_resource",
                             .object_id = k.id,
                             .object_name = k.name,
                             .detail = {{"dataset", d.code}, {"import", k.import_id}, {"sha256", k.sha256}, {"url", k.url}}});
}

Result<std::optional<json::object>> CkanDesk::resource(const CkanCall& call, std::string_view id) const {
  if (!call.actor.signed_in()) return std::nullopt;
  QS_TRY(auto found, kept_of(id));
  if (!found || found->id != id) return std::nullopt;
  auto d = own(call, found->dataset_id);
  if (!d && (d.error().code == Code::not_found || d.error().code == Code::forbidden)) return std::nullopt;
  QS_CHECK(d);
  QS_TRY(auto out, resource_of(call, *d, *found));
  return out;
}

Result<json::object> CkanDesk::resource_of(const CkanCall& call, const catalog::Dataset& d, const Kept& k) const {
  auto import = deps_.imports.find(call.actor, k.import_id);
  if (!import && import.error().code != Code::not_found) return Failure(std::move(import).error());
  json::object out{{"id", k.id},
                   {"package_id", uuid_of("package", d.id)},
                   {"name", k.name},
                   {"description", k.description},
                   {"url", k.linked ? k.url : fmt::format("{}/api/v1/imports/{}/file", call.base, k.import_id)},
                   {"url_type", k.linked ? json::value(nullptr) : json::value("upload")},
                   {"format", k.format},
                   {"mimetype", nullptr},
                   {"mimetype_inner", nullptr},
                   {"resource_type", nullptr},
                   {"size", k.size},
                   {"hash", k.sha256},
                   {"position", 0},
                   {"created", stamp(k.created)},
                   {"last_modified", stamp(k.changed)},
                   {"metadata_modified", stamp(k.changed)},
                   {"cache_url", nullptr},
                   {"cache_last_updated", nullptr},
                   {"state", "active"},
                   {"datastore_active", false},
                   {"import_id", k.import_id},
                   {"import_state", import ? json::value(import->state) : json::value(nullptr)}};
  if (!import) return out;
  if (import->error) out["import_error"] = import->error->in(call.actor.lang);
  if (const auto* table = table_of(*import))
    for (const char* key : {"rows", "rejected", "version", "published"})
      if (const auto* value = table->if_contains(key)) out[key] = *value;
  return out;
}

// --- from a file to a version
// --------------------------------------------------------------------------------------------------

Result<Upload> CkanDesk::fetch(const CkanCall& call, const catalog::Dataset& d, const std::string& url) const {
  auto fetched = [&]() -> Result<sources::Fetched> {
    QS_TRY(
        auto access,
        deps_.sources.draft(
            call.actor,
            {.code = {}, .name = {}, .kind = sources::Kind::http, .department = d.department_id, .settings = {{"url", url}}}));
    return deps_.sources.tried(call.actor, access, deps_.sources.fetch(access, {}, std::nullopt, call.cancelled));
  }();
  // Whatever keeps the address from being read, the address is what the client can change.
  if (!fetched && fetched.error().code != Code::cancelled && fetched.error().code != Code::internal &&
      fetched.error().code != Code::storage_full) {
    auto error = std::move(fetched).error();
    error.code = Code::invalid;
    error.subject = "url";
    return fail(std::move(error));
  }
  QS_CHECK(fetched);
  auto name = file_name_of(fetched->file.name);
  return Upload{.file_name = name.empty() ? "data" : name, .file = fetched->blob};
}

Result<ingest::Import> CkanDesk::publish(const Actor& actor, const ingest::Import& import, bool accept_drift) const {
  std::vector<std::string> others;
  std::size_t tables = 0;
  for (const auto& item : import.tables) {
    const auto& table = item.as_object();
    if (table.at("skip").as_bool()) continue;
    ++tables;
    auto code = std::string(table.at("dataset").at("code").as_string());
    if (code != import.dataset_hint) others.emplace_back(table.at("location").as_string());
  }
  if (tables == 0) return about("upload", "文件里没有可以导入的表。", "There is no table in the file that could be imported.");
  if (!others.empty())
    return about(
        "upload",
        fmt::format("文件里有列不相同的几张表（{}），一个数据集只能有一张，请拆成几个文件和数据集。", join(others, "、")),
        fmt::format("The file has tables with different columns ({}), and a dataset has one: make several files and "
                    "datasets of it.",
                    join(others, ", ")));
  return of_file(deps_.imports.publish(actor, import.id, accept_drift), "upload");
}

Result<ingest::Import> CkanDesk::take_in(const CkanCall& call, const catalog::Dataset& d, const Upload& upload) const {
  QS_TRY(auto drift, call.params.flag("accept_drift", false));
  QS_TRY(auto import, of_file(deps_.imports.add(
                                  call.actor, {.file_name = upload.file_name, .dataset = d.code, .department = d.department_id},
                                  upload.file),
                              "upload"));
  auto ready = [&](const ingest::Import& now) -> Result<ingest::Import> {
    if (now.state == "published") return now;
    if (now.error) return fail(Error{.code = Code::invalid, .id = "open.validation", .text = *now.error, .subject = "upload"});
    if (now.state == "ready") return publish(call.actor, now, drift);
    return about("upload", "文件无法导入。", "The file cannot be imported.");
  };
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(deps_.settings.integer("opendata.ckan_wait"));
  while (import.state != "published") {
    if (!is_at_work(import)) {
      auto next = ready(import);
      if (!next) {
        if (auto gone = deps_.imports.discard(call.actor, import.id); !gone)
          log::warn("an import that came by CKAN's API could not be discarded",
                    {{"import", import.id}, {"why", gone.error().id}});
        return next;
      }
      import = *std::move(next);
    }
    if (std::chrono::steady_clock::now() >= until || (call.cancelled && call.cancelled())) break;
    std::this_thread::sleep_for(kLook);
    QS_TRY(import, deps_.imports.find(call.actor, import.id));
  }
  if (import.state == "analysing")
    QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
      QS_CHECK(deps_.jobs.add(t, call.actor,
                              {.kind = kTakeInJob,
                               .title = {"发布 " + import.file_name, "Publish " + import.file_name},
                               .input = {{"import_id", import.id}, {"accept_drift", drift}},
                               .object_kind = "import",
                               .object_id = import.id,
                               .run_after = deps_.clock.now() + std::chrono::seconds(1)}));
      return {};
    }));
  return import;
}

// Goes on with an import whose client did not wait for its analysis: looks again a second later until it has ended.
Result<jobs::Finish> CkanDesk::run_take_in(jobs::Context& context) const {
  const auto& input = context.job().input;
  auto id = std::string(input.at("import_id").as_string());
  QS_TRY(auto import, deps_.imports.find(context.actor(), id));
  if (import.state == "analysing")
    return jobs::Finish([this, job = context.job(), actor = context.actor()](store::Transaction& t) -> Result<json::object> {
      QS_CHECK(deps_.jobs.add(t, actor,
                              {.kind = kTakeInJob,
                               .title = job.title,
                               .input = job.input,
                               .object_kind = job.object_kind,
                               .object_id = job.object_id,
                               .run_after = deps_.clock.now() + std::chrono::seconds(1)}));
      return json::object{{"state", "analysing"}};
    });
  if (import.state == "ready") {
    QS_TRY(import, publish(context.actor(), import, input.at("accept_drift").as_bool()));
  }
  return jobs::Finish(
      [state = import.state](store::Transaction&) -> Result<json::object> { return json::object{{"state", state}}; });
}

void CkanDesk::register_jobs() {
  deps_.jobs.register_kind({.name = kTakeInJob,
                            .title = {"发布经 CKAN 接口上传的文件", "Publish a file that came by CKAN's API"},
                            .handler = [this](jobs::Context& context) { return run_take_in(context); }});
}

// --- the actions
// ---------------------------------------------------------------------------------------------------------------

Result<std::optional<CkanDesk::Kept>> CkanDesk::read_resources(const CkanCall& call, const catalog::Dataset* d) const {
  auto given = call.params.value("resources");
  if (given.is_null()) return std::nullopt;
  auto& flaws = *call.flaws;
  QS_TRY(auto file, kept_of(d->id));
  bool seen = false;
  const auto* list = given.if_array();
  if (list == nullptr) {
    flaws.add("resources", {"应为列表。", "A list is wanted."});
    return std::nullopt;
  }
  for (const auto& item : *list) {
    auto text = [&](const char* key) {
      const auto* o = item.if_object();
      const auto* value = o != nullptr ? o->if_contains(key) : nullptr;
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    auto id = text("id");
    // The files that the portal makes of an open dataset are nobody's to change.
    bool made = std::ranges::any_of(file_formats(), [&](const auto& f) { return uuid_of(f.extension, d->id) == id; });
    if (made) continue;
    if (!file || id != file->id) {
      flaws.add("resources", {"请用 resource_create 添加文件。", "Add files with resource_create."});
      continue;
    }
    seen = true;
    file->name = shorten(text("name"), kText);
    file->description = shorten(text("description"), kText);
    if (!text("format").empty()) file->format = shorten(text("format"), 60);
  }
  if (file && !seen)
    flaws.add("resources", {fmt::format("缺少文件“{}”；要删除请用 resource_delete。", file->name),
                            fmt::format("The file “{}” is missing; remove it with resource_delete.", file->name)});
  return seen ? file : std::nullopt;
}

Result<std::string> CkanDesk::resource_create(const CkanCall& call) const {
  const auto& params = call.params;
  if (params.text("package_id").empty()) return missing_parameter("package_id");
  QS_TRY(auto d, own(call, params.text("package_id")));
  QS_TRY(auto there, kept_of(d.id));
  if (there)
    return about("package_id",
                 fmt::format("这个数据集的数据来自文件“{}”（{}）。要更新数据请用 resource_update，另一种数据请另建数据集。",
                             there->name, there->id),
                 fmt::format("The rows of this dataset come from the file “{}” ({}). Update them with resource_update, or make "
                             "another dataset for other data.",
                             there->name, there->id));
  auto url = params.text("url");
  if (!call.upload && url.empty()) return missing_parameter("url");
  auto upload = call.upload;
  if (!upload) {
    QS_TRY(upload, fetch(call, d, url));
  }
  QS_TRY(auto import, take_in(call, d, *upload));
  Kept k{.id = uuid_of("resource", new_id()),
         .dataset_id = d.id,
         .name = shorten(params.text("name").empty() ? upload->file_name : params.text("name"), kText),
         .description = shorten(params.text("description"), kText),
         .format = shorten(params.text("format").empty() ? format_of(upload->file_name) : params.text("format"), 60),
         .url = call.upload ? std::string() : url,
         .import_id = import.id,
         .file_name = upload->file_name,
         .sha256 = upload->file.sha256,
         .linked = !call.upload,
         .size = upload->file.size};
  k.created = k.changed = deps_.clock.now();
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(save(t, k));
    return record(t, call, "open_resource.add", d, k);
  }));
  QS_TRY(auto out, resource_of(call, d, k));
  return json::serialize(out);
}

Result<std::string> CkanDesk::resource_change(const CkanCall& call, bool whole) const {
  const auto& params = call.params;
  QS_TRY(auto k, kept(params.text("id")));
  QS_TRY(auto d, own(call, k.dataset_id));
  QS_TRY(auto before, resource_of(call, d, k));
  if (params.has("name") || whole) k.name = shorten(params.text("name").empty() ? k.file_name : params.text("name"), kText);
  if (params.has("description") || whole) k.description = shorten(params.text("description"), kText);
  if (!params.text("format").empty()) k.format = shorten(params.text("format"), 60);
  auto url = params.text("url");
  bool elsewhere = !url.empty() && url != before.at("url").as_string();
  auto upload = call.upload;
  if (!upload && elsewhere) {
    QS_TRY(upload, fetch(call, d, url));
  }
  if (upload) {
    QS_TRY(auto import, take_in(call, d, *upload));
    k.import_id = import.id;
    k.linked = !call.upload;
    k.url = call.upload ? std::string() : url;
    k.file_name = upload->file_name;
    k.sha256 = upload->file.sha256;
    k.size = upload->file.size;
    if (params.text("format").empty()) k.format = shorten(format_of(upload->file_name), 60);
  }
  k.changed = deps_.clock.now();
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(save(t, k));
    return record(t, call, "open_resource.change", d, k);
  }));
  QS_TRY(auto out, resource_of(call, d, k));
  return json::serialize(out);
}

Result<std::string> CkanDesk::resource_delete(const CkanCall& call) const {
  QS_TRY(auto k, kept(call.params.text("id")));
  QS_TRY(auto d, own(call, k.dataset_id));
  if (d.version > 0 && d.state != "withdrawn") {
    QS_TRY(auto version, deps_.catalog.version(d.id, 0));
    if (std::ranges::any_of(version.origins, [&](const auto& o) { return o.import_id == k.import_id; }))
      return about(
          "id",
          fmt::format("数据集“{}”当前的数据来自这个文件。请用 resource_update 换一个，或用 package_delete 撤下数据集。",
                      d.title),
          fmt::format("The current rows of “{}” come from this file: put another one in its place with "
                      "resource_update, or withdraw the dataset with package_delete.",
                      d.title));
  }
  auto import = deps_.imports.find(call.actor, k.import_id);
  if (import && (import->state == "ready" || import->state == "failed"))
    QS_CHECK(deps_.imports.discard(call.actor, import->id));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec("DELETE FROM open_resource WHERE id = ?", {k.id}));
    return record(t, call, "open_resource.remove", d, k);
  }));
  return std::string("null");
}

}  // namespace qushu::opendata
