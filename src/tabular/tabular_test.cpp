#include "qushu/tabular/tabular.h"

#include <fstream>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <xlsxwriter.h>
#include <zlib.h>

#include "infer.h"
#include "temp_folder.h"

namespace qushu::tabular {
namespace {

using engine::Type;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TabularTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(settings());
    settings_.declare(engine::settings());
    engine_ = *engine::Engine::open(settings_, folder_.path() / "engine");
  }
  std::filesystem::path put(const std::string& name, const std::string& bytes) {
    auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::unique_ptr<File> open(const std::filesystem::path& path) {
    auto opened = File::open(path, path.filename().string(), folder_.path(), settings_);
    if (!opened) throw std::runtime_error(opened.error().text.en + opened.error().detail);
    return *std::move(opened);
  }
  TableFacts facts(const std::string& name, const std::string& bytes, const Dialect& given = {}) {
    auto file = open(put(name, bytes));
    auto known = file->analyse(file->tables().at(0), given, {});
    if (!known) throw std::runtime_error(known.error().text.en + known.error().detail);
    return *std::move(known);
  }
  // One column of these cells under a header: its proposed plan.
  ColumnFacts column(const std::string& header, const std::vector<std::string>& cells) {
    std::string text = "序," + header + "\n";
    int n = 0;
    for (const auto& cell : cells) text += fmt::format("行{},\"{}\"\n", ++n, cell);
    return facts("column.csv", text).columns.at(1);
  }
  struct Read {
    std::vector<std::vector<std::string>> rows;
    std::vector<File::RejectedRow> rejected;
    std::uint64_t read = 0, published = 0, lost = 0;
  };
  // Reads all rows as text, sorted by `_id`, through the engine, as publishing does.
  Read read(const std::filesystem::path& path, std::string_view location = "", std::vector<ColumnPlan> plan = {}) {
    auto file = open(path);
    auto known = *file->analyse(location, {}, {});
    if (plan.empty())
      for (const auto& c : known.columns) plan.push_back(c.plan);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < plan.size(); ++i)
      if (!plan[i].skip) ids.push_back(fmt::format("c{}", i));
    Read out;
    auto reading = file->read(location, known.dialect, plan, ids,
                              [&](const File::RejectedRow& row) -> Result<void> {
                                out.rejected.push_back(row);
                                return {};
                              },
                              {});
    EXPECT_TRUE(reading) << reading.error().text.en;
    std::string columns;
    for (const auto& id : ids) columns += fmt::format(", CAST({} AS VARCHAR)", id);
    auto counts = reading->counts;
    auto cursor = engine_->run({.sql = "SELECT _id" + columns + " FROM source ORDER BY _id",
                                .tables = {{.name = "source", .source = reading->source.get()}}});
    EXPECT_TRUE(cursor) << cursor.error().text.en << cursor.error().detail;
    while (true) {
      auto chunk = (*cursor)->next();
      EXPECT_TRUE(chunk) << chunk.error().text.en << chunk.error().detail;
      if (!chunk || !*chunk) break;
      for (std::size_t r = 0; r < (*chunk)->rows(); ++r) {
        std::vector<std::string> row;
        for (std::size_t c = 1; c <= ids.size(); ++c)
          row.push_back((*chunk)->is_null(c, r) ? "∅" : std::string((*chunk)->text(c, r)));
        out.rows.push_back(std::move(row));
      }
    }
    out.read = counts->read;
    out.published = counts->published;
    out.lost = counts->read - counts->published - counts->rejected;
    return out;
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
};

struct TypeCase {
  const char* name;
  std::string header;
  std::vector<std::string> cells;
  Type type;
  std::uint64_t misfits = 0;
  const char* unit = "";
};

std::vector<std::string> times(int n, const std::vector<std::string>& cells) {
  std::vector<std::string> out;
  for (int i = 0; i < n; ++i) out.insert(out.end(), cells.begin(), cells.end());
  return out;
}

TEST_F(TabularTest, TheNarrowestTypeThatAllButAFewFit) {
  auto with = [](std::vector<std::string> cells, const std::string& odd) {
    cells.push_back(odd);
    return cells;
  };
  for (const auto& c : std::vector<TypeCase>{
           {"whole numbers", "人数", {"1", "20", "-300"}, Type::integer},
           {"thousands", "人数", {"1,234", "12", "1,234,567"}, Type::integer},
           {"decimals", "金额", {"1.5", "2.25", "-3"}, Type::decimal},
           {"unit in the header", "金额（万元）", {"1.5", "2", "3"}, Type::decimal, 0, "万元"},
           {"percent", "占比", {"12.5%", "3%", "100%"}, Type::decimal, 0, "%"},
           {"scientific", "值", {"1.5e10", "2E-3", "7"}, Type::number},
           {"leading zeros", "代码", {"001", "002", "010"}, Type::text},
           {"one leading zero among many", "代码", with(times(400, {"12", "34"}), "007"), Type::text},
           {"long digits", "流水号", {"12345678901234567890", "12345678901234567891"}, Type::text},
           {"phones", "电话", {"13800138000", "13900139000"}, Type::text},
           {"years", "年份", {"2023", "2024"}, Type::integer},
           {"iso dates", "日期", {"2024-01-31", "2024-02-29"}, Type::date},
           {"slashes", "日期", {"2024/1/3", "2024/12/31"}, Type::date},
           {"chinese dates", "日期", {"2024年1月3日", "2024年12月31日"}, Type::date},
           {"dots", "日期", {"2024.1.3", "2024.12.31"}, Type::date},
           {"compact dates", "成立日期", {"20240103", "20241231"}, Type::date},
           {"date and time", "时间", {"2024-01-03 08:00:00", "2024-01-03T23:59:59"}, Type::datetime},
           {"times", "时刻", {"08:00", "23:59:59"}, Type::time},
           {"yes and no", "是否", {"是", "否", "是"}, Type::boolean},
           {"one wrong in two hundred", "日期", with(times(100, {"2024-01-01", "2024-01-02"}), "2024-02-30"), Type::date, 1},
           {"three wrong in a hundred", "日期", with(with(with(times(49, {"2024-01-01", "2024-01-02"}), "x"), "y"), "z"),
            Type::text},
           {"words for nothing", "人数", {"1", "—", "-", "无", "/", "2"}, Type::integer},
           {"all empty", "备注", {"", "", ""}, Type::text},
           {"full-width digits", "人数", {"１２", "３４"}, Type::integer},
           {"mixed", "备注", {"1", "甲", "2024-01-01"}, Type::text},
       }) {
    auto found = column(c.header, c.cells);
    EXPECT_EQ(found.plan.type, c.type) << c.name << ": " << engine::name(found.plan.type);
    EXPECT_EQ(found.misfits, c.misfits) << c.name;
    if (*c.unit != 0) EXPECT_EQ(found.plan.unit, c.unit) << c.name;
  }
}

TEST_F(TabularTest, KindsOfTextAreRecognisedByTheirCheckDigits) {
  EXPECT_EQ(column("证件", {"11010519491231002X", "440524188001010014"}).looks_like, "id_card");
  EXPECT_EQ(column("证件", {"110105194912310021", "440524188001010013"}).looks_like, "code");
  EXPECT_EQ(column("统一社会信用代码", {"91350100M000100Y43"}).looks_like, "credit_code");
}

struct Shape {
  const char* name;
  std::string bytes;
  std::vector<std::string> columns;
  std::uint64_t rows;
  std::uint64_t broken = 0;
};

TEST_F(TabularTest, HowTextIsLaidOut) {
  for (const auto& c : std::vector<Shape>{
           {"plain.csv", "a,b\n1,2\n3,4\n", {"a", "b"}, 2},
           {"no_end.csv", "a,b\r\n1,2\r\n3,4", {"a", "b"}, 2},
           {"old_mac.csv", "a,b\r1,2\r3,4\r", {"a", "b"}, 2},
           {"tab.txt", "a\tb\n1\t2\n", {"a", "b"}, 1},
           {"bar.csv", "a|b\n1|2\n", {"a", "b"}, 1},
           {"semicolon.csv", "名称;数量\n甲,乙;2\n丙;3\n", {"名称", "数量"}, 2},
           {"quoted.csv", "a,b\n\"x, y\",\"he said \"\"no\"\"\"\n\"two\nlines\",2\n", {"a", "b"}, 2},
           {"title.csv", "2024年度企业登记表,,\n,,\n代码,名称,人数\n01,甲,3\n", {"代码", "名称", "人数"}, 1},
           {"no_header.csv", "1,2024-01-01\n2,2024-01-02\n", {"列1", "列2"}, 2},
           {"twice.csv", "名称,名称,\n甲,乙,丙\n", {"名称", "名称 (2)"}, 1, 1},
           {"blank_lines.csv", "a,b\n\n1,2\n\n\n3,4\n\n", {"a", "b"}, 2},
           {"trailing.csv", "a,b,\n1,2,\n3,4,\n", {"a", "b"}, 2},
           {"too_wide.csv", "a,b\n1,2\n1,2,3\n4,5\n6,7\n", {"a", "b"}, 4, 1},
           {"too_short.csv", "a,b,c\n1,2,3\n1,2\n4,5,6\n7,8,9\n", {"a", "b", "c"}, 4, 1},
           {"mostly_short.csv", "a,b,备注\n1,2\n3,4\n5,6,x\n7,8\n", {"a", "b", "备注"}, 4},
           {"open_quote.csv", "a,b\n1,2\n3,\"never ends\n5,6\n", {"a", "b"}, 3, 1},
           {"one_column.csv", "名称\n甲\n乙\n", {"名称"}, 2},
           {"header_only.csv", "a,b,c\n", {"a", "b", "c"}, 0},
       }) {
    auto found = facts(c.name, c.bytes);
    std::vector<std::string> names;
    for (const auto& column : found.columns) names.push_back(column.plan.name);
    EXPECT_EQ(names, c.columns) << c.name;
    EXPECT_EQ(found.rows, c.rows) << c.name;
    EXPECT_EQ(found.broken_rows, c.broken) << c.name;
    EXPECT_EQ(found.note.has_value(), c.rows == 0) << c.name;
  }
}

TEST_F(TabularTest, EveryEncodingGivesTheSameText) {
  const std::string gbk = "\xC3\xFB\xB3\xC6,\xCA\xFD\n\xBC\xD7,1\n";  // 名称,数 / 甲,1
  const std::string utf8 = "名称,数\n甲,1\n";
  std::string utf16("\xFF\xFE", 2);
  for (char16_t c : std::u16string(u"名称,数\n甲,1\n")) {
    utf16 += static_cast<char>(c & 0xFF);
    utf16 += static_cast<char>(c >> 8);
  }
  for (const auto& [encoding, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"gb18030", gbk}, {"utf-8", utf8}, {"utf-8-bom", "\xEF\xBB\xBF" + utf8}, {"utf-16le", utf16}}) {
    auto found = facts(encoding + ".csv", bytes);
    EXPECT_EQ(found.dialect.encoding, encoding);
    EXPECT_EQ(found.columns.at(0).plan.name, "名称") << encoding;
    EXPECT_THAT(found.preview, ElementsAre(ElementsAre("甲", "1"))) << encoding;
  }
  // Plain at the front and GBK far behind: nothing is lost to the guess.
  std::string late = "a,b\n";
  for (int i = 0; i < 200000; ++i) late += "abc,1\n";
  for (int i = 0; i < 40000; ++i) late += "\xC3\xFB\xB3\xC6,2\n";
  EXPECT_EQ(facts("late.csv", late).broken_rows, 0U);
}

