// Harvests as their stewards keep them, and what makes runs begin.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/opendata/harvest.h"
#include "qushu/sharing/policy.h"

#include "harvest_rows.h"

namespace qushu::opendata {
namespace {

constexpr std::string_view kColumns =
    "id, code, title, kind, address, department_id, owner_id, owner_name, enabled, cron, days, next_due, created, changed";

Failure no_harvest() {
  return fail(Code::not_found, "harvest.not_found", "没有这个目录采集，或者您无权查看。",
              "There is no such harvest, or none that you may see.");
}

Failure bad(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "harvest.invalid", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

Harvest harvest_of(const store::Row& row) {
  Harvest h;
  std::size_t i = 0;
  for (auto* text : {&h.id, &h.code, &h.title, &h.kind, &h.address, &h.department_id, &h.owner_id, &h.owner_name})
    *text = row.text(i++);
  h.enabled = row.boolean(i++);
  h.cron = row.text(i++);
  h.days = row.text(i++);
  h.next_due = row.opt_time(i++);
  h.created = row.time(i++);
  h.changed = row.time(i++);
  return h;
}

bool may_see(const Actor& actor, const Harvest& h) {
  return sharing::check_steward(actor, h.department_id).has_value();
}

// Without user and password, which would be shown to everybody who sees the harvest.
bool is_web_address(std::string_view text) {
  auto lower = lower_ascii(text);
  if (!lower.starts_with("http://") && !lower.starts_with("https://")) return false;
  auto rest = text.substr(text.find("://") + 3);
  auto host = rest.substr(0, rest.find_first_of("/?#"));
  return !host.empty() && !host.contains('@') &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

Result<calendar::Schedule> schedule_of(const Harvest& h, const std::string& zone) {
  calendar::DayRule rule{};
  if (!calendar::parse(h.days, rule))
    return bad("days", "应为 every、working 或 first_working。", "It is every, working or first_working.");
  return calendar::Schedule::make(h.cron, zone, rule);
}

}  // namespace

Result<Harvest> Harvests::load(store::Session& s, std::string_view code) const {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM open_harvest WHERE code = ? OR id = ?", kColumns), {code, code}));
  if (!row) return no_harvest();
  return harvest_of(*row);
}

Result<void> Harvests::fill(store::Session& s, Harvest& h) const {
  QS_TRY(auto counts, s.one("SELECT count(*), count(gone) FROM open_harvest_entry WHERE harvest_id = ?", {h.id}));
  h.entries = counts->integer(0);
  h.gone = counts->integer(1);
  QS_TRY(
      auto row,
      s.one(fmt::format("SELECT {} FROM open_harvest_run WHERE harvest_id = ? ORDER BY id DESC LIMIT 1", kRunColumns), {h.id}));
  if (!row) return {};
  QS_TRY(h.last, run_of(*row));
  return {};
}

Result<std::vector<Harvest>> Harvests::list(const Actor& actor) const {
  QS_TRY(auto departments, deps_.identity.departments());
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Harvest>> {
    QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM open_harvest ORDER BY code", kColumns)));
    std::vector<Harvest> out;
    for (const auto& row : rows) {
      auto h = harvest_of(row);
      if (!may_see(actor, h)) continue;
      QS_CHECK(fill(s, h));
      if (auto d = std::ranges::find(departments, h.department_id, &identity::Department::id); d != departments.end())
        h.department_name = d->name;
      out.push_back(std::move(h));
    }
    return out;
  });
}

Result<Harvest> Harvests::find(const Actor& actor, std::string_view code) const {
  QS_TRY(auto h, deps_.store.read([&](store::Session& s) -> Result<Harvest> {
    QS_TRY(auto found, load(s, code));
    QS_CHECK(fill(s, found));
    return found;
  }));
  if (!may_see(actor, h)) return no_harvest();
  QS_TRY(auto department, deps_.identity.department(h.department_id));
  h.department_name = department.name;
  return h;
}

Result<Harvest> Harvests::checked(const Actor& actor, Harvest h) const {
  h.title = trim(h.title);
  h.address = trim(h.address);
  h.cron = trim(h.cron);
  if (!catalog::check_code(h.code))
    return bad("code", "代码须以小写字母开头，只含小写字母、数字和下划线，最多 63 个字符。",
               "A code begins with a lower-case letter and holds lower-case letters, digits and underscores, 63 at most.");
  if (h.title.empty() || utf8_length(h.title) > 200)
    return bad("title", "名称应为 1 到 200 个字。", "A title has 1 to 200 characters.");
  if (h.kind != "ckan" && h.kind != "dcat") return bad("kind", "应为 ckan 或 dcat。", "It is ckan or dcat.");
  if (!is_web_address(h.address) || h.address.size() > 1000)
    return bad("address", "应为 http:// 或 https:// 开头的地址，不含用户名和口令。",
               "An address begins with http:// or https:// and holds no user and password.");
  auto department = deps_.identity.department(h.department_id.empty() ? actor.department_id : h.department_id);
  if (!department) return bad("department", "没有这个部门。", "There is no such department.");
  h.department_id = department->id;
  QS_CHECK(sharing::check_steward(actor, h.department_id));
  if (!h.cron.empty()) {
    auto schedule = schedule_of(h, deps_.calendar.zone().name());
    if (!schedule) {
      auto error = std::move(schedule).error();
      if (error.subject != "days") error.subject = "cron";
      return fail(std::move(error));
    }
  }
  h.owner_id = actor.person_id;
  h.owner_name = actor.name;
  h.changed = deps_.clock.now();
  QS_TRY(h.next_due, next_due(h, h.changed));
  return h;
}

Result<std::optional<Time>> Harvests::next_due(const Harvest& h, Time after) const {
  if (!h.enabled || h.cron.empty()) return std::nullopt;
  QS_TRY(auto schedule, schedule_of(h, deps_.calendar.zone().name()));
  QS_TRY(auto days, deps_.calendar.working_days());
  return schedule.next(after, *days);
}

Result<void> Harvests::record(store::Transaction& t, const Actor& actor, std::string_view action, const Harvest& h,
                              json::object detail) const {
  detail["address"] = h.address;
  detail["kind"] = h.kind;
  return deps_.audit.record(t, actor,
                            {.action = std::string(action),
                             .object_kind = "harvest",
                             .object_id = h.id,
                             .object_name = h.title,
                             .detail = std::move(detail)});
}

Result<Harvest> Harvests::add(const Actor& actor, const Harvest& given) {
  QS_TRY(auto h, checked(actor, given));
  h.id = new_id();
  h.created = h.changed;
  auto kept = deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec(fmt::format("INSERT INTO open_harvest ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns),
                    {h.id, h.code, h.title, h.kind, h.address, h.department_id, h.owner_id, h.owner_name, h.enabled, h.cron,
                     h.days, h.next_due, h.created, h.changed}));
    return record(t, actor, "harvest.add", h);
  });
  if (!kept && kept.error().id == "store.duplicate")
    return fail(Error{.code = Code::conflict,
                      .id = "harvest.exists",
                      .text = {fmt::format("代码“{}”已被另一个目录采集使用。", h.code),
                               fmt::format("The code “{}” is taken by another harvest.", h.code)},
                      .subject = "code"});
  QS_CHECK(kept);
  return find(actor, h.id);
}

