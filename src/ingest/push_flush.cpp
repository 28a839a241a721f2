// The flush: what waits becomes the next version.
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/sharing/version_rows.h"

#include "document.h"
#include "preparing.h"
#include "push_pause.h"
#include "stored_push.h"
#include "writing.h"

namespace qushu::ingest {
namespace {

std::vector<catalog::PartColumn> columns_of(const std::string& text) {
  std::vector<catalog::PartColumn> out;
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  if (failed || !value.is_array()) return out;
  for (const auto& item : value.as_array()) {
    const auto& list = item.as_array();
    catalog::PartColumn column{.id = std::string(list.at(0).as_string())};
    if (!engine::parse(std::string_view(list.at(1).as_string()), column.type)) column.type = engine::Type::text;
    column.width = list.at(2).to_number<std::uint8_t>();
    column.scale = list.at(3).to_number<std::uint8_t>();
    out.push_back(std::move(column));
  }
  return out;
}

// The batches' text read as typed rows, in its order.
std::string read_sql(const std::vector<catalog::PartColumn>& columns, const std::filesystem::path& file) {
  auto types = fmt::format("{}: 'BOOLEAN'", engine::quote_text(kRemoved));
  for (const auto& c : columns)
    types += fmt::format(", {}: {}", engine::quote_text(c.id), engine::quote_text(sharing::sql_type(c.type, c.width, c.scale)));
  return fmt::format(
      "SELECT * FROM read_csv({}, auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"', nullstr = "
      "'', allow_quoted_nulls = false, new_line = '\\n', max_line_size = 33554432, columns = {{{}}})",
      engine::quote_text(file.string()), types);
}

}  // namespace

void StoredPushes::register_jobs() {
  deps_.jobs.register_kind({.name = "push.flush",
                            .title = {"推送入库", "Take in pushed rows"},
                            .handler = [this](jobs::Context& context) { return run_flush(context); },
                            .max_attempts = 5});
}

// The oldest batches, as many as are alike and fit.
Result<StoredPushes::Waiting> StoredPushes::gather(std::string_view dataset_id) const {
  auto limit = static_cast<std::uint64_t>(deps_.settings.integer("ingest.push_flush"));
  return deps_.store.read([&](store::Session& s) -> Result<Waiting> {
    QS_TRY(auto rows,
           s.query("SELECT id, mode, columns, row_count, rejected_count, person_name FROM push_batch WHERE dataset_id = ? "
                   "ORDER BY place, id LIMIT 20000",
                   {dataset_id}));
    Waiting w;
    std::map<std::string, std::uint64_t> by_person;
    for (const auto& row : rows) {
      auto count = static_cast<std::uint64_t>(row.integer(3));
      w.more = !w.ids.empty() && (row.text(1) != w.mode || row.text(2) != w.columns || w.rows + count > limit);
      if (w.more) break;
      w.mode = row.text(1);
      w.columns = row.text(2);
      w.ids.push_back(row.text(0));
      w.counts.push_back(count);
      w.rows += count;
      w.rejected += static_cast<std::uint64_t>(row.integer(4));
      by_person[row.text(5)] += count;
    }
    w.more = w.more || rows.size() == 20'000;
    for (const auto& [person, count] : by_person) w.senders.emplace_back(json::object{{"person", person}, {"rows", count}});
    return w;
  });
}

Result<void> StoredPushes::write_out(const Waiting& w, const std::filesystem::path& file, RejectFile& rejects) const {
  std::ofstream out(file, std::ios::binary);
  for (const auto& id : w.ids) {
    QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
      return s.one("SELECT payload, rejects FROM push_batch WHERE id = ?", {id});
    }));
    if (!row)
      return fail(Code::unavailable, "push.taken", "这些数据已由另一次入库处理。", "Another flush has taken these rows.");
    const auto& payload = row->text(0);
    out.write(payload.data(), static_cast<std::streamsize>(payload.size()));
    for (auto line : split(row->text(1), '\n')) {
      if (line.empty()) continue;
      auto entry = json::parse(line).as_object();
      tabular::File::RejectedRow rejected{
          .line = entry.at("line").to_number<std::uint64_t>(), .misfits = {}, .raw = text_at(entry, "raw")};
      rejected.misfits.push_back({.line = rejected.line,
                                  .column = text_at(entry, "field"),
                                  .value = text_at(entry, "value"),
                                  .reason = {text_at(entry, "reason_zh"), text_at(entry, "reason_en")}});
      QS_CHECK(rejects.write("API", "", rejected));
    }
  }
  out.close();
  if (!out) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + file.string());
  return {};
}

