#include "qushu/registers/definition.h"

#include <gtest/gtest.h>

#include "builtin.h"
#include "number.h"

namespace qushu::registers {
namespace {

constexpr std::string_view kGood = R"(register: loan
name: {zh: 借用登记, en: Loans}
number: JY-{year}-{seq:3}
fields:
  - {name: item, label: {zh: 物品, en: Item}, type: text, required: true}
  - {name: count, label: 数量, type: number, min: 1, max: 99}
  - name: size
    label: {zh: 大小, en: Size}
    type: choice
    choices: [{code: small, label: 小}, {code: large, label: 大}]
  - {name: price, label: 单价, type: money}
  - {name: total, label: 总价, type: computed, as: money, formula: count * price}
  - {name: taken, label: 借出, type: date, initial: today}
  - {name: back, label: 归还, type: date}
states:
  - {name: out, label: 借出, deadline: 3}
  - {name: done, label: 已还, final: true, locked: true}
transitions:
  - {name: return, label: 归还, from: [out], to: done, who: [own, "role:operator+department"], require: [back]}
checks:
  - {formula: taken <= back, message: 归还不能早于借出。}
reminders: [{field: back, days: [3, 1]}]
permissions: {see: [everyone]}
)";

TEST(Definition, ReadsAll) {
  auto d = read_definition(kGood);
  ASSERT_TRUE(d) << d.error().text.en;
  EXPECT_EQ(d->code, "loan");
  EXPECT_EQ(d->title, "item");
  EXPECT_EQ(d->fields.size(), 7U);
  EXPECT_EQ(d->field("count")->max, 99);
  EXPECT_EQ(d->field("total")->decimals, 2);
  EXPECT_EQ(d->states[0].deadline, 3);
  EXPECT_EQ(d->transition("return")->who.at(1).size(), 2U);
  EXPECT_EQ(d->permissions.see.at(0).at(0).kind, Term::Kind::everyone);
  // What was left out is filled in.
  EXPECT_EQ(d->views.size(), 1U);
  EXPECT_EQ(d->form.at(0).fields.size(), 7U);
  EXPECT_EQ(d->calendar, (std::vector<std::string>{"taken", "back"}));
  ASSERT_EQ(d->print.size(), 1U);
  EXPECT_EQ(d->print[0].title.zh, "借用登记");
  EXPECT_EQ(d->print[0].sections.at(0).fields.size(), 7U);
}

TEST(Definition, SaysHowItIsPrintedAndWhoIsTold) {
  auto d = read_definition(std::string(kGood) + R"(calendar: [back]
print:
  - name: slip
    label: 借用单
    across: 3
    paper: landscape
    sections:
      - {section: 物品, fields: [item, count]}
      - {section: 检查, columns: [{label: 部位}, {label: 情况, width: 3}], lines: 4}
      - {section: 经过, history: true}
    signatures: [{label: 借用人}, {label: 保管人}]
)");
  ASSERT_TRUE(d) << d.error().text.en;
  EXPECT_EQ(d->calendar, (std::vector<std::string>{"back"}));
  const auto& form = d->print.at(0);
  EXPECT_TRUE(form.landscape);
  EXPECT_EQ(form.across, 3);
  EXPECT_EQ(form.sections.at(1).columns.at(1).width, 3);
  EXPECT_TRUE(form.sections.at(2).history);
  EXPECT_EQ(form.signatures.size(), 2U);
}

struct Case {
  std::string_view change, to;  // in the good one
  std::uint32_t line;
  std::string_view key, says;  // part of the English text
};

class Mistaken : public ::testing::TestWithParam<Case> {};

TEST_P(Mistaken, IsToldWithItsPlace) {
  const auto& c = GetParam();
  std::string text(kGood);
  auto at = text.find(c.change);
  ASSERT_NE(at, std::string::npos) << c.change;
  text.replace(at, c.change.size(), c.to);
  auto parsed = parse_definition(text);
  ASSERT_FALSE(parsed.mistakes.empty());
  const auto& m = parsed.mistakes.front();
  EXPECT_EQ(m.line, c.line);
  EXPECT_EQ(m.key, c.key);
  EXPECT_NE(m.text.en.find(c.says), std::string::npos) << m.text.en;
  EXPECT_FALSE(m.text.zh.empty());
  EXPECT_FALSE(read_definition(text));
}

INSTANTIATE_TEST_SUITE_P(Definition, Mistaken,
                         ::testing::Values(Case{"register: loan", "register: Loan-1", 1, "register", "lower-case"},
                                           Case{"{zh: 借用登记, en: Loans}", "{zh: 借用登记}", 2, "name.en", "missing"},
                                           Case{"JY-{year}-{seq:3}", "JY-{year}", 3, "number", "{seq}"},
                                           Case{"type: text", "type: string", 5, "fields[0].type", "long_text"},
                                           Case{"required: true", "required: yes", 5, "fields[0].required", "true or false"},
                                           Case{"required: true", "requird: true", 5, "fields[0].requird", "unknown key"},
                                           Case{"min: 1,", "min: 1.5,", 6, "fields[1].min", "whole number"},
                                           Case{"name: count", "name: item", 6, "fields[1].name", "already"},
                                           Case{"name: count", "name: a__b", 6, "fields[1].name", "single underscores"},
                                           Case{"code: large", "code: small", 10, "fields[2].choices[1].code", "already"},
                                           Case{"count * price", "count * cost", 12, "fields[4].formula", "“cost”"},
                                           Case{"initial: today", "initial: soon", 13, "fields[5].initial", "today"},
                                           Case{"to: done", "to: gone", 19, "transitions[0].to", "“gone”"},
                                           Case{"who: [own", "who: [boss", 19, "transitions[0].who", "“boss”"},
                                           Case{"require: [back]", "require: [bak]", 19, "transitions[0].require", "“bak”"},
                                           Case{"taken <= back", "taken + back", 21, "checks[0].formula", "condition"},
                                           Case{"see: [everyone]", "create: [own]", 23, "permissions.create", "no record yet"},
                                           Case{"deadline: 3", "deadline: 0", 16, "states[0].deadline", "1 to 1000"},
                                           Case{"name: {zh: 借用登记, en: Loans}", "name: &a {zh: 甲, en: A}", 2, "",
                                                "Anchors"},
                                           Case{"name: {zh: 借用登记, en: Loans}", "name: [", 3, "", "not YAML"}));

TEST(Definition, ReadsWhateverComes) {
  for (std::string_view text : {"", "---", "a", "- a", "[]", "{}", "register: loan", "\xff", "a: *b", "? [a]\n: b", "fields: 3",
                                "fields: [3, [], {}]"}) {
    auto parsed = parse_definition(text);
    EXPECT_FALSE(parsed.mistakes.empty()) << text;
  }
  std::string deep(5000, '[');
  EXPECT_FALSE(parse_definition(deep).mistakes.empty());
  EXPECT_FALSE(parse_definition(std::string(kMostYaml + 1, 'a')).mistakes.empty());
}

TEST(Definition, TheBuiltInOnesAreGood) {
  ASSERT_FALSE(builtins().empty());
  for (const auto& builtin : builtins()) {
    auto d = read_definition(builtin.yaml);
    ASSERT_TRUE(d) << builtin.code << '\n' << d.error().text.en;
    EXPECT_EQ(d->code, builtin.code);
    EXPECT_NE(d->name.zh, d->name.en) << builtin.code;
    EXPECT_FALSE(d->description.zh.empty()) << builtin.code;
    for (const auto& f : d->fields) EXPECT_NE(f.label.zh, f.label.en) << builtin.code << '.' << f.name;
    for (const auto& s : d->states) EXPECT_NE(s.label.zh, s.label.en) << builtin.code << '.' << s.name;
  }
}

TEST(Numbers, AreExact) {
  EXPECT_EQ(parse_decimal("1,234.5", 2), 123'450);
  EXPECT_EQ(parse_decimal("-0.01", 2), -1);
  EXPECT_EQ(parse_decimal("12.500", 1), 125);
  EXPECT_EQ(parse_decimal("92233720368547758.07", 2), INT64_MAX);
  for (auto wrong : {"", "-", ".", "1.234", "12,34", "1e5", "一", "1 2", "92233720368547758.08", "1,234,56"})
    EXPECT_EQ(parse_decimal(wrong, 2), std::nullopt) << wrong;
  EXPECT_EQ(decimal_text(-5, 2), "-0.05");
  EXPECT_EQ(decimal_text(123'450, 2), "1234.50");
  EXPECT_EQ(decimal_text(7, 0), "7");
}

TEST(Numbers, FollowTheirPattern) {
  EXPECT_EQ(number_of(number_period("HT-{year}-{seq:4}", "2026-11-23"), 7), "HT-2026-0007");
  EXPECT_EQ(number_of(number_period("{seq}", "2026-11-23"), 12345), "12345");
  EXPECT_EQ(number_of(number_period("{year}{month}{day}/{seq:2}", "2026-11-03"), 123), "20261103/123");
  for (auto wrong : {"", "x", "{seq", "{seq:0}", "{seq:10}", "{seq}{seq}", "{week}{seq}", "{seq}\n"})
    EXPECT_TRUE(check_number_pattern(wrong)) << wrong;
}

}  // namespace
}  // namespace qushu::registers
