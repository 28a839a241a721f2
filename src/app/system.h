// The modules put together over one data folder: what `serve` and every other command stand on.
//
//   qushu.toml    settings          qushu.db      metadata (SQLite; PostgreSQL by store.url)
//   blobs/        files by content  keys/         secrets of this installation
//   audit.anchor  signed heads      scratch/      of running processes only
//   search/       index of the catalogue, derived
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/blob/blob_store.h"
#include "qushu/budget/budgets.h"
#include "qushu/budget/relations.h"
#include "qushu/calendar/calendar.h"
#include "qushu/catalog/catalog.h"
#include "qushu/catalog/classification.h"
#include "qushu/catalog/entry.h"
#include "qushu/delivery/delivery.h"
#include "qushu/engine/engine.h"
#include "qushu/evaluation/evaluation.h"
#include "qushu/identity/identity.h"
#include "qushu/indicators/boards.h"
#include "qushu/indicators/indicators.h"
#include "qushu/ingest/compaction.h"
#include "qushu/ingest/ingest.h"
#include "qushu/ingest/pipelines.h"
#include "qushu/ingest/push.h"
#include "qushu/ingest/steps.h"
#include "qushu/insight/insight.h"
#include "qushu/jobs/jobs.h"
#include "qushu/notify/notify.h"
#include "qushu/opendata/opendata.h"
#include "qushu/quality/corrections.h"
#include "qushu/quality/quality.h"
#include "qushu/query/query.h"
#include "qushu/registers/days.h"
#include "qushu/registers/notices.h"
#include "qushu/registers/registers.h"
#include "qushu/registers/relations.h"
#include "qushu/sharing/desk.h"
#include "qushu/sharing/policy.h"
#include "qushu/sharing/request.h"
#include "qushu/sharing/routes.h"
#include "qushu/store/store.h"
#include "qushu/surveys/relations.h"
#include "qushu/surveys/surveys.h"

#include "all_relations.h"

namespace qushu::app {

inline constexpr std::string_view kVersion = QUSHU_VERSION;

struct System {
  std::filesystem::path data;
  Settings settings;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<blob::BlobStore> blobs;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<audit::Audit> audit;
  std::unique_ptr<identity::Identity> identity;
  std::unique_ptr<jobs::Jobs> jobs;
  std::unique_ptr<calendar::Calendar> calendar;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<catalog::Classification> classification;
  std::unique_ptr<catalog::Entries> entries;
  std::unique_ptr<sharing::Grants> grants;
  std::unique_ptr<notify::Notify> notify;
  std::unique_ptr<sharing::Keys> keys;
  std::unique_ptr<sharing::Watermarks> watermarks;
  std::unique_ptr<sharing::Rules> rules;
  std::unique_ptr<sharing::Meter> meter;
  std::unique_ptr<sharing::Records> records;
  std::unique_ptr<sharing::Policy> policy;
  std::unique_ptr<sharing::Requests> requests;
  std::unique_ptr<sources::Sources> sources;
  std::unique_ptr<delivery::Deliveries> deliveries;
  std::unique_ptr<quality::Quality> quality;
  std::unique_ptr<quality::Corrections> corrections;
  std::unique_ptr<ingest::Changes> changes;
  std::unique_ptr<sharing::Desk> desk;
  std::unique_ptr<ingest::Compaction> compaction;
  std::unique_ptr<ingest::Imports> imports;
  std::unique_ptr<ingest::Steps> steps;
  std::unique_ptr<ingest::Pipelines> pipelines;
  std::unique_ptr<ingest::Pushes> pushes;
  std::unique_ptr<query::Service> query;
  std::unique_ptr<insight::Insight> insight;
  std::unique_ptr<registers::Registers> registers;
  std::unique_ptr<registers::Notices> register_notices;
  std::unique_ptr<registers::Feeds> calendar_feeds;
  std::unique_ptr<registers::RecordRelations> relations;
  std::unique_ptr<surveys::Surveys> surveys;
  std::unique_ptr<surveys::SurveyRelations> survey_relations;
  std::unique_ptr<AllRelations> other_relations;  // than those of records
  std::unique_ptr<AllRelations> all_relations;
  std::unique_ptr<surveys::SurveyRoutes> survey_routes;
  std::unique_ptr<indicators::Indicators> indicators;
  std::unique_ptr<indicators::Boards> boards;
  std::unique_ptr<budget::Budgets> budgets;
  std::unique_ptr<budget::BudgetRelations> budget_relations;
  std::unique_ptr<evaluation::Evaluations> evaluations;
  std::unique_ptr<opendata::Releases> releases;
  std::unique_ptr<opendata::PublicView> public_view;
  std::unique_ptr<opendata::Shelf> shelf;
  std::unique_ptr<opendata::Asks> asks;
  std::unique_ptr<opendata::Boundaries> boundaries;
  std::unique_ptr<opendata::PublicSide> public_side;
  std::unique_ptr<opendata::Harvests> harvests;

  // `overrides` are settings from the command line, the strongest. Makes the folder when it is missing.
  [[nodiscard]] static Result<std::unique_ptr<System>> open(const std::filesystem::path& data,
                                                            const std::vector<std::pair<std::string, std::string>>& overrides);
  ~System();

  // Every migration of every module, in order.
  [[nodiscard]] static std::vector<store::Migration> migrations();
  // Declares every setting of every module.
  static void declare(Settings& settings);
  // Removes blobs that nothing names.
  [[nodiscard]] Result<std::uint64_t> sweep();

  // A folder of this process alone, gone when it ends.
  [[nodiscard]] const std::filesystem::path& scratch() const { return scratch_; }

 private:
  // In the order in which open() calls them: each needs those before.
  [[nodiscard]] Result<void> open_folder(const std::filesystem::path& folder);
  [[nodiscard]] Result<void> open_store(const std::vector<std::pair<std::string, std::string>>& overrides);
  [[nodiscard]] Result<void> open_foundation(const Clock& clock);
  [[nodiscard]] Result<void> open_catalog(const Clock& clock);
  [[nodiscard]] Result<void> open_sharing(const Clock& clock);
  [[nodiscard]] Result<void> open_exchange(const Clock& clock);
  [[nodiscard]] Result<void> open_governance(const Clock& clock);
  [[nodiscard]] Result<void> open_use(const Clock& clock);
  [[nodiscard]] Result<void> open_public(const Clock& clock);
  [[nodiscard]] Result<void> open_registers(const Clock& clock);
  [[nodiscard]] Result<void> open_figures(const Clock& clock);
  // Modules that do not know each other tell each other what happens.
  void connect();

  std::filesystem::path scratch_;
  std::string form_key_;  // signs the forms of those who have not signed in
};

}  // namespace qushu::app
