#include "system.h"

#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/budget/budget.h"
#include "qushu/crypto/crypto.h"
#include "qushu/http/server.h"
#include "qushu/ingest/trace.h"
#include "qushu/notify/notices.h"
#include "qushu/tabular/tabular.h"

#include "runtime_settings.h"

namespace qushu::app {
namespace {

const std::array kSettings{
    SettingSpec{.key = "log.level",
                .kind = SettingKind::choice,
                .default_value = "info",
                .label = {"日志级别", "Level of the log"},
                .choices = "debug|info|warn|error|off"},
    SettingSpec{.key = "site.name",
                .kind = SettingKind::text,
                .default_value = "区枢",
                .label = {"系统名称（显示在控制台顶部）", "Name shown at the top of the console"},
                .runtime = true},
    SettingSpec{.key = "site.root_department",
                .kind = SettingKind::text,
                .default_value = "本级政府",
                .label = {"首次启动时最上级部门的名称", "Name of the department at the top, at first start"}},
    SettingSpec{.key = "blob.sweep_grace",
                .kind = SettingKind::seconds,
                .default_value = "24h",
                .label = {"无主文件保留多久后清除", "Time after which files that nothing names are removed"},
                .min = 3600,
                .max = 31536000}};

// Folders of processes that are gone.
void clean_scratch(const std::filesystem::path& scratch) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(scratch, failed)) {
    auto pid = to_int(entry.path().filename().string());
    if (pid && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), failed);
  }
}

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

}  // namespace

std::vector<store::Migration> System::migrations() {
  std::vector<store::Migration> all;
  auto add = [&](std::span<const store::Migration> list) { all.insert(all.end(), list.begin(), list.end()); };
  add(audit::migrations());
  add(jobs::migrations());
  add(identity::migrations());
  add(calendar::migrations());
  add(catalog::migrations());
  add(sharing::grant_migrations());
  add(sharing::request_migrations());
  add(sharing::key_migrations());
  add(sharing::meter_migrations());
  add(sharing::rule_migrations());
  add(sharing::watermark_migrations());
  add(sharing::record_migrations());
  add(sources::migrations());
  add(delivery::migrations());
  add(quality::migrations());
  add(ingest::migrations());
  add(ingest::trace_migrations());
  add(ingest::pipeline_migrations());
  add(notify::notice_migrations());
  add(query::migrations());
  add(insight::migrations());
  add(registers::migrations());
  add(surveys::migrations());
  add(indicators::migrations());
  add(indicators::board_migrations());
  add(budget::migrations());
  add(evaluation::migrations());
  add(opendata::migrations());
  add(runtime_setting_migrations());
  return all;
}

void System::declare(Settings& s) {
  s.declare(kSettings);
  s.declare(store::settings());
  s.declare(engine::settings());
  s.declare(tabular::settings());
  s.declare(http::settings());
  s.declare(audit::settings());
  s.declare(jobs::settings());
  s.declare(identity::settings());
  s.declare(calendar::settings());
  s.declare(catalog::settings());
  s.declare(notify::settings());
  s.declare(sharing::request_settings());
  s.declare(sharing::key_settings());
  s.declare(sources::settings());
  s.declare(quality::settings());
  s.declare(ingest::settings());
  s.declare(ingest::pipeline_settings());
  s.declare(ingest::step_settings());
  s.declare(query::settings());
  s.declare(insight::settings());
  s.declare(opendata::settings());
  s.declare(budget::settings());
  s.declare(evaluation::settings());
  s.declare(registers::settings());
  s.declare(surveys::settings());
  s.declare(indicators::settings());
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
  return {};
}

