#include "qushu/indicators/boards.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"

namespace qushu::indicators {
namespace {

namespace json = boost::json;
namespace schema = http::schema;
using http::Request;
using http::Response;

const std::array kMigrations{store::Migration{.id = "boards.0001", .sql = R"(
CREATE TABLE board (
  person_id TEXT PRIMARY KEY,
  revision BIGINT NOT NULL,
  cards TEXT NOT NULL,
  changed BIGINT NOT NULL
);
)"}};

constexpr std::array<std::string_view, 2> kKinds{"indicator", "sql"};
constexpr std::array<std::string_view, 4> kCharts{"bar", "line", "table", "number"};
constexpr std::size_t kTitle = 100, kId = 40;

Result<void> persons_only(const Actor& actor) {
  if (!actor.person_id.empty()) return {};
  return fail(Code::conflict, "board.nobody", "看板属于个人，命令行请用 --as 指定人员。",
              "A board is a person's: name one with --as on the command line.");
}

Failure wrong(std::size_t card, std::string_view member, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "board.cards",
                    .text = {std::move(zh), std::move(en)},
                    .subject = fmt::format("cards[{}].{}", card, member)});
}

Result<Card> card_of(const json::value& value, std::size_t at) {
  if (!value.is_object()) return wrong(at, "", "每张卡片应为 JSON 对象。", "Each card is a JSON object.");
  const auto& o = value.as_object();
  Card c{.id = text_at(o, "id"),
         .title = std::string(trim(text_at(o, "title"))),
         .indicator = text_at(o, "indicator"),
         .sql = text_at(o, "sql")};
  auto whole = [&](std::string_view member) {
    const auto* found = o.if_contains(member);
    return found != nullptr && found->is_int64() ? found->as_int64() : std::int64_t{1};
  };
  if (!parse_word(text_at(o, "kind"), kKinds, c.kind))
    return wrong(at, "kind", "应为 indicator 或 sql。", "indicator or sql is expected.");
  auto chart = text_at(o, "chart");
  if (!chart.empty() && !parse_word(chart, kCharts, c.chart))
    return wrong(at, "chart", "应为 bar、line、table 或 number。", "bar, line, table or number is expected.");
  if (c.id.empty() || c.id.size() > kId)
    return wrong(at, "id", "卡片需要标识，最多 40 个字符。", "A card has an id of 40 characters at most.");
  if (utf8_length(c.title) > kTitle) return wrong(at, "title", "标题最多 100 个字。", "A title has 100 characters at most.");
  if (c.kind == Card::Kind::indicator && c.indicator.empty())
    return wrong(at, "indicator", "请选择指标。", "Choose an indicator.");
  if (c.kind == Card::Kind::sql && (trim(c.sql).empty() || c.sql.size() > kMostCardSql))
    return wrong(at, "sql", "请填写一条 SELECT 语句，最多 20 KB。", "A SELECT of 20 KB at most is expected.");
  auto width = whole("width"), height = whole("height");
  if (width < 1 || width > kMostWidth) return wrong(at, "width", "宽度应为 1 至 4。", "The width is 1 to 4.");
  if (height < 1 || height > kMostHeight) return wrong(at, "height", "高度应为 1 至 3。", "The height is 1 to 3.");
  c.width = static_cast<int>(width);
  c.height = static_cast<int>(height);
  return c;
}

json::array to_json(const std::vector<Card>& cards) {
  json::array out;
  for (const auto& c : cards)
    out.push_back(json::object{{"id", c.id},
                               {"kind", kKinds.at(static_cast<std::size_t>(c.kind))},
                               {"title", c.title},
                               {"indicator", c.indicator},
                               {"sql", c.sql},
                               {"chart", kCharts.at(static_cast<std::size_t>(c.chart))},
                               {"width", c.width},
                               {"height", c.height}});
  return out;
}

}  // namespace

std::span<const store::Migration> board_migrations() {
  return kMigrations;
}

