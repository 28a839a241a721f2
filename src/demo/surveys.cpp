#include "qushu/demo/surveys.h"

#include <array>
#include <utility>

#include "random.h"

namespace qushu::demo {
namespace {

constexpr std::array kOpinions{"希望会议室能多一台备用话筒。", "报修响应很快，谢谢。",
                               "无线在地下车库没有信号。",     "共享平台上的数据更新日期标得清楚，好用。",
                               "夜间升级请提前一天通知。",     "希望办一次文档协作的培训。",
                               "新大楼三层网络偶尔会断。",     "总体很好。"};
constexpr std::array kBetter{"speed", "wifi", "meetings", "data", "repair", "training"};
constexpr std::array kResponse{"half_hour", "half_hour", "half_hour", "two_hours", "same_day", "never", "never"};
constexpr std::array kReview{"服务窗口态度好。", "希望缩短审批时间。",       "材料清单写得很清楚。",
                             "热线有时占线。",   "移动端还可以再简单一些。", "培训资料很实用。"};

// Mostly 4 and 5 of 5; in a bad month less so.
std::string points(Random& r, bool bad) {
  auto luck = r.below(100);
  if (bad) luck += 12;
  return luck < 52 ? "5" : luck < 90 ? "4" : luck < 97 ? "3" : luck < 104 ? "2" : "1";
}

Answers judgement(Random& r, bool bad_network) {
  Answers out{{"overall", {points(r, false)}}, {"network", {points(r, bad_network)}}};
  if (!r.chance(5)) out["security"] = {points(r, false)};
  if (r.chance(2)) out["meeting"] = {points(r, false)};
  if (r.chance(2)) out["data"] = {points(r, false)};
  out["response"] = {r.of(kResponse)};
  auto first = r.of(kBetter);
  out["better"] = {first};
  if (auto second = r.of(kBetter); second != std::string_view(first) && r.chance(2)) out["better"].emplace_back(second);
  if (r.chance(4)) out["opinion"] = {r.of(kOpinions)};
  return out;
}

}  // namespace

std::vector<AnsweredDay> satisfaction_answers(std::uint64_t seed) {
  Random r(seed ^ 0x5a71u);
  std::vector<AnsweredDay> out;
  constexpr int kYear = 365, kEvery = 5;
  for (int ago = kYear; ago >= 0; ago -= kEvery) {
    AnsweredDay day{.days_ago = ago, .answers = {}};
    bool bad = ago > 150 && ago <= 180;
    for (auto n = r.between(2, 5); n > 0; --n) day.answers.push_back(judgement(r, bad));
    out.push_back(std::move(day));
  }
  return out;
}

std::string_view review_survey() {
  return R"(survey: service_review
name: {zh: 年度政务服务评议, en: Yearly review of government services}
description:
  zh: 请各单位联络员对本年度的政务服务作出评议。每个链接只能使用一次，答卷不记名。
  en: Please review this year's services. Each link works once; answers are anonymous.
audience: {zh: 各单位联络员, en: Liaison officers of all units}
mode: links
results: [department, "role:operator"]
sections:
  - title: {zh: 评议, en: Review}
    questions:
      - {code: service, title: {zh: 您对服务质量的总体评分, en: Your score for the services as a whole}, type: scale, points: 10, labels: [{zh: 很差, en: Very poor}, {zh: 很好, en: Very good}], satisfied: [7, 8, 9, 10], required: true}
      - code: speed
        title: {zh: 办理速度如何, en: How quick is it}
        type: choice
        satisfied: [quick, fair]
        required: true
        choices:
          - {code: quick, label: {zh: 快, en: Quick}}
          - {code: fair, label: {zh: 适中, en: Fair}}
          - {code: slow, label: {zh: 慢, en: Slow}}
      - code: ways
        title: {zh: 您常用哪些渠道, en: Which ways do you use}
        type: choices
        choices:
          - {code: window, label: {zh: 服务窗口, en: Counter}}
          - {code: web, label: {zh: 网上, en: Web}}
          - {code: phone, label: {zh: 热线, en: Hotline}}
          - {code: app, label: {zh: 移动端, en: Phone app}}
      - {code: said, title: {zh: 意见和建议, en: Anything else}, type: text, max_length: 500}
)";
}

std::vector<Answers> review_answers(std::uint64_t seed) {
  Random r(seed ^ 0x9e1bu);
  constexpr int kAnswered = 51;
  std::vector<Answers> out;
  for (int i = 0; i < kAnswered; ++i) {
    auto luck = r.below(100);
    Answers one{{"service", {std::to_string(luck < 88 ? r.between(7, 10) : r.between(3, 6))}},
                {"speed",
                 {luck < 50   ? "quick"
                  : luck < 90 ? "fair"
                              : "slow"}}};
    for (const char* way : {"window", "web", "phone", "app"})
      if (r.chance(2)) one["ways"].emplace_back(way);
    if (r.chance(4)) one["said"] = {r.of(kReview)};
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace qushu::demo