TEST_F(TabularTest, ReadIsPublishedAndRejectedAndEveryRejectSaysWhy) {
  std::string text = "代码,日期,人数\n";
  for (int i = 1; i <= 300; ++i) text += fmt::format("{:04},2024-01-{:02},{}\n", i, i % 28 + 1, i);
  text += "0301,2024-02-30,5\n0302,2024-01-01,many\n0303,bad,worse\n0304,2024-01-01\n0305,2024-01-01,7\n";
  auto out = read(put("r.csv", text));
  EXPECT_EQ(out.read, 305U);
  EXPECT_EQ(out.published, 301U);
  EXPECT_EQ(out.lost, 0U);
  EXPECT_EQ(out.rows.size(), 301U);
  EXPECT_THAT(out.rows.front(), ElementsAre("0001", "2024-01-02", "1"));
  EXPECT_THAT(out.rows.back(), ElementsAre("0305", "2024-01-01", "7"));
  ASSERT_EQ(out.rejected.size(), 4U);
  std::map<std::uint64_t, File::RejectedRow> by_line;
  for (const auto& row : out.rejected) by_line[row.line] = row;
  EXPECT_EQ(by_line.at(302).misfits.at(0).value, "2024-02-30");
  EXPECT_EQ(by_line.at(302).misfits.at(0).column, "日期");
  EXPECT_EQ(by_line.at(304).misfits.size(), 2U);  // a row is rejected once, with all that is wrong with it
  EXPECT_EQ(by_line.at(305).misfits.at(0).column, "");
  EXPECT_EQ(by_line.at(304).raw, "0303,bad,worse");
  for (const auto& row : out.rejected)
    for (const auto& m : row.misfits) EXPECT_FALSE(m.reason.zh.empty());
}

