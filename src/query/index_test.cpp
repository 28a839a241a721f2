#include "qushu/query/index.h"

#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "answer.h"
#include "filter.h"
#include "index_format.h"
#include "key_file.h"
#include "temp_folder.h"

namespace qushu::query {
namespace {

using engine::Type;
using engine::Value;

catalog::Field field(std::string id, Type type, bool key = false, std::uint8_t width = 0, std::uint8_t scale = 0) {
  catalog::Field out;
  out.id = out.name = std::move(id);
  out.type = type;
  out.key = key;
  out.width = width;
  out.scale = scale;
  return out;
}

class Index : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    auto opened = engine::Engine::open(settings_, folder_.path() / "scratch");
    ASSERT_TRUE(opened);
    engine_ = *std::move(opened);
  }

  std::shared_ptr<const KeyIndex> build(std::string select, std::vector<catalog::Field> fields) {
    auto file = folder_.path() / fmt::format("index-{}", ++count_);
    auto rows = build_index(*engine_, {.select = std::move(select), .fields = std::move(fields)}, file);
    EXPECT_TRUE(rows) << (rows ? "" : rows.error().detail);
    if (!rows) return nullptr;
    counts_ = *rows;
    auto index = KeyIndex::open(file);
    EXPECT_TRUE(index) << (index ? "" : index.error().detail);
    return index ? *index : nullptr;
  }

  static std::vector<std::int64_t> ids(const KeyIndex& index, std::vector<Value> key, std::size_t limit = 100) {
    auto rows = index.find(key, limit);
    EXPECT_TRUE(rows);
    std::vector<std::int64_t> out;
    for (const auto& row : *rows) out.push_back(row.id);
    return out;
  }

  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
  IndexCounts counts_;
  int count_ = 0;
};

