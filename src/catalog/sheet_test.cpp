#include "qushu/catalog/sheet.h"

#include <gmock/gmock.h>

#include "qushu/catalog/grading.h"

#include "sheet_columns.h"

namespace qushu::catalog {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::vector<Node> kTree{{.id = "2", .code = "2", .name = "主题信息资源", .full_code = "2", .path = "主题信息资源"},
                              {.id = "201",
                               .parent_id = "2",
                               .code = "01",
                               .name = "公共服务",
                               .full_code = "201",
                               .path = "主题信息资源 › 公共服务",
                               .depth = 1}};

// Rows by the names of their columns, under a header of those that are used.
std::vector<SheetRow> sheet(const std::vector<std::map<std::string, std::string>>& rows) {
  std::vector<SheetRow> out(1);
  out[0].number = 1;
  for (const auto& column : sheet_columns()) out[0].cells.push_back(column.label.zh + (column.needed ? "*" : ""));
  for (const auto& row : rows) {
    SheetRow made{.number = out.size() + 1, .cells = {}};
    for (const auto& column : sheet_columns()) {
      auto cell = row.find(column.label.zh);
      made.cells.push_back(cell == row.end() ? "" : cell->second);
    }
    out.push_back(std::move(made));
  }
  return out;
}

TEST(SheetTest, ItemsOfAResourceFollowEachOther) {
  auto read = read_sheet(
      "表",
      sheet({{{"类", "主题"},
              {"项", "公共服务"},
              {"信息资源名称", "企业"},
              {"信息资源提供方", "民政局"},
              {"信息资源格式", "3"},
              {"共享类型", "有条件"},
              {"信息项名称", "名称"},
              {"数据类型", "C"},
              {"数据长度", "100"}},
             {{"信息项名称", "金额"}, {"数据类型", "货币型"}, {"信息项级别", "2"}},
             {},
             {{"信息资源名称", "公园"}, {"信息资源提供方", "园林局"}, {"信息项名称", "名称"}, {"标签", "绿地、城市"}}}),
      kTree);
  ASSERT_THAT(read.errors, IsEmpty()) << read.errors[0].column << read.errors[0].expected.zh;
  ASSERT_THAT(read.resources, SizeIs(2));
  const auto& first = read.resources[0].change;
  EXPECT_EQ(first.texts.at("format"), "database");
  EXPECT_EQ(first.texts.at("sharing_type"), "conditional");
  EXPECT_EQ(first.classifications->at(0), "201");
  ASSERT_THAT(first.items, SizeIs(2));
  EXPECT_EQ(first.items[0].length, 100);
  EXPECT_EQ(first.items[1].texts.at("type"), "Y");
  EXPECT_EQ(first.items[1].texts.at("level"), "2");
  EXPECT_EQ(read.resources[1].row, 5U);
  EXPECT_THAT(*read.resources[1].change.tags, SizeIs(2));
}

TEST(SheetTest, EveryFlawIsPlacedAndItsResourceLeftOut) {
  auto read = read_sheet(
      "表",
      sheet({{{"信息资源名称", "坏"},
              {"信息资源提供方", "民政局"},
              {"信息资源格式", "纸"},
              {"信息项名称", "甲"},
              {"数据长度", "很长"}},
             {{"信息资源提供方", "卫健委"}, {"信息项名称", "甲"}},
             {{"数据类型", "C"}},
             {{"信息资源名称", "好"}, {"信息资源提供方", "民政局"}, {"信息项名称", "甲"}},
             {{"类", "主题"}, {"项", "没有"}, {"信息资源名称", "也坏"}, {"信息资源提供方", ""}, {"信息项名称", "甲"}}}),
      kTree);
  EXPECT_EQ(read.refused, 2U);
  ASSERT_THAT(read.resources, SizeIs(1));
  EXPECT_EQ(read.resources[0].title, "好");
  std::string told;
  for (const auto& e : read.errors) told += std::to_string(e.row) + e.column + "=" + e.value + " ";
  EXPECT_THAT(told, HasSubstr("2信息资源格式=纸"));
  EXPECT_THAT(told, HasSubstr("2数据长度=很长"));
  EXPECT_THAT(told, HasSubstr("3信息资源提供方=卫健委"));
  EXPECT_THAT(told, HasSubstr("3信息项名称=甲"));
  EXPECT_THAT(told, HasSubstr("4信息项名称="));
  EXPECT_THAT(told, HasSubstr("6项=没有"));
  EXPECT_THAT(told, HasSubstr("6信息资源提供方="));
  for (const auto& e : read.errors) EXPECT_FALSE(e.expected.zh.empty() || e.expected.en.empty());
}

TEST(SheetTest, WordsByCodeNameBeginningAndNumber) {
  struct Case {
    const char *cell, *code;
  };
  for (const auto& c : std::vector<Case>{{"3", "database"},
                                         {"3 数据库", "database"},
                                         {"数据库", "database"},
                                         {"database", "database"},
                                         {"电子表", "spreadsheet"}})
    ASSERT_TRUE(word_of(formats(), c.cell) != nullptr && word_of(formats(), c.cell)->code == c.code) << c.cell;
  for (const auto* bad : {"", "8", "0", "纸", "电子", "3 电子文件"}) EXPECT_EQ(word_of(formats(), bad), nullptr) << bad;
  EXPECT_EQ(word_of(levels(), "重要数据")->code, "important");
}

TEST(GradingTest, ByNameAndByValue) {
  struct Case {
    const char* name;
    std::vector<std::string> values;
    const char *category, *level;
  };
  for (const auto& c : std::vector<Case>{{"身份证号码", {}, "citizen_id", "3"},
                                         {"编号", {"11010519491231002X", "440524188001010014"}, "citizen_id", "3"},
                                         {"联系", {"13800138000", "010-88886666", "无"}, "phone", "3"},
                                         {"帐户", {"6222021234567890128"}, "bank_card", "4"},
                                         {"信用代码", {"91350100M000100Y43"}, "credit_code", "1"},
                                         {"备注", {"a@b.cn"}, "email", "2"},
                                         {"牌", {"京A12345", "京AD12345"}, "plate", "2"},
                                         {"x", {"张三", "李四光", "王五"}, "person_name", "2"},
                                         {"诊断结果", {}, "health", "4"},
                                         {"家庭住址", {}, "home_address", "3"},
                                         {"一般公共预算收入", {"100", "200"}, "general", "1"},
                                         {"数量", {"1", "2"}, "general", "1"}}) {
    auto p = propose_grade({.id = "f", .name = c.name, .values = c.values}, kGradingLevels);
    EXPECT_EQ(p.category, c.category) << c.name;
    EXPECT_EQ(p.level, c.level) << c.name;
    EXPECT_FALSE(p.reason.zh.empty() || p.reason.en.empty());
  }
  EXPECT_TRUE(check_grading_levels(kGradingLevels));
  EXPECT_FALSE(check_grading_levels("phone=9"));
  EXPECT_FALSE(check_grading_levels("nosuch=1"));
}

}  // namespace
}  // namespace qushu::catalog
