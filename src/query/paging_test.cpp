// Pages of any size in any sort give every row exactly once and in order, with nulls and ties.
#include <algorithm>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "filter.h"
#include "temp_folder.h"

namespace qushu::query {
namespace {

using engine::Type;

class Paging : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    settings_.declare(engine::settings());
    ASSERT_TRUE(settings_.set("engine.memory", "256MiB"));
    folder_ = std::make_unique<testing::TempFolder>();
    auto opened = engine::Engine::open(settings_, folder_->path() / "scratch");
    ASSERT_TRUE(opened);
    engine_ = *std::move(opened);
    auto file = folder_->path() / "rows.parquet";
    auto written = engine_->execute(
        {.sql = "COPY (SELECT i * 3 AS _id, CASE WHEN i % 5 = 0 THEN NULL ELSE '值' || (i % 7) END AS t, "
                "CASE WHEN i % 4 = 0 THEN NULL ELSE i % 6 - 3 END AS n, CAST((i % 11) - 5 AS DECIMAL(10, 2)) / 4 AS d0, "
                "CAST(((i * 7) % 13 - 6) / 4.0 AS DECIMAL(12, 3)) AS dec, "
                "CASE i % 9 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN '-inf'::DOUBLE WHEN 3 THEN NULL "
                "ELSE (i % 5) / 3.0 END AS x, i % 3 = 0 AS b, CASE WHEN i % 8 = 0 THEN NULL ELSE DATE '1969-12-30' + "
                "CAST(i % 5 AS INTEGER) END AS day, TIME '23:59:58.5' - INTERVAL (i % 4) SECOND AS tm, "
                "TIMESTAMP '1969-12-31 23:59:59.25' + INTERVAL (i % 6) SECOND AS ts FROM range(1, 201) r(i)) TO " +
                engine::quote_text(file.string()) + " (FORMAT parquet, ROW_GROUP_SIZE 2048)"});
    ASSERT_TRUE(written) << written.error().detail;
    select_ = "SELECT * FROM " + engine::parquet_scan({file});
    auto add = [](std::string id, Type type, std::uint8_t width = 0, std::uint8_t scale = 0) {
      catalog::Field field;
      field.id = field.name = std::move(id);
      field.type = type;
      field.width = width;
      field.scale = scale;
      fields_.push_back(field);
    };
    add("t", Type::text);
    add("n", Type::integer);
    add("dec", Type::decimal, 12, 3);
    add("x", Type::number);
    add("b", Type::boolean);
    add("day", Type::date);
    add("tm", Type::time);
    add("ts", Type::datetime);
  }
  static void TearDownTestSuite() {
    engine_.reset();
    folder_.reset();
    fields_.clear();
  }

  struct Row {
    std::int64_t id = 0;
    std::vector<std::optional<std::string>> values;
  };

  static std::vector<Row> run(const Sql& sql) {
    auto cursor = engine_->run({.sql = sql.text, .params = sql.params});
    std::vector<Row> rows;
    EXPECT_TRUE(cursor) << (cursor ? "" : cursor.error().detail + "\n" + sql.text);
    if (!cursor) return rows;
    for (;;) {
      auto chunk = (*cursor)->next();
      EXPECT_TRUE(chunk) << (chunk ? "" : chunk.error().detail + "\n" + sql.text);
      if (!chunk || *chunk == nullptr) return rows;
      for (std::size_t r = 0; r < (*chunk)->rows(); ++r) {
        Row row{.id = (*chunk)->integer(0, r), .values = {}};
        for (std::size_t c = 1; c < (*cursor)->columns().size(); ++c) {
          if ((*chunk)->is_null(c, r)) {
            row.values.emplace_back();
          } else {
            row.values.emplace_back("");
            (*chunk)->append_text(c, r, *row.values.back());
          }
        }
        rows.push_back(std::move(row));
      }
    }
  }