Result<Harvest> Harvests::change(const Actor& actor, std::string_view code, const Harvest& given) {
  QS_TRY(auto before, find(actor, code));
  auto wanted = given;
  wanted.code = before.code;
  wanted.kind = before.kind;
  QS_TRY(auto h, checked(actor, std::move(wanted)));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(
        t.exec("UPDATE open_harvest SET title = ?, address = ?, department_id = ?, owner_id = ?, owner_name = ?, enabled = ?, "
               "cron = ?, days = ?, next_due = ?, changed = ? WHERE id = ?",
               {h.title, h.address, h.department_id, h.owner_id, h.owner_name, h.enabled, h.cron, h.days, h.next_due, h.changed,
                before.id}));
    h.id = before.id;
    return record(t, actor, "harvest.change", h, {{"cron", h.cron}, {"enabled", h.enabled}});
  }));
  return find(actor, before.id);
}

Result<void> Harvests::remove(const Actor& actor, std::string_view code) {
  QS_TRY(auto h, find(actor, code));
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    if (h.last) {
      QS_TRY(auto busy, jobs::is_open(t, h.last->job_id));
      if (busy)
        return fail(Code::conflict, "harvest.busy", "采集正在进行，请等它结束或先取消作业。",
                    "A run is under way: wait for it, or cancel its job.");
    }
    QS_CHECK(t.exec("DELETE FROM open_harvest_error WHERE run_id IN (SELECT id FROM open_harvest_run WHERE harvest_id = ?)",
                    {h.id}));
    for (const char* sql : {"DELETE FROM open_harvest_run WHERE harvest_id = ?",
                            "DELETE FROM open_harvest_entry WHERE harvest_id = ?", "DELETE FROM open_harvest WHERE id = ?"})
      QS_CHECK(t.exec(sql, {h.id}));
    return record(t, actor, "harvest.remove", h);
  });
}

