#include "qushu/store/store.h"

#include <array>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "statement_text.h"
#include "store_fixture.h"

namespace qushu::store {
namespace {

const std::array kMigrations{
    Migration{.id = "test.0001",
              .sql = "CREATE TABLE item (id TEXT PRIMARY KEY, n BIGINT, x DOUBLE PRECISION, note TEXT); -- things\n"
                     "CREATE INDEX item_n ON item (n);\n"},
    Migration{.id = "test.0002", .sql = "INSERT INTO item (id, n) VALUES ('first', 1);"}};

class StoreTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(kMigrations);
  }
  std::int64_t count() {
    return store().read([](Session& s) { return s.one("SELECT count(*) FROM item"); })->value().integer(0);
  }
};
QUSHU_ON_BOTH_STORES(StoreTest);

TEST_P(StoreTest, ValuesComeBackAsTheyWent) {
  auto now = system_clock().now();
  std::string odd = "引号 ' 和 ? 与 \" :x";
  auto written = store().write([&](Transaction& t) {
    return t.exec("INSERT INTO item (id, n, x, note) VALUES (?, ?, ?, ?), (?, ?, ?, ?)",
                  {"a", now, 0.1, odd, "b", std::nullopt, std::optional<double>(), Null{}});
  });
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_EQ(*written, 2);
  auto rows =
      store().read([](Session& s) { return s.query("SELECT id, n, x, note FROM item WHERE id IN ('a', 'b') ORDER BY id"); });
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].time(1), now);
  EXPECT_EQ((*rows)[0].number(2), 0.1);
  EXPECT_EQ((*rows)[0].text(3), odd);
  EXPECT_TRUE((*rows)[1].is_null(1));
  EXPECT_EQ((*rows)[1].opt_text(3), std::nullopt);
  EXPECT_EQ((*rows)[1].text(3), "");
}

TEST_P(StoreTest, AggregatesAreIntegersOnBoth) {
  auto row = store().read([](Session& s) { return s.one("SELECT sum(n), count(*), max(n) FROM item WHERE note IS NULL"); });
  ASSERT_TRUE(row);
  EXPECT_EQ((*row)->integer(0), 1);
  EXPECT_EQ((*row)->integer(1), 1);
}