TEST(Value, DatesAndTimesInOneGoAreThoseOfTwo) {
  for (std::string_view text : {"2026-11-23", "2026/1/2", "2026-11-23 00:00:00", "2026-11-23T00:00:00", "2026-11-23 0:00:00",
                                "2026-11-23 00:00", "2026-11-23 14:05", "2026-11-23T14:05:09Z", "2026-11-23 14:05:09.25+08:00",
                                "2026-11-23 25:00", "2026-02-30", "2026-11-2x", "2026-11-23 ", "2026-11-23 10:10:10 ",
                                "2026-1-1-1", "20261123", "2026-11-23T", "2026年1月2日", "2026-11-23 14:05:09+9:99"}) {
    std::int32_t days = 0, days_alone = 0;
    std::int64_t micros = 0, micros_alone = 0;
    auto found = parse_dated(text, days, micros);
    bool day = parse_date(text, false, days_alone), time = parse_datetime(text, false, micros_alone);
    EXPECT_EQ(found, day ? Dated::day : time ? Dated::time : Dated::neither) << text;
    if (day) EXPECT_EQ(days, days_alone) << text;
    if (found == Dated::time) EXPECT_EQ(micros, micros_alone) << text;
  }
}

// Eight digits at a time must find what one at a time finds.
TEST(Value, NumbersOfAnyLengthAreReadExactly) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto length = random() % 20; text.size() < length;) text += static_cast<char>('0' + random() % 10);
    auto point = random() % (text.size() + 3);
    if (point < text.size()) text.insert(point, ".");
    if (random() % 4 == 0) text.insert(0, "-");
    // Now and then one sign that does not belong there.
    bool spoilt = random() % 5 == 0 && !text.empty();
    if (spoilt) text[random() % text.size()] = "/:x \x80"[random() % 5];
    std::string digits;
    std::size_t points = 0, scale = 0;
    bool good = !spoilt;
    for (std::size_t at = text.starts_with('-') ? 1 : 0; at < text.size() && good; ++at) {
      points += text[at] == '.' ? 1 : 0;
      if (text[at] != '.') digits += text[at], scale += points;
    }
    Number n;
    good = good && !digits.empty();
    ASSERT_EQ(parse_number(text, n), good) << text;
    if (!good) continue;
    __int128 value = 0;
    for (char c : digits) value = value * 10 + (c - '0');
    ASSERT_TRUE(n.unscaled == (text.starts_with('-') ? -value : value)) << text;
    ASSERT_EQ(n.scale, static_cast<int>(scale)) << text;
  }
}

