#include "qushu/registers/registers.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "access.h"
#include "builtin.h"
#include "loaded.h"

namespace qushu::registers {
namespace {

constexpr std::string_view kTable = "register";

const std::array kMigrations{store::Migration{.id = "registers.0001", .sql = R"(
CREATE TABLE register (
  code TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  origin TEXT NOT NULL,
  digest TEXT NOT NULL,
  yaml TEXT NOT NULL,
  columns TEXT NOT NULL,
  changed BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);
CREATE TABLE register_version (
  code TEXT NOT NULL,
  version BIGINT NOT NULL,
  yaml TEXT NOT NULL,
  at BIGINT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE TABLE register_counter (
  register TEXT NOT NULL,
  period TEXT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (register, period)
);
CREATE TABLE register_change (
  id TEXT PRIMARY KEY,
  register TEXT NOT NULL,
  record_id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  at BIGINT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  action TEXT NOT NULL,
  transition TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  comment TEXT NOT NULL,
  differences TEXT NOT NULL
);
CREATE INDEX register_change_record ON register_change (record_id, id);
CREATE TABLE register_file (
  id TEXT PRIMARY KEY,
  register TEXT NOT NULL,
  record_id TEXT NOT NULL,
  field TEXT NOT NULL,
  name TEXT NOT NULL,
  blob TEXT NOT NULL,
  size BIGINT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  removed BIGINT
);
CREATE INDEX register_file_record ON register_file (record_id);
CREATE INDEX register_file_blob ON register_file (blob);
)"},
                             store::Migration{.id = "registers.0002", .sql = R"(
CREATE TABLE register_told (
  record_id TEXT NOT NULL,
  event TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (record_id, event)
);
CREATE TABLE register_feed (
  person_id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  made BIGINT NOT NULL,
  used BIGINT
);
)"}};

const std::array kSettings{
    SettingSpec{.key = "registers.page_size",
                .kind = SettingKind::integer,
                .default_value = "50",
                .label = {"台账列表每页的记录数", "Records of a page of a register"},
                .min = 1,
                .max = 1000,
                .runtime = true},
    SettingSpec{.key = "registers.page_limit",
                .kind = SettingKind::integer,
                .default_value = "500",
                .label = {"一页最多取多少条记录", "Records of a page at most"},
                .min = 1,
                .max = 10'000,
                .runtime = true},
    SettingSpec{.key = "registers.text_length",
                .kind = SettingKind::integer,
                .default_value = "20000",
                .label = {"长文本和意见最多的字数", "Characters of a long text or a comment at most"},
                .min = 100,
                .max = 1'000'000,
                .runtime = true},
    SettingSpec{.key = "registers.file_size",
                .kind = SettingKind::bytes,
                .default_value = "100MiB",
                .label = {"记录的一个附件最大多少", "Largest file of a record"},
                .min = 1,
                .max = std::int64_t{16} << 30U,
                .runtime = true},
    SettingSpec{.key = "registers.files",
                .kind = SettingKind::integer,
                .default_value = "100",
                .label = {"一条记录最多多少个附件", "Files of a record at most"},
                .min = 1,
                .max = 10'000,
                .runtime = true},
    SettingSpec{.key = "registers.export_rows",
                .kind = SettingKind::integer,
                .default_value = "200000",
                .label = {"一次最多导出多少条记录", "Records of one export at most"},
                .min = 1,
                .max = 1'000'000,
                .runtime = true},
    SettingSpec{.key = "registers.import_rows",
                .kind = SettingKind::integer,
                .default_value = "20000",
                .label = {"一次最多导入多少行", "Rows of one import at most"},
                .min = 1,
                .max = 1'000'000,
                .runtime = true},
    SettingSpec{.key = "registers.list_memory",
                .kind = SettingKind::bytes,
                .default_value = "32MiB",
                .label = {"为列表的答复留用的内存", "Memory that keeps the answers of lists"},
                .min = 0,
                .max = std::int64_t{4} << 30U,
                .runtime = true},
    SettingSpec{.key = "registers.notice_interval",
                .kind = SettingKind::seconds,
                .default_value = "5m",
                .label = {"多久检查一次到期和临近的日期", "How often clocks and days that come near are looked for"},
                .min = 1,
                .max = 86'400,
                .runtime = true},
    SettingSpec{.key = "registers.print_rows",
                .kind = SettingKind::integer,
                .default_value = "2000",
                .label = {"一次最多打印多少条记录", "Records of one printed list at most"},
                .min = 1,
                .max = 20'000,
                .runtime = true}};

Result<void> manager_only(const Actor& actor) {
  if (actor.can(Permission::register_manage)) return {};
  return fail(Code::forbidden, "register.manage", "只有台账的管理者能改变定义。",
              "Only who manages registers may change definitions.");
}

// Roles are the installation's; a rule that names none of them would never hold.
Result<void> check_roles(const Definition& d) {
  auto check = [](const Who& who, const std::string& where) -> Result<void> {
    for (const auto& rule : who)
      for (const auto& term : rule)
        if (term.kind == Term::Kind::role && identity::find_role(term.name) == nullptr)
          return fail(
              Error{.code = Code::invalid,
                    .id = "register.role",
                    .text = {fmt::format("没有角色“{}”。", term.name), fmt::format("There is no role “{}”.", term.name)},
                    .subject = where});
    return {};
  };
  for (const auto& t : d.transitions) QS_CHECK(check(t.who, fmt::format("transitions.{}.who", t.name)));
  const auto& p = d.permissions;
  for (const auto& [where, who] : {std::pair{"see", &p.see}, std::pair{"create", &p.create}, std::pair{"edit", &p.edit},
                                   std::pair{"remove", &p.remove}, std::pair{"comment", &p.comment}})
    QS_CHECK(check(*who, std::string("permissions.") + where));
  return {};
}

}  // namespace

bool knows_of(const Definition& d, const Actor& actor) {
  return actor.can(Permission::register_manage) || could_allow(d.permissions.see, actor) ||
         could_allow(d.permissions.create, actor);
}

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

Failure no_register() {
  return fail(Code::not_found, "register.not_found", "没有这个台账，或者您无权查看。",
              "There is no such register, or none that you may see.");
}
Failure no_record() {
  return fail(Code::not_found, "record.not_found", "没有这条记录，或者您无权查看。",
              "There is no such record, or none that you may see.");
}

bool Plan::blocked() const {
  return std::ranges::any_of(steps, &Step::blocked);
}

Result<std::shared_ptr<const Loaded>> Registers::load(store::Session& s, std::string_view code) const {
  QS_TRY(auto row, s.one("SELECT version FROM register WHERE code = ?", {code}));
  if (!row) return no_register();
  {
    std::scoped_lock lock(mutex_);
    auto found = known_.find(code);
    if (found != known_.end() && found->second->entry.version == row->integer(0)) return found->second;
  }
  QS_TRY(row, s.one("SELECT version, origin, yaml, columns, changed, changed_by FROM register WHERE code = ?", {code}));
  auto loaded = std::make_shared<Loaded>();
  QS_TRY(loaded->entry.definition, read_definition(row->text(2)));
  loaded->entry.version = row->integer(0);
  loaded->entry.origin = row->text(1);
  loaded->columns = columns_of(row->text(3));
  loaded->entry.changed = row->time(4);
  loaded->entry.changed_by = row->text(5);
  compile(*loaded);
  std::scoped_lock lock(mutex_);
  known_.insert_or_assign(std::string(code), loaded);
  return loaded;
}

Result<std::shared_ptr<const Loaded>> Registers::load_visible(store::Session& s, const Actor& actor,
                                                              std::string_view code) const {
  QS_TRY(auto loaded, load(s, code));
  if (!knows_of(loaded->entry.definition, actor)) return no_register();
  return loaded;
}

Result<std::vector<std::shared_ptr<const Loaded>>> Registers::load_all(store::Session& s) const {
  QS_TRY(auto rows, s.query("SELECT code FROM register ORDER BY code"));
  std::vector<std::shared_ptr<const Loaded>> out;
  for (const auto& row : rows) {
    QS_TRY(auto loaded, load(s, row.text(0)));
    out.push_back(std::move(loaded));
  }
  return out;
}

Result<std::vector<Summary>> Registers::list(const Actor& actor) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<std::vector<Summary>> {
    QS_TRY(auto all, load_all(s));
    std::vector<Summary> out;
    for (const auto& loaded : all) {
      const auto& d = loaded->entry.definition;
      if (!knows_of(d, actor)) continue;
      auto seen = visible(d, actor);
      std::string finals;
      store::Params params;
      for (const auto& state : d.states) {
        if (!state.final) continue;
        finals += finals.empty() ? "?" : ", ?";
        params.emplace_back(state.name);
      }
      auto open = finals.empty() ? std::string("1 = 1") : "state NOT IN (" + finals + ")";
      params.emplace_back(deps_.clock.now());
      params.insert(params.end(), seen.params.begin(), seen.params.end());
      QS_TRY(auto row, s.one(fmt::format("SELECT count(*), coalesce(sum(CASE WHEN {} THEN 1 ELSE 0 END), 0), coalesce(sum(CASE "
                                         "WHEN due < ? THEN 1 ELSE 0 END), 0) FROM {} WHERE removed IS NULL AND {}",
                                         open, table_of(d.code), seen.sql),
                             params));
      out.push_back({.code = d.code,
                     .name = d.name,
                     .description = d.description,
                     .group = d.group,
                     .version = loaded->entry.version,
                     .origin = loaded->entry.origin,
                     .records = row->integer(0),
                     .open = row->integer(1),
                     .late = row->integer(2),
                     .may_create = allows(d.permissions.create, actor, nullptr)});
    }
    return out;
  });
}

Result<Register> Registers::find(const Actor& actor, std::string_view code) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<Register> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    return loaded->entry;
  });
}