TEST_P(StoreTest, AnErrorRollsBackAndIsTheAnswer) {
  auto result = store().write([](Transaction& t) -> Result<int> {
    QS_CHECK(t.exec("INSERT INTO item (id) VALUES ('lost')"));
    return fail(Code::conflict, "test.stop", "停", "Stop");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "test.stop");
  EXPECT_EQ(count(), 1);
}

TEST_P(StoreTest, AnExceptionRollsBackToo) {
  EXPECT_THROW((void)store().write([](Transaction& t) -> Result<int> {
    QS_CHECK(t.exec("INSERT INTO item (id) VALUES ('lost')"));
    throw std::runtime_error("stop");
  }),
               std::runtime_error);
  EXPECT_EQ(count(), 1);
  EXPECT_TRUE(store().write([](Transaction& t) { return t.exec("INSERT INTO item (id) VALUES ('kept')"); }));
}

TEST_P(StoreTest, DuplicatesAreConflicts) {
  auto again = store().write([](Transaction& t) { return t.exec("INSERT INTO item (id) VALUES ('first')"); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);
  EXPECT_EQ(again.error().id, "store.duplicate");
}

TEST_P(StoreTest, ActionsRunOnlyAfterACommit) {
  int ran = 0;
  (void)store().write([&](Transaction& t) -> Result<int> {
    t.after_commit([&] { ++ran; });
    return fail(Code::invalid, "test.no", "否", "No");
  });
  EXPECT_EQ(ran, 0);
  (void)store().write([&](Transaction& t) -> Result<int> {
    t.after_commit([&] { ++ran; });
    return 1;
  });
  EXPECT_EQ(ran, 1);
}

TEST_P(StoreTest, MigrationsApplyOnceAndRefuseANewerDatabase) {
  open_with(kMigrations);
  EXPECT_EQ(count(), 1);
  auto older = store().migrate(std::span(kMigrations).first(1));
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().id, "store.newer");
  auto edited = kMigrations;
  edited[1].sql = "INSERT INTO item (id, n) VALUES ('other', 1);";
  EXPECT_FALSE(store().migrate(edited));
}

TEST_P(StoreTest, WritersDoNotLoseUpdates) {
  constexpr int kThreads = 4, kEach = 25;
  auto other = open_again();
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      auto& mine = i % 2 == 0 ? store() : *other;
      for (int k = 0; k < kEach; ++k) {
        auto done = mine.write([](Transaction& t) -> Result<std::int64_t> {
          QS_TRY(auto row, t.one("SELECT n FROM item WHERE id = 'first'"));
          return t.exec("UPDATE item SET n = ? WHERE id = 'first'", {row->integer(0) + 1});
        });
        if (!done) ++failed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  auto n = store().read([](Session& s) { return s.one("SELECT n FROM item WHERE id = 'first'"); });
  EXPECT_EQ((*n)->integer(0), 1 + kThreads * kEach - failed);
  // PostgreSQL may give up after ten collisions; SQLite waits.
  if (GetParam() == Dialect::sqlite) EXPECT_EQ(failed, 0);
}

TEST_P(StoreTest, ThoseWhoWriteTogetherKeepTheirOwn) {
  constexpr int kThreads = 8, kEach = 40;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> kept, present;
  std::atomic<int> actions = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < kEach; ++k) {
        auto id = fmt::format("{}-{}", i, k);
        auto body = [&](Transaction& t) -> Result<int> {
          QS_CHECK(t.exec("INSERT INTO item (id) VALUES (?)", {id}));
          t.after_commit([&] { ++actions; });
          if (k % 5 == 1) throw std::runtime_error("thrown");
          if (k % 5 == 2) QS_CHECK(t.exec("INSERT INTO item (id) VALUES ('first')"));
          if (k % 5 == 3) return fail(Code::conflict, "test.stop", "停", "Stop");
          return 0;
        };
        try {
          auto done = store().write(body);
          if (k % 5 == 2 && GetParam() == Dialect::sqlite) EXPECT_EQ(done.error().id, "store.duplicate");
          if (!done) continue;
          std::scoped_lock lock(mutex);
          kept.insert(id);
        } catch (const std::runtime_error& thrown) {
          EXPECT_STREQ(thrown.what(), "thrown");
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(actions, static_cast<int>(kept.size()));
  if (GetParam() == Dialect::sqlite) EXPECT_EQ(kept.size(), kThreads * kEach * 2U / 5);
  auto rows = store().read([](Session& s) { return s.query("SELECT id FROM item WHERE id <> 'first'"); });
  for (const auto& row : *rows) present.insert(row.text(0));
  EXPECT_EQ(present, kept);
}

TEST_P(StoreTest, AFullDiskLosesNothingThatWasAcknowledged) {
  if (GetParam() == Dialect::postgresql) GTEST_SKIP() << "one cannot take PostgreSQL's disk away";
  ASSERT_TRUE(store().write([](Transaction& t) -> Result<int> {
    QS_TRY(auto pages, t.one("PRAGMA page_count"));
    QS_CHECK(t.query(fmt::format("PRAGMA max_page_count = {}", pages->integer(0) + 40)));
    return 0;
  }));
  constexpr int kThreads = 8, kEach = 40;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> kept, present;
  std::atomic<int> full = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < kEach; ++k) {
        auto id = fmt::format("{}-{}", i, k);
        auto done = store().write(
            [&](Transaction& t) { return t.exec("INSERT INTO item (id, note) VALUES (?, ?)", {id, std::string(3000, 'x')}); });
        if (!done) {
          EXPECT_EQ(done.error().code, Code::storage_full) << done.error().detail;
          ++full;
          continue;
        }
        std::scoped_lock lock(mutex);
        kept.insert(id);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GT(full, 0);
  EXPECT_GT(kept.size(), 0U);
  auto rows = store().read([](Session& s) { return s.query("SELECT id FROM item WHERE id <> 'first'"); });
  for (const auto& row : *rows) present.insert(row.text(0));
  EXPECT_EQ(present, kept);
}

TEST_P(StoreTest, AReaderSeesOneSnapshot) {
  auto both = store().read([&](Session& s) -> Result<std::pair<std::int64_t, std::int64_t>> {
    QS_TRY(auto before, s.one("SELECT count(*) FROM item"));
    EXPECT_TRUE(store().write([](Transaction& t) { return t.exec("INSERT INTO item (id) VALUES ('meanwhile')"); }));
    QS_TRY(auto after, s.one("SELECT count(*) FROM item"));
    return std::pair(before->integer(0), after->integer(0));
  });
  ASSERT_TRUE(both);
  EXPECT_EQ(both->first, both->second);
  EXPECT_EQ(count(), 2);
}

TEST_P(StoreTest, TheGenerationTellsOfOtherWriters) {
  auto before = *store().generation();
  EXPECT_EQ(*store().generation(), before);
  ASSERT_TRUE(open_again()->write([](Transaction& t) { return t.exec("INSERT INTO item (id) VALUES ('other')"); }));
  // On PostgreSQL other processes' changes are looked for four times a second.
  auto after = *store().generation();
  for (int i = 0; i < 3000 && after == before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    after = *store().generation();
  }
  EXPECT_NE(after, before);
  ASSERT_TRUE(store().write([](Transaction& t) { return t.exec("INSERT INTO item (id) VALUES ('own')"); }));
  EXPECT_NE(*store().generation(), after);
}

TEST_P(StoreTest, BackupIsAWholeDatabase) {
  auto file = folder() / "copy.db";
  auto done = store().backup_to(file);
  if (GetParam() == Dialect::postgresql) {
    EXPECT_EQ(done.error().code, Code::unavailable);
    return;
  }
  ASSERT_TRUE(done) << done.error().detail;
  auto copy = Store::open({.url = "sqlite://" + file.string()});
  ASSERT_TRUE(copy);
  EXPECT_EQ((*copy)->read([](Session& s) { return s.one("SELECT count(*) FROM item"); })->value().integer(0), 1);
  EXPECT_EQ(store().backup_to(file).error().code, Code::conflict);
}

TEST(StatementText, PlaceholdersAreNumberedOutsideQuotes) {
  EXPECT_EQ(number_placeholders("SELECT '?', \"a?\", ? -- ?\n, ?"), "SELECT '?', \"a?\", $1 -- ?\n, $2");
  EXPECT_THAT(statements("A;\n-- b;\nC\nD; -- e\n"), ::testing::ElementsAre("A;\n", "C\nD;\n"));
}

TEST(StoreOpen, AWrongUrlIsNamed) {
  auto opened = Store::open({.url = "mysql://x"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().subject, "store.url");
  EXPECT_FALSE(Store::open({.url = "sqlite:///no/such/folder/x.db"}));
}

}  // namespace
}  // namespace qushu::store
