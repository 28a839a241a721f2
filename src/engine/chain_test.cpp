#include "qushu/engine/chain.h"

#include <gmock/gmock.h>

#include "temp_folder.h"

namespace qushu::engine {
namespace {

// The numbers 0 … count-1, to be read once.
class OnePass final : public TableSource {
 public:
  explicit OnePass(std::int64_t count) : count_(count) {}
  [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }
  Result<std::unique_ptr<Scanner>> open(const std::vector<std::size_t>& wanted) override {
    ++opened;
    return std::make_unique<Reader>(*this, wanted.size());
  }
  int opened = 0;

 private:
  class Reader final : public Scanner {
   public:
    Reader(OnePass& source, std::size_t wanted) : source_(source), wanted_(wanted) {}
    Result<std::size_t> fill(ChunkWriter& into) override {
      auto rows = std::min<std::int64_t>(static_cast<std::int64_t>(into.capacity()), source_.count_ - source_.next_);
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::size_t c = 0; c < wanted_; ++c) into.integers(c)[i] = source_.next_ + i;
      source_.next_ += rows;
      return static_cast<std::size_t>(rows);
    }

   private:
    OnePass& source_;
    std::size_t wanted_;
  };
  std::int64_t count_, next_ = 0;
  std::vector<Column> columns_{{.name = "n", .type = Type::integer}};
};

class ChainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(settings());
    engine_ = *Engine::open(settings_, folder_.path() / "scratch");
    input_ = folder_.path() / "input.parquet";
    auto made = engine_->execute(
        {.sql = "COPY (SELECT i AS _id, i AS n, 'K' || i AS code, ['甲', '乙'][i % 2 + 1] AS area, CASE WHEN i % 10 = 0 THEN "
                "'x' ELSE CAST(i AS VARCHAR) END AS amount FROM range(1, 1001) t(i)) TO " +
                quote_text(input_.string()) + " (FORMAT parquet)"});
    ASSERT_TRUE(made) << made.error().detail;
  }
  ChainSpec spec(std::vector<ChainStep> steps) {
    return {.views = {{.name = "input", .sql = "SELECT * FROM " + parquet_scan({input_})}},
            .files = {input_},
            .steps = std::move(steps)};
  }
  std::string text(Cursor& cursor) {
    std::string out;
    for (;;) {
      auto chunk = cursor.next();
      if (!chunk) return "error: " + chunk.error().text.en + " @ " + chunk.error().subject;
      if (*chunk == nullptr) return out;
      for (std::size_t r = 0; r < (*chunk)->rows(); ++r) {
        for (std::size_t c = 0; c < cursor.columns().size(); ++c) {
          if (c > 0) out += '|';
          if ((*chunk)->is_null(c, r))
            out += "∅";
          else
            (*chunk)->append_text(c, r, out);
        }
        out += '\n';
      }
    }
  }
  std::string run(const std::string& sql) {
    auto cursor = engine_->run({.sql = sql});
    return cursor ? text(**cursor) : cursor.error().detail;
  }
  Error refused(ChainSpec s) {
    auto chain = engine_->chain(std::move(s));
    EXPECT_FALSE(chain);
    return chain ? Error{} : chain.error();
  }

  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<Engine> engine_;
  std::filesystem::path input_;
};

TEST_F(ChainTest, StepsReadWhatWasBeforeThem) {
  auto chain = engine_->chain(
      spec({{.name = "clean", .sql = "SELECT n, area, TRY_CAST(amount AS INTEGER) AS amount FROM input;"},
            {.name = "per_area", .sql = "SELECT area, sum(amount) AS total, count(*) AS n FROM clean GROUP BY area -- all"},
            {.name = "joined", .sql = "SELECT c.n, p.total FROM clean c JOIN per_area p USING (area) ORDER BY c.n"}}));
  ASSERT_TRUE(chain) << chain.error().text.en << chain.error().detail;
  EXPECT_EQ((*chain)->columns(1)[1].name, "total");
  EXPECT_EQ((*chain)->columns(1)[1].type, Type::decimal);  // a sum of integers
  EXPECT_EQ((*chain)->count(0, {}).value_or(0), 1000U);
  EXPECT_EQ((*chain)->count(1, {}).value_or(0), 2U);
  auto rows = (*chain)->rows(2, 1, {});
  ASSERT_TRUE(rows) << rows.error().text.en;
  EXPECT_EQ(text(**rows), "1|250000\n");
  EXPECT_EQ((*chain)->lineage(1).columns[1].from, (std::set<Origin>{{.relation = "clean", .column = "amount"}}));
  EXPECT_EQ((*chain)->lineage(0).columns[2].from, (std::set<Origin>{{.relation = "input", .column = "amount"}}));
}

