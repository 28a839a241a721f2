// For tests: the whole module over a real store, catalogue, policy, audit and engine, with one dataset of 1,000 rows.
#pragma once

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "qushu/notify/notices.h"
#include "qushu/query/query.h"

#include "store_fixture.h"

namespace qushu::query {

class ServiceTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (auto specs : {audit::settings(), jobs::settings(), engine::settings(), settings()}) settings_.declare(specs);
    open_with(audit::migrations(), jobs::migrations(), notify::notice_migrations(), catalog::migrations(), migrations());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, system_clock()));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_,
        [] {
          return Result<std::map<std::string, std::string>>(
              std::map<std::string, std::string>{{"d1", "市场监管局"}, {"d2", "民政局"}});
        },
        system_clock()));
    policy_ = std::make_unique<sharing::Policy>(*catalog_, *blobs_);
    service_ = std::make_unique<Service>(Deps{.settings = settings_,
                                              .store = store(),
                                              .blobs = *blobs_,
                                              .engine = *engine_,
                                              .audit = *audit_,
                                              .jobs = *jobs_,
                                              .catalog = *catalog_,
                                              .policy = *policy_,
                                              .clock = system_clock()});
    service_->register_jobs();
    catalog_->on_current([this](store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                const catalog::Version& version) { return service_->derive(t, actor, dataset, version); });
    owner_ = person("p1", "d1", {Permission::dataset_read, Permission::dataset_write, Permission::sql});
    stranger_ = person("p2", "d2", {Permission::dataset_read, Permission::sql});
    publish(1000);
  }

  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }

  static Actor person(std::string id, std::string department, std::initializer_list<Permission> may) {
    Actor actor;
    actor.person_id = std::move(id);
    actor.name = "某人";
    actor.department_id = department;
    actor.departments = {std::move(department)};
    actor.may = permissions(may);
    actor.via = "session";
    actor.from = "127.0.0.1";
    return actor;
  }

  static catalog::Field field(std::string id, std::string name, engine::Type type, bool key = false) {
    catalog::Field out;
    out.id = std::move(id);
    out.name = std::move(name);
    out.type = type;
    out.key = key;
    return out;
  }

  // Publishes a version of "firms" with `rows` rows and two rejected ones.
  void publish(int rows) {
    auto part = blobs_->temporary_folder() / "part.parquet", rejects = blobs_->temporary_folder() / "rejects.parquet";
    take(engine_->execute(
        {.sql = fmt::format("COPY (SELECT i + 1 AS _id, 'K' || i AS code, '企业' || (i % 7) AS name, i % 50 AS staff "
                            "FROM range({}) t(i)) TO {} (FORMAT parquet)",
                            rows, engine::quote_text(part.string()))}));
    take(engine_->execute(
        {.sql = fmt::format("COPY (SELECT 'a.csv' AS file, '' AS sheet, i AS line, '人数' AS field, '=x' AS value, "
                            "'不是整数' AS reason_zh, 'not a whole number' AS reason_en, 'K,=x' AS raw FROM "
                            "range(2) t(i)) TO {} (FORMAT parquet)",
                            engine::quote_text(rejects.string()))}));
    catalog::Version version;
    version.fields = {field("code", "代码", engine::Type::text, true), field("name", "名称", engine::Type::text),
                      field("staff", "人数", engine::Type::integer)};
    auto blob = take(blobs_->adopt(part));
    version.parts = {{.blob = blob.sha256, .rows = static_cast<std::uint64_t>(rows), .bytes = blob.size}};
    version.read = static_cast<std::uint64_t>(rows) + 2;
    version.published = static_cast<std::uint64_t>(rows);
    version.rejected = 2;
    version.rejects_blob = take(blobs_->adopt(rejects)).sha256;
    version.person_id = owner_.person_id;
    version.next_id = rows + 1;
    auto done = store().write([&](store::Transaction& t) -> Result<std::int64_t> {
      QS_TRY(auto known, catalog_->known(t, "firms"));
      if (!known) {
        QS_TRY(known, catalog_->add(t, owner_, {.code = "firms", .title = "企业登记", .department_id = "d1"}));
      }
      return catalog_->publish(t, owner_, known->id, version);
    });
    ASSERT_TRUE(done) << done.error().text.en << done.error().detail;
  }

  // Publishes a version that goes on from the current one: `added` rows as "(_id, code, name, staff), …", the `_id`s `gone`.
  void go_on(const std::string& added, std::uint64_t rows, const std::vector<std::int64_t>& gone, std::uint64_t changed = 0) {
    auto dataset = take(catalog_->find({.all = true}, "firms"));
    auto version = take(catalog_->version(dataset.id, 0));
    auto write = [&](const std::string& select) {
      auto file = blobs_->temporary_folder() / "delta.parquet";
      take(engine_->execute(
          {.sql = fmt::format("COPY ({}) TO {} (FORMAT parquet)", select, engine::quote_text(file.string()))}));
      return take(blobs_->adopt(file));
    };
    version.gone.clear();
    if (rows > 0) {
      auto blob = write("SELECT CAST(i AS BIGINT) AS _id, code, name, CAST(staff AS BIGINT) AS staff FROM (VALUES " + added +
                        ") t(i, code, name, staff)");
      version.parts.push_back({.blob = blob.sha256, .rows = rows, .bytes = blob.size});
    }
    if (!gone.empty()) {
      auto blob = write(fmt::format("SELECT CAST(unnest([{}]) AS BIGINT) AS _id", fmt::join(gone, ", ")));
      version.gone = {{.blob = blob.sha256, .rows = gone.size(), .bytes = blob.size}};
      version.deletes.push_back(version.gone[0]);
    }
    version.mode = "upsert";
    version.base = version.number;
    version.profile = {};
    version.index_blob.clear();
    version.read = rows;
    version.rejected = version.unchanged = 0;
    version.changed = changed;
    version.added = rows - changed;
    version.deleted = gone.size() - changed;
    version.published += version.added - version.deleted;
    version.next_id += static_cast<std::int64_t>(rows);
    take(store().write([&](store::Transaction& t) { return catalog_->publish(t, owner_, dataset.id, version); }));
  }

  void run_jobs(std::string_view kind) {
    for (const auto& job : take(jobs_->list({.kind = std::string(kind), .state = jobs::State::queued}))) {
      auto ended = take(jobs_->run_now(job.id));
      EXPECT_EQ(ended.state, jobs::State::succeeded) << (ended.error ? ended.error->text.en + ended.error->detail : "");
    }
  }

  json::object rows(const Actor& actor, const Pairs& query) {
    auto body = service_->rows(actor, "firms", query, {});
    EXPECT_TRUE(body) << (body ? "" : body.error().text.en + body.error().detail);
    return body ? json::parse(body->json).as_object() : json::object();
  }

  static std::string read(const Download& download) {
    std::string out;
    if (download.file) {
      std::ifstream file(download.file->path, std::ios::binary);
      out.assign(std::istreambuf_iterator<char>(file), {});
      return out;
    }
    auto done = download.write([&](std::string_view bytes) -> Result<void> {
      out += bytes;
      return {};
    });
    EXPECT_TRUE(done) << (done ? "" : done.error().text.en);
    return out;
  }

  std::size_t audited(std::string action) {
    audit::Query query;
    query.action = std::move(action);
    return take(audit_->search(query)).size();
  }

  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<sharing::Policy> policy_;
  std::unique_ptr<Service> service_;
  Actor owner_, stranger_;
};

}  // namespace qushu::query
