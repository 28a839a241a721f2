#include <fmt/format.h>

#include "qushu/base/id.h"

#include "stored.h"
#include "writing.h"

namespace qushu::ingest {

tabular::Progress progress_of(jobs::Context& context, double from, double to, const Text& step) {
  return {.bytes =
              [&context, from, to, step](std::uint64_t done, std::uint64_t total) {
                auto share = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
                context.progress(from + (to - from) * share, step);
                context.units(static_cast<std::int64_t>(done), static_cast<std::int64_t>(total), "bytes");
              },
          .cancelled = [&context] { return context.cancelled(); }};
}

Result<std::unique_ptr<tabular::File>> StoredImports::open_file(const Import& import) const {
  QS_TRY(auto path, deps_.blobs.path(import.file_blob));
  return tabular::File::open(path, import.file_name, deps_.blobs.temporary_folder(), deps_.settings);
}

Result<std::optional<json::object>> StoredImports::analyse_table(const Subject& subject, const std::string& location,
                                                                 const tabular::Dialect& given,
                                                                 const tabular::Progress& progress,
                                                                 tabular::File::ByteSink copy) {
  std::vector<std::string> ids;
  auto ids_of = [&](const std::vector<tabular::ColumnPlan>& plan) -> Result<std::vector<std::string>> {
    QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, subject.dataset); }));
    std::vector<std::string> names;
    for (const auto& p : plan) names.push_back(p.name);
    QS_TRY(ids, deps_.catalog.identifiers(known ? known->id : std::string(), names));
    return ids;
  };
  RejectFile rejects(deps_.blobs.temporary_folder());
  auto sink = [&](const tabular::File::RejectedRow& row) { return rejects.write(subject.name, location, row); };
  bool copies = copy != nullptr;
  QS_TRY(auto survey,
         subject.file.survey(
             location, {.given = given, .ids_of = ids_of, .rejects = sink, .progress = progress, .copy = std::move(copy)}));
  if (!survey) {
    if (copies) return std::nullopt;
    QS_TRY(auto facts, subject.file.analyse(location, given, progress));
    return table_document(facts);
  }
  QS_TRY(auto blob, write_rows(survey->reading, ids, subject.first_id, deps_.engine, deps_.blobs, progress.cancelled));
  auto& counts = *survey->reading.counts;
  Draft draft{.part = {.blob = blob.sha256, .rows = counts.published, .bytes = blob.size, .first_id = subject.first_id},
              .read = counts.read,
              .rejected = counts.rejected};
  QS_TRY(auto facts, survey->facts());
  auto table = table_document(facts);
  bool as_guessed = facts.columns.size() == survey->guess.size();
  for (std::size_t i = 0; as_guessed && i < facts.columns.size(); ++i) as_guessed = facts.columns[i].plan == survey->guess[i];
  if (as_guessed && facts.rows > 0) {
    QS_TRY(draft.rejects_blob, rejects.keep(deps_.engine, deps_.blobs, progress.cancelled));
    keep_draft(table, draft, ids);
  }
  return table;
}

// Rows that are added to others are numbered behind them from the start, so that they need not be written again. When the
// dataset has gone on until they are published, they are.
Result<std::int64_t> StoredImports::first_id_for(const std::string& dataset, const json::object& entry) const {
  Mode mode = Mode::full;
  if (dataset.empty() || !parse(text_at(entry, "mode"), mode) || mode == Mode::full) return 0;
  QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, dataset); }));
  if (!known || known->version == 0) return 0;
  QS_TRY(auto version, deps_.catalog.version(known->id, known->version));
  return version.next_id;
}

Result<std::optional<StoredImports::Taken>> StoredImports::take_in(const NewImport& n, const std::filesystem::path& path,
                                                                   const tabular::Progress& progress) {
  std::error_code failed;
  auto size = std::filesystem::file_size(path, failed);
  auto changed = failed ? std::filesystem::file_time_type() : std::filesystem::last_write_time(path, failed);
  if (failed || !tabular::File::is_text(path, n.file_name)) return std::nullopt;
  QS_TRY(auto file, tabular::File::open(path, n.file_name, deps_.blobs.temporary_folder(), deps_.settings));
  QS_TRY(auto writer, deps_.blobs.create());
  QS_TRY(auto first_id, first_id_for(n.dataset, n.entry));
  QS_TRY(auto table,
         analyse_table({.file = *file, .name = n.file_name, .dataset = n.dataset, .first_id = first_id}, file->tables().front(),
                       {}, progress, [&](const SharedBytes& bytes) { return writer->write(bytes); }));
  // What was looked at twice must have been the same both times, or the copy is made and analysed by itself.
  if (!table || writer->written() != size || std::filesystem::last_write_time(path, failed) != changed || failed)
    return std::nullopt;
  QS_TRY(auto blob, writer->commit());
  return Taken{.file = std::move(blob), .tables = {*std::move(table)}};
}

