// The demo district's catalogue, what it opens to the public, and what its departments ask of each other: done by the people
// whose duty it is, through the same steps that they take in the console.
#include <array>
#include <iostream>

#include <fmt/format.h>

#include "qushu/demo/demo.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

struct Catalogued {
  const char *code, *classification, *provider_code, *condition;
  bool open;
  const char *title_en, *abstract_en;
};
// The codes of providers are made up: their division, 990105, is assigned to nobody.
constexpr std::array kCatalogued{
    Catalogued{"facility", "209", "119901050000000061", "", true, "Public facilities",
               "Where schools, clinics, parks and car parks of the district are, and whether they are open."},
    Catalogued{"air_quality", "211", "119901050000000045", "", true, "Air quality by the hour",
               "What six stations of the district measured, hour by hour."},
    Catalogued{"population", "101", "119901050000000029", "", true, "Population by street",
               "Registered and resident population of each street and town, year by year."},
    Catalogued{"division_county", "101", "119901050000000053", "", true, "Divisions of the country at county level",
               "Codes and names of counties and districts by GB/T 2260."},
    Catalogued{"enterprise", "102", "119901050000000012", "用于统计分析、行业监管", false, "", ""},
    Catalogued{"inspection", "205", "119901050000000038", "用于安全生产监管和决策研究", false, "", ""}};
constexpr const char* kAssessed = "2026-03-02";

Result<Actor> person(System& s, std::string_view login) {
  QS_TRY(auto actor, s.identity->actor_of(login));
  actor.via = "cli";
  actor.from = "local";
  return actor;
}

// From a draft to the published entry: described and graded by one person, reviewed by another, as often as it needs.
Result<void> catalogue(System& s, const Actor& keeper, const Actor& reviewer, const Catalogued& c) {
  catalog::EntryChange change;
  change.texts = {{"provider_code", c.provider_code},
                  {"format", "database"},
                  {"sharing_condition", c.condition},
                  {"sharing_method", "service"},
                  {"open_type", c.open ? "unconditional" : "none"}};
  change.classifications = {c.classification};
  change.secrecy = {.conclusion = "pass", .by = "保密审查小组", .on = kAssessed, .note = {}};
  change.personal = {.conclusion = c.open ? "pass" : "measures",
                     .by = "数据安全小组",
                     .on = kAssessed,
                     .note = c.open ? "" : "身份证号、姓名、电话脱敏后共享"};
  change.approval = {.by = "局长办公会", .on = kAssessed, .note = {}};
  QS_CHECK(s.desk->change(keeper, c.code, std::move(change)));
  QS_TRY(auto grades, s.desk->grading(keeper, c.code));
  std::map<std::string, std::string> levels;
  for (const auto& grade : grades) levels[grade.item.id] = c.open ? "1" : grade.proposal.level;
  QS_CHECK(s.desk->grade(keeper, c.code, levels));
  QS_CHECK(s.desk->step(keeper, c.code, "submit", "请审核"));
  QS_CHECK(s.desk->step(reviewer, c.code, "register", "同意登记"));
  QS_CHECK(s.desk->step(keeper, c.code, "submit", "请审核"));
  QS_CHECK(s.desk->step(reviewer, c.code, "publish", "同意发布"));
  return {};
}

Result<void> open_up(System& s, const Actor& keeper, const Actor& reviewer, const Catalogued& c) {
  auto never = [] { return false; };
  QS_TRY(auto proposed, s.releases->propose(keeper,
                                            {.dataset = c.code,
                                             .fields = {},
                                             .licence = "cc-by",
                                             .title_en = c.title_en,
                                             .abstract_en = c.abstract_en,
                                             .reason = "列入年度开放清单",
                                             .excuses = {{std::string(opendata::kWhole), "不涉及个人"}}},
                                            never));
  QS_CHECK(s.releases->approve(reviewer, proposed.id, "同意开放", never));
  return {};
}

