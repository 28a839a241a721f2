#include "qushu/insight/linkage.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"

#include "counting.h"
#include "sketch.h"
#include "suggest.h"

namespace qushu::insight {
namespace {

constexpr const char* kSketch = "insight.sketch";
constexpr const char* kLink = "insight.link";

jobs::Request job_for(const char* kind, const Text& title, const catalog::Dataset& dataset, std::int64_t version) {
  return {.kind = kind,
          .title = {title.zh + " " + dataset.title, title.en + " " + dataset.title},
          .input = {{"dataset", dataset.id}, {"version", version}},
          .object_kind = "dataset",
          .object_id = dataset.id};
}

jobs::Finish nothing(const char* why) {
  return [why](store::Transaction&) -> Result<json::object> { return json::object{{"skipped", why}}; };
}

// A pair is kept under the smaller identifier first.
struct Ordered {
  const catalog::Dataset& a;
  const catalog::Dataset& b;
  bool swapped;
};
Ordered ordered(const catalog::Dataset& x, const catalog::Dataset& y) {
  return x.id < y.id ? Ordered{.a = x, .b = y, .swapped = false} : Ordered{.a = y, .b = x, .swapped = true};
}

Result<Decision> decision_of(const store::Row& row, std::size_t from) {
  return Decision{.state = row.text(from),
                  .source_id = row.text(from + 1),
                  .note = row.text(from + 2),
                  .person_name = row.text(from + 3),
                  .at = row.time(from + 4)};
}

Failure no_field(std::string_view field, const catalog::Dataset& dataset) {
  return fail(Error{.code = Code::invalid,
                    .id = "linkage.field",
                    .text = {fmt::format("“{}”没有信息项 {}。", dataset.title, field),
                             fmt::format("“{}” has no field {}.", dataset.title, field)},
                    .subject = std::string(field)});
}

}  // namespace

// Hashes of different engines, or of values prepared differently, mean nothing to each other.
std::string Linkage::method() const {
  return "1 " + deps_.engine.version();
}

void Linkage::register_jobs() {
  deps_.jobs.register_kind({.name = kSketch,
                            .title = {"为一数一源制作列摘要", "Sketch the columns of a version"},
                            .handler = [this](jobs::Context& context) { return run_sketch(context); }});
  deps_.jobs.register_kind({.name = kLink,
                            .title = {"查找重复采集", "Look for what is collected twice"},
                            .handler = [this](jobs::Context& context) { return run_link(context); }});
}

Result<void> Linkage::derive(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                             const catalog::Version& version) {
  auto job = job_for(kSketch, {"列摘要", "Sketch"}, dataset, version.number);
  QS_CHECK(deps_.jobs.add(t, actor, job));
  return {};
}

Result<std::size_t> Linkage::refresh(const Actor& actor) {
  QS_TRY(auto readable, deps_.policy.readable(actor));
  return deps_.store.write([&](store::Transaction& t) -> Result<std::size_t> {
    std::size_t queued = 0;
    for (const auto& dataset : readable) {
      if (!sharing::check_steward(actor, dataset)) continue;
      QS_TRY(auto known, t.one("SELECT 1 FROM linkage_sketch WHERE dataset_id = ? AND number = ? AND method = ?",
                               {dataset.id, dataset.version, method()}));
      if (known) continue;
      QS_CHECK(deps_.jobs.add(t, actor, job_for(kSketch, {"列摘要", "Sketch"}, dataset, dataset.version)));
      ++queued;
    }
    return queued;
  });
}

// --- jobs --------------------------------------------------------------------------------------------------------------------

Result<jobs::Finish> Linkage::run_sketch(jobs::Context& context) {
  std::string id(context.job().input.at("dataset").as_string());
  auto number = context.job().input.at("version").as_int64();
  QS_TRY(auto shown, deps_.policy.compile(Actor::system(), id));
  if (shown.version.number != number) return nothing("not current any more");
  auto file = deps_.blobs.temporary_folder() / (new_id() + ".sketch");
  auto time = std::chrono::seconds(deps_.settings.integer("insight.sketch_time"));
  QS_TRY(auto sketched,
         sketch(deps_.engine,
                {.dataset_id = id,
                 .select = shown.select,
                 .fields = shown.fields,
                 .size = static_cast<std::uint64_t>(deps_.settings.integer("insight.sketch_size")),
                 .least_distinct = static_cast<std::uint64_t>(deps_.settings.integer("insight.linkage_distinct")),
                 .limits = {.time = time, .cancelled = [&] { return context.cancelled(); }}},
                file));
  QS_TRY(auto blob, deps_.blobs.adopt(file));
  auto actor = context.actor();
  return [this, id, number, blob, actor, dataset = shown.dataset,
          sketched = std::move(sketched)](store::Transaction& t) -> Result<json::object> {
    QS_CHECK(t.exec("DELETE FROM linkage_sketch WHERE dataset_id = ?", {id}));
    QS_CHECK(t.exec("DELETE FROM linkage_column WHERE dataset_id = ?", {id}));
    QS_CHECK(t.exec("INSERT INTO linkage_sketch (dataset_id, number, method, blob, at) VALUES (?, ?, ?, ?, ?)",
                    {id, number, method(), blob.sha256, deps_.clock.now()}));
    for (const auto& column : sketched.columns)
      QS_CHECK(
          t.exec("INSERT INTO linkage_column (dataset_id, field, row_count, value_count, distinct_count) VALUES (?, ?, ?, "
                 "?, ?)",
                 {id, column.field, column.rows, column.values, column.distinct}));
    // Compared in a job of its own, which sees this sketch and every one that was kept before it begins: of two that are made
    // at the same time, the one compared later finds the other.
    QS_CHECK(deps_.jobs.add(t, actor, job_for(kLink, {"查找重复采集", "Linkage of"}, dataset, number)));
    return json::object{{"columns", sketched.columns.size()}, {"hashes", sketched.hashes}};
  };
}

Result<jobs::Finish> Linkage::run_link(jobs::Context& context) {
  std::string id(context.job().input.at("dataset").as_string());
  struct Other {
    std::string dataset_id, blob;
  };
  std::string mine;
  std::vector<Other> others;
  QS_CHECK(deps_.store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto rows, s.query("SELECT dataset_id, blob FROM linkage_sketch WHERE method = ?", {method()}));
    for (const auto& row : rows) {
      if (row.text(0) == id)
        mine = row.text(1);
      else
        others.push_back({.dataset_id = row.text(0), .blob = row.text(1)});
    }
    return {};
  }));
  if (mine.empty()) return nothing("no sketch");
  std::vector<std::filesystem::path> files;
  for (const auto& other : others) {
    QS_TRY(auto path, deps_.blobs.path(other.blob));
    files.push_back(std::move(path));
  }
  QS_TRY(auto path, deps_.blobs.path(mine));
  QS_TRY(auto found, overlaps(deps_.engine, path, files,
                              {.time = std::chrono::seconds(deps_.settings.integer("insight.sketch_time")),
                               .cancelled = [&] { return context.cancelled(); }}));
  auto least = static_cast<double>(deps_.settings.integer("insight.linkage_percent")) / 100;
  std::erase_if(found, [&](const Overlap& o) {
    auto link = link_of(o.field, o.other_field, o.shared, o.seen, o.other_seen, false);
    return std::max(link.a_in_b, link.b_in_a) < least;
  });
  return [id, others = std::move(others), found = std::move(found)](store::Transaction& t) -> Result<json::object> {
    // Only what was compared is replaced: a dataset that came meanwhile has put its own pairs in.
    for (const auto& other : others)
      QS_CHECK(t.exec("DELETE FROM linkage_pair WHERE dataset_a = ? AND dataset_b = ?",
                      {std::min(id, other.dataset_id), std::max(id, other.dataset_id)}));
    for (const auto& o : found) {
      bool first = id < o.other_dataset;
      QS_CHECK(t.exec(
          "INSERT INTO linkage_pair (dataset_a, field_a, dataset_b, field_b, shared, seen_a, seen_b, exact) VALUES (?, ?, ?, "
          "?, ?, ?, ?, 0)",
          {first ? id : o.other_dataset, first ? o.field : o.other_field, first ? o.other_dataset : id,
           first ? o.other_field : o.field, o.shared, first ? o.seen : o.other_seen, first ? o.other_seen : o.seen}));
    }
    return json::object{{"compared", others.size()}, {"pairs", found.size()}};
  };
}

