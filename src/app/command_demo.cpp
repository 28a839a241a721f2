#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/demo/demo.h"

#include "commands.h"
#include "demo_budgets.h"
#include "demo_gathering.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

// For a demonstration only: whoever can run this command can read the data folder anyway.
constexpr std::string_view kPassword = "Qushu-demo-2026";
constexpr std::uint64_t kSeed = 2026;

Result<void> fill_people(System& s, const Actor& actor) {
  for (const auto& d : demo::departments()) {
    if (s.identity->department(d.code)) continue;
    QS_CHECK(s.identity->add_department(actor, {.code = d.code, .name = d.name, .parent_id = d.parent}));
  }
  for (const auto& p : demo::people()) {
    if (s.identity->person(p.login)) continue;
    QS_CHECK(s.identity->add_person(actor, {.login = p.login,
                                            .name = p.name,
                                            .department_id = p.department,
                                            .roles = p.roles,
                                            .password = std::string(kPassword)}));
  }
  return {};
}

// The three administrators sign in once with what the first start gave them, and choose the demonstration's password.
Result<void> settle_administrators(System& s, const std::vector<identity::OneTimePassword>& made) {
  for (const auto& one : made) {
    Actor nobody;
    nobody.from = "local";
    QS_TRY(auto in, s.identity->sign_in(nobody, one.login, one.password, "", "qushu demo"));
    QS_TRY(auto actor, s.identity->actor_of(in.person.id));
    actor.via = "cli";
    actor.from = "local";
    QS_CHECK(s.identity->change_password(actor, one.password, kPassword));
  }
  return {};
}

Result<void> fill_data(System& s, const Actor& actor, const std::string& reference, Lang lang) {
  QS_TRY(auto files, demo::generate(s.data / "demo-files", reference, kSeed));
  for (const auto& f : files) {
    QS_TRY(auto known, s.store->read([&](store::Session& session) { return s.catalog->known(session, f.dataset); }));
    if (known && known->version > 0) continue;
    ImportOptions o{.file = f.path.string(), .dataset = f.dataset, .department = f.department, .keys = f.key};
    o.entry = {{"title", f.title},
               {"abstract", f.abstract},
               {"theme", f.theme},
               {"tags", json::array(f.tags.begin(), f.tags.end())},
               {"update_cycle", f.update_cycle},
               {"sharing_type", f.sharing_type}};
    auto done = [&] {
      ProgressLine line(lang);
      return import_file(s, actor, o, [&](const jobs::Job& job) { line.show(job); });
    }();
    QS_CHECK(done);
    if (f.sharing_type == "unconditional") {
      // What every department may use is named to each of them.
      QS_TRY(auto all, s.identity->departments());
      std::vector<std::string> readers;
      for (const auto& d : all) readers.push_back(d.id);
      QS_CHECK(s.catalog->change(actor, f.dataset, {.readers = readers}));
    }
    std::uint64_t rows = 0, published = 0;
    for (const auto& item : done->tables) {
      const auto& t = item.as_object();
      if (t.at("published").is_null()) continue;
      rows += t.at("rows").to_number<std::uint64_t>();
      published += t.at("published").to_number<std::uint64_t>();
    }
    auto n = [](std::uint64_t v) { return with_thousands(static_cast<std::int64_t>(v)); };
    std::cout << (lang == Lang::zh ? fmt::format("  {}：读取 {} 行，发布 {} 行，剔除 {} 行\n", f.title, n(rows), n(published),
                                                 n(rows - published))
                                   : fmt::format("  {}: {} rows read, {} published, {} rejected\n", f.title, n(rows),
                                                 n(published), n(rows - published)))
              << std::flush;
  }
  return {};
}

void announce(const std::string& url, Lang lang) {
  bool zh = lang == Lang::zh;
  std::cout << (zh ? fmt::format("\n演示区“{}”已就绪：{}\n接口说明：{}/api-docs\n\n各角色的登录名（口令都是 {}）：\n",
                                 demo::kDistrict, url, url, kPassword)
                   : fmt::format(
                         "\nThe demo district {} is ready: {}\nAPI: {}/api-docs\n\nSign-ins (all with the password {}):\n",
                         demo::kDistrict, url, url, kPassword));
  for (const auto& p : demo::people()) std::cout << fmt::format("  {:<12} {}\n", p.login, p.name);
  for (auto [login, role] :
       {std::pair{"sysadmin", "system_admin"}, std::pair{"secadmin", "security_admin"}, std::pair{"auditadmin", "audit_admin"}})
    std::cout << fmt::format("  {:<12} {}\n", login, identity::find_role(role)->name.in(lang));
  std::cout << std::endl;
}

}  // namespace

void add_demo_command(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto reference = std::make_shared<std::string>();
  auto port = std::make_shared<std::string>();
  auto* c = app.add_subcommand("demo", zh ? "建立一个演示区并启动服务" : "Fill a demo district and serve it");
  c->add_option("--reference", *reference,
                zh ? "行政区划 CSV 所在目录" : "Folder with the CSV files of administrative divisions");
  c->add_option("--port", *port, zh ? "监听端口" : "Port to listen on");
  auto* no_serve = c->add_flag("--no-serve")->description(zh ? "只填充数据，不启动服务" : "Fill only, do not serve");
  c->callback([&, reference, port, no_serve] {
    chosen.action = [&, reference, port, no_serve] {
      if (!port->empty()) common.overrides.emplace_back("http.port", *port);
      common.overrides.emplace_back("site.root_department", std::string(demo::kDistrict));
      if (auto named = name_demo_databases(common.data); !named) return report(common, named.error());
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto made, s.identity->first_start(demo::kDistrict));
        QS_CHECK(settle_administrators(s, made));
        QS_CHECK(fill_people(s, actor));
        {
          SignalWatch signals([&s] { s.jobs->stop(); });
          QS_CHECK(fill_data(s, actor, *reference, common.lang));
          QS_CHECK(fill_gathering(s, kSeed, common.lang));
          QS_CHECK(fill_quality(s, actor, common.lang));
          QS_CHECK(fill_sharing(s, common.lang));
          QS_CHECK(fill_surveys(s, kSeed, common.lang));
          QS_CHECK(fill_figures(s, actor, kSeed, common.lang));
          QS_CHECK(fill_budgets(s, common.lang));
          QS_CHECK(fill_evaluations(s, common.lang));
        }
        if (no_serve->count() > 0) return {};
        log::set_level(log::Level::info);
        return serve(s, [&](const std::string& url) { announce(url, common.lang); });
      });
    };
  });
}

}  // namespace qushu::app
