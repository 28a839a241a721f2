// Personal dashboards (我的看板): each person's own page of indicators and of charts made by her own SQL. What is kept is what
// she chose and how it is laid out; figures and rows are asked for when they are shown, with her rights as they then are.
//
// Thread-safety: Boards may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::indicators {

[[nodiscard]] std::span<const store::Migration> board_migrations();

struct Card {
  enum class Kind : std::uint8_t { indicator, sql };
  enum class Chart : std::uint8_t { bar, line, table, number };
  std::string id;  // made by whoever adds it, unique on the board
  Kind kind = Kind::indicator;
  std::string title;      // of sql; of an indicator empty: its own name
  std::string indicator;  // its code
  std::string sql;
  Chart chart = Chart::bar;   // of sql
  int width = 1, height = 1;  // of four columns, and rows
};

struct Board {
  std::int64_t revision = 0;  // 0: she has not made one
  std::vector<Card> cards;    // in their order
};

inline constexpr std::size_t kMostCards = 40;
inline constexpr std::size_t kMostCardSql = 20'000;  // bytes
inline constexpr int kMostWidth = 4, kMostHeight = 3;

class Boards {
 public:
  Boards(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  // Her own; conflict "board.nobody" for whoever is no person.
  [[nodiscard]] Result<Board> find(const Actor& actor) const;
  // conflict "board.changed" when it is not the revision that she saw: another window of hers was quicker.
  [[nodiscard]] Result<Board> save(const Actor& actor, std::int64_t revision, std::vector<Card> cards);

 private:
  store::Store& store_;
  const Clock& clock_;
};

[[nodiscard]] boost::json::object to_json(const Board& board);
// The cards of a JSON array; invalid "board.cards" names what is wrong.
[[nodiscard]] Result<std::vector<Card>> cards_of(const boost::json::value& value);

// /api/v1/board
void add_board_routes(http::Router& router, Boards& boards);

}  // namespace qushu::indicators
