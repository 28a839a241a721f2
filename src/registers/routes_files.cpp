#include <fmt/format.h>

#include "qushu/base/text.h"

#include "routes.h"

namespace qushu::registers {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

json::object shown(const File& f) {
  return {{"id", f.id},        {"field", f.field}, {"name", f.name},
          {"size", f.size},    {"sha256", f.blob}, {"person_name", f.person_name},
          {"at", to_iso(f.at)}};
}

http::Schema file_schema() {
  return schema::object({{"id", schema::text()},
                         {"field", schema::text()},
                         {"name", schema::text()},
                         {"size", schema::integer()},
                         {"sha256", schema::text()},
                         {"person_name", schema::text()},
                         {"at", schema::time()}})
      .named("RecordFile");
}

// Who may not attach is told so before anything of hers is stored.
Result<Response> attach(Registers& registers, blob::BlobStore& blobs, const Settings& settings, Request& r) {
  auto field = r.get("field").value_or("");
  QS_CHECK(registers.check_attach(r.actor, r.param("code"), r.param("id"), field, r.stream->length().value_or(0)));
  QS_TRY(auto writer, blobs.create());
  auto limit = static_cast<std::uint64_t>(settings.integer("registers.file_size"));
  QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
    QS_CHECK(writer->write(piece));
    if (writer->written() > limit)
      QS_CHECK(registers.check_attach(r.actor, r.param("code"), r.param("id"), field, writer->written()));
    return {};
  }));
  QS_TRY(auto content, writer->commit());
  QS_TRY(auto file, registers.attach(r.actor, r.param("code"), r.param("id"), field, r.get("name").value_or(""), content));
  return Response::ok(shown(file), 201);
}

Result<Response> list(const Registers& registers, const Request& r) {
  QS_TRY(auto files, registers.files(r.actor, r.param("code"), r.param("id")));
  json::array out;
  for (const auto& file : files) out.push_back(shown(file));
  return Response::ok(json::object{{"files", std::move(out)}});
}

Result<Response> download(const Registers& registers, blob::BlobStore& blobs, const Request& r) {
  QS_TRY(auto file, registers.file(r.actor, r.param("code"), r.param("id"), r.param("file")));
  QS_TRY(auto path, blobs.path(file.blob));
  // Never shown in place: what it is, is what somebody uploaded.
  return Response::file(path, "application/octet-stream", file.blob).as_download(file.name);
}

Result<Response> export_sheet(const Registers& registers, SheetFormat format, const Request& r) {
  QS_TRY(auto entry, registers.find(r.actor, r.param("code")));
  QS_TRY(auto sheet, registers.write_sheet(r.actor, r.param("code"), r.query_in_order, format, r.lang()));
  bool csv = format == SheetFormat::csv;
  Response answer;
  answer.headers.emplace_back(
      "Content-Type", csv ? "text/csv; charset=utf-8" : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
  answer.body = Response::File{.path = sheet.path, .keep = sheet.keep};
  return std::move(answer).as_download(entry.definition.name.in(r.lang()) + (csv ? ".csv" : ".xlsx"));
}

Result<Response> import_sheet(Registers& registers, blob::BlobStore& blobs, const Settings& settings, Request& r) {
  QS_CHECK(registers.find(r.actor, r.param("code")));
  QS_TRY(auto writer, blobs.create());
  auto limit = static_cast<std::uint64_t>(settings.integer("registers.file_size"));
  QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
    if (writer->written() + piece.size() > limit)
      return fail(Code::too_large, "record.file_size",
                  fmt::format("文件最大 {}（设置 registers.file_size）。", human_bytes(limit)),
                  fmt::format("The file has {} at most (setting registers.file_size).", human_bytes(limit)));
    return writer->write(piece);
  }));
  QS_TRY(auto content, writer->commit());
  QS_TRY(auto path, blobs.path(content.sha256));
  QS_TRY(auto done, registers.read_sheet(r.actor, r.param("code"), path, r.get("name").value_or(""), r.flag("dry_run")));
  json::array errors;
  for (const auto& e : done.errors)
    errors.push_back(json::object{{"row", e.row}, {"column", e.column}, {"text", e.text.in(r.lang())}});
  return Response::ok(json::object{{"rows", done.rows},
                                   {"added", done.added},
                                   {"changed", done.changed},
                                   {"dry_run", done.dry_run},
                                   {"ignored", json::array(done.ignored.begin(), done.ignored.end())},
                                   {"errors", std::move(errors)}});
}

}  // namespace