TEST(ColumnTally, FullWidthSignsAreReadWhereverTheyStand) {
  ColumnTally tally;
  std::string buffer;
  Weighed weighed;
  for (std::string_view cell : {"１２", "3４", "56"}) tally.add({.line = 2, .raw = cell, .cells = {cell}}, 0, buffer, weighed);
  EXPECT_EQ(tally.decide("数", 0).plan.type, engine::Type::integer);
}

// Threads are done with their blocks in any order.
TEST(ColumnTally, ExamplesAreTheFirstValuesWhoeverSawThem) {
  std::array<ColumnTally, 2> parts;
  std::string buffer;
  Weighed weighed;
  auto add = [&](ColumnTally& tally, std::uint64_t line, std::string_view cell) {
    tally.add({.line = line, .raw = cell, .cells = {cell}}, 0, buffer, weighed);
  };
  for (std::uint64_t line = 2; line < 12; line += 2) {
    add(parts[0], line, fmt::format("值{}", line));
    add(parts[1], line + 1, line == 4 ? "值2" : fmt::format("值{}", line + 1));
  }
  for (auto order : {std::array{0U, 1U}, std::array{1U, 0U}}) {
    ColumnTally whole;
    for (auto part : order) whole.merge(parts.at(part));
    EXPECT_THAT(whole.decide("列", 0.01).examples, ElementsAre("值2", "值3", "值4", "值6", "值7"));
  }
}

