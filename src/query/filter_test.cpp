#include "filter.h"

#include <gmock/gmock.h>

#include "qushu/crypto/crypto.h"

namespace qushu::query {
namespace {

using engine::Type;
using engine::Value;
using ::testing::HasSubstr;
using ::testing::Not;

catalog::Field field(std::string id, std::string name, Type type, std::uint8_t width = 0, std::uint8_t scale = 0,
                     bool key = false) {
  catalog::Field out;
  out.id = std::move(id);
  out.name = std::move(name);
  out.type = type;
  out.width = width;
  out.scale = scale;
  out.key = key;
  return out;
}

const std::vector<catalog::Field>& fields() {
  static const std::vector<catalog::Field> kFields{
      field("qi_ye", "企业名称", Type::text),    field("credit_code", "统一社会信用代码", Type::text, 0, 0, true),
      field("staff", "职工人数", Type::integer), field("capital", "注册资本", Type::decimal, 12, 2),
      field("score", "评分", Type::number),      field("active", "在业", Type::boolean),
      field("founded", "成立日期", Type::date),  field("opens", "开门时间", Type::time),
      field("seen", "检查时间", Type::datetime), field("a__b", "甲__乙", Type::text),
  };
  return kFields;
}

Result<RowsRequest> parse_one(std::string key, std::string value) {
  return parse_rows({{std::move(key), std::move(value)}}, fields(), 3, {.page = 100, .largest = 1000, .list = 5});
}

std::string where_of(const RowsRequest& request) {
  auto sql = count_sql("SELECT 1", fields(), request).text;
  auto at = sql.find(" WHERE ");
  return at == std::string::npos ? "" : sql.substr(at + 7);
}

struct Good {
  std::string key, value, where;
  std::vector<Value> params;
};

class GoodFilter : public ::testing::TestWithParam<Good> {};

TEST_P(GoodFilter, BecomesSqlWithParameters) {
  const auto& c = GetParam();
  auto request = parse_one(c.key, c.value);
  ASSERT_TRUE(request) << c.key << "=" << c.value << ": " << request.error().text.en;
  auto sql = count_sql("SELECT 1", fields(), *request);
  EXPECT_EQ(where_of(*request), c.where);
  EXPECT_EQ(sql.params, c.params);
}

INSTANTIATE_TEST_SUITE_P(
    Filters, GoodFilter,
    ::testing::Values(
        Good{"qi_ye", "大安公司", "\"qi_ye\" = $1", {"大安公司"}}, Good{"企业名称", "大安公司", "\"qi_ye\" = $1", {"大安公司"}},
        Good{"qi_ye", "", "\"qi_ye\" = $1", {""}}, Good{"qi_ye__exact", "a", "\"qi_ye\" = $1", {"a"}},
        Good{"qi_ye__not", "a", "(\"qi_ye\" <> $1 OR \"qi_ye\" IS NULL)", {"a"}},
        Good{"qi_ye__contains", "100%_\\", "contains(\"qi_ye\", $1)", {"100%_\\"}},
        Good{"企业名称__startswith", "区", "prefix(\"qi_ye\", $1)", {"区"}},
        Good{"qi_ye__endswith", "公司", "suffix(\"qi_ye\", $1)", {"公司"}},
        Good{"founded__startswith", "2024-05", "prefix(CAST(\"founded\" AS VARCHAR), $1)", {"2024-05"}},
        Good{"staff", "12", "\"staff\" = $1", {std::int64_t{12}}},
        Good{"staff__gt", " +7 ", "\"staff\" > $1", {std::int64_t{7}}},
        Good{"staff__gte", "-3", "\"staff\" >= $1", {std::int64_t{-3}}},
        Good{"staff__lt", "9223372036854775807", "\"staff\" < $1", {std::int64_t{INT64_MAX}}},
        Good{"staff__lte", "0", "\"staff\" <= $1", {std::int64_t{0}}},
        Good{"staff__in", "1,2,3", "\"staff\" IN ($1, $2, $3)", {std::int64_t{1}, std::int64_t{2}, std::int64_t{3}}},
        Good{"qi_ye__in", R"(["a,b","c"])", "\"qi_ye\" IN ($1, $2)", {"a,b", "c"}},
        Good{"qi_ye__notin", "a,b", "(\"qi_ye\" NOT IN ($1, $2) OR \"qi_ye\" IS NULL)", {"a", "b"}},
        Good{"staff__between", "1,9", "\"staff\" BETWEEN $1 AND $2", {std::int64_t{1}, std::int64_t{9}}},
        Good{"staff__isnull", "", "\"staff\" IS NULL", {}}, Good{"staff__isnull", "0", "\"staff\" IS NOT NULL", {}},
        Good{"staff__notnull", "1", "\"staff\" IS NOT NULL", {}},
        Good{"capital", "+0012.50", "\"capital\" = CAST($1 AS DECIMAL(12, 2))", {"12.5"}},
        Good{"capital__gt", "1.23456", "\"capital\" > CAST($1 AS DECIMAL(15, 5))", {"1.23456"}},
        Good{"capital__lt", "99999999999999", "\"capital\" < CAST($1 AS DECIMAL(16, 2))", {"99999999999999"}},
        Good{"score__gte", "1e3", "\"score\" >= $1", {1000.0}}, Good{"active", "是", "\"active\" = $1", {true}},
        Good{"active", "0", "\"active\" = $1", {false}},
        Good{"founded", "2024年1月2日", "\"founded\" = CAST($1 AS DATE)", {"2024-01-02"}},
        Good{"founded__lte", "20240229", "\"founded\" <= CAST($1 AS DATE)", {"2024-02-29"}},
        Good{"opens__gt", "9:30", "\"opens\" > CAST($1 AS TIME)", {"09:30:00"}},
        Good{"seen__gte", "2024-01-02", "\"seen\" >= CAST($1 AS TIMESTAMP)", {"2024-01-02T00:00:00"}},
        Good{"seen__lt", "2024/1/2 3:04:05.5Z", "\"seen\" < CAST($1 AS TIMESTAMP)", {"2024-01-02T03:04:05.5"}},
        Good{"a__b", "x", "\"a__b\" = $1", {"x"}}, Good{"甲__乙__contains", "x", "contains(\"a__b\", $1)", {"x"}},
        Good{"key", "91", "\"credit_code\" = $1", {"91"}},
        Good{"_search",
             "中山路　8",
             "(contains(\"qi_ye\", $1) OR contains(\"credit_code\", $1) OR contains(\"a__b\", $1)) AND "
             "(contains(\"qi_ye\", $2) OR contains(\"credit_code\", $2) OR contains(\"a__b\", $2))",
             {"中山路", "8"}},
        Good{"_search",
             "Abc",
             "(contains(lower(\"qi_ye\"), lower($1)) OR contains(lower(\"credit_code\"), lower($1)) OR "
             "contains(lower(\"a__b\"), lower($1)))",
             {"Abc"}},
        Good{"qi_ye", "'; DROP TABLE x; --", "\"qi_ye\" = $1", {"'; DROP TABLE x; --"}}));

struct Bad {
  std::string key, value, says;
};

class BadFilter : public ::testing::TestWithParam<Bad> {};

TEST_P(BadFilter, NamesTheParameterInBothLanguages) {
  const auto& c = GetParam();
  auto request = parse_one(c.key, c.value);
  ASSERT_FALSE(request) << c.key << "=" << c.value;
  EXPECT_EQ(request.error().code, Code::invalid);
  EXPECT_EQ(request.error().subject, c.key);
  EXPECT_THAT(request.error().text.en, HasSubstr(c.says));
  EXPECT_THAT(request.error().text.zh, HasSubstr("参数 "));
}

INSTANTIATE_TEST_SUITE_P(
    Filters, BadFilter,
    ::testing::Values(Bad{"nobody", "1", "no field"}, Bad{"staff__like", "1", "no operation"}, Bad{"staff", "", "whole number"},
                      Bad{"staff", "1.5", "whole number"}, Bad{"staff", "9223372036854775808", "whole number"},
                      Bad{"staff__gt", "1 OR 1=1", "whole number"}, Bad{"capital", "1e5", "number such as"},
                      Bad{"capital", ".", "number such as"}, Bad{"capital", "1." + std::string(40, '1'), "fewer digits"},
                      Bad{"score", "nan", "a number"}, Bad{"score", "inf", "a number"}, Bad{"score", "1x", "a number"},
                      Bad{"active", "maybe", "true or false"}, Bad{"active__gt", "1", "cannot be compared"},
                      Bad{"founded", "2023-02-29", "a date"}, Bad{"founded", "2024-1-2x", "a date"},
                      Bad{"founded", "0000-01-01", "a date"}, Bad{"opens", "24:00", "a time"},
                      Bad{"seen", "2024-01-02T25:00", "a date and time"}, Bad{"seen__contains", "2024", "cannot be compared"},
                      Bad{"staff__between", "1", "two values"}, Bad{"staff__in", "1,2,3,4,5,6", "1 to 5"},
                      Bad{"staff__in", "[]", "1 to 5"}, Bad{"staff__in", "[1,", "JSON array"},
                      Bad{"staff__in", "[[1]]", "array"}, Bad{"staff__isnull", "perhaps", "1, 0 or no value"},
                      Bad{"_size", "1001", "0 to 1000"}, Bad{"_size", "-1", "0 to 1000"}, Bad{"_sort", "nobody", "no field"},
                      Bad{"_col", "_id", "no field"}, Bad{"_facet", "nobody", "no field"},
                      Bad{"_offset", "100", "no such parameter"}, Bad{"_count", "all", "auto, exact"},
                      Bad{"_next", "!!!", "damaged"}, Bad{"_next", "e30", "damaged"},
                      Bad{"qi_ye", std::string("a\0b", 3), "UTF-8"}, Bad{"qi_ye", "\xff", "UTF-8"},
                      Bad{"qi_ye", std::string(5000, 'x'), "too long"}));

TEST(Filter, ReadsWhatSteers) {
  auto request = parse_rows({{"_sort", "成立日期"},
                             {"_sort_desc", "staff"},
                             {"_sort", "staff"},
                             {"_size", "7"},
                             {"_col", "企业名称"},
                             {"_col", "staff"},
                             {"_facet", "active"},
                             {"_count", "exact"},
                             {"_version", "3"},
                             {"_next", ""}},
                            fields(), 3, {});
  ASSERT_TRUE(request) << request.error().text.en;
  ASSERT_EQ(request->sort.size(), 2U);
  EXPECT_EQ(request->sort[0].field, 6U);
  EXPECT_FALSE(request->sort[0].descending);
  EXPECT_TRUE(request->sort[1].descending);
  EXPECT_EQ(request->size, 7U);
  EXPECT_EQ(request->columns, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(request->facets, (std::vector<std::size_t>{5}));
  EXPECT_EQ(request->count, Count::exact);
  EXPECT_EQ(hidden_sort_fields(*request), (std::vector<std::size_t>{6}));
  EXPECT_THAT(page_sql("SELECT 1", fields(), *request).text,
              HasSubstr("ORDER BY t.\"founded\" ASC NULLS LAST, t.\"staff\" DESC NULLS LAST, t.\"_id\" LIMIT 8"));
}

TEST(Filter, KnowsALookupByKey) {
  EXPECT_TRUE(parse_one("key", "91")->by_key);
  EXPECT_TRUE(parse_one("credit_code", "91")->by_key);
  EXPECT_FALSE(parse_one("credit_code__gt", "91")->by_key);
  EXPECT_FALSE(parse_rows({{"credit_code", "91"}, {"staff", "1"}}, fields(), 3, {})->by_key);
  EXPECT_FALSE(parse_rows({{"credit_code", "91"}, {"credit_code", "92"}}, fields(), 3, {})->by_key);
  EXPECT_FALSE(parse_rows({}, fields(), 3, {})->by_key);
  auto composite = fields();
  composite[2].key = true;
  EXPECT_TRUE(parse_rows({{"key", "91,5"}}, composite, 3, {})->by_key);
  auto short_key = parse_rows({{"key", "91"}}, composite, 3, {});
  ASSERT_FALSE(short_key);
  EXPECT_THAT(short_key.error().text.en, HasSubstr("2 fields"));
  composite[1].key = composite[2].key = false;
  EXPECT_FALSE(parse_rows({{"key", "91"}}, composite, 3, {}));
}

TEST(Filter, AFieldMayBeNamedLikeASteeringWord) {
  std::vector<catalog::Field> odd{field("_size", "_size", Type::integer), field("key", "key", Type::text)};
  auto request = parse_rows({{"_size", "5"}, {"key", "x"}}, odd, 1, {});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->conditions.size(), 2U);
}

TEST(Filter, NeverPutsTextIntoTheSql) {
  const std::string kMarker = "zq\"'$1;--";
  for (std::string op : {"exact", "not", "contains", "startswith", "endswith", "gt", "gte", "lt", "lte", "in", "notin"}) {
    auto request = parse_one("qi_ye__" + op, kMarker);
    ASSERT_TRUE(request);
    for (const auto& sql : {page_sql("SELECT 1", fields(), *request), count_sql("SELECT 1", fields(), *request),
                            narrow_page_sql("SELECT 1", fields(), *request), facet_sql("SELECT 1", fields(), *request, 0, 10)})
      EXPECT_THAT(sql.text, Not(HasSubstr("zq")));
  }
}

TEST(Cursor, ComesBackAndIsBoundToVersionAndSort) {
  auto request = parse_rows({{"_sort", "score"}, {"staff", "3"}}, fields(), 3, {});
  auto text = encode_cursor(*request, fields(), {.keys = {"1.5"}, .id = 42, .total = 9, .total_exact = true});
  EXPECT_EQ(wanted_version({{"_next", text}}), 3);
  auto again = parse_rows({{"_sort", "score"}, {"staff", "3"}, {"_next", text}}, fields(), 3, {});
  ASSERT_TRUE(again) << again.error().text.en;
  EXPECT_EQ(again->after->id, 42);
  EXPECT_EQ(again->after->keys[0], "1.5");
  EXPECT_EQ(again->after->total, 9U);
  // Another filter keeps the place but not the count.
  auto other = parse_rows({{"_sort", "score"}, {"staff", "4"}, {"_next", text}}, fields(), 3, {});
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->after->total);
  EXPECT_FALSE(parse_rows({{"_sort_desc", "score"}, {"_next", text}}, fields(), 3, {}));
  EXPECT_FALSE(parse_rows({{"_sort", "score"}, {"_next", text}}, fields(), 4, {}));
  EXPECT_FALSE(wanted_version({{"_next", text}, {"_version", "4"}}));
  EXPECT_EQ(wanted_version({{"_next", text}, {"_version", "3"}}), 3);
  EXPECT_EQ(wanted_version({}), 0);
}

TEST(Cursor, ForgedOnesAreRefused) {
  auto forge = [](std::string_view json) { return crypto::to_base64url(json); };
  for (std::string_view json :
       {R"([])", R"({"v":1})", R"({"v":0,"s":"","f":"","k":[],"i":1})", R"({"v":1,"s":"","f":"","k":[7],"i":1})",
        R"({"v":1,"s":"","f":"","k":[],"i":"1"})", R"({"v":1,"s":"","f":"","k":[],"i":1,"t":-1,"e":true})",
        R"({"v":1,"s":"","f":"","k":[],"i":1,"t":1})", R"({"v":1.5,"s":"","f":"","k":[],"i":1})"})
    EXPECT_FALSE(wanted_version({{"_next", forge(json)}})) << json;
  // A sort value that the field cannot hold.
  auto bad = forge(R"({"v":3,"s":"staff","f":"","k":["x; DROP"],"i":1})");
  EXPECT_FALSE(parse_rows({{"_sort", "staff"}, {"_next", bad}}, fields(), 3, {}));
  auto few = forge(R"({"v":3,"s":"staff","f":"","k":[],"i":1})");
  EXPECT_FALSE(parse_rows({{"_sort", "staff"}, {"_next", few}}, fields(), 3, {}));
}

}  // namespace
}  // namespace qushu::query
