// Checks: of what is about to be published, on demand and every day; what they kept.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "stored.h"
#include "words.h"

namespace qushu::quality {
namespace {

constexpr const char* kCheckJob = "quality.check";
constexpr const char* kDailyJob = "quality.daily";
constexpr int kTrendDays = 90;

std::string columns_without_outcomes() {
  auto columns = std::string(kCheckColumns);
  auto at = columns.find("outcomes");
  return columns.replace(at, std::string_view("outcomes").size(), "'[]'");
}

bool same_rule(const Rule& a, const Rule& b) {
  return a.id == b.id && a.kind == b.kind && a.severity == b.severity && a.fields == b.fields && a.params == b.params;
}

const Outcome* outcome_of(const std::vector<Outcome>& outcomes, const Rule& rule) {
  auto found = std::ranges::find_if(outcomes, [&](const Outcome& o) { return same_rule(o.rule, rule); });
  return found == outcomes.end() ? nullptr : &*found;
}

bool stops(const Outcome& o) {
  return o.rule.severity == Severity::stop && o.breached();
}

// What a person who lets it pass has looked at: which rules stop it, and by how many rows.
std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>> findings(const Check& check) {
  std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>> out;
  for (const auto& o : check.outcomes)
    if (stops(o)) out.emplace(o.rule.id, o.checked, o.failed);
  return out;
}

Error stop_error(const Check& check, const std::vector<catalog::Field>& fields) {
  Text list;
  for (const auto& o : check.outcomes) {
    if (!stops(o)) continue;
    auto says = o.rule.note.empty() ? describe(o.rule, fields) : Text{o.rule.note, o.rule.note};
    auto rows = with_thousands(static_cast<std::int64_t>(o.failed));
    list.zh += (list.zh.empty() ? "" : "；") + says.zh +
               (o.note.zh.empty() ? fmt::format("（{} 行不合格）", rows) : "（" + o.note.zh + "）");
    list.en += (list.en.empty() ? "" : "; ") + says.en +
               (o.note.en.empty() ? fmt::format(" ({} rows fail)", rows) : " (" + o.note.en + ")");
  }
  return {.code = Code::conflict,
          .id = "quality.stopped",
          .text = {"未通过质量规则，已停止发布：" + list.zh + "。请更正后重新提交，或在核对后说明理由仍要发布。",
                   "Stopped by quality rules: " + list.en +
                       ". Correct the data and load it again, or publish it anyway with a reason."},
          .subject = check.id};
}

jobs::Request check_job(const catalog::Dataset& dataset) {
  return {.kind = kCheckJob,
          .title = {"质量检查 " + dataset.title, "Quality check of " + dataset.title},
          .input = {{"dataset", dataset.id}},
          .object_kind = "dataset",
          .object_id = dataset.id};
}

}  // namespace

Scores StoredQuality::score(const std::vector<Outcome>& outcomes) const {
  auto weights = parse_weights(deps_.settings.text("quality.weights"));
  if (weights) return scores_of(outcomes, *weights);
  log::warn("the weights of the quality score cannot be read; the defaults are used", {{"why", weights.error().text.en}});
  return scores_of(outcomes, {25, 30, 15, 15, 15});
}

Result<void> StoredQuality::insert(store::Transaction& t, const Check& c) const {
  QS_CHECK(
      t.exec(fmt::format("INSERT INTO quality_check ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         kCheckColumns),
             {c.id,
              c.dataset_id,
              c.version,
              c.trigger,
              c.stopped,
              c.rows,
              outcomes_text(c.outcomes),
              c.scores.total,
              c.scores.dimensions[0],
              c.scores.dimensions[1],
              c.scores.dimensions[2],
              c.scores.dimensions[3],
              c.scores.dimensions[4],
              c.failures_blob,
              c.waived_by,
              c.waiver,
              c.person_id,
              c.person_name,
              c.job_id,
              c.at}));
  return {};
}

Result<std::optional<Check>> StoredQuality::latest(store::Session& s, std::string_view dataset_id, std::int64_t version) const {
  QS_TRY(auto row,
         s.one(fmt::format(
                   "SELECT {} FROM quality_check WHERE dataset_id = ? AND version = ? AND stopped = 0 ORDER BY id DESC LIMIT 1",
                   kCheckColumns),
               {dataset_id, version}));
  if (!row) return std::optional<Check>();
  return std::optional(check_of(*row));
}

Result<bool> StoredQuality::is_waived(const Check& check) const {
  return deps_.store.read([&](store::Session& s) -> Result<bool> {
    // The newest of this dataset that is not about other findings; once something was published, a person looks again.
    QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM quality_check WHERE dataset_id = ? AND (stopped = 1 OR trigger_kind "
                                          "= 'publish') ORDER BY id DESC LIMIT 20",
                                          kCheckColumns),
                              {check.dataset_id}));
    for (const auto& row : rows) {
      auto earlier = check_of(row);
      if (!earlier.stopped) return false;
      if (!earlier.waiver.empty() && findings(earlier) == findings(check)) return true;
    }
    return false;
  });
}

