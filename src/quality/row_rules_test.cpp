// Every kind of rule about rows, over values of every type: none, empty, at the bounds and beyond, and not of the kind at all.
#include <cstring>
#include <random>
#include <set>

#include "qushu/base/codes.h"

#include "quality_fixture.h"

namespace qushu::quality {
namespace {

using engine::Type;

using Ids = std::set<int>;

class RowRulesTest : public QualityFixture {
 protected:
  // The rows that fail each rule, by the rule's place.
  std::vector<Ids> failing(const Verdict& verdict) {
    std::vector<Ids> out(verdict.check.outcomes.size());
    if (verdict.check.failures_blob.empty()) return out;
    auto file = take(blobs_->path(verdict.check.failures_blob));
    for (const auto& line : lines("SELECT rule, _id FROM " + engine::parquet_scan({file}))) {
      auto bar = line.find('|');
      for (std::size_t i = 0; i < out.size(); ++i)
        if (verdict.check.outcomes[i].rule.id == line.substr(0, bar)) out[i].insert(std::stoi(line.substr(bar + 1)));
    }
    return out;
  }
};
QUSHU_ON_BOTH_STORES(RowRulesTest);

// Row 1 has nothing; row 2 is empty, zero, today; the others lie around the bounds of the rules below.
constexpr const char* kRows =
    "SELECT CAST(_id AS BIGINT) AS _id, CAST(t AS VARCHAR) AS t, CAST(i AS BIGINT) AS i, CAST(d AS DECIMAL(12, 2)) AS d, "
    "CAST(n AS DOUBLE) AS n, CAST(b AS BOOLEAN) AS b, CAST(day AS DATE) AS day, CAST(moment AS TIMESTAMP) AS moment, "
    "CAST(clock "
    "AS TIME) AS clock FROM (VALUES "
    "(1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), "
    "(2, '', '0', '0', '0', 'false', '2026-11-25', '2026-11-25 23:59:59', '00:00:00'), "
    "(3, ' ', '-1', '-0.01', '-0.5', 'true', '2026-11-26', '2026-11-26 00:00:00', '23:59:59'), "
    "(4, 'abc', '1', '0.01', 'nan', 'true', '1949-10-01', '1949-10-01 15:00:00', '12:00:00'), "
    "(5, '中文字', '10', '10', '10', 'false', '2026-01-01', '2026-01-01 00:00:00', '12:00:01'), "
    "(6, 'abcd', '11', '10.01', '10.0000001', 'true', '2025-12-31', '2025-12-31 23:59:59', '08:30:00'), "
    "(7, '中文字', '9007199254740993', '9999999999.99', 'inf', 'false', '2026-02-28', '2026-02-28 00:00:00', '08:30:00'), "
    "(8, '１２３', '-9007199254740993', '-9999999999.99', '-inf', 'true', '2024-02-29', '2024-02-29 00:00:00', '08:30:00')) "
    "AS v(_id, t, i, d, n, b, day, moment, clock)";

TEST_P(RowRulesTest, ValuesOfEveryType) {
  struct Case {
    const char* rule;
    std::uint64_t checked;
    Ids failing;
  };
  const std::vector<Case> cases{
      {R"({"kind": "required", "fields": ["t"]})", 8, {1, 2}},
      {R"({"kind": "required", "fields": ["i"]})", 8, {1}},
      {R"({"kind": "required", "fields": ["b"]})", 8, {1}},
      {R"({"kind": "required", "fields": ["clock"]})", 8, {1}},
      // None is no value; the empty text is one; the first of each stays.
      {R"({"kind": "unique", "fields": ["t"]})", 7, {7}},
      {R"({"kind": "unique", "fields": ["b"]})", 7, {4, 5, 6, 7, 8}},
      {R"({"kind": "unique", "fields": ["t", "i"]})", 7, {}},
      {R"({"kind": "unique", "fields": ["t", "clock"]})", 7, {}},
      {R"({"kind": "unique", "fields": ["n"]})", 7, {}},
      // All of the value, and in characters.
      {R"({"kind": "pattern", "fields": ["t"], "params": {"pattern": "[a-z]{3}"}})", 7, {2, 3, 5, 6, 7, 8}},
      {R"({"kind": "pattern", "fields": ["t"], "params": {"pattern": ".*"}})", 7, {}},
      {R"({"kind": "pattern", "fields": ["t"], "params": {"pattern": ".{3}"}})", 7, {2, 3, 6}},
      {R"({"kind": "pattern", "fields": ["i"], "params": {"pattern": "\\d+"}})", 7, {3, 8}},
      {R"({"kind": "pattern", "fields": ["day"], "params": {"pattern": "2026-.*"}})", 7, {4, 6, 8}},
      // Bounds belong to the range.
      {R"({"kind": "range", "fields": ["i"], "params": {"min": 0, "max": 10}})", 7, {3, 6, 7, 8}},
      {R"({"kind": "range", "fields": ["i"], "params": {"max": 9007199254740992}})", 7, {7}},
      {R"({"kind": "range", "fields": ["i"], "params": {"min": -9007199254740992}})", 7, {8}},
      {R"({"kind": "range", "fields": ["i"], "params": {"max": 9007199254740993}})", 7, {}},
      {R"({"kind": "range", "fields": ["i"], "params": {"min": 0.5, "max": 10.5}})", 7, {2, 3, 6, 7, 8}},
      {R"({"kind": "range", "fields": ["d"], "params": {"min": 0, "max": 10}})", 7, {3, 6, 7, 8}},
      {R"({"kind": "range", "fields": ["d"], "params": {"min": 0.01, "max": 9999999999.99}})", 7, {2, 3, 8}},
      {R"({"kind": "range", "fields": ["d"], "params": {"min": -0.01}})", 7, {8}},
      {R"({"kind": "range", "fields": ["n"], "params": {"min": 0, "max": 10}})", 7, {3, 4, 6, 7, 8}},
      {R"({"kind": "range", "fields": ["n"], "params": {"min": -1e308}})", 7, {8}},
      {R"({"kind": "range", "fields": ["day"], "params": {"min": "2026-01-01", "max": "2026-11-25"}})", 7, {3, 4, 6, 8}},
      {R"({"kind": "range", "fields": ["moment"], "params": {"min": "2026-01-01", "max": "2026-11-25"}})", 7, {2, 3, 4, 6, 8}},
      {R"({"kind": "range", "fields": ["clock"], "params": {"min": "08:30:00", "max": "12:00:00"}})", 7, {2, 3, 5}},
      {R"({"kind": "range", "fields": ["t"], "params": {"min": "abc", "max": "b"}})", 7, {2, 3, 5, 7, 8}},
      {R"({"kind": "enumeration", "fields": ["t"], "params": {"values": ["abc", "中文字"]}})", 7, {2, 3, 6, 8}},
      {R"({"kind": "enumeration", "fields": ["t"], "params": {"values": ["", " ", "abc", "ABCD"]}})", 7, {5, 6, 7, 8}},
      {R"({"kind": "enumeration", "fields": ["i"], "params": {"values": ["0", "1", "10"]}})", 7, {3, 6, 7, 8}},
      {R"({"kind": "enumeration", "fields": ["b"], "params": {"values": ["true"]}})", 7, {2, 5, 7}},
      {R"({"kind": "length", "fields": ["t"], "params": {"min": 1, "max": 3}})", 7, {2, 6}},
      {R"({"kind": "length", "fields": ["t"], "params": {"min": 4}})", 7, {2, 3, 4, 5, 7, 8}},
      {R"({"kind": "length", "fields": ["t"], "params": {"max": 0}})", 7, {3, 4, 5, 6, 7, 8}},
      {R"({"kind": "length", "fields": ["i"], "params": {"max": 2}})", 7, {7, 8}},
      {R"({"kind": "format", "fields": ["day"], "params": {"format": "not_future"}})", 7, {3}},
      {R"({"kind": "format", "fields": ["moment"], "params": {"format": "not_future"}})", 7, {3}},
      {R"({"kind": "format", "fields": ["i"], "params": {"format": "region_code"}})", 7, {2, 3, 4, 5, 6, 7, 8}},
      {R"({"kind": "format", "fields": ["t"], "params": {"format": "email"}})", 7, {2, 3, 4, 5, 6, 7, 8}},
      // Unknown passes, what cannot be computed fails.
      {R"({"kind": "expression", "params": {"sql": "i > 0"}})", 8, {2, 3, 8}},
      {R"({"kind": "expression", "params": {"sql": "i IS NOT NULL"}})", 8, {1}},
      {R"({"kind": "expression", "params": {"sql": "CAST(t AS INTEGER) >= 0"}})", 8, {2, 3, 4, 5, 6, 7, 8}},
      {R"({"kind": "expression", "params": {"sql": "day <= moment"}})", 8, {}},
      {R"({"kind": "reference", "fields": ["t"], "params": {"dataset": "others", "field": "name"}})", 7, {2, 3, 6, 8}},
      {R"({"kind": "reference", "fields": ["i"], "params": {"dataset": "others", "field": "name"}})", 7, {2, 3, 5, 6, 7, 8}}};
  publish("others", "SELECT * FROM (VALUES (1, 'abc'), (2, '中文字'), (3, NULL), (4, '1'), (5, 'ABCD')) AS v(_id, name)",
          {field("name", "名称", Type::text)});
  auto dataset = publish("values", kRows,
                         {field("t", "文", Type::text), field("i", "整", Type::integer), field("d", "小", Type::decimal),
                          field("n", "数", Type::number), field("b", "是", Type::boolean), field("day", "日", Type::date),
                          field("moment", "时刻", Type::datetime), field("clock", "时间", Type::time)});
  for (const auto& c : cases) add("values", std::string("[") + c.rule + "]");
  auto verdict = examine(dataset, kRows);
  auto found = failing(verdict);
  ASSERT_EQ(found.size(), cases.size());
  for (std::size_t k = 0; k < cases.size(); ++k) {
    const auto& outcome = verdict.check.outcomes[k];
    EXPECT_EQ(outcome.checked, cases[k].checked) << cases[k].rule;
    EXPECT_EQ(outcome.failed, cases[k].failing.size()) << cases[k].rule;
    EXPECT_EQ(found[k], cases[k].failing) << cases[k].rule;
    EXPECT_TRUE(outcome.note.zh.empty()) << outcome.note.zh;
  }
}

std::vector<std::string> texts() {
  std::vector<std::string> out{"",
                               " ",
                               "0",
                               "91350100M000100Y43",
                               "91350100m000100y43",
                               "91350100M000100Y44",
                               "D2143569X",
                               "中文字中文字",
                               " 13800138000",
                               "13800138000 ",
                               "１３８００１３８０００",
                               "110108",
                               "110108001",
                               "a@b.cn",
                               "a@b",
                               "010-62345678",
                               "01062345678",
                               "11010519491231002X",
                               "11010519491231002x",
                               "440524188001010014",
                               "6222021234567890128"};
  std::mt19937 random(7);
  for (const auto* alphabet : {"0123456789", "0123456789X", "0123456789ABCDEFGHJKLMNPQRTUWXY", "01-"})
    for (std::size_t length : {6U, 11U, 12U, 18U, 19U})
      for (int n = 0; n < 40; ++n) {
        std::string text;
        for (std::size_t i = 0; i < length; ++i) text += alphabet[random() % std::strlen(alphabet)];
        out.push_back(text);
        // With a check digit that is right now and then.
        if (length == 18) out.push_back(out.back().substr(0, 6) + "19800115" + out.back().substr(14));
      }
  return out;
}

TEST_P(RowRulesTest, FormatsAreWhatTheCodesSay) {
  struct Check {
    const char* format;
    bool (*holds)(std::string_view);
  };
  const std::vector<Check> checks{
      {"credit_code", is_credit_code},
      {"citizen_id", is_citizen_id},
      {"region_code", is_region_code},
      {"mobile", is_mobile},
      {"landline", is_landline},
      {"bank_card", is_bank_card},
      {"email", is_email},
      {"phone", [](std::string_view t) { return is_mobile(t) || is_landline(t); }},
      // A code that is none at all is not this rule's matter.
      {"organisation_code", [](std::string_view t) { return !is_credit_code(t) || has_organisation_code(t); }}};
  auto all = texts();
  std::string select = "SELECT * FROM (VALUES (0, CAST(NULL AS VARCHAR))";
  for (std::size_t i = 0; i < all.size(); ++i) select += fmt::format(", ({}, {})", i + 1, engine::quote_text(all[i]));
  select += ") AS v(_id, t)";
  auto dataset = publish("texts", select, {field("t", "文", Type::text)});
  for (const auto& check : checks)
    add("texts", fmt::format(R"([{{"kind": "format", "fields": ["t"], "params": {{"format": "{}"}}}}])", check.format));
  auto verdict = examine(dataset, select);
  auto found = failing(verdict);
  for (std::size_t k = 0; k < checks.size(); ++k) {
    Ids expected;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (!checks[k].holds(all[i])) expected.insert(static_cast<int>(i) + 1);
    EXPECT_EQ(verdict.check.outcomes[k].checked, all.size()) << checks[k].format;
    EXPECT_EQ(found[k], expected) << checks[k].format;
    EXPECT_LT(expected.size(), all.size()) << checks[k].format << ": nothing holds, which proves little";
  }
}

}  // namespace
}  // namespace qushu::quality
