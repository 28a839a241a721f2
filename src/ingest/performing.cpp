// One run, from the source to the transaction in which its version, its watermark and its counts become true together.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/jobs/lanes.h"
#include "qushu/notify/notices.h"

#include "document.h"
#include "drift_notice.h"
#include "fixed_row.h"
#include "gather.h"
#include "push_pause.h"

namespace qushu::ingest {
namespace {

Mode mode_of(const Pipeline& p, const std::vector<catalog::Field>& items) {
  switch (p.mode) {
    case Gather::full:
      return Mode::full;
    case Gather::append:
      return Mode::append;
    case Gather::upsert:
      return Mode::upsert;
    case Gather::incremental:
      break;
  }
  return std::ranges::any_of(items, [](const catalog::Field& f) { return f.key; }) ? Mode::upsert : Mode::append;
}

std::vector<Text> warnings_of(const Pipeline& p, const Gathered& g) {
  std::vector<Text> out;
  const auto& column = p.watermark.column;
  if (g.anew)
    out.push_back({fmt::format("增量位点 {} 晚于现在，已从头重新读取，没有遗漏。", p.position),
                   fmt::format("The position {} was in the future; everything was read once more.", p.position)});
  if (g.beyond > 0)
    out.push_back({fmt::format("{} 行的增量位点列“{}”晚于现在：已读入，但不作为位点，以后每次都会重新读取。请在来源更正。",
                               g.beyond, column),
                   fmt::format("{} rows have a time in the future in “{}”: they were read, but do not move the position and "
                               "are read again each time. Correct them at the source.",
                               g.beyond, column)});
  const bool keyed = std::ranges::any_of(g.resolution.fields, [](const Mapped& m) { return m.key && !m.skip; });
  if (g.unmarked > 0)
    out.push_back(
        {fmt::format("{} 行的增量位点列“{}”为空：已读入，{}。请在来源补上。", g.unmarked, column,
                     keyed ? "以后每次都会重新读取" : "但归集任务没有主键，以后新增的这种行读不到"),
         fmt::format("{} rows have nothing in “{}”: they were read, {}. Fill it in at the source.", g.unmarked, column,
                     keyed ? "and are read again each time" : "but there is no key, and those that come later are not read")});
  return out;
}

// What a change takes away, when that is more than goes unasked.
std::optional<Loss> loss_of(const Pipelines::Deps& deps, const std::optional<catalog::Dataset>& dataset,
                            const catalog::Version& v) {
  if (!dataset || dataset->version == 0 || dataset->rows == 0 || v.published >= dataset->rows) return std::nullopt;
  constexpr std::uint64_t kAll = 100;
  const auto share = static_cast<std::uint64_t>(deps.settings.integer("ingest.loss_share"));
  if (v.published > 0 && (dataset->rows - v.published) * kAll <= dataset->rows * share) return std::nullopt;
  return Loss{.before = dataset->rows, .after = v.published, .accepted = false};
}

Result<std::map<std::string, sources::File>> remembered(store::Store& store, const std::string& pipeline_id) {
  return store.read([&](store::Session& s) -> Result<std::map<std::string, sources::File>> {
    QS_TRY(auto rows, s.query("SELECT name, etag, modified, size FROM pipeline_file WHERE pipeline_id = ?", {pipeline_id}));
    std::map<std::string, sources::File> out;
    for (const auto& row : rows)
      out[row.text(0)] = {.name = row.text(0),
                          .size = static_cast<std::uint64_t>(row.integer(3)),
                          .modified = parse_iso(row.text(2)),
                          .etag = row.text(1)};
    return out;
  });
}

Result<void> remember(store::Transaction& t, const Pipeline& p, const Run& run) {
  // What a full load no longer finds is no part of the dataset any more.
  if (p.mode == Gather::full && !run.files.empty()) QS_CHECK(t.exec("DELETE FROM pipeline_file WHERE pipeline_id = ?", {p.id}));
  for (const auto& item : run.files) {
    const auto& f = item.as_object();
    QS_CHECK(
        t.exec("INSERT INTO pipeline_file (pipeline_id, name, etag, modified, size, run_id) VALUES (?, ?, ?, ?, ?, ?) "
               "ON CONFLICT (pipeline_id, name) DO UPDATE SET etag = excluded.etag, modified = excluded.modified, "
               "size = excluded.size, run_id = excluded.run_id",
               {p.id, text_at(f, "name"), text_at(f, "etag"), text_at(f, "modified"), f.at("size").to_number<std::int64_t>(),
                run.id}));
  }
  return {};
}

json::object counts_of(const Run& r) {
  return {{"run", r.id},
          {"read", r.read},
          {"added", r.added},
          {"changed", r.changed},
          {"deleted", r.deleted},
          {"unchanged", r.unchanged},
          {"rejected", r.rejected},
          {"version", r.version},
          {"position", r.position_after}};
}

// The rows after the steps; their items are the last step's columns.
Result<void> run_steps(const Pipelines::Deps& deps, const Pipeline& p, const Actor& owner, const Cancelled& cancelled,
                       Gathered& g) {
  QS_TRY(auto input, step_input(deps, g, cancelled));
  auto now = deps.clock.now();
  auto day = std::chrono::floor<std::chrono::days>(deps.calendar.zone().local(now));
  QS_TRY(auto made,
         deps.steps.run(p.steps, input, {.owner = owner, .at = now, .date = calendar::to_text(day), .cancelled = cancelled}));
  g.scratch.push_back(std::make_unique<TempFile>(made.file));
  QS_TRY(auto known, deps.store.read([&](store::Session& s) { return deps.catalog.known(s, p.dataset); }));
  std::vector<catalog::Field> items;
  std::vector<std::string> names;
  const auto& columns = made.report.steps.back().columns;
  for (const auto& c : columns) {
    auto mapped = std::ranges::find_if(g.items, [&](const catalog::Field& f) { return f.id == c.name; });
    names.push_back(mapped == g.items.end() ? c.name : mapped->name);
  }
  QS_TRY(auto ids, deps.catalog.identifiers(known ? known->id : std::string(), names));
  std::string list = "_id";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto mapped = std::ranges::find_if(g.items, [&](const catalog::Field& f) { return f.id == columns[i].name; });
    catalog::Field f{
        .id = ids[i], .name = names[i], .type = columns[i].type, .width = columns[i].width, .scale = columns[i].scale};
    if (mapped != g.items.end()) {
      f.key = mapped->key;
      f.description = mapped->description;
      f.level = mapped->level;
    }
    list += fmt::format(", {} AS {}", engine::quote_name(columns[i].name), engine::quote_name(ids[i]));
    items.push_back(std::move(f));
  }
  g.inputs_items = std::move(g.items);
  g.items = std::move(items);
  g.steps = std::move(made.report);
  g.parts.clear();
  g.fixed.reset();
  g.inputs = {made.file};
  g.select = fmt::format("SELECT {} FROM {}", list, engine::parquet_scan({made.file}));
  g.counts.read = made.rows + g.counts.rejected;
  return {};
}

}  // namespace