  static std::vector<std::int64_t> ids(const std::vector<Row>& rows) {
    std::vector<std::int64_t> out;
    for (const auto& row : rows) out.push_back(row.id);
    return out;
  }

  static std::vector<std::int64_t> all_pages(const Pairs& query, std::size_t size) {
    std::vector<std::int64_t> out;
    std::string next;
    for (int page = 0; page < 1000; ++page) {
      auto pairs = query;
      pairs.emplace_back("_size", fmt::format("{}", size));
      if (!next.empty()) pairs.emplace_back("_next", next);
      auto request = parse_rows(pairs, fields_, 1, {});
      EXPECT_TRUE(request) << (request ? "" : request.error().text.en);
      if (!request) return out;
      auto rows = run(page_sql(select_, fields_, *request));
      auto more = rows.size() > size;
      rows.resize(std::min(rows.size(), size));
      for (const auto& row : rows) out.push_back(row.id);
      if (!more) return out;
      next = encode_cursor(*request, fields_, {.keys = sort_values(*request, rows.back()), .id = rows.back().id, .total = {}});
    }
    ADD_FAILURE() << "the pages do not end";
    return out;
  }

  static std::vector<std::optional<std::string>> sort_values(const RowsRequest& request, const Row& row) {
    auto hidden = hidden_sort_fields(request);
    std::vector<std::optional<std::string>> out;
    for (const auto& key : request.sort) {
      auto at = std::ranges::find(request.columns, key.field);
      auto index =
          at != request.columns.end()
              ? static_cast<std::size_t>(at - request.columns.begin())
              : request.columns.size() + static_cast<std::size_t>(std::ranges::find(hidden, key.field) - hidden.begin());
      out.push_back(row.values[index]);
    }
    return out;
  }

  static inline Settings settings_;
  static inline std::unique_ptr<testing::TempFolder> folder_;
  static inline std::unique_ptr<engine::Engine> engine_;
  static inline std::string select_;
  static inline std::vector<catalog::Field> fields_;
};

TEST_F(Paging, EveryRowOnceInAnySortAndSize) {
  std::mt19937 random(20261123);  // NOLINT(cert-msc51-cpp): the same every time
  for (int round = 0; round < 40; ++round) {
    Pairs query;
    auto keys = random() % 4;
    for (unsigned i = 0; i < keys; ++i)
      query.emplace_back(random() % 2 == 0 ? "_sort" : "_sort_desc", fields_[random() % fields_.size()].id);
    if (random() % 2 == 0) query.emplace_back("_col", fields_[random() % fields_.size()].id);
    if (random() % 3 == 0) query.emplace_back("n__notin", "1,2");
    auto whole = parse_rows(query, fields_, 1, {.largest = 1000});
    ASSERT_TRUE(whole);
    whole->size = 1000;
    auto expected = ids(run(page_sql(select_, fields_, *whole)));
    EXPECT_EQ(std::set<std::int64_t>(expected.begin(), expected.end()).size(), expected.size());
    auto size = 1 + random() % 60;
    EXPECT_EQ(all_pages(query, size), expected) << sort_word(whole->sort, fields_) << " size " << size;
  }
}

TEST_F(Paging, EverySingleSortBothWays) {
  for (const auto& field : fields_)
    for (const char* way : {"_sort", "_sort_desc"}) {
      auto got = all_pages({{way, field.id}}, 17);
      EXPECT_EQ(std::set<std::int64_t>(got.begin(), got.end()).size(), 200U) << way << "=" << field.id;
      EXPECT_EQ(got.size(), 200U) << way << "=" << field.id;
    }
}