Result<std::string> Registers::yaml(const Actor& actor, std::string_view code, std::int64_t version) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<std::string> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    return definitions::yaml_of(s, kTable, code, version > 0 ? version : loaded->entry.version);
  });
}

Result<std::vector<Version>> Registers::versions(const Actor& actor, std::string_view code) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<std::vector<Version>> {
    QS_CHECK(load_visible(s, actor, code));
    return definitions::versions_of(s, kTable, code);
  });
}

namespace {

struct There {
  std::int64_t version = 0;
  std::string digest, origin;
  std::vector<Physical> columns;
};

Result<std::optional<There>> there(store::Session& s, std::string_view code) {
  QS_TRY(auto row, s.one("SELECT version, digest, origin, columns FROM register WHERE code = ?", {code}));
  if (!row) return std::nullopt;
  return There{.version = row->integer(0), .digest = row->text(1), .origin = row->text(2), .columns = columns_of(row->text(3))};
}

Result<void> check_targets(store::Session& s, const Definition& d) {
  for (const auto& field : d.fields) {
    if (field.kind != Kind::reference || field.retired || field.target == d.code) continue;
    QS_TRY(auto target, there(s, field.target));
    if (!target)
      return fail(Error{
          .code = Code::invalid,
          .id = "register.target",
          .text = {fmt::format("第 {} 行：没有台账“{}”可以引用，请先建立它。", field.line, field.target),
                   fmt::format("Line {}: there is no register “{}” to refer to; make it first.", field.line, field.target)},
          .subject = "fields." + field.name + ".target"});
  }
  return {};
}

}  // namespace

