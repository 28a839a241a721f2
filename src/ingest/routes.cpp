#include <fmt/format.h>

#include "qushu/base/file_name.h"
#include "qushu/base/text.h"

#include "document.h"

namespace qushu::ingest {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

http::Schema types() {
  return schema::choice({"text", "integer", "decimal", "number", "boolean", "date", "time", "datetime"});
}

http::Schema import_schema() {
  auto text = [] { return schema::text(); };
  auto column =
      schema::object({{"position", schema::integer()},
                      {"id", text()},
                      {"name", text()},
                      {"type", types()},
                      {"width", schema::integer()},
                      {"scale", schema::integer()},
                      {"unit", text()},
                      {"description", text()},
                      {"level", text()},
                      {"skip", schema::boolean()},
                      {"key", schema::boolean()},
                      {"values", schema::integer()},
                      {"empty", schema::integer()},
                      {"misfits", schema::integer()},
                      {"looks_like", text()},
                      {"why", text()},
                      {"examples", schema::array(text())},
                      {"candidates", schema::array(schema::object({{"type", types()}, {"misfits", schema::integer()}}))},
                      {"fixed", text().optional().note("不是文件里的列：每一行都是这个值",
                                                       "Not a column of the file: the value of every row")}})
          .named("ImportColumn");
  auto table =
      schema::object(
          {{"location", text()},
           {"format", text()},
           {"encoding", text()},
           {"delimiter", text().nullable()},
           {"quote", text().nullable()},
           {"header_rows", schema::integer()},
           {"skip_rows", schema::integer()},
           {"fill_short", schema::boolean()},
           {"rows", schema::integer()},
           {"broken_rows", schema::integer()},
           {"rejected", schema::integer()},
           {"skip", schema::boolean()},
           {"note", text().nullable()},
           {"dataset", schema::map(schema::any())},
           {"columns", schema::array(column)},
           {"drifts",
            schema::array(schema::any()).optional().note("列与数据集有什么不同", "How columns differ from the dataset's")},
           {"first_misfits", schema::array(schema::object(
                                 {{"line", schema::integer()}, {"column", text()}, {"value", text()}, {"reason", text()}}))},
           {"preview", schema::array(schema::array(text()))},
           {"version", schema::integer().nullable()},
           {"published", schema::integer().nullable()}})
          .named("ImportTable");
  return schema::object({{"id", text()},
                         {"file_name", text()},
                         {"size", schema::integer()},
                         {"sha256", text()},
                         {"state", schema::choice({"analysing", "ready", "publishing", "published", "failed", "discarded"})},
                         {"job", schema::any()},
                         {"person_name", text()},
                         {"department_id", text()},
                         {"created", schema::time()},
                         {"changed", schema::time()},
                         {"error", text().nullable()},
                         {"tables", schema::array(table)}})
      .named("Import");
}

http::Schema corrections_schema() {
  auto text = [](std::size_t max) { return schema::text().length(0, max).optional(); };
  auto entry = schema::object({{"code", text(63)},
                               {"title", text(200)},
                               {"abstract", text(5000)},
                               {"department_id", text(64)},
                               {"theme", text(60)},
                               {"tags", schema::array(schema::text().length(1, 30)).length(0, 30).optional()},
                               {"update_cycle", text(30)},
                               {"sharing_type", text(30)},
                               {"mode", schema::choice({"full", "append", "upsert"}).optional()},
                               {"delete_missing", schema::boolean().optional()},
                               {"level", text(30)}});
  auto column = schema::object({{"position", schema::integer().range(0, 100000)},
                                {"name", text(100)},
                                {"type", types().optional()},
                                {"width", schema::integer().range(1, 38).optional()},
                                {"scale", schema::integer().range(0, 37).optional()},
                                {"unit", text(30)},
                                {"description", text(1000)},
                                {"level", text(30)},
                                {"skip", schema::boolean().optional()},
                                {"key", schema::boolean().optional()},
                                {"fixed", text(200)}});
  return schema::object({{"tables", schema::array(schema::object({{"location", schema::text()},
                                                                  {"skip", schema::boolean().optional()},
                                                                  {"dataset", std::move(entry).optional()},
                                                                  {"columns", schema::array(column).optional()}}))}});
}

http::Schema dialects_schema() {
  auto letter = [] { return schema::text().length(0, 1).optional(); };
  return schema::object(
      {{"tables",
        schema::array(schema::object(
            {{"location", schema::text()},
             {"encoding", schema::choice({"utf-8", "utf-8-bom", "gb18030", "utf-16le", "utf-16be", "big5"}).optional()},
             {"delimiter", letter()},
             {"quote", letter()},
             {"header_rows", schema::integer().range(0, 20).optional()},
             {"skip_rows", schema::integer().range(0, 1000).optional()},
             {"fill_short",
              schema::boolean()
                  .note("缺列的行按空值补齐，而不剔除", "Rows with too few cells are filled up instead of rejected")
                  .optional()}}))}});
}

class Routes {
 public:
  Routes(Imports& imports, jobs::Jobs& jobs, blob::BlobStore& blobs) : imports_(imports), jobs_(jobs), blobs_(blobs) {}

