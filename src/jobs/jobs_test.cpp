#include "qushu/jobs/jobs.h"

#include <condition_variable>
#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qushu/jobs/lanes.h"

#include "store_fixture.h"

namespace qushu::jobs {
namespace {

using namespace std::chrono_literals;

class JobsTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), migrations(),
              std::vector<store::Migration>{
                  {"jobs_test 1", "CREATE TABLE effect (name TEXT PRIMARY KEY, count BIGINT NOT NULL);\n"}});
    settings_.declare(audit::settings());
    settings_.declare(settings());
    ASSERT_TRUE(settings_.set("jobs.backoff", "1s"));
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    jobs_ = open(store());
    actor_.person_id = "p1";
    actor_.name = "某人";
    actor_.department_id = "d1";
    actor_.departments = {"d1"};
    actor_.via = "session";
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  std::unique_ptr<Jobs> open(store::Store& over) { return take(Jobs::open(over, *audit_, settings_, system_clock())); }
  // A step that counts how often a job took effect.
  static Finish effect(std::string name) {
    return [name](store::Transaction& t) -> Result<json::object> {
      QS_CHECK(t.exec(
          "INSERT INTO effect (name, count) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = effect.count + 1", {name}));
      return json::object{{"done", name}};
    };
  }
  std::int64_t effects(std::string_view name) {
    auto row = take(store().read([&](store::Session& s) { return s.one("SELECT count FROM effect WHERE name = ?", {name}); }));
    return row ? row->integer(0) : 0;
  }
  std::string add(std::string kind, std::string key = "", json::object input = {}) {
    return take(store().write([&](store::Transaction& t) {
      return jobs_->add(t, actor_, {.kind = kind, .title = {"作业", "Job"}, .input = input, .idempotency_key = key});
    }));
  }
  Job wait(const std::string& id, std::chrono::seconds most = 20s) {
    auto until = std::chrono::steady_clock::now() + most;
    while (true) {
      auto job = take(jobs_->find(id));
      if ((job.state != State::queued && job.state != State::running) || std::chrono::steady_clock::now() > until) return job;
      std::this_thread::sleep_for(5ms);
    }
  }
  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<Jobs> jobs_;
  Actor actor_;
};
QUSHU_ON_BOTH_STORES(JobsTest);

TEST_P(JobsTest, AJobRunsOnceWithProgressLogAndOutput) {
  std::atomic<int> told = 0;
  jobs_->on_change([&](const Job&) { ++told; });
  jobs_->register_kind({.name = "t.good", .title = {"好", "Good"}, .handler = [](Context& c) -> Result<Finish> {
                          c.progress(0.5, {"一半", "Half"});
                          c.units(50, 100, "rows");
                          c.log("info", {"看到了", "Seen"});
                          return effect("good");
                        }});
  jobs_->start();
  auto job = wait(add("t.good"));
  EXPECT_EQ(job.state, State::succeeded);
  EXPECT_EQ(job.output.at("done"), "good");
  EXPECT_EQ(job.attempts, 1);
  EXPECT_EQ(job.progress, 1);
  EXPECT_EQ(job.person_name, "某人");
  EXPECT_EQ(effects("good"), 1);
  auto lines = take(jobs_->log(job.id, 0, 100));
  EXPECT_TRUE(std::ranges::any_of(lines, [](const LogLine& l) { return l.text.zh == "看到了"; }));
  EXPECT_GE(told.load(), 2);
  jobs_->stop();
}

TEST_P(JobsTest, TheSameKeyIsTheSameJob) {
  jobs_->register_kind(
      {.name = "t.good", .title = {"好", "Good"}, .handler = [](Context&) -> Result<Finish> { return effect("once"); }});
  auto first = add("t.good", "key-1"), second = add("t.good", "key-1"), other = add("t.good", "key-2");
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
  jobs_->start();
  wait(first);
  wait(other);
  EXPECT_EQ(effects("once"), 2);
  jobs_->stop();
}