void StoredPipelines::register_jobs() {
  deps_.jobs.register_kind({.name = std::string(kRunJob),
                            .title = {"归集", "Gather"},
                            .handler = [this](jobs::Context& context) { return perform(context); }});
}

Result<std::vector<sources::File>> StoredPipelines::new_files(const Actor& owner, const Pipeline& p, bool all_of_them) const {
  std::map<std::string, sources::File> known;
  if (!all_of_them) {
    QS_TRY(known, remembered(deps_.store, p.id));
  }
  Gathering gathering(deps_, p, owner, [] { return false; }, [](double, const Text&) {});
  return gathering.fresh(known);
}

Result<jobs::Finish> StoredPipelines::perform(jobs::Context& context) {
  auto id = text_at(context.job().input, "run");
  QS_TRY(auto run, deps_.store.read([&](store::Session& s) { return load_run(s, id); }));
  if (!is_active(run.state)) return fail(Code::conflict, "run.ended", "这次运行已经结束。", "The run has ended.");
  QS_TRY(auto p, deps_.store.read([&](store::Session& s) { return load(s, run.pipeline_id); }));
  run.state = "running";
  if (!run.started) run.started = deps_.clock.now();
  run.error.reset();
  run.position_before = p.position;
  QS_CHECK(deps_.store.write([&](store::Transaction& t) { return save_run(t, run); }));
  auto outcome = execute(context, run, p);
  if (outcome) return outcome;
  // What a person sees of the run says what became of it; the job decides whether it is tried again.
  auto failed = run;
  failed.error = outcome.error();
  bool asked = false;
  if (auto job = deps_.jobs.find(context.job().id)) asked = job->cancel_asked;
  bool again = !asked && (jobs::tries_again(context.job(), outcome.error()) || outcome.error().code == Code::cancelled);
  failed.state = again ? "queued" : asked ? "cancelled" : "failed";
  if (!again) failed.ended = deps_.clock.now();
  auto written = deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto now, load_run(t, id));
    // Another process may have taken the run over, or ended it.
    if (now.state != "running" || now.job_id != context.job().id) return {};
    return save_run(t, failed);
  });
  if (!written) log::error("what became of a run could not be written", written.error());
  return outcome;
}

