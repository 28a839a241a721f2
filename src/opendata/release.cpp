#include "qushu/opendata/release.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/sharing/desk.h"
#include "qushu/sharing/policy.h"

#include "stored.h"
#include "subject.h"

namespace qushu::opendata {
namespace {

constexpr const char* kCheckJob = "opendata.check";
constexpr std::int64_t kListed = 1000;  // releases
constexpr std::size_t kText = 2000;     // characters of a reason, a title, an abstract

Failure bad(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "release.invalid", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

Result<std::string> reason_of(std::string_view text, std::string_view subject, bool needed) {
  auto out = std::string(trim(text));
  if (needed && out.empty()) return bad(std::string(subject), "请写明理由。", "Say why.");
  if (utf8_length(out) > kText)
    return bad(std::string(subject), fmt::format("最多 {} 个字。", kText), fmt::format("{} characters at most.", kText));
  return out;
}

// Nobody decides on her own proposal; on the command line, where there is no person, the operating system's user counts.
bool is_proposer(const Actor& actor, const Release& release) {
  if (!actor.person_id.empty() || !release.proposed.person_id.empty()) return actor.person_id == release.proposed.person_id;
  return actor.name == release.proposed.person_name;
}

Result<void> check_authority(const Actor& actor) {
  if (actor.can(Permission::catalog_review)) return {};
  return fail(Code::forbidden, "release.not_reviewer", "需要“目录审核员”角色才能审批开放。",
              "Deciding on a release needs the role “catalogue reviewer”.");
}

bool may_know(const Actor& actor, const Release& r) {
  return actor.can(Permission::catalog_review) || sharing::check_steward(actor, r.department_id).has_value();
}

audit::Event event(std::string_view action, const Release& r, json::object detail) {
  return {.action = std::string(action),
          .object_kind = "release",
          .object_id = r.id,
          .object_name = r.title,
          .detail = std::move(detail)};
}

json::object excuses_json(const Excuses& excuses) {
  json::object out;
  for (const auto& [field, why] : excuses) out[field] = why;
  return out;
}

}  // namespace

std::vector<std::string_view> possible(const Actor& actor, const Release& r) {
  std::vector<std::string_view> out;
  bool authority = actor.can(Permission::catalog_review);
  if (r.state == "proposed" && authority && !is_proposer(actor, r)) out = {"approve", "refuse"};
  if ((r.state == "proposed" || r.state == "approved") && may_know(actor, r)) out.emplace_back("withdraw");
  return out;
}

Result<void> check_open(const catalog::Dataset& d, const catalog::Entry& entry) {
  if (d.state != "published" || d.version == 0)
    return fail(Code::conflict, "release.no_data", "这个数据集还没有发布数据，不能开放。",
                "Nothing of this dataset is published yet.");
  if (d.face == 0)
    return fail(Code::conflict, "release.no_entry", "这个数据集的目录还没有发布，请先完成目录的登记和发布。",
                "The entry of this dataset is not published: register and publish it first.");
  if (entry.open_type == "unconditional") return {};
  return fail(Error{.code = Code::conflict,
                    .id = "release.not_open",
                    .text = {"已发布的目录没有注明“无条件开放”，请先修改目录的开放属性并发布。",
                             "The published entry does not say “open to all”: change its open attribute and publish it first."},
                    .subject = "open_type"});
}

std::vector<catalog::Field> fields_today(const catalog::Dataset& dataset, const catalog::Version& version) {
  auto out = version.fields;
  for (auto& field : out) {
    auto now = std::ranges::find(dataset.fields, field.id, &catalog::Field::id);
    if (now == dataset.fields.end()) continue;
    field.description = now->description;
    field.level = now->level;
    field.key = now->key;
  }
  return out;
}

Result<Releases::Subject> Releases::subject_of(catalog::Dataset dataset) const {
  Subject out{.dataset = std::move(dataset), .entry = {}, .version = {}, .fields = {}};
  if (out.dataset.face > 0) {
    QS_TRY(auto face, deps_.entries.version(out.dataset.id, out.dataset.face));
    out.entry = std::move(face.entry);
  }
  QS_CHECK(check_open(out.dataset, out.entry));
  QS_TRY(out.version, deps_.catalog.version(out.dataset.id, 0));
  out.fields = fields_today(out.dataset, out.version);
  return out;
}

namespace {

// The ids of what was named by id or name, without repetition; those that may be open when nothing was named.
Result<std::vector<std::string>> chosen(const Proposal& proposal, const std::vector<catalog::Field>& fields,
                                        const std::function<bool(const catalog::Field&)>& may) {
  std::vector<std::string> out;
  if (proposal.fields.empty()) {
    for (const auto& field : fields)
      if (may(field)) out.push_back(field.id);
    return out;
  }
  for (const auto& word : proposal.fields) {
    auto found = std::ranges::find_if(fields, [&](const auto& f) { return f.id == word || f.name == word; });
    if (found == fields.end())
      return bad("fields", fmt::format("没有信息项“{}”。", word), fmt::format("There is no field “{}”.", word));
    if (!has(out, found->id)) out.push_back(found->id);
  }
  return out;
}

Result<Excuses> excuses_of(const Proposal& proposal, const std::vector<catalog::Field>& fields) {
  Excuses out;
  for (const auto& [word, why] : proposal.excuses) {
    auto found = std::ranges::find_if(fields, [&, &name = word](const auto& f) { return f.id == name || f.name == name; });
    if (word != kWhole && found == fields.end())
      return bad("excuses", fmt::format("没有信息项“{}”。", word), fmt::format("There is no field “{}”.", word));
    QS_TRY(auto reason, reason_of(why, "excuses." + word, true));
    out[word == kWhole ? word : found->id] = std::move(reason);
  }
  return out;
}

}  // namespace

Result<PrivacyCheck> Releases::check(const Actor& actor, const Proposal& proposal, const Cancelled& cancelled) const {
  QS_TRY(auto dataset, deps_.catalog.find(sharing::visibility(actor), proposal.dataset));
  QS_CHECK(sharing::check_steward(actor, dataset));
  QS_TRY(auto subject, subject_of(std::move(dataset)));
  QS_TRY(auto fields, chosen(proposal, subject.fields, [](const auto&) { return true; }));
  QS_TRY(auto excuses, excuses_of(proposal, subject.fields));
  return look(subject, fields, excuses, cancelled);
}

Result<Release> Releases::propose(const Actor& actor, const Proposal& proposal, const Cancelled& cancelled) {
  QS_TRY(auto dataset, deps_.catalog.find(sharing::visibility(actor), proposal.dataset));
  QS_CHECK(sharing::check_steward(actor, dataset));
  QS_TRY(auto subject, subject_of(std::move(dataset)));
  QS_TRY(auto all, licences());
  auto licence = std::ranges::find(all, proposal.licence, &Licence::id);
  if (licence == all.end() || licence->retired)
    return bad("licence", fmt::format("没有“{}”这个许可，或已停用。", proposal.licence),
               fmt::format("There is no licence “{}”, or it is offered no more.", proposal.licence));
  Release r{.id = new_id(), .dataset_id = subject.dataset.id, .state = "proposed", .licence = licence->id};
  QS_TRY(r.excuses, excuses_of(proposal, subject.fields));
  QS_TRY(r.title_en, reason_of(proposal.title_en, "title_en", false));
  QS_TRY(r.abstract_en, reason_of(proposal.abstract_en, "abstract_en", false));
  QS_TRY(r.proposed.comment, reason_of(proposal.reason, "reason", false));
  auto highest = deps_.settings.text("opendata.level");
  QS_TRY(r.fields,
         chosen(proposal, subject.fields, [&](const auto& f) { return closed(subject.entry, f, highest).zh.empty(); }));
  if (r.fields.empty()) return bad("fields", "没有可以开放的信息项。", "There is no field that may be released.");
  QS_TRY(auto check, look(subject, r.fields, r.excuses, cancelled));
  if (!check.passed())
    return fail(Error{.code = Code::invalid, .id = "release.privacy", .text = check.failed, .subject = "fields"});
  r.check = to_json(check);
  r.version = check.version;
  r.code = subject.dataset.code;
  r.title = subject.entry.title;
  auto now = deps_.clock.now();
  auto kept = deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto number, next_change(t));
    QS_CHECK(
        t.exec("INSERT INTO open_release (id, dataset_id, state, fields, licence, title_en, abstract_en, excuses, privacy, "
               "version, proposed_by, proposed_name, proposed_at, reason, change_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
               "?, ?, ?, ?, ?, ?)",
               {r.id, r.dataset_id, r.state, json::serialize(json::value_from(r.fields)), r.licence, r.title_en, r.abstract_en,
                json::serialize(excuses_json(r.excuses)), json::serialize(r.check), r.version, actor.person_id, actor.name, now,
                r.proposed.comment, number}));
    return deps_.audit.record(t, actor,
                              event("release.propose", r,
                                    {{"dataset", r.code},
                                     {"fields", json::value_from(r.fields)},
                                     {"licence", r.licence},
                                     {"excuses", excuses_json(r.excuses)}}));
  });
  if (!kept && kept.error().id == "store.duplicate")
    return fail(Code::conflict, "release.waiting", "这个数据集已有一个待审批的开放申请，请先撤回它。",
                "A release of this dataset waits for approval already: withdraw it first.");
  QS_CHECK(kept);
  return find(actor, r.id);
}

