// The demo district's surveys, answered as people do it, at the times when they did.
#include <iostream>

#include <fmt/format.h>

#include "qushu/demo/surveys.h"

#include "commands.h"

namespace qushu::app {
namespace {

constexpr const char* kKeeper = "operator";  // who manages surveys in the demo district
constexpr auto kDay = std::chrono::hours(24);

surveys::Surveys surveys_at(System& s, const Clock& clock) {
  return surveys::Surveys({.store = *s.store,
                           .audit = *s.audit,
                           .jobs = *s.jobs,
                           .identity = *s.identity,
                           .notify = *s.notify,
                           .calendar = *s.calendar,
                           .settings = s.settings,
                           .clock = clock,
                           .scratch = s.scratch()});
}

// Open since a year ago.
Result<std::size_t> satisfaction(System& s, const Actor& actor, std::uint64_t seed, Time now) {
  constexpr std::string_view kCode = "satisfaction";
  ManualClock clock(now - 366 * kDay);
  auto then = surveys_at(s, clock);
  QS_CHECK(then.open(actor, kCode));
  std::size_t count = 0;
  int ago = 366;
  for (const auto& day : demo::satisfaction_answers(seed)) {
    clock.advance((ago - day.days_ago) * kDay);
    ago = day.days_ago;
    for (const auto& answers : day.answers) QS_CHECK(then.answer(kCode, "", answers));
    QS_CHECK(then.tick());
    count += day.answers.size();
  }
  return count;
}

// Handed out as links, and over.
Result<std::size_t> review(System& s, const Actor& actor, std::uint64_t seed, Time now) {
  ManualClock clock(now - demo::kReviewOpened * kDay);
  auto then = surveys_at(s, clock);
  QS_TRY(auto made, then.apply(actor, demo::review_survey(), ""));
  const auto& code = made.definition.code;
  QS_CHECK(then.open(actor, code));
  QS_TRY(auto tokens, then.invite(actor, code, demo::kReviewLinks));
  auto answers = demo::review_answers(seed);
  for (std::size_t i = 0; i < answers.size(); ++i) QS_CHECK(then.answer(code, tokens.at(i), answers[i]));
  clock.advance((demo::kReviewOpened - demo::kReviewClosed) * kDay);
  QS_CHECK(then.close(actor, code));
  return answers.size();
}

}  // namespace

Result<void> fill_surveys(System& s, std::uint64_t seed, Lang lang) {
  QS_TRY(auto actor, s.identity->actor_of(kKeeper));
  actor.via = "cli";
  actor.from = "local";
  QS_TRY(auto there, s.surveys->find(actor, "satisfaction"));
  if (there.phase != surveys::Phase::draft) return {};
  auto now = system_clock().now();
  QS_TRY(auto reviewed, review(s, actor, seed, now));
  QS_TRY(auto judged, satisfaction(s, actor, seed, now));
  std::cout << (lang == Lang::zh ? fmt::format("  满意度调查：2 份，{} 份答卷\n", reviewed + judged)
                                 : fmt::format("  surveys: 2, with {} answers\n", reviewed + judged))
            << std::flush;
  return {};
}

}  // namespace qushu::app
