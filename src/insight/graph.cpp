#include "graph.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/audit/access.h"

namespace qushu::insight {
namespace {

std::string dataset_id(const std::string& id) {
  return "dataset:" + id;
}

NodeKind kind_of(const std::string& input) {
  if (input == "dataset") return NodeKind::dataset;
  if (input == "push") return NodeKind::push;
  if (input == "relation") return NodeKind::relation;
  return input == "file" ? NodeKind::file : NodeKind::source;
}

std::vector<NodeColumn> node_columns(const std::vector<catalog::Field>& fields) {
  std::vector<NodeColumn> out;
  for (const auto& field : fields) out.push_back({.id = field.id, .name = field.name});
  return out;
}

}  // namespace

Node* GraphBuilder::add(Node node) {
  if (auto place = places_.find(node.id); place != places_.end()) return &graph_.nodes[place->second];
  if (full()) {
    graph_.complete = false;
    return nullptr;
  }
  places_[node.id] = graph_.nodes.size();
  graph_.nodes.push_back(std::move(node));
  return &graph_.nodes.back();
}

Edge& GraphBuilder::between(const std::string& from, const std::string& to) {
  auto found = std::ranges::find_if(graph_.edges, [&](const Edge& e) { return e.from == from && e.to == to; });
  if (found != graph_.edges.end()) return *found;
  graph_.edges.push_back({.from = from, .to = to, .flows = {}});
  return graph_.edges.back();
}

Result<std::optional<catalog::Dataset>> GraphBuilder::known(const std::string& id) {
  if (auto there = known_.find(id); there != known_.end()) return there->second;
  QS_TRY(auto dataset, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, id); }));
  known_[id] = dataset;
  return dataset;
}

Result<Graph> GraphBuilder::build(const catalog::Dataset& dataset, const GraphQuestion& question) {
  auto most = static_cast<int>(deps_.settings.integer("insight.lineage_depth"));
  limits_.depth = question.depth > 0 ? question.depth : most;
  limits_.nodes = static_cast<std::size_t>(deps_.settings.integer("insight.lineage_nodes"));
  auto since = deps_.clock.now() - std::chrono::days(deps_.settings.integer("insight.lineage_days"));
  limits_.since_day = to_iso(since).substr(0, 10);
  QS_TRY(auto readable, deps_.policy.readable(actor_));
  for (auto& d : readable) visible_.emplace(d.id, std::move(d));
  visible_.emplace(dataset.id, dataset);
  QS_CHECK(dataset_node(dataset.id, question.version));
  if (question.direction != Direction::down) QS_CHECK(up(dataset.id, question.version, limits_.depth));
  if (question.direction != Direction::up) QS_CHECK(down(dataset.id, limits_.depth));
  return std::move(graph_);
}

Result<std::string> GraphBuilder::dataset_node(const std::string& id, std::int64_t version) {
  auto node_id = dataset_id(id);
  if (places_.contains(node_id)) return node_id;
  Node node{.id = node_id, .kind = NodeKind::dataset, .title = {}, .code = {}, .detail = {}};
  if (!visible(id)) {
    node.hidden = true;
    return add(std::move(node)) == nullptr ? std::string() : node_id;
  }
  const auto& dataset = visible_.at(id);
  node.title = dataset.title;
  node.code = dataset.code;
  node.detail = dataset.department_name;
  node.columns = node_columns(dataset.fields);
  if (version > 0) {
    QS_TRY(auto made, deps_.catalog.version(id, version));
    node.columns = node_columns(made.fields);
  }
  return add(std::move(node)) == nullptr ? std::string() : node_id;
}

// --- where it comes from -----------------------------------------------------------------------------------------------------

Result<void> GraphBuilder::up(const std::string& id, std::int64_t version, int left) {
  if (left == 0 || !visible(id) || !done_up_.insert(id).second) return {};
  const auto& dataset = visible_.at(id);
  if (dataset.version == 0) return {};
  QS_TRY(auto history, since_full(id, version));
  std::set<std::string> pipelines;
  for (const auto& made : history) {
    QS_TRY(auto trace, deps_.store.read([&](store::Session& s) { return ingest::find_trace(s, id, made.number); }));
    if (!trace)
      from_files(dataset, made);
    else if (pipelines.insert(trace->pipeline_id).second)  // as its newest run was made
      QS_CHECK(made_by(dataset, made, *trace, left, true));
  }
  return {};
}

