// The modules that gather, govern and share data, opened in the order of their needs.
#include "qushu/base/log.h"

#include "system.h"

namespace qushu::app {
namespace {

// The rules' verdict on what ingest is about to publish.
Result<ingest::Verdict> examined(quality::Quality& quality, const ingest::Candidate& c) {
  QS_TRY(auto found, quality.examine({.dataset = c.dataset,
                                      .fields = c.fields,
                                      .rows = c.rows,
                                      .whole = c.whole,
                                      .row_count = c.row_count,
                                      .whole_count = c.whole_count,
                                      .cancelled = c.cancelled}));
  auto verdict = std::make_shared<const quality::Verdict>(std::move(found));
  // The file goes with the change that it was made for.
  std::shared_ptr<const void> file(nullptr, [path = verdict->rejects](const void*) {
    std::error_code ignored;  // the folder goes with the process
    if (!path.empty()) std::filesystem::remove(path, ignored);
  });
  return ingest::Verdict{
      .rejects = verdict->rejects,
      .stop = verdict->stop,
      .keep = [&quality, verdict, file](store::Transaction& t, const catalog::Dataset& dataset, std::int64_t version) {
        return quality.keep(t, dataset, version, *verdict);
      }};
}

// The axis 部门 of the classification follows the departments from now on.
Result<void> classify_departments(identity::Identity& identity, catalog::Classification& classification) {
  auto classified = [](const std::vector<identity::Department>& all) {
    std::vector<catalog::ClassifiedDepartment> out;
    for (const auto& d : all) out.push_back({.id = d.id, .code = d.code, .name = d.name});
    return out;
  };
  identity.on_departments([&classification, classified](store::Transaction& t, const Actor& actor, const auto& all) {
    return classification.follow(t, actor, classified(all));
  });
  QS_TRY(auto all, identity.departments());
  return classification.follow(classified(all));
}

}  // namespace

Result<void> System::open_catalog(const Clock& clock) {
  auto names = [identity = identity.get()]() -> Result<std::map<std::string, std::string>> {
    QS_TRY(auto list, identity->departments());
    std::map<std::string, std::string> out;
    for (const auto& d : list) out.emplace(d.id, d.name);
    return out;
  };
  QS_TRY(catalog, catalog::Catalog::open(*store, *audit, names, clock, data / "search"));
  classification = catalog::Classification::open(*store, *audit);
  QS_CHECK(classify_departments(*identity, *classification));
  entries = catalog::Entries::open(*store, *audit, *catalog, settings, clock);
  return {};
}

// What grants stand on, and the policy over it.
Result<void> System::open_sharing(const Clock& clock) {
  auto keys_folder = data / "keys";
  notify = std::make_unique<notify::Notify>(
      notify::Notify::Deps{.store = *store, .jobs = *jobs, .identity = *identity, .settings = settings, .clock = clock});
  notify->register_jobs();
  QS_TRY(grants, sharing::Grants::open(
                     {.store = *store, .audit = *audit, .notify = *notify, .clock = clock, .key_folder = keys_folder}));
  QS_TRY(keys, sharing::Keys::open({.store = *store,
                                    .audit = *audit,
                                    .grants = *grants,
                                    .settings = settings,
                                    .clock = clock,
                                    .key_folder = keys_folder}));
  QS_TRY(watermarks, sharing::Watermarks::open({.store = *store,
                                                .audit = *audit,
                                                .engine = *engine,
                                                .settings = settings,
                                                .clock = clock,
                                                .key_folder = keys_folder}));
  rules = std::make_unique<sharing::Rules>(*store, *audit);
  meter = std::make_unique<sharing::Meter>(*store, *calendar, clock);
  records = std::make_unique<sharing::Records>(sharing::Records::Deps{
      .store = *store, .audit = *audit, .grants = *grants, .notify = *notify, .settings = settings, .clock = clock});
  policy = std::make_unique<sharing::Policy>(*catalog, *blobs,
                                             sharing::Policy::Sharing{.grants = *grants, .rules = *rules, .meter = *meter});
  requests = sharing::Requests::open({.store = *store,
                                      .audit = *audit,
                                      .engine = *engine,
                                      .calendar = *calendar,
                                      .catalog = *catalog,
                                      .identity = *identity,
                                      .grants = *grants,
                                      .rules = *rules,
                                      .notify = *notify,
                                      .settings = settings,
                                      .clock = clock});
  return {};
}

// To and from other people's systems.
Result<void> System::open_exchange(const Clock& clock) {
  QS_TRY(sources, sources::Sources::open({.store = *store,
                                          .blobs = *blobs,
                                          .engine = *engine,
                                          .audit = *audit,
                                          .identity = *identity,
                                          .settings = settings,
                                          .key_folder = data / "keys",
                                          .scratch = scratch_,
                                          .clock = clock}));
  QS_TRY(deliveries, delivery::Deliveries::open({.store = *store,
                                                 .engine = *engine,
                                                 .audit = *audit,
                                                 .jobs = *jobs,
                                                 .identity = *identity,
                                                 .calendar = *calendar,
                                                 .catalog = *catalog,
                                                 .grants = *grants,
                                                 .policy = *policy,
                                                 .sources = *sources,
                                                 .notify = *notify,
                                                 .settings = settings,
                                                 .clock = clock,
                                                 .key_folder = data / "keys"}));
  deliveries->register_jobs();
  grants->on_hand_over([keys = keys.get(), deliveries = deliveries.get()](store::Transaction& t, std::string_view from,
                                                                          std::string_view to) -> Result<void> {
    QS_CHECK(keys->hand_over(t, from, to));
    return deliveries->hand_over(t, from, to);
  });
  return {};
}

// From a file, a source or a push to a version that its rules have seen.
Result<void> System::open_governance(const Clock& clock) {
  quality = quality::Quality::open({.store = *store,
                                    .blobs = *blobs,
                                    .engine = *engine,
                                    .audit = *audit,
                                    .jobs = *jobs,
                                    .calendar = *calendar,
                                    .catalog = *catalog,
                                    .policy = *policy,
                                    .settings = settings,
                                    .clock = clock});
  corrections = quality::Corrections::open(
      {.store = *store, .audit = *audit, .calendar = *calendar, .policy = *policy, .settings = settings, .clock = clock});
  changes = std::make_unique<ingest::Changes>(
      ingest::Changes::Deps{.blobs = *blobs, .engine = *engine, .catalog = *catalog, .settings = settings});
  changes->on_examine([quality = quality.get()](const ingest::Candidate& candidate) { return examined(*quality, candidate); });
  desk = std::make_unique<sharing::Desk>(sharing::DeskDeps{.settings = settings,
                                                           .store = *store,
                                                           .audit = *audit,
                                                           .engine = *engine,
                                                           .blobs = *blobs,
                                                           .identity = *identity,
                                                           .catalog = *catalog,
                                                           .classification = *classification,
                                                           .entries = *entries,
                                                           .policy = *policy,
                                                           .clock = clock});
  imports = ingest::Imports::open({.store = *store,
                                   .blobs = *blobs,
                                   .engine = *engine,
                                   .audit = *audit,
                                   .jobs = *jobs,
                                   .identity = *identity,
                                   .catalog = *catalog,
                                   .changes = *changes,
                                   .settings = settings,
                                   .clock = clock});
  steps = std::make_unique<ingest::Steps>(*engine, *blobs, *policy, settings);
  pushes = ingest::Pushes::open({.store = *store,
                                 .blobs = *blobs,
                                 .engine = *engine,
                                 .jobs = *jobs,
                                 .catalog = *catalog,
                                 .changes = *changes,
                                 .settings = settings,
                                 .clock = clock});
  compaction = std::make_unique<ingest::Compaction>(
      ingest::Compaction::Deps{.blobs = *blobs, .engine = *engine, .jobs = *jobs, .catalog = *catalog, .settings = settings});
  compaction->register_jobs();
  pipelines = ingest::Pipelines::open({.store = *store,
                                       .blobs = *blobs,
                                       .engine = *engine,
                                       .audit = *audit,
                                       .jobs = *jobs,
                                       .identity = *identity,
                                       .calendar = *calendar,
                                       .catalog = *catalog,
                                       .policy = *policy,
                                       .changes = *changes,
                                       .sources = *sources,
                                       .steps = *steps,
                                       .settings = settings,
                                       .clock = clock});
  sources->on_uses([pipelines = pipelines.get()](store::Session& session, const sources::Source& source) {
    return pipelines->users_of(session, source.code);
  });
  return {};
}

// Rows and SQL, and what is learnt from them.
Result<void> System::open_use(const Clock& clock) {
  query = std::make_unique<query::Service>(query::Deps{.settings = settings,
                                                       .store = *store,
                                                       .blobs = *blobs,
                                                       .engine = *engine,
                                                       .audit = *audit,
                                                       .jobs = *jobs,
                                                       .catalog = *catalog,
                                                       .policy = *policy,
                                                       .clock = clock,
                                                       .watermarks = watermarks.get()});
  query->register_jobs();
  insight = std::make_unique<insight::Insight>(
      insight::LineageService::Deps{.settings = settings,
                                    .store = *store,
                                    .engine = *engine,
                                    .audit = *audit,
                                    .identity = *identity,
                                    .catalog = *catalog,
                                    .policy = *policy,
                                    .clock = clock},
      insight::Linkage::Deps{.settings = settings,
                             .store = *store,
                             .blobs = *blobs,
                             .engine = *engine,
                             .audit = *audit,
                             .jobs = *jobs,
                             .catalog = *catalog,
                             .policy = *policy,
                             .clock = clock},
      insight::Privacy::Deps{.settings = settings, .engine = *engine, .audit = *audit, .policy = *policy});
  insight->linkage.register_jobs();
  return {};
}

}  // namespace qushu::app
