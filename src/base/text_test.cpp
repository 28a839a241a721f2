#include "qushu/base/text.h"

#include <gtest/gtest.h>

#include "qushu/base/actor.h"
#include "qushu/base/id.h"

namespace qushu {
namespace {

TEST(Text, TrimKnowsChineseBlanks) {
  EXPECT_EQ(trim(" \t　企业 名称　 \n"), "企业 名称");
  EXPECT_EQ(trim("\xEF\xBB\xBFid"), "id");
  EXPECT_EQ(trim("   "), "");
}

TEST(Text, Utf8IsCheckedStrictly) {
  EXPECT_TRUE(is_utf8("区枢 𠮷"));
  for (std::string_view bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE5\x8C", "\x80"}) EXPECT_FALSE(is_utf8(bad));
  EXPECT_EQ(well_formed("区\x80枢\xE5"), "区\xEF\xBF\xBD枢\xEF\xBF\xBD");
  EXPECT_EQ(well_formed("区枢"), "区枢");
  EXPECT_EQ(utf8_length("区枢a"), 3U);
  EXPECT_EQ(shorten("一二三四", 2), "一二…");
  EXPECT_EQ(shorten("一二", 2), "一二");
}

TEST(Text, NumbersForPeople) {
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(with_thousands(-1234), "-1,234");
  EXPECT_EQ(with_thousands(-123), "-123");
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(to_int("12x"), std::nullopt);
  EXPECT_EQ(to_int("-9223372036854775808"), INT64_MIN);
}

TEST(Text, UrlEncodingRoundTrips) {
  EXPECT_EQ(url_encode("a/数 据"), "a%2F%E6%95%B0%20%E6%8D%AE");
  EXPECT_EQ(url_decode("a%2F%E6%95%B0+x", true), "a/数 x");
  EXPECT_EQ(url_decode("%4"), std::nullopt);
  EXPECT_EQ(url_decode("%zz"), std::nullopt);
  EXPECT_EQ(url_decode("%41"), "A");
}

TEST(Id, HasItsShapeAndSorts) {
  auto first = new_id();
  EXPECT_TRUE(is_id(first));
  EXPECT_FALSE(is_id("../../etc/passwd0000000000"));
  EXPECT_NE(first, new_id());
  EXPECT_LT(first.substr(0, 9), "7zzzzzzzz");
}

// Many fall into one millisecond.
TEST(Id, LaterOnesSortBehindEarlierOnes) {
  auto last = new_id();
  for (int i = 0; i < 20'000; ++i) {
    auto next = new_id();
    ASSERT_LT(last, next) << i;
    last = std::move(next);
  }
}

TEST(Actor, PermissionNamesReadBack) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Permission::count_); ++i) {
    auto p = static_cast<Permission>(i);
    Permission back{};
    ASSERT_TRUE(parse(name(p), back));
    EXPECT_EQ(back, p);
  }
  EXPECT_FALSE(Actor{}.signed_in());
}

}  // namespace
}  // namespace qushu