// The versions whose rows are in this one, the newest first: back to the last that replaced everything. Of those that are
// forgotten nothing can be told.
Result<std::vector<catalog::Version>> GraphBuilder::since_full(const std::string& id, std::int64_t version) const {
  constexpr std::size_t kMost = 100;
  std::vector<catalog::Version> out;
  QS_TRY(auto first, deps_.catalog.version(id, version));
  out.push_back(std::move(first));
  while (out.back().mode != "full" && out.back().base > 0 && out.size() < kMost) {
    auto before = deps_.catalog.version(id, out.back().base);
    if (!before) break;
    out.push_back(*std::move(before));
  }
  return out;
}

void GraphBuilder::from_files(const catalog::Dataset& dataset, const catalog::Version& version) {
  if (version.pushed) {
    Node node{.id = "push:" + dataset.id,
              .kind = NodeKind::push,
              .title = actor_.lang == Lang::zh ? "接口推送" : "Pushed by API",
              .code = {},
              .detail = {},
              .columns = node_columns(version.fields)};
    auto id = node.id;
    if (add(std::move(node)) == nullptr) return;
    auto& edge = between(id, dataset_id(dataset.id));
    if (edge.flows.empty())
      for (const auto& field : version.fields)
        edge.flows.push_back({.from = field.id, .to = field.id, .copied = true, .certain = true});
    return;
  }
  for (const auto& origin : version.origins) {
    Node node{.id = fmt::format("file:{}:{}", origin.file_blob, origin.table),
              .kind = NodeKind::file,
              .title = origin.file_name,
              .code = origin.import_id,
              .detail = origin.table};
    for (const auto& field : version.fields) node.columns.push_back({.id = field.name, .name = field.name});
    auto id = node.id;
    if (add(std::move(node)) == nullptr) return;
    auto& edge = between(id, dataset_id(dataset.id));
    if (edge.flows.empty())
      for (const auto& field : version.fields)
        edge.flows.push_back({.from = field.name, .to = field.id, .copied = true, .certain = true});
  }
}

// A source is known to those who answer for the dataset that is gathered from it.
Result<std::string> GraphBuilder::input_node(const catalog::Dataset& dataset, const ingest::TraceInput& input, int left,
                                             bool inputs) {
  if (input.kind == "dataset") {
    auto id = dataset_id(input.id);
    if (!inputs) return places_.contains(id) ? id : std::string();
    QS_TRY(id, dataset_node(input.id, 0));
    QS_CHECK(up(input.id, 0, left - 1));
    return id;
  }
  if (!inputs) return std::string();
  Node node{.id = fmt::format("{}:{}:{}", input.kind, input.id, input.location),
            .kind = kind_of(input.kind),
            .title = input.name,
            .code = input.kind == "relation" ? input.id : std::string(),
            .detail = input.location};
  for (const auto& column : input.columns) node.columns.push_back({.id = column, .name = column});
  if (!sharing::check_steward(actor_, dataset)) {
    node.hidden = true;
    // A relation is known by its name: the answer counts those that may not be known.
    if (input.kind == "relation") node.id = fmt::format("relation:{}", hidden_.emplace(input.id, hidden_.size()).first->second);
    node.title.clear();
    node.code.clear();
    node.detail.clear();
    node.columns.clear();
  }
  auto id = node.id;
  return add(std::move(node)) == nullptr ? std::string() : id;
}

void GraphBuilder::flow(const Relations& relations, const engine::Origin& origin, const std::string& to, Edge::Flow flow) {
  auto node = relations.nodes.find(origin.relation);
  if (node == relations.nodes.end() || node->second.empty()) return;
  flow.from = origin.column;
  if (auto ids = relations.ids.find(origin.relation); ids != relations.ids.end())
    if (auto id = ids->second.find(origin.column); id != ids->second.end()) flow.from = id->second;
  // Which column of a thing that may not be known is not told either.
  if (graph_.nodes[places_.at(node->second)].hidden) flow.from.clear(), flow.copied = false;
  auto& flows = between(node->second, to).flows;
  if (std::ranges::find(flows, flow) == flows.end()) flows.push_back(std::move(flow));
}

