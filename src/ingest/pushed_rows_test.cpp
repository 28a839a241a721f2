#include "pushed_rows.h"

#include <gmock/gmock.h>

namespace qushu::ingest {
namespace {

using engine::Type;
using ::testing::HasSubstr;

catalog::Field field(std::string id, std::string name, Type type = Type::text, bool key = false) {
  catalog::Field f{.id = std::move(id), .name = std::move(name), .description = {}, .type = type};
  f.key = key;
  if (type == Type::decimal) {
    f.width = 6;
    f.scale = 2;
  }
  return f;
}

TEST(PushedRows, EveryTypeIsWrittenInItsCanonicalForm) {
  struct Case {
    Type type;
    const char* value;     // JSON
    const char* expected;  // nullptr: refused
  };
  for (const auto& c : std::vector<Case>{
           {Type::text, R"("甲")", "\"甲\""},
           {Type::text, R"("a\"b\nc")", "\"a\"\"b\nc\""},
           {Type::text, R"("")", "\"\""},
           {Type::text, "12", "\"12\""},
           {Type::text, R"("a\u0000b")", nullptr},
           {Type::text, "[1]", nullptr},
           {Type::integer, "12", "12"},
           {Type::integer, "-3.0", "-3"},
           {Type::integer, R"("007")", "7"},
           {Type::integer, "1.5", nullptr},
           {Type::integer, R"("x")", nullptr},
           {Type::integer, "9223372036854775807", "9223372036854775807"},
           {Type::integer, "9223372036854775808", nullptr},
           {Type::decimal, "12.5", "12.5"},
           {Type::decimal, R"("1234.50")", "1234.5"},
           {Type::decimal, "0.001", nullptr},
           {Type::decimal, "12345", nullptr},
           {Type::decimal, R"("-0012.30")", "-0012.3"},
           {Type::number, "0.1", "0.1"},
           {Type::number, R"("1e3")", "1000"},
           {Type::number, R"("inf")", nullptr},
           {Type::boolean, "true", "true"},
           {Type::boolean, R"("否")", "false"},
           {Type::boolean, "2", nullptr},
           {Type::date, R"("2024-02-29")", "2024-02-29"},
           {Type::date, R"("2023-02-29")", nullptr},
           {Type::date, R"("2024-2-29")", nullptr},
           {Type::date, "20240229", nullptr},
           {Type::time, R"("14:05")", "14:05:00"},
           {Type::time, R"("14:05:09.25")", "14:05:09.25"},
           {Type::time, R"("24:00")", nullptr},
           {Type::datetime, R"("2024-02-29T14:05")", "2024-02-29 14:05:00"},
           {Type::datetime, R"("2024-02-29")", "2024-02-29 00:00:00"},
           {Type::datetime, R"("2024-02-29T14:05:09Z")", nullptr},
       }) {
    std::string out;
    auto fault = append_typed(field("f", "f", c.type), json::parse(c.value), out);
    EXPECT_EQ(!fault, c.expected != nullptr) << c.value;
    if (c.expected) EXPECT_EQ(out, c.expected) << c.value;
    if (fault) EXPECT_FALSE(fault->zh.empty() || fault->en.empty()) << c.value;
  }
}

TEST(PushedRows, ARowIsTakenWholeOrNotAtAll) {
  std::vector<catalog::Field> fields{field("code", "代码", Type::text, true), field("n", "数量", Type::integer)};
  PushedRows rows(fields, true, false, 100);
  EXPECT_FALSE(rows.add(json::parse(R"({"代码": "a", "n": 1})")));
  EXPECT_FALSE(rows.add(json::parse(R"({"code": "b", "数量": null})")));
  auto refused = [&](const char* row) {
    auto fault = rows.add(json::parse(row));
    EXPECT_TRUE(fault) << row;
    return fault ? fault->field + ": " + fault->reason.en : std::string();
  };
  EXPECT_EQ(refused(R"({"code": "c", "n": "x"})"), "数量: not a whole number");
  EXPECT_EQ(refused(R"({"code": "c", "m": 1})"), "m: the dataset has no such field");
  EXPECT_EQ(refused(R"({"n": 1})"), "代码: the key is empty");
  EXPECT_EQ(refused(R"({"code": "", "n": 1})"), "代码: the key is empty");
  EXPECT_EQ(refused(R"({"code": "c", "代码": "d"})"), "代码: the field is given twice");
  EXPECT_THAT(refused("[1]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refused(("{\"code\": \"" + std::string(200, 'x') + "\"}").c_str()), HasSubstr("larger than 100 bytes"));
  EXPECT_EQ(rows.rows(), 2U);
  EXPECT_EQ(rows.text(), "false,\"a\",1\nfalse,\"b\",\n");
  PushedRows keys(fields, true, true, 100);
  EXPECT_FALSE(keys.add(json::parse(R"({"code": "a", "n": "ignored"})")));
  EXPECT_EQ(keys.text(), "true,\"a\",\n");
}

}  // namespace
}  // namespace qushu::ingest
