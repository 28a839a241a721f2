#include "system.h"

#include <cerrno>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "runtime_settings.h"

namespace qushu::app {
namespace {

// Folders of processes that are gone.
void clean_scratch(const std::filesystem::path& scratch) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(scratch, failed)) {
    auto pid = to_int(entry.path().filename().string());
    if (pid && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), failed);
  }
}

}  // namespace

Result<std::unique_ptr<System>> System::open(const std::filesystem::path& data,
                                             const std::vector<std::pair<std::string, std::string>>& overrides) {
  auto system = std::make_unique<System>();
  const auto& clock = system_clock();
  QS_CHECK(system->open_folder(data));
  QS_CHECK(system->open_store(overrides));
  QS_CHECK(system->open_foundation(clock));
  QS_CHECK(system->open_catalog(clock));
  QS_CHECK(system->open_sharing(clock));
  QS_CHECK(system->open_exchange(clock));
  QS_CHECK(system->open_governance(clock));
  QS_CHECK(system->open_use(clock));
  QS_CHECK(system->open_public(clock));
  QS_CHECK(system->open_registers(clock));
  QS_CHECK(system->open_figures(clock));
  system->connect();
  return system;
}

Result<void> System::open_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    return fail(
        Error{.code = Code::invalid,
              .id = "data.folder",
              .text = {fmt::format("无法建立数据目录 {}：{}。请检查上级目录的权限。", folder.string(), failed.message()),
                       fmt::format("The data folder {} cannot be made: {}. Check the rights of the folder above.",
                                   folder.string(), failed.message())},
              .subject = "--data"});
  data = std::filesystem::absolute(folder);
  std::filesystem::permissions(data, std::filesystem::perms::group_write | std::filesystem::perms::others_all,
                               std::filesystem::perm_options::remove, failed);
  return {};
}

Result<void> System::open_store(const std::vector<std::pair<std::string, std::string>>& overrides) {
  declare(settings);
  QS_CHECK(settings.load_file(data / "qushu.toml"));
  QS_CHECK(settings.load_environment());
  for (const auto& [key, value] : overrides) QS_CHECK(settings.set(key, value));
  log::Level level{};
  if (log::parse_level(settings.text("log.level"), level)) log::set_level(level);
  auto url = settings.text("store.url");
  if (url.empty()) url = "sqlite://" + (data / "qushu.db").string();
  QS_TRY(store, store::Store::open({.url = url,
                                    .connections = static_cast<std::size_t>(settings.integer("store.connections")),
                                    .busy_timeout = std::chrono::seconds(settings.integer("store.busy_timeout"))}));
  QS_CHECK(store->migrate(migrations()));
  QS_CHECK(load_runtime_settings(*store, settings));
  // The command line is stronger than what was set while the server ran.
  for (const auto& [key, value] : overrides) QS_CHECK(settings.set(key, value));
  return {};
}

Result<void> System::open_foundation(const Clock& clock) {
  QS_TRY(blobs, blob::BlobStore::open_local(data / "blobs"));
  std::error_code failed;
  auto scratch = data / "scratch";
  std::filesystem::create_directories(scratch, failed);
  clean_scratch(scratch);
  scratch_ = scratch / std::to_string(::getpid());
  std::filesystem::create_directories(scratch_ / "relations", failed);
  if (failed)
    return fail(Code::unavailable, "data.scratch", fmt::format("建不了临时目录 {}：{}。", scratch_.string(), failed.message()),
                fmt::format("The folder {} cannot be made: {}.", scratch_.string(), failed.message()));
  QS_TRY(engine, engine::Engine::open(settings, scratch_ / "engine"));
  QS_TRY(audit, audit::Audit::open(*store, settings, data, clock));
  QS_TRY(identity, identity::Identity::open(*store, *audit, settings, data / "keys", clock));
  QS_TRY(jobs, jobs::Jobs::open(*store, *audit, settings, clock));
  QS_TRY(calendar, calendar::Calendar::open(*store, *audit, settings, clock));
  QS_TRY(form_key_, crypto::load_or_create_key(data / "keys" / "forms.key"));
  return {};
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
