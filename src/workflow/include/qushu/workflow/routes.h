// What the routes of papers have in common: parameters, shapes, the steps and the history.
#pragma once

#include <functional>
#include <string>

#include "qushu/http/router.h"
#include "qushu/workflow/workflow.h"

namespace qushu::workflow {

inline constexpr const char* kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

[[nodiscard]] http::Parameter version_parameter();
[[nodiscard]] http::Parameter format_parameter();  // "pdf" unless it says "xlsx"
[[nodiscard]] bool wants_pdf(const http::Request& r);
// `name`: without the ending, which the format gives it.
[[nodiscard]] http::Response download(const http::Request& r, std::string bytes, const std::string& name);

[[nodiscard]] http::Schema comment_body();
// A text of the body; empty where there is none.
[[nodiscard]] std::string member(const http::Request& r, std::string_view name);

// A kind's routes: "/api/v1/budgets", and the kind's name begins their ids and is their tag.
struct Papers {
  const Kind& kind;
  std::string path;
  http::Schema detail;  // what a step answers
};

// What a kind knows of a paper, as its to_json(detail, lang) writes it.
template <class Detail>
[[nodiscard]] Result<http::Response> shown(const http::Request& r, const Result<Detail>& detail, unsigned status = 200) {
  if (!detail) return Failure(detail.error());
  return http::Response::ok(to_json(*detail, r.lang()), status);
}

// POST path/{id}/name, as the route KIND_name.
void add_post(http::Router& router, const Papers& papers, const std::string& name, Text summary, Permission who,
              http::Schema body, http::Handler handler);
// The same of a step: `run(request)` takes it and gives the paper's detail.
template <class Run>
void add_step(http::Router& router, const Papers& papers, const std::string& name, Text summary, Permission who,
              http::Schema body, Run run) {
  add_post(router, papers, name, std::move(summary), who, std::move(body),
           [run = std::move(run)](http::Request& r) { return shown(r, run(r)); });
}
// GET path/{id}/history.
void add_history(http::Router& router, const Papers& papers, Text summary,
                 std::function<Result<std::vector<Step>>(const http::Request&)> history);

}  // namespace qushu::workflow
