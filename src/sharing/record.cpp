#include "qushu/sharing/record.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "words.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"usage", "rectification", "disposal"};
constexpr std::string_view kColumns = "id, grant_id, kind, scenario, process, effect, storage, destruction, person_name, at";

const std::array kMigrations{store::Migration{
    .id = "sharing.0008",
    .sql =
        "CREATE TABLE sharing_record (id TEXT PRIMARY KEY, grant_id TEXT NOT NULL, kind TEXT NOT NULL, scenario TEXT NOT NULL, "
        "process TEXT NOT NULL, effect TEXT NOT NULL, storage TEXT NOT NULL, destruction TEXT NOT NULL, person_id TEXT NOT "
        "NULL, "
        "person_name TEXT NOT NULL, at BIGINT NOT NULL);\n"
        "CREATE INDEX sharing_record_grant ON sharing_record (grant_id, id);\n"}};

GrantRecord record_of(const store::Row& row) {
  GrantRecord r;
  std::size_t i = 0;
  r.id = row.text(i++);
  r.grant_id = row.text(i++);
  (void)parse(row.text(i++), r.kind);
  for (auto* text : {&r.scenario, &r.process, &r.effect, &r.storage, &r.destruction, &r.person_name}) *text = row.text(i++);
  r.at = row.time(i++);
  return r;
}

bool has_ended(const Grant& g, Time now) {
  return g.state == GrantState::terminated || (g.terms.until && *g.terms.until <= now);
}

Failure missing(std::string_view member) {
  return fail(Error{.code = Code::invalid,
                    .id = "record.missing",
                    .text = {"请写明，不能留空。", "This cannot be left empty."},
                    .subject = std::string(member)});
}

}  // namespace

std::string_view name(RecordKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}
bool parse(std::string_view text, RecordKind& out) {
  return parse_word(text, kKinds, out);
}

std::span<const store::Migration> record_migrations() {
  return kMigrations;
}

Result<GrantRecord> Records::add(const Actor& actor, GrantRecord r) const {
  QS_TRY(auto g, deps_.grants.find(actor, r.grant_id));
  if (!is_grantee(actor, g) || actor.person_id.empty())
    return fail(Code::forbidden, "record.not_yours", "只有使用部门的人员可以登记。",
                "Only people of the department that holds the grant write its records.");
  const auto most = static_cast<std::size_t>(deps_.settings.integer("sharing.text"));
  struct Member {
    std::string_view name;
    std::string* text;
    bool needed;
  };
  const bool usage = r.kind == RecordKind::usage;
  for (const auto& m : {Member{"scenario", &r.scenario, usage}, Member{"process", &r.process, r.kind != RecordKind::disposal},
                        Member{"effect", &r.effect, usage}, Member{"storage", &r.storage, usage},
                        Member{"destruction", &r.destruction, r.kind == RecordKind::disposal}}) {
    *m.text = std::string(trim(*m.text));
    if (m.text->empty() && m.needed) return missing(m.name);
    if (utf8_length(*m.text) > most)
      return fail(Error{.code = Code::invalid,
                        .id = "record.length",
                        .text = {fmt::format("最多 {} 字。", most), fmt::format("At most {} characters.", most)},
                        .subject = std::string(m.name)});
  }
  if (r.kind == RecordKind::rectification && g.state != GrantState::suspended)
    return fail(Code::conflict, "record.not_suspended", "授权没有被暂停，不需要登记整改。",
                "The grant is not suspended; there is nothing to put right.");
  auto now = deps_.clock.now();
  if (r.kind == RecordKind::disposal && !has_ended(g, now))
    return fail(Code::conflict, "record.not_ended", "授权还有效，终止或到期后再登记数据处置。",
                "The grant has not ended; its data is disposed of after that.");
  r.id = new_id();
  r.at = now;
  r.person_name = actor.name;
  return deps_.store.write([&](store::Transaction& t) -> Result<GrantRecord> {
    QS_CHECK(
        t.exec("INSERT INTO sharing_record (id, grant_id, kind, scenario, process, effect, storage, destruction, person_id, "
               "person_name, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {r.id, r.grant_id, name(r.kind), r.scenario, r.process, r.effect, r.storage, r.destruction, actor.person_id,
                r.person_name, r.at}));
    if (!usage)
      QS_CHECK(deps_.notify.tell(
          t, actor,
          {.people = {},
           .duties = {{Permission::share_review, g.provider_id}},
           .kind = "grant",
           .link = "/sharing/grants/" + g.id,
           .title = r.kind == RecordKind::disposal
                        ? Text{fmt::format("授权 {} 的数据已处置", g.number),
                               fmt::format("The data of grant {} was disposed of", g.number)}
                        : Text{fmt::format("授权 {} 已整改，请决定恢复或终止", g.number),
                               fmt::format("Grant {} has been put right: resume it or end it", g.number)},
           .detail = {g.department_name + "：" + g.dataset_title, g.department_name + ": " + g.dataset_title}}));
    QS_CHECK(deps_.audit.record(t, actor,
                                {.action = fmt::format("grant.{}", name(r.kind)),
                                 .object_kind = "grant",
                                 .object_id = g.id,
                                 .object_name = fmt::format("{} → {}", g.dataset_title, g.department_name),
                                 .detail = {{"record", r.id}}}));
    return r;
  });
}

