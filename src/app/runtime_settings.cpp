#include "runtime_settings.h"

#include <array>

#include "qushu/base/log.h"
#include "qushu/base/text.h"

namespace qushu::app {
namespace {

namespace schema = http::schema;
namespace json = http::json;
using http::Request;
using http::Response;

const std::array kMigrations{store::Migration{.id = "app.0001",
                                              .sql = "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL, "
                                                     "changed BIGINT NOT NULL, changed_by TEXT NOT NULL);\n"}};

std::string_view kind_name(SettingKind kind) {
  static constexpr std::array<std::string_view, 8> kNames{"text",    "integer", "number", "boolean",
                                                          "seconds", "bytes",   "choice", "secret"};
  return kNames.at(static_cast<std::size_t>(kind));
}

json::object shown(const Settings& settings, const SettingSpec& spec, const Actor& actor, Lang lang) {
  json::array choices;
  if (!spec.choices.empty())
    for (auto c : split(spec.choices, '|')) choices.emplace_back(c);
  auto value = settings.shown(spec.key);
  // Connection strings may hold a password.
  if (spec.key == "store.url" && value.contains('@'))
    value = value.substr(0, value.find("://") + 3) + "***" + value.substr(value.find('@'));
  return {{"key", spec.key},
          {"group", spec.key.substr(0, spec.key.find('.'))},
          {"label", spec.label.in(lang)},
          {"kind", kind_name(spec.kind)},
          {"value", value},
          {"default", spec.default_value},
          {"min", spec.min},
          {"max", spec.max},
          {"choices", std::move(choices)},
          {"runtime", spec.runtime},
          {"may_change", spec.runtime && actor.can(spec.who)}};
}

http::Schema setting_schema() {
  return schema::object({{"key", schema::text()},
                         {"group", schema::text()},
                         {"label", schema::text()},
                         {"kind", schema::text()},
                         {"value", schema::text()},
                         {"default", schema::text()},
                         {"min", schema::integer()},
                         {"max", schema::integer()},
                         {"choices", schema::array(schema::text())},
                         {"runtime", schema::boolean()},
                         {"may_change", schema::boolean()}})
      .named("Setting");
}

}  // namespace

std::span<const store::Migration> runtime_setting_migrations() {
  return kMigrations;
}

Result<void> load_runtime_settings(store::Store& store, Settings& settings) {
  QS_TRY(auto rows, store.read([](store::Session& s) { return s.query("SELECT name, value FROM setting"); }));
  for (const auto& row : rows) {
    const auto* spec = settings.spec(row.text(0));
    // A newer or older program may know other settings: what this one does not know it leaves alone.
    if (!spec || !spec->runtime) continue;
    if (auto set = settings.set(row.text(0), row.text(1)); !set)
      log::warn("a stored setting is not valid any more; its default is used", {{"setting", row.text(0)}});
  }
  return {};
}

void add_setting_routes(http::Router& router, store::Store& store, audit::Audit& audit, Settings& settings) {
  auto who = http::may_any({Permission::system_manage, Permission::security_manage});
  router.add({.method = http::Method::get,
              .path = "/api/v1/settings",
              .id = "setting_list",
              .tag = "settings",
              .summary = {"列出设置", "List the settings"},
              .who = who,
              .answer = schema::object({{"settings", schema::array(setting_schema())}}),
              .handler = [&](Request& r) -> Result<Response> {
                json::array out;
                for (const auto* spec : settings.all()) out.emplace_back(shown(settings, *spec, r.actor, r.lang()));
                return Response::ok(json::object{{"settings", std::move(out)}});
              }});
  router.add({.method = http::Method::put,
              .path = "/api/v1/settings/{key}",
              .id = "setting_change",
              .tag = "settings",
              .summary = {"修改设置", "Change a setting"},
              .who = who,
              .body = schema::object({{"value", schema::text().length(0, 2000)}}),
              .answer = setting_schema(),
              .errors = {Code::not_found, Code::forbidden, Code::invalid},
              .handler = [&](Request& r) -> Result<Response> {
                const auto* spec = settings.spec(r.param("key"));
                if (!spec) return fail(Code::not_found, "setting.not_found", "没有这项设置。", "There is no such setting.");
                if (!spec->runtime)
                  return fail(Code::conflict, "setting.fixed", "这项设置写在 qushu.toml 里，重启后生效。",
                              "This setting is kept in qushu.toml and takes effect at the next start.");
                if (!r.actor.can(spec->who))
                  return fail(Code::forbidden, "http.forbidden", "这项设置不归您的角色管理。",
                              "This setting is not for your role to change.");
                auto value = std::string(r.body.at("value").as_string());
                QS_CHECK(settings.check(spec->key, value));
                auto before = settings.shown(spec->key);
                QS_CHECK(store.write([&](store::Transaction& t) -> Result<void> {
                  QS_CHECK(
                      t.exec("INSERT INTO setting (name, value, changed, changed_by) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO "
                             "UPDATE SET value = excluded.value, changed = excluded.changed, changed_by = excluded.changed_by",
                             {spec->key, value, system_clock().now(), r.actor.name}));
                  return audit.record(t, r.actor,
                                      {.action = "setting.change",
                                       .object_kind = "setting",
                                       .object_id = std::string(spec->key),
                                       .object_name = spec->label.zh,
                                       .detail = {{"before", before}, {"after", value}}});
                }));
                QS_CHECK(settings.set(spec->key, value));
                return Response::ok(shown(settings, *spec, r.actor, r.lang()));
              }});
}

}  // namespace qushu::app
