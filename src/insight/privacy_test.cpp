#include "qushu/insight/privacy.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "insight_fixture.h"
#include "temp_folder.h"

namespace qushu::insight {
namespace {

using engine::Type;

class PrivacyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    engine_ = *engine::Engine::open(settings_, folder_.path() / "scratch");
  }
  static catalog::Field field(std::string id, std::string name, Type type = Type::text, std::string level = "1") {
    catalog::Field out;
    out.id = std::move(id);
    out.name = std::move(name);
    out.type = type;
    out.level = std::move(level);
    return out;
  }
  static Question ask(std::vector<catalog::Field> fields) {
    Question out;
    for (auto& f : fields) out.fields.push_back({.field = std::move(f)});
    return out;
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
};

// Six people: two alike, three alike, one alone.
constexpr const char* kSix =
    "SELECT * FROM (VALUES ('甲', 30, 'flu'), ('甲', 30, 'cold'), ('乙', 40, 'flu'), ('乙', 40, 'flu'), ('乙', 40, 'flu'), "
    "(NULL, "
    "50, 'cold')) v(area, age, illness)";

TEST_F(PrivacyTest, CountsClasses) {
  auto question = ask({field("area", "街道"), field("age", "年龄", Type::integer)});
  question.k = 3;
  auto a = take(anonymity(*engine_, {.select = kSix}, question));
  EXPECT_EQ(a.rows, 6U);
  EXPECT_EQ(a.classes, 3U);
  EXPECT_EQ(a.k, 1U);
  EXPECT_EQ(a.rows_below, 3U);
  EXPECT_EQ(a.unique, 1U);
  EXPECT_EQ(a.bars[0].rows, 1U);
  EXPECT_EQ(a.bars[1].rows, 2U);
  EXPECT_EQ(a.bars[2].classes, 1U);
  std::uint64_t all = 0;
  for (const auto& bar : a.bars) all += bar.rows;
  EXPECT_EQ(all, a.rows);
  auto empty = take(anonymity(*engine_, {.select = std::string(kSix) + " WHERE false"}, question));
  EXPECT_EQ(empty.rows + empty.k, 0U);
}

TEST_F(PrivacyTest, CountsDiversityWithinClasses) {
  auto question = ask({field("area", "街道")});
  question.sensitive = field("illness", "疾病");
  auto d = take(diversity(*engine_, {.select = kSix}, question));
  EXPECT_EQ(d.l, 1U);
  EXPECT_EQ(d.classes, 2U);
  EXPECT_EQ(d.rows_below, 4U);
}

TEST_F(PrivacyTest, CoarseningMakesClassesLarger) {
  const std::string people =
      "SELECT '3501' || lpad(CAST(i % 50 AS VARCHAR), 2, '0') AS region, DATE '1950-01-01' + CAST(i * 7 % 20000 AS INTEGER) AS "
      "birth, i % 90 + 0.5 AS income FROM range(5000) t(i)";
  auto region = field("region", "区划"), birth = field("birth", "出生日期", Type::date),
       income = field("income", "收入", Type::number);
  struct Case {
    ChosenField chosen;
    std::uint64_t classes;
  };
  const std::vector<Case> cases{{{.field = region}, 50},
                                {{.field = region, .coarsening = Coarsening::prefix, .parameter = 5}, 5},
                                {{.field = region, .coarsening = Coarsening::suppress}, 1},
                                {{.field = birth, .coarsening = Coarsening::year}, 55},
                                {{.field = birth, .coarsening = Coarsening::decade}, 6},
                                {{.field = income, .coarsening = Coarsening::range, .parameter = 30}, 3}};
  for (const auto& c : cases) {
    Question question;
    question.fields = {c.chosen};
    EXPECT_EQ(take(anonymity(*engine_, {.select = people}, question)).classes, c.classes)
        << in_words(c.chosen.coarsening, c.chosen.parameter).en;
  }
  for (const auto& bad : std::vector<ChosenField>{{.field = region, .coarsening = Coarsening::year},
                                                  {.field = region, .coarsening = Coarsening::range, .parameter = 5},
                                                  {.field = birth, .coarsening = Coarsening::range, .parameter = 5},
                                                  {.field = income, .coarsening = Coarsening::range, .parameter = 0},
                                                  {.field = region, .coarsening = Coarsening::prefix, .parameter = 0}}) {
    auto refused = check(bad);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().subject, "fields." + bad.field.id);
    EXPECT_THAT(refused.error().text.zh, ::testing::HasSubstr(bad.field.name));
  }
}