Result<std::vector<GrantRecord>> Records::list(const Actor& actor, std::string_view grant_id) const {
  QS_TRY(auto g, deps_.grants.find(actor, grant_id));
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM sharing_record WHERE grant_id = ? ORDER BY id DESC", kColumns), {g.id});
  }));
  std::vector<GrantRecord> out;
  for (const auto& row : rows) out.push_back(record_of(row));
  return out;
}

Result<std::vector<GrantTask>> Records::waiting(const Actor& actor) const {
  // When each grant was last put right and disposed of.
  QS_TRY(auto rows, deps_.store.read([](store::Session& s) {
    return s.query("SELECT grant_id, kind, max(at) FROM sharing_record WHERE kind <> 'usage' GROUP BY grant_id, kind");
  }));
  std::map<std::pair<std::string, RecordKind>, Time> last;
  for (const auto& row : rows)
    if (RecordKind kind{}; parse(row.text(1), kind)) last[{row.text(0), kind}] = row.time(2);
  std::vector<GrantTask> out;
  constexpr std::size_t kPage = 500;
  auto now = deps_.clock.now();
  Grants::Filter filter{.box = {}, .dataset = {}, .state = {}, .before = {}, .limit = kPage};
  for (std::vector<Grant> page;; filter.before = page.back().id) {
    QS_TRY(page, deps_.grants.list(actor, filter));
    for (auto& g : page) {
      auto has = [&](RecordKind kind, Time since) {
        auto found = last.find({g.id, kind});
        return found != last.end() && found->second >= since;
      };
      std::string_view kind;
      // Where another grant took its place, the data stays in use.
      if (has_ended(g, now))
        kind = g.superseded_by.empty() && is_grantee(actor, g) && !has(RecordKind::disposal, Time{}) ? "dispose" : "";
      else if (g.state == GrantState::suspended && has(RecordKind::rectification, g.changed))
        kind = is_provider(actor, g) ? "decide" : "";
      else if (g.state == GrantState::suspended)
        kind = is_grantee(actor, g) ? "rectify" : "";
      if (!kind.empty()) out.push_back({.grant = std::move(g), .kind = std::string(kind)});
    }
    if (page.size() < kPage) return out;
  }
}

json::object to_json(const GrantRecord& r) {
  return {{"id", r.id},
          {"grant_id", r.grant_id},
          {"kind", name(r.kind)},
          {"scenario", r.scenario},
          {"process", r.process},
          {"effect", r.effect},
          {"storage", r.storage},
          {"destruction", r.destruction},
          {"person_name", r.person_name},
          {"at", to_iso(r.at)}};
}

}  // namespace qushu::sharing
