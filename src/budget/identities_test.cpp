// A right budget has no findings; whatever figure is moved is found where it stands; rounding warns and no more.
#include "qushu/budget/identities.h"

#include <gmock/gmock.h>

#include "content_fixture.h"
#include "sections.h"

namespace qushu::budget {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

std::vector<std::string> messages(const std::vector<Discrepancy>& found) {
  std::vector<std::string> out;
  for (const auto& d : found) out.push_back(d.identity + " " + d.place + " " + d.message.zh);
  return out;
}

bool touches(const Discrepancy& d, const std::string& at) {
  return d.place == at || std::ranges::find(d.others, at) != d.others.end();
}

TEST(IdentitiesTest, ARightBudgetHasNoFindings) {
  for (unsigned seed = 1; seed <= 40; ++seed)
    EXPECT_THAT(messages(check_identities(generated(seed), 2026, {})), IsEmpty()) << seed;
  auto nothing = check_identities(Content{}, 2026, {});
  ASSERT_EQ(nothing.size(), 1U) << "nothing is entered yet";
  EXPECT_EQ(nothing[0].identity, "empty");
  EXPECT_TRUE(nothing[0].error);
}

// Every amount of every section, one at a time, by seven fen.
TEST(IdentitiesTest, EachFigureThatIsMovedIsFoundAtItsPlace) {
  auto right = generated(7);
  std::size_t tried = 0;
  each_section([&](const auto& section) {
    const auto& rows = right.*section.rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const auto& column : section.columns) {
        // What stands alone: nothing follows from it.
        if (column.entry != Entry::money || column.name == "earlier" || column.name == "operation" ||
            section.name == "purchases")
          continue;
        auto moved = right;
        std::visit(
            [&](auto member) {
              if constexpr (std::is_same_v<decltype((moved.*section.rows)[i].*member), std::int64_t&>)
                (moved.*section.rows)[i].*member += 7;
            },
            column.at);
        auto at = place(section.name, i, column.name);
        auto found = check_identities(moved, 2026, {});
        EXPECT_TRUE(std::ranges::any_of(found, [&](const Discrepancy& d) { return d.error && touches(d, at); })) << at;
        ++tried;
      }
  });
  EXPECT_GT(tried, 40U);
}

TEST(IdentitiesTest, BothFiguresAndTheDifferenceAreTold) {
  auto c = generated(3);
  c.totals[0].income += 5;
  auto found = check_identities(c, 2026, {});
  auto balance = std::ranges::find(found, "balance", &Discrepancy::identity);
  ASSERT_NE(balance, found.end());
  EXPECT_EQ(balance->expected, c.totals[0].income);
  EXPECT_EQ(balance->found, c.totals[0].expenditure);
  EXPECT_EQ(balance->place, "totals.expenditure");
  EXPECT_THAT(balance->message.zh, ::testing::HasSubstr("相差 -0.000005 万元"));
}

TEST(IdentitiesTest, RoundedFiguresMayBeOffByTheirRounding) {
  Content c;
  auto& t = c.totals[0];
  t.personnel = 10'000;  // 0.01 万元
  t.office = 20'000;
  t.basic = t.expenditure = t.income = 40'000;
  auto of_basic = [&] {
    auto found = check_identities(c, 2026, {});
    return *std::ranges::find(found, "basic_parts", &Discrepancy::identity);
  };
  EXPECT_FALSE(of_basic().error) << "two figures: 0.01 is within 2 × 0.005";
  t.basic = 50'000;
  EXPECT_TRUE(of_basic().error);
  t.basic = 30'001;
  EXPECT_TRUE(of_basic().error) << "an exact figure is not off by rounding";
}

