#include "qushu/http/router.h"

#include <gmock/gmock.h>

namespace qushu::http {
namespace {

using ::testing::HasSubstr;

Route route(Method method, std::string path, std::string id) {
  return {.method = method,
          .path = std::move(path),
          .id = std::move(id),
          .tag = "datasets",
          .summary = {"测试", "Test"},
          .who = may(Permission::dataset_read),
          .handler = [](Request&) -> Result<Response> { return Response::text("", "text/plain"); }};
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.add(route(Method::get, "/api/v1/datasets", "list"));
    router_.add(route(Method::get, "/api/v1/datasets/{code}", "show"));
    router_.add(route(Method::patch, "/api/v1/datasets/{code}", "change"));
    router_.add(route(Method::get, "/api/v1/datasets/{code}/rows", "rows"));
    router_.add(route(Method::get, "/api/v1/datasets/special", "special"));
    router_.add(route(Method::get, "/files/{path*}", "files"));
  }
  std::string found(Method method, std::string_view path) {
    auto match = router_.match(method, path);
    return match ? match->route->id : match.error().id + " " + match.error().subject;
  }
  Router router_;
};

TEST_F(RouterTest, FindsTheMostSpecificRoute) {
  EXPECT_EQ(found(Method::get, "/api/v1/datasets"), "list");
  EXPECT_EQ(found(Method::get, "/api/v1/datasets/firms"), "show");
  EXPECT_EQ(found(Method::get, "/api/v1/datasets/special"), "special");
  EXPECT_EQ(found(Method::get, "/api/v1/datasets/special/rows"), "rows");
  EXPECT_EQ(router_.match(Method::get, "/api/v1/datasets/firms/rows")->params.at("code"), "firms");
}

// Paths reach the router decoded.
TEST_F(RouterTest, ParametersAreTakenAsTheyStand) {
  EXPECT_EQ(router_.match(Method::get, "/api/v1/datasets/企业")->params.at("code"), "企业");
  EXPECT_EQ(router_.match(Method::get, "/api/v1/datasets/100%")->params.at("code"), "100%");
  EXPECT_EQ(router_.match(Method::get, "/files/a/b/c.js")->params.at("path"), "a/b/c.js");
}

TEST_F(RouterTest, SaysWhatIsNotThereAndWhichMethodsAre) {
  EXPECT_THAT(found(Method::get, "/api/v1/nothing"), Not(HasSubstr("http.method")));
  EXPECT_EQ(router_.match(Method::get, "/api/v1/nothing").error().code, Code::not_found);
  EXPECT_THAT(found(Method::del, "/api/v1/datasets/firms"), HasSubstr("http.method"));
  EXPECT_THAT(found(Method::del, "/api/v1/datasets/firms"), HasSubstr("PATCH"));
  EXPECT_FALSE(router_.match(Method::get, "/api/v1/datasets/"));
  EXPECT_FALSE(router_.match(Method::get, ""));
}

TEST_F(RouterTest, WhatIsDeclaredIsDescribed) {
  auto described = json::serialize(router_.openapi("1.2.3", Lang::zh));
  EXPECT_THAT(described, HasSubstr("\"openapi\":\"3.1"));
  EXPECT_THAT(described, HasSubstr("1.2.3"));
  EXPECT_THAT(described, HasSubstr("需要权限"));
  EXPECT_THAT(described, HasSubstr("\"x-qushu-access\":[\"dataset.read\"]"));
  EXPECT_THAT(described, HasSubstr("/files/{path}"));
}

TEST(RouterDeathTest, ADuplicateIsAProgrammingError) {
  EXPECT_DEATH(
      {
        Router router;
        router.add(route(Method::get, "/a", "one"));
        router.add(route(Method::get, "/a", "two"));
      },
      "");
  EXPECT_DEATH(
      {
        Router router;
        router.add(route(Method::get, "/a", "one"));
        router.add(route(Method::get, "/b", "one"));
      },
      "");
}

}  // namespace
}  // namespace qushu::http
