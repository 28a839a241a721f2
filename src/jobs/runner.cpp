#include "runner.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/jobs/lanes.h"

namespace qushu::jobs {
namespace {

bool worth_another_try(Code code) {
  return code == Code::unavailable || code == Code::overloaded || code == Code::internal || code == Code::timed_out;
}

// Doubles with each attempt, up to ten minutes or six times the first pause, give or take a fifth, so that jobs that failed
// together do not come back together.
Duration pause_after(int attempts, std::chrono::seconds first) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  auto whole = std::min(std::max(600.0, 6.0 * static_cast<double>(first.count())),
                        static_cast<double>(first.count()) * static_cast<double>(1U << std::min(attempts - 1, 10)));
  std::uniform_real_distribution<double> spread(0.8, 1.2);
  return Duration(static_cast<std::int64_t>(whole * spread(random) * 1e6));
}

}  // namespace

Result<void> set_terms(store::Transaction& t, std::string_view job_id, const Terms& terms) {
  QS_CHECK(
      t.exec("UPDATE job SET lane = ?, lane_limit = ?, backoff = ?, max_attempts = CASE WHEN ? > 0 THEN ? ELSE max_attempts "
             "END WHERE id = ?",
             {terms.lane, terms.lane_limit, terms.pause.count(), terms.max_attempts, terms.max_attempts, job_id}));
  return {};
}

bool tries_again(const Job& job, const Error& error) {
  return worth_another_try(error.code) && job.attempts < job.max_attempts;
}

Result<StoredJob> load(store::Session& s, std::string_view id) {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM job WHERE id = ?", kJobColumns), {id}));
  if (!row) return fail(Code::not_found, "job.not_found", "没有这个作业。", "There is no such job.");
  return job_of(*row);
}

void Attempt::progress(double fraction, Text step) {
  std::lock_guard lock(mutex_);
  news_.progress = std::clamp(fraction, 0.0, 1.0);
  news_.step = std::move(step);
}

void Attempt::units(std::int64_t done, std::int64_t total, std::string_view unit) {
  std::lock_guard lock(mutex_);
  news_.done = done;
  news_.total = total;
  news_.unit = unit;
}

void Attempt::log(std::string_view level, Text text) {
  std::lock_guard lock(mutex_);
  news_.lines.push_back({.number = 0, .at = clock_.now(), .level = std::string(level), .text = std::move(text)});
}

Attempt::News Attempt::take_news() {
  std::lock_guard lock(mutex_);
  News news = news_;
  news_.lines.clear();
  return news;
}

Result<void> Attempt::write_lines(store::Transaction& t, const std::vector<LogLine>& lines) {
  if (lines.empty()) return {};
  QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM job_log WHERE job_id = ?", {stored_.job.id}));
  auto number = last->integer(0);
  for (const auto& line : lines) {
    if (++number > limits_.log_lines) break;
    QS_CHECK(t.exec("INSERT INTO job_log (job_id, number, at, level, text_zh, text_en) VALUES (?, ?, ?, ?, ?, ?)",
                    {stored_.job.id, number, line.at, line.level, line.text.zh, line.text.en}));
  }
  return {};
}

Result<void> Attempt::still_ours(store::Session& s) {
  QS_TRY(auto row, s.one("SELECT state, lease_owner FROM job WHERE id = ?", {stored_.job.id}));
  if (!row || row->text(0) != "running" || row->text(1) != stored_.lease_owner) {
    lost_ = true;
    return fail(Code::conflict, "job.lease_lost", "作业已被另一个进程接管。", "Another process has taken the job over.");
  }
  return {};
}