// --- runs
// ---------------------------------------------------------------------------------------------------------------------

Result<HarvestRun> Harvests::run_of(const store::Row& row) const {
  HarvestRun r;
  std::size_t i = 0;
  for (auto* text : {&r.id, &r.harvest_id, &r.job_id, &r.cause, &r.person_name}) *text = row.text(i++);
  for (auto* count :
       {&r.counts.seen, &r.counts.created, &r.counts.changed, &r.counts.unchanged, &r.counts.gone, &r.counts.failed})
    *count = row.integer(i++);
  r.whole = row.boolean(i++);
  r.created = row.time(i++);
  r.ended = row.opt_time(i++);
  r.state = "succeeded";
  if (r.ended) return r;
  r.whole = false;
  // One that has not ended well stands as its job does.
  auto job = deps_.jobs.find(r.job_id);
  if (!job && job.error().code != Code::not_found) return Failure(std::move(job).error());
  // A run ends in the transaction that ends its job: when the job has succeeded, it did so after this row was read.
  if (job && job->state == jobs::State::succeeded) {
    r.state = jobs::name(jobs::State::running);
    return r;
  }
  r.state = job ? jobs::name(job->state) : "interrupted";
  if (job && job->error) r.error = job->error->text;
  if (job) r.ended = job->ended;
  return r;
}

Result<std::optional<HarvestRun>> Harvests::queue(store::Transaction& t, const Actor& actor, const Harvest& h,
                                                  std::string_view cause) {
  QS_TRY(auto last, t.one("SELECT job_id FROM open_harvest_run WHERE harvest_id = ? ORDER BY id DESC LIMIT 1", {h.id}));
  if (last) {
    QS_TRY(auto busy, jobs::is_open(t, last->text(0)));
    if (busy) return std::nullopt;
  }
  HarvestRun r{.id = new_id(),
               .harvest_id = h.id,
               .job_id = {},
               .cause = std::string(cause),
               .state = "queued",
               .person_name = actor.name,
               .counts = {},
               .error = {},
               .created = deps_.clock.now(),
               .ended = {}};
  QS_TRY(r.job_id, deps_.jobs.add(t, actor,
                                  {.kind = std::string(kHarvestJob),
                                   .title = {"采集目录 " + h.title, "Harvest " + h.title},
                                   .input = {{"harvest", h.id}, {"run", r.id}},
                                   .object_kind = "harvest",
                                   .object_id = h.id}));
  QS_CHECK(
      t.exec("INSERT INTO open_harvest_run (id, harvest_id, job_id, cause, person_name, created) VALUES (?, ?, ?, ?, ?, ?)",
             {r.id, r.harvest_id, r.job_id, r.cause, r.person_name, r.created}));
  return r;
}

Result<HarvestRun> Harvests::run(const Actor& actor, std::string_view code) {
  QS_TRY(auto h, find(actor, code));
  QS_TRY(auto made, deps_.store.write([&](store::Transaction& t) { return queue(t, actor, h, "manual"); }));
  if (!made) return fail(Code::conflict, "harvest.busy", "采集正在进行，请等它结束。", "A run is under way; wait for its end.");
  return *std::move(made);
}

