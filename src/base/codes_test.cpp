#include "qushu/base/codes.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace qushu {
namespace {

struct Case {
  const char* text;
  bool holds;
};

void expect(bool (*check)(std::string_view), const std::vector<Case>& cases) {
  for (const auto& c : cases) EXPECT_EQ(check(c.text), c.holds) << c.text;
}

TEST(Codes, CreditCodes) {
  expect(is_credit_code, {{"91350100M000100Y43", true},
                          {"12110108MB0000019E", true},
                          {"91350100M000100Y44", false},
                          {"91350100M000100Y4", false},
                          {"91350100M000100Y433", false},
                          {"91350100I000100Y43", false},  // I is no letter of the alphabet
                          {"91350100m000100y43", false},
                          {" 91350100M000100Y4", false},
                          {"９１３５０１００Ｍ０００１００Ｙ４３", false},
                          {"", false}});
  // An unknown prefix is no reason to refuse: any two characters with the right check do.
  EXPECT_TRUE(has_organisation_code("91350100M000100Y43"));
  // D2143569X, the standard's own example, as the body of a code; and with another digit.
  EXPECT_TRUE(has_organisation_code("91350100D2143569X0"));
  EXPECT_FALSE(has_organisation_code("91350100D214356910"));
}

TEST(Codes, CitizenIds) {
  expect(is_citizen_id, {{"11010519491231002X", true},
                         {"11010519491231002x", true},
                         {"440524188001010014", true},
                         {"440524188001010013", false},
                         {"110105194912310021", false},
                         {"11010519490231002X", false},
                         {"1101051949123100", false},
                         {"１１０１０５１９４９１２３１００２Ｘ", false},
                         {"", false}});
  // The check digit alone is not enough: the 30th of February with a check digit that fits.
  for (char last : {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'X'})
    EXPECT_FALSE(is_citizen_id(std::string("11010520000230001") + last));
}

TEST(Codes, Regions) {
  expect(is_region_code, {{"110108", true},
                          {"820000", true},
                          {"160000", false},
                          {"110108001", true},
                          {"110108600", false},
                          {"110108001001", true},
                          {"110108001399", true},
                          {"110108001400", false},
                          {"110108000000", true},
                          {"110108000001", false},
                          {"11010", false},
                          {"11010a", false},
                          {"", false}});
}

TEST(Codes, Telephones) {
  expect(is_mobile,
         {{"13800138000", true}, {"12800138000", false}, {"1380013800", false}, {"138001380000", false}, {"", false}});
  expect(is_landline, {{"010-62345678", true},
                       {"01062345678", true},
                       {"0531-8234567", true},
                       {"05318234567", true},
                       {"62345678", false},
                       {"10-62345678", false},
                       {"010-623456", false},
                       {"010--2345678", false},
                       {"00000-1234567", false},
                       {"", false}});
}

TEST(Codes, CardsAndMail) {
  expect(is_bank_card, {{"6222021234567890128", true},
                        {"6222021234567890123", false},
                        {"622202123456", false},
                        {"000000000000", false},
                        {"62220212345678901280", false},
                        {"6222 0212 3456 7890", false},
                        {"", false}});
  expect(is_email, {{"a@b.cn", true},
                    {"li.si+1@sjj.gov.cn", true},
                    {"a@b", false},
                    {".a@b.cn", false},
                    {"a..b@c.cn", false},
                    {"a@-b.cn", false},
                    {"a@b.cn ", false},
                    {"甲@b.cn", false},
                    {"a@1.2.3.4", false},
                    {"@b.cn", false},
                    {"", false}});
}

// Whatever the body, exactly one check digit fits, and one changed digit is always seen.
void expect_check_digit(bool (*check)(std::string_view), std::string_view alphabet, std::string_view ends, std::size_t length,
                        std::string_view fixed) {
  std::mt19937 random(5);
  auto any = [&](std::string_view from) { return from[random() % from.size()]; };
  for (int n = 0; n < 300; ++n) {
    std::string body(fixed);
    while (body.size() + 1 < length) body += any(alphabet);
    std::string right;
    for (char end : ends)
      if (check(body + end)) right += end;
    ASSERT_EQ(right.size(), 1U) << body << " " << right;
    auto at = fixed.size() + random() % (length - 1 - fixed.size());
    for (char other : alphabet) {
      auto changed = body;
      changed[at] = other;
      if (other != body[at]) EXPECT_FALSE(check(changed + right)) << body << right << " " << changed;
    }
  }
}

TEST(Codes, CheckDigitsSeeOneWrongCharacter) {
  constexpr std::string_view kDigits = "0123456789", kCredit = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  expect_check_digit(is_credit_code, kCredit, kCredit, 18, "");
  expect_check_digit(is_citizen_id, kDigits, "0123456789X", 18, "11010519800229");
  expect_check_digit(is_bank_card, kDigits, kDigits, 19, "6");
  expect_check_digit(is_bank_card, kDigits, kDigits, 12, "1");
}

TEST(Codes, WhatIsNoneAtAllIsRefused) {
  for (auto check : {is_credit_code, is_citizen_id, is_region_code, is_mobile, is_landline, is_bank_card, is_email}) {
    for (std::string_view text : {"", " ", "\n", "-", "@", "中", "\xFF\xFE", "null"}) EXPECT_FALSE(check(text)) << text;
    EXPECT_FALSE(check(std::string(18, '\0')));
    EXPECT_FALSE(check(std::string(100'000, '1')));
  }
}

}  // namespace
}  // namespace qushu
