#include "qushu/base/json.h"
#include "qushu/opendata/opendata.h"

namespace qushu::opendata {
namespace {

using http::Method;
using http::Request;
using http::Response;
namespace schema = http::schema;

Releases::Cancelled gone(const Request& r) {
  return [client = r.client] { return client != nullptr && client->gone(); };
}

Proposal proposal_of(const Request& r) {
  const auto& o = r.body.as_object();
  Proposal p{.dataset = text_at(o, "dataset"),
             .fields = {},
             .licence = text_at(o, "licence"),
             .title_en = text_at(o, "title_en"),
             .abstract_en = text_at(o, "abstract_en"),
             .reason = text_at(o, "reason"),
             .excuses = {}};
  if (const auto* fields = o.if_contains("fields"))
    for (const auto& field : fields->as_array()) p.fields.emplace_back(field.as_string());
  if (const auto* excuses = o.if_contains("excuses"))
    for (const auto& [field, why] : excuses->as_object()) p.excuses.emplace(field, why.as_string());
  return p;
}

std::vector<http::Member> proposal_members() {
  return {{"dataset", schema::text().length(1, 100).note("数据集代码", "Dataset code")},
          {"fields", schema::array(schema::text().length(1, 200))
                         .length(0, 1000)
                         .optional()
                         .note("开放的信息项，标识符或名称；不写则为全部可以开放的",
                               "Fields to release, by id or name; all that may be, when left out")},
          {"excuses",
           schema::map(schema::text().length(1, 2000))
               .optional()
               .note("信息项与个人无关的理由；“*”为整个数据集", "Why a field is not about people; “*”: the whole dataset")}};
}

http::Schema text_schema() {
  return schema::object({{"zh", schema::text()}, {"en", schema::text()}}).nullable();
}

http::Schema check_schema() {
  return schema::object({{"version", schema::integer()},
                         {"passed", schema::boolean()},
                         {"failed", text_schema()},
                         {"fields", schema::array(schema::object(
                                        {{"id", schema::text()},
                                         {"name", schema::text()},
                                         {"level", schema::text()},
                                         {"role", schema::choice({"none", "identifier", "quasi", "sensitive"})},
                                         {"reason", text_schema()},
                                         {"blocked", text_schema().note("不能开放的原因", "Why it may not be released")},
                                         {"excused", schema::text()}}))},
                         {"quasi", schema::array(schema::text()).note("据以计算 k 的信息项", "Fields over which k is counted")},
                         {"k", schema::integer().note("要求的 k", "The k that is asked for")},
                         {"anonymity", schema::any()}})
      .named("ReleaseCheck");
}

http::Schema release_schema() {
  auto text = [] { return schema::text(); };
  auto step = [&] {
    return schema::object({{"person_name", text()}, {"comment", text()}, {"at", schema::time().nullable()}}).nullable();
  };
  return schema::object(
             {{"id", text()},
              {"code", text()},
              {"title", text()},
              {"department_name", text()},
              {"state", schema::choice({"proposed", "approved", "refused", "withdrawn", "superseded"})},
              {"fields", schema::array(text())},
              {"licence", text()},
              {"title_en", text()},
              {"abstract_en", text()},
              {"excuses", schema::map(text())},
              {"check", schema::any()},
              {"version", schema::integer().note("公众看到的版本", "The version that the public reads")},
              {"held", schema::any().note("没有通过检查的新版本及原因", "A newer version that did not pass, and why")},
              {"proposed", step()},
              {"decided", step()},
              {"withdrawn", step()},
              {"may", schema::array(text()).note("您现在可以进行的操作", "What you may do now")}})
      .named("Release");
}

http::Schema licence_schema() {
  auto text = [] { return schema::text(); };
  return schema::object({{"id", text()},
                         {"title_zh", text()},
                         {"title_en", text()},
                         {"text_zh", text()},
                         {"text_en", text()},
                         {"url", text()},
                         {"open", schema::boolean()},
                         {"retired", schema::boolean()},
                         {"position", schema::integer()}})
      .named("Licence");
}

json::object shown(const Actor& actor, const Release& r) {
  auto out = to_json(r);
  json::array may;
  for (auto step : possible(actor, r)) may.emplace_back(step);
  out["may"] = std::move(may);
  return out;
}

void add_reading(http::Router& router, Releases& releases) {
  auto who = http::may_any({Permission::dataset_write, Permission::catalog_review});
  router.add(
      {.method = Method::get,
       .path = "/api/v1/open/releases",
       .id = "releases",
       .tag = "open",
       .summary = {"向公众开放的数据和申请，新的在前", "What is released to the public or proposed, the newest first"},
       .who = who,
       .query = {{.name = "state", .shape = schema::choice({"proposed", "approved", "refused", "withdrawn", "superseded"})}},
       .answer = schema::object({{"releases", schema::array(release_schema())}}),
       .handler = [&releases](Request& r) -> Result<Response> {
         QS_TRY(auto list, releases.list(r.actor, r.get("state").value_or("")));
         json::array out;
         for (const auto& one : list) out.emplace_back(shown(r.actor, one));
         return Response::ok(json::object{{"releases", std::move(out)}});
       }});
  router.add({.method = Method::get,
              .path = "/api/v1/open/licences",
              .id = "licences",
              .tag = "open",
              .summary = {"开放许可", "Licences of open data"},
              .who = who,
              .answer = schema::object({{"licences", schema::array(licence_schema())}}),
              .handler = [&releases](Request&) -> Result<Response> {
                QS_TRY(auto list, releases.licences());
                json::array out;
                for (const auto& one : list) out.emplace_back(to_json(one));
                return Response::ok(json::object{{"licences", std::move(out)}});
              }});
}

void add_proposing(http::Router& router, Releases& releases) {
  router.add({.method = Method::post,
              .path = "/api/v1/open/check",
              .id = "release_check",
              .tag = "open",
              .summary = {"开放前的隐私检查：哪些信息项不能开放、为什么",
                          "The privacy check before a release: which fields may not be released, and why"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object(proposal_members()),
              .answer = check_schema(),
              .errors = {Code::not_found, Code::conflict, Code::invalid},
              .handler = [&releases](Request& r) -> Result<Response> {
                QS_TRY(auto found, releases.check(r.actor, proposal_of(r), gone(r)));
                return Response::ok(to_json(found));
              }});
  auto members = proposal_members();
  members.push_back({"licence", schema::text().length(1, 60)});
  for (const char* name : {"title_en", "abstract_en", "reason"})
    members.push_back({name, schema::text().length(0, 2000).optional()});
  router.add({.method = Method::post,
              .path = "/api/v1/open/releases",
              .id = "release_propose",
              .tag = "open",
              .summary = {"申请向公众开放一个数据集", "Propose a dataset for release to the public"},
              .who = http::may(Permission::dataset_write),
              .body = schema::object(std::move(members)),
              .answer = release_schema(),
              .answer_status = 201,
              .errors = {Code::not_found, Code::conflict, Code::invalid},
              .handler = [&releases](Request& r) -> Result<Response> {
                QS_TRY(auto made, releases.propose(r.actor, proposal_of(r), gone(r)));
                return Response::ok(shown(r.actor, made), 201);
              }});
}

void add_deciding(http::Router& router, Releases& releases) {
  auto body = [] { return schema::object({{"comment", schema::text().length(0, 2000).optional()}}); };
  auto comment = [](const Request& r) { return text_at(r.body.as_object(), "comment"); };
  auto add = [&](std::string step, Text summary, http::Access who, auto act) {
    router.add({.method = Method::post,
                .path = "/api/v1/open/releases/{id}/" + step,
                .id = "release_" + step,
                .tag = "open",
                .summary = std::move(summary),
                .who = std::move(who),
                .body = body(),
                .answer = release_schema(),
                .errors = {Code::not_found, Code::conflict, Code::invalid},
                .handler = [act](Request& r) -> Result<Response> {
                  QS_TRY(auto done, act(r));
                  return Response::ok(shown(r.actor, done));
                }});
  };
  add("approve", {"批准开放（须由另一人）", "Approve a release, which is for another person"},
      http::may(Permission::catalog_review),
      [&releases, comment](Request& r) { return releases.approve(r.actor, r.param("id"), comment(r), gone(r)); });
  add("refuse", {"不批准，须说明理由", "Refuse a release, with reasons"}, http::may(Permission::catalog_review),
      [&releases, comment](Request& r) { return releases.refuse(r.actor, r.param("id"), comment(r)); });
  add("withdraw", {"撤回开放，立即生效", "Withdraw a release, at once"},
      http::may_any({Permission::dataset_write, Permission::catalog_review}),
      [&releases, comment](Request& r) { return releases.withdraw(r.actor, r.param("id"), comment(r)); });
}

void add_licences(http::Router& router, Releases& releases) {
  router.add({.method = Method::put,
              .path = "/api/v1/open/licences/{id}",
              .id = "licence_keep",
              .tag = "open",
              .summary = {"新增或修改一个开放许可", "Add or change a licence"},
              .who = http::may(Permission::catalog_review),
              .body = schema::object({{"title_zh", schema::text().length(1, 200)},
                                      {"title_en", schema::text().length(1, 200)},
                                      {"text_zh", schema::text().length(0, 20000).optional()},
                                      {"text_en", schema::text().length(0, 20000).optional()},
                                      {"url", schema::text().length(0, 500).optional()},
                                      {"open", schema::boolean().optional()},
                                      {"retired", schema::boolean().optional()},
                                      {"position", schema::integer().range(0, 1000000).optional()}}),
              .answer = licence_schema(),
              .errors = {Code::invalid},
              .handler = [&releases](Request& r) -> Result<Response> {
                const auto& o = r.body.as_object();
                auto flag = [&](const char* key, bool otherwise) { return o.contains(key) ? o.at(key).as_bool() : otherwise; };
                QS_TRY(auto kept, releases.keep_licence(
                                      r.actor, {.id = r.param("id"),
                                                .title = {text_at(o, "title_zh"), text_at(o, "title_en")},
                                                .text = {text_at(o, "text_zh"), text_at(o, "text_en")},
                                                .url = text_at(o, "url"),
                                                .open = flag("open", true),
                                                .retired = flag("retired", false),
                                                .position = o.contains("position") ? o.at("position").as_int64() : 100}));
                return Response::ok(to_json(kept));
              }});
}

}  // namespace

void add_release_routes(http::Router& router, Releases& releases) {
  add_reading(router, releases);
  add_proposing(router, releases);
  add_deciding(router, releases);
  add_licences(router, releases);
}

}  // namespace qushu::opendata
