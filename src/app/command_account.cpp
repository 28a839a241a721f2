#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

json::object to_json(const identity::Person& p) {
  return {{"id", p.id},
          {"login", p.login},
          {"name", p.name},
          {"department", p.department_name},
          {"roles", json::array(p.roles.begin(), p.roles.end())},
          {"active", p.state == identity::PersonState::active},
          {"locked", p.locked}};
}

void say(const Common& common, const json::object& machine, const std::string& people) {
  if (common.json)
    print(machine);
  else
    std::cout << people << '\n';
}

void add_user(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("user", zh ? "人员" : "People");
  group->require_subcommand(1);
  group->add_subcommand("list", zh ? "列出人员" : "List people")->callback([&, zh] {
    chosen.action = [&, zh] {
      return with_system(common, [&](System& s, const Actor&) -> Result<void> {
        identity::Identity::PeopleFilter filter{.limit = 500};
        json::array out;
        std::vector<std::vector<std::string>> rows;
        while (true) {
          QS_TRY(auto list, s.identity->people(filter));
          for (const auto& p : list) {
            out.emplace_back(to_json(p));
            rows.push_back({p.login, p.name, p.department_name, join(p.roles, ","),
                            p.state == identity::PersonState::active ? (p.locked ? (zh ? "锁定" : "locked") : "")
                                                                     : (zh ? "停用" : "disabled")});
          }
          if (list.size() < filter.limit) break;
          filter.after = list.back().login;
        }
        if (common.json)
          print(out);
        else
          print_table(zh ? std::vector<std::string>{"登录名", "姓名", "部门", "角色", "状态"}
                         : std::vector<std::string>{"login", "name", "department", "roles", "state"},
                      rows);
        return {};
      });
    };
  });
  auto n = std::make_shared<identity::NewPerson>();
  auto* add = group->add_subcommand("add", zh ? "新增人员，显示一次性口令" : "Add a person; shows the one-time password");
  add->add_option("login", n->login, zh ? "登录名" : "Login")->required();
  add->add_option("--name", n->name, zh ? "姓名" : "Name")->required();
  add->add_option("--department", n->department_id, zh ? "部门代码" : "Department code")->required();
  add->add_option("--role", n->roles, zh ? "角色" : "Roles")->delimiter(',');
  add->add_option("--email", n->email, zh ? "邮箱，通知会发到这里" : "E-mail address, where notices are sent");
  add->add_option("--phone", n->phone, zh ? "电话" : "Telephone");
  add->callback([&, n, zh] {
    chosen.action = [&, n, zh] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto made, s.identity->add_person(actor, *n));
        auto out = to_json(made.first);
        out["password"] = made.second;
        say(common, out,
            zh ? fmt::format("已新增 {}，一次性口令：{}", made.first.login, made.second)
               : fmt::format("{} was added; one-time password: {}", made.first.login, made.second));
        return {};
      });
    };
  });
  auto login = std::make_shared<std::string>();
  auto roles = std::make_shared<std::vector<std::string>>();
  auto* role = group->add_subcommand("role", zh ? "设定角色" : "Set a person's roles");
  role->add_option("login", *login, zh ? "登录名" : "Login")->required();
  role->add_option("roles", *roles, zh ? "角色" : "Roles")->delimiter(',');
  role->callback([&, login, roles] {
    chosen.action = [&, login, roles] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto p, s.identity->change_person(actor, *login, {.roles = *roles}));
        say(common, to_json(p), p.login + ": " + join(p.roles, ", "));
        return {};
      });
    };
  });
  auto* reset = group->add_subcommand("reset-password",
                                      zh ? "重置口令，显示一次性口令" : "Reset a password; shows the one-time password");
  reset->add_option("login", *login, zh ? "登录名" : "Login")->required();
  reset->callback([&, login] {
    chosen.action = [&, login] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto password, s.identity->reset_password(actor, *login));
        say(common, {{"login", *login}, {"password", password}}, password);
        return {};
      });
    };
  });
  for (auto [verb, zh_text, en_text] :
       {std::tuple{"unlock", "解除锁定", "Unlock a person"}, std::tuple{"disable", "停用", "Disable a person"},
        std::tuple{"enable", "启用", "Enable a person"}}) {
    auto* c = group->add_subcommand(verb, zh ? zh_text : en_text);
    c->add_option("login", *login, zh ? "登录名" : "Login")->required();
    c->callback([&, login, what = std::string(verb)] {
      chosen.action = [&, login, what] {
        return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
          if (what == "unlock") {
            QS_CHECK(s.identity->unlock(actor, *login));
          } else {
            QS_CHECK(s.identity->change_person(
                actor, *login, {.state = what == "disable" ? identity::PersonState::disabled : identity::PersonState::active}));
          }
          QS_TRY(auto p, s.identity->person(*login));
          say(common, to_json(p), p.login);
          return {};
        });
      };
    });
  }
  auto d = std::make_shared<identity::NewDepartment>();
  auto* department = app.add_subcommand("department", zh ? "部门" : "Departments");
  department->require_subcommand(1);
  department->add_subcommand("list", zh ? "列出部门" : "List departments")->callback([&, zh] {
    chosen.action = [&, zh] {
      return with_system(common, [&](System& s, const Actor&) -> Result<void> {
        QS_TRY(auto list, s.identity->departments());
        json::array out;
        std::vector<std::vector<std::string>> rows;
        for (const auto& one : list) {
          out.emplace_back(json::object{
              {"id", one.id}, {"code", one.code}, {"name", one.name}, {"parent_id", one.parent_id}, {"people", one.people}});
          rows.push_back({one.code, one.name, std::to_string(one.people)});
        }
        if (common.json)
          print(out);
        else
          print_table(
              zh ? std::vector<std::string>{"代码", "名称", "人数"} : std::vector<std::string>{"code", "name", "people"}, rows);
        return {};
      });
    };
  });
  auto* add_department = department->add_subcommand("add", zh ? "新增部门" : "Add a department");
  add_department->add_option("code", d->code, zh ? "部门代码" : "Code")->required();
  add_department->add_option("--name", d->name, zh ? "名称" : "Name")->required();
  add_department->add_option("--parent", d->parent_id, zh ? "上级部门代码" : "Code of the department above");
  add_department->callback([&, d] {
    chosen.action = [&, d] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto made, s.identity->add_department(actor, *d));
        say(common, {{"id", made.id}, {"code", made.code}, {"name", made.name}}, made.code + " " + made.name);
        return {};
      });
    };
  });
}

