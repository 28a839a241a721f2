// Surveys from definition to results, on both databases: links that work once, answers that nothing leads back from, batches,
// what may be seen, and what SQL reads.
#include "qushu/surveys/surveys.h"

#include <fstream>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/surveys/relations.h"

#include "district_fixture.h"

namespace qushu::surveys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string definition(std::string_view code, std::string_view mode, std::string_view more = "") {
  return fmt::format(R"(survey: {}
name: {{zh: 满意度, en: Satisfaction}}
mode: {}
{}sections:
  - questions:
      - {{code: overall, title: {{zh: 满意吗, en: Satisfied}}, type: scale, points: 5, satisfied: [4, 5], required: true}}
      - {{code: used, title: 用过, type: choices, choices: [{{code: wifi, label: 无线}}, {{code: net, label: 有线}}]}}
      - {{code: said, title: 意见, type: text}}
)",
                     code, mode, more);
}

class SurveysTest : public testing::DistrictTest {
 protected:
  SurveysTest() : DistrictTest(*parse_iso("2026-11-20T02:00:00Z")) {}
  void SetUp() override {
    DistrictTest::SetUp();
    open_district({jobs::settings(), notify::settings(), settings()}, jobs::migrations(), notify::notice_migrations(),
                  migrations());
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, clock_));
    notify_ = std::make_unique<notify::Notify>(
        notify::Notify::Deps{.store = store(), .jobs = *jobs_, .identity = *identity_, .settings = settings_, .clock = clock_});
    li_ = person("li", "mzj", "data_user");
    zhao_ = person("zhao", "wjw", "data_user");
    boss_ = person("boss", "mzj", "operator");
    std::filesystem::create_directories(folder() / "relations");
    surveys_ = std::make_unique<Surveys>(Surveys::Deps{.store = store(),
                                                       .audit = *audit_,
                                                       .jobs = *jobs_,
                                                       .identity = *identity_,
                                                       .notify = *notify_,
                                                       .calendar = *calendar_,
                                                       .settings = settings_,
                                                       .clock = clock_,
                                                       .scratch = folder() / "relations"});
    relations_ = std::make_unique<SurveyRelations>(*surveys_, *engine_, folder() / "relations");
  }
  static void ok(const Result<void>& result) { EXPECT_TRUE(result) << (result ? "" : result.error().text.zh); }

  void make(std::string_view code, std::string_view mode, std::string_view more = "") {
    (void)take(surveys_->apply(boss_, definition(code, mode, more), ""));
    (void)take(surveys_->open(boss_, code));
  }
  void answer(int points, int count = 1, std::string_view code = "s") {
    for (int i = 0; i < count; ++i) ok(surveys_->answer(code, "", {{"overall", {std::to_string(points)}}}));
  }
  // The figure that SQL gives the actor; empty: NULL.
  std::string sql(const Actor& actor, const std::string& select) {
    engine::SandboxSpec spec;
    std::vector<std::shared_ptr<const void>> keep;
    for (const auto& relation : take(relations_->relations(actor))) {
      auto rows = take(relations_->rows(actor, relation.name));
      spec.views.push_back({.name = relation.name, .sql = rows.select});
      for (const auto& file : rows.files) spec.files.push_back(file);
      keep.push_back(rows.keep);
    }
    auto sandbox = take(engine_->sandbox(std::move(spec)));
    auto cursor = take(sandbox->run(select, {}, {}));
    const auto* chunk = take(cursor->next());
    std::string out;
    if (chunk != nullptr && !chunk->is_null(0, 0)) chunk->append_text(0, 0, out);
    return out;
  }

  Actor li_, zhao_, boss_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<notify::Notify> notify_;
  std::unique_ptr<Surveys> surveys_;
  std::unique_ptr<SurveyRelations> relations_;
};
QUSHU_ON_BOTH_STORES(SurveysTest);