void add_file_routes(http::Router& router, Registers& registers, blob::BlobStore& blobs, const Settings& settings) {
  auto use = http::may(Permission::register_use);
  const std::string code = "/api/v1/registers/{code}", files = code + "/records/{id}/files";
  http::Parameter name{
      .name = "name", .shape = schema::text().length(1, 255), .note = {"文件名", "The file's name"}, .required = true};
  router.add({.method = Method::get,
              .path = files,
              .id = "record_files",
              .tag = "registers",
              .summary = {"记录的附件", "A record's files"},
              .who = use,
              .answer = schema::object({{"files", schema::array(file_schema())}}),
              .errors = {Code::not_found},
              .handler = [&registers](Request& r) { return list(registers, r); }});
  router.add({.method = Method::post,
              .path = files,
              .id = "record_file_add",
              .tag = "registers",
              .summary = {"上传附件", "Attach a file"},
              .who = use,
              .query = {name,
                        {.name = "field",
                         .shape = schema::text().length(1, 40),
                         .note = {"附件字段", "The field of attachments"},
                         .required = true}},
              .streams_body = true,
              .answer = file_schema(),
              .answer_status = 201,
              .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid, Code::too_large, Code::storage_full},
              .handler = [&registers, &blobs, &settings](Request& r) { return attach(registers, blobs, settings, r); }});
  router.add({.method = Method::get,
              .path = files + "/{file}",
              .id = "record_file_download",
              .tag = "registers",
              .summary = {"下载附件", "Download a file"},
              .who = use,
              .answer_types = {"application/octet-stream"},
              .errors = {Code::not_found},
              .handler = [&registers, &blobs](Request& r) { return download(registers, blobs, r); }});
  router.add({.method = Method::del,
              .path = files + "/{file}",
              .id = "record_file_remove",
              .tag = "registers",
              .summary = {"删除附件", "Remove a file"},
              .who = use,
              .answer_status = 204,
              .errors = {Code::not_found, Code::forbidden},
              .handler = [&registers](Request& r) -> Result<Response> {
                QS_CHECK(registers.detach(r.actor, r.param("code"), r.param("id"), r.param("file")));
                return Response::no_content();
              }});
  for (auto [ending, format, type] :
       {std::tuple{"csv", SheetFormat::csv, "text/csv"},
        std::tuple{"xlsx", SheetFormat::xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}})
    router.add({.method = Method::get,
                .path = code + "/export." + ending,
                .id = std::string("register_export_") + ending,
                .tag = "registers",
                .summary = {std::string("导出记录（") + ending + "），筛选同列表",
                            std::string("Export records as ") + ending + "; filters as in the list"},
                .who = use,
                .open_query = true,
                .answer_types = {type},
                .errors = {Code::not_found, Code::invalid, Code::too_large},
                .handler = [&registers, kind = format](Request& r) { return export_sheet(registers, kind, r); }});
  router.add(
      {.method = Method::post,
       .path = code + "/import",
       .id = "register_import",
       .tag = "registers",
       .summary = {"从 XLSX 或 CSV 导入记录：全部成功或全部不导入", "Import records from XLSX or CSV: all of them, or none"},
       .who = use,
       .query = {name, {.name = "dry_run", .shape = schema::boolean(), .note = {"只检查", "Only check"}}},
       .streams_body = true,
       .answer = schema::object(
           {{"rows", schema::integer()},
            {"added", schema::integer()},
            {"changed", schema::integer()},
            {"dry_run", schema::boolean()},
            {"ignored",
             schema::array(schema::text()).note("表头不是字段名、没有导入的列", "Columns whose heads name no field")},
            {"errors", schema::array(schema::object(
                           {{"row", schema::integer()}, {"column", schema::text()}, {"text", schema::text()}}))}}),
       .errors = {Code::not_found, Code::forbidden, Code::invalid, Code::too_large, Code::conflict},
       .handler = [&registers, &blobs, &settings](Request& r) { return import_sheet(registers, blobs, settings, r); }});
}

}  // namespace qushu::registers
