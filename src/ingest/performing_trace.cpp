// How a run made its version, for lineage.
#include "qushu/ingest/trace.h"

#include "gather.h"

namespace qushu::ingest {

Trace trace_of_run(const Pipeline& p, const Run& run, const sources::Source& source, const Gathered& g) {
  Trace trace{.pipeline_id = p.id, .pipeline_code = p.code, .pipeline_title = p.title, .run_id = run.id};
  bool of_files = sources::holds_files(source.kind);
  auto selection = selection_of(p.selection);
  TraceInput input{.relation = std::string(kInput),
                   .kind = of_files ? "file" : "table",
                   .id = source.id,
                   .name = source.name,
                   .location = of_files ? selection.pattern
                               : selection.query.empty()
                                   ? (selection.schema.empty() ? "" : selection.schema + ".") + selection.table
                                   : selection.query};
  for (const auto& c : g.columns) input.columns.push_back(c.name);
  trace.inputs.push_back(std::move(input));
  for (const auto& d : g.steps.datasets)
    trace.inputs.push_back({.relation = d.code, .kind = "dataset", .id = d.id, .name = d.title});
  for (const auto& r : g.steps.relations) {
    TraceInput read{.relation = r.name, .kind = "relation", .id = r.name, .name = r.title.zh};
    for (const auto& c : r.columns) read.columns.push_back(c.id);
    trace.inputs.push_back(std::move(read));
  }
  auto from_source = [&](const std::string& item) {
    TraceColumn out{.name = item};
    for (const auto& m : g.resolution.fields) {
      if (m.skip || m.name != item) continue;
      if (!m.column.empty()) out.from.insert({std::string(kInput), m.column});
      out.copied = !m.column.empty() && m.type == m.seen.value_or(m.type);
    }
    return out;
  };
  if (p.steps.steps.empty()) {
    for (const auto& f : g.items) {
      auto column = from_source(f.name);
      column.name = f.id;
      trace.fields.push_back(std::move(column));
    }
    return trace;
  }
  // What the steps call an input's column is the item's identifier; the source calls it otherwise.
  std::map<std::string, std::string> columns;
  for (const auto& f : g.inputs_items)
    for (const auto& m : g.resolution.fields)
      if (!m.skip && m.name == f.name && !m.column.empty()) columns[f.id] = m.column;
  auto renamed = [&](std::set<engine::Origin>& origins) {
    std::set<engine::Origin> out;
    for (auto o : origins) {
      if (o.relation == kInput)
        if (auto found = columns.find(o.column); found != columns.end()) o.column = found->second;
      out.insert(std::move(o));
    }
    origins = std::move(out);
  };
  trace.steps = trace_of(p.steps, g.steps);
  for (auto& s : trace.steps) {
    renamed(s.conditions);
    for (auto& c : s.columns) renamed(c.from);
  }
  const auto& last = g.steps.steps.back();
  for (std::size_t i = 0; i < last.columns.size() && i < g.items.size(); ++i)
    trace.fields.push_back({.name = g.items[i].id, .from = {{last.name, last.columns[i].name}}, .copied = true});
  return trace;
}

}  // namespace qushu::ingest