TEST_P(JobsTest, TroubleIsTriedAgainAndWrongInputIsNot) {
  std::atomic<int> tries = 0, wrong = 0;
  jobs_->register_kind({.name = "t.trouble", .title = {"故障", "Trouble"}, .handler = [&](Context&) -> Result<Finish> {
                          if (++tries < 3) return fail(Code::unavailable, "t", "暂时不可用", "not now");
                          return effect("trouble");
                        }});
  jobs_->register_kind({.name = "t.wrong", .title = {"错", "Wrong"}, .handler = [&](Context&) -> Result<Finish> {
                          ++wrong;
                          return fail(Code::invalid, "t", "输入有误", "wrong input");
                        }});
  jobs_->register_kind({.name = "t.throws",
                        .title = {"抛", "Throws"},
                        .handler = [](Context&) -> Result<Finish> { throw std::runtime_error("boom"); },
                        .max_attempts = 1});
  jobs_->start();
  auto trouble = add("t.trouble"), bad = add("t.wrong"), throwing = add("t.throws");
  EXPECT_EQ(wait(bad).state, State::failed);
  EXPECT_EQ(wait(bad).error->text.zh, "输入有误");
  EXPECT_EQ(wrong, 1);
  EXPECT_EQ(wait(throwing).state, State::failed);
  EXPECT_EQ(wait(trouble).state, State::succeeded);
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(effects("trouble"), 1);
  // A person tries again what failed.
  EXPECT_TRUE(jobs_->retry(actor_, bad));
  EXPECT_EQ(wait(bad).state, State::failed);
  EXPECT_EQ(wrong, 2);
  EXPECT_FALSE(jobs_->retry(actor_, trouble)) << "it succeeded";
  jobs_->stop();
}

TEST_P(JobsTest, CancellingStopsWhatRunsAndDropsWhatWaits) {
  std::atomic<bool> running = false;
  jobs_->register_kind({.name = "t.long", .title = {"长", "Long"}, .handler = [&](Context& c) -> Result<Finish> {
                          running = true;
                          while (!c.cancelled()) std::this_thread::sleep_for(2ms);
                          return fail(Code::cancelled, "t", "已取消", "cancelled");
                        }});
  auto waiting = add("t.long");
  EXPECT_EQ(take(jobs_->cancel(actor_, waiting)).state, State::cancelled);
  jobs_->start();
  auto id = add("t.long");
  while (!running) std::this_thread::sleep_for(2ms);
  ASSERT_TRUE(jobs_->cancel(actor_, id));
  EXPECT_EQ(wait(id).state, State::cancelled);
  EXPECT_FALSE(jobs_->cancel(actor_, id)) << "it is over";
  jobs_->stop();
}

TEST_P(JobsTest, WhatTheCommandLineRunsIsLeftWhenItIsInterrupted) {
  std::atomic<int> runs = 0;
  jobs_->register_kind({.name = "t.long", .title = {"长", "Long"}, .handler = [&](Context& c) -> Result<Finish> {
                          ++runs;
                          while (!c.cancelled()) std::this_thread::sleep_for(2ms);
                          return fail(Code::cancelled, "t", "已取消", "cancelled");
                        }});
  auto id = add("t.long");
  std::thread signal([&] {
    while (runs == 0) std::this_thread::sleep_for(2ms);
    jobs_->stop();
  });
  auto left = jobs_->run_now(id);
  signal.join();
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().id, "jobs.stopped");
  EXPECT_EQ(take(jobs_->find(id)).state, State::queued);
  EXPECT_EQ(runs, 1) << "not again and again";
}

TEST_P(JobsTest, AShutdownPutsWhatRunsBackIntoTheQueue) {
  std::atomic<int> runs = 0;
  std::atomic<bool> finish = false;
  jobs_->register_kind({.name = "t.long", .title = {"长", "Long"}, .handler = [&](Context& c) -> Result<Finish> {
                          ++runs;
                          while (!c.cancelled() && !finish) std::this_thread::sleep_for(2ms);
                          if (!finish) return fail(Code::cancelled, "t", "已停止", "stopped");
                          return effect("long");
                        }});
  jobs_->start();
  auto id = add("t.long");
  while (runs == 0) std::this_thread::sleep_for(2ms);
  jobs_->stop();
  EXPECT_EQ(take(jobs_->find(id)).state, State::queued);
  EXPECT_EQ(effects("long"), 0);
  finish = true;
  jobs_->start();
  EXPECT_EQ(wait(id).state, State::succeeded);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(effects("long"), 1);
}

