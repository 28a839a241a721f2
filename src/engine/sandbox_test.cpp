// Declarative: every statement of hostile/*.sql must be refused or answer without the canary and within its time; every
// statement of friendly/*.sql must work. A statement ends with ";" at a line's end; "-- =>" lines give the first row of a
// friendly one.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "qushu/base/text.h"
#include "qushu/engine/engine.h"

#include "temp_folder.h"

namespace qushu::engine {
namespace {

constexpr std::string_view kCanary = "CANARY-7c1e";

struct Case {
  std::string sql, expected;
};

std::vector<Case> cases(const std::filesystem::path& folder, const std::string& secret) {
  std::vector<Case> found;
  std::vector<std::filesystem::path> files(std::filesystem::directory_iterator(folder), {});
  std::ranges::sort(files);
  for (const auto& file : files) {
    std::ifstream in(file);
    Case current;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("-- => ")) {
        found.back().expected = line.substr(6);
        continue;
      }
      if (line.starts_with("--")) continue;
      for (auto at = line.find("${SECRET}"); at != std::string::npos; at = line.find("${SECRET}")) line.replace(at, 9, secret);
      current.sql += line + "\n";
      if (!line.ends_with(';')) continue;
      current.sql.resize(current.sql.size() - 2);
      found.push_back(std::move(current));
      current = {};
    }
  }
  return found;
}

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(settings());
    ASSERT_TRUE(settings_.set("engine.sandbox_memory", "128MiB"));
    engine_ = *Engine::open(settings_, folder_.path() / "scratch");
    shown_ = folder_.path() / "shown.parquet";
    hidden_ = folder_.path() / "hidden.parquet";
    write(shown_,
          "SELECT i AS id, '企业' || i AS name, i * 1.5 AS amount, DATE '2026-01-01' + i::INT AS day, ['浦东','徐汇'][i % 2 + "
          "1] AS area FROM range(1, 101) t(i)");
    write(hidden_, "SELECT '" + std::string(kCanary) + "' AS id, '" + std::string(kCanary) + "' AS name");
    std::ofstream(folder_.path() / "secret.csv") << "a,b\n" << kCanary << ",1\n";
  }
  void write(const std::filesystem::path& file, const std::string& select) {
    ASSERT_TRUE(engine_->execute({.sql = "COPY (" + select + ") TO " + quote_text(file.string()) + " (FORMAT parquet)"}));
  }
  Result<std::string> run(const std::string& sql) {
    SandboxSpec spec{.views = {{"enterprise", "SELECT * FROM " + parquet_scan({shown_})},
                               {"企业登记", "SELECT id AS 编号, name AS 名称 FROM " + parquet_scan({shown_})}},
                     .files = {shown_}};
    QS_TRY(auto sandbox, engine_->sandbox(std::move(spec)));
    QS_TRY(auto cursor, sandbox->run(sql, {}, {.time = std::chrono::milliseconds(1500), .rows = 20'000}));
    std::string text;
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return text;
      for (std::size_t row = 0; row < chunk->rows(); ++row) {
        for (std::size_t column = 0; column < cursor->columns().size(); ++column) {
          if (column > 0) text += '|';
          if (chunk->is_null(column, row))
            text += "∅";
          else
            chunk->append_text(column, row, text);
        }
        text += '\n';
      }
    }
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<Engine> engine_;
  std::filesystem::path shown_, hidden_;
};

TEST_F(SandboxTest, HostileStatementsYieldNothing) {
  auto hostile = cases(std::filesystem::path(QUSHU_ENGINE_CASES) / "hostile", folder_.path().string());
  EXPECT_GE(hostile.size(), 150U);
  for (const auto& c : hostile) {
    auto begun = std::chrono::steady_clock::now();
    auto got = run(c.sql);
    auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_FALSE(got) << c.sql << "\nanswered: " << got.value_or("").substr(0, 200);
    if (!got) {
      auto said = got.error().text.zh + got.error().text.en;
      EXPECT_FALSE(said.contains(kCanary)) << c.sql << "\n" << said;
      EXPECT_NE(got.error().code, Code::internal) << c.sql << "\n" << got.error().detail;
    }
    EXPECT_LT(took, std::chrono::seconds(10)) << c.sql;
  }
}

TEST_F(SandboxTest, FriendlyStatementsWork) {
  auto friendly = cases(std::filesystem::path(QUSHU_ENGINE_CASES) / "friendly", "");
  EXPECT_GE(friendly.size(), 50U);
  for (const auto& c : friendly) {
    auto got = run(c.sql);
    ASSERT_TRUE(got) << c.sql << "\n" << got.error().text.en << "\n" << got.error().detail;
    if (!c.expected.empty()) EXPECT_EQ(got->substr(0, got->find('\n')), c.expected) << c.sql;
  }
}

TEST_F(SandboxTest, AnInstanceThatIsKeptServesOnlyWhatItServedBefore) {
  auto first = [&](const std::string& view, const std::filesystem::path& file, const std::string& sql) -> Result<std::string> {
    QS_TRY(auto sandbox, engine_->sandbox({.views = {{view, "SELECT * FROM " + parquet_scan({file})}}, .files = {file}}));
    QS_TRY(auto cursor, sandbox->run(sql, {}, {.time = std::chrono::milliseconds(1500)}));
    QS_TRY(const auto* chunk, cursor->next());
    std::string text;
    if (chunk != nullptr && chunk->rows() > 0) chunk->append_text(0, 0, text);
    return text;
  };
  const std::string count = "SELECT count(*) FROM ", zone = "SELECT strftime(TIMESTAMPTZ '2026-01-01 00:00:00+00', '%H') FROM ";
  for (int round = 0; round < 3; ++round) {
    auto shown = first("shown", shown_, count + "shown"), hidden = first("hidden", hidden_, count + "hidden");
    ASSERT_TRUE(shown && hidden);
    EXPECT_EQ(first("shown", shown_, count + "hidden").error().id, "sql.table");
    EXPECT_EQ(first("hidden", hidden_, count + "shown").error().id, "sql.table");
    EXPECT_FALSE(first("shown", shown_, count + parquet_scan({hidden_})));
    EXPECT_EQ(first("shown", shown_, zone + "shown LIMIT 1").value_or("?"), "00");
  }
}

TEST_F(SandboxTest, ErrorsSayWhereAndWhat) {
  auto typo = run("SELECT * FROM enterprize");
  ASSERT_FALSE(typo);
  EXPECT_EQ(typo.error().id, "sql.table");
  EXPECT_THAT(typo.error().text.zh, ::testing::HasSubstr("是不是“enterprise”"));
  EXPECT_EQ(typo.error().subject, "position 15");
  auto syntax = run("SELECT 名称 FORM 企业登记");
  ASSERT_FALSE(syntax);
  EXPECT_EQ(syntax.error().id, "sql.syntax");
  auto column = run("SELECT nmae FROM enterprise");
  ASSERT_FALSE(column);
  EXPECT_THAT(column.error().text.en, ::testing::HasSubstr("nmae"));
  EXPECT_EQ(run("SELECT 1; SELECT 2").error().id, "sql.not_select");
  EXPECT_EQ(run("DELETE FROM enterprise").error().id, "sql.not_select");
}

}  // namespace
}  // namespace qushu::engine
