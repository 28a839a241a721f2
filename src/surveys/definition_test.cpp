#include "qushu/surveys/definition.h"

#include <gmock/gmock.h>

#include "builtin.h"

namespace qushu::surveys {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kGood = R"(survey: visits
name: {zh: 走访, en: Visits}
mode: links
opens: 2026-12-01T09:00
closes: 2026-12-31T18:00
results: [department, "role:operator"]
sections:
  - title: {zh: 总体, en: All in all}
    questions:
      - {code: overall, title: {zh: 满意吗, en: Satisfied}, type: scale, points: 5, labels: [很不满意, 很满意], satisfied: [4, 5], required: true}
      - {code: used, title: 用过, type: choices, least: 1, most: 2, choices: [{code: a, label: 甲}, {code: b, label: 乙}, {code: c, label: 丙}]}
      - {code: said, title: 意见, type: text, max_length: 300}
)";

TEST(SurveyDefinitionTest, IsRead) {
  auto d = read_definition(kGood).value();
  EXPECT_EQ(d.code, "visits");
  EXPECT_EQ(to_text(*d.closes), "2026-12-31T18:00");
  const auto& overall = *d.question("overall");
  EXPECT_THAT(overall.options, SizeIs(5));
  EXPECT_EQ(overall.options[0].label.zh, "很不满意");
  EXPECT_EQ(overall.options[4].label.zh, "很满意");
  EXPECT_TRUE(overall.options[2].label.zh.empty());
  EXPECT_FALSE(overall.options[2].satisfied);
  EXPECT_TRUE(overall.options[3].satisfied);
  EXPECT_EQ(overall.subject, "overall");
  EXPECT_EQ(d.question("used")->most, 2U);
  EXPECT_EQ(d.question("said")->max_length, 300U);
}

TEST(SurveyDefinitionTest, TellsWhatIsWrongWhereItStands) {
  struct Case {
    std::string from, to, key;
    std::uint32_t line;
  };
  const Case kCases[] = {
      {"mode: links", "mode: secret", "mode", 3},
      {"closes: 2026-12-31T18:00", "closes: 2026-11-31T18:00", "closes", 5},
      {"closes: 2026-12-31T18:00", "closes: 2026-11-30T18:00", "closes", 5},
      {"[department, \"role:operator\"]", "[somebody]", "results", 6},
      {"points: 5", "points: 12", "sections[0].questions[0].points", 10},
      {"[很不满意, 很满意]", "[很不满意, 一般, 很满意]", "sections[0].questions[0].labels", 10},
      {"satisfied: [4, 5]", "satisfied: [4, 6]", "sections[0].questions[0].satisfied", 10},
      {"type: scale", "type: stars", "sections[0].questions[0].type", 10},
      {"code: used", "code: overall", "sections[0].questions[1].code", 11},
      {"least: 1, most: 2", "least: 3, most: 2", "sections[0].questions[1].least", 11},
      {"code: b, label", "code: a, label", "sections[0].questions[1].choices[1].code", 11},
      {"max_length: 300", "max_length: 0", "sections[0].questions[2].max_length", 12},
      {"max_length: 300", "satisfied: [x]", "sections[0].questions[2].satisfied", 12},
      {"mode: links", "mode: links\nquestion: true", "question", 4},
      {"mode: links", "mode: links\ncolour: red", "colour", 4},
  };
  for (const auto& c : kCases) {
    std::string text(kGood);
    text.replace(text.find(c.from), c.from.size(), c.to);
    auto parsed = parse_definition(text);
    EXPECT_THAT(parsed.mistakes, Contains(AllOf(Field(&Mistake::key, c.key), Field(&Mistake::line, c.line)))) << c.to;
  }
}

TEST(SurveyDefinitionTest, NeedsAQuestion) {
  auto parsed = parse_definition("survey: a\nname: 甲\nmode: public\nsections: []\n");
  EXPECT_THAT(parsed.mistakes, ElementsAre(Field(&Mistake::key, "sections")));
}

TEST(SurveyDefinitionTest, WhatComesWithQushuIsGoodAndInBothLanguages) {
  for (const auto& builtin : builtins()) {
    auto parsed = parse_definition(builtin.yaml);
    EXPECT_THAT(parsed.mistakes, IsEmpty());
    EXPECT_EQ(parsed.definition.code, builtin.code);
    for (const auto& section : parsed.definition.sections)
      for (const auto& q : section.questions) EXPECT_NE(q.title.zh, q.title.en) << q.code;
  }
}

}  // namespace
}  // namespace qushu::surveys