TEST_F(ChainTest, WritesTheLastStepWithIdsOfItsOwn) {
  auto s = spec({{.name = "keep", .sql = "SELECT * FROM input WHERE n <= 5"},
                 {.name = "shape", .sql = "SELECT *, [n, n] AS pair, n::HUGEINT * 2 AS big FROM keep ORDER BY n DESC"}});
  s.output = folder_.path() / "out.parquet";
  auto chain = engine_->chain(s);
  ASSERT_TRUE(chain) << chain.error().text.en;
  auto written = (*chain)->write(100, {});
  ASSERT_TRUE(written) << written.error().text.en << written.error().detail;
  EXPECT_EQ(*written, 5U);
  EXPECT_EQ(run("SELECT * FROM " + parquet_scan({s.output}) + " ORDER BY _id LIMIT 2"),
            "100|5|K5|乙|5|[5, 5]|10\n101|4|K4|甲|4|[4, 4]|8\n");
}

TEST_F(ChainTest, ASampleCutsOnlyTheInputThatItNames) {
  auto s =
      spec({{.name = "a", .sql = "SELECT n FROM input"}, {.name = "b", .sql = "SELECT a.n FROM a JOIN other o ON a.n = o.n"}});
  s.views.push_back({.name = "other", .sql = "SELECT n FROM " + parquet_scan({input_})});
  s.sampled = "input";
  s.sample = 10;
  auto chain = engine_->chain(s);
  ASSERT_TRUE(chain) << chain.error().text.en;
  EXPECT_EQ((*chain)->count(0, {}).value_or(0), 10U);
  EXPECT_EQ((*chain)->count(1, {}).value_or(0), 10U);
}

TEST_F(ChainTest, ASourceIsReadOnceHoweverOftenItIsNamed) {
  OnePass source(5000);
  ChainSpec s{.views = {},
              .tables = {{.name = "input", .source = &source}},
              .steps = {{.name = "twice", .sql = "SELECT a.n, b.n AS m FROM input a JOIN input b ON a.n = b.n"}},
              .output = folder_.path() / "twice.parquet"};
  auto chain = engine_->chain(s);
  ASSERT_TRUE(chain) << chain.error().text.en << chain.error().detail;
  auto written = (*chain)->write(1, {});
  ASSERT_TRUE(written) << written.error().text.en << written.error().detail;
  EXPECT_EQ(*written, 5000U);
}

TEST_F(ChainTest, ParametersAreTyped) {
  auto s =
      spec({{.name = "a",
             .sql = "SELECT n, $day + 1 AS next, $factor * n AS scaled, $nothing AS nothing, $word AS word FROM input WHERE n "
                    "<= $most AND $yes AND $at > TIMESTAMP '2026-01-01'"}});
  s.parameters = {{.name = "day", .type = Type::date, .value = "2026-02-28"},
                  {.name = "factor", .type = Type::number, .value = "1.5"},
                  {.name = "nothing", .type = Type::text, .value = {}},
                  {.name = "word", .type = Type::text, .value = "'; DROP"},
                  {.name = "most", .type = Type::integer, .value = "1"},
                  {.name = "yes", .type = Type::boolean, .value = "true"},
                  {.name = "at", .type = Type::datetime, .value = "2026-11-23T14:05:09Z"}};
  auto chain = engine_->chain(s);
  ASSERT_TRUE(chain) << chain.error().text.en << chain.error().detail;
  auto rows = (*chain)->rows(0, 0, {});
  ASSERT_TRUE(rows) << rows.error().text.en;
  EXPECT_EQ(text(**rows), "1|2026-03-01|1.5|∅|'; DROP\n");
  s.parameters[4].value = "many";
  EXPECT_EQ(refused(s).subject, "steps[0].sql parameters.most");
  s.parameters.erase(s.parameters.begin() + 4);
  EXPECT_THAT(refused(s).text.en, ::testing::HasSubstr("$most is not declared"));
}

TEST_F(ChainTest, ErrorsNameTheStepAndThePlace) {
  struct Bad {
    std::string first, second, id, subject, en;
  };
  const std::vector<Bad> bad{
      {"SELECT n FROM input", "SELECT m FROM a", "sql.failed", "steps[1].sql position 8", "“m” not found|m"},
      {"SELECT 数量 FROM input", "SELECT n FROM a", "sql.failed", "steps[0].sql position 8", "数量"},
      {"SELECT n FORM input", "SELECT n FROM a", "sql.syntax", "steps[0].sql", "Step “First”"},
      {"SELECT n FROM input", "\n SELECT n FROM b", "sql.table", "steps[1].sql position", "no dataset named"},
      {"SELECT n FROM input", "SELECT n FROM input; DELETE FROM input", "sql.not_select", "steps[1].sql", "Only one"},
  };
  for (const auto& b : bad) {
    auto error = refused(spec({{.name = "a", .sql = b.first, .title = "First"}, {.name = "b", .sql = b.second}}));
    EXPECT_EQ(error.id, b.id) << b.first << " / " << b.second << ": " << error.text.en;
    EXPECT_THAT(error.subject, ::testing::StartsWith(b.subject)) << b.second;
    EXPECT_THAT(error.text.en, ::testing::HasSubstr(b.en.substr(b.en.find('|') + 1)));
  }
  auto chain = engine_->chain(spec({{.name = "a", .sql = "SELECT n, amount FROM input"},
                                    {.name = "b", .sql = "SELECT CAST(amount AS INTEGER) AS amount FROM a"}}));
  ASSERT_TRUE(chain) << chain.error().text.en;
  auto rows = (*chain)->rows(1, 0, {});
  auto said = rows ? text(**rows) : rows.error().text.en + " @ " + rows.error().subject;
  EXPECT_THAT(said, ::testing::HasSubstr("Step “b”"));
  EXPECT_THAT(said, ::testing::HasSubstr("steps[1].sql position 8"));
}

