#include "form_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "qushu/opendata/opendata.h"

namespace qushu::opendata {
namespace {

class Watch final : public Clock {
 public:
  Time now() const override { return at; }
  Time at = from_micros(1'800'000'000'000'000);
};

class FormGuardTest : public testing::Test {
 protected:
  FormGuardTest() {
    settings_.declare(opendata::settings());
    EXPECT_TRUE(settings_.set("opendata.form_limit", "4"));
    EXPECT_TRUE(settings_.set("opendata.form_total", "6"));
    EXPECT_TRUE(settings_.set("opendata.form_seconds", "3s"));
  }
  static std::string answer(const std::string& question) {
    std::vector<std::string> words{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    auto plus = question.find(" plus ");
    auto value = [&](const std::string& text) {
      for (std::size_t i = 0; i < words.size(); ++i)
        if (text.ends_with(words[i]) || text.starts_with(words[i] + "?")) return i + 1;
      return std::size_t{0};
    };
    return std::to_string(value(question.substr(0, plus)) + value(question.substr(plus + 6)));
  }
  std::string tried(std::string_view from, std::string_view stamp, std::string_view said, std::string_view trap = "") {
    auto done = guard_.check(from, stamp, said, trap);
    return done ? "ok" : done.error().id;
  }

  Settings settings_;
  Watch clock_;
  FormGuard guard_{settings_, clock_, std::string(32, 'k')};
};

TEST_F(FormGuardTest, OnceInTimeWithTheRightAnswer) {
  auto q = guard_.ask();
  EXPECT_EQ(q.text.zh.find("等于几") != std::string::npos, true);
  clock_.at += std::chrono::seconds(5);
  EXPECT_EQ(tried("a", q.stamp, answer(q.text.en)), "ok");
  EXPECT_EQ(tried("a", q.stamp, answer(q.text.en)), "open.proof");  // spent
  auto late = guard_.ask();
  clock_.at += std::chrono::hours(3);
  EXPECT_EQ(tried("a", late.stamp, answer(late.text.en)), "open.proof");
  auto quick = guard_.ask();
  EXPECT_EQ(tried("a", quick.stamp, answer(quick.text.en)), "open.proof");
}

TEST_F(FormGuardTest, NothingElse) {
  auto q = guard_.ask();
  clock_.at += std::chrono::seconds(5);
  auto good = answer(q.text.en);
  EXPECT_EQ(tried("a", q.stamp, good, "filled"), "open.proof");
  EXPECT_EQ(tried("a", "1.x.y", good), "open.proof");
  EXPECT_EQ(tried("a", "9" + q.stamp, good), "open.proof");
  EXPECT_EQ(tried("a", q.stamp, "99"), "open.proof");
  EXPECT_EQ(tried("a", q.stamp, good), "open.form_limit");  // the fifth of this address
  EXPECT_EQ(tried("b", "", ""), "open.proof");
  EXPECT_EQ(tried("c", "", ""), "open.proof");
  EXPECT_EQ(tried("d", "", ""), "open.form_limit");  // the seventh of all
  clock_.at += std::chrono::minutes(61);
  auto again = guard_.ask();
  clock_.at += std::chrono::seconds(5);
  EXPECT_EQ(tried("a", again.stamp, answer(again.text.en)), "ok");
}

}  // namespace
}  // namespace qushu::opendata
