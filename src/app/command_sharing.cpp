#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using sharing::SharingRequest;

// Terms as JSON, or @FILE that holds them.
Result<json::object> terms_in(const std::string& given) {
  QS_TRY(auto value, json_in(given));
  if (value.is_object()) return value.get_object();
  return fail(Error{
      .code = Code::invalid,
      .id = "cli.json",
      .text =
          {R"(应为 JSON 对象，例如 {"fields": [{"id": "name"}], "methods": ["api"], "purpose": "核对"}，或 @文件。)",
           R"(Expected a JSON object, such as {"fields": [{"id": "name"}], "methods": ["api"], "purpose": "…"}, or @FILE.)"},
      .subject = "--terms"});
}

Result<void> print_request(const Result<SharingRequest>& request, const Common& common) {
  QS_CHECK(request);
  const auto& r = *request;
  if (common.json) {
    print(sharing::to_json(r));
    return {};
  }
  std::cout << fmt::format("#{} {}  {} → {}  {}  {}\n", r.number, r.dataset_title, r.department_name, r.provider_name,
                           sharing::title(r.state).in(common.lang), r.standing ? calendar::to_text(r.standing->last_day) : "");
  std::cout << r.basis << '\n' << r.scenario << '\n';
  if (!r.answer.empty()) std::cout << "→ " << r.answer << '\n';
  return {};
}

void print_requests(const std::vector<SharingRequest>& list, const Common& common) {
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : list) {
    out.emplace_back(sharing::to_json(r));
    rows.push_back({r.id, std::to_string(r.number), r.dataset_title, r.department_name, r.provider_name,
                    sharing::title(r.state).in(common.lang), r.standing ? calendar::to_text(r.standing->last_day) : ""});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh
                    ? std::vector<std::string>{"编号", "号", "数据集", "申请部门", "提供部门", "状态", "期限"}
                    : std::vector<std::string>{"id", "no", "dataset", "asked by", "provider", "state", "due"},
                rows);
}

void print_grants(const std::vector<sharing::Grant>& list, const Common& common) {
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& g : list) {
    out.emplace_back(sharing::to_json(g));
    rows.push_back({g.id, std::to_string(g.number), g.dataset_title, g.provider_name, g.department_name,
                    sharing::title(g.state).in(common.lang), g.terms.until ? to_iso(*g.terms.until) : ""});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh
                    ? std::vector<std::string>{"编号", "号", "数据集", "提供部门", "使用部门", "状态", "到期"}
                    : std::vector<std::string>{"id", "no", "dataset", "provider", "used by", "state", "until"},
                rows);
}

struct Words {
  std::string id, dataset, department, basis, scenario, terms, text, box;
  int days = 0;
};

void add_submit(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto w = std::make_shared<Words>();
  auto* submit = add_command(group, common, chosen, "submit", {"代一个部门申请共享", "Ask on behalf of a department"},
                             [&common, w](System& s, const Actor& actor) -> Result<void> {
                               QS_TRY(auto terms, terms_in(w->terms));
                               return print_request(s.requests->submit(actor, {.dataset = w->dataset,
                                                                               .basis = w->basis,
                                                                               .scenario = w->scenario,
                                                                               .terms = std::move(terms),
                                                                               .department = w->department}),
                                                    common);
                             });
  submit->add_option("dataset", w->dataset, zh ? "数据集代码" : "Code of the dataset")->required();
  submit->add_option("--department", w->department, zh ? "申请部门（不用 --as 时）" : "The department that asks, without --as");
  submit->add_option("--basis", w->basis, zh ? "申请依据" : "The basis")->required();
  submit->add_option("--scenario", w->scenario, zh ? "使用场景" : "The scenario")->required();
  submit->add_option("--terms", w->terms, zh ? "信息项、方式、用途：JSON 或 @文件" : "Fields, methods, purpose: JSON or @FILE")
      ->required();
}

// The steps that take an id and a text.
void add_steps(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  using Step = Result<SharingRequest> (sharing::Requests::*)(const Actor&, std::string_view, std::string_view);
  struct Named {
    const char* name;
    Text text;
    Step step;
    bool reason;
  };
  for (const auto& named :
       {Named{"approve", {"申请部门同意", "Approve on the asking side"}, &sharing::Requests::approve, false},
        Named{"decline", {"申请部门不同意", "Decline on the asking side"}, &sharing::Requests::decline, true},
        Named{"refuse", {"不予共享", "Refuse it"}, &sharing::Requests::refuse, true},
        Named{"return", {"退回补正", "Return it, with everything that is missing"}, &sharing::Requests::give_back, true},
        Named{"consent", {"同意延长答复", "Consent to more days"}, &sharing::Requests::consent, false},
        Named{"confirm", {"数据主管部门复核同意", "Confirm what was granted"}, &sharing::Requests::confirm, false},
        Named{"object", {"数据主管部门复核不同意", "Object to what was granted"}, &sharing::Requests::object, true}}) {
    auto w = std::make_shared<Words>();
    auto* command = add_command(group, common, chosen, named.name, named.text,
                                [&common, w, step = named.step](System& s, const Actor& actor) {
                                  return print_request((*s.requests.*step)(actor, w->id, w->text), common);
                                });
    command->add_option("id", w->id, zh ? "申请编号" : "The request's id")->required();
    auto* text = command->add_option("--text", w->text, zh ? "意见或理由" : "Opinion or reasons");
    if (named.reason) text->required();
  }
}

