#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::identity {
namespace {

constexpr std::string_view kColumns =
    "p.id, p.login, p.name, p.department_id, d.name, p.email, p.phone, p.state, p.locked_until, p.must_change, p.totp, "
    "p.last_sign_in, "
    "p.password_changed, p.created, p.password, p.totp_new, p.totp_step, p.failures, p.lang";

Result<void> check_login(std::string_view login) {
  bool good = login.size() >= 2 && login.size() <= 40 && std::ranges::all_of(login, [](char c) {
                return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
              });
  if (good) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "person.login",
                    .text = {"登录名为 2 到 40 个小写字母、数字、点、下划线或连字符。",
                             "A login is 2 to 40 lower-case letters, digits, dots, underscores or hyphens."},
                    .subject = "login"});
}

Result<void> check_name(std::string_view name) {
  auto length = utf8_length(trim(name));
  if (length >= 1 && length <= 60) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "person.name",
                    .text = {"姓名应为 1 到 60 个字。", "A name has 1 to 60 characters."},
                    .subject = "name"});
}

std::string like(std::string_view text) {
  std::string out = "%";
  for (char c : lower_ascii(text)) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

}  // namespace

Result<Account> StoredIdentity::account(store::Session& s, std::string_view id) const {
  QS_TRY(auto row,
         s.one(fmt::format("SELECT {} FROM person p JOIN department d ON d.id = p.department_id WHERE p.id = ? OR p.login = ?",
                           kColumns),
               {id, id}));
  if (!row) return no_person();
  Account a;
  auto& p = a.person;
  p.id = row->text(0);
  p.login = row->text(1);
  p.name = row->text(2);
  p.department_id = row->text(3);
  p.department_name = row->text(4);
  p.email = row->text(5);
  p.phone = row->text(6);
  p.state = row->text(7) == "active" ? PersonState::active : PersonState::disabled;
  if (row->integer(8) > 0 && row->time(8) > clock_.now()) {
    p.locked = true;
    p.locked_until = row->time(8);
  }
  p.must_change_password = row->boolean(9);
  p.totp = !row->text(10).empty();
  p.last_sign_in = row->opt_time(11);
  p.password_changed = row->opt_time(12);
  p.created = row->time(13);
  a.password = row->text(14);
  a.totp = row->text(10);
  a.totp_new = row->text(15);
  a.totp_step = row->integer(16);
  a.failures = row->integer(17);
  p.lang = row->text(18) == "en" ? Lang::en : Lang::zh;
  QS_TRY(auto roles, s.query("SELECT role FROM person_role WHERE person_id = ? ORDER BY role", {p.id}));
  for (const auto& role : roles) p.roles.push_back(role.text(0));
  return a;
}

Result<Person> StoredIdentity::person(std::string_view id) const {
  QS_TRY(auto a, store_.read([&](store::Session& s) { return account(s, id); }));
  return a.person;
}

Result<Actor> StoredIdentity::actor_of(std::string_view id) const {
  return store_.read([&](store::Session& s) -> Result<Actor> {
    QS_TRY(auto a, account(s, id));
    if (a.person.state != PersonState::active)
      return fail(Code::forbidden, "person.disabled", "账号已停用。", "The account is disabled.");
    return actor_of(s, a.person);
  });
}

Result<std::vector<Person>> StoredIdentity::people(const PeopleFilter& f) const {
  std::string sql = "SELECT p.id FROM person p WHERE 1 = 1";
  store::Params params;
  if (!f.text.empty()) {
    sql += " AND (p.login LIKE ? ESCAPE '\\' OR lower(p.name) LIKE ? ESCAPE '\\')";
    params.emplace_back(like(f.text));
    params.emplace_back(like(f.text));
  }
  if (!f.department_id.empty()) {
    sql += " AND p.department_id = ?";
    params.emplace_back(f.department_id);
  }
  if (!f.role.empty()) {
    sql += " AND EXISTS (SELECT 1 FROM person_role r WHERE r.person_id = p.id AND r.role = ?)";
    params.emplace_back(f.role);
  }
  if (!f.after.empty()) {
    sql += " AND p.login > ?";
    params.emplace_back(f.after);
  }
  sql += " ORDER BY p.login LIMIT ?";
  params.emplace_back(static_cast<std::int64_t>(f.limit));
  return store_.read([&](store::Session& s) -> Result<std::vector<Person>> {
    QS_TRY(auto rows, s.query(sql, params));
    std::vector<Person> list;
    for (const auto& row : rows) {
      QS_TRY(auto a, account(s, row.text(0)));
      list.push_back(std::move(a.person));
    }
    return list;
  });
}

