#include "qushu/engine/engine.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "temp_folder.h"
#include "words.h"

namespace qushu::engine {
namespace {

// n, n * 2 as text (null where n % 10 == 0), the day n, n / 100 as decimal; shared among the scanners in blocks.
class Numbers final : public TableSource {
 public:
  explicit Numbers(std::int64_t count, std::int64_t fail_at = -1) : count_(count), fail_at_(fail_at) {}
  [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }
  [[nodiscard]] std::size_t max_threads() const override { return 4; }
  Result<void> begin() override {
    next_ = 0;
    return {};
  }
  Result<std::unique_ptr<Scanner>> open(const std::vector<std::size_t>& wanted) override {
    return std::make_unique<Reader>(*this, wanted);
  }

 private:
  class Reader final : public Scanner {
   public:
    Reader(Numbers& source, std::vector<std::size_t> wanted) : source_(source), wanted_(std::move(wanted)) {}
    Result<std::size_t> fill(ChunkWriter& into) override {
      auto size = static_cast<std::int64_t>(into.capacity());
      auto from = source_.next_.fetch_add(size);
      if (source_.fail_at_ >= 0 && from + size > source_.fail_at_)
        return fail(Error{.code = Code::invalid, .id = "test.row", .text = {"坏行", "Broken row"}, .subject = "row 7"});
      auto rows = std::max<std::int64_t>(0, std::min(size, source_.count_ - from));
      for (std::int64_t i = 0; i < rows; ++i) put(into, static_cast<std::size_t>(i), from + i);
      return static_cast<std::size_t>(rows);
    }

   private:
    void put(ChunkWriter& into, std::size_t row, std::int64_t n) {
      for (std::size_t c = 0; c < wanted_.size(); ++c) {
        if (wanted_[c] == 0)
          into.integers(c)[row] = n;
        else if (wanted_[c] == 2)
          into.dates(c)[row] = static_cast<std::int32_t>(n % 40'000);
        else if (wanted_[c] == 3)
          into.set_decimal(c, row, n);
        else if (n % 10 == 0)
          into.set_null(c, row);
        else
          into.set_text(c, row, "值" + std::to_string(n * 2));
      }
    }
    Numbers& source_;
    std::vector<std::size_t> wanted_;
  };
  std::int64_t count_, fail_at_;
  std::atomic<std::int64_t> next_{0};
  std::vector<Column> columns_{{.name = "n"}, {.name = "text"}, {.name = "day"}, {.name = "amount"}};

