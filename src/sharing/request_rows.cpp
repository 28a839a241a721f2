#include "request_rows.h"

#include <array>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/sharing/departments.h"

#include "request_rights.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, 8> kStates{"asking",  "declined", "reviewing", "returned",
                                                  "granted", "refused",  "withdrawn", "confirming"};
const std::array<Text, 8> kNames{Text{"待本部门审核", "to be approved by the asking department"},
                                 Text{"本部门未同意", "declined"},
                                 Text{"待提供部门审核", "to be answered by the provider"},
                                 Text{"待补正", "returned"},
                                 Text{"已授权", "granted"},
                                 Text{"不予共享", "refused"},
                                 Text{"已撤回", "withdrawn"},
                                 Text{"待主管部门复核", "to be confirmed by the data authority"}};
constexpr std::string_view kColumns =
    "id, number, dataset_id, dataset_code, dataset_title, sharing_type, provider_id, provider_name, person_id, person_name, "
    "department_id, department_name, basis, scenario, terms, state, approved_by, answer, answered_by, grant_id, started, "
    "answered, days_allowed, was_returned, extension, extended, days_taken, late, created, changed, renews, decided, "
    "decided_by";

const std::array kMigrations{
    store::Migration{
        .id = "sharing.0002",
        .sql =
            "CREATE TABLE sharing_request (id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, dataset_id TEXT NOT NULL "
            "REFERENCES dataset (id) ON DELETE CASCADE, dataset_code TEXT NOT NULL, dataset_title TEXT NOT NULL, sharing_type "
            "TEXT NOT NULL, provider_id TEXT NOT NULL, provider_name TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT "
            "NOT NULL, department_id TEXT NOT NULL, department_name TEXT NOT NULL, basis TEXT NOT NULL, scenario TEXT NOT "
            "NULL, "
            "terms TEXT NOT NULL, state TEXT NOT NULL, approved_by TEXT NOT NULL, answer TEXT NOT NULL, answered_by TEXT NOT "
            "NULL, grant_id TEXT NOT NULL, started BIGINT, answered BIGINT, days_allowed BIGINT NOT NULL, was_returned BIGINT "
            "NOT NULL, extension BIGINT NOT NULL, extended BIGINT NOT NULL, days_taken BIGINT, late BIGINT NOT NULL, created "
            "BIGINT NOT NULL, changed BIGINT NOT NULL);\n"
            "CREATE INDEX sharing_request_dataset ON sharing_request (dataset_id);\n"
            "CREATE INDEX sharing_request_person ON sharing_request (person_id, state);\n"
            "CREATE INDEX sharing_request_department ON sharing_request (department_id, state);\n"
            "CREATE INDEX sharing_request_provider ON sharing_request (provider_id, state);\n"
            "CREATE TABLE sharing_request_event (request_id TEXT NOT NULL REFERENCES sharing_request (id) ON DELETE CASCADE, "
            "number BIGINT NOT NULL, at BIGINT NOT NULL, action TEXT NOT NULL, state TEXT NOT NULL, text TEXT NOT NULL, "
            "person_id TEXT NOT NULL, person_name TEXT NOT NULL, PRIMARY KEY (request_id, number));\n"},
    store::Migration{.id = "sharing.0006",
                     .sql = "ALTER TABLE sharing_request ADD COLUMN renews TEXT NOT NULL DEFAULT '';\n"
                            "ALTER TABLE sharing_request ADD COLUMN decided TEXT NOT NULL DEFAULT '';\n"
                            "ALTER TABLE sharing_request ADD COLUMN decided_by TEXT NOT NULL DEFAULT '';\n"
                            "ALTER TABLE sharing_request ADD COLUMN warned BIGINT NOT NULL DEFAULT 0;\n"},
    // Grants that others had taken the place of before that was kept: what served them is handed over by the next tick.
    store::Migration{.id = "sharing.0010",
                     .sql = "UPDATE sharing_grant SET superseded_by = (SELECT min(r.grant_id) FROM sharing_request r WHERE "
                            "r.renews = sharing_grant.id AND r.grant_id <> '') WHERE state = 'terminated' AND reason LIKE "
                            "'由授权%取代' AND EXISTS (SELECT 1 FROM sharing_request r WHERE r.renews = sharing_grant.id AND "
                            "r.grant_id <> '');\n"}};