// One pass must say what two passes say, whether the front told the truth or not.
TEST_F(TabularTest, ASurveyFindsWhatAnAnalysisFinds) {
  std::string usual = "代码,日期,金额（万元）,备注\n", late = "说明,数\n", broken = "a,b,c\n", late_zero = "数,说明\n";
  for (int i = 0; i < 300000; ++i) {
    usual += fmt::format("{:06},2024-01-{:02},{}.{:02},{}\n", i, i % 28 + 1, i, i % 100, i % 3 == 0 ? "" : "说明");
    late += fmt::format("某某区某某街道第{}号,{}\n", i, i < 290000 ? "12" : "不是数");
    broken += i % 1000 == 7 ? "1,2\n" : fmt::format("{},x,{}\n", i, i % 5000 == 3 ? "y" : "4");
    late_zero += fmt::format("{},{}\n", (i < 280000 ? "" : "0") + std::to_string(i), "某某区某某街道");
  }
  for (const auto& [name, text, kept] :
       {std::tuple{"usual.csv", usual, true}, std::tuple{"late.csv", late, false}, std::tuple{"broken.csv", broken, true},
        std::tuple{"late_zero.csv", late_zero, false}}) {
    auto path = put(name, text);
    auto two = facts(name, text);
    auto file = open(path);
    auto ids_of = [](const std::vector<ColumnPlan>& plan) -> Result<std::vector<std::string>> {
      std::vector<std::string> ids;
      for (std::size_t i = 0; i < plan.size(); ++i) ids.push_back(fmt::format("c{}", i));
      return ids;
    };
    std::atomic<std::uint64_t> rejects = 0;
    auto sink = [&](const File::RejectedRow&) -> Result<void> {
      ++rejects;
      return {};
    };
    std::string copied;
    auto copy = [&](const SharedBytes& bytes) -> Result<void> {
      copied += bytes.bytes;
      return {};
    };
    auto survey = file->survey("", {.ids_of = ids_of, .rejects = sink, .copy = copy});
    ASSERT_TRUE(survey && *survey) << name;
    auto written = engine_->execute({.sql = "COPY (SELECT * FROM source) TO " +
                                            engine::quote_text((folder_.path() / "out.parquet").string()) + " (FORMAT parquet)",
                                     .tables = {{.name = "source", .source = (*survey)->reading.source.get()}},
                                     .ordered = false});
    ASSERT_TRUE(written) << written.error().detail;
    EXPECT_EQ(*written + rejects, two.rows) << name;
    EXPECT_TRUE(copied == text) << name;
    auto one = (*survey)->facts();
    ASSERT_TRUE(one) << name;
    EXPECT_EQ(one->rows, two.rows) << name;
    EXPECT_EQ(one->broken_rows, two.broken_rows) << name;
    EXPECT_EQ(one->rejected, two.rejected) << name;
    EXPECT_EQ(one->preview, two.preview) << name;
    ASSERT_EQ(one->first_misfits.size(), two.first_misfits.size()) << name;
    for (std::size_t i = 0; i < two.columns.size(); ++i) {
      const auto &a = one->columns[i], &b = two.columns[i];
      EXPECT_EQ(a.plan, b.plan) << name << " " << b.plan.name;
      EXPECT_EQ(a.examples, b.examples) << name << " " << b.plan.name;
      EXPECT_EQ(std::tuple(a.values, a.empty, a.misfits, a.looks_like), std::tuple(b.values, b.empty, b.misfits, b.looks_like))
          << name;
    }
    bool as_guessed = true;
    for (std::size_t i = 0; i < two.columns.size(); ++i) as_guessed = as_guessed && (*survey)->guess[i] == two.columns[i].plan;
    EXPECT_EQ(as_guessed, kept) << name;
  }
}