// What is asked for: every field of a dataset.
Result<sharing::NewRequest> request_for(System& s, const Actor& who, const char* code, const char* basis,
                                        const char* scenario) {
  QS_TRY(auto entry, s.desk->published(who, code));
  json::array fields;
  for (const auto& item : entry.entry.items) fields.push_back(json::object{{"id", item.id}});
  return sharing::NewRequest{.dataset = code,
                             .basis = basis,
                             .scenario = scenario,
                             .terms = {{"fields", std::move(fields)},
                                       {"methods", json::array{"api", "sql", "file"}},
                                       {"purpose", scenario},
                                       {"named_purpose", "statistics"}}};
}

// What the provider gives of it: what names people only as a keyed hash or with its middle hidden.
Result<json::object> narrowed(System& s, const Actor& officer, const char* code, json::object terms) {
  QS_TRY(auto entry, s.desk->published(officer, code));
  json::array fields;
  for (const auto& item : entry.entry.items) {
    json::object field{{"id", item.id}};
    if (item.name.ends_with("身份证号")) field["mask"] = json::object{{"kind", "hash"}, {"algorithm", "hmac-sm3"}};
    if (item.name == "联系电话") field["mask"] = json::object{{"kind", "partial"}, {"first", 3}, {"last", 4}};
    fields.emplace_back(std::move(field));
  }
  terms["fields"] = std::move(fields);
  return terms;
}

Result<void> share(System& s) {
  QS_TRY(auto asker, person(s, "user"));
  QS_TRY(auto made, s.requests->list(asker, {.box = "mine"}));
  if (!made.empty()) return {};
  QS_TRY(auto asking, person(s, "officer"));
  QS_TRY(auto giving, person(s, "officer_scjg"));
  QS_TRY(auto firms, request_for(s, asker, "enterprise", "《统计法》第二十条", "按行业和街道核对基本单位名录"));
  auto wanted = firms.terms;
  QS_TRY(auto first, s.requests->submit(asker, firms));
  QS_CHECK(s.requests->approve(asking, first.id, "名录库年度核对所需"));
  QS_TRY(auto given, narrowed(s, giving, "enterprise", std::move(wanted)));
  QS_CHECK(s.requests->grant(giving, first.id, given, "同意共享，身份证号和电话脱敏"));
  // Two that wait: one for the provider, one for the asking side.
  QS_TRY(auto checks, request_for(s, asker, "inspection", "《安全生产法》第十条", "编制安全生产统计年报"));
  QS_TRY(auto second, s.requests->submit(asker, checks));
  QS_CHECK(s.requests->approve(asking, second.id, "年报所需"));
  QS_TRY(auto again, request_for(s, asker, "inspection", "《统计法》第二十条", "按行业分析隐患整改情况"));
  QS_CHECK(s.requests->submit(asker, again));
  return {};
}

}  // namespace

Result<void> fill_sharing(System& s, Lang lang) {
  QS_TRY(auto keeper, person(s, "operator"));
  QS_TRY(auto reviewer, person(s, "reviewer"));
  std::size_t listed = 0, opened = 0;
  for (const auto& c : kCatalogued) {
    auto standing = s.desk->standing(keeper, c.code);
    if (!standing && standing.error().code == Code::not_found) continue;  // no reference data on this machine
    QS_CHECK(standing);
    if (standing->dataset.entry_state != "draft" || standing->dataset.face != 0) continue;
    QS_CHECK(catalogue(s, keeper, reviewer, c));
    ++listed;
    if (!c.open) continue;
    QS_CHECK(open_up(s, keeper, reviewer, c));
    ++opened;
  }
  QS_CHECK(share(s));
  if (listed == 0) return {};
  QS_CHECK(s.boundaries->replace(reviewer, demo::boundaries()));
  std::cout << (lang == Lang::zh
                    ? fmt::format("  目录发布 {} 项，向社会开放 {} 项，共享申请 3 件\n", listed, opened)
                    : fmt::format("  {} entries published, {} open to the public, 3 sharing requests\n", listed, opened))
            << std::flush;
  return {};
}

}  // namespace qushu::app