const std::array kSettings{
    SettingSpec{
        .key = "sharing.reply_days",
        .kind = SettingKind::integer,
        .default_value = "10",
        .label = {"提供部门答复共享申请的工作日（条例第二十一条）", "Working days to answer a sharing request (article 21)"},
        .min = 1,
        .max = 250,
        .runtime = true},
    SettingSpec{
        .key = "sharing.extension_days",
        .kind = SettingKind::integer,
        .default_value = "10",
        .label = {"答复最多延长的工作日（条例第二十一条）", "Working days by which an answer may be put off (article 21)"},
        .min = 1,
        .max = 250,
        .runtime = true},
    SettingSpec{.key = "sharing.warn_days",
                .kind = SettingKind::integer,
                .default_value = "3",
                .label = {"答复期限前几个工作日提醒提供部门", "Working days before its end at which the provider is warned"},
                .min = 1,
                .max = 30,
                .runtime = true},
    SettingSpec{.key = "sharing.delivery_days",
                .kind = SettingKind::integer,
                .default_value = "20",
                .label = {"同意共享后提供数据的工作日（条例第二十二条）", "Working days from consent to delivery (article 22)"},
                .min = 1,
                .max = 250,
                .runtime = true},
    SettingSpec{.key = "sharing.text",
                .kind = SettingKind::integer,
                .default_value = "2000",
                .label = {"共享申请中一段文字的字数上限", "Characters of one text of a sharing request"},
                .min = 100,
                .max = 100000,
                .runtime = true}};

}  // namespace

const Text& title(RequestState state) {
  return kNames.at(static_cast<std::size_t>(state));
}

std::string_view request_columns() {
  return kColumns;
}

std::string seen_by(const Actor& actor, std::string_view box, store::Params& params) {
  std::string mine = "1 = 0", asking = "1 = 0", incoming = "1 = 0";
  auto departments = departments_of(actor);
  bool officer = actor.can(Permission::share_review);
  if ((box.empty() || box == "mine") && !actor.person_id.empty()) {
    mine = "person_id = ?";
    params.emplace_back(actor.person_id);
  }
  if ((box.empty() || box == "asking") && officer)
    asking = is_everywhere(actor) ? "1 = 1" : one_of("department_id", departments, params);
  if (box.empty() || box == "incoming") {
    if (actor.can(Permission::dataset_all) || is_authority(actor))
      incoming = "1 = 1";
    else if (officer)
      incoming = one_of("provider_id", departments, params);
  }
  // The provider does not know of what the asking side has not approved.
  auto unseen = is_authority(actor) ? "" : " AND started IS NOT NULL";
  return fmt::format("({} OR {} OR ({}{}))", mine, asking, incoming, unseen);
}

SharingRequest request_of(const store::Row& row) {
  SharingRequest r;
  std::size_t i = 0;
  r.id = row.text(i++);
  r.number = row.integer(i++);
  for (auto* text : {&r.dataset_id, &r.dataset_code, &r.dataset_title, &r.sharing_type, &r.provider_id, &r.provider_name,
                     &r.person_id, &r.person_name, &r.department_id, &r.department_name, &r.basis, &r.scenario})
    *text = row.text(i++);
  r.terms = terms_from_store(row.text(i++));
  (void)parse(row.text(i++), r.state);
  for (auto* text : {&r.approved_by, &r.answer, &r.answered_by, &r.grant_id}) *text = row.text(i++);
  r.started = row.opt_time(i++);
  r.answered = row.opt_time(i++);
  r.days_allowed = static_cast<int>(row.integer(i++));
  r.was_returned = row.boolean(i++);
  r.extension = static_cast<int>(row.integer(i++));
  r.extended = row.boolean(i++);
  if (auto taken = row.opt_integer(i++)) r.days_taken = static_cast<int>(*taken);
  r.late = row.boolean(i++);
  r.created = row.time(i++);
  r.changed = row.time(i++);
  r.renews = row.text(i++);
  if (const auto& decided = row.text(i++); !decided.empty()) r.decided = terms_from_store(decided);
  r.decided_by = row.text(i++);
  return r;
}