Result<void> StoredIdentity::insert_person(store::Transaction& t, const Person& p, const std::string& encoded) {
  auto now = clock_.now();
  QS_CHECK(
      t.exec("INSERT INTO person (id, login, name, department_id, email, phone, state, password, password_changed, "
             "must_change, created) VALUES (?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?)",
             {p.id, p.login, p.name, p.department_id, p.email, p.phone, encoded, now, p.must_change_password, now}));
  return {};
}

Result<void> StoredIdentity::set_roles(store::Transaction& t, const std::string& person_id,
                                       const std::vector<std::string>& roles) {
  QS_CHECK(t.exec("DELETE FROM person_role WHERE person_id = ?", {person_id}));
  for (const auto& role : roles)
    QS_CHECK(t.exec("INSERT INTO person_role (person_id, role) VALUES (?, ?) ON CONFLICT (person_id, role) DO NOTHING",
                    {person_id, role}));
  return {};
}

Result<std::pair<Person, std::string>> StoredIdentity::add_person(const Actor& actor, const NewPerson& n) {
  QS_CHECK(check_login(n.login));
  QS_CHECK(check_name(n.name));
  QS_CHECK(check_roles(n.roles));
  if (!n.roles.empty() && !actor.can(Permission::role_grant))
    return fail(Error{.code = Code::forbidden,
                      .id = "person.roles",
                      .text = {"角色由安全管理员授予；请先新增人员，再请安全管理员授予角色。",
                               "Roles are granted by the security administrator: add the person first."},
                      .subject = "roles"});
  Person p{.id = new_id(),
           .login = n.login,
           .name = std::string(trim(n.name)),
           .email = n.email,
           .phone = n.phone,
           .roles = n.roles,
           .must_change_password = n.password.empty()};
  auto password = n.password.empty() ? make_one_time_password() : n.password;
  if (!n.password.empty()) QS_CHECK(check_password_rules(password, p));
  QS_TRY(auto encoded, crypto::hash_password(password));
  auto made = store_.write([&](store::Transaction& t) -> Result<Person> {
    QS_TRY(auto department, t.one("SELECT id FROM department WHERE id = ? OR code = ?", {n.department_id, n.department_id}));
    if (!department)
      return fail(Error{.code = Code::invalid,
                        .id = "department.not_found",
                        .text = {fmt::format("没有部门“{}”。", shorten(n.department_id, 60)),
                                 fmt::format("There is no department “{}”.", shorten(n.department_id, 60))},
                        .subject = "department_id"});
    p.department_id = department->text(0);
    QS_TRY(auto taken, t.one("SELECT name FROM person WHERE login = ?", {p.login}));
    if (taken)
      return fail(
          Error{.code = Code::conflict,
                .id = "person.exists",
                .text = {fmt::format("登录名“{}”已被使用。", p.login), fmt::format("The login “{}” is taken.", p.login)},
                .subject = "login"});
    QS_CHECK(insert_person(t, p, encoded));
    QS_CHECK(set_roles(t, p.id, p.roles));
    QS_CHECK(bump(t));
    QS_CHECK(record(t, actor, "person.add", p,
                    {{"department_id", p.department_id}, {"roles", audit::json::array(p.roles.begin(), p.roles.end())}}));
    QS_TRY(auto a, account(t, p.id));
    return a.person;
  });
  QS_CHECK(made);
  return std::pair(*std::move(made), n.password.empty() ? password : std::string());
}