Result<std::vector<Card>> cards_of(const json::value& value) {
  if (!value.is_array() || value.as_array().size() > kMostCards)
    return fail(Error{.code = Code::invalid,
                      .id = "board.cards",
                      .text = {fmt::format("应为卡片的列表，最多 {} 张。", kMostCards),
                               fmt::format("A list of {} cards at most is expected.", kMostCards)},
                      .subject = "cards"});
  std::vector<Card> out;
  std::set<std::string, std::less<>> ids;
  for (const auto& one : value.as_array()) {
    QS_TRY(auto card, card_of(one, out.size()));
    if (!ids.insert(card.id).second) return wrong(out.size(), "id", "两张卡片的标识相同。", "Two cards have the same id.");
    out.push_back(std::move(card));
  }
  return out;
}

Result<Board> Boards::find(const Actor& actor) const {
  QS_CHECK(persons_only(actor));
  QS_TRY(auto row, store_.read([&](store::Session& s) {
    return s.one("SELECT revision, cards FROM board WHERE person_id = ?", {actor.person_id});
  }));
  if (!row) return Board{};
  Board out{.revision = row->integer(0), .cards = {}};
  QS_TRY(out.cards, cards_of(json::parse(row->text(1))));
  return out;
}

Result<Board> Boards::save(const Actor& actor, std::int64_t revision, std::vector<Card> cards) {
  QS_CHECK(persons_only(actor));
  auto text = json::serialize(to_json(cards));
  return store_.write([&](store::Transaction& t) -> Result<Board> {
    QS_TRY(auto row, t.one("SELECT revision FROM board WHERE person_id = ?", {actor.person_id}));
    auto now = row ? row->integer(0) : 0;
    if (now != revision)
      return fail(Code::conflict, "board.changed", "看板刚刚在别处改过，请重新打开再改。",
                  "The board was changed elsewhere; open it again.");
    QS_CHECK(
        t.exec("INSERT INTO board (person_id, revision, cards, changed) VALUES (?, ?, ?, ?) ON CONFLICT (person_id) DO "
               "UPDATE SET revision = excluded.revision, cards = excluded.cards, changed = excluded.changed",
               {actor.person_id, now + 1, text, clock_.now()}));
    return Board{.revision = now + 1, .cards = cards};
  });
}

json::object to_json(const Board& board) {
  return {{"revision", board.revision}, {"cards", to_json(board.cards)}};
}

void add_board_routes(http::Router& router, Boards& boards) {
  auto card = schema::object({{"id", schema::text().length(1, kId)},
                              {"kind", schema::choice({"indicator", "sql"})},
                              {"title", schema::text().length(0, kTitle)},
                              {"indicator", schema::text().length(0, 40)},
                              {"sql", schema::text().length(0, kMostCardSql)},
                              {"chart", schema::choice({"bar", "line", "table", "number"})},
                              {"width", schema::integer().range(1, kMostWidth)},
                              {"height", schema::integer().range(1, kMostHeight)}})
                  .named("BoardCard");
  auto board = schema::object({{"revision", schema::integer()}, {"cards", schema::array(card)}}).named("Board");
  router.add({.method = http::Method::get,
              .path = "/api/v1/board",
              .id = "board_show",
              .tag = "indicators",
              .summary = {"我的看板", "The caller's own dashboard"},
              .who = http::may(Permission::indicator_use),
              .answer = board,
              .errors = {Code::conflict},
              .handler = [&boards](Request& r) -> Result<Response> {
                QS_TRY(auto found, boards.find(r.actor));
                return Response::ok(to_json(found));
              }});
  router.add({.method = http::Method::put,
              .path = "/api/v1/board",
              .id = "board_save",
              .tag = "indicators",
              .summary = {"保存我的看板", "Keep the caller's own dashboard"},
              .who = http::may(Permission::indicator_use),
              .body = schema::object(
                  {{"revision", schema::integer().range(0, INT32_MAX)}, {"cards", schema::array(card).length(0, kMostCards)}}),
              .body_limit = kMostCards * kMostCardSql * 2,
              .answer = board,
              .errors = {Code::conflict, Code::invalid},
              .handler = [&boards](Request& r) -> Result<Response> {
                QS_TRY(auto cards, cards_of(r.body.at("cards")));
                QS_TRY(auto saved, boards.save(r.actor, r.body.at("revision").as_int64(), std::move(cards)));
                return Response::ok(to_json(saved));
              }});
}

}  // namespace qushu::indicators