Result<Verdict> StoredQuality::examine(const Candidate& candidate) {
  Verdict verdict;
  if (candidate.dataset == nullptr) return verdict;
  const auto& dataset = *candidate.dataset;
  QS_TRY(auto rules, load_rules(dataset.id, true));
  if (rules.empty()) return verdict;
  bool part = candidate.row_count != candidate.whole_count;
  Evaluation evaluation(deps_, {.dataset = &dataset,
                                .fields = candidate.fields,
                                .rows = candidate.rows,
                                .whole = part ? candidate.whole : candidate.rows,
                                .row_count = candidate.row_count,
                                .whole_count = candidate.whole_count,
                                .publishing = true,
                                .cancelled = candidate.cancelled});
  auto& check = verdict.check;
  check = {
      .id = new_id(), .dataset_id = dataset.id, .trigger = "publish", .rows = candidate.row_count, .at = deps_.clock.now()};
  QS_TRY(check.outcomes, evaluation.count(rules));
  for (auto& o : check.outcomes)
    if (o.rule.severity == Severity::reject && o.note.zh.empty()) o.rejected = o.failed;
  QS_TRY(check.failures_blob, evaluation.write_failures(check.outcomes, failures_kept()));
  check.scores = score(check.outcomes);
  if (std::ranges::any_of(check.outcomes, stops)) {
    QS_TRY(auto waived, is_waived(check));
    if (!waived) {
      check.stopped = true;
      verdict.stop = stop_error(check, candidate.fields);
      QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
        QS_CHECK(insert(t, check));
        json::array stopped;
        for (const auto& o : check.outcomes)
          if (stops(o)) stopped.push_back(json::object{{"rule", o.rule.id}, {"checked", o.checked}, {"failed", o.failed}});
        return record(t, Actor::system(), "quality.stop", dataset, {{"check", check.id}, {"rules", std::move(stopped)}});
      }));
      return verdict;
    }
  }
  QS_TRY(auto rejects, evaluation.write_rejects());
  verdict.rejects = rejects.first;
  verdict.rejected = rejects.second;
  if (!part) return verdict;
  // Only what changed was judged: the rest stands as it was found.
  QS_TRY(auto before, deps_.store.read([&](store::Session& s) { return latest(s, dataset.id, dataset.version); }));
  if (!before) return verdict;
  for (auto& o : check.outcomes) {
    const auto* was = judges_rows(o.rule.kind) && o.note.zh.empty() ? outcome_of(before->outcomes, o.rule) : nullptr;
    if (was == nullptr) continue;
    o.checked += was->checked;
    o.failed += was->failed;
    o.rejected += was->rejected;
  }
  check.scores = score(check.outcomes);
  return verdict;
}

