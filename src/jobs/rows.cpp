#include "rows.h"

#include <array>

#include "qushu/base/json.h"

namespace qushu::jobs {
namespace {

constexpr std::array<std::string_view, 6> kStates{"queued", "running", "succeeded", "failed", "cancelled", "interrupted"};

State state_of(std::string_view text) {
  for (std::size_t i = 0; i < kStates.size(); ++i)
    if (kStates.at(i) == text) return static_cast<State>(i);
  return State::failed;
}

Code code_of(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i)
    if (name(static_cast<Code>(i)) == text) return static_cast<Code>(i);
  return Code::internal;
}

json::object object_of(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return !failed && value.is_object() ? std::move(value.as_object()) : json::object{};
}

Actor actor_of(std::string_view text) {
  auto object = object_of(text);
  Actor actor;
  actor.person_id = text_at(object, "person_id");
  actor.name = text_at(object, "name");
  actor.department_id = text_at(object, "department_id");
  actor.via = text_at(object, "via");
  actor.credential_id = text_at(object, "credential_id");
  actor.from = text_at(object, "from");
  actor.request_id = text_at(object, "request_id");
  actor.lang = text_at(object, "lang") == "en" ? Lang::en : Lang::zh;
  if (const auto* list = object.if_contains("departments"); list && list->is_array())
    for (const auto& d : list->as_array()) actor.departments.emplace_back(d.as_string());
  if (const auto* list = object.if_contains("may"); list && list->is_array())
    for (const auto& p : list->as_array()) {
      Permission permission{};
      if (parse(std::string_view(p.as_string()), permission)) actor.may.set(static_cast<std::size_t>(permission));
    }
  return actor;
}

}  // namespace

std::string_view name(State state) {
  return kStates.at(static_cast<std::size_t>(state));
}

Result<bool> is_open(store::Session& s, std::string_view id) {
  QS_TRY(auto row, s.one("SELECT 1 FROM job WHERE id = ? AND state IN ('queued', 'running')", {id}));
  return row.has_value();
}

bool is_final(State state) {
  return state != State::queued && state != State::running;
}

std::string to_text(const Actor& actor) {
  json::array departments(actor.departments.begin(), actor.departments.end());
  json::array may;
  for (std::size_t i = 0; i < actor.may.size(); ++i)
    if (actor.may.test(i)) may.emplace_back(name(static_cast<Permission>(i)));
  return json::serialize(json::object{{"person_id", actor.person_id},
                                      {"name", actor.name},
                                      {"department_id", actor.department_id},
                                      {"departments", std::move(departments)},
                                      {"may", std::move(may)},
                                      {"via", actor.via},
                                      {"credential_id", actor.credential_id},
                                      {"from", actor.from},
                                      {"request_id", actor.request_id},
                                      {"lang", actor.lang == Lang::en ? "en" : "zh"}});
}

std::string to_text(const Error& error) {
  return json::serialize(json::object{
      {"code", name(error.code)}, {"id", error.id}, {"zh", error.text.zh}, {"en", error.text.en}, {"subject", error.subject}});
}

StoredJob job_of(const store::Row& row) {
  StoredJob stored;
  auto& job = stored.job;
  std::size_t i = 0;
  job.id = row.text(i++);
  job.kind = row.text(i++);
  job.title.zh = row.text(i++);
  job.title.en = row.text(i++);
  job.state = state_of(row.text(i++));
  job.input = object_of(row.text(i++));
  job.output = object_of(row.text(i++));
  job.object_kind = row.text(i++);
  job.object_id = row.text(i++);
  job.person_id = row.text(i++);
  job.person_name = row.text(i++);
  job.department_id = row.text(i++);
  job.progress = row.number(i++);
  job.step.zh = row.text(i++);
  job.step.en = row.text(i++);
  job.done_units = row.integer(i++);
  job.total_units = row.integer(i++);
  job.unit = row.text(i++);
  job.attempts = static_cast<int>(row.integer(i++));
  job.max_attempts = static_cast<int>(row.integer(i++));
  if (auto error = row.opt_text(i++)) {
    auto object = object_of(*error);
    job.error = Error{.code = code_of(text_at(object, "code")),
                      .id = text_at(object, "id"),
                      .text = {text_at(object, "zh"), text_at(object, "en")},
                      .subject = text_at(object, "subject")};
  }
  job.created = row.time(i++);
  job.changed = row.time(i++);
  job.started = row.opt_time(i++);
  job.ended = row.opt_time(i++);
  job.run_after = row.opt_time(i++);
  job.cancel_asked = row.boolean(i++);
  stored.lease_owner = row.text(i++);
  stored.actor = actor_of(row.text(i++));
  stored.backoff = std::chrono::seconds(row.integer(i++));
  return stored;
}

json::object to_json(const Job& job, Lang lang) {
  json::object out{{"id", job.id},
                   {"kind", job.kind},
                   {"title", job.title.in(lang)},
                   {"state", name(job.state)},
                   {"output", job.output},
                   {"object_kind", job.object_kind},
                   {"object_id", job.object_id},
                   {"person_id", job.person_id},
                   {"person_name", job.person_name},
                   {"department_id", job.department_id},
                   {"progress", job.progress},
                   {"step", job.step.in(lang)},
                   {"done_units", job.done_units},
                   {"total_units", job.total_units},
                   {"unit", job.unit},
                   {"attempts", job.attempts},
                   {"max_attempts", job.max_attempts},
                   {"created", to_iso(job.created)},
                   {"changed", to_iso(job.changed)},
                   {"started", time_or_null(job.started)},
                   {"ended", time_or_null(job.ended)},
                   {"run_after", time_or_null(job.run_after)},
                   {"cancel_asked", job.cancel_asked},
                   {"error", nullptr}};
  if (job.error)
    out["error"] = json::object{{"code", name(job.error->code)},
                                {"id", job.error->id},
                                {"text", job.error->text.in(lang)},
                                {"subject", job.error->subject}};
  return out;
}

}  // namespace qushu::jobs
