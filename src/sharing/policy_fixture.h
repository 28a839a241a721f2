// A catalogue of two datasets of two departments, with the policy over it.
#pragma once

#include "qushu/sharing/key.h"
#include "qushu/sharing/policy.h"
#include "qushu/sharing/record.h"
#include "qushu/sharing/request.h"
#include "qushu/sharing/watermark.h"

#include "store_fixture.h"

namespace qushu::sharing {

class PolicyTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), identity::migrations(), calendar::migrations(), catalog::migrations(), grant_migrations(),
              request_migrations(), key_migrations(), meter_migrations(), rule_migrations(), record_migrations(),
              watermark_migrations(), jobs::migrations(), notify::notice_migrations());
    settings_.declare(audit::settings());
    settings_.declare(engine::settings());
    settings_.declare(calendar::settings());
    settings_.declare(request_settings());
    settings_.declare(key_settings());
    settings_.declare(jobs::settings());
    settings_.declare(notify::settings());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_,
        [] {
          return Result<std::map<std::string, std::string>>(std::map<std::string, std::string>{{"d1", "甲局"}, {"d2", "乙局"}});
        },
        system_clock()));
    std::filesystem::create_directories(folder() / "keys");
    settings_.declare(identity::settings());
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", clock_));
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, clock_));
    notify_ = std::make_unique<notify::Notify>(
        notify::Notify::Deps{.store = store(), .jobs = *jobs_, .identity = *identity_, .settings = settings_, .clock = clock_});
    notify_->register_jobs();
    grants_ = take(Grants::open(
        {.store = store(), .audit = *audit_, .notify = *notify_, .clock = clock_, .key_folder = folder() / "keys"}));
    calendar_ = take(calendar::Calendar::open(store(), *audit_, settings_, clock_));
    rules_ = std::make_unique<Rules>(store(), *audit_);
    meter_ = std::make_unique<Meter>(store(), *calendar_, clock_);
    policy_ =
        std::make_unique<Policy>(*catalog_, *blobs_, Policy::Sharing{.grants = *grants_, .rules = *rules_, .meter = *meter_});
    make("firms", "企业登记", "d1");
    make("parks", "公园", "d2");
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  static Actor who(std::string id, std::vector<std::string> departments, std::initializer_list<Permission> may) {
    Actor actor;
    actor.person_id = std::move(id);
    actor.department_id = departments.empty() ? "" : departments[0];
    actor.departments = std::move(departments);
    actor.may = permissions(may);
    actor.via = "session";
    return actor;
  }
  void make(const std::string& code, const std::string& title, const std::string& department) {
    make(code, title, department, "SELECT 1 AS _id, '" + code + "' AS code", 1, {{.id = "code", .name = "代码"}});
  }
  void make(const std::string& code, const std::string& title, const std::string& department, const std::string& rows,
            std::uint64_t count, std::vector<catalog::Field> fields) {
    auto part = blobs_->temporary_folder() / (code + ".parquet");
    take(engine_->execute({.sql = "COPY (" + rows + ") TO " + engine::quote_text(part.string()) + " (FORMAT parquet)"}));
    auto blob = take(blobs_->adopt(part));
    catalog::Version version;
    version.fields = std::move(fields);
    version.parts = {{.blob = blob.sha256, .rows = count, .bytes = blob.size}};
    version.read = version.published = count;
    take(store().write([&](store::Transaction& t) -> Result<std::int64_t> {
      QS_TRY(auto d, catalog_->add(t, Actor::system(), {.code = code, .title = title, .department_id = department}));
      return catalog_->publish(t, Actor::system(), d.id, version);
    }));
  }
  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  ManualClock clock_{*parse_iso("2026-11-25T10:00:00Z")};
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<notify::Notify> notify_;
  std::unique_ptr<Grants> grants_;
  std::unique_ptr<calendar::Calendar> calendar_;
  std::unique_ptr<Rules> rules_;
  std::unique_ptr<Meter> meter_;
  std::unique_ptr<Policy> policy_;
};

}  // namespace qushu::sharing
