#include "qushu/indicators/score.h"

#include <gtest/gtest.h>

namespace qushu::indicators {
namespace {

Fraction f(std::string_view text) {
  return Fraction::parse(text).value();
}

TEST(Fractions, AreReadAsTheyAreWritten) {
  EXPECT_EQ(f("98.50"), (Fraction{.n = 197, .d = 2}));
  EXPECT_EQ(f("-0.25"), (Fraction{.n = -1, .d = 4}));
  EXPECT_EQ(f("1e-05"), (Fraction{.n = 1, .d = 100'000}));
  EXPECT_EQ(f("2.5e+3"), (Fraction{.n = 2500}));
  EXPECT_EQ(f("0"), (Fraction{.n = 0}));
  for (auto wrong : {"", ".", "-", "nan", "inf", "1.2.3", "1,000", "1e99", "12345678901234567890", "0x10", " 1"})
    EXPECT_FALSE(Fraction::parse(wrong)) << wrong;
  EXPECT_FALSE(Fraction::make(1, 0));
}

TEST(Fractions, AreWrittenRoundedAwayFromZero) {
  EXPECT_EQ((Fraction{.n = 2, .d = 3}).text(), "0.67");
  EXPECT_EQ((Fraction{.n = 200, .d = 3}).text(), "66.67");
  EXPECT_EQ((Fraction{.n = 5}).text(), "5");
  EXPECT_EQ((Fraction{.n = 1, .d = 200}).text(), "0.01");
  EXPECT_EQ((Fraction{.n = -1, .d = 200}).text(), "-0.01");
  EXPECT_EQ((Fraction{.n = -1, .d = 3}).text(), "-0.33");
  EXPECT_EQ((Fraction{.n = 99'995, .d = 1000}).text(), "100");
  EXPECT_EQ(hundredths_text(1205), "12.05");
}

struct Case {
  Direction direction;
  const char *value, *target;
  std::int64_t weight;
  const char* score;
};

// standards.md, section 6.
TEST(Scores, FollowTheStandard) {
  using enum Direction;
  for (const auto& c : {Case{higher, "350", "350", 500, "5.00"},
                        Case{higher, "360", "350", 500, "5.00"},
                        Case{higher, "349", "350", 500, "4.99"},  // 5 × 349 ÷ 350 = 4.98571…
                        Case{higher, "66.67", "100", 1000, "6.67"},
                        Case{higher, "0", "100", 1000, "0.00"},
                        Case{higher, "-3", "100", 1000, "0.00"},
                        Case{higher, "0", "0", 1000, "10.00"},
                        Case{higher, "0.5", "3", 3, "0.01"},  // 0.03 ÷ 6 = 0.005, away from zero
                        Case{lower, "30", "30", 500, "5.00"},
                        Case{lower, "12", "30", 500, "5.00"},
                        Case{lower, "31", "30", 500, "4.83"},  // 5 × 29 ÷ 30 = 4.8333…
                        Case{lower, "45", "30", 500, "2.50"},
                        Case{lower, "59.99", "30", 500, "0.00"},  // 5 × 0.01 ÷ 30 = 0.00166…
                        Case{lower, "60", "30", 500, "0.00"},
                        Case{lower, "1000", "30", 500, "0.00"},
                        Case{lower, "0", "0", 600, "6.00"},
                        Case{lower, "1", "0", 600, "0.00"},
                        Case{qualitative, "100", "100", 500, "5.00"},
                        Case{qualitative, "80", "100", 500, "4.00"},
                        Case{qualitative, "79.99", "100", 500, "4.00"},
                        Case{qualitative, "60", "100", 500, "3.00"},
                        Case{qualitative, "0", "100", 500, "0.00"},
                        Case{qualitative, "120", "100", 500, "5.00"},
                        Case{higher, "0.000000000000001", "999999999999999999", 10'000, "0.00"}})
    EXPECT_EQ(hundredths_text(score(c.direction, f(c.value), f(c.target), c.weight)), c.score)
        << name(c.direction) << ' ' << c.value << ' ' << c.target;
}

TEST(Scores, AreExactWhereDoublesAreNot) {
  // 2/3 of 100 % against a target of 66.67 %: missed, by a third of a hundredth.
  auto value = Fraction::make(200, 3).value();
  EXPECT_FALSE(reached(Direction::higher, value, f("66.67")));
  EXPECT_TRUE(reached(Direction::higher, value, f("66.66")));
  EXPECT_EQ(score(Direction::higher, Fraction::make(1, 3).value(), Fraction::make(2, 3).value(), 1001), 501);  // 500.5
}

TEST(Lights, TellHowFarItIs) {
  using enum Direction;
  EXPECT_EQ(light(higher, f("85"), f("85"), {}), Light::green);
  EXPECT_EQ(light(higher, f("84.99"), f("85"), {}), Light::yellow);
  EXPECT_EQ(light(higher, f("68"), f("85"), {}), Light::yellow);
  EXPECT_EQ(light(higher, f("67.99"), f("85"), {}), Light::red);
  EXPECT_EQ(light(lower, f("0"), f("0"), {}), Light::green);
  EXPECT_EQ(light(lower, f("1"), f("0"), {}), Light::red);
  EXPECT_EQ(light(lower, f("36"), f("30"), {}), Light::yellow);
  EXPECT_EQ(light(lower, f("37"), f("30"), {}), Light::red);
  EXPECT_EQ(light(qualitative, f("80"), f("100"), {}), Light::green);
  EXPECT_EQ(light(qualitative, f("60"), f("100"), {}), Light::yellow);
  EXPECT_EQ(light(qualitative, f("59.9"), f("100"), {}), Light::red);
  // Half the year has passed: 5 of 10 are to be expected; 4 are 80 % of that, 3 are 60 %.
  auto half = Fraction{.n = 1, .d = 2};
  EXPECT_EQ(light(higher, f("10"), f("10"), half), Light::green);
  EXPECT_EQ(light(higher, f("9.99"), f("10"), half), Light::on_track) << "more than is due by now, yet not the target";
  EXPECT_EQ(light(higher, f("4"), f("10"), half), Light::on_track);
  EXPECT_EQ(light(higher, f("3.99"), f("10"), half), Light::yellow);
  EXPECT_EQ(light(higher, f("3"), f("10"), half), Light::yellow);
  EXPECT_EQ(light(higher, f("2.99"), f("10"), half), Light::red);
  EXPECT_EQ(light(higher, f("0"), f("10"), half), Light::red);
}

}  // namespace
}  // namespace qushu::indicators
