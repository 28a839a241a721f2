// Forms as browsers and others send them, and what keeps public surveys from being stuffed.
#include "form.h"

#include <gmock/gmock.h>

#include "guard.h"

namespace qushu::surveys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Definition survey() {
  return read_definition(R"(survey: s
name: 调查
mode: public
sections:
  - questions:
      - {code: a, title: 一, type: scale, points: 5, required: true}
      - {code: b, title: 二, type: choices, least: 2, most: 2, choices: [{code: x, label: 甲}, {code: y, label: 乙}, {code: z, label: 丙}]}
      - {code: c, title: 三, type: text, max_length: 4}
)")
      .value();
}

TEST(SurveyFormTest, IsReadAsABrowserSendsIt) {
  auto form = parse_form("q_a=3&q_c=%E5%A5%BD+%E7%9A%84&lone&q_c=second").value();
  EXPECT_THAT(form, ElementsAre(Pair("q_a", "3"), Pair("q_c", "好 的"), Pair("lone", ""), Pair("q_c", "second")));
  EXPECT_EQ(text_of(form, "q_c"), "好 的");
  EXPECT_FALSE(parse_form("q_a=%ZZ"));
  EXPECT_FALSE(parse_form("q_a=%FF"));  // no UTF-8
  EXPECT_FALSE(parse_form(std::string(kMostForm + 1, 'a')));
}

TEST(SurveyFormTest, AnswersAreChecked) {
  auto d = survey();
  auto read = [&](std::string_view body) { return read_answers(d, parse_form(body).value()); };
  auto good = read("q_a=3&q_b=x&q_b=y&q_c=%E5%A5%BD&other=1");
  EXPECT_THAT(good.problems, IsEmpty());
  EXPECT_THAT(good.answers, UnorderedElementsAre(Pair("a", ElementsAre("3")), Pair("b", ElementsAre("x", "y")),
                                                 Pair("c", ElementsAre("好"))));
  EXPECT_THAT(read("").problems, UnorderedElementsAre(Key("a")));             // required
  EXPECT_THAT(read("q_a=6").problems, UnorderedElementsAre(Key("a")));        // not on the scale
  EXPECT_THAT(read("q_a=1&q_a=2").problems, UnorderedElementsAre(Key("a")));  // two of one
  EXPECT_THAT(read("q_a=1&q_b=x").problems, UnorderedElementsAre(Key("b")));  // too few
  EXPECT_THAT(read("q_a=1&q_b=x&q_b=y&q_b=z").problems, UnorderedElementsAre(Key("b")));
  auto long_text = read("q_a=1&q_c=12345");
  EXPECT_THAT(long_text.problems, UnorderedElementsAre(Key("c")));
  EXPECT_THAT(long_text.answers["c"], ElementsAre("12345"));  // what was typed is kept
}

class GuardTest : public ::testing::Test {
 protected:
  GuardTest() { settings_.declare(settings()); }
  Guard::Sent sent(std::string_view stamp, std::string_view address = "10.0.0.1") {
    return {.survey = "s", .address = address, .stamp = stamp, .answer = {}, .trap = {}};
  }
  Settings settings_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  Guard guard_{settings_, clock_, "key"};
};

TEST_F(GuardTest, TakesAStampOnceAndNotAtOnce) {
  auto stamp = guard_.stamp("s", false).text;
  EXPECT_EQ(guard_.check(sent(stamp)).error().id, "survey.quick");
  clock_.advance(std::chrono::seconds(5));
  EXPECT_TRUE(guard_.check(sent(stamp)));
  EXPECT_TRUE(guard_.spend(sent(stamp)));
  EXPECT_EQ(guard_.spend(sent(stamp)).error().id, "survey.proof");
  auto other = guard_.stamp("other", false).text;
  clock_.advance(std::chrono::seconds(5));
  EXPECT_EQ(guard_.check(sent(other)).error().id, "survey.proof");  // of another survey
  auto old = guard_.stamp("s", false).text;
  clock_.advance(std::chrono::hours(25));
  EXPECT_EQ(guard_.check(sent(old)).error().id, "survey.proof");
  for (auto bad : {"", "1.2.3", "x.y.z", "1..", "9999999999999999999.a.b"})
    EXPECT_EQ(guard_.check(sent(bad)).error().id, "survey.proof") << bad;
}

TEST_F(GuardTest, WhoFillsTheHiddenFieldIsARobot) {
  auto stamp = guard_.stamp("s", false).text;
  clock_.advance(std::chrono::seconds(5));
  auto robot = sent(stamp);
  robot.trap = "http://spam";
  EXPECT_EQ(guard_.check(robot).error().id, "survey.proof");
}

TEST_F(GuardTest, AnAddressHasItsMeasure) {
  ASSERT_TRUE(settings_.set("surveys.form_limit", "2"));
  ASSERT_TRUE(settings_.set("surveys.form_seconds", "0"));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(guard_.spend(sent(guard_.stamp("s", false).text)));
  EXPECT_EQ(guard_.spend(sent(guard_.stamp("s", false).text)).error().code, Code::limited);
  EXPECT_TRUE(guard_.spend(sent(guard_.stamp("s", false).text, "10.0.0.2")));
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(guard_.spend(sent(guard_.stamp("s", false).text)));
}

TEST_F(GuardTest, AsksAQuestionWhoseAnswerIsInTheSignatureAlone) {
  ASSERT_TRUE(settings_.set("surveys.form_seconds", "0"));
  auto asked = guard_.stamp("s", true);
  EXPECT_THAT(asked.question.zh, HasSubstr("等于几"));
  int right = 0;
  for (int sum = 0; sum <= 18; ++sum) {
    auto answer = std::to_string(sum);
    auto one = sent(asked.text);
    one.question = true;
    one.answer = answer;
    if (guard_.check(one)) ++right;
  }
  EXPECT_EQ(right, 1);
  // Nor does a stamp without a question do where one is asked.
  auto plain = guard_.stamp("s", false).text;
  auto one = sent(plain);
  one.question = true;
  one.answer = "5";
  EXPECT_FALSE(guard_.check(one));
}

}  // namespace
}  // namespace qushu::surveys