Result<std::unique_ptr<System>> System::open(const std::filesystem::path& data,
                                             const std::vector<std::pair<std::string, std::string>>& overrides) {
  auto system = std::make_unique<System>();
  std::error_code failed;
  std::filesystem::create_directories(data, failed);
  if (failed)
    return fail(Error{.code = Code::invalid,
                      .id = "data.folder",
                      .text = {fmt::format("无法建立数据目录 {}：{}。请检查上级目录的权限。", data.string(), failed.message()),
                               fmt::format("The data folder {} cannot be made: {}. Check the rights of the folder above.",
                                           data.string(), failed.message())},
                      .subject = "--data"});
  system->data = std::filesystem::absolute(data);
  std::filesystem::permissions(system->data, std::filesystem::perms::group_write | std::filesystem::perms::others_all,
                               std::filesystem::perm_options::remove, failed);
  auto& s = system->settings;
  declare(s);
  QS_CHECK(s.load_file(system->data / "qushu.toml"));
  QS_CHECK(s.load_environment());
  for (const auto& [key, value] : overrides) QS_CHECK(s.set(key, value));
  log::Level level{};
  if (log::parse_level(s.text("log.level"), level)) log::set_level(level);

  auto url = s.text("store.url");
  if (url.empty()) url = "sqlite://" + (system->data / "qushu.db").string();
  QS_TRY(system->store, store::Store::open({.url = url,
                                            .connections = static_cast<std::size_t>(s.integer("store.connections")),
                                            .busy_timeout = std::chrono::seconds(s.integer("store.busy_timeout"))}));
  QS_CHECK(system->store->migrate(migrations()));
  QS_CHECK(load_runtime_settings(*system->store, s));
  for (const auto& [key, value] : overrides) QS_CHECK(s.set(key, value));
  QS_TRY(system->blobs, blob::BlobStore::open_local(system->data / "blobs"));
  auto scratch = system->data / "scratch";
  std::filesystem::create_directories(scratch, failed);
  clean_scratch(scratch);
  system->scratch_ = scratch / std::to_string(::getpid());
  std::filesystem::create_directories(system->scratch_, failed);
  QS_TRY(system->engine, engine::Engine::open(s, system->scratch_ / "engine"));
  const auto& clock = system_clock();
  QS_TRY(system->audit, audit::Audit::open(*system->store, s, system->data, clock));
  QS_TRY(system->identity, identity::Identity::open(*system->store, *system->audit, s, system->data / "keys", clock));
  QS_TRY(system->jobs, jobs::Jobs::open(*system->store, *system->audit, s, clock));
  QS_TRY(system->calendar, calendar::Calendar::open(*system->store, *system->audit, s, clock));
  auto* identity = system->identity.get();
  auto names = [identity]() -> Result<std::map<std::string, std::string>> {
    QS_TRY(auto list, identity->departments());
    std::map<std::string, std::string> out;
    for (const auto& d : list) out.emplace(d.id, d.name);
    return out;
  };
  QS_TRY(system->catalog, catalog::Catalog::open(*system->store, *system->audit, names, clock, system->data / "search"));
  system->classification = catalog::Classification::open(*system->store, *system->audit);
  QS_CHECK(classify_departments(*system->identity, *system->classification));
  system->entries = catalog::Entries::open(*system->store, *system->audit, *system->catalog, s, clock);
  QS_CHECK(system->open_sharing(clock));
  system->requests = sharing::Requests::open({.store = *system->store,
                                              .audit = *system->audit,
                                              .engine = *system->engine,
                                              .calendar = *system->calendar,
                                              .catalog = *system->catalog,
                                              .identity = *system->identity,
                                              .grants = *system->grants,
                                              .rules = *system->rules,
                                              .notify = *system->notify,
                                              .settings = s,
                                              .clock = clock});
  QS_TRY(system->sources, sources::Sources::open({.store = *system->store,
                                                  .blobs = *system->blobs,
                                                  .engine = *system->engine,
                                                  .audit = *system->audit,
                                                  .identity = *system->identity,
                                                  .settings = s,
                                                  .key_folder = system->data / "keys",
                                                  .scratch = system->scratch_,
                                                  .clock = clock}));
  QS_TRY(system->deliveries, delivery::Deliveries::open({.store = *system->store,
                                                         .engine = *system->engine,
                                                         .audit = *system->audit,
                                                         .jobs = *system->jobs,
                                                         .identity = *system->identity,
                                                         .calendar = *system->calendar,
                                                         .catalog = *system->catalog,
                                                         .grants = *system->grants,
                                                         .policy = *system->policy,
                                                         .sources = *system->sources,
                                                         .notify = *system->notify,
                                                         .settings = s,
                                                         .clock = clock,
                                                         .key_folder = system->data / "keys"}));
  system->deliveries->register_jobs();
  system->grants->on_hand_over([keys = system->keys.get(), deliveries = system->deliveries.get()](
                                   store::Transaction& t, std::string_view from, std::string_view to) -> Result<void> {
    QS_CHECK(keys->hand_over(t, from, to));
    return deliveries->hand_over(t, from, to);
  });
  system->quality = quality::Quality::open({.store = *system->store,
                                            .blobs = *system->blobs,
                                            .engine = *system->engine,
                                            .audit = *system->audit,
                                            .jobs = *system->jobs,
                                            .calendar = *system->calendar,
                                            .catalog = *system->catalog,
                                            .policy = *system->policy,
                                            .settings = s,
                                            .clock = clock});
  system->corrections = quality::Corrections::open({.store = *system->store,
                                                    .audit = *system->audit,
                                                    .calendar = *system->calendar,
                                                    .policy = *system->policy,
                                                    .settings = s,
                                                    .clock = clock});
  system->changes = std::make_unique<ingest::Changes>(
      ingest::Changes::Deps{.blobs = *system->blobs, .engine = *system->engine, .catalog = *system->catalog, .settings = s});
  system->changes->on_examine(
      [quality = system->quality.get()](const ingest::Candidate& candidate) { return examined(*quality, candidate); });
  system->desk = std::make_unique<sharing::Desk>(sharing::DeskDeps{.settings = s,
                                                                   .store = *system->store,
                                                                   .audit = *system->audit,
                                                                   .engine = *system->engine,
                                                                   .blobs = *system->blobs,
                                                                   .identity = *system->identity,
                                                                   .catalog = *system->catalog,
                                                                   .classification = *system->classification,
                                                                   .entries = *system->entries,
                                                                   .policy = *system->policy,
                                                                   .clock = clock});
  system->imports = ingest::Imports::open({.store = *system->store,
                                           .blobs = *system->blobs,
                                           .engine = *system->engine,
                                           .audit = *system->audit,
                                           .jobs = *system->jobs,
                                           .identity = *system->identity,
                                           .catalog = *system->catalog,
                                           .changes = *system->changes,
                                           .settings = s,
                                           .clock = clock});
  system->steps = std::make_unique<ingest::Steps>(*system->engine, *system->blobs, *system->policy, s);
  system->pushes = ingest::Pushes::open({.store = *system->store,
                                         .blobs = *system->blobs,
                                         .engine = *system->engine,
                                         .jobs = *system->jobs,
                                         .catalog = *system->catalog,
                                         .changes = *system->changes,
                                         .settings = s,
                                         .clock = clock});
  system->compaction = std::make_unique<ingest::Compaction>(ingest::Compaction::Deps{
      .blobs = *system->blobs, .engine = *system->engine, .jobs = *system->jobs, .catalog = *system->catalog, .settings = s});
  system->compaction->register_jobs();
  system->query = std::make_unique<query::Service>(query::Deps{.settings = s,
                                                               .store = *system->store,
                                                               .blobs = *system->blobs,
                                                               .engine = *system->engine,
                                                               .audit = *system->audit,
                                                               .jobs = *system->jobs,
                                                               .catalog = *system->catalog,
                                                               .policy = *system->policy,
                                                               .clock = clock,
                                                               .watermarks = system->watermarks.get()});
  system->query->register_jobs();
  system->insight = std::make_unique<insight::Insight>(
      insight::LineageService::Deps{.settings = s,
                                    .store = *system->store,
                                    .engine = *system->engine,
                                    .audit = *system->audit,
                                    .identity = *system->identity,
                                    .catalog = *system->catalog,
                                    .policy = *system->policy,
                                    .clock = clock},
      insight::Linkage::Deps{.settings = s,
                             .store = *system->store,
                             .blobs = *system->blobs,
                             .engine = *system->engine,
                             .audit = *system->audit,
                             .jobs = *system->jobs,
                             .catalog = *system->catalog,
                             .policy = *system->policy,
                             .clock = clock},
      insight::Privacy::Deps{.settings = s, .engine = *system->engine, .audit = *system->audit, .policy = *system->policy});
  system->insight->linkage.register_jobs();
  system->releases = std::make_unique<opendata::Releases>(opendata::Releases::Deps{.settings = s,
                                                                                   .store = *system->store,
                                                                                   .blobs = *system->blobs,
                                                                                   .engine = *system->engine,
                                                                                   .audit = *system->audit,
                                                                                   .jobs = *system->jobs,
                                                                                   .catalog = *system->catalog,
                                                                                   .entries = *system->entries,
                                                                                   .clock = clock});
  system->releases->register_jobs();
  system->public_view = std::make_unique<opendata::PublicView>(opendata::PublicView::Deps{.settings = s,
                                                                                          .store = *system->store,
                                                                                          .blobs = *system->blobs,
                                                                                          .catalog = *system->catalog,
                                                                                          .entries = *system->entries});
  system->shelf = std::make_unique<opendata::Shelf>(opendata::Shelf::Deps{.settings = s,
                                                                          .store = *system->store,
                                                                          .catalog = *system->catalog,
                                                                          .identity = *system->identity,
                                                                          .releases = *system->releases,
                                                                          .view = *system->public_view});
  system->asks =
      std::make_unique<opendata::Asks>(opendata::Asks::Deps{.store = *system->store, .audit = *system->audit, .clock = clock});
  system->boundaries = std::make_unique<opendata::Boundaries>(
      opendata::Boundaries::Deps{.settings = s, .store = *system->store, .audit = *system->audit, .clock = clock});
  QS_TRY(auto form_key, crypto::load_or_create_key(system->data / "keys" / "forms.key"));
  system->public_side = std::make_unique<opendata::PublicSide>(opendata::PublicDeps{.settings = s,
                                                                                    .engine = *system->engine,
                                                                                    .audit = *system->audit,
                                                                                    .shelf = *system->shelf,
                                                                                    .view = *system->public_view,
                                                                                    .scratch = system->scratch_,
                                                                                    .store = *system->store,
                                                                                    .blobs = *system->blobs,
                                                                                    .jobs = *system->jobs,
                                                                                    .identity = *system->identity,
                                                                                    .catalog = *system->catalog,
                                                                                    .entries = *system->entries,
                                                                                    .desk = *system->desk,
                                                                                    .imports = *system->imports,
                                                                                    .sources = *system->sources,
                                                                                    .asks = *system->asks,
                                                                                    .boundaries = *system->boundaries,
                                                                                    .corrections = *system->corrections,
                                                                                    .quality = *system->quality,
                                                                                    .form_key = form_key,
                                                                                    .clock = clock});
  system->public_side->register_jobs();
  system->harvests = std::make_unique<opendata::Harvests>(opendata::Harvests::Deps{.settings = s,
                                                                                   .store = *system->store,
                                                                                   .audit = *system->audit,
                                                                                   .jobs = *system->jobs,
                                                                                   .identity = *system->identity,
                                                                                   .calendar = *system->calendar,
                                                                                   .catalog = *system->catalog,
                                                                                   .entries = *system->entries,
                                                                                   .sources = *system->sources,
                                                                                   .clock = clock});
  system->harvests->register_jobs();
  system->pipelines = ingest::Pipelines::open({.store = *system->store,
                                               .blobs = *system->blobs,
                                               .engine = *system->engine,
                                               .audit = *system->audit,
                                               .jobs = *system->jobs,
                                               .identity = *system->identity,
                                               .calendar = *system->calendar,
                                               .catalog = *system->catalog,
                                               .policy = *system->policy,
                                               .changes = *system->changes,
                                               .sources = *system->sources,
                                               .steps = *system->steps,
                                               .settings = s,
                                               .clock = clock});
  system->sources->on_uses([pipelines = system->pipelines.get()](store::Session& session, const sources::Source& source) {
    return pipelines->users_of(session, source.code);
  });
  system->registers = std::make_unique<registers::Registers>(registers::Registers::Deps{
      .store = *system->store,
      .blobs = *system->blobs,
      .engine = *system->engine,
      .audit = *system->audit,
      .identity = *system->identity,
      .calendar = *system->calendar,
      .settings = s,
      .clock = clock,
      .dataset_title = [catalog = system->catalog.get()](const Actor& actor, std::string_view code) -> Result<std::string> {
        QS_TRY(auto dataset, catalog->find(sharing::visibility(actor), code));
        return dataset.title;
      }});
  QS_CHECK(system->registers->install_builtins());
  system->register_notices = std::make_unique<registers::Notices>(registers::Notices::Deps{.store = *system->store,
                                                                                           .registers = *system->registers,
                                                                                           .jobs = *system->jobs,
                                                                                           .notify = *system->notify,
                                                                                           .identity = *system->identity,
                                                                                           .calendar = *system->calendar,
                                                                                           .settings = s,
                                                                                           .clock = clock});
  system->register_notices->register_jobs();
  system->calendar_feeds = std::make_unique<registers::Feeds>(registers::Feeds::Deps{.store = *system->store,
                                                                                     .registers = *system->registers,
                                                                                     .audit = *system->audit,
                                                                                     .identity = *system->identity,
                                                                                     .calendar = *system->calendar,
                                                                                     .clock = clock});
  auto snapshots = system->scratch_ / "relations";
  std::filesystem::create_directories(snapshots, failed);
  if (failed)
    return fail(Code::unavailable, "data.scratch", fmt::format("建不了临时目录 {}：{}。", snapshots.string(), failed.message()),
                fmt::format("The folder {} cannot be made: {}.", snapshots.string(), failed.message()));
  system->relations = std::make_unique<registers::RecordRelations>(*system->registers, snapshots);
  system->surveys = std::make_unique<surveys::Surveys>(surveys::Surveys::Deps{.store = *system->store,
                                                                              .audit = *system->audit,
                                                                              .jobs = *system->jobs,
                                                                              .identity = *system->identity,
                                                                              .notify = *system->notify,
                                                                              .calendar = *system->calendar,
                                                                              .settings = s,
                                                                              .clock = clock,
                                                                              .scratch = snapshots});
  QS_CHECK(system->surveys->install_builtins());
  system->surveys->register_jobs();
  system->survey_relations = std::make_unique<surveys::SurveyRelations>(*system->surveys, *system->engine, snapshots);
  system->budgets = std::make_unique<budget::Budgets>(
      budget::Budgets::Deps{.store = *system->store,
                            .audit = *system->audit,
                            .identity = *system->identity,
                            .clock = clock,
                            .today = [calendar = system->calendar.get()] { return calendar::to_text(calendar->today()); }});
  system->budget_relations = std::make_unique<budget::BudgetRelations>(*system->budgets, *system->engine, snapshots);
  system->other_relations = std::make_unique<AllRelations>(
      std::vector<const sharing::Relations*>{system->survey_relations.get(), system->budget_relations.get()});
  system->all_relations = std::make_unique<AllRelations>(
      std::vector<const sharing::Relations*>{system->relations.get(), system->other_relations.get()});
  system->policy->offer(*system->all_relations);
  system->survey_routes = std::make_unique<surveys::SurveyRoutes>(*system->surveys, s, clock, form_key);
  system->indicators =
      std::make_unique<indicators::Indicators>(indicators::Indicators::Deps{.store = *system->store,
                                                                            .engine = *system->engine,
                                                                            .audit = *system->audit,
                                                                            .jobs = *system->jobs,
                                                                            .identity = *system->identity,
                                                                            .calendar = *system->calendar,
                                                                            .policy = *system->policy,
                                                                            .relations = *system->relations,
                                                                            .settings = s,
                                                                            .clock = clock,
                                                                            .others = system->other_relations.get()});
  QS_CHECK(system->indicators->install_builtins());
  system->indicators->register_jobs();
  system->boards = std::make_unique<indicators::Boards>(*system->store, clock);
  system->evaluations = std::make_unique<evaluation::Evaluations>(evaluation::Evaluations::Deps{
      .store = *system->store,
      .blobs = *system->blobs,
      .audit = *system->audit,
      .identity = *system->identity,
      .budgets = *system->budgets,
      .indicators = *system->indicators,
      .settings = s,
      .clock = clock,
      .today = [calendar = system->calendar.get()] { return calendar::to_text(calendar->today()); },
      .scratch = system->scratch_});
  system->query->on_sql(
      [lineage = &system->insight->lineage](const Actor& actor, std::string_view sql) { lineage->note_sql(actor, sql); });
  system->changes->on_find([query = system->query.get()](
                               const catalog::Version& base, const std::vector<catalog::Field>& fields, const std::string& rows,
                               const ingest::Cancelled& cancelled) -> Result<std::optional<std::vector<ingest::Found>>> {
    QS_TRY(auto matches, query->match(base, fields, rows, cancelled));
    if (!matches) return std::nullopt;
    std::vector<ingest::Found> found;
    found.reserve(matches->size());
    for (const auto& m : *matches) found.push_back({.new_id = m.new_id, .old_id = m.old_id, .differs = m.differs});
    return found;
  });
  system->catalog->on_current(
      [query = system->query.get(), compaction = system->compaction.get(), pipelines = system->pipelines.get(),
       linkage = &system->insight->linkage, releases = system->releases.get(),
       deliveries = system->deliveries.get()](store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                              const catalog::Version& version) -> Result<void> {
        QS_CHECK(query->derive(t, actor, dataset, version));
        QS_CHECK(compaction->consider(t, actor, dataset, version));
        QS_CHECK(pipelines->published(t, dataset));
        QS_CHECK(releases->derive(t, actor, dataset, version));
        QS_CHECK(deliveries->published(t, dataset, version));
        return linkage->derive(t, actor, dataset, version);
      });
  return system;
}