TEST_F(Paging, NotIsTheComplementOfExact) {
  for (const auto& [yes, no, value] : std::vector<std::array<std::string, 3>>{{"t", "t__not", "值3"},
                                                                              {"n", "n__not", "2"},
                                                                              {"dec__in", "dec__notin", "0.25,-1"},
                                                                              {"day__isnull", "day__notnull", ""}}) {
    auto matching = all_pages({{yes, value}}, 1000), others = all_pages({{no, value}}, 1000);
    EXPECT_FALSE(matching.empty()) << yes;
    EXPECT_EQ(matching.size() + others.size(), 200U) << yes;
  }
}

TEST_F(Paging, CountsAndFacets) {
  auto request = parse_rows({{"n__gte", "0"}, {"_search", "值"}}, fields_, 1, {});
  ASSERT_TRUE(request);
  auto expected = ids(run(page_sql(select_, fields_, *request))).size();
  EXPECT_EQ(static_cast<std::size_t>(ids(run(count_sql(select_, fields_, *request))).at(0)), expected);
  auto all = parse_rows({}, fields_, 1, {});
  auto facet = engine_->run({.sql = facet_sql(select_, fields_, *all, 4, 10).text});
  ASSERT_TRUE(facet);
  auto chunk = (*facet)->next();
  ASSERT_TRUE(chunk && *chunk != nullptr);
  ASSERT_EQ((*chunk)->rows(), 2U);
  EXPECT_EQ((*chunk)->integer(1, 0), 134);
  EXPECT_EQ((*chunk)->integer(1, 1), 66);
}

TEST_F(Paging, FieldsMayBeNamedAsTheyLike) {
  std::vector<catalog::Field> fields;
  std::string select = "SELECT i AS _id";
  for (const char* id : {"n", "t", "b", "v", "order", "_size"}) {
    catalog::Field field;
    field.id = field.name = id;
    field.type = Type::integer;
    fields.push_back(field);
    select += fmt::format(", 100 - i % {} AS {}", fields.size() + 1, engine::quote_name(id));
  }
  select += " FROM range(60) r(i)";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto request = parse_rows({{"_sort", fields[i].id}, {fields[i].id + "__gt", "0"}, {"_facet", fields[i].id}}, fields, 1, {});
    ASSERT_TRUE(request) << request.error().text.en;
    EXPECT_EQ(run(page_sql(select, fields, *request)).size(), 60U);
    EXPECT_EQ(run(facet_sql(select, fields, *request, i, 100)).size(), i + 2);
    // Names of the answer that are other fields' names do not change the order.
    std::vector<std::string> names{"t", "n", "v", "b", "_size", "order"};
    auto rows = run(all_sql(select, fields, *request, names, true));
    EXPECT_EQ(rows.size(), 60U);
    auto value = [&](std::size_t row) { return i == 0 ? fmt::format("{}", rows[row].id) : *rows[row].values[i - 1]; };
    EXPECT_EQ(value(0), fmt::format("{}", 100 - (i + 1))) << fields[i].id;
    EXPECT_EQ(value(59), "100") << fields[i].id;
  }
}

TEST_F(Paging, DecimalsWithMoreDigitsThanTheFieldCompareExactly) {
  auto above = all_pages({{"dec__gt", "0.2499999"}}, 1000), from = all_pages({{"dec__gte", "0.25"}}, 1000);
  EXPECT_EQ(above, from);
  EXPECT_TRUE(all_pages({{"dec", "0.2500001"}}, 1000).empty());
  EXPECT_TRUE(all_pages({{"dec__gt", "99999999999999999999"}}, 1000).empty());
}

TEST_F(Paging, TextIsFoundLiterally) {
  EXPECT_TRUE(all_pages({{"t__contains", "%"}}, 1000).empty());
  EXPECT_TRUE(all_pages({{"t__startswith", "_3"}}, 1000).empty());
  EXPECT_FALSE(all_pages({{"t__endswith", "3"}}, 1000).empty());
  EXPECT_EQ(all_pages({{"day__startswith", "1970-01"}}, 1000), all_pages({{"day__between", "1970-01-01,1970-01-31"}}, 1000));
}

}  // namespace
}  // namespace qushu::query