Result<void> StoredQuality::keep(store::Transaction& t, const catalog::Dataset& dataset, std::int64_t version,
                                 const Verdict& verdict) {
  if (verdict.check.id.empty()) return {};
  auto check = verdict.check;
  check.dataset_id = dataset.id;
  check.version = version;
  return insert(t, check);
}

Result<Check> StoredQuality::waive(const Actor& actor, std::string_view check_id, std::string_view reason) {
  auto why = std::string(trim(reason));
  if (utf8_length(why) < 2 || utf8_length(why) > 1000)
    return fail(Error{
        .code = Code::invalid,
        .id = "quality.reason",
        .text = {"请写明仍要发布的理由（2 到 1000 字）。", "Give the reason for publishing anyway (2 to 1,000 characters)."},
        .subject = "reason"});
  QS_TRY(auto found, check(actor, check_id));
  QS_TRY(auto dataset, writable(actor, found.dataset_id));
  return deps_.store.write([&](store::Transaction& t) -> Result<Check> {
    QS_TRY(auto row, t.one(fmt::format("SELECT {} FROM quality_check WHERE id = ?", kCheckColumns), {check_id}));
    if (!row) return no_check();
    auto now = check_of(*row);
    if (!now.stopped)
      return fail(Code::conflict, "quality.not_stopped", "这次检查没有停止发布，不需要放行。", "This check stopped nothing.");
    QS_CHECK(t.exec("UPDATE quality_check SET waived_by = ?, waiver = ? WHERE id = ?", {actor.name, why, check_id}));
    now.waived_by = actor.name;
    now.waiver = why;
    QS_CHECK(record(t, actor, "quality.waive", dataset, {{"check", now.id}, {"reason", why}}));
    return now;
  });
}

// --- standing checks ---------------------------------------------------------------------------------------------------------

Result<std::optional<Check>> StoredQuality::evaluate(const catalog::Dataset& dataset, std::string_view trigger, bool full,
                                                     const Cancelled& cancelled) const {
  QS_TRY(auto rules, load_rules(dataset.id, true));
  if (rules.empty() || dataset.version == 0) return std::optional<Check>();
  QS_TRY(auto before, deps_.store.read([&](store::Session& s) { return latest(s, dataset.id, dataset.version); }));
  QS_TRY(auto shown, deps_.policy.compile(Actor::system(), dataset.id));
  std::vector<Rule> to_judge;
  for (const auto& rule : rules)
    if (full || !before || !judges_rows(rule.kind) || outcome_of(before->outcomes, rule) == nullptr) to_judge.push_back(rule);
  Evaluation evaluation(deps_, {.dataset = &shown.dataset,
                                .fields = shown.fields,
                                .rows = shown.select,
                                .whole = shown.select,
                                .row_count = shown.version.published,
                                .whole_count = shown.version.published,
                                .version = shown.version.number,
                                .cancelled = cancelled});
  Check check{.id = new_id(),
              .dataset_id = dataset.id,
              .version = shown.version.number,
              .trigger = std::string(trigger),
              .rows = shown.version.published,
              .at = deps_.clock.now()};
  QS_TRY(auto judged, evaluation.count(to_judge));
  QS_TRY(check.failures_blob, evaluation.write_failures(judged, failures_kept()));
  for (const auto& rule : rules) {
    const auto* was = before ? outcome_of(before->outcomes, rule) : nullptr;
    const auto* is = outcome_of(judged, rule);
    auto outcome = is != nullptr ? *is : *was;
    if (is != nullptr && was != nullptr && was->rejected > 0) {
      // Rows that were turned away at publication count on.
      outcome.checked += was->rejected;
      outcome.failed += was->rejected;
      outcome.rejected = was->rejected;
    }
    check.outcomes.push_back(std::move(outcome));
  }
  if (check.failures_blob.empty() && before && to_judge.size() < rules.size()) check.failures_blob = before->failures_blob;
  check.scores = score(check.outcomes);
  return std::optional(std::move(check));
}

