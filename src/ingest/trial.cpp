// A definition tried on the source as it is now, before it is saved: nothing is kept.
#include <algorithm>

#include <fmt/format.h>

#include "document.h"
#include "fixed_row.h"
#include "gather.h"

namespace qushu::ingest {
namespace {

constexpr std::size_t kShown = 20;

Result<void> show_rows(const Pipelines::Deps& deps, const Gathered& g, Trial& trial) {
  QS_TRY(auto rows, gathered_rows(deps.blobs, g));
  std::string columns;
  for (const auto& item : g.items) columns += (columns.empty() ? "" : ", ") + engine::quote_name(item.id);
  QS_TRY(auto cursor,
         deps.engine.run({.sql = fmt::format("SELECT {} FROM ({}) ORDER BY _id LIMIT {}", columns, rows.select, kShown),
                          .tables = g.tables(),
                          .limits = {.time = std::chrono::minutes(5)}}));
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return {};
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      json::array row;
      for (std::size_t c = 0; c < g.items.size(); ++c) {
        if (chunk->is_null(c, r)) {
          row.emplace_back(nullptr);
          continue;
        }
        std::string text;
        chunk->append_text(c, r, text);
        row.emplace_back(text);
      }
      trial.rows.emplace_back(std::move(row));
    }
  }
}

Result<void> check_watermark(const Pipeline& p, const std::vector<SeenColumn>& columns) {
  if (p.watermark.column.empty()) return {};
  auto found = std::ranges::find_if(columns, [&](const SeenColumn& c) { return c.name == p.watermark.column; });
  if (found == columns.end())
    return fail(wrong_member("watermark.column", fmt::format("来源没有列“{}”", p.watermark.column),
                             fmt::format("the source has no column “{}”", p.watermark.column)));
  bool moment = found->type == engine::Type::datetime || found->type == engine::Type::date;
  bool good = p.watermark.timestamp ? moment : found->type == engine::Type::integer;
  if (good) return {};
  return fail(wrong_member("watermark.column",
                           p.watermark.timestamp ? "时间戳位点的列应是日期或日期时间" : "序号位点的列应是整数",
                           p.watermark.timestamp ? "a timestamp's column must be a date or a date and time"
                                                 : "a sequence's column must be whole numbers"));
}

}  // namespace

Result<Trial> StoredPipelines::attempt(const Actor& actor, const Pipeline& p) const {
  Gathering gathering(deps_, p, actor, [] { return false; }, [](double, const Text&) {});
  QS_TRY(auto g, gathering.sample(static_cast<std::uint64_t>(deps_.settings.integer("ingest.try_rows"))));
  Trial trial{.columns = g.columns, .fields = g.resolution.fields, .items = g.items, .drifts = g.resolution.drifts};
  // What a person looks at now is what later runs are compared with.
  if (!g.resolution.ask)
    for (auto& m : trial.fields)
      for (const auto& c : g.columns)
        if (c.name == m.column && !m.seen) m.seen = c.type;
  for (const auto& f : g.files) trial.files.emplace_back(f);
  if (p.mode == Gather::incremental && g.files.size() > 0)
    return fail(wrong_member("mode", "文件来源不能按增量位点归集，请用追加或更新：读过的文件会记住",
                             "files have no watermark; append or upsert instead: files that were read are remembered"));
  if (p.on_arrival && g.files.empty())
    return fail(wrong_member("on_arrival", "只有文件来源才能到达触发", "only sources of files can start a run on arrival"));
  QS_CHECK(check_watermark(p, g.columns));
  if (g.resolution.ask) return trial;
  trial.read = g.counts.read;
  trial.misfit = g.counts.rejected;
  trial.misfits = g.misfits;
  QS_CHECK(show_rows(deps_, g, trial));
  if (!p.steps.steps.empty()) {
    QS_TRY(auto input, step_input(deps_, g, [] { return false; }));
    QS_TRY(trial.steps, deps_.steps.sample(p.steps, input, {.owner = actor, .at = deps_.clock.now()},
                                           static_cast<std::uint64_t>(deps_.settings.integer("ingest.try_rows")), kShown));
  }
  return trial;
}

json::object to_json(const Trial& t, Lang lang) {
  json::array columns, items, drifts;
  for (const auto& c : t.columns) columns.emplace_back(json::object{{"name", c.name}, {"type", engine::name(c.type)}});
  for (const auto& f : t.items) items.emplace_back(catalog::to_json(f));
  for (const auto& d : t.drifts) drifts.emplace_back(to_json(d));
  json::array files;
  for (const auto& f : t.files)
    files.emplace_back(json::object{{"name", f.as_object().at("name")}, {"size", f.as_object().at("size")}});
  json::object out{{"columns", std::move(columns)},
                   {"fields", to_json(t.fields)},
                   {"items", std::move(items)},
                   {"drifts", in_language(json::value(std::move(drifts)), lang)},
                   {"rows", t.rows},
                   {"read", t.read},
                   {"misfit", t.misfit},
                   {"misfits", in_language(json::value(t.misfits), lang)},
                   {"files", std::move(files)},
                   {"steps", nullptr}};
  if (t.steps) out["steps"] = to_json(*t.steps);
  return out;
}

}  // namespace qushu::ingest
