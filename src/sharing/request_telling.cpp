#include "request_telling.h"

#include <algorithm>

#include <fmt/format.h>

#include "request_rights.h"

namespace qushu::sharing {

Result<void> check_within(const Terms& granted, const Terms& asked) {
  auto outside = [](std::string member, std::string zh, std::string en) {
    return fail(Error{
        .code = Code::invalid, .id = "request.wider", .text = {std::move(zh), std::move(en)}, .subject = std::move(member)});
  };
  for (const auto& f : granted.fields)
    if (std::ranges::find(asked.fields, f.id, &GrantedField::id) == asked.fields.end())
      return outside("fields", fmt::format("申请中没有字段“{}”，不能超出申请授权。", f.id),
                     fmt::format("The field “{}” was not asked for; a grant stays within the request.", f.id));
  for (auto m : granted.methods)
    if (std::ranges::find(asked.methods, m) == asked.methods.end())
      return outside("methods", fmt::format("申请中没有“{}”这种共享方式，不能超出申请授权。", name(m)),
                     fmt::format("The method {} was not asked for; a grant stays within the request.", name(m)));
  if ((asked.until && (!granted.until || *granted.until > *asked.until)) ||
      (asked.from && (!granted.from || *granted.from < *asked.from)))
    return outside("until", "授权期限不能超出申请的期限。", "The period of a grant stays within the one asked for.");
  return {};
}

notify::Message told_of(const SharingRequest& r, std::string_view action) {
  const notify::Duty asking{Permission::share_review, r.department_id}, provider{Permission::share_review, r.provider_id},
      authority{Permission::catalog_review, {}};
  notify::Message m{.people = {},
                    .kind = "request",
                    .link = "/sharing/requests/" + r.id,
                    .title = {},
                    .detail = {r.dataset_title + "：" + r.scenario, r.dataset_title + ": " + r.scenario}};
  auto say = [&](std::string zh, std::string en) {
    m.title = {fmt::format("共享申请 {}：{}", r.number, zh), fmt::format("Sharing request {}: {}", r.number, en)};
  };
  auto asker = [&] {
    if (!r.person_id.empty()) m.people.push_back(r.person_id);
  };
  if (action == "submit") {
    m.duties = {asking};
    say("待本部门审核", "waits for your approval");
  } else if (r.state == RequestState::granted) {
    asker();
    m.duties = {asking, provider};
    if (!r.begins.empty())
      say(fmt::format("已同意共享，自 {} 起可以使用", r.begins), fmt::format("granted, and can be used from {}", r.begins));
    else
      say("已同意共享，可以使用", "granted, and can be used");
    if (!r.renews.empty()) {
      m.detail.zh += !r.begins.empty() ? "。此前仍按原授权使用，到时密钥、推送和订阅自动转到新授权。"
                                       : "。原授权由新授权取代，密钥、推送和订阅已转到新授权。";
      m.detail.en += !r.begins.empty() ? ". Until then the old grant holds; its keys and deliveries are then handed over."
                                       : ". The old grant is replaced; its keys and deliveries serve the new one.";
    }
  } else if (r.state == RequestState::confirming) {
    asker();
    m.duties = {authority};
    say("提供部门已同意，待数据主管部门复核", "the provider consents; waits for the data authority");
  } else if (action == "approve" || action == "complete") {
    m.duties = {provider};
    say("待答复", "is to be answered");
  } else if (action == "decline" || action == "refuse" || action == "object") {
    asker();
    say(action == "decline" ? "本部门未同意" : "不予共享", action == "decline" ? "declined by your officer" : "refused");
    m.detail = {r.answer, r.answer};
  } else if (action == "return") {
    asker();
    say("需要补正材料", "more is needed");
  } else if (action == "extend") {
    asker();
    m.duties = {authority};
    say(fmt::format("提供部门申请延长 {} 个工作日答复", r.extension),
        fmt::format("{} more working days are asked for", r.extension));
  } else if (action == "consent") {
    asker();
    m.duties = {provider};
    say("答复期限已延长", "the answer may come later");
  } else if (action == "withdraw" && r.started) {
    m.duties = {provider};
    say("申请人已撤回", "withdrawn");
  }
  return m;
}

int urgency(const calendar::Standing& standing, int warn_days) {
  if (standing.late) return 3;
  if (standing.left == 0) return 2;
  return standing.left <= warn_days ? 1 : 0;
}

notify::Message warning_of(const SharingRequest& r, int urgency) {
  constexpr int kLate = 3;
  notify::Message m{.people = {},
                    .duties = {{Permission::share_review, r.provider_id}},
                    .kind = "request",
                    .link = "/sharing/requests/" + r.id,
                    .title = {},
                    .detail = {fmt::format("{} 申请 {}", r.department_name, r.dataset_title),
                               fmt::format("{} asks for {}", r.department_name, r.dataset_title)}};
  if (urgency == kLate) {
    m.duties.push_back({Permission::catalog_review, {}});
    m.title = {fmt::format("共享申请 {} 答复已逾期，已报数据主管部门", r.number),
               fmt::format("The answer to sharing request {} is late; the data authority has been told", r.number)};
  } else {
    auto left = std::max(0, r.standing ? r.standing->left : 0);
    m.title = {left == 0 ? fmt::format("共享申请 {} 今天到期", r.number)
                         : fmt::format("共享申请 {} 还有 {} 个工作日到期", r.number, left),
               left == 0 ? fmt::format("Sharing request {} is due today", r.number)
                         : fmt::format("Sharing request {} is due in {} working days", r.number, left)};
  }
  return m;
}

}  // namespace qushu::sharing
