#include "stored.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/catalog/catalog.h"
#include "qushu/crypto/crypto.h"
#include "qushu/sharing/policy.h"

#include "web.h"

namespace qushu::sources {
namespace {

constexpr std::string_view kColumns =
    "id, code, name, kind, department_id, settings, secret_names, parallel, state, version, error, checked, person_name, "
    "created, "
    "changed, secrets";

Failure no_source() {
  return fail(Code::not_found, "source.not_found", "没有这个数据源。", "There is no such source.");
}

json::object object_of(const std::string& text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return !failed && value.is_object() ? value.as_object() : json::object{};
}

Source source_of(const store::Row& row) {
  Source s{.id = row.text(0),
           .code = row.text(1),
           .name = row.text(2),
           .department_id = row.text(4),
           .settings = object_of(row.text(5)),
           .parallel = row.integer(7),
           .state = row.text(8),
           .version = row.text(9),
           .checked = row.opt_time(11),
           .person_name = row.text(12),
           .created = row.time(13),
           .changed = row.time(14)};
  (void)parse(row.text(3), s.kind);
  for (auto name : split(row.text(6), ','))
    if (!name.empty()) s.secrets.emplace_back(name);
  if (auto error = object_of(row.text(10)); error.contains("zh"))
    s.error = Text{std::string(error["zh"].as_string()), std::string(error["en"].as_string())};
  return s;
}

Result<void> check_names(std::string_view code, std::string_view name) {
  QS_CHECK(catalog::check_code(code));
  auto length = utf8_length(trim(name));
  if (length < 1 || length > 100)
    return fail(wrong("source.name", "name", "名称应为 1 到 100 个字。", "A name has 1 to 100 characters."));
  return {};
}
// That an address can be one; whether somebody is there is for a trial to say.
Result<void> check_address(Kind kind, const json::object& settings) {
  for (std::string_view member : {"url", "endpoint"}) {
    const auto* given = settings.if_contains(member);
    if ((kind != Kind::http && kind != Kind::s3) || given == nullptr || !given->is_string() || given->get_string().empty())
      continue;
    QS_CHECK(address_of(std::string(given->get_string()), fmt::format("settings.{}", member)));
  }
  return {};
}

Result<void> check_parallel(std::int64_t parallel) {
  if (parallel >= 1 && parallel <= kMostParallel) return {};
  return fail(wrong("source.parallel", "parallel", fmt::format("同时运行数应为 1 到 {}。", kMostParallel),
                    fmt::format("Between 1 and {} runs at once.", kMostParallel)));
}

// Settings that differ, by name; never a secret.
json::object difference(const json::object& before, const json::object& after) {
  json::object out;
  for (const auto& item : after) {
    const auto* old = before.if_contains(item.key());
    if (old == nullptr || *old != item.value())
      out[item.key()] = json::object{{"before", old == nullptr ? json::value(nullptr) : *old}, {"after", item.value()}};
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Sources>> Sources::open(Deps deps) {
  std::error_code failed;
  std::filesystem::create_directories(deps.key_folder, failed);
  if (failed) return fail_errno(failed.value(), "create " + deps.key_folder.string());
  QS_TRY(auto key, crypto::load_or_create_key(deps.key_folder / "sources.key"));
  return std::make_unique<StoredSources>(std::move(deps), std::move(key));
}

bool StoredSources::may_see(const Actor& actor, const Source& source) {
  return sharing::check_steward(actor, source.department_id).has_value();
}

Result<StoredSources::Row> StoredSources::load(store::Session& s, const Actor& actor, std::string_view code) const {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM source WHERE code = ? OR id = ?", kColumns), {code, code}));
  if (!row) return no_source();
  Row out{.source = source_of(*row), .sealed = row->text(15)};
  if (!may_see(actor, out.source)) return no_source();
  return out;
}

Result<Source> StoredSources::find(const Actor& actor, std::string_view code) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) { return load(s, actor, code); }));
  return std::move(row.source);
}

Result<std::vector<Source>> StoredSources::list(const Actor& actor) const {
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM source ORDER BY code", kColumns));
  }));
  std::vector<Source> out;
  for (const auto& row : rows)
    if (auto source = source_of(row); may_see(actor, source)) out.push_back(std::move(source));
  return out;
}

Result<std::vector<Sources::Use>> StoredSources::uses(const Actor& actor, std::string_view code) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Use>> {
    QS_TRY(auto row, load(s, actor, code));
    if (!uses_) return std::vector<Use>{};
    return uses_(s, row.source);
  });
}

