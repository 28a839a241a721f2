#include "downloads.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/query/export.h"
#include "qushu/query/rows.h"

namespace qushu::opendata {
namespace {

using http::Response;

void append_xml(std::string_view text, std::string& out) {
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r')
      out += c;
  }
}

void append_turtle(std::string_view text, std::string& out) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  out += '"';
}

std::string_view xsd(engine::Type type) {
  switch (type) {
    case engine::Type::integer:
      return "integer";
    case engine::Type::decimal:
      return "decimal";
    case engine::Type::number:
      return "double";
    case engine::Type::boolean:
      return "boolean";
    case engine::Type::date:
      return "date";
    case engine::Type::time:
      return "time";
    case engine::Type::datetime:
      return "dateTime";
    default:
      return "";
  }
}

// Rows as elements; the columns are the fields' identifiers.
class Writer {
 public:
  Writer(bool turtle, std::string dataset) : turtle_(turtle), dataset_(std::move(dataset)) {}

  [[nodiscard]] std::string head(const std::vector<const catalog::Field*>& fields) const {
    if (!turtle_) return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<data>\n";
    std::string out = fmt::format(
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        "@prefix f: <{}/field/> .\n",
        dataset_);
    for (const auto* field : fields) {
      out += "f:" + field->id + " rdfs:label ";
      append_turtle(field->name, out);
      out += "@zh .\n";
    }
    return out;
  }

  void row(const engine::Chunk& chunk, std::size_t r, const std::vector<engine::Column>& columns, std::string& out) {
    ++number_;
    if (turtle_)
      out += fmt::format("<{}/row/{}> a <{}/row>", dataset_, number_, dataset_);
    else
      out += "<row>";
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (chunk.is_null(c, r)) continue;
      std::string text;
      chunk.append_text(c, r, text);
      if (!turtle_) {
        out += "<" + columns[c].name + ">";
        append_xml(text, out);
        out += "</" + columns[c].name + ">";
        continue;
      }
      out += " ; f:" + columns[c].name + " ";
      append_turtle(text, out);
      if (auto type = xsd(columns[c].type); !type.empty()) out += fmt::format("^^xsd:{}", type);
    }
    out += turtle_ ? " .\n" : "</row>\n";
  }

  [[nodiscard]] std::string_view foot() const { return turtle_ ? "" : "</data>\n"; }

 private:
  bool turtle_;
  std::string dataset_;
  std::uint64_t number_ = 0;
};

Result<void> pour(engine::Cursor& cursor, Writer& writer, http::BodyWriter& to) {
  constexpr std::size_t kPiece = 64U << 10U;
  std::string piece;
  while (true) {
    QS_TRY(const auto* chunk, cursor.next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      writer.row(*chunk, r, cursor.columns(), piece);
      if (piece.size() < kPiece) continue;
      QS_CHECK(to.write(piece));
      piece.clear();
    }
  }
  piece += writer.foot();
  return to.write(piece);
}

std::string file_name(const Package& p, std::string_view extension) {
  return fmt::format("{}.{}", p.title, extension);
}

}  // namespace

Result<Response> download(const PublicDeps& deps, const http::Request& r, const Package& package, std::string_view file) {
  auto found =
      std::ranges::find_if(file_formats(), [&](const FileFormat& f) { return file == fmt::format("data.{}", f.extension); });
  if (found == file_formats().end()) return not_public();
  QS_TRY(auto shown, deps.view.open(package.dataset_id));
  query::Pairs pairs;
  bool bom = false, raw = false;
  for (const auto& [key, value] : r.query_in_order) {
    if (key == "_bom")
      bom = value != "0";
    else if (key == "_raw")
      raw = value != "0";
    // An empty value of a form's field asks nothing.
    else if (!value.empty() || key.ends_with("null"))
      pairs.emplace_back(key, value);
  }
  QS_TRY(auto request, query::parse_rows(pairs, shown->fields, shown->version.number, {}));
  std::vector<std::string> names;
  std::vector<const catalog::Field*> fields;
  bool by_name = found->extension == "csv" || found->extension == "xlsx";
  for (auto column : request.columns) {
    fields.push_back(&shown->fields[column]);
    names.push_back(by_name ? shown->fields[column].name : shown->fields[column].id);
  }
  // Large ones come as they lie in the files, always in the same order: to sort them would keep the reader waiting.
  bool by_id = shown->version.published <= static_cast<std::uint64_t>(deps.settings.integer("query.count_rows"));
  auto sql = query::all_sql(shown->select, shown->fields, request, names, by_id);
  engine::Limits limits{.time = std::chrono::seconds(deps.settings.integer("opendata.download_time")),
                        .cancelled = [client = r.client] { return client != nullptr && client->gone(); }};
  auto type =
      std::string(found->media_type) + (found->extension == "csv" || found->extension == "ttl" ? "; charset=utf-8" : "");
  deps.audit.count_access({}, "dataset", package.dataset_id, "open_download", shown->version.published);
  QS_TRY(std::shared_ptr<engine::Cursor> cursor, deps.engine.run({.sql = sql.text, .params = sql.params, .limits = limits}));
  if (found->extension == "xml" || found->extension == "ttl") {
    auto writer =
        std::make_shared<Writer>(found->extension == "ttl", base_of(r, deps.settings) + "/open/dataset/" + package.name);
    auto head = writer->head(fields);
    return Response::stream(type,
                            [cursor, writer, head, shown](http::BodyWriter& to) -> Result<void> {
                              QS_CHECK(to.write(head));
                              return pour(*cursor, *writer, to);
                            })
        .as_download(file_name(package, found->extension));
  }
  query::Format format{};
  if (!query::parse(found->extension, format)) return not_public();
  query::WriteOptions options{.headers = by_name ? names : std::vector<std::string>(),
                              .bom = bom,
                              .raw = raw,
                              .sheet = "Sheet1",
                              .engine = &deps.engine,
                              .folder = deps.scratch,
                              .limits = limits};
  if (query::needs_file(format)) {
    QS_TRY(auto written, query::write_file(format, *cursor, options));
    Response response;
    response.body = Response::File{.path = written.path, .keep = written.keep};
    return std::move(response).with("Content-Type", type).as_download(file_name(package, found->extension));
  }
  return Response::stream(
             type,
             [cursor, format, options, shown](http::BodyWriter& to) -> Result<void> {
               QS_CHECK(query::write_rows(format, *cursor, [&](std::string_view bytes) { return to.write(bytes); }, options));
               return {};
             })
      .as_download(file_name(package, found->extension));
}

void add_download_routes(http::Router& router, const PublicDeps& deps) {
  router.add(
      {.method = http::Method::get,
       .path = "/open/dataset/{name}/{file}",
       .id = "open_download",
       .tag = "open",
       .summary = {"下载开放数据：data.csv、data.json、data.xml、data.xlsx、data.parquet、data.ttl，可筛选（字段__op=值）",
                   "Download open data: data.csv, .json, .xml, .xlsx, .parquet, .ttl, filtered by field__op=value"},
       .who = http::anyone(),
       .nameless = true,
       .open_query = true,
       .answer_types = {"text/csv", "application/json", "application/xml", "text/turtle"},
       .errors = {Code::not_found, Code::invalid, Code::timed_out},
       .handler = [&deps](http::Request& r) -> Result<Response> {
         QS_TRY(auto package, deps.shelf.package(r.param("name")));
         if (!package) return not_public();
         QS_TRY(auto response, download(deps, r, *package, r.param("file")));
         return std::move(response).with("Access-Control-Allow-Origin", "*");
       }});
}

}  // namespace qushu::opendata
