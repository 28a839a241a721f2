// kill -9 of a writing process: what it said was committed is there, and nothing half.
#include <array>
#include <random>

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

// Writes pairs of rows and reports each commit through the pipe, until it is killed.
[[noreturn]] void write_for_ever(const std::string& url, int pipe, std::int64_t from) {
  auto store = Store::open({.url = url});
  if (!store) _exit(1);
  for (std::int64_t n = from;; n += 2) {
    auto done = (*store)->write([&](Transaction& t) -> Result<int> {
      QS_CHECK(t.exec("INSERT INTO pair (n, half) VALUES (?, 0)", {n}));
      QS_CHECK(t.exec("INSERT INTO pair (n, half) VALUES (?, 1)", {n + 1}));
      return 0;
    });
    if (!done) _exit(2);
    if (write(pipe, &n, sizeof n) != sizeof n) _exit(3);
  }
}

TEST_P(CrashTest, NothingAcknowledgedIsLost) {
  open_with(kMigrations);
  std::mt19937 random(7);
  std::int64_t next = 0;
  for (int round = 0; round < 8; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    auto child = fork();
    if (child == 0) {
      close(ends[0]);
      write_for_ever(url(), ends[1], next);
    }
    close(ends[1]);
    usleep(20'000 + static_cast<useconds_t>(random() % 60'000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::int64_t acknowledged = next - 2, n = 0;
    while (read(ends[0], &n, sizeof n) == sizeof n) acknowledged = n;
    close(ends[0]);

    auto row = store().read(
        [](Session& s) { return s.one("SELECT count(*), coalesce(max(n), -1), coalesce(sum(half), 0) FROM pair"); });
    ASSERT_TRUE(row) << row.error().detail;
    auto rows = (*row)->integer(0);
    EXPECT_GE((*row)->integer(1), acknowledged + 1) << "an acknowledged commit is gone";
    EXPECT_EQ(rows % 2, 0) << "half a transaction is visible";
    EXPECT_EQ((*row)->integer(2) * 2, rows);
    next = (*row)->integer(1) + 1;
  }
  EXPECT_GT(next, 0);
}

}  // namespace
}  // namespace qushu::store