Result<std::string> StoredSources::department_of(const Actor& actor, const std::string& given) const {
  auto id = given.empty() ? actor.department_id : given;
  if (id.empty()) return fail(wrong("source.department", "department", "请选择部门。", "Choose a department."));
  QS_TRY(auto department, deps_.identity.department(id));
  QS_CHECK(sharing::check_steward(actor, department.id));
  return department.id;
}

Result<StoredSources::Secrets> StoredSources::open_secrets(const Row& row) const {
  Secrets out;
  if (row.sealed.empty()) return out;
  auto raw = crypto::from_base64(row.sealed);
  if (!raw) return fail_internal("a source's secrets are not base64");
  auto plain = crypto::open(key_, *raw, "source:" + row.source.id);
  if (!plain)
    return fail(Code::conflict, "source.secrets",
                "保存的凭据无法解开（密钥文件 keys/sources.key 已换过）：请重新填写口令等凭据。",
                "The kept secrets cannot be opened, since keys/sources.key was replaced: give them again.");
  for (const auto& item : object_of(*plain)) out.emplace(item.key(), std::string(item.value().as_string()));
  return out;
}

Result<std::string> StoredSources::seal_secrets(std::string_view id, const Secrets& secrets) const {
  if (secrets.empty()) return std::string();
  json::object plain;
  for (const auto& [key, value] : secrets) plain[key] = value;
  QS_TRY(auto sealed, crypto::seal(key_, json::serialize(plain), fmt::format("source:{}", id)));
  return crypto::to_base64(sealed);
}

Result<void> StoredSources::save(store::Transaction& t, const Source& s, const std::string& sealed) const {
  std::string error;
  if (s.error) error = json::serialize(json::object{{"zh", s.error->zh}, {"en", s.error->en}});
  QS_CHECK(t.exec(
      "UPDATE source SET name = ?, department_id = ?, settings = ?, secrets = ?, secret_names = ?, parallel = ?, state = ?, "
      "version = ?, error = ?, checked = ?, changed = ? WHERE id = ?",
      {s.name, s.department_id, json::serialize(s.settings), sealed, join(s.secrets, ","), s.parallel, s.state, s.version,
       error, s.checked, s.changed, s.id}));
  return {};
}

Result<void> StoredSources::record(store::Transaction& t, const Actor& actor, std::string_view action, const Source& source,
                                   json::object detail) const {
  return deps_.audit.record(t, actor,
                            {.action = std::string(action),
                             .object_kind = "source",
                             .object_id = source.code,
                             .object_name = source.name,
                             .detail = std::move(detail)});
}

Result<Source> StoredSources::add(const Actor& actor, const NewSource& given) {
  QS_CHECK(check_names(given.code, given.name));
  QS_CHECK(check_parallel(given.parallel));
  QS_TRY(auto department, department_of(actor, given.department));
  QS_TRY(auto settings, complete(given.kind, given.settings));
  QS_CHECK(check_address(given.kind, settings));
  QS_CHECK(check_secrets(given.kind, given.secrets));
  auto now = deps_.clock.now();
  Source s{.id = new_id(),
           .code = given.code,
           .name = std::string(trim(given.name)),
           .kind = given.kind,
           .department_id = department,
           .settings = std::move(settings),
           .parallel = given.parallel,
           .state = "new",
           .person_name = actor.name,
           .created = now,
           .changed = now};
  Secrets secrets;
  for (const auto& [key, value] : given.secrets)
    if (!value.empty()) {
      secrets.emplace(key, value);
      s.secrets.push_back(key);
    }
  QS_TRY(auto sealed, seal_secrets(s.id, secrets));
  return deps_.store.write([&](store::Transaction& t) -> Result<Source> {
    QS_TRY(auto taken, t.one("SELECT id FROM source WHERE code = ?", {s.code}));
    if (taken)
      return fail(Error{.code = Code::conflict,
                        .id = "source.exists",
                        .text = {fmt::format("代码“{}”已被另一个数据源使用。", s.code),
                                 fmt::format("The code “{}” belongs to another source already.", s.code)},
                        .subject = "code"});
    QS_CHECK(t.exec(
        "INSERT INTO source (id, code, name, kind, department_id, settings, secrets, secret_names, parallel, state, version, "
        "error, checked, person_id, person_name, created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', NULL, ?, ?, "
        "?, ?)",
        {s.id, s.code, s.name, name(s.kind), s.department_id, json::serialize(s.settings), sealed, join(s.secrets, ","),
         s.parallel, s.state, actor.person_id, s.person_name, s.created, s.changed}));
    QS_CHECK(record(
        t, actor, "source.add", s,
        {{"kind", name(s.kind)}, {"settings", s.settings}, {"secrets", json::array(s.secrets.begin(), s.secrets.end())}}));
    return s;
  });
}