Result<void> StoredIdentity::keep_one(store::Session& s, std::string_view role) const {
  QS_TRY(auto row,
         s.one("SELECT count(*) FROM person p JOIN person_role r ON r.person_id = p.id WHERE r.role = ? AND p.state = 'active'",
               {role}));
  if (row->integer(0) > 0) return {};
  const auto& name = find_role(role)->name;
  return fail(Code::conflict, "person.last_administrator", "至少要保留一名启用的" + name.zh + "。",
              "At least one active " + name.en + " must remain.");
}

Result<Person> StoredIdentity::change_person(const Actor& actor, std::string_view id, const PersonChange& c) {
  bool other = c.name || c.department_id || c.email || c.phone || c.state;
  if (other && !actor.can(Permission::people_manage))
    return fail(Code::forbidden, "http.forbidden", "人员信息由系统管理员维护。",
                "People are managed by the system administrator.");
  if (c.roles && !actor.can(Permission::role_grant))
    return fail(Code::forbidden, "http.forbidden", "角色由安全管理员授予和收回。",
                "Roles are granted and taken by the security administrator.");
  if (c.name) QS_CHECK(check_name(*c.name));
  if (c.roles) QS_CHECK(check_roles(*c.roles));
  return store_.write([&](store::Transaction& t) -> Result<Person> {
    QS_TRY(auto a, account(t, id));
    auto p = a.person;
    if (c.roles && p.id == actor.person_id)
      return fail(Code::forbidden, "person.own_roles", "不能更改自己的角色。", "Nobody changes her own roles.");
    if (c.name) p.name = std::string(trim(*c.name));
    if (c.email) p.email = *c.email;
    if (c.phone) p.phone = *c.phone;
    if (c.state) p.state = *c.state;
    if (c.roles) p.roles = *c.roles;
    if (c.department_id) {
      QS_TRY(auto department,
             t.one("SELECT id FROM department WHERE id = ? OR code = ?", {*c.department_id, *c.department_id}));
      if (!department)
        return fail(Error{.code = Code::invalid,
                          .id = "department.not_found",
                          .text = {"没有这个部门。", "There is no such department."},
                          .subject = "department_id"});
      p.department_id = department->text(0);
    }
    QS_CHECK(t.exec("UPDATE person SET name = ?, email = ?, phone = ?, state = ?, department_id = ? WHERE id = ?",
                    {p.name, p.email, p.phone, p.state == PersonState::active ? "active" : "disabled", p.department_id, p.id}));
    if (c.roles) QS_CHECK(set_roles(t, p.id, p.roles));
    for (const auto& role : a.person.roles)
      if (find_role(role) && find_role(role)->administrator) QS_CHECK(keep_one(t, role));
    if (c.roles || p.state == PersonState::disabled) QS_CHECK(end_sessions(t, p.id));
    QS_CHECK(bump(t));
    audit::json::object before{{"name", a.person.name},
                               {"department_id", a.person.department_id},
                               {"state", a.person.state == PersonState::active},
                               {"roles", audit::json::array(a.person.roles.begin(), a.person.roles.end())}};
    audit::json::object after{{"name", p.name},
                              {"department_id", p.department_id},
                              {"state", p.state == PersonState::active},
                              {"roles", audit::json::array(p.roles.begin(), p.roles.end())}};
    QS_CHECK(record(t, actor, c.roles ? "role.grant" : "person.change", p,
                    {{"before", std::move(before)}, {"after", std::move(after)}}));
    QS_TRY(auto now, account(t, p.id));
    return now.person;
  });
}

Result<std::string> StoredIdentity::reset_password(const Actor& actor, std::string_view id) {
  auto password = make_one_time_password();
  QS_TRY(auto encoded, crypto::hash_password(password));
  QS_CHECK(store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto a, account(t, id));
    QS_CHECK(set_password(t, a, encoded, true));
    QS_CHECK(end_sessions(t, a.person.id));
    return record(t, actor, "password.reset", a.person);
  }));
  return password;
}

Result<void> StoredIdentity::unlock(const Actor& actor, std::string_view id) {
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto a, account(t, id));
    QS_CHECK(t.exec("UPDATE person SET failures = 0, locked_until = 0 WHERE id = ?", {a.person.id}));
    QS_CHECK(bump(t));
    return record(t, actor, "person.unlock", a.person);
  });
}

}  // namespace qushu::identity
