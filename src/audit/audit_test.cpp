#include "qushu/audit/audit.h"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "store_fixture.h"

namespace qushu::audit {
namespace {

class AuditTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(migrations());
    settings_.declare(settings());
    ASSERT_TRUE(settings_.set("audit.checkpoint_entries", "5"));
    audit_ = open();
  }
  std::unique_ptr<Audit> open() {
    auto opened = Audit::open(store(), settings_, folder(), clock_);
    if (!opened) throw std::runtime_error(opened.error().detail);
    return *std::move(opened);
  }
  void write(int count) {
    Actor actor;
    actor.name = "管理员";
    actor.via = "session";
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(audit_->record(actor, {.action = i % 2 == 0 ? "dataset.publish" : "session.open",
                                         .object_kind = "dataset",
                                         .object_id = std::to_string(i),
                                         .object_name = "企业登记",
                                         .detail = {{"n", i}}}));
  }
  void by_hand(const std::string& sql) {
    auto done = store().write([&](store::Transaction& t) { return t.exec(sql); });
    ASSERT_TRUE(done) << done.error().detail;
  }
  Verdict verdict() {
    auto v = audit_->verify();
    return v ? *v : Verdict{.reason = {v.error().detail, ""}};
  }
  Settings settings_;
  ManualClock clock_{Time(std::chrono::days(20000))};
  std::unique_ptr<Audit> audit_;
};
QUSHU_ON_BOTH_STORES(AuditTest);

TEST_P(AuditTest, AChainThatNobodyTouchedIsIntact) {
  write(12);
  ASSERT_TRUE(audit_->flush());
  auto v = verdict();
  EXPECT_TRUE(v.intact) << v.reason.en;
  EXPECT_EQ(v.entries, 12);
  EXPECT_EQ(v.checkpoints, 2);  // in the database and in the anchor file
}

TEST_P(AuditTest, WhatIsDoneByHandIsFoundAndNamed) {
  struct Case {
    const char* sql;
    std::int64_t first;
  };
  for (const auto& c : std::vector<Case>{{"UPDATE audit_entry SET actor_name = '别人' WHERE number = 4", 4},
                                         {"UPDATE audit_entry SET at = at + 1 WHERE number = 7", 7},
                                         {"DELETE FROM audit_entry WHERE number = 3", 3},
                                         {"DELETE FROM audit_entry WHERE number >= 11", 11},
                                         {"UPDATE audit_entry SET detail = '{}' WHERE number = 1", 1},
                                         {"UPDATE audit_checkpoint SET signature = '00'", 12}}) {
    by_hand("DELETE FROM audit_entry");
    by_hand("DELETE FROM audit_checkpoint");
    std::filesystem::remove(folder() / "audit.anchor");
    audit_ = open();
    write(12);
    ASSERT_TRUE(audit_->flush());
    by_hand(c.sql);
    auto v = verdict();
    EXPECT_FALSE(v.intact) << c.sql;
    EXPECT_EQ(v.first_broken, c.first) << c.sql << ": " << v.reason.en;
    EXPECT_FALSE(v.reason.zh.empty());
  }
}

TEST_P(AuditTest, ATailCutWithItsCheckpointIsFoundByTheAnchorFile) {
  write(12);
  ASSERT_TRUE(audit_->flush());
  by_hand("DELETE FROM audit_entry WHERE number >= 11");
  by_hand("DELETE FROM audit_checkpoint");
  EXPECT_EQ(verdict().first_broken, 11);
}

TEST_P(AuditTest, ARewrittenChainSignedWithAnotherKeyIsFound) {
  write(6);
  ASSERT_TRUE(audit_->flush());
  std::filesystem::remove(folder() / "keys" / "audit.pem");
  audit_ = open();
  EXPECT_EQ(verdict().first_broken, 6);
}

TEST_P(AuditTest, AnEntryGoesWithItsTransaction) {
  auto undone = store().write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(audit_->record(t, Actor::system(), {.action = "dataset.publish", .object_kind = "dataset", .object_id = "a"}));
    return fail(Code::invalid, "no", "否", "no");
  });
  EXPECT_FALSE(undone);
  EXPECT_EQ(audit_->search({})->size(), 0U);
}

TEST_P(AuditTest, SearchFindsByEveryColumn) {
  write(10);
  EXPECT_EQ(audit_->search({.action = "session."})->size(), 5U);
  EXPECT_EQ(audit_->search({.actor = "管理"})->size(), 10U);
  EXPECT_EQ(audit_->search({.object_id = "3"})->size(), 1U);
  EXPECT_EQ(audit_->search({.outcome = Outcome::denied})->size(), 0U);
  EXPECT_EQ(audit_->search({.text = "企业"})->size(), 10U);
  EXPECT_EQ(audit_->search({.text = "%"})->size(), 0U);
  auto page = audit_->search({.before = 4, .limit = 2});
  ASSERT_EQ(page->size(), 2U);
  EXPECT_EQ((*page)[0].number, 3);
}

TEST_P(AuditTest, WritersOfSeveralProcessesShareOneChain) {
  auto other_store = open_again();
  auto other = Audit::open(*other_store, settings_, folder(), clock_);
  ASSERT_TRUE(other);
  auto loop = [](Audit& audit) {
    for (int i = 0; i < 20; ++i)
      EXPECT_TRUE(audit.record(Actor::system(), {.action = "job.retry", .object_kind = "job", .object_id = std::to_string(i)}));
  };
  std::thread thread([&] { loop(**other); });
  loop(*audit_);
  thread.join();
  auto v = verdict();
  EXPECT_TRUE(v.intact) << v.reason.en;
  EXPECT_EQ(v.entries, 40);
}

TEST_P(AuditTest, CountersAddUp) {
  Actor actor;
  actor.person_id = "p";
  for (int i = 0; i < 3; ++i) audit_->count_access(actor, "dataset", "d", "rows", 10);
  ASSERT_TRUE(audit_->flush());
  audit_->count_access(actor, "dataset", "d", "rows", 1);
  ASSERT_TRUE(audit_->flush());
  auto row =
      store().read([](store::Session& s) { return s.one("SELECT calls, row_count FROM access_count WHERE person_id = 'p'"); });
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->integer(0), 4);
  EXPECT_EQ((*row)->integer(1), 31);
}

}  // namespace
}  // namespace qushu::audit