 public:
  void shape() {
    columns_[0].type = Type::integer;
    columns_[2].type = Type::date;
    columns_[3] = {.name = "amount", .type = Type::decimal, .width = 12, .scale = 2};
  }
};

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(settings());
    ASSERT_TRUE(settings_.set("engine.queries", "2"));
    ASSERT_TRUE(settings_.set("engine.queue_timeout", "1s"));
    auto opened = Engine::open(settings_, folder_.path() / "scratch");
    ASSERT_TRUE(opened) << opened.error().detail;
    engine_ = *std::move(opened);
  }
  // The answer as lines of texts, "∅" for null.
  Result<std::vector<std::string>> lines(Query query) {
    QS_TRY(auto cursor, engine_->run(std::move(query)));
    std::vector<std::string> out;
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return out;
      for (std::size_t row = 0; row < chunk->rows(); ++row) {
        std::string line;
        for (std::size_t column = 0; column < cursor->columns().size(); ++column) {
          if (column > 0) line += "|";
          if (chunk->is_null(column, row))
            line += "∅";
          else
            chunk->append_text(column, row, line);
        }
        out.push_back(line);
      }
    }
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, ValuesInTheirCanonicalText) {
  auto got = lines({.sql = "SELECT 1, -2.50::DECIMAL(9,2), 0.1::DOUBLE, true, DATE '2026-11-23', TIME '14:05:09', TIMESTAMP "
                           "'1969-12-31 23:59:59.5', '区枢', NULL::INT, "
                           "[1, 2], -0.05::DECIMAL(38,2), sum(x)::HUGEINT FROM (VALUES "
                           "(170141183460469231731687303715884105727::HUGEINT)) t(x)"});
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_THAT(*got, ::testing::ElementsAre("1|-2.50|0.1|true|2026-11-23|14:05:09|1969-12-31T23:59:59.500000|区枢|∅|[1, "
                                           "2]|-0.05|170141183460469231731687303715884105727"));
}

TEST_F(EngineTest, ParametersAreBound) {
  auto got = lines({.sql = "SELECT $1::BIGINT + 1, $2::VARCHAR, $3::DOUBLE, $4::VARCHAR",
                    .params = {std::int64_t{41}, std::string("'; DROP"), 1.5, std::monostate{}}});
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_THAT(*got, ::testing::ElementsAre("42|'; DROP|1.5|∅"));
  EXPECT_EQ(lines({.sql = "SELECT $1"}).error().id, "sql.params");
}

TEST_F(EngineTest, ColumnsAreRightWhereParametersDecideTheirTypes) {
  auto got = lines({.sql = "SELECT least($1, n) AS a, $2 AS b, [$1, n] AS c, count(*) FROM range(2) t(n) GROUP BY n ORDER BY n",
                    .params = {std::int64_t{0}, 2.5}});
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_THAT(*got, ::testing::ElementsAre("0|2.5|[0, 0]|1", "0|2.5|[0, 1]|1"));
}

TEST_F(EngineTest, ScansOwnDataOnSeveralThreads) {
  Numbers numbers(100'000);
  numbers.shape();
  auto got = lines(
      {.sql = "SELECT count(*), sum(n), count(text), max(amount), min(day) FROM numbers", .tables = {{"numbers", &numbers}}});
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_THAT(*got, ::testing::ElementsAre("100000|4999950000|90000|999.99|1970-01-01"));
  auto none = lines({.sql = "SELECT count(*) FROM numbers", .tables = {{"numbers", &numbers}}});
  ASSERT_TRUE(none) << none.error().detail;
  EXPECT_THAT(*none, ::testing::ElementsAre("100000"));
  auto file = folder_.path() / "out.parquet";
  auto wrote = engine_->execute({.sql = "COPY (SELECT * FROM numbers) TO " + quote_text(file.string()) + " (FORMAT parquet)",
                                 .tables = {{"numbers", &numbers}},
                                 .ordered = false});
  ASSERT_TRUE(wrote) << wrote.error().detail;
  EXPECT_EQ(*wrote, 100'000U);
  auto back = lines({.sql = "SELECT text, amount FROM " + parquet_scan({file}) + " WHERE n = 12345"});
  ASSERT_TRUE(back);
  EXPECT_THAT(*back, ::testing::ElementsAre("值24690|123.45"));
}

TEST_F(EngineTest, AScannersErrorIsTheQuerysError) {
  Numbers numbers(100'000, 50'000);
  numbers.shape();
  auto got = lines({.sql = "SELECT sum(n) FROM numbers", .tables = {{"numbers", &numbers}}});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().id, "test.row");
  EXPECT_EQ(got.error().subject, "row 7");
}

constexpr std::string_view kEndless = "SELECT count(*) FROM range(100000000000) a(x), range(1000) b(y) WHERE x % 7 = y";

TEST_F(EngineTest, StopsAtItsTimeAndWhenCancelled) {
  auto begun = std::chrono::steady_clock::now();
  auto late = lines({.sql = std::string(kEndless), .limits = {.time = std::chrono::milliseconds(200)}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::timed_out);
  std::atomic<bool> stop = false;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop = true;
  });
  auto cancelled = lines({.sql = std::string(kEndless), .limits = {.cancelled = [&] { return stop.load(); }}});
  stopper.join();
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, Code::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
  EXPECT_TRUE(lines({.sql = "SELECT 1"}));
}

TEST_F(EngineTest, RowsAndMemoryAreLimited) {
  EXPECT_EQ(lines({.sql = "SELECT * FROM range(5000)", .limits = {.rows = 3000}}).error().id, "engine.rows");
  EXPECT_TRUE(lines({.sql = "SELECT * FROM range(3000)", .limits = {.rows = 3000}}));
  auto big = lines({.sql = "SELECT list(x) FROM range(1000000000) t(x)"});
  ASSERT_FALSE(big);
  EXPECT_EQ(big.error().code, Code::too_large) << big.error().detail;
}

TEST_F(EngineTest, OnlySoManyAtOnce) {
  auto one = engine_->run({.sql = "SELECT * FROM range(100000)"}), two = engine_->run({.sql = "SELECT * FROM range(100000)"});
  ASSERT_TRUE(one && two);
  EXPECT_EQ(engine_->load().running, 2U);
  EXPECT_EQ(engine_->run({.sql = "SELECT 1"}).error().code, Code::overloaded);
  one->reset();
  EXPECT_TRUE(engine_->run({.sql = "SELECT 1"}));
}

TEST(Words, WhatTheEngineSaysIsSaidInChinese) {
  for (auto [english, chinese] : std::to_array<std::pair<const char*, const char*>>({
           {"Binder Error: Referenced column \"nofield\" not found in FROM clause!", "没有“nofield”这一列"},
           {"syntax error at or near \"SELEC\"", "“SELEC”附近写法不对"},
           {"unterminated quoted string at or near \"'abc\"", "单引号没有成对：'abc"},
           {"Conversion Error: Could not convert string 'x' to INT32", "文本“x”不能转换为 INT32"},
           {"Invalid Input Error: missing ): (", "正则表达式写得不对：("},
           {"Binder Error: something else", "语句有误：something else"},
           {"something: else", "something: else"},
       }))
    EXPECT_EQ(in_chinese(english), chinese);
}

TEST(Words, AnItemsNameIsAnsweredWithItsIdentifier) {
  const std::vector<Label> labels{{.name = "街道", .column = "jie_dao"},
                                  {.name = "街道", .column = "suo_zai_jie_dao"},
                                  {.name = "年度", .column = "nian_du"},
                                  {.name = "id", .column = "id"}};
  auto told = [&](const std::string& message) {
    return with_identifier({.code = Code::invalid, .id = "sql.failed", .text = {"没有这一列", "No such column."}}, message,
                           labels);
  };
  auto one = told("Binder Error: Referenced column \"年度\" not found in FROM clause!\nCandidates");
  EXPECT_EQ(one.text.zh, "没有这一列；“年度”是数据项的名称，这里要写它的标识符 nian_du");
  auto two = told("Binder Error: Table \"p\" does not have a column named \"街道\"");
  EXPECT_EQ(two.text.en, "No such column. “街道” is an item's name; write its identifier here: jie_dao / suo_zai_jie_dao");
  for (const char* other : {"Binder Error: Referenced column \"id\" not found in FROM clause!",
                            "Binder Error: Referenced column \"乡镇\" not found in FROM clause!", "Something else: 年度"})
    EXPECT_EQ(told(other).text.zh, "没有这一列") << other;
}

}  // namespace
}  // namespace qushu::engine
