// kill -9 of a writing process: what it said was committed is there, and nothing half.
#include <algorithm>
#include <array>
#include <random>
#include <ranges>
#include <thread>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"

namespace qushu::store {
namespace {

const std::array kMigrations{
    Migration{.id = "test.0001", .sql = "CREATE TABLE pair (n BIGINT PRIMARY KEY, half BIGINT NOT NULL);"}};

class CrashTest : public testing::StoreTest {};
QUSHU_ON_BOTH_STORES(CrashTest);

constexpr std::size_t kThreads = 4;
constexpr std::int64_t kApart = 1'000'000'000;

// Threads write pairs of rows, each in its own range, and report each commit through the pipe, until all are killed.
[[noreturn]] void write_for_ever(const std::string& url, int pipe, const std::array<std::int64_t, kThreads>& from) {
  auto store = Store::open({.url = url});
  if (!store) _exit(1);
  std::vector<std::thread> threads;
  for (auto first : from) {
    threads.emplace_back([&, first] {
      for (std::int64_t n = first;;) {
        auto done = (*store)->write([&](Transaction& t) -> Result<int> {
          QS_CHECK(t.exec("INSERT INTO pair (n, half) VALUES (?, 0)", {n}));
          QS_CHECK(t.exec("INSERT INTO pair (n, half) VALUES (?, 1)", {n + 1}));
          return 0;
        });
        // PostgreSQL may give up after ten collisions.
        if (!done && done.error().id != "store.busy") _exit(2);
        if (!done) continue;
        if (write(pipe, &n, sizeof n) != sizeof n) _exit(3);
        n += 2;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  _exit(4);
}

// Takes what was reported into `acknowledged`, until every thread has reported once or nothing comes for a minute.
bool every_thread_reports(int pipe, const std::array<std::int64_t, kThreads>& next,
                          std::array<std::int64_t, kThreads>& acknowledged) {
  std::int64_t n = 0;
  while (std::ranges::any_of(std::views::iota(std::size_t{0}, kThreads),
                             [&](auto k) { return acknowledged.at(k) == next.at(k); })) {
    pollfd waiting{.fd = pipe, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, 60'000) <= 0 || read(pipe, &n, sizeof n) != sizeof n) return false;
    acknowledged.at(static_cast<std::size_t>(n / kApart)) = n + 2;
  }
  return true;
}

// Kills at a moment within the time in which all write, however long a slow machine takes to come there.
TEST_P(CrashTest, NothingAcknowledgedIsLost) {
  open_with(kMigrations);
  std::mt19937 random(7);
  std::array<std::int64_t, kThreads> next{};
  for (std::size_t k = 0; k < kThreads; ++k) next.at(k) = static_cast<std::int64_t>(k) * kApart;
  auto first = next;
  for (int round = 0; round < 8; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    auto child = fork();
    if (child == 0) {
      close(ends[0]);
      write_for_ever(url(), ends[1], next);
    }
    close(ends[1]);
    auto acknowledged = next;
    EXPECT_TRUE(every_thread_reports(ends[0], next, acknowledged));
    usleep(static_cast<useconds_t>(random() % 60'000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it gave up by itself: " << WEXITSTATUS(status);
    std::int64_t n = 0;
    while (read(ends[0], &n, sizeof n) == sizeof n) acknowledged.at(static_cast<std::size_t>(n / kApart)) = n + 2;
    close(ends[0]);

    for (std::size_t k = 0; k < kThreads; ++k) {
      auto row = store().read([&](Session& s) {
        return s.one("SELECT count(*), coalesce(max(n), ?), coalesce(sum(half), 0) FROM pair WHERE n >= ? AND n < ?",
                     {first.at(k) - 1, first.at(k), first.at(k) + kApart});
      });
      ASSERT_TRUE(row) << row.error().detail;
      auto rows = (*row)->integer(0), end = (*row)->integer(1) + 1;
      EXPECT_GE(end, acknowledged.at(k)) << "an acknowledged commit is gone";
      EXPECT_EQ(rows, end - first.at(k)) << "one between is gone";
      EXPECT_EQ((*row)->integer(2) * 2, rows) << "half a transaction is visible";
      next.at(k) = end;
    }
  }
}

}  // namespace
}  // namespace qushu::store