Result<Source> StoredSources::change(const Actor& actor, std::string_view code, const SourceChange& change) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Source> {
    QS_TRY(auto row, load(t, actor, code));
    auto before = row.source;
    auto& s = row.source;
    if (change.name) s.name = std::string(trim(*change.name));
    QS_CHECK(check_names(s.code, s.name));
    if (change.parallel) s.parallel = *change.parallel;
    QS_CHECK(check_parallel(s.parallel));
    if (change.department) {
      QS_TRY(s.department_id, department_of(actor, *change.department));
    }
    if (change.settings) {
      QS_TRY(s.settings, complete(s.kind, *change.settings));
      QS_CHECK(check_address(s.kind, s.settings));
    }
    QS_CHECK(check_secrets(s.kind, change.secrets));
    Secrets secrets;
    // What was given for another address is forgotten.
    if (same_address(s.kind, before.settings, s.settings)) {
      QS_TRY(secrets, open_secrets(row));
    }
    for (const auto& [key, value] : change.secrets) {
      secrets.erase(key);
      if (!value.empty()) secrets.emplace(key, value);
    }
    auto lost = std::ranges::find_if(
        before.secrets, [&](const std::string& key) { return !secrets.contains(key) && !change.secrets.contains(key); });
    if (lost != before.secrets.end())
      return fail(wrong("source.secret_again", fmt::format("secrets.{}", *lost),
                        "地址或加密方式已改变，请重新填写口令等凭据：已保存的凭据只用于原来的地址。",
                        "The address or encryption was changed: give the secrets again, since the kept ones are for the former "
                        "address only."));
    s.secrets.clear();
    for (const auto& [key, value] : secrets) s.secrets.push_back(key);
    if (change.settings || !change.secrets.empty()) {
      s.state = "new";
      s.error.reset();
    }
    s.changed = deps_.clock.now();
    QS_TRY(auto sealed, seal_secrets(s.id, secrets));
    QS_CHECK(save(t, s, sealed));
    json::object detail{{"settings", difference(before.settings, s.settings)}};
    if (before.name != s.name) detail["name"] = json::object{{"before", before.name}, {"after", s.name}};
    if (before.department_id != s.department_id)
      detail["department"] = json::object{{"before", before.department_id}, {"after", s.department_id}};
    json::array given;
    for (const auto& [key, value] : change.secrets) given.emplace_back(key);
    if (!given.empty()) detail["secrets"] = std::move(given);
    QS_CHECK(record(t, actor, "source.change", s, std::move(detail)));
    return s;
  });
}

Result<void> StoredSources::remove(const Actor& actor, std::string_view code) {
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto row, load(t, actor, code));
    if (uses_) {
      QS_TRY(auto uses, uses_(t, row.source));
      if (!uses.empty())
        return fail(
            Code::conflict, "source.used",
            fmt::format("还有 {} 个归集任务使用这个数据源（如“{}”），请先改用别的数据源或删除它们。", uses.size(),
                        uses[0].name),
            fmt::format("{} pipelines still use this source, “{}” among them; point them elsewhere or remove them first.",
                        uses.size(), uses[0].name));
    }
    QS_CHECK(t.exec("DELETE FROM source WHERE id = ?", {row.source.id}));
    return record(t, actor, "source.remove", row.source);
  });
}

Result<Access> StoredSources::target(const Actor& actor, std::string_view code) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) { return load(s, actor, code); }));
  QS_TRY(auto secrets, open_secrets(row));
  return std::make_shared<const Target>(Target{.source_id = row.source.id,
                                               .kind = row.source.kind,
                                               .department_id = row.source.department_id,
                                               .settings = row.source.settings,
                                               .secrets = std::move(secrets)});
}

