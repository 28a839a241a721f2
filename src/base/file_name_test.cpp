#include "qushu/base/file_name.h"

#include <gtest/gtest.h>

#include "qushu/base/text.h"

namespace qushu {
namespace {

TEST(FileName, KeepsTheLastPartAndWhatCanBeSeen) {
  struct Case {
    std::string_view given, expected;
  };
  for (const auto& c : {Case{"营业执照.pdf", "营业执照.pdf"},
                        {" C:\\Users\\me\\材料 1.docx ", "材料 1.docx"},
                        {"/etc/passwd", "passwd"},
                        {"../../x", "x"},
                        {"..", ""},
                        {"a/", ""},
                        {"", ""},
                        {"a\r\nSet-Cookie: b.txt", "aSet-Cookie: b.txt"},
                        {"报告\xE2\x80\xAE"
                         "fdp.exe",
                         "报告fdp.exe"},
                        {"a\xE2\x81\xA6\xC2\x85\x7F.png", "a.png"},
                        {"\xFF.png", "\xEF\xBF\xBD.png"},
                        {"<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"}})
    EXPECT_EQ(file_name_of(c.given), c.expected) << c.given;
}

TEST(FileName, ALongNameKeepsItsEnding) {
  std::string name;
  for (int i = 0; i < 300; ++i) name += "长";
  auto cut = file_name_of(name + ".xlsx");
  EXPECT_EQ(utf8_length(cut), 200U);
  EXPECT_TRUE(cut.ends_with("长.xlsx"));
  EXPECT_EQ(utf8_length(file_name_of("a." + name)), 200U);
  EXPECT_EQ(file_name_of("abcdef.txt", 8), "abcd.txt");
}

}  // namespace
}  // namespace qushu
