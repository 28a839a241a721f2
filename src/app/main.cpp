#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include <pwd.h>
#include <unistd.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "commands.h"
#include "usage.h"

namespace qushu::app {
namespace {

Lang language_of_environment() {
  for (const char* name : {"QUSHU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("en") ? Lang::en : Lang::zh;
  }
  return Lang::zh;
}

std::string user_name() {
  const auto* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

}  // namespace

int with_system(const Common& common, const Body& body) {
  auto system = System::open(common.data, common.overrides);
  if (!system) return report(common, system.error());
  auto actor = Actor::operator_on_console(user_name());
  if (!common.as.empty()) {
    auto person = (*system)->identity->actor_of(common.as);
    if (!person) return report(common, person.error());
    actor = *std::move(person);
    actor.via = "cli";
    actor.from = "local";
  }
  actor.lang = common.lang;
  auto done = body(**system, actor);
  return done ? 0 : report(common, done.error());
}

CLI::App* add_command(CLI::App& group, Common& common, Chosen& chosen, const char* name, const Text& text, Body body) {
  auto* c = group.add_subcommand(name, text.in(common.lang));
  c->callback(
      [&common, &chosen, body = std::move(body)] { chosen.action = [&common, body] { return with_system(common, body); }; });
  return c;
}

int run(int argc, char** argv) {
  Common common;
  common.lang = language_of_environment();
  // Short commands say what they did; the log of their inside would only be in the way.
  log::set_level(log::Level::warn);
  bool zh = common.lang == Lang::zh;
  CLI::App app(zh ? "区枢：区县数据中心的一体化平台" : "Qushu: one server that runs a local government's data centre", "qushu");
  speak(app, common.lang);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--data", common.data, zh ? "数据目录" : "Data folder")->envname("QUSHU_DATA")->capture_default_str();
  app.add_flag("--json", common.json, zh ? "以 JSON 输出，供程序读取" : "Answer in JSON, for machines");
  app.add_option("--as", common.as, zh ? "以此人的身份和权限执行（登录名）" : "Act with this person's rights (login)");
  std::vector<std::string> settings;
  app.add_option("--set", settings,
                 zh ? "临时设置，如 --set http.port=9000" : "A setting for this run, such as --set http.port=9000")
      ->type_name("KEY=VALUE");
  Chosen chosen;
  add_serve_commands(app, common, chosen);
  add_demo_command(app, common, chosen);
  add_data_commands(app, common, chosen);
  add_job_commands(app, common, chosen);
  add_catalog_commands(app, common, chosen);
  add_insight_commands(app, common, chosen);
  add_quality_commands(app, common, chosen);
  add_push_command(app, common, chosen);
  add_account_commands(app, common, chosen);
  add_calendar_commands(app, common, chosen);
  add_sharing_commands(app, common, chosen);
  add_grant_use_commands(app, common, chosen);
  add_delivery_commands(app, common, chosen);
  add_open_commands(app, common, chosen);
  add_boundary_commands(app, common, chosen);
  add_harvest_commands(app, common, chosen);
  add_budget_commands(app, common, chosen);
  add_evaluation_commands(app, common, chosen);
  add_pipeline_commands(app, common, chosen);
  add_register_commands(app, common, chosen);
  add_indicator_commands(app, common, chosen);
  add_survey_commands(app, common, chosen);
  add_board_commands(app, common, chosen);
  add_source_commands(app, common, chosen);
  add_system_commands(app, common, chosen);
  add_completion_command(app, common, chosen);
  app.footer(zh ? "退出码：0 成功；1 内部错误；2 用法错误；3 输入有误；4 未找到；5 无权限；6 状态不允许；7 依赖不可用；8 "
                  "空间不足；130 被中断"
                : "Exit codes: 0 done; 1 internal error; 2 usage; 3 invalid input; 4 not found; 5 not allowed; 6 conflict; 7 "
                  "unavailable; 8 no space; 130 interrupted");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    auto code = app.exit(wrong);
    return code == 0 ? 0 : 2;
  }
  for (const auto& pair : settings) {
    auto equal = pair.find('=');
    if (equal == std::string::npos)
      return report(common, {.code = Code::invalid,
                             .id = "cli.set",
                             .text = {"应写成 名称=值。", "Write it as key=value."},
                             .subject = "--set " + pair});
    common.overrides.emplace_back(pair.substr(0, equal), pair.substr(equal + 1));
  }
  return chosen.action ? chosen.action() : 2;
}

}  // namespace qushu::app

int main(int argc, char** argv) {
  try {
    return qushu::app::run(argc, argv);
  } catch (const std::exception& thrown) {
    std::cerr << "qushu: " << thrown.what() << '\n';
    return 1;
  }
}