// --- what people see ---------------------------------------------------------------------------------------------------------

Result<Overview> Linkage::overview(const Actor& actor, std::string_view dataset, std::string_view state) const {
  QS_TRY(auto readable, deps_.policy.readable(actor));
  std::map<std::string, catalog::Dataset> seen;
  for (auto& d : readable) seen.emplace(d.id, std::move(d));
  std::string only;
  if (!dataset.empty()) {
    QS_TRY(auto one, deps_.catalog.find(sharing::visibility(actor), dataset));
    only = one.id;
  }
  Overview out{.suggestions = {}, .datasets = seen.size()};
  Evidence evidence;
  QS_CHECK(deps_.store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto sketches, s.query("SELECT dataset_id, number FROM linkage_sketch WHERE method = ?", {method()}));
    std::size_t current = 0;
    for (const auto& row : sketches)
      if (auto d = seen.find(row.text(0)); d != seen.end() && d->second.version == row.integer(1)) ++current;
    out.unsketched = seen.size() - current;
    QS_TRY(auto columns, s.query("SELECT dataset_id, field, row_count, value_count, distinct_count FROM linkage_column"));
    for (const auto& row : columns)
      if (seen.contains(row.text(0)))
        evidence.columns[{row.text(0), row.text(1)}] = {.dataset_id = row.text(0),
                                                        .field = row.text(1),
                                                        .rows = static_cast<std::uint64_t>(row.integer(2)),
                                                        .values = static_cast<std::uint64_t>(row.integer(3)),
                                                        .distinct = static_cast<std::uint64_t>(row.integer(4))};
    QS_TRY(auto pairs,
           s.query("SELECT dataset_a, field_a, dataset_b, field_b, shared, seen_a, seen_b, exact FROM linkage_pair"));
    for (const auto& row : pairs) {
      if (!seen.contains(row.text(0)) || !seen.contains(row.text(2))) continue;
      if (!only.empty() && row.text(0) != only && row.text(2) != only) continue;
      evidence.links[{row.text(0), row.text(2)}].push_back(
          link_of(row.text(1), row.text(3), static_cast<std::uint64_t>(row.integer(4)),
                  static_cast<std::uint64_t>(row.integer(5)), static_cast<std::uint64_t>(row.integer(6)), row.boolean(7)));
    }
    QS_TRY(auto decisions,
           s.query("SELECT dataset_a, dataset_b, state, source_id, note, person_name, at FROM linkage_decision"));
    for (const auto& row : decisions) {
      QS_TRY(evidence.decisions[std::pair(row.text(0), row.text(1))], decision_of(row, 2));
    }
    return {};
  }));
  for (auto& [pair, links] : evidence.links) {
    auto suggestion = suggest(seen.at(pair.first), seen.at(pair.second), std::move(links), evidence);
    auto is = suggestion.decision ? suggestion.decision->state : "open";
    if (state.empty() || state == is) out.suggestions.push_back(std::move(suggestion));
  }
  std::ranges::sort(out.suggestions, [](const Suggestion& x, const Suggestion& y) {
    if (x.kind != y.kind) return x.kind == Kind::same;
    if (x.twins.size() != y.twins.size()) return x.twins.size() > y.twins.size();
    return std::pair(x.a.dataset.id, x.b.dataset.id) < std::pair(y.a.dataset.id, y.b.dataset.id);
  });
  return out;
}