Result<void> insert_request(store::Transaction& t, const SharingRequest& r) {
  std::string marks = "?";
  for (auto c : kColumns) marks += c == ',' ? ", ?" : "";
  QS_CHECK(t.exec(fmt::format("INSERT INTO sharing_request ({}) VALUES ({})", kColumns, marks),
                  {r.id,
                   r.number,
                   r.dataset_id,
                   r.dataset_code,
                   r.dataset_title,
                   r.sharing_type,
                   r.provider_id,
                   r.provider_name,
                   r.person_id,
                   r.person_name,
                   r.department_id,
                   r.department_name,
                   r.basis,
                   r.scenario,
                   to_store(r.terms),
                   name(r.state),
                   r.approved_by,
                   r.answer,
                   r.answered_by,
                   r.grant_id,
                   r.started,
                   r.answered,
                   r.days_allowed,
                   r.was_returned,
                   r.extension,
                   r.extended,
                   std::optional<std::int64_t>(),
                   r.late,
                   r.created,
                   r.changed,
                   r.renews,
                   r.decided ? to_store(*r.decided) : std::string(),
                   r.decided_by}));
  return {};
}

Result<void> update_request(store::Transaction& t, const SharingRequest& r) {
  std::optional<std::int64_t> taken;
  if (r.days_taken) taken = *r.days_taken;
  QS_CHECK(t.exec(
      "UPDATE sharing_request SET basis = ?, scenario = ?, terms = ?, state = ?, approved_by = ?, answer = ?, answered_by = ?, "
      "grant_id = ?, started = ?, answered = ?, days_allowed = ?, was_returned = ?, extension = ?, extended = ?, days_taken = "
      "?, "
      "late = ?, changed = ?, decided = ?, decided_by = ? WHERE id = ?",
      {r.basis,
       r.scenario,
       to_store(r.terms),
       name(r.state),
       r.approved_by,
       r.answer,
       r.answered_by,
       r.grant_id,
       r.started,
       r.answered,
       r.days_allowed,
       r.was_returned,
       r.extension,
       r.extended,
       taken,
       r.late,
       r.changed,
       r.decided ? to_store(*r.decided) : std::string(),
       r.decided_by,
       r.id}));
  return {};
}

std::string_view name(RequestState state) {
  return kStates.at(static_cast<std::size_t>(state));
}
bool parse(std::string_view text, RequestState& out) {
  return parse_word(text, kStates, out);
}

std::span<const store::Migration> request_migrations() {
  return kMigrations;
}
std::span<const SettingSpec> request_settings() {
  return kSettings;
}

json::object to_json(const SharingRequest& r) {
  json::object out{{"id", r.id},
                   {"number", r.number},
                   {"dataset", r.dataset_code},
                   {"dataset_title", r.dataset_title},
                   {"sharing_type", r.sharing_type},
                   {"provider_id", r.provider_id},
                   {"provider_name", r.provider_name},
                   {"person_name", r.person_name},
                   {"department_id", r.department_id},
                   {"department_name", r.department_name},
                   {"basis", r.basis},
                   {"scenario", r.scenario},
                   {"terms", to_json(r.terms)},
                   {"renews", r.renews},
                   {"decided", r.decided ? json::value(to_json(*r.decided)) : json::value(nullptr)},
                   {"state", name(r.state)},
                   {"approved_by", r.approved_by},
                   {"answer", r.answer},
                   {"answered_by", r.answered_by},
                   {"grant_id", r.grant_id},
                   {"started", time_or_null(r.started)},
                   {"answered", time_or_null(r.answered)},
                   {"days_allowed", r.days_allowed},
                   {"was_returned", r.was_returned},
                   {"extension", r.extension},
                   {"extended", r.extended},
                   {"days_taken", r.days_taken ? json::value(*r.days_taken) : json::value(nullptr)},
                   {"late", r.late},
                   {"created", to_iso(r.created)},
                   {"changed", to_iso(r.changed)}};
  out["deadline"] = r.standing ? json::value(calendar::to_text(r.standing->last_day)) : json::value(nullptr);
  out["days_left"] = r.standing ? json::value(r.standing->left) : json::value(nullptr);
  out["deadline_sure"] = !r.standing || r.standing->sure;
  return out;
}

}  // namespace qushu::sharing