Result<void> GraphBuilder::made_by(const catalog::Dataset& dataset, const catalog::Version& version, const ingest::Trace& trace,
                                   int left, bool inputs) {
  Relations relations;
  bool steward = sharing::check_steward(actor_, dataset).has_value();
  auto pipeline = "pipeline:" + trace.pipeline_id;
  Node gathering{.id = pipeline,
                 .kind = NodeKind::pipeline,
                 .title = trace.pipeline_title,
                 .code = steward ? trace.pipeline_code : std::string(),
                 .detail = {}};
  // Datasets and relations are read by the steps themselves, everything else by the pipeline.
  auto gathered = [](const ingest::TraceInput& i) { return i.kind != "dataset" && i.kind != "relation"; };
  for (const auto& input : trace.inputs)
    if (gathered(input))
      for (const auto& column : input.columns) gathering.columns.push_back({.id = column, .name = column});
  bool gathers = std::ranges::any_of(trace.inputs, gathered);
  if (gathers && add(gathering) == nullptr) return {};
  for (const auto& input : trace.inputs) {
    QS_TRY(auto node, input_node(dataset, input, left, inputs));
    if (input.kind == "relation") {
      relations.nodes[input.relation] = node;
      continue;
    }
    if (input.kind == "dataset") {
      relations.nodes[input.relation] = node;
      QS_TRY(auto read, known(input.id));
      if (read)
        for (const auto& field : read->fields) relations.ids[input.relation][field.name] = field.id;
      continue;
    }
    relations.nodes[input.relation] = pipeline;
    if (node.empty()) continue;
    auto& edge = between(node, pipeline);
    if (edge.flows.empty() && !graph_.nodes[places_.at(node)].hidden)
      for (const auto& column : input.columns)
        edge.flows.push_back({.from = column, .to = column, .copied = true, .certain = true});
  }
  for (const auto& step : trace.steps) {
    Node node{.id = fmt::format("step:{}:{}", dataset.id, step.name),
              .kind = NodeKind::step,
              .title = step.title.empty() ? step.name : step.title,
              .code = {},
              .detail = steward ? step.sql : std::string()};
    for (const auto& column : step.columns) node.columns.push_back({.id = column.name, .name = column.name});
    auto id = node.id;
    if (add(std::move(node)) == nullptr) return {};
    for (const auto& column : step.columns)
      for (const auto& origin : column.from)
        flow(relations, origin, id, {.from = {}, .to = column.name, .copied = column.copied, .certain = column.certain});
    for (const auto& origin : step.conditions)
      flow(relations, origin, id, {.from = {}, .to = {}, .copied = false, .certain = true});
    relations.nodes[step.name] = id;
    relations.ids.erase(step.name);
  }
  for (const auto& field : trace.fields) {
    if (std::ranges::none_of(version.fields, [&](const catalog::Field& f) { return f.id == field.name; })) continue;
    for (const auto& origin : field.from)
      flow(relations, origin, dataset_id(dataset.id),
           {.from = {}, .to = field.name, .copied = field.copied, .certain = field.certain});
  }
  return {};
}

// --- who is hurt -------------------------------------------------------------------------------------------------------------

Result<void> GraphBuilder::down(const std::string& id, int left) {
  if (left == 0 || !visible(id) || !done_down_.insert(id).second) return {};
  QS_CHECK(readers(visible_.at(id)));
  QS_TRY(auto dependants, deps_.store.read([&](store::Session& s) { return ingest::dependants_of(s, id); }));
  for (const auto& dependant : dependants) {
    if (dependant.dataset_id == id) continue;
    QS_TRY(auto dataset, known(dependant.dataset_id));
    if (!dataset || dataset->version == 0) continue;
    // What is in no row of it any more hurts nobody.
    QS_TRY(auto history, since_full(dataset->id, 0));
    auto version = std::ranges::find(history, dependant.version, &catalog::Version::number);
    if (version == history.end()) continue;
    QS_TRY(auto node, dataset_node(dataset->id, 0));
    if (node.empty()) return {};
    if (!visible(dataset->id)) {
      between(dataset_id(id), node);
      continue;
    }
    // The newest of its versions that reads this one tells how.
    if (done_made_.insert(dataset->id + " " + id).second) {
      QS_TRY(auto trace,
             deps_.store.read([&](store::Session& s) { return ingest::find_trace(s, dataset->id, version->number); }));
      if (trace) QS_CHECK(made_by(*dataset, *version, *trace, left, false));
    }
    QS_CHECK(down(dataset->id, left - 1));
  }
  return {};
}

