#include "qushu/query/export.h"

#include <fstream>

#include <gmock/gmock.h>
#include <zip.h>

#include "json_out.h"
#include "temp_folder.h"

namespace qushu::query {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Export : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    auto opened = engine::Engine::open(settings_, folder_.path() / "scratch");
    ASSERT_TRUE(opened);
    engine_ = *std::move(opened);
  }

  std::unique_ptr<engine::Cursor> cursor(std::string sql) {
    auto cursor = engine_->run({.sql = std::move(sql)});
    EXPECT_TRUE(cursor) << (cursor ? "" : cursor.error().detail);
    return cursor ? *std::move(cursor) : nullptr;
  }

  WriteOptions options() { return {.engine = engine_.get(), .folder = folder_.path()}; }

  std::string text(Format format, std::string sql, const WriteOptions& with = {}) {
    std::string out;
    auto rows = write_rows(
        format, *cursor(std::move(sql)),
        [&](std::string_view bytes) -> Result<void> {
          out += bytes;
          return {};
        },
        with);
    EXPECT_TRUE(rows) << (rows ? "" : rows.error().text.en + rows.error().detail);
    return out;
  }

  static std::string member(const std::filesystem::path& file, const char* name) {
    int error = 0;
    auto* archive = zip_open(file.c_str(), ZIP_RDONLY, &error);
    if (archive == nullptr) return "not a zip file";
    zip_stat_t stat;
    std::string out;
    if (zip_stat(archive, name, 0, &stat) == 0) {
      out.resize(stat.size);
      auto* entry = zip_fopen(archive, name, 0);
      zip_fread(entry, out.data(), out.size());
      zip_fclose(entry);
    }
    zip_close(archive);
    return out;
  }

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {})) - 1;  // scratch
  }

  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
};

constexpr const char* kEverything =
    "SELECT '大安\"路' AS t, 7::BIGINT AS i, CAST(-12.5 AS DECIMAL(12, 2)) AS d, 0.1::DOUBLE AS x, true AS b, DATE "
    "'2024-02-29' AS "
    "day, TIME '14:05:09.5' AS tm, TIMESTAMP '1969-12-31 23:59:59' AS ts UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, "
    "NULL, NULL";

TEST_F(Export, Csv) {
  EXPECT_EQ(text(Format::csv, kEverything),
            "t,i,d,x,b,day,tm,ts\r\n\"大安\"\"路\",7,-12.50,0.1,true,2024-02-29,14:05:09.500000,"
            "1969-12-31T23:59:59\r\n,,,,,,,\r\n");
  EXPECT_EQ(text(Format::csv, "SELECT '' AS a, NULL::VARCHAR AS b, ' x' AS c, 'a,b' AS d, E'l1\\nl2' AS e"),
            "a,b,c,d,e\r\n\"\",,\" x\",\"a,b\",\"l1\nl2\"\r\n");
  EXPECT_THAT(text(Format::csv, "SELECT 1 AS a", {.headers = {"甲"}, .bom = true}), StartsWith("\xEF\xBB\xBF甲\r\n1"));
  EXPECT_EQ(text(Format::csv, "SELECT 1 AS a WHERE false"), "a\r\n");
}

struct Formula {
  const char *text, *written;
};
class CsvFormula : public Export, public ::testing::WithParamInterface<Formula> {};

TEST_P(CsvFormula, TextStaysText) {
  std::string literal(GetParam().text);
  auto sql = "SELECT " + engine::quote_text(literal) + " AS a";
  EXPECT_EQ(text(Format::csv, sql), "a\r\n" + std::string(GetParam().written) + "\r\n");
  EXPECT_THAT(text(Format::csv, sql, {.raw = true}), Not(HasSubstr("'" + literal)));
}