Result<jobs::Finish> StoredPipelines::execute(jobs::Context& context, Run run, const Pipeline& p) {
  QS_TRY(auto owner, owner_of(p));
  auto cancelled = [&context] { return context.cancelled(); };
  QS_TRY(auto known_files, remembered(deps_.store, p.id));
  Gathering gathering(deps_, p, owner, cancelled,
                      [&context](double share, Text step) { context.progress(share, std::move(step)); });
  QS_TRY(auto gathered, gathering.run(run.files, known_files));
  auto g = std::make_shared<Gathered>(std::move(gathered));
  run.files = g->files;
  run.bytes = g->bytes;
  const auto& drifts = g->resolution.drifts;
  if (!drifts.empty()) {
    auto text = summary(drifts);
    context.log("warn", {"来源的结构变了：" + text.zh, "The source's columns have changed: " + text.en});
  }
  if (g->resolution.ask) return stop_and_ask(context, std::move(run), p, drifts);
  run.drifts = drifts;
  run.read = g->counts.read;
  auto position = g->anew ? std::string() : p.position;
  run.position_after = g->highest ? later(p.watermark, position, *g->highest) : position;
  run.warnings = warnings_of(p, *g);
  for (const auto& w : run.warnings) context.log("warn", w);
  context.units(static_cast<std::int64_t>(run.read), 0, "rows");
  context.log("info", {fmt::format("读取 {} 行，{} 字节，剔除 {} 行", run.read, run.bytes, g->counts.rejected),
                       fmt::format("{} rows, {} bytes read, {} rejected", run.read, run.bytes, g->counts.rejected)});
  bool empty = g->nothing || (p.mode == Gather::incremental && run.read == 0);
  auto change = std::make_shared<Change>();
  if (!empty) {
    if (!p.steps.steps.empty()) {
      context.progress(0.7, {"执行步骤", "Running the steps"});
      QS_CHECK(run_steps(deps_, p, owner, cancelled, *g));
    }
    auto find = [&] { return deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, p.dataset); }); };
    auto mode = mode_of(p, g->items);
    QS_TRY(auto dataset, find());
    if (dataset && mode != Mode::full) {
      QS_CHECK(pause_pushes(deps_.store, dataset->id, context.job()));
      QS_TRY(dataset, find());
    }
    Incoming incoming{.fields = g->items,
                      .parts = g->parts,
                      .select = g->select,
                      .tables = g->tables(),
                      .counts = [g]() -> Result<Incoming::Counts> { return g->counts; },
                      .origins = g->origins,
                      .job_id = context.job().id,
                      .delete_missing = p.delete_missing,
                      .step = [&context](Text step) { context.progress(0.8, std::move(step)); }};
    QS_TRY(*change, deps_.changes.prepare(dataset, p.dataset, mode, incoming, cancelled));
    const auto& v = change->version;
    run.added = v.added;
    run.changed = v.changed;
    run.deleted = v.deleted;
    run.unchanged = v.unchanged;
    run.rejected = v.rejected;
    // Nothing differs: the version that there is says it all.
    bool same = dataset && dataset->version > 0 && v.added + v.changed + v.deleted + v.rejected == 0 &&
                catalog::columns_of(dataset->fields) == catalog::columns_of(v.fields);
    if (auto loss = loss_of(deps_, dataset, v); loss && !(run.loss && run.loss->accepted && run.loss->after <= loss->after)) {
      run.loss = loss;
      return stop_for_loss(context, std::move(run), p);
    }
    bool counted = v.mode != "full" || std::ranges::any_of(g->items, [](const catalog::Field& f) { return f.key; });
    empty = same && counted;
  }
  return finish_run(context, std::move(run), p, std::move(g), empty ? nullptr : std::move(change));
}

