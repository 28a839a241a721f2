#include <algorithm>
#include <array>

#include "qushu/insight/insight.h"

namespace qushu::insight {
namespace {

using http::Method;
using http::Parameter;
using http::Request;
using http::Response;
namespace schema = http::schema;

std::function<bool()> gone(const Request& request) {
  return [client = request.client] { return client != nullptr && client->gone(); };
}

// --- lineage -----------------------------------------------------------------------------------------------------------------

GraphQuestion question_of(const Request& r) {
  GraphQuestion out{.dataset = r.param("dataset"),
                    .field = r.get("field").value_or(""),
                    .depth = static_cast<int>(r.integer("depth", 0)),
                    .version = r.integer("version", 0)};
  auto direction = r.get("direction").value_or("both");
  if (direction == "up") out.direction = Direction::up;
  if (direction == "down") out.direction = Direction::down;
  return out;
}

std::vector<Parameter> graph_parameters(bool directed) {
  std::vector<Parameter> out{
      {.name = "field",
       .shape = schema::text().length(0, 200),
       .note = {"只看这个信息项（标识符或名称）", "Only this field, by identifier or name"}},
      {.name = "depth", .shape = schema::integer().range(1, 10), .note = {"追溯几个数据集", "Datasets to go"}},
      {.name = "version",
       .shape = schema::integer().range(1, INT32_MAX),
       .note = {"版本号，默认当前版本", "Version; the current one by default"}}};
  if (directed)
    out.push_back({.name = "direction",
                   .shape = schema::choice({"both", "up", "down"}),
                   .note = {"up：从哪里来；down：影响谁", "up: where it comes from; down: who is hurt"},
                   .otherwise = "both"});
  return out;
}

http::Schema graph_schema() {
  auto text = [] { return schema::text(); };
  auto column = schema::object({{"id", text()}, {"name", text()}});
  auto node =
      schema::object({{"id", text()},
                      {"kind", schema::choice({"file", "source", "push", "pipeline", "step", "dataset", "reader", "relation"})},
                      {"title", schema::text().nullable()},
                      {"code", schema::text().nullable()},
                      {"detail", schema::text().nullable()},
                      {"columns", schema::array(column)},
                      {"hidden", schema::boolean().note("无权查看", "The caller may not know what it is")},
                      {"distance", schema::integer()},
                      {"touched", schema::array(text())},
                      {"certain", schema::boolean()},
                      {"calls", schema::integer()},
                      {"last_day", schema::text().nullable()}});
  auto flow = schema::object({{"from", text()}, {"to", text()}, {"copied", schema::boolean()}, {"certain", schema::boolean()}});
  return schema::object(
             {{"nodes", schema::array(node)},
              {"edges", schema::array(schema::object({{"from", text()}, {"to", text()}, {"flows", schema::array(flow)}}))},
              {"complete", schema::boolean()}})
      .named("Lineage");
}

void add_lineage(http::Router& router, LineageService& lineage) {
  router.add({.method = Method::get,
              .path = "/api/v1/lineage/{dataset}",
              .id = "lineage_show",
              .tag = "insight",
              .summary = {"数据集的血缘：从哪里来，影响谁", "Lineage of a dataset: where it comes from and who is hurt"},
              .who = http::may(Permission::dataset_read),
              .query = graph_parameters(true),
              .answer = graph_schema(),
              .errors = {Code::not_found, Code::invalid},
              .handler = [&lineage](Request& r) -> Result<Response> {
                QS_TRY(auto graph, lineage.graph(r.actor, question_of(r)));
                return Response::ok(to_json(graph));
              }});
  auto impact = schema::object({{"kind", schema::text()},
                                {"kind_name", schema::text()},
                                {"title", schema::text()},
                                {"code", schema::text().nullable()},
                                {"department_name", schema::text().nullable()},
                                {"hidden", schema::boolean()},
                                {"distance", schema::integer()},
                                {"fields", schema::text()},
                                {"certain", schema::boolean()},
                                {"calls", schema::integer()},
                                {"last_day", schema::text().nullable()}});
  router.add({.method = Method::get,
              .path = "/api/v1/lineage/{dataset}/impact",
              .id = "lineage_impact",
              .tag = "insight",
              .summary = {"影响清单：出问题时要通知谁", "Who is hurt if it breaks"},
              .who = http::may(Permission::dataset_read),
              .query = graph_parameters(false),
              .answer = schema::object({{"impact", schema::array(impact)}, {"complete", schema::boolean()}}),
              .errors = {Code::not_found, Code::invalid},
              .handler = [&lineage](Request& r) -> Result<Response> {
                auto question = question_of(r);
                question.direction = Direction::down;
                QS_TRY(auto graph, lineage.graph(r.actor, question));
                return Response::ok(json::object{{"impact", impact_of(graph, r.lang())}, {"complete", graph.complete}});
              }});
  router.add({.method = Method::get,
              .path = "/api/v1/lineage/{dataset}/impact.csv",
              .id = "lineage_impact_csv",
              .tag = "insight",
              .summary = {"下载影响清单", "Download the list of who is hurt"},
              .who = http::may(Permission::dataset_read),
              .query = graph_parameters(false),
              .answer_types = {"text/csv"},
              .errors = {Code::not_found, Code::invalid},
              .handler = [&lineage](Request& r) -> Result<Response> {
                auto question = question_of(r);
                question.direction = Direction::down;
                QS_TRY(auto graph, lineage.graph(r.actor, question));
                return Response::text(impact_csv(graph, r.lang()), "text/csv; charset=utf-8")
                    .as_download(r.param("dataset") + (r.lang() == Lang::zh ? "_影响清单.csv" : "_impact.csv"));
              }});
}

// --- linkage -----------------------------------------------------------------------------------------------------------------

http::Schema link_schema() {
  return schema::object({{"a_in_b", schema::number()},
                         {"b_in_a", schema::number()},
                         {"error", schema::number().note("标准误差", "Standard error")},
                         {"exact", schema::boolean()}});
}

http::Schema overview_schema() {
  auto text = [] { return schema::text(); };
  auto side = schema::object({{"id", text()},
                              {"code", text()},
                              {"title", text()},
                              {"department_name", text()},
                              {"rows", schema::integer()},
                              {"update_cycle", text()},
                              {"coverage", schema::number()},
                              {"completeness", schema::number()},
                              {"score", schema::integer()},
                              {"reasons", schema::array(text())},
                              {"proposed", schema::boolean()}})
                  .named("LinkageSide");
  auto field = schema::object({{"id", text()}, {"name", text()}, {"key", schema::boolean()}}).named("LinkageField");
  auto link = schema::object({{"a_in_b", schema::number()},
                              {"b_in_a", schema::number()},
                              {"error", schema::number()},
                              {"exact", schema::boolean()},
                              {"a", field},
                              {"b", field}});
  auto decision = schema::object({{"state", schema::choice({"confirmed", "dismissed"})},
                                  {"source_id", text()},
                                  {"note", text()},
                                  {"person_name", text()},
                                  {"at", schema::time()}});
  auto suggestion =
      schema::object({{"kind", schema::choice({"same", "refers"})},
                      {"a", side},
                      {"b", side},
                      {"links", schema::array(link)},
                      {"twins", schema::array(schema::object({{"a", field}, {"b", field}, {"by_value", schema::boolean()}}))},
                      {"decision", std::move(decision).nullable()}});
  return schema::object({{"suggestions", schema::array(suggestion)},
                         {"datasets", schema::integer()},
                         {"unsketched", schema::integer().note("还没有列摘要的数据集数", "Datasets without a sketch yet")}});
}

void add_linkage(http::Router& router, Linkage& linkage) {
  auto word = [] { return schema::text().length(1, 64); };
  router.add(
      {.method = Method::get,
       .path = "/api/v1/linkage",
       .id = "linkage_list",
       .tag = "insight",
       .summary = {"一数一源：描述同一事物的数据集和重复采集",
                   "Datasets that describe the same things, and what is collected twice"},
       .who = http::may(Permission::dataset_read),
       .query = {{.name = "dataset",
                  .shape = schema::text().length(0, 64),
                  .note = {"只看与它有关的", "Only pairs with this dataset"}},
                 {.name = "state", .shape = schema::choice({"open", "confirmed", "dismissed"}), .note = {"处理状态", "State"}}},
       .answer = overview_schema(),
       .errors = {Code::not_found},
       .handler = [&linkage](Request& r) -> Result<Response> {
         QS_TRY(auto overview, linkage.overview(r.actor, r.get("dataset").value_or(""), r.get("state").value_or("")));
         return Response::ok(to_json(overview, r.lang()));
       }});
  router.add({.method = Method::post,
              .path = "/api/v1/linkage/verify",
              .id = "linkage_verify",
              .tag = "insight",
              .summary = {"精确核对两列的取值", "Compare the values of two columns exactly"},
              .who = http::may(Permission::dataset_read),
              .body = schema::object({{"dataset_a", word()}, {"field_a", word()}, {"dataset_b", word()}, {"field_b", word()}}),
              .answer = link_schema(),
              .errors = {Code::not_found, Code::invalid, Code::timed_out},
              .handler = [&linkage](Request& r) -> Result<Response> {
                const auto& body = r.body.as_object();
                auto text = [&](std::string_view key) { return std::string_view(body.at(key).as_string()); };
                QS_TRY(auto link, linkage.verify(r.actor, text("dataset_a"), text("field_a"), text("dataset_b"),
                                                 text("field_b"), gone(r)));
                return Response::ok(to_json(link));
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/linkage/decisions",
              .id = "linkage_decide",
              .tag = "insight",
              .summary = {"确认权威来源，或认定不重复", "Confirm the source of record, or dismiss a suggestion"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object({{"dataset_a", word()},
                                      {"dataset_b", word()},
                                      {"state", schema::choice({"confirmed", "dismissed", "open"})},
                                      {"source", schema::text().length(0, 64).optional()},
                                      {"note", schema::text().length(0, 1000).optional()}}),
              .answer = schema::object({{"state", schema::text()}}),
              .errors = {Code::not_found, Code::invalid},
              .handler = [&linkage](Request& r) -> Result<Response> {
                const auto& body = r.body.as_object();
                auto text = [&](std::string_view key) {
                  const auto* value = body.if_contains(key);
                  return value == nullptr ? std::string() : std::string(value->as_string());
                };
                QS_CHECK(linkage.decide(r.actor, {.dataset_a = text("dataset_a"),
                                                  .dataset_b = text("dataset_b"),
                                                  .state = text("state"),
                                                  .source = text("source"),
                                                  .note = text("note")}));
                return Response::ok(json::object{{"state", text("state")}});
              }});
  router.add({.method = Method::post,
              .path = "/api/v1/linkage/refresh",
              .id = "linkage_refresh",
              .tag = "insight",
              .summary = {"为还没有列摘要的数据集排队制作", "Queue sketches for datasets that have none"},
              .who = http::may(Permission::dataset_write),
              .answer = schema::object({{"queued", schema::integer()}}),
              .handler = [&linkage](Request& r) -> Result<Response> {
                QS_TRY(auto queued, linkage.refresh(r.actor));
                return Response::ok(json::object{{"queued", queued}});
              }});
}

// --- privacy -----------------------------------------------------------------------------------------------------------------

http::Schema anonymity_schema() {
  auto number = [] { return schema::integer(); };
  return schema::object(
             {{"rows", number()},
              {"classes", number()},
              {"k", number()},
              {"rows_below", number()},
              {"unique", number()},
              {"bars",
               schema::array(schema::object(
                   {{"from", number()}, {"to", schema::integer().nullable()}, {"classes", number()}, {"rows", number()}}))}})
      .named("Anonymity");
}

http::Schema assessment_schema() {
  auto number = [] { return schema::integer(); };
  auto chosen = schema::object({{"id", schema::text()},
                                {"name", schema::text()},
                                {"coarsening", schema::text()},
                                {"parameter", schema::number()},
                                {"text", schema::text()}})
                    .named("CoarsenedField");
  auto combination = schema::object(
      {{"fields", schema::array(schema::text())}, {"k", number()}, {"rows_below", number()}, {"unique", number()}});
  return schema::object(
      {{"version", number()},
       {"k", number()},
       {"fields", schema::array(chosen)},
       {"anonymity", anonymity_schema()},
       {"diversity", schema::object({{"l", number()},
                                     {"single_valued_classes", number()},
                                     {"rows_below", number()},
                                     {"sensitive", schema::text()},
                                     {"wanted", number()}})
                         .nullable()},
       {"combinations",
        schema::object({{"worst", schema::array(combination)}, {"counted", number()}, {"all", schema::boolean()}}).nullable()},
       {"proposal",
        schema::object({{"fields", schema::array(chosen)}, {"after", anonymity_schema()}, {"reached", schema::boolean()}})
            .nullable()}});
}

void add_privacy(http::Router& router, Privacy& privacy) {
  Parameter version{.name = "version",
                    .shape = schema::integer().range(1, INT32_MAX),
                    .note = {"版本号，默认当前版本", "Version; the current one by default"}};
  auto role = schema::object({{"id", schema::text()},
                              {"name", schema::text()},
                              {"type", schema::text()},
                              {"level", schema::text()},
                              {"role", schema::choice({"none", "identifier", "quasi", "sensitive"})},
                              {"reason", schema::text()},
                              {"distinct_share", schema::number()}});
  router.add({.method = Method::get,
              .path = "/api/v1/privacy/{dataset}",
              .id = "privacy_roles",
              .tag = "insight",
              .summary = {"哪些信息项能直接或合起来识别个人", "Which fields name people, alone or together"},
              .who = http::may(Permission::dataset_read),
              .query = {version},
              .answer = schema::object({{"fields", schema::array(role)}, {"k", schema::integer()}}),
              .errors = {Code::not_found, Code::timed_out},
              .handler = [&privacy](Request& r) -> Result<Response> {
                QS_TRY(auto roles, privacy.roles(r.actor, r.param("dataset"), r.integer("version", 0), gone(r)));
                return Response::ok(roles);
              }});
  auto field = schema::object(
      {{"id", schema::text().length(1, 200)},
       {"coarsening", schema::choice({"none", "prefix", "month", "year", "decade", "range", "suppress"}).optional()},
       {"parameter", schema::number().optional()}});
  router.add(
      {.method = Method::post,
       .path = "/api/v1/privacy/{dataset}",
       .id = "privacy_assess",
       .tag = "insight",
       .summary = {"评估一组信息项的 k-匿名", "The k-anonymity of a set of fields"},
       .who = http::may(Permission::dataset_read),
       .query = {version},
       .body = schema::object(
           {{"fields", schema::array(field).length(1, 100)},
            {"sensitive", schema::text().length(0, 200).optional()},
            {"k", schema::integer().range(2, 100'000).optional()},
            {"l", schema::integer().range(2, 1000).optional()},
            {"combinations", schema::boolean().optional().note("查找最危险的组合", "Look for the most dangerous combinations")},
            {"propose", schema::boolean().optional().note("给出达到 k 的脱敏建议", "Propose masks that reach k")}}),
       .answer = assessment_schema(),
       .errors = {Code::not_found, Code::invalid, Code::timed_out, Code::too_large},
       .handler = [&privacy](Request& r) -> Result<Response> {
         QS_TRY(auto assessed,
                privacy.assess(r.actor, r.param("dataset"), r.integer("version", 0), r.body.as_object(), gone(r)));
         return Response::ok(assessed);
       }});
}

}  // namespace

void add_routes(http::Router& router, Insight& insight) {
  add_lineage(router, insight.lineage);
  add_linkage(router, insight.linkage);
  add_privacy(router, insight.privacy);
}

}  // namespace qushu::insight