// --- what happens to it
// --------------------------------------------------------------------------------------------------------

Result<Release> Releases::stored(std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one("SELECT " + std::string(kReleaseColumns) + " FROM open_release WHERE id = ?", {id});
  }));
  if (!row) return no_release();
  return named(release_of(*row));
}

Result<Release> Releases::named(Release r) const {
  QS_TRY(auto dataset, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, r.dataset_id); }));
  if (!dataset) return r;
  r.code = dataset->code;
  r.title = dataset->title;
  r.department_id = dataset->department_id;
  r.department_name = dataset->department_name;
  return r;
}

Result<Release> Releases::find(const Actor& actor, std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) -> Result<std::optional<store::Row>> {
    auto columns = "SELECT " + std::string(kReleaseColumns) + " FROM open_release WHERE ";
    QS_TRY(auto by_id, s.one(columns + "id = ?", {id}));
    if (by_id) return by_id;
    QS_TRY(auto dataset, deps_.catalog.known(s, id));
    if (!dataset) return std::nullopt;
    return s.one(columns + "dataset_id = ? ORDER BY id DESC LIMIT 1", {dataset->id});
  }));
  if (!row) return no_release();
  QS_TRY(auto release, named(release_of(*row)));
  if (!may_know(actor, release)) return no_release();
  return release;
}