Result<Link> Linkage::verify(const Actor& actor, std::string_view dataset_a, std::string_view field_a,
                             std::string_view dataset_b, std::string_view field_b, const std::function<bool()>& cancelled) {
  QS_TRY(auto a, deps_.policy.compile(actor, dataset_a));
  QS_TRY(auto b, deps_.policy.compile(actor, dataset_b));
  auto has = [](const sharing::Shown& shown, std::string_view field) {
    return std::ranges::any_of(shown.fields, [&](const catalog::Field& f) { return f.id == field; });
  };
  if (!has(a, field_a)) return no_field(field_a, a.dataset);
  if (!has(b, field_b)) return no_field(field_b, b.dataset);
  auto values = [](const sharing::Shown& shown, std::string_view field) {
    return fmt::format("SELECT DISTINCT {} AS v FROM ({}) AS t", compared_sql(engine::quote_name(field)), shown.select);
  };
  auto sql = fmt::format(
      "WITH a AS MATERIALIZED (SELECT v FROM ({}) AS p WHERE v IS NOT NULL), b AS MATERIALIZED (SELECT v FROM ({}) AS q WHERE "
      "v "
      "IS NOT NULL) SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM a SEMI JOIN b USING (v))",
      values(a, field_a), values(b, field_b));
  std::uint64_t of_a = 0, of_b = 0, shared = 0;
  QS_CHECK(each_row(deps_.engine, sql,
                    {.time = std::chrono::seconds(deps_.settings.integer("insight.verify_time")), .cancelled = cancelled},
                    [&](const engine::Chunk& chunk, std::size_t row) {
                      of_a = count_at(chunk, 0, row);
                      of_b = count_at(chunk, 1, row);
                      shared = count_at(chunk, 2, row);
                    }));
  deps_.audit.count_access(actor, "dataset", a.dataset.id, "linkage", 0);
  deps_.audit.count_access(actor, "dataset", b.dataset.id, "linkage", 0);
  auto order = ordered(a.dataset, b.dataset);
  QS_CHECK(deps_.store.write([&](store::Transaction& t) {
    return t.exec(
        "UPDATE linkage_pair SET shared = ?, seen_a = ?, seen_b = ?, exact = 1 WHERE dataset_a = ? AND field_a = ? AND "
        "dataset_b "
        "= ? AND field_b = ?",
        {shared, order.swapped ? of_b : of_a, order.swapped ? of_a : of_b, order.a.id, order.swapped ? field_b : field_a,
         order.b.id, order.swapped ? field_a : field_b});
  }));
  return link_of(std::string(field_a), std::string(field_b), shared, of_a, of_b, true);
}

