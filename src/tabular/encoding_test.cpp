#include "encoding.h"

#include <string>

#include <gmock/gmock.h>

namespace qushu::tabular {
namespace {

TEST(Encoding, ABrokenByteDoesNotMakeAShortGbkHeadingUtf8) {
  // 编号,数量,日期 in GBK, the rest in ASCII but for a byte that belongs to nothing.
  std::string heading = "\xB1\xE0\xBA\xC5,\xCA\xFD\xC1\xBF,\xC8\xD5\xC6\xDA\n", rows = "001,5,2026-01-02\n005,9,\x81\n";
  for (int i = 6; i < 200; ++i) rows += std::to_string(i) + ",7,2026-03-01\n";
  EXPECT_EQ(detect_encoding(heading + rows, true), "gb18030");
  EXPECT_EQ(to_utf8(heading, "gb18030"), "编号,数量,日期\n");
}

TEST(Encoding, BrokenBytesDoNotMakeUtf8Gbk) {
  for (std::string text :
       {"编号,数量,日期\n001,5,\x81\n", "编号,名称\n1,朝阳\xE5\x8C\n2,海淀区\n3,东城\xB1\xE0\n", "a,b\n1,\xFF\n"})
    EXPECT_EQ(detect_encoding(text, true), "utf-8");
  EXPECT_EQ(detect_encoding("a,b\n1,2\n", true), "utf-8");
}

}  // namespace
}  // namespace qushu::tabular