Result<std::vector<Release>> Releases::list(const Actor& actor, std::string_view state) const {
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    auto columns = std::string(kReleaseColumns);
    return state.empty()
               ? s.query("SELECT " + columns + " FROM open_release ORDER BY id DESC LIMIT ?", {kListed})
               : s.query("SELECT " + columns + " FROM open_release WHERE state = ? ORDER BY id DESC LIMIT ?", {state, kListed});
  }));
  std::vector<Release> out;
  for (const auto& row : rows) {
    QS_TRY(auto release, named(release_of(row)));
    if (may_know(actor, release)) out.push_back(std::move(release));
  }
  return out;
}

namespace {

// A version that becomes public again keeps the day on which it did first.
Result<void> note_opened(store::Transaction& t, std::string_view dataset_id, std::int64_t version, Time now) {
  QS_CHECK(t.exec("INSERT INTO open_version (dataset_id, version, opened) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                  {dataset_id, version, now}));
  return {};
}

}  // namespace

Result<std::vector<OpenedVersion>> opened_versions(store::Store& store, std::string_view dataset_id, std::size_t most) {
  QS_TRY(auto rows, store.read([&](store::Session& s) {
    return s.query("SELECT version, opened FROM open_version WHERE dataset_id = ? ORDER BY version DESC LIMIT ?",
                   {dataset_id, static_cast<std::int64_t>(most)});
  }));
  std::vector<OpenedVersion> out;
  for (const auto& row : rows) out.push_back({.number = row.integer(0), .opened = row.time(1)});
  return out;
}

Result<Release> Releases::decide(const Actor& actor, const Release& r, std::string_view state, std::string_view comment,
                                 const PrivacyCheck* check) {
  auto now = deps_.clock.now();
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto number, next_change(t));
    if (state == "approved")
      QS_CHECK(
          t.exec("UPDATE open_release SET state = 'superseded', change_number = ? WHERE dataset_id = ? AND state = 'approved'",
                 {number, r.dataset_id}));
    auto privacy = check != nullptr ? to_json(*check) : r.check;
    auto version = check != nullptr ? check->version : r.version;
    QS_TRY(auto done,
           t.exec("UPDATE open_release SET state = ?, privacy = ?, version = ?, held = '{}', decided_by = ?, "
                  "decided_name = ?, decided_at = ?, decision = ?, change_number = ? WHERE id = ? AND state = 'proposed'",
                  {state, json::serialize(privacy), version, actor.person_id, actor.name, now, comment, number, r.id}));
    if (done > 0 && state == "approved") QS_CHECK(note_opened(t, r.dataset_id, version, now));
    if (done == 0)
      return fail(Code::conflict, "release.decided", "这个开放申请已经处理过了。", "This release was decided on already.");
    return deps_.audit.record(t, actor,
                              event(state == "approved" ? "release.approve" : "release.refuse", r,
                                    {{"dataset", r.code}, {"comment", comment}, {"version", version}}));
  }));
  return stored(r.id);
}

