#include "qushu/insight/lineage.h"

#include <algorithm>
#include <set>

#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/engine/lineage.h"

#include "graph.h"

namespace qushu::insight {
namespace {

// What SQL can name, as Policy::sandbox() offers it, and which dataset and fields are meant by it.
struct Named {
  std::vector<engine::Relation> relations;
  std::map<std::string, const catalog::Dataset*> datasets;  // by relation
};

Named named_by(const std::vector<catalog::Dataset>& datasets, std::string_view sql) {
  Named out;
  auto text = lower_ascii(sql);
  for (const auto& dataset : datasets) {
    auto offer = [&](const std::string& name, auto column) {
      if (name.empty() || !text.contains(lower_ascii(name)) || !out.datasets.emplace(name, &dataset).second) return;
      engine::Relation relation{.name = name, .columns = {}};
      for (const auto& field : dataset.fields) relation.columns.push_back(field.*column);
      out.relations.push_back(std::move(relation));
    };
    offer(dataset.code, &catalog::Field::id);
    offer(dataset.title, &catalog::Field::name);
  }
  return out;
}

}  // namespace

void LineageService::note_sql(const Actor& actor, std::string_view sql) {
  std::scoped_lock lock(mutex_);
  for (auto& note : notes_)
    if (note.actor.person_id == actor.person_id && note.sql == sql) {
      ++note.times;
      return;
    }
  notes_.push_back({.actor = actor, .sql = std::string(sql)});
  auto most = static_cast<std::size_t>(deps_.settings.integer("insight.lineage_notes"));
  while (notes_.size() > most) notes_.pop_front();
}

Result<void> LineageService::flush() {
  std::deque<Note> notes;
  {
    std::scoped_lock lock(mutex_);
    notes.swap(notes_);
  }
  for (const auto& note : notes)
    if (auto kept = keep_uses(note); !kept) log::error("what a statement read could not be kept", kept.error());
  return {};
}

Result<void> LineageService::keep_uses(const Note& note) {
  QS_TRY(auto readable, deps_.policy.readable(note.actor));
  auto named = named_by(readable, note.sql);
  if (named.relations.empty()) return {};
  auto lineage = deps_.engine.lineage(note.sql, named.relations);
  // What it read is not there any more, or not hers: then there is nothing to tell of it.
  if (!lineage) return {};
  std::set<std::pair<std::string, std::string>> uses;
  for (const auto& [relation, places] : lineage->relations) uses.emplace(named.datasets.at(relation)->id, "");
  for (const auto& origin : lineage->used()) {
    if (origin.column.empty()) continue;
    const auto& dataset = *named.datasets.at(origin.relation);
    auto field = std::ranges::find_if(
        dataset.fields, [&](const catalog::Field& f) { return f.id == origin.column || f.name == origin.column; });
    if (field != dataset.fields.end()) uses.emplace(dataset.id, field->id);
  }
  auto day = to_iso(deps_.clock.now()).substr(0, 10);
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    for (const auto& [dataset, field] : uses)
      QS_CHECK(
          t.exec("INSERT INTO lineage_use (dataset_id, field, person_id, calls, last_day) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
                 "(dataset_id, field, person_id) DO UPDATE SET calls = lineage_use.calls + excluded.calls, last_day = "
                 "excluded.last_day",
                 {dataset, field, note.actor.person_id, note.times, day}));
    return {};
  });
}

Result<Graph> LineageService::graph(const Actor& actor, const GraphQuestion& question) {
  QS_TRY(auto dataset, deps_.catalog.find(sharing::visibility(actor), question.dataset));
  if (dataset.state == "withdrawn" && !sharing::check_steward(actor, dataset))
    return fail(Code::not_found, "dataset.not_found", "没有这个数据集，或者您无权查看。",
                "There is no such dataset, or none that you may see.");
  std::string field;
  if (!question.field.empty()) {
    auto found = std::ranges::find_if(
        dataset.fields, [&](const catalog::Field& f) { return f.id == question.field || f.name == question.field; });
    if (found == dataset.fields.end())
      return fail(Error{.code = Code::invalid,
                        .id = "lineage.field",
                        .text = {"“" + dataset.title + "”没有信息项“" + question.field + "”。",
                                 "“" + dataset.title + "” has no field “" + question.field + "”."},
                        .subject = "field"});
    field = found->id;
  }
  // Readers of a moment ago are readers too.
  QS_CHECK(flush());
  QS_CHECK(deps_.audit.flush());
  QS_TRY(auto graph, GraphBuilder(deps_, actor).build(dataset, question));
  measure(graph);
  if (!field.empty()) narrow_to_field(graph, field, question.direction);
  return graph;
}

}  // namespace qushu::insight