jobs::Finish StoredPipelines::finish_run(jobs::Context& context, Run run, const Pipeline& p, std::shared_ptr<Gathered> g,
                                         std::shared_ptr<Change> change) {
  auto actor = context.actor();
  auto fields = g->nothing ? p.fields : g->resolution.fields;
  auto source = deps_.sources.find(Actor::system(), p.source);
  std::optional<Trace> trace;
  if (change && source) trace = trace_of_run(p, run, *source, *g);
  return [this, run = std::move(run), before = p, fields = std::move(fields), change, actor,
          trace = std::move(trace)](store::Transaction& t) mutable -> Result<json::object> {
    QS_TRY(auto now, load_run(t, run.id));
    if (now.state != "running" || now.job_id != run.job_id)
      return fail(Code::conflict, "run.ended", "这次运行已经结束。", "The run has ended.");
    QS_TRY(auto p, load(t, before.id));
    if (p.position != before.position || p.source != before.source || p.dataset != before.dataset)
      return fail(Code::unavailable, "run.overtaken", "运行期间归集任务被修改，将按新的定义重新运行。",
                  "The pipeline was changed while it ran; it is run again as it is now.");
    if (change) {
      QS_TRY(auto dataset, deps_.catalog.known(t, p.dataset));
      if (!dataset) {
        QS_TRY(dataset, deps_.catalog.add(t, actor, entry_of(p)));
      }
      auto number = deps_.changes.publish(t, actor, *dataset, *change);
      if (!number) {
        auto error = std::move(number).error();
        // Somebody else published meanwhile: what the rows change is worked out anew.
        if (error.id == "dataset.moved") error.code = Code::unavailable;
        return fail(std::move(error));
      }
      run.version = *number;
      if (trace) QS_CHECK(keep_trace(t, dataset->id, run.version, *trace));
    }
    run.state = "succeeded";
    run.ended = deps_.clock.now();
    QS_CHECK(remember(t, p, run));
    p.position = run.position_after;
    if (to_json(p.fields) != to_json(fields)) {
      p.fields = fields;
      json::array drifts;
      for (const auto& d : run.drifts) drifts.emplace_back(ingest::to_json(d));
      QS_CHECK(tell_consumers(t, p, run.drifts));
      QS_CHECK(record(t, actor, "pipeline.drift", p, {{"run", run.id}, {"drifts", std::move(drifts)}}));
    }
    QS_CHECK(save(t, p));
    QS_CHECK(tell_warnings(t, p, run));
    QS_CHECK(save_run(t, run));
    QS_CHECK(queue_followers(t, p, run.id));
    QS_CHECK(record(t, actor, "pipeline.gather", p, counts_of(run)));
    return counts_of(run);
  };
}

catalog::NewDataset StoredPipelines::entry_of(const Pipeline& p) {
  auto word = [&](const char* key, const char* otherwise) {
    auto given = text_at(p.entry, key);
    return given.empty() ? std::string(otherwise) : given;
  };
  catalog::NewDataset n{.code = p.dataset,
                        .title = word("title", p.title.c_str()),
                        .abstract = word("abstract", ""),
                        .department_id = p.department_id,
                        .theme = word("theme", ""),
                        .update_cycle = word("update_cycle", "irregular"),
                        .sharing_type = word("sharing_type", "conditional"),
                        .level = word("level", "1")};
  if (const auto* tags = p.entry.if_contains("tags"); tags && tags->is_array())
    for (const auto& tag : tags->as_array())
      if (tag.is_string()) n.tags.emplace_back(tag.as_string());
  return n;
}

Result<jobs::Finish> StoredPipelines::stop_and_ask(jobs::Context& context, Run run, const Pipeline& p,
                                                   std::vector<Drift> drifts) {
  auto actor = context.actor();
  run.drifts = std::move(drifts);
  run.state = "waiting";
  return jobs::Finish([this, run = std::move(run), p, actor](store::Transaction& t) -> Result<json::object> {
    QS_TRY(auto now, load_run(t, run.id));
    if (now.state != "running" || now.job_id != run.job_id)
      return fail(Code::conflict, "run.ended", "这次运行已经结束。", "The run has ended.");
    QS_CHECK(save_run(t, run));
    QS_CHECK(tell_consumers(t, p, run.drifts));
    json::array list;
    for (const auto& d : run.drifts) list.emplace_back(ingest::to_json(d));
    QS_CHECK(record(t, actor, "pipeline.drift", p, {{"run", run.id}, {"drifts", std::move(list)}}));
    return json::object{{"run", run.id}, {"state", "waiting"}};
  });
}

