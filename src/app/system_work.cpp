// The public side, the ledgers and the figures, and the threads between modules that do not know each other.
#include "system.h"

namespace qushu::app {

Result<void> System::open_public(const Clock& clock) {
  releases = std::make_unique<opendata::Releases>(opendata::Releases::Deps{.settings = settings,
                                                                           .store = *store,
                                                                           .blobs = *blobs,
                                                                           .engine = *engine,
                                                                           .audit = *audit,
                                                                           .jobs = *jobs,
                                                                           .catalog = *catalog,
                                                                           .entries = *entries,
                                                                           .clock = clock});
  releases->register_jobs();
  public_view = std::make_unique<opendata::PublicView>(opendata::PublicView::Deps{
      .settings = settings, .store = *store, .blobs = *blobs, .catalog = *catalog, .entries = *entries});
  shelf = std::make_unique<opendata::Shelf>(opendata::Shelf::Deps{.settings = settings,
                                                                  .store = *store,
                                                                  .catalog = *catalog,
                                                                  .identity = *identity,
                                                                  .releases = *releases,
                                                                  .view = *public_view});
  asks = std::make_unique<opendata::Asks>(opendata::Asks::Deps{.store = *store, .audit = *audit, .clock = clock});
  boundaries = std::make_unique<opendata::Boundaries>(
      opendata::Boundaries::Deps{.settings = settings, .store = *store, .audit = *audit, .clock = clock});
  public_side = std::make_unique<opendata::PublicSide>(opendata::PublicDeps{.settings = settings,
                                                                            .engine = *engine,
                                                                            .audit = *audit,
                                                                            .shelf = *shelf,
                                                                            .view = *public_view,
                                                                            .scratch = scratch_,
                                                                            .store = *store,
                                                                            .blobs = *blobs,
                                                                            .jobs = *jobs,
                                                                            .identity = *identity,
                                                                            .catalog = *catalog,
                                                                            .entries = *entries,
                                                                            .desk = *desk,
                                                                            .imports = *imports,
                                                                            .sources = *sources,
                                                                            .asks = *asks,
                                                                            .boundaries = *boundaries,
                                                                            .corrections = *corrections,
                                                                            .quality = *quality,
                                                                            .form_key = form_key_,
                                                                            .clock = clock});
  public_side->register_jobs();
  harvests = std::make_unique<opendata::Harvests>(opendata::Harvests::Deps{.settings = settings,
                                                                           .store = *store,
                                                                           .audit = *audit,
                                                                           .jobs = *jobs,
                                                                           .identity = *identity,
                                                                           .calendar = *calendar,
                                                                           .catalog = *catalog,
                                                                           .entries = *entries,
                                                                           .sources = *sources,
                                                                           .clock = clock});
  harvests->register_jobs();
  return {};
}

Result<void> System::open_registers(const Clock& clock) {
  registers = std::make_unique<registers::Registers>(registers::Registers::Deps{
      .store = *store,
      .blobs = *blobs,
      .engine = *engine,
      .audit = *audit,
      .identity = *identity,
      .calendar = *calendar,
      .settings = settings,
      .clock = clock,
      .dataset_title = [catalog = catalog.get()](const Actor& actor, std::string_view code) -> Result<std::string> {
        QS_TRY(auto dataset, catalog->find(sharing::visibility(actor), code));
        return dataset.title;
      }});
  QS_CHECK(registers->install_builtins());
  register_notices = std::make_unique<registers::Notices>(registers::Notices::Deps{.store = *store,
                                                                                   .registers = *registers,
                                                                                   .jobs = *jobs,
                                                                                   .notify = *notify,
                                                                                   .identity = *identity,
                                                                                   .calendar = *calendar,
                                                                                   .settings = settings,
                                                                                   .clock = clock});
  register_notices->register_jobs();
  calendar_feeds = std::make_unique<registers::Feeds>(registers::Feeds::Deps{
      .store = *store, .registers = *registers, .audit = *audit, .identity = *identity, .calendar = *calendar, .clock = clock});
  relations = std::make_unique<registers::RecordRelations>(*registers, scratch_ / "relations");
  return {};
}

// What is asked, budgeted and computed, and all of it as relations for SQL.
Result<void> System::open_figures(const Clock& clock) {
  surveys = std::make_unique<surveys::Surveys>(surveys::Surveys::Deps{.store = *store,
                                                                      .audit = *audit,
                                                                      .jobs = *jobs,
                                                                      .identity = *identity,
                                                                      .notify = *notify,
                                                                      .calendar = *calendar,
                                                                      .settings = settings,
                                                                      .clock = clock,
                                                                      .scratch = scratch_ / "relations"});
  QS_CHECK(surveys->install_builtins());
  surveys->register_jobs();
  survey_relations = std::make_unique<surveys::SurveyRelations>(*surveys, *engine, scratch_ / "relations");
  budgets = std::make_unique<budget::Budgets>(budget::Budgets::Deps{
      .store = *store, .audit = *audit, .identity = *identity, .clock = clock, .today = [calendar = calendar.get()] {
        return calendar::to_text(calendar->today());
      }});
  budget_relations = std::make_unique<budget::BudgetRelations>(*budgets, *engine, scratch_ / "relations");
  other_relations =
      std::make_unique<AllRelations>(std::vector<const sharing::Relations*>{survey_relations.get(), budget_relations.get()});
  all_relations =
      std::make_unique<AllRelations>(std::vector<const sharing::Relations*>{relations.get(), other_relations.get()});
  policy->offer(*all_relations);
  survey_routes = std::make_unique<surveys::SurveyRoutes>(*surveys, settings, clock, form_key_);
  indicators = std::make_unique<indicators::Indicators>(indicators::Indicators::Deps{.store = *store,
                                                                                     .engine = *engine,
                                                                                     .audit = *audit,
                                                                                     .jobs = *jobs,
                                                                                     .identity = *identity,
                                                                                     .calendar = *calendar,
                                                                                     .policy = *policy,
                                                                                     .relations = *relations,
                                                                                     .settings = settings,
                                                                                     .clock = clock,
                                                                                     .others = other_relations.get()});
  QS_CHECK(indicators->install_builtins());
  indicators->register_jobs();
  boards = std::make_unique<indicators::Boards>(*store, clock);
  evaluations = std::make_unique<evaluation::Evaluations>(
      evaluation::Evaluations::Deps{.store = *store,
                                    .blobs = *blobs,
                                    .audit = *audit,
                                    .identity = *identity,
                                    .budgets = *budgets,
                                    .indicators = *indicators,
                                    .settings = settings,
                                    .clock = clock,
                                    .today = [calendar = calendar.get()] { return calendar::to_text(calendar->today()); },
                                    .scratch = scratch_});
  return {};
}

void System::connect() {
  query->on_sql([lineage = &insight->lineage](const Actor& actor, std::string_view sql) { lineage->note_sql(actor, sql); });
  changes->on_find(
      [query = query.get()](const catalog::Version& base, const std::vector<catalog::Field>& fields, const std::string& rows,
                            const ingest::Cancelled& cancelled) -> Result<std::optional<std::vector<ingest::Found>>> {
        QS_TRY(auto matches, query->match(base, fields, rows, cancelled));
        if (!matches) return std::nullopt;
        std::vector<ingest::Found> found;
        found.reserve(matches->size());
        for (const auto& m : *matches) found.push_back({.new_id = m.new_id, .old_id = m.old_id, .differs = m.differs});
        return found;
      });
  catalog->on_current([query = query.get(), compaction = compaction.get(), pipelines = pipelines.get(),
                       linkage = &insight->linkage, releases = releases.get(), deliveries = deliveries.get()](
                          store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                          const catalog::Version& version) -> Result<void> {
    QS_CHECK(query->derive(t, actor, dataset, version));
    QS_CHECK(compaction->consider(t, actor, dataset, version));
    QS_CHECK(pipelines->published(t, dataset));
    QS_CHECK(releases->derive(t, actor, dataset, version));
    QS_CHECK(deliveries->published(t, dataset, version));
    return linkage->derive(t, actor, dataset, version);
  });
}

}  // namespace qushu::app