TEST_P(SurveysTest, OneLinkGivesOneAnswerHoweverManyUseItAtOnce) {
  make("s", "links");
  auto tokens = take(surveys_->invite(boss_, "s", 3));
  EXPECT_THAT(tokens, SizeIs(3));
  std::atomic<int> taken = 0, used = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i)
      threads.emplace_back([&] {
        auto done = surveys_->answer("s", tokens[0], {{"overall", {"5"}}});
        if (done)
          ++taken;
        else if (done.error().id == "survey.used")
          ++used;
      });
  }
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(used, 19);
  auto survey = take(surveys_->find(boss_, "s"));
  EXPECT_EQ(survey.answers, 1);
  EXPECT_EQ(survey.used, 1);
  EXPECT_EQ(survey.invitations, 3);
  EXPECT_EQ(take(surveys_->enter("s", tokens[0])).state, Entrance::State::used);
  EXPECT_EQ(take(surveys_->enter("s", tokens[1])).state, Entrance::State::open);
  EXPECT_EQ(take(surveys_->enter("s", "another")).state, Entrance::State::none);
  EXPECT_EQ(take(surveys_->enter("s", "")).state, Entrance::State::none);
}

TEST_P(SurveysTest, NothingThatIsKeptLeadsFromAnAnswerToItsLink) {
  make("s", "links");
  auto tokens = take(surveys_->invite(boss_, "s", 12));
  std::vector<std::string> sent;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    sent.push_back(fmt::format("第 {} 个", i));
    ok(surveys_->answer("s", tokens[i], {{"overall", {"4"}}, {"said", {sent.back()}}}));
    clock_.advance(std::chrono::minutes(7));
  }
  (void)take(surveys_->close(boss_, "s"));
  ok(store().read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto links, s.query("SELECT * FROM survey_invitation"));
    for (const auto& row : links) {
      EXPECT_EQ(row.size(), 3U);  // hash, survey, used: no time, no answer
      for (const auto& token : tokens) EXPECT_NE(row.text(0), token);
    }
    QS_TRY(auto rows, s.query("SELECT * FROM survey_answer ORDER BY id"));
    EXPECT_EQ(rows.size(), sent.size());
    std::vector<std::string> order;
    std::set<std::string> days;
    for (const auto& row : rows) {
      EXPECT_EQ(row.size(), 4U);  // number, survey, day of counting, answers
      days.insert(row.text(2));
      auto text = row.text(3);
      order.push_back(text.substr(text.find("第")));
      for (const auto& token : tokens) EXPECT_THAT(text, Not(HasSubstr(token)));
    }
    EXPECT_THAT(days, ElementsAre("2026-11-20"));
    // By number is no order of coming; once in 12! it would be.
    std::vector<std::string> coming;
    for (const auto& text : sent) coming.push_back(text + "\"]}");
    EXPECT_THAT(order, ::testing::UnorderedElementsAreArray(coming));
    EXPECT_NE(order, coming);
    QS_TRY(auto trail, s.query("SELECT action, detail FROM audit_entry WHERE action LIKE 'survey.%'"));
    for (const auto& row : trail)
      for (const auto& token : tokens) EXPECT_THAT(row.text(1), Not(HasSubstr(token)));
    return {};
  }));
}

TEST_P(SurveysTest, AnswersAreCountedInBatches) {
  make("s", "public", "results: [everyone]\n");
  auto counted = [&] { return take(surveys_->results(boss_, "s")).counted; };
  answer(5, 9);
  EXPECT_EQ(counted(), 0);  // 5 would leave fewer than 5 behind
  auto early = take(surveys_->results(boss_, "s"));
  EXPECT_EQ(early.waiting, 9);
  EXPECT_FALSE(early.questions[0].shown);
  EXPECT_THAT(early.questions[0].counts, IsEmpty());
  answer(1);
  EXPECT_EQ(counted(), 5);
  answer(1, 2);
  EXPECT_EQ(counted(), 5);  // nothing moves by single answers
  auto now = take(surveys_->results(li_, "s"));
  EXPECT_TRUE(now.questions[0].shown);
  (void)take(surveys_->close(boss_, "s"));
  auto end = take(surveys_->results(li_, "s"));
  EXPECT_EQ(end.counted, 12);
  EXPECT_EQ(end.waiting, 0);
  EXPECT_EQ(end.questions[0].satisfied, 9);
  EXPECT_DOUBLE_EQ(*end.questions[0].mean, (9 * 5 + 3) / 12.0);
  EXPECT_THAT(end.months, SizeIs(1));
  EXPECT_EQ(end.months[0].judged["overall"], std::pair(std::int64_t{9}, std::int64_t{12}));
}

