#include "qushu/console/console.h"

#include <cstddef>
#include <string>

#include "files.h"

namespace qushu::console {
namespace {

using http::Request;
using http::Response;

std::string_view type_of(std::string_view name) {
  auto dot = name.rfind('.');
  auto ending = dot == std::string_view::npos ? std::string_view() : name.substr(dot);
  if (ending == ".html") return "text/html; charset=utf-8";
  if (ending == ".js") return "text/javascript; charset=utf-8";
  if (ending == ".css") return "text/css; charset=utf-8";
  if (ending == ".svg") return "image/svg+xml";
  if (ending == ".json") return "application/json";
  if (ending == ".woff2") return "font/woff2";
  if (ending == ".png") return "image/png";
  if (ending == ".ico") return "image/x-icon";
  return "application/octet-stream";
}

const File* find(std::string_view name) {
  for (const auto* file = kFiles; file->name != nullptr; ++file)
    if (name == file->name) return file;
  return nullptr;
}

// Element Plus and ECharts set styles from script, so styles may be inline; scripts may not.
constexpr std::string_view kPolicy =
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' "
    "data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Response answer(const File& file, bool for_ever) {
  Response r;
  r.body = Response::Static{.bytes = {file.begin, static_cast<std::size_t>(file.end - file.begin)}, .gzipped = true};
  return std::move(r)
      .with("Content-Type", std::string(type_of(file.name)))
      .with("Cache-Control", for_ever ? "public, max-age=31536000, immutable" : "no-cache")
      .with("Content-Security-Policy", std::string(kPolicy));
}

Response page() {
  const auto* index = find("index.html");
  if (index) return answer(*index, false);
  return Response::text("这个程序没有包含控制台。This program was built without the console.\n");
}

}  // namespace

bool is_embedded() {
  return find("index.html") != nullptr;
}

void add_routes(http::Router& router) {
  router.add({.method = http::Method::get,
              .path = "/assets/{name*}",
              .id = "console_asset",
              .tag = "console",
              .summary = {"控制台文件", "A file of the console"},
              .who = http::anyone(),
              .open_query = true,
              .run = http::Run::at_once,
              .hidden = true,
              .handler = [](Request& r) -> Result<Response> {
                const auto* file = find("assets/" + r.param("name"));
                if (!file) return fail(Code::not_found, "http.not_found", "没有这个文件。", "There is no such file.");
                return answer(*file, true);
              }});
  router.add({.method = http::Method::get,
              .path = "/",
              .id = "console_home",
              .tag = "console",
              .summary = {"控制台", "The console"},
              .who = http::anyone(),
              .open_query = true,
              .run = http::Run::at_once,
              .hidden = true,
              .handler = [](Request&) -> Result<Response> { return page(); }});
  // Every address of the console is the same page; what begins with /api is never one.
  router.add({.method = http::Method::get,
              .path = "/{page*}",
              .id = "console_page",
              .tag = "console",
              .summary = {"控制台页面", "A page of the console"},
              .who = http::anyone(),
              .open_query = true,
              .run = http::Run::at_once,
              .hidden = true,
              .handler = [](Request& r) -> Result<Response> {
                const auto& name = r.param("page");
                if (const auto* file = find(name)) return answer(*file, false);
                auto last = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
                if (name.starts_with("api/") || name == "api" || last.contains('.'))
                  return fail(Code::not_found, "http.not_found", "没有这个地址。", "There is nothing at this address.");
                return page();
              }});
}

}  // namespace qushu::console
