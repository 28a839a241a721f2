#include "formula.h"

#include <map>

#include <gtest/gtest.h>

namespace qushu::registers {
namespace {

std::optional<FormulaType> types(std::string_view name) {
  if (name == "kind") return FormulaType::text;
  if (name == "a" || name == "b" || name == "none") return FormulaType::number;
  return std::nullopt;
}

// 1234567.89 and 3, a text, and a field that is empty.
FormulaValue values(std::string_view name) {
  if (name == "a") return fraction(123'456'789, 2);
  if (name == "b") return fraction(3, 0);
  if (name == "kind") return std::string("car");
  return {};
}

std::string run(std::string_view text, int decimals = 2) {
  auto formula = Formula::parse(text, types);
  if (!formula) return "at " + std::to_string(formula.error().at);
  auto value = formula->evaluate(values);
  if (!value) return "too large";
  if (const auto* truth = std::get_if<bool>(&*value)) return *truth ? "true" : "false";
  if (const auto* number = std::get_if<Fraction>(&*value)) {
    auto whole = rounded(*number, decimals);
    return whole ? std::to_string(*whole) : "too large";
  }
  return std::holds_alternative<std::monostate>(*value) ? "unknown" : std::get<std::string>(*value);
}

TEST(Formula, ComputesExactly) {
  EXPECT_EQ(run("a - 0.01"), "123456788");
  EXPECT_EQ(run("a / b * b"), "123456789");
  EXPECT_EQ(run("1 / 3 + 1 / 3 + 1 / 3"), "100");
  EXPECT_EQ(run("2 + 3 * 4", 0), "14");
  EXPECT_EQ(run("(2 + 3) * -4", 0), "-20");
  EXPECT_EQ(run("0.5", 0), "1");
  EXPECT_EQ(run("-0.5", 0), "-1");
  EXPECT_EQ(run("1.005"), "101");
  EXPECT_EQ(run("round(a / 7, 1)", 2), "17636680");
  EXPECT_EQ(run("min(a, b)", 0), "3");
  EXPECT_EQ(run("max(abs(-4), b)", 0), "4");
  EXPECT_EQ(run("if(a > b, 1, 2)", 0), "1");
}

TEST(Formula, WhatIsEmptyIsUnknown) {
  EXPECT_EQ(run("a + none"), "unknown");
  EXPECT_EQ(run("a / 0"), "unknown");
  EXPECT_EQ(run("none > 1"), "unknown");
  EXPECT_EQ(run("none > 1 and a < b"), "false");
  EXPECT_EQ(run("none > 1 or a > b"), "true");
  EXPECT_EQ(run("not (none > 1)"), "unknown");
  EXPECT_EQ(run("filled(none)"), "false");
  EXPECT_EQ(run("filled(a)"), "true");
}

TEST(Formula, Compares) {
  EXPECT_EQ(run("kind = 'car'"), "true");
  EXPECT_EQ(run("kind != 'car'"), "false");
  EXPECT_EQ(run("a >= a"), "true");
  EXPECT_EQ(run("b < 3"), "false");
  EXPECT_EQ(run("a = b or b <= 3"), "true");
}

TEST(Formula, MistakesSayWhere) {
  EXPECT_EQ(run("a + "), "at 4");
  EXPECT_EQ(run("a + c"), "at 4");
  EXPECT_EQ(run("(a"), "at 2");
  EXPECT_EQ(run("a b"), "at 2");
  EXPECT_EQ(run("kind + 1").substr(0, 2), "at");
  EXPECT_EQ(run("kind < 'x'").substr(0, 2), "at");
  EXPECT_EQ(run("sum(a)"), "at 0");
  EXPECT_EQ(run("'open"), "at 0");
  EXPECT_EQ(run("").substr(0, 2), "at");
  EXPECT_EQ(run("1234567890123456789").substr(0, 2), "at");
  EXPECT_EQ(run(std::string(500, '(') + "a" + std::string(500, ')')).substr(0, 2), "at");
  EXPECT_EQ(run(std::string(500, '-') + "a").substr(0, 2), "at");
}

TEST(Formula, TooLargeIsToldAndNeverWrong) {
  EXPECT_EQ(run("a*a*a*a*a*a*a*a"), "too large");
  EXPECT_EQ(run("999999999999999999 * 999999999999999999"), "too large");
}

}  // namespace
}  // namespace qushu::registers
