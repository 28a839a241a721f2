#include "qushu/http/schema.h"

#include <gmock/gmock.h>

namespace qushu::http {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Schema entry() {
  return schema::object({{"code", schema::text().pattern("[a-z][a-z0-9_]{0,9}").note("代码", "Code")},
                         {"title", schema::text().length(1, 5)},
                         {"size", schema::integer().range(1, 100).optional()},
                         {"kind", schema::choice({"a", "b"}).optional()},
                         {"share", schema::number().range(0, 1).optional()},
                         {"at", schema::time().optional()},
                         {"open", schema::boolean().nullable().optional()},
                         {"fields", schema::array(schema::object({{"id", schema::text()}})).length(0, 3).optional()},
                         {"more", schema::map(schema::integer()).optional()}});
}

std::vector<std::string> flaws(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& flaw : check(entry(), json::parse(text))) {
    EXPECT_FALSE(flaw.text.zh.empty());
    EXPECT_FALSE(flaw.text.en.empty());
    out.push_back(flaw.path);
  }
  return out;
}

TEST(Schema, WhatFitsHasNoFlaw) {
  EXPECT_THAT(flaws(R"({"code":"a1","title":"企业登记表"})"), IsEmpty());
  EXPECT_THAT(flaws(R"({"code":"a","title":"x","size":100,"kind":"b","share":0.5,"at":"2026-11-23T08:00:00Z","open":null,
                        "fields":[{"id":""}],"more":{"k":1}})"),
              IsEmpty());
  EXPECT_THAT(flaws(R"({"code":"a","title":"x","share":1})"), IsEmpty());
}

struct Case {
  const char* body;
  std::vector<std::string> paths;
};

TEST(Schema, EveryFlawIsNamedByItsPath) {
  for (const auto& c : std::vector<Case>{
           {R"({"title":"x"})", {"code"}},
           {R"({"code":"A","title":"x"})", {"code"}},
           {R"({"code":"abcdefghijklm","title":"x"})", {"code"}},
           {R"({"code":"a\nb","title":"x"})", {"code"}},
           {R"({"code":"a","title":""})", {"title"}},
           {R"({"code":"a","title":"企业登记表长"})", {"title"}},
           {R"({"code":"a","title":7})", {"title"}},
           {R"({"code":"a","title":"x","size":0})", {"size"}},
           {R"({"code":"a","title":"x","size":101})", {"size"}},
           {R"({"code":"a","title":"x","size":1.5})", {"size"}},
           {R"({"code":"a","title":"x","size":99999999999999999999})", {"size"}},
           {R"({"code":"a","title":"x","kind":"c"})", {"kind"}},
           {R"({"code":"a","title":"x","kind":null})", {"kind"}},
           {R"({"code":"a","title":"x","share":1.01})", {"share"}},
           {R"({"code":"a","title":"x","at":"yesterday"})", {"at"}},
           {R"({"code":"a","title":"x","open":"yes"})", {"open"}},
           {R"({"code":"a","title":"x","fields":[{"id":"1"},{"id":2}]})", {"fields[1].id"}},
           {R"({"code":"a","title":"x","fields":[{},{"id":"","z":1}]})", {"fields[0].id", "fields[1].z"}},
           {R"({"code":"a","title":"x","fields":[{"id":""},{"id":""},{"id":""},{"id":""}]})", {"fields"}},
           {R"({"code":"a","title":"x","more":{"k":"v"}})", {"more.k"}},
           {R"({"code":"a","title":"x","extra":1})", {"extra"}},
           {R"([])", {""}},
           {R"("text")", {""}},
       })
    EXPECT_EQ(flaws(c.body), c.paths) << c.body;
}

TEST(Schema, AThousandFlawsAreCutAtFifty) {
  json::array fields(1000, json::object{});
  auto found = check(schema::array(schema::object({{"id", schema::text()}})), fields);
  EXPECT_LE(found.size(), 50U);
  EXPECT_GE(found.size(), 10U);
}

TEST(Schema, DescribesItselfAsJsonSchema) {
  json::object components;
  auto named = entry().named("Entry");
  auto reference = describe(named, Lang::en, components);
  EXPECT_EQ(reference.at("$ref"), "#/components/schemas/Entry");
  const auto& shape = components.at("Entry").as_object();
  EXPECT_EQ(shape.at("additionalProperties"), false);
  EXPECT_EQ(shape.at("required"), (json::array{"code", "title"}));
  const auto& p = shape.at("properties").as_object();
  EXPECT_EQ(p.at("code").at("description"), "Code");
  EXPECT_EQ(p.at("title").at("maxLength"), 5);
  EXPECT_EQ(p.at("size").at("maximum"), 100);
  EXPECT_EQ(p.at("kind").at("enum"), (json::array{"a", "b"}));
  EXPECT_THAT(json::serialize(p.at("open")), HasSubstr("null"));
}

}  // namespace
}  // namespace qushu::http