void StoredQuality::register_jobs() {
  deps_.jobs.register_kind({.name = kCheckJob,
                            .title = {"质量检查", "Quality check"},
                            .handler = [this](jobs::Context& context) { return run_check(context); }});
  deps_.jobs.register_kind({.name = kDailyJob,
                            .title = {"每日质量检查", "Daily quality check"},
                            .handler = [this](jobs::Context& context) { return run_daily(context); }});
}

Result<std::string> StoredQuality::request_check(const Actor& actor, std::string_view code) {
  QS_TRY(auto dataset, writable(actor, code));
  if (dataset.version == 0)
    return fail(Code::conflict, "dataset.nothing", "数据集还没有发布过，没有可检查的数据。", "Nothing has been published yet.");
  QS_TRY(auto rules, load_rules(dataset.id, true));
  if (rules.empty())
    return fail(Code::conflict, "quality.no_rules", "还没有启用的质量规则。请先确认推荐的规则或新增规则。",
                "There are no rules yet: confirm the proposed ones or add one.");
  return deps_.store.write([&](store::Transaction& t) { return deps_.jobs.add(t, actor, check_job(dataset)); });
}

Result<jobs::Finish> StoredQuality::run_check(jobs::Context& context) {
  auto id = text_at(context.job().input, "dataset");
  QS_TRY(auto dataset, deps_.catalog.find({.all = true}, id));
  context.progress(0.1, {"检查全部数据行", "Judging all rows"});
  QS_TRY(auto check, evaluate(dataset, "manual", true, [&] { return context.cancelled(); }));
  auto actor = context.actor();
  if (check) {
    check->job_id = context.job().id;
    check->person_id = actor.person_id;
    check->person_name = actor.name;
  }
  return jobs::Finish([this, check, dataset, actor](store::Transaction& t) -> Result<json::object> {
    if (!check) return json::object{{"rules", 0}};
    QS_CHECK(insert(t, *check));
    QS_CHECK(record(t, actor, "quality.check", dataset,
                    {{"check", check->id}, {"version", check->version}, {"scores", to_json(check->scores)}}));
    return json::object{{"check", check->id},
                        {"version", check->version},
                        {"rules", check->outcomes.size()},
                        {"scores", to_json(check->scores)}};
  });
}

Result<jobs::Finish> StoredQuality::run_daily(jobs::Context& context) {
  QS_TRY(auto ids, deps_.store.read([&](store::Session& s) {
    return s.query("SELECT DISTINCT dataset_id FROM quality_rule WHERE enabled = 1 ORDER BY dataset_id");
  }));
  auto made = std::make_shared<std::vector<Check>>();
  std::size_t failed = 0, done = 0;
  for (const auto& row : ids) {
    if (context.cancelled()) return fail(Code::cancelled, "job.cancelled", "作业已取消。", "The job was cancelled.");
    context.progress(
        static_cast<double>(done) / static_cast<double>(ids.size()),
        {fmt::format("已检查 {} / {} 个数据集", done, ids.size()), fmt::format("{} of {} datasets checked", done, ids.size())});
    ++done;
    QS_TRY(auto dataset, deps_.catalog.find({.all = true}, row.text(0)));
    if (dataset.version == 0 || dataset.state == "withdrawn") continue;
    // Rows do not change within a version; what they are compared with may.
    QS_TRY(auto seen, deps_.store.read([&](store::Session& s) {
      return s.one("SELECT 1 FROM quality_check WHERE dataset_id = ? AND version = ? AND trigger_kind <> 'publish' LIMIT 1",
                   {dataset.id, dataset.version});
    }));
    QS_TRY(auto rules, load_rules(dataset.id, true));
    bool compared = std::ranges::any_of(rules, [](const Rule& r) {
      return r.kind == Kind::reference || r.kind == Kind::region || text_at(r.params, "format") == "not_future";
    });
    auto check = evaluate(dataset, "daily", !seen || compared, [&] { return context.cancelled(); });
    if (!check) {
      if (check.error().code == Code::cancelled) return fail(std::move(check).error());
      ++failed;
      context.log("warn", {dataset.title + "：" + check.error().text.zh, dataset.title + ": " + check.error().text.en});
      continue;
    }
    if (*check) {
      (*check)->job_id = context.job().id;
      made->push_back(**std::move(check));
    }
  }
  return jobs::Finish([this, made, failed](store::Transaction& t) -> Result<json::object> {
    for (const auto& check : *made) QS_CHECK(insert(t, check));
    return json::object{{"checked", made->size()}, {"failed", failed}};
  });
}

