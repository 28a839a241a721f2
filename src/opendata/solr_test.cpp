#include "solr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qushu::opendata {
namespace {

// The tree as text: +(a b) all of, |(a b) any of, !(a) not.
std::string shape(const QueryNode& node) {
  using Kind = QueryNode::Kind;
  auto head = node.field.empty() ? std::string() : node.field + ":";
  if (node.kind == Kind::all) return head + "*";
  if (node.kind == Kind::word) return head + "'" + node.text + "'" + (node.prefix ? "*" : "");
  if (node.kind == Kind::range) return head + "[" + node.from + ".." + node.to + "]";
  std::string out = node.kind == Kind::both ? "+(" : node.kind == Kind::either ? "|(" : "!(";
  for (const auto& one : node.of) out += (out.size() > 2 ? " " : "") + shape(one);
  return out + ")";
}

TEST(SolrTest, ReadsWhatClientsWrite) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "*"},
      {"*:*", "*:*"},
      {"water", "'water'"},
      {"Water 水质", "+('water' '水质')"},
      {"a OR b AND c", "|('a' +('b' 'c'))"},
      {"organization:mzj", "organization:'mzj'"},
      {"+organization:mzj -tags:\"a b\"", "+(organization:'mzj' !(tags:'a b'))"},
      {"tags:(a OR b)", "|(tags:'a' tags:'b')"},
      {"name:fir*", "name:'fir'*"},
      {"metadata_modified:[2020-01-01T00:00:00Z TO *]", "metadata_modified:[2020-01-01T00:00:00Z..]"},
      {"title:a^2 \"b c\"~3", "+(title:'a' 'b c')"},
      {"ORange ANDroid NOTe", "+('orange' 'android' 'note')"},
      {"a\\:b", "'a:b'"},
      {"NOT (a b)", "!(+('a' 'b'))"},
  };
  for (const auto& [text, wanted] : kCases) {
    auto tree = parse_query(text);
    ASSERT_TRUE(tree) << text;
    EXPECT_EQ(shape(*tree), wanted) << text;
  }
}

TEST(SolrTest, RefusesWhatCannotBeRead) {
  for (const auto* text : {"(a", "a)", "\"open", "[a TO b]", "f:[a b]", "-", "f:"}) {
    auto tree = parse_query(text);
    ASSERT_FALSE(tree) << text;
    EXPECT_EQ(tree.error().id, "open.query");
  }
  EXPECT_FALSE(parse_query(std::string(5000, 'a')));
  EXPECT_FALSE(parse_query(std::string(50, '(') + "a" + std::string(50, ')')));
}

TEST(SolrTest, TermsAreWordsAndPairs) {
  EXPECT_THAT(terms_of("Water-quality 2026"), testing::ElementsAre("water", "quality", "2026"));
  EXPECT_THAT(terms_of("企业登记"), testing::ElementsAre("企业", "业登", "登记"));
  EXPECT_THAT(terms_of("水 A座"), testing::ElementsAre("水", "a", "座"));
  EXPECT_THAT(terms_of("（元），"), testing::ElementsAre("元"));
}

}  // namespace
}  // namespace qushu::opendata
