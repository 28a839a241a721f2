#include "qushu/base/file_name.h"
#include "qushu/budget/budget.h"
#include "qushu/budget/check.h"

namespace qushu::budget {
namespace {

namespace schema = http::schema;
namespace json = http::json;
using http::Request;
using http::Response;

// The route's own limit, above every value of the setting.
constexpr std::uint64_t kMostBytes = 1ULL << 30U;

Result<Response> check_upload(const Settings& settings, const Request& r) {
  auto limits = limits_of(settings);
  std::string bytes;
  auto too_large = [&] { return bytes.size() > limits.document; };
  // What is past the limit is refused as soon as it is; read_document() says so in words.
  auto received = r.stream->each([&](std::string_view piece) -> Result<void> {
    bytes += piece;
    if (too_large()) return fail(read_document(bytes, {}, limits).error());
    return {};
  });
  if (!received) return Failure(std::move(received).error());
  QS_TRY(auto document, read_document(bytes, file_name_of(r.get("name").value_or("document")), limits));
  auto out = to_json(check(document), r.lang());
  json::array lines;
  for (auto& line : document.lines) lines.emplace_back(std::move(line));
  out["format"] = name(document.format);
  out["lines"] = std::move(lines);
  return Response::ok(out);
}

http::Schema place_schema() {
  return schema::object({{"line", schema::integer().note("从 1 开始", "From 1")},
                         {"text", schema::text().note("原文", "The words there")}})
      .named("BudgetPlace");
}

http::Schema finding_schema() {
  return schema::object(
             {{"kind", schema::choice({"sum", "balance", "year_on_year", "percent", "restated", "coverage", "promise"})},
              {"severity", schema::choice({"error", "warning"})},
              {"message", schema::text()},
              {"places", schema::array(place_schema())},
              {"expected", schema::text().note("按计算应为", "By arithmetic")},
              {"found", schema::text().note("文中所写", "As printed")},
              {"unit", schema::text()},
              {"confidence", schema::integer().note("把握，百分之", "How sure, per cent")}})
      .named("BudgetFinding");
}

}  // namespace

void add_routes(http::Router& router, const Settings& settings) {
  router.add(
      {.method = http::Method::post,
       .path = "/api/v1/budget/check",
       .id = "budget_check",
       .tag = "budget",
       .summary = {"核对一份公开的预算或决算文件（PDF、DOCX、文本），返回疑点和全文各行",
                   "Check a published budget or final account (PDF, DOCX, text): its findings and its lines"},
       .who = http::may(Permission::account),
       .query = {{.name = "name", .shape = schema::text().length(1, 255), .note = {"文件名", "What the file is called"}}},
       .streams_body = true,
       .body_type = "application/octet-stream",
       .body_limit = kMostBytes,
       .answer = schema::object(
           {{"document", schema::text()},
            {"year", schema::integer()},
            {"final_account", schema::boolean().note("是决算", "A final account")},
            {"figures", schema::integer().note("读出的数字", "Figures read")},
            {"checked", schema::integer().note("核对的关系", "Relations computed")},
            {"findings", schema::array(finding_schema())},
            {"not_understood",
             schema::array(schema::object({{"line", schema::integer()}, {"text", schema::text()}, {"why", schema::text()}}))},
            {"format", schema::choice({"text", "pdf", "docx"})},
            {"lines",
             schema::array(schema::text()).note("文件各行，疑点的行号指向这里", "The document, which findings point into")}}),
       .errors = {Code::invalid, Code::too_large, Code::unavailable, Code::timed_out},
       .handler = [&settings](Request& r) { return check_upload(settings, r); }});
}

}  // namespace qushu::budget
