#include <gtest/gtest.h>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {
namespace {

TEST(IdentifierTest, NamesBecomeIdentifiers) {
  struct Case {
    std::string_view name, identifier;
  };
  for (const auto& c : std::vector<Case>{{"企业名称", "qi_ye_ming_cheng"},
                                         {"统一社会信用代码", "tong_yi_she_hui_xin_yong_dai_ma"},
                                         {"Name", "name"},
                                         {"2024年人口（人）", "f_2024nian_ren_kou_ren"},
                                         {"  A--B  ", "a_b"},
                                         {"order", "order_value"},
                                         {"！！", "field"},
                                         {"", "field"},
                                         {"Größe", "grosse"}})
    EXPECT_EQ(identifier_of(c.name), c.identifier) << c.name;
}

TEST(IdentifierTest, EveryIdentifierIsACode) {
  for (std::string name : {"企业名称", "1", "'; DROP TABLE x", "Ω", "很长", "select"}) {
    for (int i = 0; i < 6; ++i) name += name;
    EXPECT_TRUE(is_code(identifier_of(name))) << identifier_of(name);
  }
}

TEST(IdentifierTest, Codes) {
  for (auto good : {"a", "enterprise", "a_1", "x0123456789012345678901234567890123456789012345678901234567890_"})
    EXPECT_TRUE(is_code(good) == (std::string_view(good).size() <= 63)) << good;
  for (auto bad : {"", "1a", "A", "a-b", "企业", "_id", "a b", "a\"b"}) EXPECT_FALSE(is_code(bad)) << bad;
}

}  // namespace
}  // namespace qushu::catalog