Result<std::vector<HarvestRun>> Harvests::runs(const Actor& actor, std::string_view code, std::size_t limit) const {
  QS_TRY(auto h, find(actor, code));
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM open_harvest_run WHERE harvest_id = ? ORDER BY id DESC LIMIT ?", kRunColumns),
                   {h.id, static_cast<std::int64_t>(limit)});
  }));
  std::vector<HarvestRun> out;
  for (const auto& row : rows) {
    QS_TRY(auto r, run_of(row));
    out.push_back(std::move(r));
  }
  return out;
}

Result<std::pair<HarvestRun, std::vector<HarvestFailure>>> Harvests::find_run(const Actor& actor, std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM open_harvest_run WHERE id = ?", kRunColumns), {id});
  }));
  if (!row) return no_harvest();
  QS_TRY(auto r, run_of(*row));
  QS_TRY(auto h, find(actor, r.harvest_id));
  static_cast<void>(h);
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query("SELECT remote_id, title, zh, en FROM open_harvest_error WHERE run_id = ? ORDER BY number LIMIT 1000", {id});
  }));
  std::vector<HarvestFailure> failures;
  for (const auto& one : rows)
    failures.push_back({.remote_id = one.text(0), .title = one.text(1), .text = {one.text(2), one.text(3)}});
  return std::pair(std::move(r), std::move(failures));
}

Result<std::vector<HarvestedEntry>> Harvests::entries(const Actor& actor, std::string_view code, bool gone,
                                                      std::string_view after, std::size_t limit) const {
  QS_TRY(auto h, find(actor, code));
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(
        fmt::format("SELECT e.remote_id, coalesce(d.code, ''), e.said, e.outcome, e.first_seen, e.last_seen, e.gone FROM "
                    "open_harvest_entry e LEFT JOIN dataset d ON d.id = e.dataset_id WHERE e.harvest_id = ? AND "
                    "e.remote_id > ?{} ORDER BY e.remote_id LIMIT ?",
                    gone ? " AND e.gone IS NOT NULL" : ""),
        {h.id, after, static_cast<std::int64_t>(limit)});
  }));
  std::vector<HarvestedEntry> out;
  for (const auto& row : rows) {
    auto said = said_of(row.text(2));
    out.push_back({.remote_id = row.text(0),
                   .dataset = row.text(1),
                   .title = said.title,
                   .page = said.page,
                   .outcome = row.text(3),
                   .files = said.files,
                   .first = row.time(4),
                   .seen = row.time(5),
                   .gone = row.opt_time(6)});
  }
  return out;
}

// --- what is due
// ---------------------------------------------------------------------------------------------------------------

Result<Actor> Harvests::owner_of(const Harvest& h) const {
  if (h.owner_id.empty()) {
    auto actor = Actor::operator_on_console(h.owner_name);
    actor.via = "system";
    return actor;
  }
  QS_TRY(auto actor, deps_.identity.actor_of(h.owner_id));
  actor.via = "system";
  return actor;
}

Result<void> Harvests::tick() {
  auto now = deps_.clock.now();
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM open_harvest WHERE enabled = 1 AND next_due <= ?", kColumns), {now});
  }));
  for (const auto& row : rows) {
    auto h = harvest_of(row);
    // One that cannot be looked after does not hold up the others.
    auto done = [&]() -> Result<void> {
      QS_TRY(auto owner, owner_of(h));
      QS_TRY(auto next, next_due(h, now));
      return deps_.store.write([&](store::Transaction& t) -> Result<void> {
        // Another server may have been here first; however many due times were missed, one run makes up for them.
        QS_TRY(auto ours,
               t.exec("UPDATE open_harvest SET next_due = ? WHERE id = ? AND next_due = ?", {next, h.id, h.next_due}));
        if (ours == 0) return {};
        QS_TRY(auto made, queue(t, owner, h, "schedule"));
        if (!made) log::info("a due harvest was left out: one is still under way", {{"harvest", h.code}});
        return {};
      });
    }();
    if (!done) log::warn("a harvest could not be looked after", {{"harvest", h.code}, {"why", done.error().text.en}});
  }
  return {};
}

}  // namespace qushu::opendata
