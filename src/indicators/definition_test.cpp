#include "qushu/indicators/definition.h"

#include <gtest/gtest.h>

#include "builtin.h"

namespace qushu::indicators {
namespace {

constexpr std::string_view kGood = R"(indicator: answers
name: {zh: 答复率, en: Answers}
level: quality
unit: "%"
direction: higher
target: 98.5
weight: 4.25
period: quarter
evidence:
  rows: |
    SELECT id FROM register_legal_consultations;
  part: count(*) FILTER (state = 'answered')
  whole: count(*)
)";

std::string changed(std::string_view what, std::string_view to) {
  std::string text(kGood);
  return text.replace(text.find(what), what.size(), to);
}

TEST(IndicatorDefinition, IsRead) {
  auto d = read_definition(kGood).value();
  EXPECT_EQ(d.code, "answers");
  EXPECT_EQ(d.target, (Fraction{.n = 197, .d = 2}));
  EXPECT_EQ(d.weight, 425);
  EXPECT_EQ(d.period, PeriodKind::quarter);
  EXPECT_EQ(d.evidence.rows, "SELECT id FROM register_legal_consultations");  // a statement's end is not part of it
  EXPECT_FALSE(d.grows);
}

TEST(IndicatorDefinition, MistakesHaveLineAndKey) {
  struct Case {
    std::string yaml;
    std::uint32_t line;
    const char* key;
  };
  for (const auto& c :
       {Case{changed("direction: higher", "direction: up"), 5, "direction"},
        Case{changed("target: 98.5", "target: many"), 6, "target"}, Case{changed("weight: 4.25", "weight: 4.255"), 7, "weight"},
        Case{changed("weight: 4.25", "weight: 0"), 7, "weight"}, Case{changed("weight: 4.25", "weight: 100.01"), 7, "weight"},
        Case{changed("period: quarter", "period: week"), 8, "period"},
        Case{changed("level: quality", "level: good"), 3, "level"},
        Case{changed("period: quarter", "period: quarter\nmystery: 1"), 9, "mystery"},
        Case{changed("indicator: answers", "indicator: an-swers"), 1, "indicator"},
        Case{changed("  whole: count(*)\n", ""), 10, "evidence.value"},
        Case{changed("  whole: count(*)\n", "  whole: count(*)\n  value: count(*)\n"), 10, "evidence.value"},
        Case{changed("direction: higher", "direction: lower\ngrows: true"), 6, "grows"}}) {
    auto parsed = parse_definition(c.yaml);
    ASSERT_FALSE(parsed.mistakes.empty()) << c.yaml;
    EXPECT_EQ(parsed.mistakes.front().line, c.line) << c.yaml << parsed.mistakes.front().text.en;
    EXPECT_EQ(parsed.mistakes.front().key, c.key) << parsed.mistakes.front().text.en;
    EXPECT_FALSE(parsed.mistakes.front().text.zh.empty());
  }
  EXPECT_FALSE(parse_definition(std::string(kMostYaml + 1, ' ')).mistakes.empty());
  EXPECT_FALSE(parse_definition("- 1").mistakes.empty());
  EXPECT_FALSE(parse_definition("").mistakes.empty());
  EXPECT_EQ(read_definition("a: [").error().id, "indicator.definition");
}

TEST(IndicatorDefinition, BuiltInOnesAreWhole) {
  ASSERT_GE(builtins().size(), 24U);
  for (const auto& builtin : builtins()) {
    auto d = read_definition(builtin.yaml);
    ASSERT_TRUE(d) << builtin.code << '\n' << d.error().text.en;
    EXPECT_EQ(d->code, builtin.code);
    EXPECT_NE(d->name.zh, d->name.en) << builtin.code;
    EXPECT_NE(d->description.zh, d->description.en) << builtin.code;
    EXPECT_FALSE(d->group.zh.empty()) << builtin.code;
  }
}

}  // namespace
}  // namespace qushu::indicators