TEST_P(SurveysTest, OfTooFewNothingIsShownEvenAfterTheEnd) {
  make("s", "public");
  answer(1, 4);
  (void)take(surveys_->close(boss_, "s"));
  auto r = take(surveys_->results(boss_, "s"));
  EXPECT_EQ(r.counted, 0);
  EXPECT_FALSE(r.questions[0].shown);
  EXPECT_EQ(sql(boss_, "SELECT sum(answers) FROM survey_answers"), "");
  EXPECT_EQ(sql(boss_, "SELECT answers FROM surveys"), "4");
}

TEST_P(SurveysTest, AQuestionThatFewAnswerStaysHidden) {
  make("s", "public");
  answer(5, 6);
  ok(surveys_->answer("s", "", {{"overall", {"1"}}, {"used", {"wifi"}}, {"said", {"只有我这么说"}}}));
  (void)take(surveys_->close(boss_, "s"));
  auto r = take(surveys_->results(boss_, "s"));
  EXPECT_EQ(r.counted, 7);
  EXPECT_TRUE(r.questions[0].shown);
  EXPECT_FALSE(r.questions[1].shown);
  EXPECT_FALSE(r.questions[2].shown);
  EXPECT_THAT(r.questions[2].texts, IsEmpty());
  EXPECT_EQ(sql(boss_, "SELECT count(*) FROM survey_answers WHERE question <> 'overall'"), "0");
}

TEST_P(SurveysTest, SqlReadsTheFigureWithItsNumberOfAnswers) {
  make("s", "public", "results: [department]\n");
  answer(5, 7);
  answer(2, 3);
  (void)take(surveys_->close(boss_, "s"));
  auto figure =
      "SELECT (100.0 * sum(answers) FILTER (satisfied) / sum(answers))::DECIMAL(5,1) || ' of ' || sum(answers) FROM "
      "survey_answers WHERE subject = 'overall' AND counted_on = DATE '2026-11-20'";
  EXPECT_EQ(sql(boss_, figure), "70.0 of 10");
  EXPECT_EQ(sql(li_, figure), "70.0 of 10");  // of the survey's department
  EXPECT_EQ(sql(zhao_, figure), "");
  EXPECT_EQ(sql(zhao_, "SELECT count(*) FROM surveys"), "0");
  EXPECT_FALSE(take(relations_->rows(zhao_, "survey_answers")).all);
  EXPECT_TRUE(take(relations_->rows(li_, "survey_answers")).all);
  EXPECT_EQ(sql(boss_, "SELECT sum(points * answers) FROM survey_answers"), "41");
}