TEST_F(Index, FindsEveryRowByItsKeyAndNoOther) {
  auto index = build(
      "SELECT i + 1 AS _id, '91' || lpad(CAST((i * 7919) % 50000 AS VARCHAR), 8, '0') AS code, '企业' || i AS name, "
      "CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS staff FROM range(50000) t(i)",
      {field("code", Type::text, true), field("name", Type::text), field("staff", Type::integer)});
  ASSERT_TRUE(index);
  EXPECT_EQ(counts_.rows, 50'000U);
  EXPECT_EQ(counts_.repeated + counts_.without_key, 0U);
  for (std::int64_t i = 0; i < 50'000; i += 37) {
    auto rows = index->find(std::vector<Value>{fmt::format("91{:08}", (i * 7919) % 50'000)}, 10);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(rows->front().id, i + 1);
    EXPECT_EQ(rows->front().values[1], fmt::format("\"企业{}\"", i));
    EXPECT_EQ(rows->front().values[2], i % 3 == 0 ? "null" : fmt::format("{}", i));
  }
  for (std::string none : {"", "91", "9100000000 ", "910000000", "9199999999", "zz"})
    EXPECT_TRUE(ids(*index, {none}).empty()) << none;
  EXPECT_EQ(index->row(5)->values[1], "\"企业4\"");
  EXPECT_TRUE(index->row(50'001)->values.empty());
}

TEST_F(Index, AKeyOfSeveralRowsFindsThemAllInOrder) {
  auto index = build("SELECT 100 - i AS _id, i % 3 AS a, chr(CAST(97 + i % 2 AS INTEGER)) AS b FROM range(60) t(i)",
                     {field("a", Type::integer, true), field("b", Type::text, true)});
  ASSERT_TRUE(index);
  EXPECT_EQ(counts_.repeated, 54U);
  auto found = ids(*index, {std::int64_t{1}, "a"});
  EXPECT_EQ(found.size(), 10U);
  EXPECT_TRUE(std::ranges::is_sorted(found));
  EXPECT_EQ(ids(*index, {std::int64_t{1}, "a"}, 3).size(), 3U);
  EXPECT_TRUE(ids(*index, {std::int64_t{1}}).empty());
  EXPECT_TRUE(ids(*index, {std::int64_t{9}, "a"}).empty());
}

TEST_F(Index, NoKeyIsTheBeginningOfAnother) {
  auto index = build(
      "SELECT * FROM (VALUES (1, 'a', 'bc'), (2, 'ab', 'c'), (3, 'a' || chr(0), 'b'), (4, 'a', chr(0) || 'b'), (5, '', 'abc'), "
      "(6, repeat('长', 400) || '1', 'x'), (7, repeat('长', 400) || '2', 'x'), (8, NULL, 'x'), (9, 'a', 'b')) t(_id, k1, k2)",
      {field("k1", Type::text, true), field("k2", Type::text, true)});
  ASSERT_TRUE(index);
  EXPECT_EQ(counts_.without_key, 1U);
  EXPECT_EQ(counts_.repeated, 0U);
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(ids(*index, {"a", "bc"}), Ids{1});
  EXPECT_EQ(ids(*index, {"ab", "c"}), Ids{2});
  EXPECT_EQ(ids(*index, {std::string("a\0", 2), "b"}), Ids{3});
  EXPECT_EQ(ids(*index, {"a", std::string("\0b", 2)}), Ids{4});
  EXPECT_EQ(ids(*index, {"", "abc"}), Ids{5});
  std::string tall;
  for (int i = 0; i < 400; ++i) tall += "长";
  EXPECT_EQ(ids(*index, {tall + "1", "x"}), Ids{6});
  EXPECT_EQ(ids(*index, {tall + "2", "x"}), Ids{7});
  EXPECT_TRUE(ids(*index, {tall, "x"}).empty());
  EXPECT_EQ(ids(*index, {"a", "b"}), Ids{9});
  EXPECT_EQ(index->row(8)->values[0], "null");
}

TEST_F(Index, EveryTypeIsFoundAsTheFilterReadsIt) {
  auto make = [&](std::string_view expression, catalog::Field key) {
    return build(fmt::format("SELECT i + 1 AS _id, {} AS k FROM range(40) t(i)", expression), {std::move(key)});
  };
  struct Case {
    std::string expression;
    catalog::Field key;
    std::string asked;
    std::int64_t id;
  };
  for (const auto& c : std::vector<Case>{
           {"CAST((i - 20) AS DECIMAL(10, 2)) / 4", field("k", Type::decimal, true, 10, 3), "-4.5", 3},
           {"CAST(i - 20 AS DECIMAL(10, 2))", field("k", Type::decimal, true, 10, 2), "-0", 21},
           {"CAST(i - 20 AS DECIMAL(10, 2))", field("k", Type::decimal, true, 10, 2), "19", 40},
           {"i - 20", field("k", Type::integer, true), "-20", 1},
           {"(i - 20) / 8.0::DOUBLE", field("k", Type::number, true), "-2.5", 1},
           {"DATE '1969-12-20' + CAST(i AS INTEGER)", field("k", Type::date, true), "1970/1/1", 13},
           {"TIME '00:00:00' + INTERVAL (i * 500) MILLISECOND", field("k", Type::time, true), "00:00:01.50", 4},
           {"TIMESTAMP '1969-12-31' + INTERVAL (i) HOUR", field("k", Type::datetime, true), "1970-01-01 01:00", 26},
       }) {
    auto key = c.key;
    // The division changes the decimal's type; as the file has it.
    auto expression = c.key.type == Type::decimal
                          ? fmt::format("CAST({} AS DECIMAL({}, {}))", c.expression, c.key.width, c.key.scale)
                          : c.expression;
    auto index = make(expression, key);
    ASSERT_TRUE(index);
    auto value = parse_value(key, c.asked, "k");
    ASSERT_TRUE(value) << value.error().text.en;
    EXPECT_EQ(ids(*index, {*value}), std::vector<std::int64_t>{c.id}) << c.expression << " " << c.asked;
  }
  auto index = make("CAST(i AS DECIMAL(10, 2))", field("k", Type::decimal, true, 10, 2));
  EXPECT_TRUE(ids(*index, {"1.001"}).empty());
}

TEST_F(Index, AnswersLikeTheEngine) {
  std::vector<catalog::Field> fields{field("code", Type::text, true), field("name", Type::text),
                                     field("amount", Type::decimal, false, 12, 2), field("day", Type::date)};
  std::string select =
      "SELECT i + 1 AS _id, 'K' || (i // 2) AS code, CASE WHEN i % 4 = 0 THEN NULL ELSE '\"名\\' || i END AS name, "
      "CAST(i / 8.0 AS DECIMAL(12, 2)) AS amount, DATE '2024-01-01' + CAST(i AS INTEGER) AS day FROM range(100) t(i)";
  auto index = build(select, fields);
  ASSERT_TRUE(index);
  for (const auto& query : std::vector<Pairs>{{{"key", "K3"}},
                                              {{"code", "K0"}, {"_col", "amount"}, {"_col", "name"}},
                                              {{"key", "none"}},
                                              {{"key", "K1"}, {"_count", "none"}}}) {
    auto request = parse_rows(query, fields, 7, {});
    ASSERT_TRUE(request);
    auto fast = answer_lookup(*index, fields, *request);
    auto slow = answer_rows(*engine_, {.select = select, .fields = fields, .all_rows = 100}, *request, {});
    ASSERT_TRUE(fast && slow);
    EXPECT_EQ(fast->body, slow->body);
    EXPECT_EQ(fast->rows, slow->rows);
  }
  // More rows than the page, or an order among several: the engine's work.
  EXPECT_FALSE(answer_lookup(*index, fields, *parse_rows({{"key", "K3"}, {"_size", "1"}}, fields, 7, {})));
  EXPECT_FALSE(answer_lookup(*index, fields, *parse_rows({{"key", "K3"}, {"_sort_desc", "day"}}, fields, 7, {})));
  EXPECT_FALSE(answer_lookup(*index, fields, *parse_rows({{"name", "x"}}, fields, 7, {})));
}

TEST_F(Index, WidePagesThroughTheIndexAreTheSame) {
  std::vector<catalog::Field> fields{field("code", Type::text, true), field("name", Type::text),
                                     field("amount", Type::decimal, false, 12, 2), field("day", Type::date)};
  std::string select =
      "SELECT i + 1 AS _id, 'K' || i AS code, CASE WHEN i % 4 = 0 THEN NULL ELSE '名' || i % 9 END AS name, "
      "CAST(i % 13 AS DECIMAL(12, 2)) AS amount, DATE '2024-01-01' + CAST(i AS INTEGER) AS day FROM range(300) t(i)";
  auto index = build(select, fields);
  ASSERT_TRUE(index);
  for (const auto& query : std::vector<Pairs>{{{"_size", "40"}},
                                              {{"_sort_desc", "name"}, {"_sort", "amount"}, {"_size", "77"}},
                                              {{"_sort", "amount"}, {"_col", "code"}, {"_col", "day"}, {"_col", "name"}},
                                              {{"name__isnull", ""}, {"_size", "10"}, {"_sort_desc", "day"}}}) {
    std::string next;
    for (int page = 0; page < 3; ++page) {
      auto pairs = query;
      pairs.emplace_back("_next", next);
      auto request = parse_rows(pairs, fields, 7, {});
      ASSERT_TRUE(request);
      auto narrow =
          answer_rows(*engine_, {.select = select, .fields = fields, .all_rows = 300, .index = index.get()}, *request, {});
      auto wide = answer_rows(*engine_, {.select = select, .fields = fields, .all_rows = 300}, *request, {});
      ASSERT_TRUE(narrow && wide);
      EXPECT_EQ(narrow->body, wide->body);
      next = boost::json::parse(wide->body).at("next").as_string();
    }
  }
}

TEST_F(Index, ANewerLayerComesBeforeAnOlderOne) {
  std::vector<catalog::Field> fields{field("code", Type::text, true), field("n", Type::integer)};
  auto layer = [&](const std::string& values, std::int64_t from, std::vector<std::int64_t> gone) {
    auto file = folder_.path() / fmt::format("layer-{}", ++count_);
    auto built = build_index(*engine_,
                             {.select = "SELECT CAST(_id AS BIGINT) AS _id, code, CAST(n AS BIGINT) AS n FROM (VALUES " +
                                        values + ") t(_id, code, n)",
                              .from = from,
                              .gone = std::move(gone),
                              .fields = fields},
                             file);
    EXPECT_TRUE(built);
    auto opened = IndexLayer::open(file);
    EXPECT_TRUE(opened);
    return *opened;
  };
  auto lowest = layer("(1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'c', 4)", 0, {});
  // b changed, a was removed; then b changed again and one of the two c went.
  auto middle = layer("(5, 'b', 20), (6, 'd', 6)", 5, {1, 2});
  auto top = layer("(7, 'b', 200)", 7, {3, 5});
  KeyIndex index({lowest, middle, top});
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(ids(index, {"a"}), Ids());
  EXPECT_EQ(ids(index, {"b"}), Ids{7});
  EXPECT_EQ(ids(index, {"c"}), Ids{4});
  EXPECT_EQ(ids(index, {"d"}), Ids{6});
  EXPECT_EQ(ids(index, {"e"}), Ids());
  EXPECT_EQ(index.row(7)->values[1], "200");
  EXPECT_EQ(index.row(6)->values[1], "6");
  EXPECT_EQ(index.row(4)->values[1], "4");
  EXPECT_TRUE(index.row(99)->values.empty());
  // Many keys at once are the same, in the order in which they are asked.
  std::vector<KeyHash> keys;
  for (std::string_view code : {"a", "b", "c", "d", "e"}) {
    std::string encoded;
    append_key_text(code, encoded);
    keys.push_back(hash_key(encoded));
  }
  std::ranges::sort(keys);
  std::map<std::size_t, Ids> all;
  ASSERT_TRUE(index.find_all(keys, 2, [&](std::size_t place, std::span<const KeyEntry> rows) -> Result<void> {
    for (const auto& row : rows) all[place].push_back(row.id);
    return {};
  }));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto rows = index.find_hashed(keys[i], 2);
    ASSERT_TRUE(rows);
    Ids single;
    for (const auto& row : *rows) single.push_back(row.id);
    EXPECT_EQ(all[i], single);
  }
  EXPECT_EQ(*top->gone(), (Ids{3, 5}));
  EXPECT_TRUE(lowest->gone()->empty());
  EXPECT_EQ(top->from(), 7);
}

TEST_F(Index, WhatARowIsStandsBehindItsKey) {
  std::vector<catalog::Field> fields{field("code", Type::text, true), field("name", Type::text), field("staff", Type::integer)};
  constexpr std::string_view kRows =
      "SELECT i AS _id, 'k' || i AS code, CASE WHEN i = 7 THEN NULL ELSE '企业' || i END AS name, i * 2 AS staff FROM "
      "range(100) t(i)";
  auto index = build(std::string(kRows), fields);
  ASSERT_TRUE(index);
  EXPECT_TRUE(index->knows_rows(hashed_by(engine_->version(), fields)));
  // Of other types, or by another engine, it tells nothing.
  auto wider = fields;
  wider[2].type = Type::decimal;
  wider[2].width = 20;
  EXPECT_FALSE(index->knows_rows(hashed_by(engine_->version(), wider)));
  EXPECT_FALSE(index->knows_rows(hashed_by("v0", fields)));
  auto now = [&](const std::string& change) {
    auto cursor = engine_->run({.sql = fmt::format("SELECT code, {} FROM (SELECT * REPLACE ({}) FROM ({})) ORDER BY _id",
                                                   row_hash(fields), change, kRows)});
    std::vector<std::string> differing;
    const auto* chunk = (*cursor)->next().value();
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      std::string key;
      append_key_part(*chunk, 0, r, Type::text, key);
      bool same = false;
      RowHash is{.first = chunk->integer(1, r), .second = chunk->integer(2, r)};
      EXPECT_TRUE(
          index->find_all(std::vector{hash_key(key)}, 2, [&](std::size_t, std::span<const KeyEntry> rows) -> Result<void> {
            same = rows.size() == 1 && rows[0].row == is;
            return {};
          }));
      if (!same) differing.emplace_back(chunk->text(0, r));
    }
    return differing;
  };
  EXPECT_THAT(now("name AS name"), ::testing::IsEmpty());
  EXPECT_THAT(now("CASE WHEN code = 'k3' THEN staff + 1 ELSE staff END AS staff"), ::testing::ElementsAre("k3"));
  // Nothing is not the empty text.
  EXPECT_THAT(now("coalesce(name, '') AS name"), ::testing::ElementsAre("k7"));
}

TEST_F(Index, ManyThreadsReadAtOnce) {
  auto index = build("SELECT i AS _id, i AS k FROM range(2000) t(i)", {field("k", Type::integer, true)});
  ASSERT_TRUE(index);
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (std::int64_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::int64_t i = t; i < 2000; ++i) {
          auto rows = index->find(std::vector<Value>{i}, 2);
          if (!rows || rows->size() != 1 || rows->front().id != i) ++wrong;
        }
      });
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(Index, WhatIsNoIndexIsSaidSo) {
  auto file = folder_.path() / "junk";
  std::ofstream(file) << std::string(20'000, 'x');
  auto junk = KeyIndex::open(file);
  ASSERT_FALSE(junk);
  EXPECT_EQ(junk.error().id, "index.unreadable");
  std::ofstream(folder_.path() / "empty").close();
  EXPECT_FALSE(KeyIndex::open(folder_.path() / "empty"));
  EXPECT_FALSE(KeyIndex::open(folder_.path() / "none"));
}

TEST_F(Index, TheCacheKeepsTheLastUsed) {
  auto blobs = blob::BlobStore::open_local(folder_.path() / "blobs");
  ASSERT_TRUE(blobs);
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    auto file = (*blobs)->temporary_folder() / fmt::format("i{}", i);
    ASSERT_TRUE(build_index(*engine_,
                            {.select = fmt::format("SELECT i AS _id, i AS k FROM range({}) t(i)", 10 + i),
                             .fields = {field("k", Type::integer, true)}},
                            file));
    auto info = (*blobs)->adopt(file);
    ASSERT_TRUE(info) << info.error().detail;
    names.push_back(info->sha256);
  }
  IndexCache cache(**blobs, 2);
  auto first = cache.open(names[0]);
  ASSERT_TRUE(first);
  EXPECT_EQ(cache.open(names[0])->get(), first->get());
  ASSERT_TRUE(cache.open(names[1]));
  ASSERT_TRUE(cache.open(names[2]));
  // What was closed in the cache still works for who holds it, and opens again.
  EXPECT_EQ(ids(**first, {std::int64_t{3}}), std::vector<std::int64_t>{3});
  auto again = cache.open(names[0]);
  ASSERT_TRUE(again);
  EXPECT_NE(again->get(), first->get());
  EXPECT_FALSE(cache.open(std::string(64, '0')));
}

}  // namespace
}  // namespace qushu::query