// Long texts are read where they lie, quoted ones are made anew: both must outlast their row.
TEST_F(TabularTest, TextsOutlastTheirRow) {
  std::string text = "\xEF\xBB\xBF编号,说明\n";
  for (int i = 0; i < 60000; ++i) {
    auto plain = fmt::format("某某区某某街道第{}号院内的一段很长的说明文字，长到放不进十二个字节", i);
    text += i % 3 == 0 ? fmt::format("A{},\"{}\"\"引\"\"{}\"\n", i, plain, i) : fmt::format("A{}, {} \n", i, plain);
  }
  auto path = put("long.csv", text);
  auto out = read(path, "", {{.name = "编号", .type = Type::text}, {.name = "说明", .type = Type::text}});
  ASSERT_EQ(out.rows.size(), 60000U);
  std::map<std::string, std::string> by_code;
  for (const auto& row : out.rows) by_code[row.at(0)] = row.at(1);
  for (int i = 0; i < 60000; ++i) {
    auto plain = fmt::format("某某区某某街道第{}号院内的一段很长的说明文字，长到放不进十二个字节", i);
    ASSERT_EQ(by_code[fmt::format("A{}", i)], i % 3 == 0 ? fmt::format("{}\"引\"{}", plain, i) : plain);
  }
}

TEST_F(TabularTest, OnlyWhatIsReadWhereItLiesIsCopiedOnTheWay) {
  auto ids_of = [](const std::vector<ColumnPlan>& plan) -> Result<std::vector<std::string>> {
    return std::vector<std::string>(plan.size(), "c");
  };
  auto copy = [](const SharedBytes&) -> Result<void> { return {}; };
  auto utf16 = put("utf16.csv", std::string("\xFF\xFE\x61\0\x2C\0\x62\0\x0A\0\x31\0\x2C\0\x32\0\x0A\0", 18));
  auto json = put("rows.json", R"([{"a": 1}, {"a": 2}])");
  EXPECT_TRUE(File::is_text(utf16, "utf16.csv"));
  EXPECT_FALSE(File::is_text(json, "rows.json"));
  for (const auto& path : {utf16, json}) {
    auto file = open(path);
    auto survey = file->survey(file->tables().front(), {.ids_of = ids_of, .copy = copy});
    ASSERT_TRUE(survey) << path;
    EXPECT_FALSE(*survey) << path;
  }
}