Result<Plan> Registers::plan(const Actor& actor, std::string_view yaml) const {
  QS_CHECK(manager_only(actor));
  QS_TRY(auto d, read_definition(yaml));
  QS_CHECK(check_roles(d));
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<Plan> {
    QS_CHECK(check_targets(s, d));
    Plan plan{.code = d.code, .name = d.name};
    QS_TRY(auto old, there(s, d.code));
    plan.version = old ? old->version + 1 : 1;
    if (old && old->digest == definitions::digest_of(yaml)) {
      plan.unchanged = true;
      plan.version = old->version;
      return plan;
    }
    std::shared_ptr<const Loaded> loaded;
    if (old) {
      QS_TRY(loaded, load(s, d.code));
    }
    QS_TRY(plan.steps,
           steps_of(s, loaded ? &loaded->entry.definition : nullptr, old ? old->columns : std::vector<Physical>{}, d));
    return plan;
  });
}

Result<Plan> Registers::apply(const Actor& actor, std::string_view yaml, std::string_view note) {
  QS_CHECK(manager_only(actor));
  return write_steadily(deps_.store, [&](store::Transaction& t) { return apply(t, actor, yaml, note, "local"); });
}

Result<Plan> Registers::apply(store::Transaction& t, const Actor& actor, std::string_view yaml, std::string_view note,
                              std::string_view origin) const {
  QS_TRY(auto d, read_definition(yaml));
  QS_CHECK(check_roles(d));
  QS_CHECK(check_targets(t, d));
  Plan plan{.code = d.code, .name = d.name};
  QS_TRY(auto old, there(t, d.code));
  plan.version = old ? old->version + 1 : 1;
  if (old && old->digest == definitions::digest_of(yaml)) {
    plan.unchanged = true;
    plan.version = old->version;
    return plan;
  }
  std::shared_ptr<const Loaded> loaded;
  if (old) {
    QS_TRY(loaded, load(t, d.code));
  }
  const auto* before = loaded ? &loaded->entry.definition : nullptr;
  auto columns = old ? old->columns : std::vector<Physical>{};
  QS_TRY(plan.steps, steps_of(t, before, columns, d));
  if (auto blocked = std::ranges::find_if(plan.steps, &Step::blocked); blocked != plan.steps.end())
    return fail(Error{.code = Code::conflict, .id = "register.blocked", .text = blocked->text, .subject = blocked->field});
  QS_CHECK(alter(t, before, d, columns));
  auto now = deps_.clock.now();
  QS_CHECK(
      t.exec("INSERT INTO register (code, version, origin, digest, yaml, columns, changed, changed_by) VALUES (?, ?, ?, ?, ?, "
             "?, ?, ?) "
             "ON CONFLICT (code) DO UPDATE SET version = excluded.version, origin = excluded.origin, digest = excluded.digest, "
             "yaml = excluded.yaml, columns = excluded.columns, changed = excluded.changed, changed_by = excluded.changed_by",
             {d.code, plan.version, origin, definitions::digest_of(yaml), yaml, columns_text(columns), now, actor.name}));
  QS_CHECK(definitions::keep_version(t, kTable, actor, d.code, plan.version, yaml, now, note));
  bool compute = std::ranges::any_of(plan.steps, [](const Step& step) { return step.kind == "recompute"; });
  if (compute) QS_CHECK(recompute(t, d));
  json::array steps;
  for (const auto& step : plan.steps) steps.emplace_back(step.text.zh);
  QS_CHECK(deps_.audit.record(t, actor,
                              {.action = "register.apply",
                               .object_kind = "register",
                               .object_id = d.code,
                               .object_name = d.name.zh,
                               .detail = {{"version", plan.version}, {"steps", std::move(steps)}}}));
  return plan;
}

Result<void> Registers::install_builtins() {
  // Nearly always nothing has changed, and then nothing is written.
  QS_TRY(auto due, deps_.store.read([](store::Session& s) { return definitions::due_builtins(s, kTable, builtins()); }));
  if (due.empty()) return {};
  return write_steadily(deps_.store, [&](store::Transaction& t) {
    return definitions::apply_builtins(t, kTable, due, [&](const Builtin& one) -> Result<void> {
      QS_CHECK(apply(t, Actor::system(), one.yaml, "随程序提供", "builtin"));
      return {};
    });
  });
}

}  // namespace qushu::registers