TEST_F(PrivacyTest, FindsTheMostDangerousCombination) {
  // Alone, nobody is found by a or b; together they name everybody. c never says anything.
  const std::string rows = "SELECT i // 10 AS a, i % 10 AS b, 0 AS c FROM range(100) t(i)";
  auto question = ask({field("a", "甲", Type::integer), field("b", "乙", Type::integer), field("c", "丙", Type::integer)});
  auto found = take(combinations(*engine_, {.select = rows}, question));
  EXPECT_EQ(found.counted, 7U);
  EXPECT_TRUE(found.all);
  EXPECT_EQ(found.worst.front().fields, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(found.worst.front().unique, 100U);
  EXPECT_EQ(found.worst.front().k, 1U);
  question.combinations = 4;
  auto cut = take(combinations(*engine_, {.select = rows}, question));
  EXPECT_EQ(cut.counted, 4U);
  EXPECT_FALSE(cut.all);
}

TEST_F(PrivacyTest, AProposalReachesK) {
  const std::string people =
      "SELECT '3501' || lpad(CAST(hash(i) % 20 AS VARCHAR), 2, '0') AS region, DATE '1950-01-01' + CAST(hash(i, 1) % 20000 AS "
      "INTEGER) AS birth, CASE WHEN hash(i, 2) % 2 = 0 THEN '男' ELSE '女' END AS sex FROM range(4000) t(i)";
  auto question = ask({field("region", "区划"), field("birth", "出生日期", Type::date), field("sex", "性别")});
  auto before = take(anonymity(*engine_, {.select = people}, question));
  EXPECT_EQ(before.k, 1U);
  auto masking = take(propose_masking(*engine_, {.select = people}, question));
  EXPECT_TRUE(masking.reached);
  EXPECT_LE(masking.after.rows_below, 40U);
  EXPECT_LT(masking.after.rows_below, before.rows_below);
  auto birth = std::ranges::find_if(masking.fields, [](const ChosenField& c) { return c.field.id == "birth"; });
  EXPECT_NE(birth->coarsening, Coarsening::none) << "the finest field is coarsened first";
  auto sex = std::ranges::find_if(masking.fields, [](const ChosenField& c) { return c.field.id == "sex"; });
  EXPECT_EQ(sex->coarsening, Coarsening::none) << "what says little may stay";
}

TEST_F(PrivacyTest, RolesComeFromNamesGradesAndValues) {
  const std::string rows =
      "SELECT i AS _id, '35010219' || (50 + i % 50) || '0101' || lpad(CAST(i % 1000 AS VARCHAR), 3, '0') || 'X' AS a, "
      "'1380000' || "
      "lpad(CAST(i AS VARCHAR), 4, '0') AS b, '男' AS c, DATE '2000-01-01' AS d, i AS e, 'x' AS f FROM range(500) t(i)";
  auto roles = take(propose_roles(*engine_, {.select = rows},
                                  {field("a", "备注"), field("b", "号码"), field("c", "性别"), field("d", "登记日"),
                                   field("e", "月收入", Type::integer), field("f", "说明")}));
  EXPECT_EQ(roles[0].role, Role::identifier);
  EXPECT_THAT(roles[0].reason.zh, ::testing::HasSubstr("公民身份号码"));
  EXPECT_EQ(roles[1].role, Role::identifier);
  EXPECT_EQ(roles[2].role, Role::quasi);
  EXPECT_EQ(roles[4].role, Role::sensitive);
  EXPECT_EQ(roles[5].role, Role::none);
}

class AssessTest : public InsightTest {};
QUSHU_ON_BOTH_STORES(AssessTest);

TEST_P(AssessTest, AnswersForWhatTheCallerSees) {
  publish(one_, "people", "人员", std::string("SELECT row_number() OVER () AS _id, * FROM (") + kSix + ")",
          {field("area", "街道"), field("age", "年龄", Type::integer), field("illness", "疾病")});
  auto asked =
      json::parse(
          R"({"fields":[{"id":"街道"},{"id":"age","coarsening":"range","parameter":100}],"sensitive":"illness","k":2,"combinations":true,"propose":true})")
          .as_object();
  auto answer = take(insight_->privacy.assess(one_, "people", 0, asked, {}));
  EXPECT_EQ(answer.at("anonymity").at("k"), 1);
  EXPECT_EQ(answer.at("diversity").at("l"), 1);
  EXPECT_FALSE(answer.at("combinations").at("worst").as_array().empty());
  EXPECT_FALSE(json::serialize(answer).contains("flu")) << "no value of a row is told";
  EXPECT_EQ(insight_->privacy.assess(two_, "people", 0, asked, {}).error().code, Code::not_found);
  for (const auto& [bad, subject] : std::vector<std::pair<std::string, std::string>>{
           {R"({"fields":[{"id":"nosuch"}]})", "fields[0].id"},
           {R"({"fields":[{"id":"area"},{"id":"街道"}]})", "fields[1].id"},
           {R"({"fields":[{"id":"area","coarsening":"blur"}]})", "fields[0].coarsening"},
           {R"({"fields":[{"id":"area","coarsening":"year"}]})", "fields.area"},
           {R"({"fields":[{"id":"area"}],"sensitive":"no"})", "sensitive"}}) {
    auto refused = insight_->privacy.assess(one_, "people", 0, json::parse(bad).as_object(), {});
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().subject, subject);
  }
  auto roles = take(insight_->privacy.roles(one_, "people", 0, {}));
  EXPECT_EQ(roles.at("fields").as_array().size(), 3U);
}

}  // namespace
}  // namespace qushu::insight