void add_token(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("token", zh ? "访问令牌" : "Access tokens");
  group->require_subcommand(1);
  auto login = std::make_shared<std::string>(), id = std::make_shared<std::string>();
  auto n = std::make_shared<identity::NewToken>();
  auto days = std::make_shared<int>(0);
  auto* create =
      group->add_subcommand("create", zh ? "为某人签发访问令牌（只显示一次）" : "Make a token for a person (shown once)");
  create->add_option("login", *login, zh ? "登录名" : "Login")->required();
  create->add_option("--name", n->name, zh ? "用途" : "What it is for")->required();
  create
      ->add_option("--scope", n->scopes,
                   zh ? "权限（不给则为此人的全部权限）" : "Permissions (all of the person's when absent)")
      ->delimiter(',');
  create->add_option("--days", *days, zh ? "有效天数" : "Days for which it is valid");
  create->callback([&, login, n, days] {
    chosen.action = [&, login, n, days] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto person, s.identity->person(*login));
        if (*days > 0) n->expires = system_clock().now() + std::chrono::days(*days);
        QS_TRY(auto made, s.identity->add_token(actor, person.id, *n));
        say(common, {{"id", made.first.id}, {"token", made.second}}, made.second);
        return {};
      });
    };
  });
  auto* list = group->add_subcommand("list", zh ? "列出某人的令牌" : "List a person's tokens");
  list->add_option("login", *login, zh ? "登录名" : "Login")->required();
  list->callback([&, login, zh] {
    chosen.action = [&, login, zh] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto person, s.identity->person(*login));
        QS_TRY(auto tokens, s.identity->tokens(actor, person.id));
        json::array out;
        std::vector<std::vector<std::string>> rows;
        for (const auto& t : tokens) {
          out.emplace_back(json::object{{"id", t.id},
                                        {"name", t.name},
                                        {"hint", t.hint},
                                        {"scopes", json::array(t.scopes.begin(), t.scopes.end())},
                                        {"revoked", t.revoked.has_value()}});
          rows.push_back({t.id, t.name, "…" + t.hint, t.expires ? to_iso(*t.expires).substr(0, 10) : "",
                          t.revoked ? (zh ? "已吊销" : "revoked") : ""});
        }
        if (common.json)
          print(out);
        else
          print_table(zh ? std::vector<std::string>{"编号", "用途", "末四位", "到期", "状态"}
                         : std::vector<std::string>{"id", "name", "ends in", "expires", "state"},
                      rows);
        return {};
      });
    };
  });
  auto* revoke = group->add_subcommand("revoke", zh ? "吊销令牌" : "Revoke a token");
  revoke->add_option("id", *id, zh ? "令牌编号" : "The token's id")->required();
  revoke->callback([&, id] {
    chosen.action = [&, id] {
      return with_system(common, [&](System& s, const Actor& actor) { return s.identity->revoke_token(actor, *id); });
    };
  });
}

}  // namespace

void add_account_commands(CLI::App& app, Common& common, Chosen& chosen) {
  add_user(app, common, chosen);
  add_token(app, common, chosen);
}

}  // namespace qushu::app