TEST_P(JobsTest, WhatADeadProcessLeftRunsAgainOnce) {
  int pipe_of[2];
  ASSERT_EQ(::pipe(pipe_of), 0);
  auto kinds = [](Jobs& jobs, bool hang, int told) {
    for (bool repeatable : {true, false})
      jobs.register_kind({.name = repeatable ? "t.left" : "t.once",
                          .title = {"留", "Left"},
                          .handler = [=](Context&) -> Result<Finish> {
                            if (hang) {
                              [[maybe_unused]] auto written = ::write(told, "x", 1);
                              while (true) ::pause();
                            }
                            return effect(repeatable ? "left" : "once");
                          },
                          .repeatable = repeatable});
  };
  kinds(*jobs_, false, -1);
  auto good = add("t.left"), never = add("t.once");
  auto child = ::fork();
  if (child == 0) {
    // A process of its own, over the same database, that dies in the middle.
    auto mine = open_again();
    auto audit = take(audit::Audit::open(*mine, settings_, folder(), system_clock()));
    auto jobs = take(Jobs::open(*mine, *audit, settings_, system_clock()));
    kinds(*jobs, true, pipe_of[1]);
    jobs->start();
    while (true) ::pause();
  }
  char byte = 0;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(::read(pipe_of[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  jobs_->start();
  EXPECT_EQ(wait(good).state, State::succeeded);
  EXPECT_EQ(wait(never).state, State::interrupted);
  EXPECT_EQ(effects("left"), 1);
  EXPECT_EQ(effects("once"), 0);
  jobs_->stop();
}

TEST_P(JobsTest, TwoProcessesShareTheWork) {
  std::atomic<int> ran = 0;
  auto other_store = open_again();
  auto other = open(*other_store);
  for (auto* jobs : {jobs_.get(), other.get()})
    jobs->register_kind({.name = "t.share", .title = {"分", "Share"}, .handler = [&](Context& c) -> Result<Finish> {
                           ++ran;
                           return effect(std::string(c.job().input.at("n").as_string()));
                         }});
  std::vector<std::string> ids;
  for (int i = 0; i < 30; ++i) ids.push_back(add("t.share", "", {{"n", std::to_string(i)}}));
  jobs_->start();
  other->start();
  for (const auto& id : ids) EXPECT_EQ(wait(id).state, State::succeeded);
  other->stop();
  jobs_->stop();
  EXPECT_EQ(ran, 30);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(effects(std::to_string(i)), 1) << i;
}

TEST_P(JobsTest, ListsAreFilteredAndSeenOnlyByThoseConcerned) {
  jobs_->register_kind(
      {.name = "t.good", .title = {"好", "Good"}, .handler = [](Context&) -> Result<Finish> { return effect("x"); }});
  for (int i = 0; i < 5; ++i) add("t.good");
  auto first = take(jobs_->list({.kind = "t.good", .limit = 3}));
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(take(jobs_->list({.kind = "t.good", .before = first.back().id})).size(), 2U);
  EXPECT_EQ(take(jobs_->list({.departments = {"d2"}})).size(), 0U);
  Actor stranger;
  stranger.person_id = "p2";
  stranger.departments = {"d2"};
  EXPECT_TRUE(may_see(actor_, first[0]));
  EXPECT_FALSE(may_see(stranger, first[0]));
  stranger.may = permissions({Permission::job_manage});
  EXPECT_TRUE(may_see(stranger, first[0]));
  EXPECT_EQ(jobs_->find("none").error().code, Code::not_found);
}

TEST_P(JobsTest, JobsOfALaneWaitForEachOther) {
  std::atomic<int> inside = 0, most = 0;
  jobs_->register_kind({.name = "narrow", .title = {"窄", "Narrow"}, .handler = [&](Context&) -> Result<Finish> {
                          most = std::max(most.load(), ++inside);
                          std::this_thread::sleep_for(50ms);
                          --inside;
                          return effect("narrow");
                        }});
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i)
    ids.push_back(take(store().write([&](store::Transaction& t) -> Result<std::string> {
      auto made = jobs_->add(t, actor_, {.kind = "narrow", .title = {"作业", "Job"}});
      if (made) QS_CHECK(set_terms(t, *made, {.lane = "one", .lane_limit = 1}));
      return made;
    })));
  jobs_->start();
  for (const auto& id : ids) EXPECT_EQ(wait(id).state, State::succeeded);
  EXPECT_EQ(most.load(), 1);
  EXPECT_EQ(effects("narrow"), 4);
}

TEST_P(JobsTest, AJobMayHaveItsOwnAttemptsAndPause) {
  std::atomic<int> runs = 0;
  jobs_->register_kind({.name = "flaky", .title = {"不稳", "Flaky"}, .handler = [&](Context&) -> Result<Finish> {
                          ++runs;
                          return fail(Code::unavailable, "test.away", "不可用", "Away");
                        }});
  auto id = take(store().write([&](store::Transaction& t) -> Result<std::string> {
    auto made = jobs_->add(t, actor_, {.kind = "flaky", .title = {"作业", "Job"}});
    if (made) QS_CHECK(set_terms(t, *made, {.max_attempts = 2, .pause = 1h}));
    return made;
  }));
  jobs_->start();
  while (runs == 0 || take(jobs_->find(id)).state == State::running) std::this_thread::sleep_for(5ms);
  auto job = take(jobs_->find(id));
  EXPECT_EQ(job.state, State::queued);
  EXPECT_EQ(job.max_attempts, 2);
  EXPECT_GT(*job.run_after - system_clock().now(), 30min);
}

}  // namespace
}  // namespace qushu::jobs