// The rows that only the version rejected: those of its list that were not on ours. Their lines are the places in the text.
Result<std::vector<StoredPushes::Outcome>> StoredPushes::outcomes_of(const Waiting& w, const std::string& all,
                                                                     const std::string& before,
                                                                     const Cancelled& cancelled) const {
  auto list = [&](const std::string& blob) -> Result<std::string> {
    QS_TRY(auto path, deps_.blobs.path(blob));
    return "SELECT CAST(line AS BIGINT) AS line, field, value, reason_zh, reason_en, raw FROM " + engine::parquet_scan({path});
  };
  QS_TRY(auto sql, list(all));
  if (!before.empty()) {
    QS_TRY(auto had, list(before));
    sql += " EXCEPT ALL " + had;
  }
  QS_TRY(auto cursor, deps_.engine.run({.sql = fmt::format("SELECT * FROM ({}) AS r ORDER BY line", sql),
                                        .limits = {.time = std::chrono::hours(1), .cancelled = cancelled}}));
  std::vector<Outcome> out;
  std::size_t at = 0;
  std::uint64_t first = 0, last_line = 0;  // rows before the batch; a row with several faults is one
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      auto line = static_cast<std::uint64_t>(chunk->integer(0, r));
      while (at < w.ids.size() && line > first + w.counts[at]) first += w.counts[at++];
      if (at == w.ids.size()) break;
      auto text = [&](std::size_t column) {
        std::string value;
        if (!chunk->is_null(column, r)) chunk->append_text(column, r, value);
        return value;
      };
      if (out.empty() || out.back().batch != w.ids[at]) out.push_back({.batch = w.ids[at], .rejected = 0, .faults = {}});
      if (line != last_line) ++out.back().rejected;
      last_line = line;
      if (out.back().faults.size() < kFaults)
        out.back().faults.push_back(json::object{{"row", line - first},
                                                 {"field", text(1)},
                                                 {"value", text(2)},
                                                 {"reason", json::object{{"zh", text(3)}, {"en", text(4)}}}});
    }
  }
  return out;
}

Result<Change> StoredPushes::change_of(jobs::Context& context, const catalog::Dataset& dataset, const Waiting& w,
                                       std::vector<Outcome>& outcomes) {
  auto cancelled = [&context] { return context.cancelled(); };
  ScratchFile file(deps_.blobs.temporary_folder(), "push");
  RejectFile rejects(deps_.blobs.temporary_folder());
  QS_CHECK(write_out(w, file.path(), rejects));
  auto columns = columns_of(w.columns);
  Incoming incoming{.fields = {}, .numbered = false, .job_id = context.job().id, .repeated = Repeated::apply};
  for (const auto& c : columns) {
    auto known = std::ranges::find(dataset.fields, c.id, &catalog::Field::id);
    auto field = known == dataset.fields.end() ? catalog::Field{.id = c.id, .name = c.id} : *known;
    field.type = c.type;
    field.width = c.width;
    field.scale = c.scale;
    incoming.fields.push_back(std::move(field));
  }
  auto mode = Mode::append;
  static_cast<void>(parse(w.mode, mode));
  incoming.removals = mode == Mode::upsert;
  if (w.rows > 0) incoming.select = read_sql(columns, file.path());
  incoming.origins = {{.import_id = "", .file_name = "API", .file_blob = "", .table = ""}};
  Incoming::Counts counts{.read = w.rows + w.rejected, .rejected = w.rejected};
  QS_TRY(counts.rejects_blob, rejects.keep(deps_.engine, deps_.blobs, cancelled));
  incoming.counts = [counts]() -> Result<Incoming::Counts> { return counts; };
  incoming.step = [&](Text step) { context.progress(0.5, std::move(step)); };
  QS_TRY(auto change, deps_.changes.prepare(dataset, dataset.code, mode, incoming, cancelled));
  change.version.pushed = true;
  if (change.version.rejected > w.rejected && !change.version.rejects_blob.empty()) {
    QS_TRY(outcomes, outcomes_of(w, change.version.rejects_blob, counts.rejects_blob, cancelled));
  }
  return change;
}

