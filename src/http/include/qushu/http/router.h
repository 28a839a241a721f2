// Routes: each declares its method, path, parameters, body, answers, errors and who may call it. What is not declared is not
// there: unknown query parameters are refused, a body without a shape is refused, and a route without `who` does not compile.
//
//   router.add({
//     .method = Method::post, .path = "/api/v1/datasets/{code}/rollback", .id = "dataset_rollback", .tag = "datasets",
//     .summary = {"回滚到某个版本", "Roll back to a version"},
//     .who = may(Permission::dataset_write),
//     .body = schema::object({{"version", schema::integer().range(1, INT32_MAX)}}),
//     .answer = dataset_schema(),
//     .handler = [&](Request& request) { … },
//   });
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/error.h"
#include "qushu/http/message.h"
#include "qushu/http/schema.h"

namespace qushu::http {

// Who may call a route. There is no default.
class Access {
 public:
  enum class Kind : std::uint8_t { anyone, signed_in, permission };
  Kind kind;
  std::vector<Permission> any_of = {};
  // Allowed while the password must still be changed or the second factor is still missing (sign-out, change of password …).
  bool before_complete = false;
};
[[nodiscard]] Access anyone();
[[nodiscard]] Access signed_in();
[[nodiscard]] Access may(Permission permission);
[[nodiscard]] Access may_any(std::vector<Permission> permissions);

struct Parameter {
  std::string name;
  Schema shape;  // text, integer, number, boolean or choice
  Text note = {};
  bool required = false;
  std::optional<std::string> otherwise = {};  // default
  bool repeated = false;
};

enum class BodyKind : std::uint8_t { none, json, stream };
enum class Run : std::uint8_t {
  pool,     // on the worker pool: may block
  at_once,  // on the I/O thread: memory only, microseconds
};

struct Route {
  Method method;
  std::string path;  // "/api/v1/datasets/{code}"; a last segment "{path*}" takes the rest
  std::string id;    // operationId, unique
  std::string tag;   // the group in the description
  Text summary;
  Access who;
  std::vector<Parameter> query = {};
  // Credentials are not looked at, whoever sends them: everybody is nobody here, so that nothing of a person's can be seen or
  // done by an address that is for the public. Only with anyone().
  bool nameless = false;
  bool open_query = false;          // further query parameters are allowed and read by the handler (row filters)
  std::optional<Schema> body = {};  // a JSON body
  bool streams_body = false;        // the handler reads Request::stream itself
  std::string body_type = "application/octet-stream";  // of a streamed body, in the description
  std::uint64_t body_limit = 0;                // bytes; 0: the setting http.body_limit (JSON) or http.upload_limit (stream)
  std::optional<Schema> answer = {};           // the shape of a JSON answer
  std::vector<std::string> answer_types = {};  // other media types that it can answer with
  unsigned answer_status = 200;
  std::vector<Code> errors = {};  // besides those that any route may give
  Run run = Run::pool;
  bool hidden = false;  // pages and assets: not in the API description
  // Tried first, on the I/O thread, when the caller could be told from memory: an answer that needs no blocking call, or
  // nothing to let the handler run on the pool.
  std::function<std::optional<Result<Response>>(Request&)> fast = {};
  Handler handler;
};

class Router {
 public:
  Router();
  ~Router();
  // Aborts on a duplicate, a malformed path or a missing id: programming errors that the first test run finds.
  void add(Route route);
  [[nodiscard]] const std::vector<Route>& routes() const;

  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> params;
  };
  // The route, or not_found, or Code::invalid with id "http.method" (405; `subject` holds the Allow header).
  [[nodiscard]] Result<Match> match(Method method, std::string_view path) const;

  // The OpenAPI 3.1 description of all routes that are not hidden.
  [[nodiscard]] json::object openapi(std::string_view version, Lang lang) const;

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

}  // namespace qushu::http