INSTANTIATE_TEST_SUITE_P(Csv, CsvFormula,
                         ::testing::Values(Formula{"=1+1", "\"'=1+1\""},
                                           Formula{"=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""},
                                           Formula{"@SUM(A1)", "\"'@SUM(A1)\""}, Formula{"+cmd", "\"'+cmd\""},
                                           Formula{"-2+cmd", "\"'-2+cmd\""}, Formula{"\t=1", "\"'\t=1\""}, Formula{"-5", "-5"},
                                           Formula{"+86 138", "+86 138"}, Formula{"-", "-"}, Formula{"a=1", "a=1"}));

TEST_F(Export, JsonAndNdjson) {
  EXPECT_EQ(
      text(Format::json, kEverything),
      "[\n{\"t\":\"大安\\\"路\",\"i\":7,\"d\":-12.50,\"x\":0.1,\"b\":true,\"day\":\"2024-02-29\",\"tm\":\"14:05:09.500000\","
      "\"ts\":\"1969-12-31T23:59:59\"},\n{\"t\":null,\"i\":null,\"d\":null,\"x\":null,\"b\":null,\"day\":null,\"tm\":null,"
      "\"ts\":null}\n]\n");
  EXPECT_EQ(text(Format::ndjson, "SELECT i AS n, E'\\t\\x01' AS c FROM range(2) t(i)"),
            "{\"n\":0,\"c\":\"\\t\\u0001\"}\n{\"n\":1,\"c\":\"\\t\\u0001\"}\n");
  EXPECT_EQ(text(Format::json, "SELECT 1 AS a WHERE false"), "[\n]\n");
  EXPECT_EQ(text(Format::ndjson, "SELECT 9007199254740993 AS i, 'nan'::DOUBLE AS x, 12345678901234567.89::DECIMAL(20,2) AS d"),
            "{\"i\":\"9007199254740993\",\"x\":\"nan\",\"d\":\"12345678901234567.89\"}\n");
}

TEST_F(Export, JsonIsJsonForEveryByte) {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  std::string out;
  append_json_text(all, out);
  EXPECT_EQ(boost::json::parse(out).as_string(), all);
}

TEST_F(Export, Table) {
  EXPECT_EQ(text(Format::table, "SELECT '某某街道' AS 街道, 12 AS n UNION ALL SELECT 'a', NULL"),
            "街道       n\n────────  ──\n某某街道  12\na           \n");
}

TEST_F(Export, ParquetComesBackAsItWas) {
  auto file = write_file(Format::parquet, *cursor(kEverything), options());
  ASSERT_TRUE(file) << file.error().text.en << file.error().detail;
  EXPECT_EQ(file->rows, 2U);
  EXPECT_EQ(text(Format::csv, "SELECT * FROM " + engine::parquet_scan({file->path})), text(Format::csv, kEverything));
  file->keep.reset();
  EXPECT_EQ(files(), 0U);
  // Columns of one name are told apart; more rows than one chunk.
  auto twice =
      write_file(Format::parquet, *cursor("SELECT i AS a, i * 2 AS a, '值' || i AS b FROM range(10000) t(i)"), options());
  ASSERT_TRUE(twice) << twice.error().detail;
  EXPECT_EQ(text(Format::csv, "SELECT sum(a), sum(a_2), count(DISTINCT b) FROM " + engine::parquet_scan({twice->path}),
                 {.headers = {"a", "b", "c"}}),
            "a,b,c\r\n49995000,99990000,10000\r\n");
}

TEST_F(Export, XlsxHoldsNoFormula) {
  auto file = write_file(
      Format::xlsx,
      *cursor("SELECT '=1+1' AS a, 123456789012345678 AS big, 1.5::DECIMAL(5,2) AS d, DATE "
              "'2024-02-29' AS day, DATE '1850-01-01' AS old, TIMESTAMP '2024-02-29 12:00:00' AS ts, "
              "NULL::VARCHAR AS none"),
      {.headers = {"甲", "大数", "小数", "日", "旧日", "时刻", "空"}, .sheet = "企业[2024]/*", .folder = folder_.path()});
  ASSERT_TRUE(file) << file.error().text.en << file.error().detail;
  auto sheet = member(file->path, "xl/worksheets/sheet1.xml");
  EXPECT_THAT(sheet, Not(HasSubstr("<f>")));
  EXPECT_THAT(sheet, HasSubstr("<t>=1+1</t>"));
  EXPECT_THAT(sheet, HasSubstr("<t>123456789012345678</t>"));
  EXPECT_THAT(sheet, HasSubstr("<v>1.5</v>"));
  EXPECT_THAT(sheet, HasSubstr("<v>45351</v>"));
  EXPECT_THAT(sheet, HasSubstr("<t>1850-01-01</t>"));
  EXPECT_THAT(sheet, HasSubstr("<v>45351.5</v>"));
  EXPECT_THAT(sheet, HasSubstr("<t>甲</t>"));
  EXPECT_THAT(member(file->path, "xl/workbook.xml"), HasSubstr("name=\"企业 2024\""));
}

TEST_F(Export, XlsxRefusesWhatExcelCannotHold) {
  auto file = write_file(Format::xlsx, *cursor("SELECT NULL::BIGINT AS a FROM range(1048576)"), options());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::too_large);
  EXPECT_THAT(file.error().text.en, HasSubstr("1,048,575"));
  EXPECT_EQ(files(), 0U);
}

TEST_F(Export, ASinkThatFailsStopsIt) {
  int calls = 0;
  auto rows = write_rows(Format::csv, *cursor("SELECT * FROM range(100000000) t(i)"), [&](std::string_view) -> Result<void> {
    ++calls;
    return fail(Code::cancelled, "test.gone", "走了", "gone");
  });
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::cancelled);
  EXPECT_EQ(calls, 1);
}

TEST_F(Export, FormatsHaveNames) {
  for (auto format : {Format::table, Format::csv, Format::json, Format::ndjson, Format::parquet, Format::xlsx}) {
    Format again = Format::table;
    EXPECT_TRUE(parse(name(format), again));
    EXPECT_EQ(again, format);
    EXPECT_FALSE(content_type(format).empty());
  }
  Format none = Format::table;
  EXPECT_FALSE(parse("xml", none));
}

}  // namespace
}  // namespace qushu::query
