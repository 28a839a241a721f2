#include "qushu/ingest/trace.h"

#include <array>
#include <boost/json.hpp>

#include "document.h"

namespace qushu::ingest {
namespace {

const std::array kMigrations{store::Migration{
    .id = "trace.0001",
    .sql = "CREATE TABLE version_trace (dataset_id TEXT NOT NULL, number BIGINT NOT NULL, trace TEXT NOT NULL, "
           "PRIMARY KEY (dataset_id, number), FOREIGN KEY (dataset_id, number) REFERENCES dataset_version "
           "(dataset_id, number) ON DELETE CASCADE);\n"
           "CREATE TABLE version_input (input_id TEXT NOT NULL, dataset_id TEXT NOT NULL, number BIGINT NOT "
           "NULL, PRIMARY KEY (input_id, dataset_id, number), FOREIGN KEY (dataset_id, number) REFERENCES "
           "dataset_version (dataset_id, number) ON DELETE CASCADE);\n"}};

json::array to_json(const std::set<engine::Origin>& origins) {
  json::array out;
  for (const auto& origin : origins) out.emplace_back(json::array{origin.relation, origin.column});
  return out;
}

json::array to_json(const std::vector<TraceColumn>& columns) {
  json::array out;
  for (const auto& column : columns)
    out.emplace_back(json::object{
        {"name", column.name}, {"from", to_json(column.from)}, {"copied", column.copied}, {"certain", column.certain}});
  return out;
}

json::object to_json(const Trace& trace) {
  json::array inputs, steps;
  for (const auto& input : trace.inputs)
    inputs.emplace_back(json::object{{"relation", input.relation},
                                     {"kind", input.kind},
                                     {"id", input.id},
                                     {"name", input.name},
                                     {"location", input.location},
                                     {"columns", json::array(input.columns.begin(), input.columns.end())}});
  for (const auto& step : trace.steps)
    steps.emplace_back(json::object{{"name", step.name},
                                    {"title", step.title},
                                    {"sql", step.sql},
                                    {"columns", to_json(step.columns)},
                                    {"conditions", to_json(step.conditions)}});
  return {{"pipeline", json::object{{"id", trace.pipeline_id}, {"code", trace.pipeline_code}, {"title", trace.pipeline_title}}},
          {"run", trace.run_id},
          {"inputs", std::move(inputs)},
          {"steps", std::move(steps)},
          {"fields", to_json(trace.fields)}};
}

// What to_json() wrote, read back. A member that is missing is as if it were empty.
template <class Take>
void each(const json::object& object, std::string_view key, Take take) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return;
  for (const auto& item : value->get_array()) take(item);
}

std::set<engine::Origin> origins_of(const json::object& object, std::string_view key) {
  std::set<engine::Origin> out;
  each(object, key, [&](const json::value& item) {
    if (!item.is_array() || item.get_array().size() != 2) return;
    const auto& pair = item.get_array();
    if (pair[0].is_string() && pair[1].is_string())
      out.insert({.relation = std::string(pair[0].get_string()), .column = std::string(pair[1].get_string())});
  });
  return out;
}

std::vector<TraceColumn> columns_of(const json::object& object, std::string_view key) {
  std::vector<TraceColumn> out;
  each(object, key, [&](const json::value& item) {
    const auto* column = item.if_object();
    if (column == nullptr) return;
    out.push_back({.name = text_at(*column, "name"),
                   .from = origins_of(*column, "from"),
                   .copied = flag_at(*column, "copied"),
                   .certain = flag_at(*column, "certain")});
  });
  return out;
}

Trace trace_of(const json::object& object) {
  Trace trace{.run_id = text_at(object, "run"), .fields = columns_of(object, "fields")};
  if (const auto* pipeline = object.if_contains("pipeline"); pipeline != nullptr && pipeline->is_object()) {
    trace.pipeline_id = text_at(pipeline->get_object(), "id");
    trace.pipeline_code = text_at(pipeline->get_object(), "code");
    trace.pipeline_title = text_at(pipeline->get_object(), "title");
  }
  each(object, "inputs", [&](const json::value& item) {
    const auto* input = item.if_object();
    if (input == nullptr) return;
    TraceInput made{.relation = text_at(*input, "relation"),
                    .kind = text_at(*input, "kind"),
                    .id = text_at(*input, "id"),
                    .name = text_at(*input, "name"),
                    .location = text_at(*input, "location")};
    each(*input, "columns", [&](const json::value& name) {
      if (name.is_string()) made.columns.emplace_back(name.get_string());
    });
    trace.inputs.push_back(std::move(made));
  });
  each(object, "steps", [&](const json::value& item) {
    const auto* step = item.if_object();
    if (step == nullptr) return;
    trace.steps.push_back({.name = text_at(*step, "name"),
                           .title = text_at(*step, "title"),
                           .sql = text_at(*step, "sql"),
                           .columns = columns_of(*step, "columns"),
                           .conditions = origins_of(*step, "conditions")});
  });
  return trace;
}

}  // namespace

std::span<const store::Migration> trace_migrations() {
  return kMigrations;
}

std::vector<TraceStep> trace_of(const StepPlan& plan, const StepReport& report) {
  std::vector<TraceStep> out;
  for (std::size_t i = 0; i < report.steps.size() && i < plan.steps.size(); ++i) {
    const auto& facts = report.steps[i];
    TraceStep step{.name = facts.name,
                   .title = facts.title,
                   .sql = plan.steps[i].sql,
                   .columns = {},
                   .conditions = facts.lineage.conditions};
    for (const auto& column : facts.lineage.columns)
      step.columns.push_back({.name = column.name, .from = column.from, .copied = column.copied, .certain = column.certain});
    out.push_back(std::move(step));
  }
  return out;
}

Result<void> keep_trace(store::Transaction& t, std::string_view dataset_id, std::int64_t version, const Trace& trace) {
  QS_CHECK(t.exec("INSERT INTO version_trace (dataset_id, number, trace) VALUES (?, ?, ?)",
                  {dataset_id, version, json::serialize(to_json(trace))}));
  for (const auto& input : trace.inputs)
    if (!input.id.empty())
      QS_CHECK(
          t.exec("INSERT INTO version_input (input_id, dataset_id, number) VALUES (?, ?, ?) ON CONFLICT (input_id, "
                 "dataset_id, number) DO UPDATE SET number = excluded.number",
                 {input.id, dataset_id, version}));
  return {};
}

Result<std::optional<Trace>> find_trace(store::Session& s, std::string_view dataset_id, std::int64_t version) {
  QS_TRY(auto row, s.one("SELECT trace FROM version_trace WHERE dataset_id = ? AND number = ?", {dataset_id, version}));
  if (!row) return std::nullopt;
  boost::system::error_code broken;
  auto stored = json::parse(row->text(0), broken);
  if (broken || !stored.is_object()) return fail_internal("a stored trace is no JSON object");
  return trace_of(stored.get_object());
}

Result<std::vector<Dependant>> dependants_of(store::Session& s, std::string_view input_id) {
  QS_TRY(auto rows, s.query("SELECT dataset_id, number FROM version_input WHERE input_id = ? ORDER BY dataset_id, number DESC",
                            {input_id}));
  std::vector<Dependant> out;
  for (const auto& row : rows) out.push_back({.dataset_id = row.text(0), .version = row.integer(1)});
  return out;
}

}  // namespace qushu::ingest
