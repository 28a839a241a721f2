// A store for each test, on SQLite and on PostgreSQL:
//
//   class FooTest : public qushu::testing::StoreTest {};
//   QUSHU_ON_BOTH_STORES(FooTest);
//   TEST_P(FooTest, Works) { open_with(foo::migrations()); store().write(…); }
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "qushu/store/store.h"

#include "postgres.h"
#include "temp_folder.h"

namespace qushu::testing {

class StoreTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  void SetUp() override {
    url_ = GetParam() == store::Dialect::sqlite ? "sqlite://" + (folder_.path() / "qushu.db").string()
                                                : PostgresServer::instance().fresh_database();
    store_ = open_again();
  }
  // A second, independent store over the same database.
  [[nodiscard]] std::unique_ptr<store::Store> open_again() const {
    auto opened = store::Store::open({.url = url_, .connections = 4, .busy_timeout = std::chrono::seconds(20)});
    if (!opened) throw std::runtime_error(opened.error().detail);
    return *std::move(opened);
  }
  template <class... Lists>
  void open_with(const Lists&... lists) {
    std::vector<store::Migration> all;
    (all.insert(all.end(), lists.begin(), lists.end()), ...);
    auto done = store_->migrate(all);
    ASSERT_TRUE(done) << done.error().detail;
  }
  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  TempFolder folder_;
  std::string url_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace qushu::testing

#define QUSHU_ON_BOTH_STORES(Fixture)                                                                               \
  INSTANTIATE_TEST_SUITE_P(Stores, Fixture,                                                                         \
                           ::testing::Values(::qushu::store::Dialect::sqlite, ::qushu::store::Dialect::postgresql), \
                           [](const auto& i) { return i.param == ::qushu::store::Dialect::sqlite ? "Sqlite" : "Postgresql"; })
