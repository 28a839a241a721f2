// For tests: insight over a real store, catalogue, policy, identity, jobs, audit and engine, with two departments and their
// people; datasets are made of SELECTs.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "qushu/insight/insight.h"

#include "store_fixture.h"

namespace qushu::insight {

class InsightTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (auto specs : {audit::settings(), jobs::settings(), identity::settings(), engine::settings(), settings()})
      settings_.declare(specs);
    open_with(audit::migrations(), jobs::migrations(), identity::migrations(), catalog::migrations(),
              ingest::trace_migrations(), migrations());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, system_clock()));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", system_clock()));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_,
        [this]() -> Result<std::map<std::string, std::string>> {
          QS_TRY(auto list, identity_->departments());
          std::map<std::string, std::string> names;
          for (const auto& d : list) names.emplace(d.id, d.name);
          return names;
        },
        system_clock()));
    policy_ = std::make_unique<sharing::Policy>(*catalog_, *blobs_);
    insight_ = std::make_unique<Insight>(
        LineageService::Deps{.settings = settings_,
                             .store = store(),
                             .engine = *engine_,
                             .audit = *audit_,
                             .identity = *identity_,
                             .catalog = *catalog_,
                             .policy = *policy_,
                             .clock = system_clock()},
        Linkage::Deps{.settings = settings_,
                      .store = store(),
                      .blobs = *blobs_,
                      .engine = *engine_,
                      .audit = *audit_,
                      .jobs = *jobs_,
                      .catalog = *catalog_,
                      .policy = *policy_,
                      .clock = system_clock()},
        Privacy::Deps{.settings = settings_, .engine = *engine_, .audit = *audit_, .policy = *policy_});
    insight_->linkage.register_jobs();
    catalog_->on_current(
        [this](store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset, const catalog::Version& version) {
          return insight_->linkage.derive(t, actor, dataset, version);
        });
    take(identity_->first_start("测试区"));
    auto console = Actor::operator_on_console("root");
    for (const auto* code : {"d1", "d2"}) {
      take(identity_->add_department(console, {.code = code, .name = std::string("部门") + code, .parent_id = "root"}));
      take(identity_->add_person(console, {.login = std::string("steward_") + code,
                                           .name = std::string("管理员") + code,
                                           .department_id = code,
                                           .roles = {"data_steward"}}));
    }
    one_ = take(identity_->actor_of("steward_d1"));
    two_ = take(identity_->actor_of("steward_d2"));
    one_.via = two_.via = "session";
    all_ = Actor::system();
  }

  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }

  static catalog::Field field(std::string id, std::string name, engine::Type type = engine::Type::text, bool key = false) {
    catalog::Field out;
    out.id = std::move(id);
    out.name = std::move(name);
    out.type = type;
    out.key = key;
    return out;
  }

  // `sql` gives `_id` and the fields. Answers the dataset's id.
  std::string publish(const Actor& actor, const std::string& code, const std::string& title, const std::string& sql,
                      std::vector<catalog::Field> fields, const ingest::Trace* trace = nullptr) {
    auto part = blobs_->temporary_folder() / (code + ".parquet");
    auto rows =
        take(engine_->execute({.sql = "COPY (" + sql + ") TO " + engine::quote_text(part.string()) + " (FORMAT parquet)"}));
    catalog::Version version;
    version.fields = std::move(fields);
    auto blob = take(blobs_->adopt(part));
    version.parts = {{.blob = blob.sha256, .rows = rows, .bytes = blob.size}};
    version.read = version.published = rows;
    if (trace == nullptr)
      version.origins = {{.import_id = "", .file_name = code + ".csv", .file_blob = blob.sha256, .table = ""}};
    return take(store().write([&](store::Transaction& t) -> Result<std::string> {
      QS_TRY(auto known, catalog_->known(t, code));
      if (!known) {
        QS_TRY(known, catalog_->add(t, actor, {.code = code, .title = title, .department_id = actor.department_id}));
      }
      QS_TRY(auto number, catalog_->publish(t, actor, known->id, version));
      if (trace != nullptr) QS_CHECK(ingest::keep_trace(t, known->id, number, *trace));
      return known->id;
    }));
  }

  void run_jobs() {
    for (const char* kind : {"insight.sketch", "insight.link"})
      for (const auto& job : take(jobs_->list({.kind = kind, .state = jobs::State::queued}))) {
        auto ended = take(jobs_->run_now(job.id));
        EXPECT_EQ(ended.state, jobs::State::succeeded) << (ended.error ? ended.error->text.en + ended.error->detail : "");
      }
  }

  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<sharing::Policy> policy_;
  std::unique_ptr<Insight> insight_;
  Actor one_, two_, all_;
};

}  // namespace qushu::insight