Result<json::array> StoredImports::analyse_tables(jobs::Context& context, const Import& import, const json::object& entry) {
  const auto& input = context.job().input;
  if (const auto* analysed = input.if_contains("analysed"); analysed && analysed->is_array()) return analysed->as_array();
  context.progress(0, {"打开文件", "Opening the file"});
  QS_TRY(auto file, open_file(import));
  const auto* corrections = input.if_contains("tables");
  auto locations = file->tables();
  QS_TRY(auto first_id, first_id_for(import.dataset_hint, entry));
  json::array tables;
  for (std::size_t n = 0; n < locations.size(); ++n) {
    tabular::Dialect dialect;
    if (corrections && corrections->is_array())
      for (const auto& c : corrections->as_array())
        if (text_at(c.as_object(), "location") == locations[n]) dialect = dialect_of(c.as_object());
    auto count = static_cast<double>(locations.size());
    auto shown = locations[n].empty() ? import.file_name : locations[n];
    QS_TRY(auto table,
           analyse_table({.file = *file, .name = import.file_name, .dataset = import.dataset_hint, .first_id = first_id},
                         locations[n], dialect,
                         progress_of(context, static_cast<double>(n) / count, static_cast<double>(n + 1) / count,
                                     {"读取 " + shown, "Reading " + shown})));
    tables.emplace_back(*std::move(table));
  }
  return tables;
}

Result<jobs::Finish> StoredImports::run_analyse(jobs::Context& context) {
  auto id = context.job().object_id;
  QS_TRY(auto import, deps_.store.read([&](store::Session& s) { return load(s, id); }));
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) { return s.one("SELECT entry FROM import WHERE id = ?", {id}); }));
  json::object given;
  boost::system::error_code failed;
  if (row) {
    auto entry = json::parse(row->text(0), failed);
    if (!failed && entry.is_object()) given = std::move(entry.as_object());
  }
  QS_TRY(auto tables, analyse_tables(context, import, given));
  for (const auto& item : tables) {
    const auto& table = item.as_object();
    auto location = text_at(table, "location");
    auto shown = location.empty() ? import.file_name : location;
    auto number = [&](const char* key) { return table.at(key).to_number<std::uint64_t>(); };
    auto columns = table.at("columns").as_array().size();
    context.log("info", {fmt::format("{}：{} 行，{} 列，预计剔除 {} 行", shown, number("rows"), columns, number("rejected")),
                         fmt::format("{}: {} rows, {} columns, {} would be rejected", shown, number("rows"), columns,
                                     number("rejected"))});
  }
  QS_CHECK(propose_entries(tables, import, deps_.catalog, deps_.store, given));
  return jobs::Finish([this, id, tables = std::move(tables)](store::Transaction& t) -> Result<json::object> {
    QS_TRY(auto now, load(t, id));
    now.state = "ready";
    now.tables = tables;
    now.error.reset();
    QS_CHECK(save(t, now));
    return json::object{{"tables", now.tables.size()}};
  });
}

namespace {

// Nothing is wanted of the rows but that they are read: the counts and the rejects are the answer.
Result<void> read_through(engine::Engine& engine, tabular::File::Reading& reading, const jobs::Context& context) {
  QS_TRY(auto cursor,
         engine.run({.sql = "SELECT count(_id) FROM file_rows",
                     .tables = {{.name = "file_rows", .source = reading.source.get()}},
                     .limits = {.time = std::chrono::hours(24), .cancelled = [&context] { return context.cancelled(); }}}));
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (!chunk) return {};
  }
}

}  // namespace

Result<jobs::Finish> StoredImports::run_check(jobs::Context& context) {
  auto id = context.job().object_id;
  QS_TRY(auto import, deps_.store.read([&](store::Session& s) { return load(s, id); }));
  QS_TRY(auto file, open_file(import));
  auto tables = import.tables;
  for (std::size_t n = 0; n < tables.size(); ++n) {
    auto& table = tables[n].as_object();
    if (flag_at(table, "skip")) continue;
    auto plan = plan_of(table);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < plan.size(); ++i)
      if (!plan[i].skip) ids.push_back(fmt::format("c{}", i));
    std::vector<tabular::Misfit> first;
    std::vector<std::uint64_t> by_column(plan.size());
    auto sink = [&](const tabular::File::RejectedRow& row) -> Result<void> {
      for (const auto& m : row.misfits) {
        if (first.size() < 100) first.push_back(m);
        for (std::size_t i = 0; i < plan.size(); ++i)
          if (plan[i].name == m.column) ++by_column[i];
      }
      return {};
    };
    auto count = static_cast<double>(tables.size());
    auto location = text_at(table, "location");
    QS_TRY(auto reading, file->read(location, dialect_of(table), plan, ids, sink,
                                    progress_of(context, static_cast<double>(n) / count, static_cast<double>(n + 1) / count,
                                                {"检查 " + import.file_name, "Checking " + import.file_name})));
    QS_CHECK(read_through(deps_.engine, reading, context));
    table["rejected"] = reading.counts->rejected.load();
    table["first_misfits"] = misfits_document(first);
    for (std::size_t i = 0; i < plan.size(); ++i) table["columns"].as_array()[i].as_object()["misfits"] = by_column[i];
  }
  return jobs::Finish([this, id, tables = std::move(tables)](store::Transaction& t) -> Result<json::object> {
    QS_TRY(auto now, load(t, id));
    now.state = "ready";
    now.tables = tables;
    QS_CHECK(save(t, now));
    return json::object{};
  });
}

}  // namespace qushu::ingest
