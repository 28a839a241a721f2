#include "qushu/ingest/steps.h"

#include "document.h"

namespace qushu::ingest {
namespace {

using http::Request;
using http::Response;
namespace schema = http::schema;

http::Schema origins_schema() {
  return schema::array(schema::object({{"relation", schema::text()}, {"column", schema::text()}}));
}

http::Schema report_schema() {
  auto text = [] { return schema::text(); };
  auto column = schema::object({{"name", text()},
                                {"type", text()},
                                {"from", origins_schema()},
                                {"copied", schema::boolean()},
                                {"certain", schema::boolean()}});
  auto step =
      schema::object({{"name", text()},
                      {"title", text()},
                      {"columns", schema::array(column)},
                      {"conditions", origins_schema()},
                      {"reads", schema::array(schema::object({{"name", text()}, {"rows", schema::integer().nullable()}}))},
                      {"rows", schema::integer()},
                      {"first", schema::array(schema::array(schema::text().nullable()))}});
  return schema::object({{"steps", schema::array(step)},
                         {"datasets", schema::array(schema::object({{"id", text()}, {"code", text()}, {"title", text()}}))},
                         {"relations", schema::array(schema::object({{"name", text()}, {"title", text()}}))}})
      .named("StepReport");
}

http::Schema plan_schema() {
  auto title = [] { return schema::text().length(0, 200).optional(); };
  auto step =
      schema::object({{"name", schema::text().length(1, 63)}, {"title", title()}, {"sql", schema::text().length(0, 262'144)}});
  auto parameter =
      schema::object({{"name", schema::text().length(1, 63)},
                      {"title", title()},
                      {"type", schema::choice({"text", "integer", "decimal", "number", "boolean", "date", "time", "datetime"})},
                      {"default", schema::text().nullable().optional()}});
  return schema::object({{"steps", schema::array(step).length(1, 50)},
                         {"parameters", schema::array(parameter).length(0, 50).optional()},
                         {"dataset", schema::text().length(1, 64).note("它的行就是 input", "Its rows are the input")},
                         {"values", schema::map(schema::text()).optional().note("参数的值", "Values of the parameters")},
                         {"rows", schema::integer().range(1, 1'000'000).optional()}});
}

}  // namespace

Result<StepReport> try_steps(const Steps& steps, const sharing::Policy& policy, const StepPlan& plan, std::string_view dataset,
                             const StepRun& run, std::uint64_t rows) {
  QS_TRY(auto shown, policy.compile(run.owner, dataset));
  constexpr std::uint64_t kShown = 20;
  return steps.sample(plan, {.select = shown.select, .files = shown.files}, run, rows, kShown);
}

void add_step_routes(http::Router& router, const Steps& steps, const sharing::Policy& policy, const Settings& settings,
                     const Clock& clock) {
  router.add({.method = http::Method::post,
              .path = "/api/v1/steps/try",
              .id = "steps_try",
              .tag = "pipelines",
              .summary = {"在一个数据集的前若干行上试运行 SQL 步骤", "Try SQL steps on the first rows of a dataset"},
              .who = http::may(Permission::dataset_write),
              .body = plan_schema(),
              .answer = report_schema(),
              .errors = {Code::invalid, Code::not_found, Code::timed_out, Code::too_large},
              .handler = [&](Request& r) -> Result<Response> {
                const auto& body = r.body.as_object();
                StepRun run{.owner = r.actor, .at = clock.now()};
                run.cancelled = [client = r.client] { return client != nullptr && client->gone(); };
                if (const auto* values = body.if_contains("values"))
                  for (const auto& [name, value] : values->as_object()) run.values[std::string(name)] = value.as_string();
                const auto* rows = body.if_contains("rows");
                QS_TRY(auto report,
                       try_steps(steps, policy, step_plan_of(r.body), text_at(body, "dataset"), run,
                                 rows == nullptr ? static_cast<std::uint64_t>(settings.integer("ingest.step_sample"))
                                                 : rows->to_number<std::uint64_t>()));
                return Response::ok(to_json(report));
              }});
}

}  // namespace qushu::ingest
