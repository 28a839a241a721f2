// The catalogue's spreadsheet over HTTP: in, out, and what came of it.
#include <array>
#include <fstream>

#include <fmt/format.h>

#include "qushu/base/csv.h"
#include "qushu/base/file_name.h"
#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/sharing/desk.h"

#include "search_query.h"

namespace qushu::sharing {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

constexpr auto* kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

// A file of one request, gone with it.
class OwnFile {
 public:
  OwnFile(const blob::BlobStore& blobs, std::string_view extension)
      : path_(blobs.temporary_folder() / (new_id() + std::string(extension))) {}
  ~OwnFile() {
    std::error_code ignored;  // the temporary folder is emptied at the next start
    std::filesystem::remove(path_, ignored);
  }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Failure disk() {
  return fail(Code::storage_full, "sheet.disk", "文件写不下，磁盘可能已满。",
              "The file could not be written; the disk may be full.");
}

Result<Response> upload(const Desk& desk, Request& r) {
  auto name = file_name_of(r.get("name").value_or(""));
  if (name.empty())
    return fail(Error{
        .code = Code::invalid, .id = "sheet.name", .text = {"请给出文件名。", "Give the file's name."}, .subject = "name"});
  OwnFile file(desk.deps().blobs, ".upload");
  {
    std::ofstream out(file.path(), std::ios::binary);
    QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
      if (!out.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return disk();
      return {};
    }));
  }
  std::error_code failed;
  if (std::filesystem::file_size(file.path(), failed) == 0 || failed)
    return fail(
        Error{.code = Code::invalid, .id = "sheet.empty", .text = {"文件是空的。", "The file is empty."}, .subject = "body"});
  QS_TRY(auto outcome, desk.import_sheet(r.actor, file.path(), name));
  return Response::ok(to_json(outcome, r.lang()), 201);
}

Result<Response> errors_csv(const Desk& desk, const Request& r) {
  QS_TRY(auto outcome, desk.import_outcome(r.actor, r.param("id")));
  bool zh = r.lang() == Lang::zh;
  std::string out = zh ? "\xEF\xBB\xBF工作表,行,列,值,应为\r\n" : "\xEF\xBB\xBFSheet,Row,Column,Value,Expected\r\n";
  for (const auto& e : outcome.errors)
    append_csv_line(std::array{e.sheet, std::to_string(e.row), e.column, e.value, e.expected.in(r.lang())}, out);
  return Response::text(std::move(out), "text/csv; charset=utf-8")
      .as_download(outcome.file_name + (zh ? " 错误.csv" : " errors.csv"));
}

Result<Response> download(const Desk& desk, const Request& r) {
  auto query = search_of(r);
  auto file = std::make_shared<OwnFile>(desk.deps().blobs, ".xlsx");
  QS_CHECK(desk.export_sheet(r.actor, query, r.flag("empty"), file->path()));
  Response response;
  response.body = Response::File{.path = file->path(), .keep = file};
  response.headers.emplace_back("Content-Type", kXlsx);
  return std::move(response).as_download(r.lang() == Lang::zh ? "政务数据目录.xlsx" : "catalogue.xlsx");
}

}  // namespace

void add_sheet_routes(http::Router& router, const Desk& desk) {
  auto outcome =
      schema::object({{"id", schema::text()},
                      {"file_name", schema::text()},
                      {"person_name", schema::text()},
                      {"at", schema::time()},
                      {"taken", schema::array(schema::object(
                                    {{"title", schema::text()}, {"code", schema::text()}, {"added", schema::boolean()}}))},
                      {"refused", schema::integer()},
                      {"errors", schema::array(schema::object({{"sheet", schema::text()},
                                                               {"row", schema::integer()},
                                                               {"column", schema::text()},
                                                               {"value", schema::text()},
                                                               {"expected", schema::text()}}))}})
          .named("CatalogImport");
  router.add(
      {.method = Method::post,
       .path = "/api/v1/catalog/imports",
       .id = "catalog_import",
       .tag = "catalogue",
       .summary = {"导入目录表格（XLSX、CSV）", "Import the catalogue's spreadsheet (XLSX, CSV)"},
       .who = http::may(Permission::dataset_write),
       .query =
           {{.name = "name", .shape = schema::text().length(1, 255), .note = {"文件名", "The file's name"}, .required = true}},
       .streams_body = true,
       .answer = outcome,
       .answer_status = 201,
       .errors = {Code::invalid, Code::too_large, Code::storage_full},
       .handler = [&desk](Request& r) { return upload(desk, r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/catalog/imports",
              .id = "catalog_import_list",
              .tag = "catalogue",
              .summary = {"列出目录表格的导入", "List the imports of spreadsheets"},
              .who = http::may(Permission::dataset_write),
              .query = {{.name = "limit", .shape = schema::integer().range(1, 200), .otherwise = "20"}},
              .answer = schema::object({{"imports", schema::array(outcome)}}),
              .handler = [&desk](Request& r) -> Result<Response> {
                QS_TRY(auto list, desk.imports(r.actor, static_cast<std::size_t>(r.integer("limit", 20))));
                json::array out;
                for (const auto& one : list) out.emplace_back(to_json(one, r.lang()));
                return Response::ok(json::object{{"imports", std::move(out)}});
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/catalog/imports/{id}/errors.csv",
              .id = "catalog_import_errors",
              .tag = "catalogue",
              .summary = {"下载导入的逐行错误", "Download the errors of an import, row by row"},
              .who = http::may(Permission::dataset_write),
              .answer_types = {"text/csv"},
              .errors = {Code::not_found},
              .handler = [&desk](Request& r) { return errors_csv(desk, r); }});
  auto filters = search_parameters();
  filters.push_back({.name = "empty", .shape = schema::boolean(), .note = {"只要空表", "The empty form only"}});
  router.add({.method = Method::get,
              .path = "/api/v1/catalog/export.xlsx",
              .id = "catalog_export",
              .tag = "catalogue",
              .summary = {"导出目录表格", "Export the catalogue as the guide's spreadsheet"},
              .who = http::may(Permission::dataset_read),
              .query = filters,
              .answer_types = {kXlsx},
              .handler = [&desk](Request& r) { return download(desk, r); }});
}

}  // namespace qushu::sharing