Result<jobs::Finish> StoredPipelines::stop_for_loss(jobs::Context& context, Run run, const Pipeline& p) {
  Text what{fmt::format("数据集现有 {} 行，这次运行后只剩 {} 行", run.loss->before, run.loss->after),
            fmt::format("The dataset has {} rows; this run would leave {}", run.loss->before, run.loss->after)};
  context.log("warn", what);
  run.state = "waiting";
  return jobs::Finish([this, run = std::move(run), p, what,
                       actor = context.actor()](store::Transaction& t) -> Result<json::object> {
    QS_TRY(auto now, load_run(t, run.id));
    if (now.state != "running" || now.job_id != run.job_id)
      return fail(Code::conflict, "run.ended", "这次运行已经结束。", "The run has ended.");
    QS_CHECK(save_run(t, run));
    QS_CHECK(notify::tell(t, {p.owner_id},
                          {.id = {},
                           .kind = "run",
                           .link = "/runs/" + run.id,
                           .title = {fmt::format("归集“{}”会去掉大量数据，等待确认", p.title),
                                     fmt::format("“{}” would take many rows away and waits", p.title)},
                           .detail = what,
                           .at = deps_.clock.now()}));
    QS_CHECK(record(t, actor, "pipeline.loss", p, {{"run", run.id}, {"before", run.loss->before}, {"after", run.loss->after}}));
    return json::object{{"run", run.id}, {"state", "waiting"}};
  });
}

Result<void> StoredPipelines::tell_warnings(store::Transaction& t, const Pipeline& p, const Run& run) {
  if (run.warnings.empty()) return {};
  QS_TRY(auto last,
         t.one("SELECT warnings FROM pipeline_run WHERE pipeline_id = ? AND state = 'succeeded' AND id <> ? ORDER BY "
               "id DESC LIMIT 1",
               {p.id, run.id}));
  // Once for as long as it goes on, not with every run.
  if (last && last->text(0) != "[]") return {};
  return notify::tell(t, {p.owner_id},
                      {.id = {},
                       .kind = "run",
                       .link = "/runs/" + run.id,
                       .title = {fmt::format("归集“{}”成功，但有需要注意的情况", p.title),
                                 fmt::format("“{}” succeeded, with a warning", p.title)},
                       .detail = run.warnings.front(),
                       .at = deps_.clock.now()});
}

Result<void> StoredPipelines::tell_consumers(store::Transaction& t, const Pipeline& p, const std::vector<Drift>& drifts) {
  QS_TRY(auto dataset, deps_.catalog.known(t, p.dataset));
  if (!dataset) return {};
  return ingest::tell_consumers(t, deps_.identity, deps_.settings, deps_.clock.now(), *dataset, drifts);
}

Result<Run> StoredPipelines::decide(const Actor& actor, std::string_view id, const std::vector<Decision>& decisions,
                                    bool accept_loss) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Run> {
    QS_TRY(auto run, visible_run(t, actor, id));
    QS_CHECK(sharing::check_steward(actor, run.department_id));
    if (run.state != "waiting")
      return fail(Code::conflict, "run.not_waiting", "这次运行没有在等待决定。", "This run does not wait for a decision.");
    QS_TRY(auto p, load(t, run.pipeline_id));
    auto before = to_json(p.fields);
    if (run.loss && !run.loss->accepted) {
      if (!accept_loss)
        return fail(Error{.code = Code::invalid,
                          .id = "run.loss",
                          .text = {"数据会大量减少：请带上 accept_loss 确认继续，或者取消这次运行并检查数据源。",
                                   "Many rows would go: confirm with accept_loss, or cancel the run and look at the source."},
                          .subject = "accept_loss"});
      run.loss->accepted = true;
    } else {
      QS_CHECK(apply(p.fields, run.drifts, decisions));
    }
    json::object decided = run.decisions;
    if (accept_loss) decided["accept_loss"] = "yes";
    for (const auto& d : decisions) decided[d.column] = d.verdict;
    run.decisions = decided;
    run.state = "queued";
    QS_TRY(auto owner, owner_of(p));
    QS_TRY(run.job_id, queue_job(t, owner, p, run.id));
    p.changed = deps_.clock.now();
    QS_CHECK(save(t, p));
    QS_CHECK(save_run(t, run));
    QS_CHECK(record(t, actor, "pipeline.decide", p,
                    {{"run", run.id}, {"decisions", decided}, {"before", before}, {"after", to_json(p.fields)}}));
    return run;
  });
}

}  // namespace qushu::ingest