TEST_P(SurveysTest, OpensAndClosesByItself) {
  (void)take(surveys_->apply(boss_, definition("s", "public", "opens: 2026-11-21T09:00\ncloses: 2026-11-22T18:00\n"), ""));
  EXPECT_EQ(take(surveys_->enter("s", "")).state, Entrance::State::none);  // a draft
  (void)take(surveys_->open(boss_, "s"));
  EXPECT_EQ(take(surveys_->enter("s", "")).state, Entrance::State::waiting);
  EXPECT_EQ(surveys_->answer("s", "", {{"overall", {"5"}}}).error().id, "survey.closed");
  clock_.advance(std::chrono::hours(24));
  EXPECT_EQ(take(surveys_->enter("s", "")).state, Entrance::State::open);
  answer(5, 6);
  clock_.advance(std::chrono::hours(36));
  EXPECT_EQ(take(surveys_->enter("s", "")).state, Entrance::State::closed);
  EXPECT_EQ(surveys_->answer("s", "", {{"overall", {"5"}}}).error().id, "survey.closed");
  ok(surveys_->tick());
  auto survey = take(surveys_->find(boss_, "s"));
  EXPECT_EQ(to_iso(*survey.closed), "2026-11-22T10:00:00Z");
  EXPECT_EQ(take(surveys_->results(boss_, "s")).counted, 6);
  EXPECT_EQ(surveys_->open(boss_, "s").error().id, "survey.over");
}

TEST_P(SurveysTest, WhatWasAskedStays) {
  make("s", "public");
  answer(5);
  auto changed = definition("s", "public");
  auto at = changed.find("points: 5");
  EXPECT_EQ(surveys_->apply(boss_, changed.replace(at, 9, "points: 7"), "").error().id, "survey.answered");
  EXPECT_EQ(surveys_->apply(boss_, definition("s", "links"), "").error().id, "survey.answered");
  auto more = definition("s", "public") + "      - {code: more, title: 还有, type: text}\n";
  EXPECT_EQ(take(surveys_->apply(boss_, more, "加一题")).version, 2);
  EXPECT_THAT(take(surveys_->versions(boss_, "s")), SizeIs(2));
  auto trial = take(surveys_->check(boss_, definition("s", "links")));
  EXPECT_THAT(trial.mistakes, SizeIs(1));
}

TEST_P(SurveysTest, WhoMayWhat) {
  make("s", "links", "results: [department]\n");
  EXPECT_EQ(surveys_->apply(li_, definition("t", "links"), "").error().code, Code::forbidden);
  EXPECT_EQ(surveys_->open(li_, "s").error().code, Code::forbidden);
  EXPECT_EQ(surveys_->invite(li_, "s", 1).error().code, Code::forbidden);
  EXPECT_THAT(take(surveys_->list(li_)), SizeIs(1));
  EXPECT_THAT(take(surveys_->list(zhao_)), IsEmpty());
  EXPECT_EQ(surveys_->results(zhao_, "s").error().code, Code::not_found);
  EXPECT_EQ(surveys_->yaml(zhao_, "s").error().code, Code::not_found);
  EXPECT_EQ(surveys_->invite(boss_, "s", 0).error().code, Code::invalid);
  EXPECT_EQ(surveys_->invite_by_mail(boss_, "s", {.departments = {"mzj"}}).error().id, "notify.no_server");
}

TEST_P(SurveysTest, SheetsHoldTheResults) {
  make("s", "public");
  answer(4, 5);
  (void)take(surveys_->close(boss_, "s"));
  auto csv = take(surveys_->write_results(boss_, "s", SheetFormat::csv, Lang::zh));
  std::ifstream in(csv.path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_THAT(text, HasSubstr("满意吗,量表,4,5,100.00,是,4.00,100.00,5"));
  EXPECT_THAT(text, HasSubstr("意见,文字,答复太少"));
  auto links = take(surveys_->write_links("s", {"abc"}, "https://data.example.org", SheetFormat::csv, Lang::zh));
  std::ifstream again(links.path);
  EXPECT_THAT(std::string((std::istreambuf_iterator<char>(again)), {}), HasSubstr("https://data.example.org/survey/s/abc"));
}

TEST_P(SurveysTest, WhatComesWithQushuIsThere) {
  ok(surveys_->install_builtins());
  ok(surveys_->install_builtins());
  auto survey = take(surveys_->find(boss_, "satisfaction"));
  EXPECT_EQ(survey.origin, "builtin");
  EXPECT_EQ(survey.version, 1);
  EXPECT_EQ(survey.phase, Phase::draft);
}

}  // namespace
}  // namespace qushu::surveys
