// One-time links: handed out as a list, once, or mailed one by one.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/codes.h"
#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::surveys {
namespace {

constexpr const char* kMail = "survey.mail";
constexpr std::size_t kTokenBytes = 15;  // 120 bits: 24 letters

std::string new_token() {
  return lower_ascii(crypto::to_base32(crypto::random_bytes(kTokenBytes)));
}

Result<void> add_link(store::Transaction& t, std::string_view code, std::string_view token) {
  QS_CHECK(t.exec("INSERT INTO survey_invitation (hash, survey, used) VALUES (?, ?, 0)", {hash_of(code, token), code}));
  return {};
}

Result<void> takes_links(const Survey& survey) {
  if (survey.definition.mode == Mode::links) return {};
  return fail(Code::conflict, "survey.public", "这个调查是公开的，把它的网址发出去即可，不需要一次性链接。",
              "This survey is public: give its address to whoever is to answer.");
}

}  // namespace

Result<std::vector<std::string>> Surveys::invite(const Actor& actor, std::string_view code, std::int64_t count) {
  QS_CHECK(manager_only(actor));
  auto most = deps_.settings.integer("surveys.links");
  if (count < 1 || count > most)
    return fail(Error{
        .code = Code::invalid,
        .id = "survey.links",
        .text = {fmt::format("一次可以生成 1 至 {} 个链接。", most), fmt::format("1 to {} links are made at once.", most)},
        .subject = "count"});
  std::vector<std::string> tokens;
  for (std::int64_t i = 0; i < count; ++i) tokens.push_back(new_token());
  // Kept in the order of their hashes, not in that of the list that is handed out.
  std::set<std::pair<std::string, std::string>> sorted;
  for (const auto& token : tokens) sorted.emplace(hash_of(code, token), token);
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto survey, load_visible(t, actor, code));
    QS_CHECK(takes_links(survey));
    for (const auto& [hash, token] : sorted) QS_CHECK(add_link(t, code, token));
    return deps_.audit.record(t, actor,
                              {.action = "survey.invite",
                               .object_kind = "survey",
                               .object_id = std::string(code),
                               .object_name = survey.definition.name.zh,
                               .detail = {{"links", count}}});
  }));
  return tokens;
}

Result<Mailing> Surveys::invite_by_mail(const Actor& actor, std::string_view code, const Invited& invited) {
  QS_CHECK(manager_only(actor));
  QS_CHECK(deps_.notify.ready());
  if (deps_.settings.text("notify.links").empty())
    return fail(Code::conflict, "survey.no_address", "还没有设置邮件里链接的开头（notify.links），收件人打不开链接。",
                "What links in mails begin with is not set (notify.links).");
  std::map<std::string, identity::Person> people;
  for (const auto& which : invited.people) {
    QS_TRY(auto person, deps_.identity.person(which));
    people.emplace(person.id, std::move(person));
  }
  for (const auto& which : invited.departments) {
    QS_TRY(auto department, deps_.identity.department(which));
    identity::Identity::PeopleFilter filter{.department_id = department.id, .limit = 500};
    for (std::vector<identity::Person> page;; filter.after = page.back().login) {
      QS_TRY(page, deps_.identity.people(filter));
      for (auto& person : page)
        if (person.department_id == department.id) people.emplace(person.id, person);
      if (page.size() < filter.limit) break;
    }
  }
  Mailing out;
  std::vector<std::string> to;
  for (const auto& [id, person] : people) {
    if (person.state != identity::PersonState::active) continue;
    if (is_email(person.email))
      to.push_back(id);
    else
      out.no_address.push_back(person.name);
  }
  out.mails = static_cast<std::int64_t>(to.size());
  if (to.empty())
    return fail(Code::invalid, "survey.nobody", "这些部门和人员里没有人登记了邮箱。",
                "Nobody in these departments and among these people has an e-mail address.");
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto survey, load_visible(t, actor, code));
    QS_CHECK(takes_links(survey));
    for (const auto& person : to)
      QS_CHECK(deps_.jobs.add(t, actor,
                              {.kind = kMail,
                               .title = {"问卷邀请：" + survey.definition.name.zh, "Invitation: " + survey.definition.name.en},
                               .input = {{"survey", code}, {"person", person}}}));
    return deps_.audit.record(t, actor,
                              {.action = "survey.invite",
                               .object_kind = "survey",
                               .object_id = std::string(code),
                               .object_name = survey.definition.name.zh,
                               .detail = {{"mails", out.mails}}});
  }));
  return out;
}

void Surveys::register_jobs() {
  constexpr int kTries = 5;
  deps_.jobs.register_kind({.name = kMail,
                            .title = {"发送问卷邀请", "Send an invitation to a survey"},
                            .handler = [this](jobs::Context& c) { return run_mail(c); },
                            .max_attempts = kTries});
}

// The token is made here, goes into the mail, and is forgotten; a link whose mail did not go out is taken back.
Result<jobs::Finish> Surveys::run_mail(jobs::Context& context) const {
  const auto& input = context.job().input;
  auto code = text_at(input, "survey");
  QS_TRY(auto person, deps_.identity.person(text_at(input, "person")));
  QS_TRY(auto survey, deps_.store.read([&](store::Session& s) { return load(s, code); }));
  if (!survey) return no_survey();
  auto token = new_token();
  QS_CHECK(deps_.store.write([&](store::Transaction& t) { return add_link(t, code, token); }));
  const auto& d = survey->definition;
  auto sent = deps_.notify.mail(
      person.email, d.name.zh,
      fmt::format(
          "{}：\n\n请您填写《{}》，链接只能使用一次：\n{}/survey/{}/{}\n\n答卷不记名，系统不保存链接与答卷的对应关系。\n\n"
          "Please answer the survey “{}” by the link above; it works once, and answers cannot be traced to it.\n",
          person.name, d.name.zh, deps_.settings.text("notify.links"), code, token, d.name.en));
  if (!sent) {
    QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
      QS_CHECK(t.exec("DELETE FROM survey_invitation WHERE hash = ? AND used = 0", {hash_of(code, token)}));
      return {};
    }));
    return Failure(std::move(sent).error());
  }
  return jobs::Finish([](store::Transaction&) -> Result<json::object> { return json::object{}; });
}

}  // namespace qushu::surveys
