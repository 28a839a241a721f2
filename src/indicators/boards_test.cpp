// Personal dashboards, on both databases.
#include "qushu/indicators/boards.h"

#include <gmock/gmock.h>

#include "store_fixture.h"

namespace qushu::indicators {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BoardsTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open_with(board_migrations());
  }
  static Actor person(const char* id) {
    Actor actor;
    actor.person_id = id;
    actor.via = "session";
    return actor;
  }
  static std::vector<Card> cards(std::string_view text) { return cards_of(boost::json::parse(text)).value(); }
};
QUSHU_ON_BOTH_STORES(BoardsTest);

constexpr std::string_view kTwo = R"([
  {"id": "a", "kind": "indicator", "indicator": "egresses", "width": 2},
  {"id": "b", "kind": "sql", "title": "每月", "sql": "SELECT 1", "chart": "line", "width": 4, "height": 2}])";

TEST_P(BoardsTest, EachPersonHasHerOwnAndNoWindowOverwritesAnother) {
  Boards boards(store(), system_clock());
  auto li = person("li"), zhao = person("zhao");
  EXPECT_THAT(boards.find(li)->cards, IsEmpty());
  auto saved = boards.save(li, 0, cards(kTwo));
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->revision, 1);
  EXPECT_THAT(boards.find(zhao)->cards, IsEmpty());
  auto found = boards.find(li);
  ASSERT_THAT(found->cards, SizeIs(2));
  EXPECT_EQ(found->cards[1].chart, Card::Chart::line);
  EXPECT_EQ(found->cards[1].height, 2);
  EXPECT_EQ(boards.save(li, 0, {}).error().id, "board.changed");
  EXPECT_TRUE(boards.save(li, 1, {}));
  EXPECT_EQ(boards.find(Actor::system()).error().id, "board.nobody");
}

TEST(BoardCardsTest, AreChecked) {
  struct Case {
    const char *text, *subject;
  };
  const Case kCases[] = {
      {R"([{"id": "a", "kind": "clock"}])", "cards[0].kind"},
      {R"([{"kind": "indicator", "indicator": "x"}])", "cards[0].id"},
      {R"([{"id": "a", "kind": "indicator"}])", "cards[0].indicator"},
      {R"([{"id": "a", "kind": "sql", "sql": " "}])", "cards[0].sql"},
      {R"([{"id": "a", "kind": "sql", "sql": "SELECT 1", "chart": "pie"}])", "cards[0].chart"},
      {R"([{"id": "a", "kind": "sql", "sql": "SELECT 1", "width": 5}])", "cards[0].width"},
      {R"([{"id": "a", "kind": "sql", "sql": "SELECT 1"}, {"id": "a", "kind": "sql", "sql": "SELECT 1"}])", "cards[1].id"},
      {R"({"id": "a"})", "cards"},
  };
  for (const auto& c : kCases) {
    auto read = cards_of(boost::json::parse(c.text));
    ASSERT_FALSE(read) << c.text;
    EXPECT_EQ(read.error().subject, c.subject);
  }
}

}  // namespace
}  // namespace qushu::indicators