Result<void> StoredQuality::tick() {
  auto local = deps_.calendar.zone().local(deps_.clock.now());
  auto day = std::chrono::floor<std::chrono::days>(local);
  auto hour = std::chrono::duration_cast<std::chrono::hours>(local - day).count();
  auto word = calendar::to_text(day);
  {
    std::scoped_lock lock(mutex_);
    if (hour < deps_.settings.integer("quality.daily_hour") || ticked_ == word) return {};
  }
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto any, t.one("SELECT 1 FROM quality_rule WHERE enabled = 1 LIMIT 1"));
    if (!any) return {};
    QS_CHECK(deps_.jobs.add(t, Actor::system(),
                            {.kind = kDailyJob,
                             .title = {"每日质量检查 " + word, "Daily quality check " + word},
                             .idempotency_key = fmt::format("{} {}", kDailyJob, word)}));
    return {};
  }));
  std::scoped_lock lock(mutex_);
  ticked_ = word;
  return {};
}

// --- what was found ----------------------------------------------------------------------------------------------------------

Result<std::vector<Check>> StoredQuality::checks(const Actor& actor, std::string_view code, std::size_t limit) const {
  QS_TRY(auto dataset, visible(actor, code));
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Check>> {
    QS_TRY(auto rows,
           s.query(fmt::format("SELECT {} FROM quality_check WHERE dataset_id = ? ORDER BY id DESC LIMIT ?", kCheckColumns),
                   {dataset.id, static_cast<std::int64_t>(limit)}));
    std::vector<Check> list;
    bool own = may_see_failures(actor, dataset);
    for (const auto& row : rows) {
      auto c = check_of(row);
      if (own || !c.stopped) list.push_back(std::move(c));
    }
    return list;
  });
}

Result<std::optional<Scores>> StoredQuality::public_scores(std::string_view dataset_id, std::int64_t version,
                                                           const std::vector<std::string>& fields) const {
  QS_TRY(auto check, deps_.store.read([&](store::Session& s) { return latest(s, dataset_id, version); }));
  if (!check) return std::nullopt;
  // An expression may read any field, whatever it says that it is about.
  std::erase_if(check->outcomes, [&](const Outcome& o) {
    bool open = std::ranges::all_of(o.rule.fields, [&](const auto& f) { return std::ranges::find(fields, f) != fields.end(); });
    return o.rule.kind == Kind::expression || !open;
  });
  auto scores = score(check->outcomes);
  if (!scores.total) return std::nullopt;
  return scores;
}

Result<Check> StoredQuality::check(const Actor& actor, std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM quality_check WHERE id = ?", kCheckColumns), {id});
  }));
  if (!row) return no_check();
  auto found = check_of(*row);
  auto dataset = visible(actor, found.dataset_id);
  if (!dataset || (found.stopped && !may_see_failures(actor, *dataset))) return no_check();
  return found;
}

Result<catalog::Dataset> StoredQuality::failures_dataset(const Actor& actor, const Check& check) const {
  QS_TRY(auto dataset, visible(actor, check.dataset_id));
  if (may_see_failures(actor, dataset)) return dataset;
  return fail(Code::forbidden, "quality.failures", "不合格的行只有提供部门可以查看。",
              "The failing rows can be seen by the providing department only.");
}

