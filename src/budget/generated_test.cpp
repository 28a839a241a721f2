#include <map>

#include <gtest/gtest.h>

#include "qushu/budget/check.h"

#include "document_fixture.h"

namespace qushu::budget {
namespace {

using testing::Generator;
using testing::Printed;
using testing::Shape;
using testing::Style;

Style style_of(unsigned seed) {
  std::mt19937 random(seed + 7919U);
  auto chance = [&] { return random() % 2 == 0; };
  Style s{.shape = static_cast<Shape>(seed % 4)};
  s.yuan = chance();
  s.full_width = chance();
  s.broken = chance();
  s.final_account = random() % 3 == 0;
  s.changes = chance();
  s.own_income = chance();
  s.carried = chance();
  s.percent_digits = chance() ? 2 : 1;
  s.year = 2019 + static_cast<int>(random() % 7);
  return s;
}

std::string words(const Report& report) {
  return to_text(report, Lang::zh);
}

std::string whole(const Document& document) {
  std::string out;
  for (std::size_t i = 0; i < document.lines.size(); ++i) out += fmt::format("{} {}\n", i + 1, document.lines[i]);
  return out;
}

TEST(Generated, ConsistentDocumentsGiveNoFinding) {
  std::size_t figures = 0, checked = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    auto made = Generator(seed, style_of(seed)).make();
    auto report = check(made.document);
    figures += report.figures;
    checked += report.checked;
    if (!report.findings.empty()) {
      ADD_FAILURE() << "seed " << seed << "\n" << words(report) << (seed < 8 ? whole(made.document) : "");
      if (::testing::Test::HasFailure() && seed > 40) return;
    }
  }
  RecordProperty("figures", static_cast<int>(figures));
  RecordProperty("checked", static_cast<int>(checked));
  EXPECT_GT(checked, figures / 3);
}

bool touches(const Finding& finding, std::size_t line) {
  return std::ranges::any_of(finding.places, [&](const Place& p) { return p.line == line + 1; });
}

// A mutation past rounding: by at least 0.3 of an amount's unit and a tenth of a percentage's.
std::int64_t other_value(const Printed& f, std::mt19937& random) {
  if (f.percent) return f.value + 3 * kMicro;
  auto by = static_cast<std::int64_t>(random() % 900 + 30) * 10'000;
  if (f.what == "text coverage") return f.value - by;  // more than everything refutes no completeness
  return random() % 2 == 0 && f.value > 2 * by ? f.value - by : f.value + by;
}

TEST(Generated, MutatedFiguresAreFound) {
  std::map<std::string, std::pair<int, int>> by_place;  // found, all
  int found = 0, all = 0;
  std::mt19937 random(20231);
  for (unsigned seed = 0; seed < 120; ++seed) {
    auto made = Generator(seed, style_of(seed)).make();
    for (int n = 0; n < 12; ++n) {
      const auto& figure = made.figures[random() % made.figures.size()];
      auto report = check(Generator::mutated(made, figure, other_value(figure, random)));
      bool hit = std::ranges::any_of(report.findings, [&](const Finding& f) { return touches(f, figure.line); });
      auto& tally = by_place[figure.what];
      tally.first += hit ? 1 : 0;
      ++tally.second;
      found += hit ? 1 : 0;
      ++all;
    }
  }
  std::string table;
  for (const auto& [what, tally] : by_place) table += fmt::format("{:>24}  {} of {}\n", what, tally.first, tally.second);
  std::cout << fmt::format("{} of {} mutations found ({:.1f} %)\n{}", found, all, 100.0 * found / all, table);
  EXPECT_GE(found * 100, all * 95) << table;
}

}  // namespace
}  // namespace qushu::budget