Result<jobs::Finish> StoredPushes::run_flush(jobs::Context& context) {
  auto id = text_at(context.job().input, "dataset");
  // What comes from here on orders a flush of its own.
  QS_CHECK(
      deps_.store.write([&](store::Transaction& t) { return t.exec("DELETE FROM push_flush WHERE dataset_id = ?", {id}); }));
  QS_TRY(auto dataset, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, id); }));
  if (!dataset) return fail(Code::not_found, "dataset.not_found", "数据集已不存在。", "The dataset is no more.");
  QS_TRY(auto waiting, gather(id));
  if (waiting.ids.empty())
    return jobs::Finish([](store::Transaction&) -> Result<json::object> { return json::object{{"rows", 0}}; });
  auto actor = context.actor();
  auto later = [this, actor, dataset = *dataset](store::Transaction& t) -> Result<json::object> {
    QS_CHECK(order_flush(t, actor, dataset, std::chrono::seconds(deps_.settings.integer("ingest.push_interval"))));
    return json::object{{"rows", 0}, {"gave_way", true}};
  };
  QS_TRY(auto paused, deps_.store.read([&](store::Session& s) { return pushes_paused(s, id); }));
  if (paused) return jobs::Finish(later);
  std::vector<Outcome> outcomes;
  QS_TRY(auto change, change_of(context, *dataset, waiting, outcomes));
  return jobs::Finish([this, actor, later, dataset = *dataset, waiting = std::move(waiting), outcomes = std::move(outcomes),
                       change = std::move(change)](store::Transaction& t) -> Result<json::object> {
    QS_TRY(auto meanwhile, pushes_paused(t, dataset.id));
    if (meanwhile) return later(t);
    QS_TRY(auto number, deps_.changes.publish(t, actor, dataset, change));
    std::int64_t taken = 0;
    for (const auto& batch : waiting.ids) {
      QS_TRY(auto gone, t.exec("DELETE FROM push_batch WHERE id = ?", {batch}));
      taken += gone;
    }
    if (taken != static_cast<std::int64_t>(waiting.ids.size()))
      return fail(Code::unavailable, "push.taken", "这些数据已由另一次入库处理。", "Another flush has taken these rows.");
    auto keep = std::chrono::seconds(deps_.settings.integer("ingest.push_key_keep"));
    QS_CHECK(t.exec("DELETE FROM push_key WHERE at < ?", {deps_.clock.now() - keep}));
    QS_CHECK(t.exec("DELETE FROM push_outcome WHERE at < ?", {deps_.clock.now() - keep}));
    for (const auto& o : outcomes)
      QS_CHECK(t.exec("INSERT INTO push_outcome (batch_id, rejected, faults, at) VALUES (?, ?, ?, ?)",
                      {o.batch, static_cast<std::int64_t>(o.rejected), json::serialize(o.faults), deps_.clock.now()}));
    QS_CHECK(deps_.catalog.forget_pushed(t, dataset.id, deps_.settings.integer("ingest.push_versions")));
    if (waiting.more) QS_CHECK(order_flush(t, actor, dataset, Duration(0)));
    return json::object{{"version", number},
                        {"batches", waiting.ids.size()},
                        {"rows", waiting.rows},
                        {"rejected", waiting.rejected},
                        {"senders", waiting.senders}};
  });
}

}  // namespace qushu::ingest
