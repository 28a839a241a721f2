#include "qushu/ingest/push.h"

#include <random>

#include <gmock/gmock.h>

#include "qushu/ingest/compaction.h"

#include "change_fixture.h"

namespace qushu::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PushTest : public ChangeTest {
 protected:
  void SetUp() override {
    ChangeTest::SetUp();
    open_with(audit::migrations(), catalog::migrations(), jobs::migrations(), migrations());
    settings_.declare(jobs::settings());
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, clock_));
    pushes_ = Pushes::open({.store = store(),
                            .blobs = *blobs_,
                            .engine = *engine_,
                            .jobs = *jobs_,
                            .catalog = *catalog_,
                            .changes = *changes_,
                            .settings = settings_,
                            .clock = clock_});
    compaction_ = std::make_unique<Compaction>(
        Compaction::Deps{.blobs = *blobs_, .engine = *engine_, .jobs = *jobs_, .catalog = *catalog_, .settings = settings_});
    compaction_->register_jobs();
    catalog_->on_current([this](store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                const catalog::Version& version) { return compaction_->consider(t, actor, dataset, version); });
    actor_.person_id = "p1";
    actor_.name = "某人";
    actor_.via = "token";
    apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}}));
  }

  Result<Pushes::Answer> push(std::string body, Pushes::Request request = {}) {
    std::size_t at = 0;
    return pushes_->push(actor_, dataset(), request, [&](std::span<char> into) -> Result<std::size_t> {
      // In small pieces, as a network may deliver them.
      auto count = std::min({into.size(), body.size() - at, std::size_t{7}});
      std::copy_n(body.data() + at, count, into.data());
      at += count;
      return count;
    });
  }
  static Pushes::Request lines_of(std::string key = "") {
    return {.idempotency_key = std::move(key), .shape = Pushes::Shape::lines};
  }
  std::vector<jobs::Job> queued(std::string kind) {
    return take(jobs_->list({.kind = std::move(kind), .state = jobs::State::queued}));
  }
  void flush() {
    for (int rounds = 0; rounds < 20; ++rounds) {
      auto id = take(pushes_->flush(actor_, dataset()));
      if (id.empty()) return;
      auto job = take(jobs_->run_now(id));
      ASSERT_EQ(job.state, jobs::State::succeeded) << (job.error ? job.error->text.en + job.error->detail : "");
    }
  }
  void compact() {
    for (const auto& job : queued("dataset.compact")) {
      auto done = take(jobs_->run_now(job.id));
      ASSERT_EQ(done.state, jobs::State::succeeded) << (done.error ? done.error->text.en + done.error->detail : "");
    }
  }

  ManualClock clock_{Time(std::chrono::days(20700))};
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<Pushes> pushes_;
  std::unique_ptr<Compaction> compaction_;
  Actor actor_;
};
QUSHU_ON_BOTH_STORES(PushTest);

TEST_P(PushTest, RowsAreAcceptedAtOnceAndComeIntoAVersionTogether) {
  auto one = take(push(R"({"code": "c", "name": "丙", "number": 3})"));
  EXPECT_EQ(one.accepted, 1U);
  auto many = take(push(R"([{"code": "a", "name": "新"}, {"code": "d", "number": "4"}, {"code": "e", "number": "x"}, 7])"));
  EXPECT_EQ(many.accepted, 2U);
  EXPECT_EQ(many.rejected, 2U);
  ASSERT_EQ(many.faults.size(), 2U);
  EXPECT_EQ(many.faults[0].row, 3U);
  EXPECT_EQ(many.faults[0].field, "number");
  EXPECT_EQ(many.faults[0].value, "x");
  EXPECT_THAT(rows(), ElementsAre("a|甲|1", "b|乙|2"));
  EXPECT_EQ(take(pushes_->waiting(dataset().id)), 3U);
  EXPECT_EQ(queued("push.flush").size(), 1U) << "one flush for both";
  flush();
  EXPECT_EQ(take(pushes_->waiting(dataset().id)), 0U);
  EXPECT_THAT(rows(), ElementsAre("a|新|-", "b|乙|2", "c|丙|3", "d|-|4"));
  auto v = version();
  EXPECT_EQ(v.number, 2);
  EXPECT_EQ(v.read, 5U);
  EXPECT_EQ(v.rejected, 2U);
  EXPECT_THAT(rejects(v), ElementsAre(HasSubstr("3|number|not a whole number"), HasSubstr("4||not a JSON object")));
  EXPECT_TRUE(v.pushed);
  // Nothing more waits: no version is made.
  flush();
  EXPECT_EQ(version().number, 2);
}

TEST_P(PushTest, StepsOfOneRowAreAppliedInOrder) {
  take(push(R"({"code": "x", "number": 1})"));
  take(push(R"({"code": "x", "number": 2})"));
  take(push(R"([{"code": "a"}, {"code": "x"}])", {.remove = true}));
  take(push(R"({"code": "x", "name": "\"回来\", 了\n", "number": 3})"));
  flush();
  EXPECT_THAT(rows(), ElementsAre("b|乙|2", "x|\"回来\", 了\n|3"));
  expect_ids(version());
}

