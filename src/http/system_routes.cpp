#include "qushu/http/server.h"

namespace qushu::http {

void add_system_routes(Router& router, Metrics& metrics, const std::function<Result<void>()>& ready,
                       const std::string& version) {
  router.add({.method = Method::get,
              .path = "/healthz",
              .id = "healthz",
              .tag = "system",
              .summary = {"进程存活检查", "Whether the process lives"},
              .who = anyone(),
              .answer_types = {"text/plain"},
              .run = Run::at_once,
              .handler = [](Request&) -> Result<Response> { return Response::text("ok\n"); }});
  router.add({.method = Method::get,
              .path = "/readyz",
              .id = "readyz",
              .tag = "system",
              .summary = {"就绪检查", "Whether it can serve"},
              .who = anyone(),
              .answer_types = {"text/plain"},
              .errors = {Code::unavailable},
              .handler = [ready](Request&) -> Result<Response> {
                QS_CHECK(ready());
                return Response::text("ready\n");
              }});
  router.add({.method = Method::get,
              .path = "/metrics",
              .id = "metrics",
              .tag = "system",
              .summary = {"Prometheus 指标（仅本机，或有系统管理权限）",
                          "Prometheus metrics (from this machine, or with system.manage)"},
              .who = anyone(),
              .answer_types = {"text/plain"},
              .errors = {Code::forbidden},
              .handler = [&metrics](Request& r) -> Result<Response> {
                bool local = r.remote == "127.0.0.1" || r.remote == "::1" || r.remote == "::ffff:127.0.0.1";
                if (!local && !r.actor.can(Permission::system_manage))
                  return fail(Code::forbidden, "http.forbidden", "指标只对本机和系统管理员开放。",
                              "Metrics are open to this machine and to system administrators only.");
                return Response::text(metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
              }});
  router.add({.method = Method::get,
              .path = "/api/openapi.json",
              .id = "openapi",
              .tag = "system",
              .summary = {"接口描述（OpenAPI 3.1）", "The API's description (OpenAPI 3.1)"},
              .who = anyone(),
              .answer = schema::map(schema::any()),
              .handler = [&router, version](Request& r) -> Result<Response> {
                return Response::ok(router.openapi(version, r.lang()));
              }});
}

}  // namespace qushu::http