Result<void> Linkage::decide(const Actor& actor, const NewDecision& decision) {
  auto who = sharing::visibility(actor);
  QS_TRY(auto x, deps_.catalog.find(who, decision.dataset_a));
  QS_TRY(auto y, deps_.catalog.find(who, decision.dataset_b));
  QS_CHECK(sharing::check_steward(actor, x));
  QS_CHECK(sharing::check_steward(actor, y));
  if (x.id == y.id)
    return fail(Error{.code = Code::invalid,
                      .id = "linkage.pair",
                      .text = {"请给出两个不同的数据集。", "Name two different datasets."},
                      .subject = "dataset_b"});
  auto order = ordered(x, y);
  std::string source;
  if (decision.state == "confirmed") {
    for (const auto* d : {&x, &y})
      if (decision.source == d->code || decision.source == d->id) source = d->id;
    if (source.empty())
      return fail(Error{.code = Code::invalid,
                        .id = "linkage.source",
                        .text = {fmt::format("权威来源应是 {} 或 {}。", x.code, y.code),
                                 fmt::format("The source of record must be {} or {}.", x.code, y.code)},
                        .subject = "source"});
  }
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto before, t.one("SELECT state, source_id, note, person_name, at FROM linkage_decision WHERE dataset_a = ? AND "
                              "dataset_b = ?",
                              {order.a.id, order.b.id}));
    QS_CHECK(t.exec("DELETE FROM linkage_decision WHERE dataset_a = ? AND dataset_b = ?", {order.a.id, order.b.id}));
    if (decision.state != "open")
      QS_CHECK(t.exec(
          "INSERT INTO linkage_decision (dataset_a, dataset_b, state, source_id, note, person_id, person_name, at) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          {order.a.id, order.b.id, decision.state, source, decision.note, actor.person_id, actor.name, deps_.clock.now()}));
    return deps_.audit.record(t, actor,
                              {.action = "linkage.decide",
                               .object_kind = "dataset",
                               .object_id = order.a.id,
                               .object_name = fmt::format("{} / {}", order.a.title, order.b.title),
                               .detail = {{"other", order.b.id},
                                          {"before", before ? before->text(0) : std::string("open")},
                                          {"after", decision.state},
                                          {"source", source},
                                          {"note", decision.note}}});
  });
}

Result<bool> Linkage::uses_blob(std::string_view sha256) const {
  QS_TRY(auto row,
         deps_.store.read([&](store::Session& s) { return s.one("SELECT 1 FROM linkage_sketch WHERE blob = ?", {sha256}); }));
  return row.has_value();
}

}  // namespace qushu::insight
