// For tests: the module over a real store, catalogue, policy, calendar and engine, on a clock that the test moves.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/quality/corrections.h"
#include "qushu/quality/quality.h"

#include "store_fixture.h"

namespace qushu::quality {

class QualityFixture : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (auto specs : {audit::settings(), jobs::settings(), engine::settings(), calendar::settings(), settings()})
      settings_.declare(specs);
    open_with(audit::migrations(), jobs::migrations(), calendar::migrations(), catalog::migrations(), migrations());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock_));
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, clock_));
    calendar_ = take(calendar::Calendar::open(store(), *audit_, settings_, clock_));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_,
        [] {
          return Result<std::map<std::string, std::string>>(
              std::map<std::string, std::string>{{"d1", "市场监管局"}, {"d2", "民政局"}});
        },
        clock_));
    policy_ = std::make_unique<sharing::Policy>(*catalog_, *blobs_);
    quality_ = Quality::open({.store = store(),
                              .blobs = *blobs_,
                              .engine = *engine_,
                              .audit = *audit_,
                              .jobs = *jobs_,
                              .calendar = *calendar_,
                              .catalog = *catalog_,
                              .policy = *policy_,
                              .settings = settings_,
                              .clock = clock_});
    corrections_ = Corrections::open({.store = store(),
                                      .audit = *audit_,
                                      .calendar = *calendar_,
                                      .policy = *policy_,
                                      .settings = settings_,
                                      .clock = clock_});
    steward_ = person("p1", "d1", {Permission::dataset_read, Permission::dataset_write});
    user_ = person("p2", "d2", {Permission::dataset_read});
    rival_ = person("p3", "d2", {Permission::dataset_read, Permission::dataset_write});
  }

  template <class T>
  static T take(Result<T> result) {
    if (!result)
      throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().subject + " " +
                               result.error().detail);
    return *std::move(result);
  }
  static void done(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().text.en + " " + result.error().detail);
  }

  static Actor person(std::string id, std::string department, std::initializer_list<Permission> may) {
    Actor actor;
    actor.person_id = std::move(id);
    actor.name = "某人";
    actor.department_id = department;
    actor.departments = {std::move(department)};
    actor.may = permissions(may);
    actor.via = "session";
    return actor;
  }

  static catalog::Field field(std::string id, std::string name, engine::Type type, bool key = false) {
    catalog::Field out;
    out.id = std::move(id);
    out.name = std::move(name);
    out.type = type;
    out.key = key;
    if (type == engine::Type::decimal) out.width = 12, out.scale = 2;
    return out;
  }

  // Publishes `select` (columns _id and the fields) as the next version of `code`.
  catalog::Dataset publish(const std::string& code, const std::string& select, const std::vector<catalog::Field>& fields,
                           const std::string& cycle = "monthly") {
    auto part = blobs_->temporary_folder() / (code + ".parquet");
    auto rows = take(
        engine_->execute({.sql = fmt::format("COPY ({}) TO {} (FORMAT parquet)", select, engine::quote_text(part.string()))}));
    auto blob = take(blobs_->adopt(part));
    catalog::Version version;
    version.fields = fields;
    version.parts = {{.blob = blob.sha256, .rows = rows, .bytes = blob.size}};
    version.read = version.published = rows;
    take(store().write([&](store::Transaction& t) -> Result<std::int64_t> {
      QS_TRY(auto known, catalog_->known(t, code));
      if (!known) {
        QS_TRY(known, catalog_->add(t, steward_,
                                    {.code = code, .title = "数据集" + code, .department_id = "d1", .update_cycle = cycle}));
      }
      return catalog_->publish(t, steward_, known->id, version);
    }));
    return take(catalog_->find({.all = true}, code));
  }

  // The verdict on rows that would replace everything.
  Verdict examine(const catalog::Dataset& dataset, const std::string& select) {
    auto rows = count(select);
    return take(quality_->examine({.dataset = &dataset,
                                   .fields = dataset.fields,
                                   .rows = select,
                                   .whole = select,
                                   .row_count = rows,
                                   .whole_count = rows}));
  }
  std::uint64_t count(const std::string& select) {
    auto cursor = take(engine_->run({.sql = "SELECT count(*) FROM (" + select + ") AS t"}));
    return static_cast<std::uint64_t>(take(cursor->next())->integer(0, 0));
  }
  std::vector<std::string> lines(const std::string& sql) {
    auto cursor = take(engine_->run({.sql = sql}));
    std::vector<std::string> out;
    while (const auto* chunk = take(cursor->next()))
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        std::string line;
        for (std::size_t c = 0; c < cursor->columns().size(); ++c) {
          if (c > 0) line += '|';
          if (!chunk->is_null(c, r)) chunk->append_text(c, r, line);
        }
        out.push_back(line);
      }
    return out;
  }
  std::vector<Rule> add(const std::string& code, std::string_view rules) {
    return take(quality_->add(steward_, code, json::parse(rules).as_array()));
  }
  std::size_t audited(std::string action) {
    audit::Query query;
    query.action = std::move(action);
    return take(audit_->search(query)).size();
  }

  // A Wednesday, 10:00 in Shanghai.
  ManualClock clock_{*parse_iso("2026-11-25T02:00:00Z")};
  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<calendar::Calendar> calendar_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<sharing::Policy> policy_;
  std::unique_ptr<Quality> quality_;
  std::unique_ptr<Corrections> corrections_;
  Actor steward_, user_, rival_;
};

}  // namespace qushu::quality