TEST_F(TabularTest, ACorrectedPlanReadsTheSameFileOtherwise) {
  auto path = put("c.csv", "a,b,c\n1,2024-01-01,x\n2,2024-01-02,y\n");
  auto out =
      read(path, "", {{.name = "a", .type = Type::text}, {.name = "b", .type = Type::text}, {.name = "c", .skip = true}});
  EXPECT_THAT(out.rows, ElementsAre(ElementsAre("1", "2024-01-01"), ElementsAre("2", "2024-01-02")));
  out = read(path, "",
             {{.name = "a", .type = Type::decimal, .width = 5, .scale = 2},
              {.name = "b", .type = Type::datetime},
              {.name = "c", .type = Type::integer}});
  EXPECT_EQ(out.published, 0U);
  EXPECT_EQ(out.rejected.size(), 2U);
}

TEST_F(TabularTest, AFixedColumnHasItsTextInEveryRowAndIsReadLikeACell) {
  auto path = put("c.csv", "a,b\n1,x\n2,\n");
  auto out = read(path, "",
                  {{.name = "a", .type = Type::integer},
                   {.name = "b", .skip = true},
                   {.name = "year", .type = Type::integer, .fixed = "2023"},
                   {.name = "from", .type = Type::text, .fixed = "一季度"}});
  EXPECT_THAT(out.rows, ElementsAre(ElementsAre("1", "2023", "一季度"), ElementsAre("2", "2023", "一季度")));
  out = read(path, "", {{.name = "a"}, {.name = "b"}, {.name = "year", .type = Type::integer, .fixed = "二三"}});
  EXPECT_EQ(out.published, 0U);
  ASSERT_EQ(out.rejected.size(), 2U);
  EXPECT_EQ(out.rejected[0].misfits.at(0).column, "year");
  auto file = File::open(path, "c.csv", folder_.path(), settings_);
  ASSERT_TRUE(file);
  auto few = (*file)->read((*file)->tables().front(), {}, {{.name = "a"}, {.name = "from", .fixed = "甲"}}, {"a", "f"}, {}, {});
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().id, "tabular.columns_changed");
}

TEST_F(TabularTest, AWorkbookAsPeopleMakeIt) {
  auto path = folder_.path() / "表.xlsx";
  auto* book = workbook_new(path.c_str());
  auto* first = workbook_add_worksheet(book, "企业");
  auto* bold = workbook_add_format(book);
  worksheet_merge_range(first, 0, 0, 0, 4, "企业登记情况", bold);
  worksheet_merge_range(first, 1, 0, 2, 0, "代码", nullptr);
  worksheet_merge_range(first, 1, 1, 2, 1, "成立日期", nullptr);
  worksheet_merge_range(first, 1, 2, 1, 3, "人数", nullptr);
  worksheet_write_string(first, 2, 2, "男", nullptr);
  worksheet_write_string(first, 2, 3, "女", nullptr);
  worksheet_merge_range(first, 1, 4, 2, 4, "资金（万元）", nullptr);
  auto* date = workbook_add_format(book);
  format_set_num_format(date, "yyyy-mm-dd");
  for (std::uint32_t r = 0; r < 20; ++r) {
    worksheet_write_string(first, r + 3, 0, fmt::format("{:04}", r + 1).c_str(), nullptr);
    worksheet_write_number(first, r + 3, 1, 45000 + r, date);
    worksheet_write_number(first, r + 3, 2, r, nullptr);
    worksheet_write_number(first, r + 3, 3, r * 2, nullptr);
    worksheet_write_formula_num(first, r + 3, 4, "=C1*1.5", nullptr, r * 1.5);
  }
  auto* second = workbook_add_worksheet(book, "说明");
  worksheet_write_string(second, 0, 0, "填表说明", nullptr);
  workbook_close(book);
  auto file = open(path);
  EXPECT_THAT(file->tables(), ElementsAre(HasSubstr("企业"), HasSubstr("说明")));
  auto location = file->tables().at(0);
  auto known = *file->analyse(location, {}, {});
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const auto& c : known.columns) {
    names.push_back(c.plan.name);
    types.push_back(c.plan.type);
  }
  EXPECT_THAT(names, ElementsAre("代码", "成立日期", "人数·男", "人数·女", "资金（万元）"));
  EXPECT_THAT(types, ElementsAre(Type::text, Type::date, Type::integer, Type::integer, Type::decimal));
  EXPECT_EQ(known.rows, 20U);
  auto out = read(path, location);
  EXPECT_THAT(out.rows.at(1), ElementsAre("0002", "2023-03-16", "1", "2", "1.5"));
  EXPECT_TRUE(file->analyse(file->tables().at(1), {}, {})->rows == 0);
}