Result<Job> Attempt::beat() {
  std::lock_guard one_at_a_time(beating_);
  auto news = take_news();
  auto written = store_.write([&](store::Transaction& t) -> Result<Job> {
    QS_CHECK(still_ours(t));
    auto now = clock_.now();
    QS_CHECK(
        t.exec("UPDATE job SET progress = ?, step_zh = ?, step_en = ?, done_units = ?, total_units = ?, unit = ?, "
               "lease_until = ?, changed = ? WHERE id = ?",
               {news.progress, news.step.zh, news.step.en, news.done, news.total, news.unit, now + limits_.lease, now,
                stored_.job.id}));
    QS_CHECK(write_lines(t, news.lines));
    QS_TRY(auto now_stored, load(t, stored_.job.id));
    return now_stored.job;
  });
  if (written) {
    if (written->cancel_asked) cancel_ = true;
  } else {
    // Lines that could not be written wait for the next beat.
    std::lock_guard lock(mutex_);
    news_.lines.insert(news_.lines.begin(), news.lines.begin(), news.lines.end());
  }
  return written;
}

Result<Job> Attempt::succeed(const Finish& finish) {
  auto news = take_news();
  return store_.write([&](store::Transaction& t) -> Result<Job> {
    QS_CHECK(still_ours(t));
    json::object output;
    if (finish) {
      QS_TRY(output, finish(t));
    }
    auto now = clock_.now();
    QS_CHECK(t.exec(
        "UPDATE job SET state = 'succeeded', output = ?, progress = 1, step_zh = '', step_en = '', done_units = ?, "
        "total_units = ?, unit = ?, error = NULL, ended = ?, changed = ?, lease_owner = '', lease_until = 0 WHERE id = ?",
        {json::serialize(output), news.done, news.total, news.unit, now, now, stored_.job.id}));
    QS_CHECK(write_lines(t, news.lines));
    QS_TRY(auto done, load(t, stored_.job.id));
    return done.job;
  });
}

Result<Job> Attempt::fail_with(audit::Audit& audit, const Error& error) {
  auto news = take_news();
  return store_.write([&](store::Transaction& t) -> Result<Job> {
    QS_CHECK(still_ours(t));
    QS_TRY(auto current, load(t, stored_.job.id));
    auto now = clock_.now();
    const auto& job = stored_.job;
    bool asked = current.job.cancel_asked;
    if (!asked && error.code == Code::cancelled && stopping_) {
      // We are going down: somebody else will do it, and this attempt does not count.
      QS_CHECK(
          t.exec("UPDATE job SET state = 'queued', attempts = attempts - 1, run_after = ?, changed = ?, lease_owner = '', "
                 "lease_until = 0 WHERE id = ?",
                 {now, now, job.id}));
    } else if (!asked && tries_again(job, error)) {
      QS_CHECK(t.exec(
          "UPDATE job SET state = 'queued', error = ?, run_after = ?, changed = ?, lease_owner = '', lease_until = 0 "
          "WHERE id = ?",
          {to_text(error), now + pause_after(job.attempts, stored_.backoff.count() > 0 ? stored_.backoff : limits_.backoff),
           now, job.id}));
    } else {
      bool cancelled = asked && error.code == Code::cancelled;
      QS_CHECK(
          t.exec("UPDATE job SET state = ?, error = ?, ended = ?, changed = ?, lease_owner = '', lease_until = 0 WHERE id = ?",
                 {cancelled ? "cancelled" : "failed", to_text(error), now, now, job.id}));
      QS_CHECK(audit.record(t, stored_.actor,
                            {.action = cancelled ? "job.cancelled" : "job.fail",
                             .object_kind = "job",
                             .object_id = job.id,
                             .object_name = job.title.zh,
                             .outcome = audit::Outcome::failure,
                             .detail = {{"kind", job.kind}, {"error", error.id}, {"text", error.text.zh}}}));
    }
    news.lines.push_back({.number = 0, .at = now, .level = "error", .text = error.text});
    QS_CHECK(write_lines(t, news.lines));
    QS_TRY(auto done, load(t, job.id));
    return done.job;
  });
}

Result<Job> Attempt::end(audit::Audit& audit, Result<Finish> outcome) {
  std::lock_guard one_at_a_time(beating_);
  if (outcome) {
    auto done = succeed(*outcome);
    if (done || lost_) return done;
    return fail_with(audit, done.error());
  }
  return fail_with(audit, outcome.error());
}

}  // namespace qushu::jobs