System::~System() {
  if (jobs) jobs->stop();
  if (audit)
    if (auto flushed = audit->flush(); !flushed)
      log::warn("the audit's counters could not be written", {{"why", flushed.error().detail}});
  if (insight)
    if (auto kept = insight->lineage.flush(); !kept)
      log::warn("what people's SQL read could not be kept", {{"why", kept.error().detail}});
  if (meter)
    if (auto kept = meter->flush(); !kept)
      log::warn("what was used under grants could not be written", {{"why", kept.error().detail}});
  evaluations.reset();
  budget_relations.reset();
  budgets.reset();
  indicators.reset();
  survey_routes.reset();
  survey_relations.reset();
  surveys.reset();
  relations.reset();
  calendar_feeds.reset();
  register_notices.reset();
  registers.reset();
  insight.reset();
  query.reset();
  pipelines.reset();
  steps.reset();
  pushes.reset();
  imports.reset();
  engine.reset();
  std::error_code ignored;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

Result<std::uint64_t> System::sweep() {
  // A blob that cannot be looked up counts as used: nothing is ever removed on a doubt.
  return blobs->sweep(std::chrono::seconds(settings.integer("blob.sweep_grace")), [&](std::string_view sha256) {
    auto in_catalog = catalog->uses_blob(sha256);
    if (!in_catalog || *in_catalog) return true;
    auto in_runs = pipelines->uses_blob(sha256);
    if (!in_runs || *in_runs) return true;
    auto in_quality = quality->uses_blob(sha256);
    if (!in_quality || *in_quality) return true;
    auto in_corrections = corrections->uses_blob(sha256);
    if (!in_corrections || *in_corrections) return true;
    auto in_registers = registers->uses_blob(sha256);
    if (!in_registers || *in_registers) return true;
    auto in_evaluations = evaluations->uses_blob(sha256);
    if (!in_evaluations || *in_evaluations) return true;
    auto in_imports = imports->uses_blob(sha256);
    if (!in_imports || *in_imports) return true;
    auto in_linkage = insight->linkage.uses_blob(sha256);
    return !in_linkage || *in_linkage;
  });
}

}  // namespace qushu::app