TEST_F(TabularTest, JsonInItsShapes) {
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"a.json", R"([{"代码":"01","n":1,"深":{"甲":true}},{"代码":"02","n":2.5,"列":[1,2]}])"},
           {"b.json", R"({"total":2,"data":[{"代码":"01","n":1,"深":{"甲":true}},{"代码":"02","n":2.5,"列":[1,2]}]})"},
           {"c.ndjson", "{\"代码\":\"01\",\"n\":1,\"深\":{\"甲\":true}}\n{\"代码\":\"02\",\"n\":2.5,\"列\":[1,2]}\n"}}) {
    auto found = facts(name, text);
    EXPECT_EQ(found.rows, 2U) << name;
    EXPECT_EQ(found.columns.at(0).plan.name, "代码") << name;
    EXPECT_EQ(found.columns.at(0).plan.type, Type::text) << name;
    EXPECT_EQ(found.columns.at(1).plan.type, Type::decimal) << name;
  }
  auto broken = facts("d.ndjson", "{\"a\":1}\nnot json\n{\"a\":2}\n");
  EXPECT_EQ(broken.rows, 3U);
  EXPECT_EQ(broken.broken_rows, 1U);
}

TEST_F(TabularTest, WhatIsNoTableIsRefusedWithAReason) {
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"a.pdf", "%PDF-1.7 ..."},
           {"a.xls", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"},
           {"a.zip", std::string("PK\x03\x04", 4) + "damaged"},
           {"a.csv.gz", std::string("\x1F\x8B\x08\x00", 4) + "damaged"},
           {"a.png", std::string("\x89PNG\r\n\x1A\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x06", 26)}}) {
    auto opened = File::open(put(name, bytes), name, folder_.path(), settings_);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, Code::invalid) << name;
    EXPECT_FALSE(opened.error().text.zh.empty()) << name;
  }
}

TEST_F(TabularTest, ABombIsStoppedAtItsLimit) {
  ASSERT_TRUE(settings_.set("tabular.expansion_limit", "2MiB"));
  auto path = folder_.path() / "bomb.csv.gz";
  auto* out = gzopen(path.c_str(), "wb9");
  std::string zeros(1 << 20, '0');
  for (int i = 0; i < 64; ++i) gzwrite(out, zeros.data(), static_cast<unsigned>(zeros.size()));
  gzclose(out);
  auto opened = File::open(path, "bomb.csv.gz", folder_.path(), settings_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::too_large);
}

TEST_F(TabularTest, BlocksDoNotShowInTheRows) {
  // Far more than one block, with quotes and line breaks across their borders.
  std::string text = "编号,说明,数\n";
  for (int i = 0; i < 120000; ++i) text += fmt::format("{:07},\"第{}行\n有换行, 和逗号\",{}\n", i, i, i % 1000);
  auto out = read(put("big.csv", text));
  EXPECT_EQ(out.published, 120000U);
  EXPECT_EQ(out.rejected.size(), 0U);
  for (int i : {0, 1, 59999, 119999})
    EXPECT_THAT(out.rows.at(static_cast<std::size_t>(i)),
                ElementsAre(fmt::format("{:07}", i), fmt::format("第{}行\n有换行, 和逗号", i), std::to_string(i % 1000)));
}

}  // namespace
}  // namespace qushu::tabular
