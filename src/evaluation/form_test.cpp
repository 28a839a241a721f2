#include "qushu/evaluation/form.h"

#include <gtest/gtest.h>

namespace qushu::evaluation {
namespace {

Item item(const char* level, const char* target, std::int64_t weight, const char* hand) {
  Item out;
  out.id = std::string(level) + target + hand;
  out.level = level;
  out.name = "指标";
  out.target = target;
  out.direction = direction_of(target);
  out.weight = weight;
  out.hand = hand;
  out.hand_reason = "见材料";
  return out;
}

// What may be submitted: everything reached, everything said.
Form good() {
  Form form;
  form.funds = {.initial = 1'000'000, .adjusted = 1'000'000, .spent = 1'000'000};
  form.expected = form.reached = "完成";
  form.items = {item("quantity", "≥5", 5'000, "5"), item("social", "90", 3'000, "95"), item("satisfaction", "85", 1'000, "85")};
  return form;
}
std::map<std::string, std::int64_t> with_files(const Form& form) {
  std::map<std::string, std::int64_t> out;
  for (const auto& i : form.items) out[i.id] = 1;
  return out;
}
std::vector<std::string> places(const Form& form) {
  std::vector<std::string> out;
  for (const auto& p : problems_of(form, with_files(form))) out.push_back(p.place);
  return out;
}

TEST(Form, ExecutionIsScoredByWhatWasSpentOfTheYearsBudget) {
  struct Case {
    Funds funds;
    std::int64_t rate, score;
  };
  for (const auto& c :
       {Case{{.adjusted = 300, .spent = 100}, 3'333, 333}, Case{{.adjusted = 300, .spent = 200}, 6'667, 667},
        Case{{.adjusted = 300, .spent = 300}, 10'000, 1'000}, Case{{.adjusted = 300, .spent = 330}, 11'000, 1'000},
        Case{{.adjusted = 0, .spent = 0}, 0, 0}, Case{{.adjusted = 0, .spent = 5}, 0, 0},
        Case{{.initial = 999, .adjusted = 200, .spent = 1}, 50, 5}, Case{{.adjusted = 200, .spent = -1}, -50, 0}}) {
    EXPECT_EQ(execution_rate(c.funds), c.rate) << c.funds.spent << "/" << c.funds.adjusted;
    EXPECT_EQ(execution_score(c.funds), c.score) << c.funds.spent << "/" << c.funds.adjusted;
  }
}

TEST(Form, DeclaredValuesAreReadAsNumbersWithTheirDirection) {
  struct Case {
    const char* text;
    std::optional<Fraction> number;
    Direction direction;
  };
  for (const auto& c :
       {Case{"≥95%", Fraction{.n = 95}, Direction::higher}, Case{"≤ 30", Fraction{.n = 30}, Direction::lower},
        Case{"不超过2.5", Fraction{.n = 5, .d = 2}, Direction::lower}, Case{"1,500", Fraction{.n = 1500}, Direction::higher},
        Case{"0", Fraction{}, Direction::higher}, Case{"显著提升", std::nullopt, Direction::qualitative},
        Case{"", std::nullopt, Direction::qualitative}, Case{"≥", std::nullopt, Direction::qualitative}}) {
    EXPECT_EQ(item("quantity", c.text, 0, "").target_number(), c.number) << c.text;
    EXPECT_EQ(direction_of(c.text), c.direction) << c.text;
  }
}

TEST(Form, ScoresFollowTheStandard) {
  auto scored = [](const char* target, const char* hand) { return item("quantity", target, 1'000, hand).score(); };
  EXPECT_EQ(scored("90", "45"), 500);
  EXPECT_EQ(scored("90", "180"), 1'000);
  EXPECT_EQ(scored("≤30", "45"), 500);
  EXPECT_EQ(scored("≤30", "60"), 0);
  EXPECT_EQ(scored("显著提升", "80"), 800);
  EXPECT_EQ(scored("90", ""), std::nullopt);
}

TEST(Form, NoEvidenceIsNoScoreAndNoGrade) {
  auto form = good();
  form.items[0].hand.clear();
  form.items[0].drawn = Drawn::none;
  auto total = total_of(form);
  EXPECT_EQ(total.score, 5'000);
  EXPECT_FALSE(total.complete);
  EXPECT_EQ(total.grade, "");
  EXPECT_EQ(places(form), std::vector<std::string>{"items[0].hand"});
  // A value that somebody answers for lifts it; where there is evidence, what was entered does not count.
  form.items[0].hand = "5";
  EXPECT_TRUE(places(form).empty());
  EXPECT_EQ(total_of(form).score, 10'000);
  form.items[0].drawn = Drawn::value;
  form.items[0].figure = {.n = 1};
  EXPECT_EQ(form.items[0].score(), 1'000);
}

TEST(Form, GradesBeginAtNinetyEightyAndSixty) {
  auto graded = [](std::int64_t points) {
    Form form;
    form.items = {item("quantity", "100", 10'000, indicators::hundredths_text(points).c_str())};
    return total_of(form).grade;
  };
  EXPECT_EQ(graded(9'000), "excellent");
  EXPECT_EQ(graded(8'999), "good");
  EXPECT_EQ(graded(8'000), "good");
  EXPECT_EQ(graded(7'999), "fair");
  EXPECT_EQ(graded(6'000), "fair");
  EXPECT_EQ(graded(5'999), "poor");
  EXPECT_EQ(graded(0), "poor");
}

TEST(Form, WeightsMustComeToNinetyAndTheMessageNamesWhichGroups) {
  auto form = good();
  EXPECT_TRUE(places(form).empty());
  form.items[1].weight = 2'500;
  auto found = problems_of(form, with_files(form));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].place, "items");
  EXPECT_EQ(found[0].text.zh,
            "指标分值合计应为 90.00（另 10.00 分为预算执行率），现为 85.00（产出指标 50.00、效益指标 25.00、满意度指标 "
            "10.00），少 5.00 分。");
  form.items[1].weight = 0;
  EXPECT_EQ(places(form), (std::vector<std::string>{"items", "items[1].weight"}));
  form.items.clear();
  EXPECT_EQ(places(form), std::vector<std::string>{"items"});
}

TEST(Form, DeviationsNeedCauseAndRemedy) {
  auto form = good();
  form.items[0].hand = "4";
  form.funds.spent = 900'000;
  EXPECT_EQ(places(form), (std::vector<std::string>{"funds", "items[0].cause"}));
  form.items[0].cause = form.funds_cause = "活动取消";
  EXPECT_EQ(places(form).size(), 2U);
  form.items[0].remedy = form.funds_remedy = "补办";
  EXPECT_TRUE(places(form).empty());
  form.reached.clear();
  EXPECT_EQ(places(form), std::vector<std::string>{"reached"});
}

TEST(Form, WhatIsEnteredByHandNeedsItsReasonAndItsFile) {
  auto form = good();
  form.items[2].hand_reason.clear();
  auto files = with_files(form);
  files.erase(form.items[2].id);
  auto found = problems_of(form, files);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].place, "items[2].hand_reason");
  EXPECT_EQ(found[1].place, "items[2].files");
}

TEST(Form, ProposedWeightsAlwaysComeToNinety) {
  auto proposed = [](const std::vector<const char*>& levels) {
    std::vector<Item> items;
    for (const auto* level : levels) items.push_back(item(level, "1", 0, ""));
    propose_weights(items);
    std::vector<std::int64_t> out;
    for (const auto& i : items) out.push_back(i.weight);
    return out;
  };
  EXPECT_EQ(proposed({"quantity", "quality", "social", "satisfaction"}),
            (std::vector<std::int64_t>{2'500, 2'500, 3'000, 1'000}));
  EXPECT_EQ(proposed({"quantity", "quality", "timeliness"}), (std::vector<std::int64_t>{3'000, 3'000, 3'000}));
  EXPECT_EQ(proposed({"satisfaction"}), (std::vector<std::int64_t>{9'000}));
  for (std::size_t n = 1; n < 120; ++n) {
    std::vector<const char*> levels(n, "quantity");
    levels.push_back("economic");
    std::int64_t sum = 0;
    for (auto w : proposed(levels)) sum += w;
    EXPECT_EQ(sum, 9'000) << n;
  }
}

}  // namespace
}  // namespace qushu::evaluation