Result<Release> Releases::approve(const Actor& actor, std::string_view id, std::string_view comment,
                                  const Cancelled& cancelled) {
  QS_CHECK(check_authority(actor));
  QS_TRY(auto r, find(actor, id));
  QS_TRY(auto said, reason_of(comment, "comment", false));
  if (r.state != "proposed")
    return fail(Code::conflict, "release.decided", "这个开放申请已经处理过了。", "This release was decided on already.");
  if (is_proposer(actor, r))
    return fail(Code::forbidden, "release.own", "不能审批自己提出的开放申请，须由另一人审批。",
                "Nobody approves her own release: someone else must.");
  QS_TRY(auto dataset, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, r.dataset_id); }));
  if (!dataset) return no_release();
  QS_TRY(auto subject, subject_of(*std::move(dataset)));
  QS_TRY(auto check, look(subject, r.fields, r.excuses, cancelled));
  if (check.fields.size() != r.fields.size())
    return fail(
        Error{.code = Code::conflict,
              .id = "release.fields",
              .text = {"申请开放的信息项有的已不在当前版本中，请退回重新提出。",
                       "Some of the fields are not in the current version any more: refuse it and have it proposed again."},
              .subject = "fields"});
  if (!check.passed())
    return fail(Error{.code = Code::conflict, .id = "release.privacy", .text = check.failed, .subject = "fields"});
  return decide(actor, r, "approved", said, &check);
}

Result<Release> Releases::refuse(const Actor& actor, std::string_view id, std::string_view reason) {
  QS_CHECK(check_authority(actor));
  QS_TRY(auto r, find(actor, id));
  QS_TRY(auto said, reason_of(reason, "comment", true));
  if (r.state != "proposed")
    return fail(Code::conflict, "release.decided", "这个开放申请已经处理过了。", "This release was decided on already.");
  if (is_proposer(actor, r))
    return fail(Code::forbidden, "release.own", "自己提出的开放申请请撤回，审批须由另一人进行。",
                "Withdraw what you proposed yourself; someone else decides on it.");
  return decide(actor, r, "refused", said, nullptr);
}

