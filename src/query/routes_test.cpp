// The routes as a caller meets them: every answer has the shape that it declares.
#include <gmock/gmock.h>

#include "qushu/base/text.h"
#include "qushu/http/router.h"

#include "service_fixture.h"

namespace qushu::query {
namespace {

using http::Method;
using http::Request;
using http::Response;
using ::testing::HasSubstr;

class Client final : public http::ClientGone {
 public:
  [[nodiscard]] bool gone() const override { return gone_; }
  bool gone_ = false;
};

class RoutesTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    add_routes(router_, *service_);
  }

  Request request(Method method, std::string path, const Actor& actor, const Pairs& query = {}, json::value body = {}) {
    Request out;
    out.method = method;
    auto match = router_.match(method, path);
    EXPECT_TRUE(match) << path;
    out.route = match->route->path;
    out.params = match->params;
    out.path = std::move(path);
    out.query_in_order = query;
    for (const auto& [key, value] : query) out.query.emplace(key, value);
    out.body = std::move(body);
    out.actor = actor;
    out.client = &client_;
    return out;
  }

  Result<Response> call(Request request) { return router_.match(request.method, request.path)->route->handler(request); }

  // The JSON of an answer, checked against what the route declares.
  json::value json_of(Method method, const std::string& path, const Pairs& query = {}, json::value body = {}) {
    const auto* route = router_.match(method, path)->route;
    if (route->body) {
      EXPECT_TRUE(http::check(*route->body, body).empty()) << path;
    }
    auto response = call(request(method, path, owner_, query, std::move(body)));
    EXPECT_TRUE(response) << path << ": " << (response ? "" : response.error().text.en + response.error().detail);
    if (!response) return {};
    EXPECT_EQ(response->status, 200U);
    auto value = json::parse(std::get<std::string>(response->body));
    for (const auto& flaw : http::check(*route->answer, value))
      ADD_FAILURE() << path << " " << flaw.path << ": " << flaw.text.en;
    return value;
  }

  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (lower_ascii(key) == lower_ascii(name)) return value;
    return "";
  }

  // The whole body of a download.
  static std::string drain(const Response& response) {
    class Writer final : public http::BodyWriter {
     public:
      Result<void> write(std::string_view bytes) override {
        out += bytes;
        return {};
      }
      std::string out;
    } writer;
    if (const auto* stream = std::get_if<Response::Stream>(&response.body)) {
      EXPECT_TRUE((*stream)(writer));
      return writer.out;
    }
    const auto& file = std::get<Response::File>(response.body);
    std::ifstream in(file.path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  http::Router router_;
  Client client_;
};
QUSHU_ON_BOTH_STORES(RoutesTest);

constexpr const char* kRows = "/api/v1/datasets/firms/rows";

TEST_P(RoutesTest, EveryAnswerHasTheShapeThatItDeclares) {
  json_of(Method::get, kRows);
  auto page = json_of(Method::get, kRows, {{"人数__lt", "9"}, {"_facet", "name"}, {"_size", "5"}, {"_sort_desc", "code"}});
  EXPECT_EQ(page.at("rows").as_array().size(), 5U);
  json_of(Method::get, kRows, {{"_count", "none"}, {"_size", "0"}});
  json_of(Method::get, "/api/v1/datasets/firms/profile");
  json_of(Method::get, "/api/v1/datasets/firms/rejects");
  json_of(Method::post, "/api/v1/sql", {},
          {{"sql", "SELECT * FROM firms WHERE staff = $1"}, {"params", json::array{3}}, {"limit", 2}});
  json_of(Method::post, "/api/v1/sql/explain", {}, {{"sql", "SELECT * FROM firms"}});
  json_of(Method::get, "/api/v1/sql/tables");
  EXPECT_EQ(json_of(Method::get, "/api/v1/sql/history").at("queries").as_array().size(), 1U);
}

TEST_P(RoutesTest, AKnownAnswerIsNotSentAgain) {
  auto first = call(request(Method::get, kRows, owner_));
  ASSERT_TRUE(first);
  auto again = request(Method::get, kRows, owner_);
  again.headers.emplace_back("if-none-match", header(*first, "ETag"));
  auto second = call(std::move(again));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 304U);
  EXPECT_EQ(header(*second, "ETag"), header(*first, "ETag"));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(second->body));
}

TEST_P(RoutesTest, DownloadsCarryNameAndType) {
  for (const auto& [format, type, begin] :
       std::vector<std::array<std::string, 3>>{{"csv", "text/csv; charset=utf-8", "代码,名称"},
                                               {"json", "application/json", "[\n{\"code\""},
                                               {"ndjson", "application/x-ndjson", "{\"code\""},
                                               {"parquet", "application/vnd.apache.parquet", "PAR1"},
                                               {"xlsx", "application/vnd.openxml", "PK"}}) {
    auto response = call(request(Method::get, std::string(kRows) + "." + format, owner_, {{"_sort", "code"}}));
    ASSERT_TRUE(response) << format << response.error().text.en;
    EXPECT_THAT(header(*response, "Content-Type"), ::testing::StartsWith(type));
    EXPECT_THAT(header(*response, "Content-Disposition"), HasSubstr("filename*=UTF-8''" + url_encode("企业登记_v1." + format)));
    EXPECT_THAT(drain(*response), ::testing::StartsWith(begin));
    auto sql =
        call(request(Method::post, "/api/v1/sql/export", owner_, {}, {{"sql", "SELECT code FROM firms"}, {"format", format}}));
    ASSERT_TRUE(sql) << format << sql.error().text.en;
    EXPECT_GT(drain(*sql).size(), 100U);
  }
  auto rejects = call(request(Method::get, "/api/v1/datasets/firms/rejects.csv", owner_));
  ASSERT_TRUE(rejects);
  EXPECT_THAT(drain(*rejects), HasSubstr("a.csv"));
}

TEST_P(RoutesTest, NothingIsShownToStrangers) {
  for (const char* path :
       {"rows", "rows.csv", "rows.json", "rows.ndjson", "rows.parquet", "rows.xlsx", "profile", "rejects", "rejects.csv"}) {
    auto response = call(request(Method::get, std::string("/api/v1/datasets/firms/") + path, stranger_));
    ASSERT_FALSE(response) << path;
    EXPECT_EQ(response.error().code, Code::not_found) << path;
  }
  for (const auto& route : router_.routes()) EXPECT_EQ(route.who.kind, http::Access::Kind::permission) << route.path;
}

TEST_P(RoutesTest, LookupsAreAnsweredAtOnce) {
  auto fast = [&](const Actor& actor) {
    auto asked = request(Method::get, kRows, actor, {{"key", "K5"}});
    return router_.match(Method::get, kRows)->route->fast(asked);
  };
  run_jobs("dataset.index");
  EXPECT_FALSE(fast(owner_));
  auto slow = call(request(Method::get, kRows, owner_, {{"key", "K5"}}));
  ASSERT_TRUE(slow);
  auto quick = fast(owner_);
  ASSERT_TRUE(quick && *quick);
  EXPECT_EQ(std::get<std::string>((*quick)->body), std::get<std::string>(slow->body));
  EXPECT_FALSE(fast(stranger_));
}

TEST_P(RoutesTest, AClientThatWentAwayStopsTheQuery) {
  client_.gone_ = true;
  auto response = call(request(Method::post, "/api/v1/sql", owner_, {},
                               {{"sql", "SELECT count(*) FROM firms a, firms b, firms c WHERE a.staff + b.staff > c.staff"}}));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::cancelled);
}

}  // namespace
}  // namespace qushu::query