TEST(IdentitiesTest, ChangesHoldAgainstTheYearThatIsNamed) {
  auto c = generated(5);
  Totals other;
  other.expenditure = c.changes[0].base;
  EXPECT_THAT(messages(check_identities(c, 2026, {{2025, other}})), IsEmpty());
  other.expenditure += 9;
  auto found = check_identities(c, 2026, {{2025, other}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].identity, "change_base");
  EXPECT_FALSE(found[0].error);
  c.changes[0].percent = *c.changes[0].percent + 2;
  EXPECT_EQ(check_identities(c, 2026, {})[0].place, "changes[0].percent");
  c.changes[0] = {
      .subject = "expenditure", .year = 2025, .base = 0, .difference = c.totals[0].expenditure, .percent = 100, .reason = ""};
  EXPECT_EQ(check_identities(c, 2026, {})[0].identity, "change_percent") << "nothing has no percentage";
}

TEST(IdentitiesTest, CodesNamesAndGoalsAreAskedFor) {
  auto c = generated(6);
  c.functions[0].code = "201";
  c.details[0].project = "nowhere";
  c.goals.clear();
  c.income[1].source = "general";
  auto found = check_identities(c, 2026, {});
  auto of = [&](std::string_view identity, std::string_view at) {
    return std::ranges::any_of(found, [&](const Discrepancy& d) { return d.identity == identity && d.place == at; });
  };
  EXPECT_TRUE(of("code", "functions[0].code"));
  EXPECT_TRUE(of("project_code", "details[0].project"));
  EXPECT_TRUE(of("goals", "projects[0].goal"));
  EXPECT_TRUE(of("twice", "income[1].source"));
}

TEST(ContentTest, JsonIsReadAgain) {
  auto c = generated(11);
  auto again = content_of(to_json(c));
  ASSERT_TRUE(again) << again.error().text.zh;
  EXPECT_EQ(*again, c);
}

TEST(ContentTest, WhatIsNoBudgetIsRefusedAtItsPlace) {
  auto subject = [](const char* text) { return content_of(json::parse(text)).error().subject; };
  EXPECT_EQ(subject(R"({"functions": [{"basic": 1.5}]})"), "functions[0].basic");
  EXPECT_EQ(subject(R"({"functions": [{"code": "201 03"}]})"), "functions[0].code");
  EXPECT_EQ(subject(R"({"income": [{}, {"source": "lottery"}]})"), "income[1].source");
  EXPECT_EQ(subject(R"({"income": [{"more": 1}]})"), "income[0]");
  EXPECT_EQ(subject(R"({"totals": []})"), "totals");
  EXPECT_EQ(subject(R"({"lines": []})"), "content");
  EXPECT_EQ(subject(R"({"totals": [{"income": 1000000000000001}]})"), "totals.income");
}

TEST(ContentTest, MoneyIsExact) {
  EXPECT_EQ(money_of("2,606.14", MoneyUnit::wan), 2'606'140'000);
  EXPECT_EQ(money_of("0.000001", MoneyUnit::wan), 1);
  EXPECT_EQ(money_of("1E-05", MoneyUnit::wan), 10);
  EXPECT_EQ(money_of("0.0000001", MoneyUnit::wan), std::nullopt);
  EXPECT_EQ(money_of("12.345", MoneyUnit::yuan), std::nullopt);
  EXPECT_EQ(money_of("-0.5", MoneyUnit::yuan), -50);
  EXPECT_EQ(money_of("", MoneyUnit::yuan), std::nullopt);
  EXPECT_EQ(money_of("12万", MoneyUnit::yuan), std::nullopt);
  EXPECT_EQ(money_text(2'606'140'000, MoneyUnit::wan), "2606.14");
  EXPECT_EQ(money_text(1, MoneyUnit::wan), "0.000001");
  EXPECT_EQ(money_text(-150, MoneyUnit::yuan), "-1.50");
  EXPECT_EQ(published(5'000), "0.01");
  EXPECT_EQ(published(4'999), "0.00");
  EXPECT_EQ(published(-5'000), "-0.01");
}

}  // namespace
}  // namespace qushu::budget