TEST_F(ChainTest, HostileStepsReachNothing) {
  auto secret = folder_.path() / "secret.parquet";
  ASSERT_TRUE(engine_->execute({.sql = "COPY (SELECT 'CANARY' AS s) TO " + quote_text(secret.string()) + " (FORMAT parquet)"}));
  auto out = (folder_.path() / "out.parquet").string();
  for (const auto& sql : std::vector<std::string>{"SELECT * FROM read_parquet(" + quote_text(secret.string()) + ")",
                                                  "SELECT * FROM " + quote_text(secret.string()),
                                                  "SELECT * FROM \"qushu input input\"",
                                                  "SELECT * FROM qushu_scan(1)",
                                                  "SELECT * FROM duckdb_settings()",
                                                  "SELECT getenv('HOME') FROM input",
                                                  "SELECT 1) , b AS (SELECT 2",
                                                  "SELECT * FROM a",
                                                  "SELECT * FROM later",
                                                  "COPY (SELECT 1) TO " + quote_text(out),
                                                  "ATTACH " + quote_text(out),
                                                  "PRAGMA version",
                                                  "SET threads = 1",
                                                  "SELECT * FROM query('SELECT 1')",
                                                  "SELECT 1; SELECT 2",
                                                  "SELECT 1 /*",
                                                  "SELECT 'open",
                                                  "SELECT * FROM pg_catalog.pg_class",
                                                  "SELECT * FROM main.input",
                                                  "SELECT nextval('x')",
                                                  "SELECT * FROM glob('/*')"}) {
    auto s = spec({{.name = "a", .sql = sql}, {.name = "later", .sql = "SELECT 1 AS one"}});
    s.output = out;
    auto error = refused(s);
    EXPECT_EQ(error.code, Code::invalid) << sql << ": " << error.text.en << error.detail;
    EXPECT_FALSE(error.text.en.contains("CANARY")) << sql;
  }
}

TEST_F(ChainTest, IsBoundedInTimeAndSpace) {
  auto endless = spec({{.name = "a", .sql = "SELECT sum(a.i * b.i) AS s FROM range(1000000) a(i), range(1000000) b(i)"}});
  endless.output = folder_.path() / "out.parquet";
  auto chain = engine_->chain(endless);
  ASSERT_TRUE(chain) << chain.error().text.en;
  auto stopped = (*chain)->write(1, {.time = std::chrono::milliseconds(300)});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::timed_out);
  auto big = spec({{.name = "a", .sql = "SELECT list(md5(CAST(i AS VARCHAR))) AS l FROM range(5000000) t(i)"}});
  big.output = folder_.path() / "big.parquet";
  big.memory = 64ULL << 20U;
  big.spill = 1ULL << 20U;
  auto narrow = engine_->chain(big);
  ASSERT_TRUE(narrow) << narrow.error().text.en;
  auto full = (*narrow)->write(1, {});
  ASSERT_FALSE(full);
  EXPECT_TRUE(full.error().code == Code::too_large || full.error().code == Code::storage_full) << full.error().detail;
  EXPECT_THAT(full.error().text.zh, ::testing::HasSubstr("步骤“a”"));
}

TEST_F(ChainTest, SpillsWhatMemoryDoesNotHold) {
  auto s = spec({{.name = "a", .sql = "SELECT i, md5(CAST(i AS VARCHAR)) AS h FROM range(600000) t(i)"},
                 {.name = "b", .sql = "SELECT * FROM a ORDER BY h"}});
  s.output = folder_.path() / "sorted.parquet";
  s.memory = 100ULL << 20U;
  auto chain = engine_->chain(s);
  ASSERT_TRUE(chain) << chain.error().text.en;
  auto written = (*chain)->write(1, {.time = std::chrono::seconds(120)});
  ASSERT_TRUE(written) << written.error().text.en << written.error().detail;
  EXPECT_EQ(*written, 600'000U);
}

}  // namespace
}  // namespace qushu::engine
