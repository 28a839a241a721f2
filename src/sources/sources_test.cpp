// What sources parse of others' bytes: listings, cells, patterns; and what they sign.
#include <bit>

#include <gtest/gtest.h>

#include "block.h"
#include "pattern.h"
#include "s3_listing.h"
#include "sign.h"

namespace qushu::sources {
namespace {

using Outcome = Decoded::Outcome;

TEST(SignTest, AsAmazonsOwnExamples) {
  // Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header", examples.
  S3Credentials credentials{
      .region = "us-east-1", .access_key = "AKIAIOSFODNN7EXAMPLE", .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
  auto at = *parse_iso("2013-05-24T00:00:00Z");
  S3Request request{.method = "GET", .host = "examplebucket.s3.amazonaws.com", .path = "/", .query = {{"lifecycle", ""}}};
  EXPECT_TRUE(sign(request, credentials, at)[2].ends_with(
      "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  request.query = {{"max-keys", "2"}, {"prefix", "J"}};
  auto headers = sign(request, credentials, at);
  EXPECT_EQ(headers[0], "x-amz-date: 20130524T000000Z");
  EXPECT_TRUE(headers[2].ends_with("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
  EXPECT_EQ(canonical_query({{"prefix", "甲 b/"}, {"list-type", "2"}}), "list-type=2&prefix=%E7%94%B2%20b%2F");
}

TEST(ListingTest, APageAndWhatIsNone) {
  auto page = parse_listing(
      "<?xml version=\"1.0\"?><ListBucketResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>t&amp;1</NextContinuationToken><Contents><Key>2026/甲 "
      "&lt;1&gt;.csv</Key><LastModified>2026-11-23T01:"
      "02:03.000Z</LastModified><ETag>&quot;abc&quot;</ETag><Size>12</Size></Contents></ListBucketResult>");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->truncated);
  EXPECT_EQ(page->next, "t&1");
  ASSERT_EQ(page->files.size(), 1U);
  EXPECT_EQ(page->files[0].name, "2026/甲 <1>.csv");
  EXPECT_EQ(page->files[0].size, 12U);
  EXPECT_EQ(page->files[0].etag, "\"abc\"");
  for (const auto* text : {"", "<a/>", "<ListBucketResult><Contents>", "not xml"}) EXPECT_FALSE(parse_listing(text)) << text;
  EXPECT_EQ(error_code("<Error><Code>NoSuchBucket</Code></Error>"), "NoSuchBucket");
  EXPECT_EQ(error_code("<html/>"), "");
}

TEST(ListingTest, EntitiesDoNotGrow) {
  // "A billion laughs".
  std::string xml = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">";
  for (char c = 'b'; c < 'l'; ++c) {
    xml += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) xml += std::string("&") + static_cast<char>(c - 1) + ";";
    xml += "\">";
  }
  EXPECT_FALSE(parse_listing(xml + "]><ListBucketResult><Contents><Key>&k;</Key></Contents></ListBucketResult>"));
}

TEST(PatternTest, StarsStopAtSlashesAndPairsDoNot) {
  EXPECT_TRUE(matches("", "a/b.csv"));
  EXPECT_TRUE(matches("2026/*.csv", "2026/甲.csv"));
  EXPECT_FALSE(matches("2026/*.csv", "2026/01/a.csv"));
  EXPECT_TRUE(matches("2026/**.csv", "2026/01/a.csv"));
  EXPECT_TRUE(matches("?.csv", "甲.csv"));
  EXPECT_FALSE(matches("?.csv", "甲乙.csv"));
  EXPECT_FALSE(matches("*.csv", "a.CSV.bak"));
  // No pattern takes time beyond the product of both lengths.
  EXPECT_FALSE(matches("**a**a**a**a**a**a**a**a**b", std::string(2000, 'a')));
  EXPECT_EQ(fixed_folder("2026/01/*.csv"), "2026/01/");
  EXPECT_EQ(fixed_folder("*.csv"), "");
  EXPECT_FALSE(goes_deep("2026/*.csv"));
  EXPECT_TRUE(goes_deep("**.csv"));
}

struct Cell {
  Wire wire;
  engine::Column column;
  std::string bytes;
};
Outcome decoded(const Cell& cell, Decoded& out) {
  static std::string scratch;
  return decode(cell.wire, cell.column, cell.bytes, out, scratch);
}
std::string big(std::uint64_t value, std::size_t bytes) {
  std::string out;
  for (auto i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

TEST(DecodeTest, PostgresCells) {
  Decoded out;
  engine::Column integer{.name = "n", .type = engine::Type::integer},
      money{.name = "m", .type = engine::Type::decimal, .width = 12, .scale = 2};
  EXPECT_EQ(decoded({Wire::pg_int4, integer, big(0xFFFFFFFE, 4)}, out), Outcome::good);
  EXPECT_EQ(out.whole, -2);
  // -123456.78: three digits of base 10000, the first of weight 1, negative, two decimals.
  auto digits = big(3, 2) + big(1, 2) + big(0x4000, 2) + big(2, 2) + big(12, 2) + big(3456, 2) + big(7800, 2);
  EXPECT_EQ(decoded({Wire::pg_numeric, money, digits}, out), Outcome::good);
  EXPECT_EQ(out.whole, -12345678);
  // NaN is no decimal, and what is cut is nothing.
  EXPECT_NE(decoded({Wire::pg_numeric, money, big(0, 2) + big(0, 2) + big(0xC000, 2) + big(0, 2)}, out), Outcome::good);
  for (std::size_t cut = 0; cut < digits.size(); ++cut)
    EXPECT_EQ(decoded({Wire::pg_numeric, money, digits.substr(0, cut)}, out), Outcome::misfit) << cut;
  // Days since 2000-01-01.
  EXPECT_EQ(decoded({Wire::pg_date, {.name = "d", .type = engine::Type::date}, big(1, 4)}, out), Outcome::good);
  EXPECT_EQ(canonical({.name = "d", .type = engine::Type::date}, out.whole), "2000-01-02");
  // infinity
  EXPECT_EQ(decoded({Wire::pg_date, {.name = "d", .type = engine::Type::date}, big(0x7FFFFFFF, 4)}, out), Outcome::blank);
}

TEST(DecodeTest, WrittenCells) {
  Decoded out;
  engine::Column money{.name = "m", .type = engine::Type::decimal, .width = 12, .scale = 2},
      at{.name = "t", .type = engine::Type::datetime};
  EXPECT_EQ(decoded({Wire::decimal, money, "-1.5"}, out), Outcome::good);
  EXPECT_EQ(out.whole, -150);
  EXPECT_EQ(decoded({Wire::decimal, money, "1.234"}, out), Outcome::misfit);
  EXPECT_EQ(decoded({Wire::datetime, at, "2026-11-23 14:05:09.123456"}, out), Outcome::good);
  EXPECT_EQ(canonical(at, out.whole), "2026-11-23T14:05:09.123456");
  // MySQL's zero date is none.
  EXPECT_EQ(decoded({Wire::datetime, at, "0000-00-00 00:00:00"}, out), Outcome::blank);
  EXPECT_EQ(decoded({Wire::datetime, at, "next Tuesday"}, out), Outcome::misfit);
  EXPECT_EQ(decoded({Wire::bits, {.name = "b", .type = engine::Type::integer}, std::string("\x01\x00", 2)}, out),
            Outcome::good);
  EXPECT_EQ(out.whole, 256);
}

}  // namespace
}  // namespace qushu::sources