Result<Quality::Overview> StoredQuality::overview(const Actor& actor) const {
  Overview out;
  std::map<std::string, std::size_t> places;
  catalog::Search query{.states = {"published"}, .sort = "title", .limit = 500};
  do {
    QS_TRY(auto found, deps_.catalog.search(sharing::visibility(actor), query));
    for (auto& d : found.datasets) {
      places.emplace(d.id, out.datasets.size());
      out.datasets.push_back({.dataset = std::move(d), .check = std::nullopt, .rules = 0});
    }
    query.after = found.next;
  } while (!query.after.empty());
  auto today = std::chrono::floor<std::chrono::days>(deps_.calendar.zone().local(deps_.clock.now()));
  auto since = deps_.calendar.zone().instant(today - std::chrono::days(kTrendDays - 1));
  QS_CHECK(deps_.store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto counts, s.query("SELECT dataset_id, count(*) FROM quality_rule WHERE enabled = 1 GROUP BY dataset_id"));
    for (const auto& row : counts)
      if (auto at = places.find(row.text(0)); at != places.end()) out.datasets[at->second].rules = row.integer(1);
    QS_TRY(auto checks, s.query(fmt::format("SELECT {} FROM quality_check WHERE id IN (SELECT max(id) FROM quality_check WHERE "
                                            "version > 0 GROUP BY dataset_id, version)",
                                            columns_without_outcomes())));
    for (const auto& row : checks) {
      auto c = check_of(row);
      auto at = places.find(c.dataset_id);
      if (at != places.end() && out.datasets[at->second].dataset.version == c.version)
        out.datasets[at->second].check = std::move(c);
    }
    // Day by day, the mean of what each dataset had last.
    QS_TRY(auto history,
           s.query("SELECT dataset_id, at, score FROM quality_check WHERE version > 0 AND score IS NOT NULL ORDER BY at"));
    std::map<std::string, double> now;
    std::size_t next = 0;
    for (auto day = today - std::chrono::days(kTrendDays - 1); day <= today; day += std::chrono::days(1)) {
      auto end = deps_.calendar.zone().instant(day + std::chrono::days(1));
      for (; next < history.size() && history[next].time(1) < end; ++next)
        if (places.contains(history[next].text(0))) now[history[next].text(0)] = history[next].number(2);
      if (now.empty() || end <= since) continue;
      double sum = 0;
      for (const auto& [id, score] : now) sum += score;
      out.days.push_back({.day = calendar::to_text(day),
                          .total = sum / static_cast<double>(now.size()),
                          .datasets = static_cast<std::int64_t>(now.size())});
    }
    return {};
  }));
  return out;
}

Result<std::vector<Check>> StoredQuality::stopped(const Actor& actor) const {
  std::vector<Check> out;
  if (!actor.can(Permission::dataset_write)) return out;
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(
        fmt::format("SELECT {} FROM quality_check c WHERE stopped = 1 AND waiver = '' AND id = (SELECT max(id) FROM "
                    "quality_check n WHERE n.dataset_id = c.dataset_id) "
                    "ORDER BY id DESC LIMIT 200",
                    columns_without_outcomes()));
  }));
  for (const auto& row : rows) {
    auto c = check_of(row);
    auto dataset = visible(actor, c.dataset_id);
    if (dataset && sharing::check_steward(actor, *dataset)) out.push_back(std::move(c));
  }
  return out;
}

Result<bool> StoredQuality::uses_blob(std::string_view sha256) const {
  return deps_.store.read([&](store::Session& s) -> Result<bool> {
    QS_TRY(auto row, s.one("SELECT 1 FROM quality_check WHERE failures_blob = ? LIMIT 1", {sha256}));
    return row.has_value();
  });
}

}  // namespace qushu::quality