Result<Release> Releases::withdraw(const Actor& actor, std::string_view id, std::string_view reason) {
  QS_TRY(auto r, find(actor, id));
  if (!actor.can(Permission::catalog_review)) QS_CHECK(sharing::check_steward(actor, r.department_id));
  QS_TRY(auto said, reason_of(reason, "comment", true));
  auto now = deps_.clock.now();
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto number, next_change(t));
    QS_TRY(auto done,
           t.exec("UPDATE open_release SET state = 'withdrawn', withdrawn_by = ?, withdrawn_name = ?, withdrawn_at = ?, "
                  "withdrawal = ?, change_number = ? WHERE id = ? AND state IN ('proposed', 'approved')",
                  {actor.person_id, actor.name, now, said, number, r.id}));
    if (done == 0)
      return fail(Code::conflict, "release.not_open", "这个开放申请没有在开放，也不在待审批中。",
                  "This release is neither open nor waiting for approval.");
    return deps_.audit.record(t, actor, event("release.withdraw", r, {{"dataset", r.code}, {"comment", said}}));
  }));
  return stored(r.id);
}

// --- new versions
// --------------------------------------------------------------------------------------------------------------

Result<void> Releases::derive(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                              const catalog::Version& version) {
  QS_TRY(auto release, live(t, dataset.id));
  if (!release || release->version == version.number) return {};
  QS_CHECK(deps_.jobs.add(t, actor,
                          {.kind = kCheckJob,
                           .title = {"开放前检查 " + dataset.title, "Check before release " + dataset.title},
                           .input = {{"dataset", dataset.id}},
                           .object_kind = "dataset",
                           .object_id = dataset.id}));
  return {};
}

void Releases::register_jobs() {
  deps_.jobs.register_kind({.name = kCheckJob,
                            .title = {"开放数据新版本的检查", "Check a new version of open data"},
                            .handler = [this](jobs::Context& context) { return run_check(context); }});
}

Result<jobs::Finish> Releases::run_check(jobs::Context& context) {
  auto dataset_id = std::string(context.job().input.at("dataset").as_string());
  auto nothing = [](store::Transaction&) -> Result<json::object> { return json::object{{"changed", false}}; };
  QS_TRY(auto found, deps_.store.read([&](store::Session& s) { return live(s, dataset_id); }));
  if (!found) return nothing;
  QS_TRY(auto r, named(*std::move(found)));
  QS_TRY(auto dataset, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, dataset_id); }));
  if (!dataset) return nothing;
  auto subject = subject_of(*std::move(dataset));
  // What closed the entry or withdrew the data is seen by every reader already.
  if (!subject && subject.error().code == Code::conflict) return nothing;
  QS_CHECK(subject);
  QS_TRY(auto check, look(*subject, r.fields, r.excuses, [&context] { return context.cancelled(); }));
  if (check.fields.size() != r.fields.size() && check.passed())
    check.failed = {"有的开放信息项不在新版本中。", "Some of the released fields are not in the new version."};
  return [this, r = std::move(r), check = std::move(check)](store::Transaction& t) -> Result<json::object> {
    QS_TRY(auto number, next_change(t));
    json::object held;
    if (!check.passed()) held = {{"version", check.version}, {"zh", check.failed.zh}, {"en", check.failed.en}};
    QS_TRY(auto done,
           check.passed()
               ? t.exec("UPDATE open_release SET version = ?, privacy = ?, held = '{}', change_number = ? WHERE id = ? AND "
                        "state = 'approved'",
                        {check.version, json::serialize(to_json(check)), number, r.id})
               : t.exec("UPDATE open_release SET held = ?, change_number = ? WHERE id = ? AND state = 'approved'",
                        {json::serialize(held), number, r.id}));
    if (done > 0 && check.passed()) QS_CHECK(note_opened(t, r.dataset_id, check.version, deps_.clock.now()));
    if (done > 0)
      QS_CHECK(deps_.audit.record(t, Actor::system(),
                                  event(check.passed() ? "release.advance" : "release.hold", r,
                                        {{"dataset", r.code}, {"version", check.version}, {"reason", check.failed.zh}})));
    return json::object{{"changed", done > 0}, {"version", check.version}, {"passed", check.passed()}};
  };
}

}  // namespace qushu::opendata
