// What the modules bring along: their migrations and settings.
#include <array>

#include "qushu/budget/budget.h"
#include "qushu/http/server.h"
#include "qushu/ingest/trace.h"
#include "qushu/notify/notices.h"
#include "qushu/tabular/tabular.h"

#include "runtime_settings.h"
#include "system.h"

namespace qushu::app {
namespace {

const std::array kSettings{
    SettingSpec{.key = "log.level",
                .kind = SettingKind::choice,
                .default_value = "info",
                .label = {"日志级别", "Level of the log"},
                .choices = "debug|info|warn|error|off"},
    SettingSpec{.key = "site.name",
                .kind = SettingKind::text,
                .default_value = "区枢",
                .label = {"系统名称（显示在控制台顶部）", "Name shown at the top of the console"},
                .runtime = true},
    SettingSpec{.key = "site.root_department",
                .kind = SettingKind::text,
                .default_value = "本级政府",
                .label = {"首次启动时最上级部门的名称", "Name of the department at the top, at first start"}},
    SettingSpec{.key = "blob.sweep_grace",
                .kind = SettingKind::seconds,
                .default_value = "24h",
                .label = {"无主文件保留多久后清除", "Time after which files that nothing names are removed"},
                .min = 3600,
                .max = 31536000}};

}  // namespace

std::vector<store::Migration> System::migrations() {
  std::vector<store::Migration> all;
  auto add = [&](std::span<const store::Migration> list) { all.insert(all.end(), list.begin(), list.end()); };
  add(audit::migrations());
  add(jobs::migrations());
  add(identity::migrations());
  add(calendar::migrations());
  add(catalog::migrations());
  add(sharing::grant_migrations());
  add(sharing::request_migrations());
  add(sharing::key_migrations());
  add(sharing::meter_migrations());
  add(sharing::rule_migrations());
  add(sharing::watermark_migrations());
  add(sharing::record_migrations());
  add(sources::migrations());
  add(delivery::migrations());
  add(quality::migrations());
  add(ingest::migrations());
  add(ingest::trace_migrations());
  add(ingest::pipeline_migrations());
  add(notify::notice_migrations());
  add(query::migrations());
  add(insight::migrations());
  add(registers::migrations());
  add(surveys::migrations());
  add(indicators::migrations());
  add(indicators::board_migrations());
  add(budget::migrations());
  add(evaluation::migrations());
  add(opendata::migrations());
  add(runtime_setting_migrations());
  return all;
}

void System::declare(Settings& s) {
  s.declare(kSettings);
  s.declare(store::settings());
  s.declare(engine::settings());
  s.declare(tabular::settings());
  s.declare(http::settings());
  s.declare(audit::settings());
  s.declare(jobs::settings());
  s.declare(identity::settings());
  s.declare(calendar::settings());
  s.declare(catalog::settings());
  s.declare(notify::settings());
  s.declare(sharing::request_settings());
  s.declare(sharing::key_settings());
  s.declare(sources::settings());
  s.declare(quality::settings());
  s.declare(ingest::settings());
  s.declare(ingest::pipeline_settings());
  s.declare(ingest::step_settings());
  s.declare(query::settings());
  s.declare(insight::settings());
  s.declare(opendata::settings());
  s.declare(budget::settings());
  s.declare(evaluation::settings());
  s.declare(registers::settings());
  s.declare(surveys::settings());
  s.declare(indicators::settings());
}

}  // namespace qushu::app