void add_requests(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("request", zh ? "共享申请" : "Sharing requests")->require_subcommand(1);
  auto w = std::make_shared<Words>();
  auto* list =
      add_command(*group, common, chosen, "list", {"列出共享申请", "List requests"},
                  [&common, w](System& s, const Actor& actor) -> Result<void> {
                    constexpr std::size_t kMost = 500;
                    QS_TRY(auto found, w->box == "waiting"
                                           ? s.requests->waiting(actor)
                                           : s.requests->list(actor, {.box = "", .state = {}, .before = {}, .limit = kMost}));
                    print_requests(found, common);
                    return {};
                  });
  list->add_option("--box", w->box, zh ? "waiting：只列等待处理的" : "waiting: only those that wait")
      ->check(CLI::IsMember({"waiting", "all"}));
  auto* show = add_command(
      *group, common, chosen, "show", {"查看共享申请", "Show a request"},
      [&common, w](System& s, const Actor& actor) { return print_request(s.requests->find(actor, w->id), common); });
  auto* grant = add_command(*group, common, chosen, "grant", {"同意共享：全部或部分", "Grant it, whole or in part"},
                            [&common, w](System& s, const Actor& actor) -> Result<void> {
                              json::value terms;
                              if (!w->terms.empty()) {
                                QS_TRY(terms, terms_in(w->terms));
                              }
                              return print_request(s.requests->grant(actor, w->id, terms, w->text), common);
                            });
  auto* extend = add_command(*group, common, chosen, "extend", {"申请延长答复期限", "Ask for more days"},
                             [&common, w](System& s, const Actor& actor) {
                               return print_request(s.requests->extend(actor, w->id, w->days, w->text), common);
                             });
  for (auto* c : {show, grant, extend}) c->add_option("id", w->id, zh ? "申请编号" : "The request's id")->required();
  grant->add_option("--terms", w->terms,
                    zh ? "授权的范围：JSON 或 @文件，缺省为申请的全部" : "What is granted: JSON or @FILE; all by default");
  grant->add_option("--text", w->text, zh ? "意见" : "Opinion");
  extend->add_option("--days", w->days, zh ? "工作日" : "Working days")->required();
  extend->add_option("--text", w->text, zh ? "理由" : "Reasons")->required();
  add_submit(*group, common, chosen);
  add_steps(*group, common, chosen);
}

void add_grants(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("grant", zh ? "共享授权" : "Grants")->require_subcommand(1);
  auto w = std::make_shared<Words>();
  auto* list = add_command(
      *group, common, chosen, "list", {"列出共享授权", "List grants"},
      [&common, w](System& s, const Actor& actor) -> Result<void> {
        constexpr std::size_t kMost = 500;
        QS_TRY(auto found,
               s.grants->list(actor, {.box = "", .dataset = w->dataset, .state = {}, .before = {}, .limit = kMost}));
        print_grants(found, common);
        return {};
      });
  list->add_option("--dataset", w->dataset, zh ? "数据集代码" : "Code of the dataset");
  add_usage_commands(*group, common, chosen);
  struct Move {
    const char* name;
    Text text;
    sharing::GrantState to;
  };
  for (const auto& move :
       {Move{"suspend", {"暂停授权，立即生效", "Suspend it, at once"}, sharing::GrantState::suspended},
        Move{"resume", {"恢复授权", "Resume it"}, sharing::GrantState::active},
        Move{"terminate", {"终止授权，不能恢复", "Terminate it, for good"}, sharing::GrantState::terminated}}) {
    auto one = std::make_shared<Words>();
    auto* command = add_command(*group, common, chosen, move.name, move.text,
                                [&common, one, to = move.to](System& s, const Actor& actor) -> Result<void> {
                                  QS_TRY(auto g, s.grants->move(actor, one->id, to, one->text));
                                  print_grants({g}, common);
                                  return {};
                                });
    command->add_option("id", one->id, zh ? "授权编号" : "The grant's id")->required();
    auto* reason = command->add_option("--reason", one->text, zh ? "原因" : "Reason");
    if (move.to != sharing::GrantState::active) reason->required();
  }
}

}  // namespace

void add_sharing_commands(CLI::App& app, Common& common, Chosen& chosen) {
  add_requests(app, common, chosen);
  add_grants(app, common, chosen);
}

}  // namespace qushu::app