  Result<Response> shown(const Request& r, const Import& import, unsigned status = 200) const {
    std::optional<jobs::Job> job;
    if (!import.job_id.empty())
      if (auto found = jobs_.find(import.job_id)) job = *std::move(found);
    return Response::ok(to_json(import, job, r.lang()), status);
  }

  Result<Response> upload(Request& r) {
    auto name = file_name_of(r.get("name").value_or(""));
    if (name.empty())
      return fail(Error{
          .code = Code::invalid, .id = "import.name", .text = {"请给出文件名。", "Give the file's name."}, .subject = "name"});
    QS_TRY(auto writer, blobs_.create());
    QS_CHECK(r.stream->each([&](std::string_view piece) { return writer->write(piece); }));
    if (writer->written() == 0)
      return fail(Error{
          .code = Code::invalid, .id = "import.empty", .text = {"文件是空的。", "The file is empty."}, .subject = "body"});
    QS_TRY(auto file, writer->commit());
    QS_TRY(auto import,
           imports_.add(
               r.actor,
               {.file_name = name, .dataset = r.get("dataset").value_or(""), .department = r.get("department").value_or("")},
               file));
    return shown(r, import, 201);
  }

  Result<Response> list(const Request& r) const {
    auto limit = static_cast<std::size_t>(r.integer("limit", 20));
    QS_TRY(
        auto found,
        imports_.list(r.actor, {.state = r.get("state").value_or(""), .before = r.get("after").value_or(""), .limit = limit}));
    json::array out;
    for (const auto& import : found) {
      auto brief = import;
      // Lists need the tables' counts, not their columns and previews.
      for (auto& t : brief.tables) {
        t.as_object()["columns"] = json::array{};
        t.as_object()["preview"] = json::array{};
        t.as_object()["first_misfits"] = json::array{};
      }
      std::optional<jobs::Job> job;
      if (auto running = jobs_.find(import.job_id)) job = *std::move(running);
      out.emplace_back(to_json(brief, job, r.lang()));
    }
    return Response::ok(
        json::object{{"imports", std::move(out)}, {"next", found.size() == limit ? found.back().id : std::string()}});
  }

  Result<Response> misfits(const Request& r) const {
    QS_TRY(auto import, imports_.find(r.actor, r.param("id")));
    auto location = r.get("location").value_or("");
    for (const auto& item : import.tables) {
      const auto& table = item.as_object();
      if (text_at(table, "location") != location) continue;
      return Response::ok(
          json::object{{"misfits", in_language(table.at("first_misfits"), r.lang())}, {"total", table.at("rejected")}});
    }
    return fail(Code::not_found, "import.table", "文件里没有这张表。", "The file holds no such table.");
  }

  Result<Response> original(const Request& r) const {
    QS_TRY(auto import, imports_.find(r.actor, r.param("id")));
    QS_TRY(auto path, blobs_.path(import.file_blob));
    return Response::file(path, "application/octet-stream", import.file_blob).as_download(import.file_name);
  }

  Imports& imports_;
  jobs::Jobs& jobs_;
  blob::BlobStore& blobs_;
};

}  // namespace

json::object to_json(const Import& i, const std::optional<jobs::Job>& job, Lang lang) {
  auto tables = in_language(i.tables, lang);
  for (auto& table : tables.as_array()) table.as_object().erase("draft");  // nobody's business
  return {{"id", i.id},
          {"file_name", i.file_name},
          {"size", i.size},
          {"sha256", i.file_blob},
          {"state", i.state},
          {"job", job ? json::value(jobs::to_json(*job, lang)) : json::value(nullptr)},
          {"person_name", i.person_name},
          {"department_id", i.department_id},
          {"created", to_iso(i.created)},
          {"changed", to_iso(i.changed)},
          {"error", i.error ? json::value(i.error->in(lang)) : json::value(nullptr)},
          {"tables", std::move(tables)}};
}

