#include "qushu/notify/notify.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "qushu/base/codes.h"
#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "mail.h"

namespace qushu::notify {
namespace {

namespace json = boost::json;
namespace schema = http::schema;

constexpr const char* kTell = "notify.tell";
constexpr const char* kMail = "notify.mail";

const std::array kSettings{
    SettingSpec{.key = "notify.smtp_url",
                .kind = SettingKind::text,
                .default_value = "",
                .label = {"邮件服务器的地址（写法见安装手册）；为空则不发邮件",
                          "Mail server, such as smtp://mail.example.org:25 or smtps://…:465; no mails without one"},
                .runtime = true},
    SettingSpec{.key = "notify.smtp_user",
                .kind = SettingKind::text,
                .default_value = "",
                .label = {"邮件服务器账号", "Account at the mail server"},
                .runtime = true},
    SettingSpec{.key = "notify.smtp_password",
                .kind = SettingKind::secret,
                .default_value = "",
                .label = {"邮件服务器口令", "Password at the mail server"}},
    SettingSpec{.key = "notify.smtp_encryption",
                .kind = SettingKind::boolean,
                .default_value = "true",
                .label = {"与邮件服务器的连接必须加密", "The connection to the mail server must be encrypted"},
                .runtime = true},
    SettingSpec{.key = "notify.mail_from",
                .kind = SettingKind::text,
                .default_value = "",
                .label = {"发件地址", "Address that mails come from"},
                .runtime = true},
    SettingSpec{.key = "notify.links",
                .kind = SettingKind::text,
                .default_value = "",
                .label = {"邮件里链接的开头：本系统对外的地址",
                          "What links in mails begin with, such as "
                          "https://data.example.org"},
                .runtime = true}};

Text text_of(const json::value& value) {
  return {std::string(value.at("zh").as_string()), std::string(value.at("en").as_string())};
}
json::object to_json(const Text& text) {
  return {{"zh", text.zh}, {"en", text.en}};
}

Result<MailServer> server_of(const Settings& settings) {
  MailServer server{.url = settings.text("notify.smtp_url"),
                    .user = settings.text("notify.smtp_user"),
                    .password = settings.text("notify.smtp_password"),
                    .from = settings.text("notify.mail_from"),
                    .must_encrypt = settings.boolean("notify.smtp_encryption")};
  if (server.url.empty())
    return fail(Code::conflict, "notify.no_server", "还没有设置邮件服务器（notify.smtp_url）。",
                "No mail server is set (notify.smtp_url).");
  if (!is_email(server.from))
    return fail(Error{.code = Code::invalid,
                      .id = "notify.from",
                      .text = {"发件地址（notify.mail_from）不是有效的邮箱地址。", "notify.mail_from is no e-mail address."},
                      .subject = "notify.mail_from"});
  return server;
}

bool has_duty(const Actor& actor, const json::value& duty) {
  Permission permission{};
  if (!parse(duty.at("permission").as_string(), permission) || !actor.can(permission)) return false;
  std::string_view department = duty.at("department").as_string();
  return department.empty() || actor.department_id == department || actor.in_department(department);
}

// Everybody who holds one of the roles that may do this: only they can have the duty.
Result<void> add_holders(const identity::Identity& identity, const json::value& duty,
                         std::map<std::string, identity::Person>& out) {
  Permission permission{};
  if (!parse(duty.at("permission").as_string(), permission)) return {};
  for (const auto& role : identity::roles()) {
    if (!role.permissions.test(static_cast<std::size_t>(permission))) continue;
    identity::Identity::PeopleFilter filter{.role = std::string(role.code), .limit = 500};
    for (std::vector<identity::Person> page;; filter.after = page.back().login) {
      QS_TRY(page, identity.people(filter));
      for (auto& person : page) {
        if (person.state != identity::PersonState::active) continue;  // nobody acts as one who is gone
        QS_TRY(auto actor, identity.actor_of(person.id));
        if (has_duty(actor, duty)) out.emplace(person.login, person);
      }
      if (page.size() < filter.limit) break;
    }
  }
  return {};
}

// Who is meant, in order of login, but for who did it and those who are gone.
Result<std::vector<identity::Person>> recipients(const identity::Identity& identity, const json::object& input) {
  std::map<std::string, identity::Person> meant;
  for (const auto& id : input.at("people").as_array()) {
    auto person = identity.person(id.as_string());
    if (!person && person.error().code == Code::not_found) continue;
    QS_CHECK(person);
    meant.emplace(person->login, *person);
  }
  for (const auto& duty : input.at("duties").as_array()) QS_CHECK(add_holders(identity, duty, meant));
  std::vector<identity::Person> out;
  for (auto& [login, person] : meant)
    if (person.state == identity::PersonState::active && person.id != input.at("actor").as_string())
      out.push_back(std::move(person));
  return out;
}

}  // namespace

std::span<const SettingSpec> settings() {
  return kSettings;
}

void Notify::register_jobs() {
  constexpr int kTries = 8;
  deps_.jobs.register_kind({.name = kTell,
                            .title = {"通知有关人员", "Tell the people concerned"},
                            .handler = [this](jobs::Context& c) { return run_tell(c); }});
  deps_.jobs.register_kind({.name = kMail,
                            .title = {"发送邮件", "Send a mail"},
                            .handler = [this](jobs::Context& c) { return run_mail(c); },
                            .max_attempts = kTries});
}

Result<void> Notify::tell(store::Transaction& t, const Actor& actor, const Message& m) const {
  if (m.people.empty() && m.duties.empty()) return {};
  json::array people, duties;
  for (const auto& id : m.people) people.emplace_back(id);
  for (const auto& d : m.duties)
    duties.push_back(json::object{{"permission", name(d.permission)}, {"department", d.department_id}});
  QS_CHECK(deps_.jobs.add(t, Actor::system(),
                          {.kind = kTell,
                           .title = {"通知：" + m.title.zh, "Tell: " + m.title.en},
                           .input = {{"people", std::move(people)},
                                     {"duties", std::move(duties)},
                                     {"actor", actor.person_id},
                                     {"kind", m.kind},
                                     {"link", m.link},
                                     {"title", to_json(m.title)},
                                     {"detail", to_json(m.detail)},
                                     {"at", to_micros(deps_.clock.now())}}}));
  return {};
}

Result<jobs::Finish> Notify::run_tell(jobs::Context& context) const {
  auto input = context.job().input;
  QS_TRY(auto people, recipients(deps_.identity, input));
  Notice notice{.id = {},
                .kind = std::string(input.at("kind").as_string()),
                .link = std::string(input.at("link").as_string()),
                .title = text_of(input.at("title")),
                .detail = text_of(input.at("detail")),
                .at = from_micros(input.at("at").as_int64())};
  return jobs::Finish([this, people = std::move(people), notice](store::Transaction& t) -> Result<json::object> {
    std::vector<std::string> ids;
    std::int64_t mails = 0;
    bool by_mail = !deps_.settings.text("notify.smtp_url").empty();
    for (const auto& person : people) {
      ids.push_back(person.id);
      if (!by_mail || !is_email(person.email)) continue;
      ++mails;
      auto lang = person.lang;
      auto links = deps_.settings.text("notify.links");
      QS_CHECK(deps_.jobs.add(t, Actor::system(),
                              {.kind = kMail,
                               .title = {"邮件：" + notice.title.zh, "Mail: " + notice.title.en},
                               .input = {{"to", person.email},
                                         {"subject", notice.title.in(lang)},
                                         {"text", fmt::format("{}{}\n\n{}\n{}\n{}", person.name, lang == Lang::zh ? "：" : ":",
                                                              notice.title.in(lang), notice.detail.in(lang),
                                                              links.empty() ? "" : links + notice.link)}}}));
    }
    QS_CHECK(notify::tell(t, ids, notice));
    return json::object{{"people", ids.size()}, {"mails", mails}};
  });
}

Result<jobs::Finish> Notify::run_mail(jobs::Context& context) const {
  const auto& input = context.job().input;
  QS_TRY(auto server, server_of(deps_.settings));
  // The same message whenever it is tried again.
  QS_CHECK(send(server, {.id = context.job().id,
                         .to = std::string(input.at("to").as_string()),
                         .subject = std::string(input.at("subject").as_string()),
                         .text = std::string(input.at("text").as_string()),
                         .sender_name = deps_.settings.text("site.name"),
                         .at = deps_.clock.now()}));
  return jobs::Finish([](store::Transaction&) -> Result<json::object> { return json::object{}; });
}

Result<void> Notify::ready() const {
  QS_CHECK(server_of(deps_.settings));
  return {};
}

Result<void> Notify::mail(std::string_view address, std::string_view subject, std::string_view text) const {
  QS_TRY(auto server, server_of(deps_.settings));
  if (!is_email(address))
    return fail(Error{.code = Code::invalid,
                      .id = "notify.address",
                      .text = {"这不是有效的邮箱地址。", "This is no e-mail address."},
                      .subject = "address"});
  return send(server, {.id = new_id(),
                       .to = std::string(address),
                       .subject = std::string(subject),
                       .text = std::string(text),
                       .sender_name = deps_.settings.text("site.name"),
                       .at = deps_.clock.now()});
}

Result<void> Notify::try_mail(std::string_view address) const {
  return mail(address, "测试邮件", "这是一封测试邮件：邮件设置可用。\nThis is a test: mails arrive.");
}

void add_notify_routes(http::Router& router, const Notify& notify, audit::Audit& audit) {
  router.add({.method = http::Method::post,
              .path = "/api/v1/notify/test",
              .id = "notify_test",
              .tag = "system",
              .summary = {"发送一封测试邮件", "Send a mail to see whether it arrives"},
              .who = http::may(Permission::system_manage),
              .body = schema::object({{"address", schema::text().length(3, 254)}}),
              .answer_status = 204,
              .errors = {Code::invalid, Code::conflict, Code::unavailable},
              .handler = [&notify, &audit](http::Request& r) -> Result<http::Response> {
                std::string address(r.body.at("address").as_string());
                auto sent = notify.try_mail(address);
                QS_CHECK(audit.record(r.actor, {.action = "notify.test",
                                                .object_kind = "mail",
                                                .object_id = address,
                                                .outcome = sent ? audit::Outcome::success : audit::Outcome::failure}));
                QS_CHECK(sent);
                return http::Response::no_content();
              }});
}

}  // namespace qushu::notify
