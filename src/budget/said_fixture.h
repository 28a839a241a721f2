// For tests: a document of a few sentences, and what is found in it.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "qushu/budget/check.h"

namespace qushu::budget::testing {

inline Report checked(const std::string& text) {
  auto document = read_document(text, "test.txt");
  EXPECT_TRUE(document) << document.error().text.en;
  return check(*document);
}

// `text` with `to` in the place of the first `from`, which is there.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline Report said(const std::string& text, const char* year = "2023") {
  return checked(std::string("第三部分 ") + year + "年部门预算情况说明\n一、部门收支预算情况\n" + text + "\n");
}

inline std::string words(const Report& report) {
  return to_text(report, Lang::zh);
}

inline void expect_nothing(const Report& report) {
  EXPECT_TRUE(report.findings.empty()) << words(report);
}

inline void expect_one(const Report& report, Kind kind, std::string_view found, std::string_view expected) {
  ASSERT_EQ(report.findings.size(), 1U) << words(report);
  EXPECT_EQ(report.findings[0].kind, kind) << words(report);
  EXPECT_EQ(report.findings[0].found, found) << words(report);
  EXPECT_EQ(report.findings[0].expected, expected) << words(report);
}

}  // namespace qushu::budget::testing
