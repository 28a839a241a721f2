#include "qushu/quality/rules.h"

#include <gtest/gtest.h>

namespace qushu::quality {
namespace {

TEST(Rules, EveryKindIsNamedDescribedAndReadBack) {
  std::vector<catalog::Field> fields{{.id = "a", .name = "甲"}, {.id = "n", .name = "数", .type = engine::Type::integer}};
  for (const char* text :
       {R"({"kind": "required", "fields": ["a"]})", R"({"kind": "unique", "fields": ["a", "n"]})",
        R"({"kind": "pattern", "fields": ["a"], "params": {"pattern": "x+"}})",
        R"({"kind": "range", "fields": ["n"], "params": {"min": 1, "max": 2}})",
        R"({"kind": "range", "fields": ["n"], "params": {"max": 2}})",
        R"({"kind": "enumeration", "fields": ["a"], "params": {"values": ["1", "2", "3", "4", "5", "6", "7"]}})",
        R"({"kind": "length", "fields": ["a"], "params": {"min": 3}})",
        R"({"kind": "format", "fields": ["a"], "params": {"format": "email"}})", R"({"kind": "region", "fields": ["a"]})",
        R"({"kind": "expression", "params": {"sql": "n > 0"}})",
        R"({"kind": "reference", "fields": ["a"], "params": {"dataset": "d", "field": "f"}})",
        R"({"kind": "total", "params": {"aggregate": "count", "dataset": "d"}})",
        R"({"kind": "total", "fields": ["n"], "params": {"aggregate": "sum", "dataset": "d", "field": "f"}})",
        R"({"kind": "freshness"})", R"({"kind": "volume", "severity": "stop"})"}) {
    auto rule = rule_of(json::parse(text).as_object(), fields);
    ASSERT_TRUE(rule) << text << rule.error().text.en;
    auto says = describe(*rule, fields);
    EXPECT_FALSE(says.zh.empty()) << text;
    EXPECT_FALSE(says.en.empty()) << text;
    auto again = rule_of(to_json(*rule, fields, Lang::zh), fields);
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->kind, rule->kind);
    EXPECT_EQ(again->params, rule->params);
    EXPECT_EQ(again->fields, rule->fields);
    Kind parsed{};
    EXPECT_TRUE(parse(name(rule->kind), parsed));
    EXPECT_EQ(parsed, rule->kind);
    EXPECT_FALSE(title(rule->kind).zh.empty());
    EXPECT_FALSE(title(dimension_of(rule->kind)).en.empty());
  }
  for (const auto& format : formats()) EXPECT_EQ(find_format(format.code), &format);
  EXPECT_EQ(find_format("nosuch"), nullptr);
}

}  // namespace
}  // namespace qushu::quality