void add_routes(http::Router& router, Imports& imports, jobs::Jobs& jobs, blob::BlobStore& blobs) {
  auto routes = std::make_shared<Routes>(imports, jobs, blobs);
  auto who = http::may(Permission::dataset_write);
  auto one = [&](Method method, std::string path, std::string id, Text summary, http::Handler handler) {
    return http::Route{.method = method,
                       .path = std::move(path),
                       .id = std::move(id),
                       .tag = "imports",
                       .summary = std::move(summary),
                       .who = who,
                       .answer = import_schema(),
                       .errors = {Code::not_found, Code::conflict, Code::invalid},
                       .handler = std::move(handler)};
  };
  auto upload = one(Method::post, "/api/v1/imports", "import_add", {"上传文件", "Upload a file"},
                    [routes](Request& r) { return routes->upload(r); });
  upload.query = {
      {.name = "name", .shape = schema::text().length(1, 255), .note = {"文件名", "The file's name"}, .required = true},
      {.name = "dataset", .shape = schema::text().length(0, 63), .note = {"数据集代码", "Dataset code"}},
      {.name = "department", .shape = schema::text().length(0, 64)}};
  upload.streams_body = true;
  upload.answer_status = 201;
  upload.errors = {Code::invalid, Code::conflict, Code::too_large, Code::storage_full};
  router.add(std::move(upload));
  auto list = one(Method::get, "/api/v1/imports", "import_list", {"列出导入", "List the imports"},
                  [routes](Request& r) { return routes->list(r); });
  list.query = {
      {.name = "state", .shape = schema::choice({"analysing", "ready", "publishing", "published", "failed", "discarded"})},
      {.name = "after", .shape = schema::text()},
      {.name = "limit", .shape = schema::integer().range(1, 200), .otherwise = "20"}};
  list.answer = schema::object({{"imports", schema::array(import_schema())}, {"next", schema::text()}});
  router.add(std::move(list));
  router.add(one(Method::get, "/api/v1/imports/{id}", "import_show", {"查看导入", "Show an import"},
                 [routes](Request& r) -> Result<Response> {
                   QS_TRY(auto import, routes->imports_.find(r.actor, r.param("id")));
                   return routes->shown(r, import);
                 }));
  auto analyse =
      one(Method::post, "/api/v1/imports/{id}/analyse", "import_analyse",
          {"按指定的编码、分隔符等重新分析", "Analyse again with another dialect"}, [routes](Request& r) -> Result<Response> {
            QS_TRY(auto import, routes->imports_.analyse(r.actor, r.param("id"), r.body.at("tables").as_array()));
            return routes->shown(r, import);
          });
  analyse.body = dialects_schema();
  router.add(std::move(analyse));
  auto correct = one(Method::patch, "/api/v1/imports/{id}", "import_correct",
                     {"修改列类型和目录信息", "Correct columns and entries"}, [routes](Request& r) -> Result<Response> {
                       QS_TRY(auto import, routes->imports_.correct(r.actor, r.param("id"), r.body.at("tables").as_array()));
                       return routes->shown(r, import);
                     });
  correct.body = corrections_schema();
  router.add(std::move(correct));
  auto publish = one(Method::post, "/api/v1/imports/{id}/publish", "import_publish", {"发布", "Publish"},
                     [routes](Request& r) -> Result<Response> {
                       QS_TRY(auto import, routes->imports_.publish(r.actor, r.param("id"), r.flag("accept_drift")));
                       return routes->shown(r, import);
                     });
  publish.query = {{.name = "accept_drift",
                    .shape = schema::boolean(),
                    .note = {"列与数据集不同也发布", "Publish although columns differ from the dataset's"}}};
  router.add(std::move(publish));
  router.add(one(Method::del, "/api/v1/imports/{id}", "import_discard", {"放弃导入", "Discard an import"},
                 [routes](Request& r) -> Result<Response> {
                   QS_TRY(auto import, routes->imports_.discard(r.actor, r.param("id")));
                   return routes->shown(r, import);
                 }));
  auto misfits = one(Method::get, "/api/v1/imports/{id}/misfits", "import_misfits",
                     {"查看将被剔除的行", "What would be rejected"}, [routes](Request& r) { return routes->misfits(r); });
  misfits.query = {{.name = "location", .shape = schema::text(), .note = {"文件中的表", "The table within the file"}}};
  misfits.answer = schema::object({{"misfits", schema::array(schema::any())}, {"total", schema::integer()}});
  router.add(std::move(misfits));
  auto original = one(Method::get, "/api/v1/imports/{id}/file", "import_file", {"下载原始文件", "Download the original"},
                      [routes](Request& r) { return routes->original(r); });
  original.answer = std::nullopt;
  original.answer_types = {"application/octet-stream"};
  router.add(std::move(original));
}

}  // namespace qushu::ingest
