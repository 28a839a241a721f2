// For tests: a catalogue with its entries and classification over a real store.
#pragma once

#include <gmock/gmock.h>

#include "qushu/catalog/catalog.h"
#include "qushu/catalog/classification.h"
#include "qushu/catalog/entry.h"

#include "store_fixture.h"

namespace qushu::catalog {

class CatalogTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), migrations());
    settings_.declare(audit::settings());
    settings_.declare(settings());
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock_));
    catalog_ = take(Catalog::open(
        store(), *audit_,
        [] {
          return Result<std::map<std::string, std::string>>(
              std::map<std::string, std::string>{{"d1", "市场监管局"}, {"d2", "民政局"}});
        },
        clock_));
    classification_ = Classification::open(store(), *audit_);
    entries_ = Entries::open(store(), *audit_, *catalog_, settings_, clock_);
    actor_.person_id = "p1";
    actor_.name = "某人";
    actor_.via = "session";
    reviewer_ = actor_;
    reviewer_.person_id = "p9";
    reviewer_.name = "审核员";
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  Dataset add(std::string code, std::string title, std::string department = "d1", std::vector<std::string> tags = {}) {
    clock_.advance(std::chrono::seconds(1));
    return take(store().write([&](store::Transaction& t) {
      return catalog_->add(t, actor_, {.code = code, .title = title, .department_id = department, .tags = tags});
    }));
  }
  std::int64_t publish(const std::string& id, std::uint64_t rows, std::vector<Field> fields = {}) {
    clock_.advance(std::chrono::seconds(1));
    Version v;
    v.fields = fields.empty() ? std::vector<Field>{{.id = "code", .name = "代码", .key = true}} : std::move(fields);
    v.parts = {{.blob = "blob" + std::to_string(rows), .rows = rows, .bytes = rows * 10}};
    v.read = rows + 1;
    v.published = rows;
    v.rejected = 1;
    v.origins = {{.import_id = "i", .file_name = "表.csv", .file_blob = "f", .table = ""}};
    return take(store().write([&](store::Transaction& t) { return catalog_->publish(t, actor_, id, v); }));
  }
  static std::vector<std::string> codes(const Found& found) {
    std::vector<std::string> out;
    for (const auto& d : found.datasets) out.push_back(d.code);
    return out;
  }
  Settings settings_;
  ManualClock clock_{Time(std::chrono::days(20500))};
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Classification> classification_;
  std::unique_ptr<Entries> entries_;
  Actor actor_, reviewer_;
  Visibility all_{.all = true};
};

}  // namespace qushu::catalog
