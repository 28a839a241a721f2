#include "qushu/sharing/watermark.h"

#include <algorithm>
#include <fstream>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zip.h>

#include "qushu/tabular/tabular.h"

#include "policy_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(MarkTest, IsFoundWhereverItStands) {
  MarkScanner scanner("key");
  auto mark = hidden_mark("key", 12, 34567);
  scanner.look("张" + mark + "三，李四…“引号”" + mark + mark);
  EXPECT_EQ(scanner.found().size(), 1U);
  EXPECT_EQ(scanner.found().begin()->first, (std::pair<std::uint32_t, std::uint32_t>{12, 34567}));
  EXPECT_EQ(scanner.found().begin()->second, 3U);
  // Neither a part of one, nor one of another key, nor characters without width that somebody else wrote.
  MarkScanner other("another");
  other.look(mark);
  other.look(mark.substr(0, mark.size() - 3));
  other.look("\u200B\u200B\u200D and \u2060");
  EXPECT_THAT(other.found(), IsEmpty());
}

class WatermarkTest : public PolicyTest {
 protected:
  void SetUp() override {
    PolicyTest::SetUp();
    settings_.declare(tabular::settings());
    std::string rows;
    for (int n = 0; n < kRows; ++n)
      rows += fmt::format("{}({}, '{:06d}', '{}路{}号', '街道{}')", n == 0 ? "" : ", ", n + 1, n, n % 37, n, n % 5);
    make("places", "场所", "d1",
         "SELECT CAST(_id AS BIGINT) AS _id, code, address, street FROM (VALUES " + rows + ") t(_id, code, address, street)",
         kRows,
         {{.id = "code", .name = "编号", .key = true}, {.id = "address", .name = "地址"}, {.id = "street", .name = "街道"}});
    dataset_ = take(catalog_->find({.all = true}, "places"));
    take(store().write([&](store::Transaction& t) -> Result<bool> {
      QS_CHECK(catalog_->set_profile(t, dataset_.id, 1,
                                     json::object{{"fields", json::array{json::object{{"id", "address"}, {"distinct", kRows}},
                                                                         json::object{{"id", "street"}, {"distinct", 5}}}}}));
      return true;
    }));
    marks_ = take(Watermarks::open({.store = store(),
                                    .audit = *audit_,
                                    .engine = *engine_,
                                    .settings = settings_,
                                    .clock = clock_,
                                    .key_folder = folder() / "keys"}));
    officer_ = who("o", {"d1"}, {Permission::dataset_read, Permission::share_review});
  }
  // The rows that a receiver's file has.
  std::vector<std::string> exported(int receiver, std::string* visible = nullptr) {
    auto department = fmt::format("r{}", receiver);
    auto terms = take(terms_of(
        *engine_, dataset_,
        {{"fields", json::array{json::object{{"id", "code"}}, json::object{{"id", "address"}}, json::object{{"id", "street"}}}},
         {"methods", json::array{"file"}},
         {"purpose", "场所核查"}},
        calendar_->zone()));
    take(store().write([&](store::Transaction& t) {
      return grants_->add(t, Actor::system(),
                          {.dataset_id = dataset_.id,
                           .dataset_code = "places",
                           .dataset_title = "场所",
                           .provider_id = "d1",
                           .provider_name = "甲局",
                           .department_id = department,
                           .department_name = "部门" + department,
                           .terms = terms});
    }));
    auto user = who("u" + department, {department}, {Permission::dataset_read});
    auto shown = take(policy_->compile_for(user, Use::file, "places"));
    auto marks = take(marks_->begin(user, shown, {"code", "address", "street"}, "csv", std::nullopt));
    EXPECT_EQ(marks.hidden_column, "address") << "the text of the most different values that is no key";
    if (visible != nullptr) *visible = marks.visible;
    auto cursor = take(engine_->run({.sql = fmt::format("SELECT code || ',' || {} || ',' || street FROM ({}) AS t",
                                                        marks.hidden->sql("address"), shown.select),
                                     .params = {},
                                     .limits = {}}));
    std::vector<std::string> out;
    while (const auto* chunk = take(cursor->next()))
      for (std::size_t r = 0; r < chunk->rows(); ++r) chunk->append_text(0, r, out.emplace_back());
    return out;
  }
  std::filesystem::path file(const std::string& name, const std::string& content) {
    auto path = folder() / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  static constexpr int kRows = 3000;
  catalog::Dataset dataset_;
  std::unique_ptr<Watermarks> marks_;
  Actor officer_;
};
QUSHU_ON_BOTH_STORES(WatermarkTest);

TEST_P(WatermarkTest, EachOfAHundredReceiversIsToldFromHalfAFileInAnotherOrder) {
  std::mt19937 dice(3);
  constexpr int kReceivers = 100;
  for (int receiver = 0; receiver < kReceivers; ++receiver) {
    auto rows = exported(receiver);
    ASSERT_EQ(rows.size(), static_cast<std::size_t>(kRows));
    std::ranges::shuffle(rows, dice);
    std::string half = "编号,地址,街道\n";
    for (std::size_t i = 0; i < rows.size() / 2; ++i) half += rows[i] + "\n";
    auto found = take(marks_->read(officer_, file("leaked.csv", half), "leaked.csv"));
    ASSERT_THAT(found, SizeIs(1)) << receiver;
    EXPECT_EQ(found[0].file.department_name, fmt::format("部门r{}", receiver));
    EXPECT_GT(found[0].times, 50U);
  }
}

TEST_P(WatermarkTest, IsReadFromArchivesParquetAndUtf16) {
  std::string visible;
  auto rows = exported(7, &visible);
  EXPECT_THAT(visible, HasSubstr("仅供部门r7使用"));
  std::string text;
  for (const auto& row : rows) text += row + "\n";
  auto whose = [&](const std::filesystem::path& path) {
    auto found = take(marks_->read(officer_, path, path.filename().string()));
    return found.empty() ? std::string() : found[0].file.department_name;
  };
  auto packed = folder() / "a.zip";
  int code = 0;
  auto* zip = zip_open(packed.c_str(), ZIP_CREATE, &code);
  zip_file_add(zip, "xl/sharedStrings.xml", zip_source_buffer(zip, text.data(), text.size(), 0), 0);
  ASSERT_EQ(zip_close(zip), 0);
  EXPECT_EQ(whose(packed), "部门r7");
  auto parquet = folder() / "a.parquet";
  auto csv = file("a.csv", text);
  take(engine_->execute({.sql = fmt::format("COPY (SELECT * FROM (VALUES ({})) t(x)) TO {} (FORMAT parquet)",
                                            engine::quote_text(text), engine::quote_text(parquet.string()))}));
  EXPECT_EQ(whose(parquet), "部门r7");
  std::string wide = "\xFF\xFE";
  for (std::size_t i = 0; i < text.size();) {
    unsigned point = 0xFFFD, n = 1;
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      point = c;
    } else if (c >= 0xE0) {
      point = (c & 0xFU) << 12U | (static_cast<unsigned char>(text[i + 1]) & 0x3FU) << 6U |
              (static_cast<unsigned char>(text[i + 2]) & 0x3FU);
      n = 3;
    }
    wide += static_cast<char>(point & 0xFFU);
    wide += static_cast<char>(point >> 8U);
    i += n;
  }
  EXPECT_EQ(whose(file("w.txt", wide)), "部门r7");
  EXPECT_EQ(whose(file("clean.csv", "编号,地址\n1,一路1号\n")), "");
  EXPECT_FALSE(marks_->read(who("x", {"d2"}, {Permission::dataset_read}), csv, "a.csv"));
}

TEST_P(WatermarkTest, WithoutTextToCarryItOnlyTheColumnIsThere) {
  auto terms = take(terms_of(
      *engine_, dataset_,
      {{"fields", json::array{json::object{{"id", "code"}},
                              json::object{{"id", "address"}, {"mask", json::object{{"kind", "partial"}, {"first", 1}}}}}},
       {"methods", json::array{"file"}},
       {"purpose", "场所核查"}},
      calendar_->zone()));
  take(store().write([&](store::Transaction& t) {
    return grants_->add(
        t, Actor::system(),
        {.dataset_id = dataset_.id, .dataset_code = "places", .provider_id = "d1", .department_id = "d2", .terms = terms});
  }));
  auto user = who("u", {"d2"}, {Permission::dataset_read});
  auto shown = take(policy_->compile_for(user, Use::file, "places"));
  auto marks = take(marks_->begin(user, shown, {"code", "address"}, "csv", 10));
  EXPECT_FALSE(marks.hidden);
  EXPECT_FALSE(marks.visible.empty());
}

}  // namespace
}  // namespace qushu::sharing
