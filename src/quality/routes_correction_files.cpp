#include "qushu/quality/corrections.h"

namespace qushu::quality {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema file_schema() {
  return schema::object({{"id", schema::text()},
                         {"part", schema::choice({"report", "answer"})},
                         {"name", schema::text()},
                         {"size", schema::integer()},
                         {"sha256", schema::text()},
                         {"person_name", schema::text()},
                         {"at", schema::time()}})
      .named("CorrectionFile");
}

class FileRoutes {
 public:
  FileRoutes(Corrections& corrections, blob::BlobStore& blobs, const Settings& settings)
      : corrections_(corrections), blobs_(blobs), settings_(settings) {}

  // Who may not attach is told so before anything of hers is stored.
  Result<Response> attach(Request& r) {
    std::optional<FilePart> part;
    if (auto given = r.get("part")) part = *given == name(FilePart::answer) ? FilePart::answer : FilePart::report;
    QS_TRY(part, corrections_.check_attach(r.actor, r.param("id"), part, r.stream->length().value_or(0)));
    QS_TRY(auto writer, blobs_.create());
    auto limit = static_cast<std::uint64_t>(settings_.integer("quality.correction_file_size"));
    QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
      QS_CHECK(writer->write(piece));
      if (writer->written() > limit) QS_CHECK(corrections_.check_attach(r.actor, r.param("id"), part, writer->written()));
      return {};
    }));
    QS_TRY(auto content, writer->commit());
    QS_TRY(auto file, corrections_.attach(r.actor, r.param("id"), part, r.get("name").value_or(""), content));
    return Response::ok(to_json(file), 201);
  }

  Result<Response> download(const Request& r) const {
    QS_TRY(auto file, corrections_.file(r.actor, r.param("id"), r.param("file")));
    QS_TRY(auto path, blobs_.path(file.blob));
    // Never shown in place: what it is, is what somebody uploaded.
    return Response::file(path, "application/octet-stream", file.blob).as_download(file.name);
  }

  Result<Response> detach(const Request& r) {
    QS_CHECK(corrections_.detach(r.actor, r.param("id"), r.param("file")));
    return Response::no_content();
  }

 private:
  Corrections& corrections_;
  blob::BlobStore& blobs_;
  const Settings& settings_;
};

}  // namespace

void add_correction_file_routes(http::Router& router, Corrections& corrections, blob::BlobStore& blobs,
                                const Settings& settings) {
  auto routes = std::make_shared<FileRoutes>(corrections, blobs, settings);
  auto who = http::may(Permission::dataset_read);
  router.add(
      {.method = Method::post,
       .path = "/api/v1/corrections/{id}/files",
       .id = "correction_file_add",
       .tag = "corrections",
       .summary = {"上传附件", "Attach a file"},
       .who = who,
       .query =
           {{.name = "name", .shape = schema::text().length(1, 255), .note = {"文件名", "The file's name"}, .required = true},
            {.name = "part",
             .shape = schema::choice({"report", "answer"}),
             .note = {"申请人的佐证或提供部门的答复；默认由身份决定",
                      "The reporter's or the provider's; by default as who you are"}}},
       .streams_body = true,
       .answer = file_schema(),
       .answer_status = 201,
       .errors = {Code::not_found, Code::forbidden, Code::conflict, Code::invalid, Code::too_large, Code::storage_full},
       .handler = [routes](Request& r) { return routes->attach(r); }});
  router.add({.method = Method::get,
              .path = "/api/v1/corrections/{id}/files/{file}",
              .id = "correction_file_download",
              .tag = "corrections",
              .summary = {"下载附件", "Download a file"},
              .who = who,
              .answer_types = {"application/octet-stream"},
              .errors = {Code::not_found},
              .handler = [routes](Request& r) { return routes->download(r); }});
  router.add({.method = Method::del,
              .path = "/api/v1/corrections/{id}/files/{file}",
              .id = "correction_file_remove",
              .tag = "corrections",
              .summary = {"删除自己上传的附件", "Remove a file of one's own"},
              .who = who,
              .answer_status = 204,
              .errors = {Code::not_found, Code::forbidden, Code::conflict},
              .handler = [routes](Request& r) { return routes->detach(r); }});
}

}  // namespace qushu::quality
