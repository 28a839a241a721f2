#include "qushu/demo/demo.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "qushu/store/store.h"

#include "random.h"
#include "temp_folder.h"

namespace qushu::demo {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(DemoTest, TheSameSeedMakesTheSameRows) {
  testing::TempFolder a, b, c;
  auto one = generate(a.path(), "nowhere", 7), two = generate(b.path(), "nowhere", 7), other = generate(c.path(), "nowhere", 8);
  ASSERT_TRUE(one && two && other);
  ASSERT_EQ(one->size(), 6U);
  for (std::size_t i = 0; i < one->size(); ++i) {
    EXPECT_EQ((*one)[i].planted_rejects, (*two)[i].planted_rejects);
    if ((*one)[i].path.extension() == ".xlsx" || (*one)[i].path.extension() == ".zip") continue;  // they hold times
    EXPECT_EQ(content((*one)[i].path), content((*two)[i].path)) << (*one)[i].path;
    EXPECT_NE(content((*one)[i].path), content((*other)[i].path)) << (*one)[i].path;
  }
  EXPECT_GT((*one)[0].planted_rejects, 20U);
}

TEST(DemoTest, CheckDigitsAreValid) {
  Random r(1);
  static constexpr int kWeights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  for (int i = 0; i < 200; ++i) {
    auto card = id_card(r);
    ASSERT_EQ(card.size(), 18U);
    int sum = 0;
    for (std::size_t k = 0; k < 17; ++k) sum += (card[k] - '0') * kWeights[k];
    EXPECT_EQ(card[17], "10X98765432"[sum % 11]);
    // GB 32100: weighted by powers of three, the sum with the check character is a multiple of 31.
    static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    auto code = credit_code(r);
    int total = 0, weight = 1;
    for (std::size_t k = 0; k < 17; ++k, weight = weight * 3 % 31) total += static_cast<int>(kAlphabet.find(code[k])) * weight;
    EXPECT_EQ((total + static_cast<int>(kAlphabet.find(code[17]))) % 31, 0);
  }
}

TEST(DemoTest, ABureausDatabaseLivesOn) {
  testing::TempFolder folder;
  auto file = folder.path() / "relief.db";
  Time now = system_clock().now();
  std::string newest;
  auto day = [&](ReliefDay which) {
    EXPECT_TRUE(write_relief(file, 7, now, which));
    auto database = store::Store::open({.url = "sqlite://" + file.string()}).value();
    auto seen = database->read([&](store::Session& s) {
      return s.one("SELECT count(*), count(*) FILTER (WHERE GXSJ > ?), max(GXSJ) FROM JZSQ", {newest});
    });
    newest = seen.value()->text(2);
    return std::pair((*seen)->integer(0), (*seen)->integer(1));
  };
  EXPECT_EQ(day(ReliefDay::first), std::pair(std::int64_t{3000}, std::int64_t{3000}));
  EXPECT_EQ(day(ReliefDay::next), std::pair(std::int64_t{3000 + kReliefNew}, std::int64_t{kReliefNew + kReliefChanged}));
  EXPECT_EQ(day(ReliefDay::released), std::pair(std::int64_t{3000 + kReliefNew}, std::int64_t{30}));
}

TEST(DemoTest, EverybodyBelongsToADepartment) {
  for (const auto& person : people()) {
    bool known = false;
    for (const auto& d : departments()) known = known || d.code == person.department;
    EXPECT_TRUE(known) << person.login;
    EXPECT_FALSE(person.roles.empty());
  }
}

}  // namespace
}  // namespace qushu::demo