TEST_P(PushTest, AStreamIsTakenInBatchesAndOnceWhateverIsSentAgain) {
  settings_.set("ingest.push_batch", "10").value();
  std::string body;
  for (int i = 0; i < 35; ++i) body += fmt::format("{{\"code\": \"k{}\", \"number\": {}}}\n", i, i);
  body += "no json\n\n";
  // The stream breaks off in the middle of it.
  auto broken = body.substr(0, body.size() / 2);
  broken = broken.substr(0, broken.rfind('\n') + 1);
  std::size_t at = 0;
  auto cut = pushes_->push(actor_, dataset(), lines_of("key"), [&](std::span<char> into) -> Result<std::size_t> {
    if (at == broken.size()) return fail(Code::cancelled, "t", "断", "gone");
    auto count = std::min(into.size(), broken.size() - at);
    std::copy_n(broken.data() + at, count, into.data());
    at += count;
    return count;
  });
  EXPECT_FALSE(cut);
  EXPECT_EQ(take(pushes_->waiting(dataset().id)), 10U) << "whole batches of what came";
  auto first = take(push(body, lines_of("key"))), again = take(push(body, lines_of("key")));
  for (const auto& answer : {first, again}) {
    EXPECT_EQ(answer.accepted, 35U);
    EXPECT_EQ(answer.rejected, 1U);
    ASSERT_EQ(answer.faults.size(), 1U);
    EXPECT_EQ(answer.faults[0].row, 36U);
  }
  EXPECT_EQ(take(pushes_->waiting(dataset().id)), 35U);
  auto other = push(R"({"code": "other"})", lines_of("key"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().id, "push.key_reused");
  flush();
  // After the flush too.
  EXPECT_EQ(take(push(body, lines_of("key"))).accepted, 35U);
  EXPECT_EQ(take(pushes_->waiting(dataset().id)), 0U);
  EXPECT_EQ(version().published, 37U);
}

TEST_P(PushTest, WhatCannotBeTakenIsSaidSo) {
  EXPECT_EQ(push("not json").error().id, "push.json");
  EXPECT_EQ(push("12").error().id, "push.json");
  EXPECT_EQ(take(push("[]")).accepted, 0U);
  settings_.set("ingest.push_body", "1024").value();
  EXPECT_EQ(push("[\"" + std::string(2000, 'x') + "\"]").error().id, "push.body");
  settings_.set("ingest.push_waiting", "1000").value();
  std::string many;
  for (int i = 0; i < 1500; ++i) many += fmt::format("{{\"code\": \"m{}\"}}\n", i);
  EXPECT_EQ(push(many, lines_of()).error().code, Code::limited);
  auto empty = take(store().write([&](store::Transaction& t) {
    return catalog_->add(t, Actor::system(), {.code = "empty", .title = "空", .department_id = "d1"});
  }));
  auto nothing = [](std::span<char>) -> Result<std::size_t> { return 0; };
  EXPECT_EQ(pushes_->push(actor_, empty, {}, nothing).error().id, "push.no_fields");
}

TEST_P(PushTest, ManySmallVersionsStayFewPartsAndFewVersions) {
  settings_.set("ingest.compact_parts", "4").value();
  settings_.set("ingest.push_versions", "6").value();
  std::mt19937 random(7);
  std::map<std::string, int> model{{"a", 1}, {"b", 2}};
  std::size_t most = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 3; ++i) {
      auto code = fmt::format("k{}", random() % 30);
      if (random() % 4 == 0) {
        take(push(fmt::format(R"({{"code": "{}"}})", code), {.remove = true}));
        model.erase(code);
      } else {
        take(push(fmt::format(R"({{"code": "{}", "number": {}}})", code, round)));
        model[code] = round;
      }
    }
    flush();
    auto before = rows();
    auto number = version().number;
    compact();
    ASSERT_EQ(rows(), before) << "compaction changes no row";
    ASSERT_EQ(version().number, number) << "and makes no version";
    expect_ids(version());
    most = std::max(most, version().parts.size() + version().deletes.size());
  }
  EXPECT_LE(most, 10U);
  std::vector<std::string> expected;
  for (const auto& [code, n] : model) expected.push_back(fmt::format("{}|{}", code, n));
  std::ranges::sort(expected);
  EXPECT_EQ(lines(fmt::format("SELECT code, number FROM ({}) AS r", take(sharing::rows_of(version(), *blobs_)).select)),
            expected);
  EXPECT_LE(take(catalog_->versions(dataset().id)).size(), 8U);
  EXPECT_GE(take(audit_->search({.action = "dataset.compact"})).size(), 5U);
}

TEST_P(PushTest, CompactionGivesItsPartsToWhatCameMeanwhile) {
  settings_.set("ingest.compact_parts", "2").value();
  for (const auto* code : {"c", "d", "e"}) apply(Mode::upsert, incoming({{code, "新", 1}}));
  auto jobs = queued("dataset.compact");
  ASSERT_FALSE(jobs.empty());
  // A change that was worked out before the compaction is published after it.
  auto late = take(prepare(Mode::upsert, incoming({{"a", "迟", 9}})));
  compact();
  EXPECT_LE(version().parts.size(), 2U);
  take(publish(late));
  EXPECT_THAT(rows(), ElementsAre("a|迟|9", "b|乙|2", "c|新|1", "d|新|1", "e|新|1"));
  expect_ids(version());
  compact();
  EXPECT_THAT(rows(), ElementsAre("a|迟|9", "b|乙|2", "c|新|1", "d|新|1", "e|新|1"));
  // Much deleted: everything is written anew.
  take(push(R"([{"code": "a"}, {"code": "b"}, {"code": "c"}])", {.remove = true}));
  flush();
  compact();
  EXPECT_TRUE(version().deletes.empty());
  EXPECT_THAT(rows(), ElementsAre("d|新|1", "e|新|1"));
  expect_ids(version());
}

}  // namespace
}  // namespace qushu::ingest