Result<std::map<std::string, GraphBuilder::Reader>> GraphBuilder::readers_of(const catalog::Dataset& dataset) {
  std::map<std::string, Reader> out;
  QS_CHECK(deps_.store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto counted, audit::readings(s, "dataset", dataset.id, limits_.since_day));
    for (const auto& reading : counted) {
      // What the program itself looks at, and looking at this very graph, is no use of the data.
      if (reading.method == "linkage" || reading.method == "privacy") continue;
      auto& reader = out[reading.person_id];
      reader.calls += reading.calls;
      reader.last_day = std::max(reader.last_day, reading.last_day);
      reader.whole = true;
    }
    QS_TRY(auto uses,
           s.query("SELECT person_id, field, calls, last_day FROM lineage_use WHERE dataset_id = ? AND last_day >= ?",
                   {dataset.id, limits_.since_day}));
    for (const auto& row : uses) {
      auto& reader = out[row.text(0)];
      // Every statement is counted once for the dataset (field ''), and once for each field.
      if (row.text(1).empty())
        reader.calls += row.integer(2);
      else
        reader.fields.insert(row.text(1));
      reader.last_day = std::max(reader.last_day, row.text(3));
    }
    return {};
  }));
  return out;
}

Result<void> GraphBuilder::readers(const catalog::Dataset& dataset) {
  QS_TRY(auto found, readers_of(dataset));
  for (const auto& id : dataset.readers)
    if (auto person = deps_.identity.person(id)) found.try_emplace(person->id);
  if (found.empty()) return {};
  if (sharing::check_steward(actor_, dataset)) {
    for (const auto& [person, reader] : found) QS_CHECK(add_reader(dataset, person, reader));
    for (const auto& id : dataset.readers)
      if (auto department = deps_.identity.department(id)) {
        Node node{
            .id = "reader:" + department->id, .kind = NodeKind::reader, .title = department->name, .code = {}, .detail = {}};
        node.department_id = department->id;
        if (add(node) == nullptr) return {};
        between(dataset_id(dataset.id), node.id);
      }
    return {};
  }
  Node all{.id = "reader:of " + dataset.id,
           .kind = NodeKind::reader,
           .title = {},
           .code = {},
           .detail = fmt::format("{}", found.size())};
  all.hidden = true;
  for (const auto& [person, reader] : found) {
    all.calls += reader.calls;
    all.last_day = std::max(all.last_day, reader.last_day);
  }
  if (add(all) != nullptr) between(dataset_id(dataset.id), all.id);
  return {};
}

Result<void> GraphBuilder::add_reader(const catalog::Dataset& dataset, const std::string& person_id, const Reader& reader) {
  Node node{.id = "reader:" + person_id, .kind = NodeKind::reader, .title = {}, .code = {}, .detail = {}};
  node.person_id = person_id;
  if (auto person = deps_.identity.person(person_id)) {
    node.title = person->name;
    node.detail = person->department_name;
    node.department_id = person->department_id;
  } else if (person_id.empty()) {
    node.title = actor_.lang == Lang::zh ? "系统与命令行" : "System and command line";
  } else {
    node.title = actor_.lang == Lang::zh ? "已离开的人员" : "Somebody who has left";
  }
  auto* there = add(node);
  if (there == nullptr) return {};
  there->calls += reader.calls;
  there->last_day = std::max(there->last_day, reader.last_day);
  auto& edge = between(dataset_id(dataset.id), node.id);
  for (const auto& field : reader.fields) edge.flows.push_back({.from = field, .to = {}, .copied = false, .certain = true});
  if (reader.whole || reader.fields.empty()) edge.flows.push_back({.from = {}, .to = {}, .copied = false, .certain = false});
  return {};
}

}  // namespace qushu::insight