Result<Access> StoredSources::draft(const Actor& actor, const NewSource& given, std::string_view of) const {
  QS_TRY(auto department, department_of(actor, given.department));
  QS_TRY(auto settings, complete(given.kind, given.settings));
  QS_CHECK(check_secrets(given.kind, given.secrets));
  Secrets secrets;
  if (!of.empty()) {
    QS_TRY(auto row, deps_.store.read([&](store::Session& s) { return load(s, actor, of); }));
    if (row.source.kind == given.kind && same_address(given.kind, row.source.settings, settings)) {
      QS_TRY(secrets, open_secrets(row));
    }
  }
  for (const auto& [key, value] : given.secrets) {
    secrets.erase(key);
    if (!value.empty()) secrets.emplace(key, value);
  }
  return std::make_shared<const Target>(Target{.source_id = {},
                                               .kind = given.kind,
                                               .department_id = department,
                                               .settings = std::move(settings),
                                               .secrets = std::move(secrets)});
}

Result<Checked> StoredSources::look(const Target& target, const Cancelled& cancelled) const {
  auto begun = std::chrono::steady_clock::now();
  Checked checked;
  if (holds_files(target.kind)) {
    QS_TRY(auto folder, open_folder(target, context(cancelled)));
    QS_TRY(checked, folder->check());
  } else {
    QS_TRY(auto database, connect(target, context(cancelled)));
    QS_TRY(checked, database->check());
  }
  checked.micros = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun).count();
  return checked;
}

Result<void> StoredSources::record_try(const Actor& actor, const Access& access, const Error* failure) {
  json::object detail{{"place", access->place()}};
  if (failure != nullptr) detail["error"] = failure->id;
  return deps_.audit.record(actor, {.action = "source.try",
                                    .object_kind = "source",
                                    .object_id = access->place(),
                                    .outcome = failure == nullptr ? audit::Outcome::success : audit::Outcome::failure,
                                    .detail = std::move(detail)});
}

Result<Checked> StoredSources::check(const Actor& actor, const Access& access, const Cancelled& cancelled) {
  auto checked = look(*access, cancelled);
  if (!checked) log::info("a source could not be reached", {{"place", access->place()}, {"why", checked.error().detail}});
  if (access->source_id.empty()) return tried(actor, access, std::move(checked));
  json::object detail{{"place", access->place()}};
  if (!checked) detail["error"] = checked.error().id;
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto row, load(t, actor, access->source_id));
    auto& s = row.source;
    s.checked = deps_.clock.now();
    s.state = checked ? "reachable" : "failing";
    s.error = checked ? std::nullopt : std::optional(checked.error().text);
    if (checked) s.version = checked->version;
    if (checked && !checked->host_key.empty() && access->text("host_key").empty()) {
      s.settings["host_key"] = checked->host_key;
      detail["host_key"] = checked->host_key;
    }
    QS_CHECK(save(t, s, row.sealed));
    return record(t, actor, "source.check", s, std::move(detail));
  }));
  return checked;
}

Result<std::vector<Offer>> StoredSources::browse(const Access& access, std::string_view search, std::size_t limit,
                                                 const Cancelled& cancelled) {
  if (!holds_files(access->kind)) {
    QS_TRY(auto database, connect(*access, context(cancelled)));
    return database->browse(search, limit);
  }
  QS_TRY(auto folder, open_folder(*access, context(cancelled)));
  QS_TRY(auto files, folder->files(""));
  std::vector<Offer> out;
  for (const auto& file : files) {
    if (out.size() >= limit) break;
    if (file.name.find(search) == std::string::npos) continue;
    out.push_back({.schema = {}, .name = file.name, .kind = "file", .rows = {}, .size = file.size, .modified = file.modified});
  }
  return out;
}

Result<std::unique_ptr<RowStream>> StoredSources::rows(const Access& access, const Selection& selection,
                                                       const Cancelled& cancelled) {
  QS_CHECK(check_selection(selection));
  QS_TRY(auto database, connect(*access, context(cancelled)));
  return stream(std::move(database), selection, 0, context(cancelled));
}

Result<std::vector<File>> StoredSources::files(const Access& access, const Selection& selection, const Cancelled& cancelled) {
  QS_TRY(auto folder, open_folder(*access, context(cancelled)));
  return folder->files(selection.pattern);
}

Result<Fetched> StoredSources::fetch(const Access& access, const File& file, const std::optional<File>& known,
                                     const Cancelled& cancelled, const Progress& progress) {
  QS_TRY(auto folder, open_folder(*access, context(cancelled)));
  return folder->fetch(file, known, progress, std::nullopt);
}

}  // namespace qushu::sources
