#include "ckan.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "ckan_desk.h"

namespace qushu::opendata {

Failure not_there() {
  return fail(Code::not_found, "open.not_found", "没有找到。", "Not found");
}

Failure missing_parameter(std::string_view parameter) {
  return fail(Error{.code = Code::invalid,
                    .id = "open.parameter",
                    .text = {"缺少这个参数。", "Missing value"},
                    .subject = std::string(parameter)});
}

json::object Flaws::in(Lang lang) const {
  json::object out;
  for (const auto& [field, text] : all_) {
    auto& list = out[field];
    if (!list.is_array()) list = json::array();
    list.as_array().emplace_back(text.in(lang));
  }
  return out;
}

Ckan::Ckan(PublicDeps deps) : deps_(std::move(deps)), desk_(std::make_unique<CkanDesk>(deps_)) {}
Ckan::~Ckan() = default;

std::string base_of(const http::Request& r, const Settings& settings) {
  auto given = settings.text("opendata.url");
  if (!given.empty()) {
    while (given.ends_with('/')) given.pop_back();
    return given;
  }
  auto host = r.header("host");
  bool plain = !host.empty() && std::ranges::all_of(host, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view(".-:[]").contains(c);
  });
  return std::string(r.secure ? "https://" : "http://") + (plain ? host : "localhost");
}

engine::Limits Ckan::limits(std::string_view setting, const CkanCall& call) const {
  return {.time = std::chrono::seconds(deps_.settings.integer(setting)), .cancelled = call.cancelled};
}

// --- packages
// ------------------------------------------------------------------------------------------------------------------

Result<std::string> Ckan::package_list(const CkanCall& call) const {
  QS_TRY(auto limit, call.params.count("limit", 1'000'000, 1'000'000));
  QS_TRY(auto offset, call.params.count("offset", 0, 1'000'000'000));
  QS_TRY(auto found, deps_.shelf.search({.sort = "name asc", .rows = limit, .start = offset}));
  json::array out;
  for (const auto& p : found.packages) out.emplace_back(p->name);
  return json::serialize(out);
}

Result<std::string> Ckan::package_show(const CkanCall& call) const {
  auto id = call.params.text("id");
  if (id.empty()) id = call.params.text("name_or_id");
  if (id.empty()) return missing_parameter("id");
  QS_TRY(auto kept, desk_->package(call, id));
  if (kept) return json::serialize(*kept);
  QS_TRY(auto p, deps_.shelf.package(id));
  if (!p) return not_there();
  QS_TRY(auto out, package_json(*p, call));
  return json::serialize(out);
}

// The packages as a JSON list, of each the members that `fields` names; all of them without it.
Result<std::string> Ckan::results_of(const std::vector<PackagePtr>& packages, const std::vector<std::string>& fields,
                                     const CkanCall& call) const {
  std::string out = "[";
  for (const auto& p : packages) {
    if (out.size() > 1) out += ',';
    if (fields.empty()) {
      QS_TRY(auto text, package_text(p, call));
      out += *text;
      continue;
    }
    QS_TRY(auto all, package_json(*p, call));
    json::object some;
    for (const auto& field : fields)
      if (const auto* value = all.if_contains(field)) some[field] = *value;
    out += json::serialize(some);
  }
  return out + "]";
}

Result<std::string> Ckan::package_search(const CkanCall& call) const {
  const auto& params = call.params;
  PackageSearch query{.q = params.text("q"), .fq = {}, .sort = params.text("sort")};
  if (auto fq = params.text("fq"); !fq.empty()) query.fq.push_back(std::move(fq));
  if (params.value("fq_list").is_array())
    for (auto& fq : params.list("fq_list")) query.fq.push_back(std::move(fq));
  QS_TRY(query.rows, params.count("rows", 10, 1000));
  QS_TRY(query.start, params.count("start", 0, 1'000'000'000));
  // -1 is CKAN's word for all of them.
  if (params.text("facet.limit") == "-1") {
    query.facet_limit = 0;
  } else {
    QS_TRY(query.facet_limit, params.count("facet.limit", 50, 10'000));
  }
  QS_TRY(query.facet_mincount, params.count("facet.mincount", 1, 1'000'000'000));
  QS_TRY(auto facets, params.flag("facet", true));
  if (facets)
    for (auto& name : params.list("facet.field")) {
      if (!is_facet(name))
        return fail(Error{.code = Code::invalid,
                          .id = "open.query",
                          .text = {fmt::format("不能按“{}”分面。", name), fmt::format("“{}” is no facet.", name)},
                          .subject = "facet.field"});
      query.facets.push_back(std::move(name));
    }
  QS_TRY(auto found, deps_.shelf.search(query));
  auto lang = call.actor.lang;
  json::object counts, facets_out;
  for (const auto& [name, values] : found.facets) {
    json::object plain;
    json::array items;
    for (const auto& v : values) {
      auto line = v.title.find('\n');
      auto title = line == std::string::npos ? v.title : lang == Lang::zh ? v.title.substr(0, line) : v.title.substr(line + 1);
      plain[v.name] = v.count;
      items.emplace_back(json::object{{"name", v.name}, {"display_name", title}, {"count", v.count}});
    }
    counts[name] = std::move(plain);
    facets_out[name] = json::object{{"title", name}, {"items", std::move(items)}};
  }
  auto out = json::serialize(json::object{{"count", found.count},
                                          {"facets", std::move(counts)},
                                          {"sort", query.sort.empty() ? "score desc, metadata_modified desc" : query.sort},
                                          {"search_facets", std::move(facets_out)}});
  QS_TRY(auto results, results_of(found.packages, params.list("fl"), call));
  out.pop_back();
  return out + ",\"results\":" + results + "}";
}

Result<std::string> Ckan::current_packages(const CkanCall& call) const {
  QS_TRY(auto limit, call.params.count("limit", 1000, 1000));
  QS_TRY(auto offset, call.params.count("offset", 0, 1'000'000'000));
  QS_TRY(auto found, deps_.shelf.search({.sort = "metadata_modified desc", .rows = limit, .start = offset}));
  return results_of(found.packages, {}, call);
}

Result<std::string> Ckan::resource_show(const CkanCall& call) const {
  auto id = call.params.text("id");
  if (id.empty()) return missing_parameter("id");
  QS_TRY(auto kept, desk_->resource(call, id));
  if (kept) return json::serialize(*kept);
  std::size_t format = 0;
  QS_TRY(auto p, deps_.shelf.of_resource(id, format));
  if (!p) return not_there();
  return json::serialize(resource_json(*p, format, call));
}

// --- organizations, groups, tags
// -----------------------------------------------------------------------------------------------

Result<std::optional<Group>> Ckan::group_named(const char* facet, std::string_view name) const {
  QS_TRY(auto found, deps_.shelf.search({.q = fmt::format("{}:\"{}\"", facet, name), .rows = 1}));
  if (found.packages.empty()) return std::nullopt;
  const auto& package = *found.packages.front();
  if (std::string_view(facet) == "organization") return package.organization;
  auto group = std::ranges::find(package.groups, name, &Group::name);
  return group == package.groups.end() ? std::nullopt : std::optional(*group);
}

Result<std::optional<Group>> Ckan::find_group(const char* facet, std::string_view id) const {
  QS_TRY(auto all, deps_.shelf.search({.rows = 0, .facets = {facet}, .facet_limit = 0}));
  for (const auto& value : all.facets[facet]) {
    QS_TRY(auto group, group_named(facet, value.name));
    if (group && (group->name == id || group->id == id)) return group;
  }
  return std::nullopt;
}

Result<std::string> Ckan::groups_of(const CkanCall& call, const char* facet) const {
  QS_TRY(auto full, call.params.flag("all_fields", false));
  QS_TRY(auto limit, call.params.count("limit", full ? 25 : 1000, 1000));
  QS_TRY(auto offset, call.params.count("offset", 0, 1'000'000'000));
  QS_TRY(auto found, deps_.shelf.search({.rows = 0, .facets = {facet}, .facet_limit = 0}));
  auto& values = found.facets[facet];
  auto sort = call.params.text("sort");
  if (!sort.contains("package_count")) std::ranges::sort(values, {}, &FacetValue::name);
  if (sort.starts_with("title")) std::ranges::sort(values, {}, &FacetValue::title);
  if (sort.ends_with("desc") && !sort.contains("package_count")) std::ranges::reverse(values);
  bool organization = std::string_view(facet) == "organization";
  json::array out;
  for (std::size_t i = offset; i < values.size() && out.size() < limit; ++i) {
    if (!full) {
      out.emplace_back(values[i].name);
      continue;
    }
    QS_TRY(auto g, group_named(facet, values[i].name));
    if (!g) continue;
    auto object = organization ? organization_json(*g) : group_json(*g);
    object["display_name"] = g->title;
    object["package_count"] = values[i].count;
    out.emplace_back(std::move(object));
  }
  return json::serialize(out);
}

Result<std::string> Ckan::group_of(const CkanCall& call, const char* facet) const {
  auto id = call.params.text("id");
  if (id.empty()) return missing_parameter("id");
  QS_TRY(auto g, find_group(facet, id));
  if (!g) return not_there();
  QS_TRY(auto found,
         deps_.shelf.search({.q = fmt::format("{}:\"{}\"", facet, g->name), .sort = "metadata_modified desc", .rows = 1000}));
  auto out = std::string_view(facet) == "organization" ? organization_json(*g) : group_json(*g);
  out["display_name"] = g->title;
  out["package_count"] = found.count;
  out["users"] = json::array();
  out["tags"] = json::array();
  out["extras"] = json::array();
  out["groups"] = json::array();
  QS_TRY(auto with, call.params.flag("include_datasets", false));
  if (with) {
    json::array packages;
    for (const auto& p : found.packages) {
      QS_TRY(auto one, package_json(*p, call));
      packages.emplace_back(std::move(one));
    }
    out["packages"] = std::move(packages);
  }
  return json::serialize(out);
}

Result<std::string> Ckan::organization_list(const CkanCall& call) const {
  return groups_of(call, "organization");
}
Result<std::string> Ckan::organization_show(const CkanCall& call) const {
  return group_of(call, "organization");
}
Result<std::string> Ckan::group_list(const CkanCall& call) const {
  return groups_of(call, "groups");
}
Result<std::string> Ckan::group_show(const CkanCall& call) const {
  return group_of(call, "groups");
}

Result<std::string> Ckan::tag_list(const CkanCall& call) const {
  QS_TRY(auto full, call.params.flag("all_fields", false));
  auto wanted = lower_ascii(call.params.text("query"));
  if (!call.params.text("vocabulary_id").empty()) return not_there();
  QS_TRY(auto found, deps_.shelf.search({.rows = 0, .facets = {"tags"}, .facet_limit = 0}));
  auto& values = found.facets["tags"];
  std::ranges::sort(values, {}, &FacetValue::name);
  json::array out;
  for (const auto& v : values) {
    if (!lower_ascii(v.name).contains(wanted)) continue;
    out.emplace_back(full ? json::value(tag_json(v.name)) : json::value(v.name));
  }
  return json::serialize(out);
}

Result<std::string> Ckan::tag_show(const CkanCall& call) const {
  auto wanted = call.params.text("id");
  if (wanted.empty()) return missing_parameter("id");
  QS_TRY(auto full, call.params.flag("include_datasets", false));
  QS_TRY(auto found, deps_.shelf.search({.rows = 0, .facets = {"tags"}, .facet_limit = 0}));
  for (const auto& v : found.facets["tags"]) {
    auto tag = tag_json(v.name);
    if (v.name != wanted && std::string_view(tag.at("id").as_string()) != wanted) continue;
    if (!full) return json::serialize(tag);
    constexpr std::size_t kMost = 1000;
    auto name = v.name;
    std::erase_if(name, [](char c) { return c == '"' || c == '\\'; });
    QS_TRY(auto tagged, deps_.shelf.search({.fq = {"tags:\"" + name + "\""}, .sort = "name asc", .rows = kMost}));
    json::array packages;
    for (const auto& p : tagged.packages) {
      QS_TRY(auto one, package_json(*p, call));
      packages.emplace_back(std::move(one));
    }
    tag["packages"] = std::move(packages);
    return json::serialize(tag);
  }
  return not_there();
}

// --- the rest
// ------------------------------------------------------------------------------------------------------------------

Result<std::string> Ckan::license_list(const CkanCall& call) const {
  QS_TRY(auto licences, deps_.shelf.licences());
  json::array out;
  for (const auto& l : *licences)
    out.emplace_back(json::object{{"id", l.id},
                                  {"title", l.title.in(call.actor.lang)},
                                  {"url", l.url},
                                  {"status", l.retired ? "retired" : "active"},
                                  {"family", ""},
                                  {"maintainer", ""},
                                  {"domain_content", true},
                                  {"domain_data", true},
                                  {"domain_software", false},
                                  {"od_conformance", l.open ? "approved" : "not reviewed"},
                                  {"osd_conformance", "not reviewed"},
                                  {"is_generic", false},
                                  {"is_okd_compliant", l.open},
                                  {"is_osi_compliant", false}});
  return json::serialize(out);
}

Result<std::string> Ckan::status_show(const CkanCall& call) const {
  auto lang = call.actor.lang;
  return json::serialize(
      json::object{{"ckan_version", "2.11.0"},
                   {"site_url", call.base},
                   {"site_title", deps_.settings.text(lang == Lang::zh ? "opendata.title" : "opendata.title_en")},
                   {"site_description", ""},
                   {"error_emails_to", nullptr},
                   {"locale_default", "zh_Hans_CN"},
                   {"extensions", json::array{"datastore"}}});
}

}  // namespace qushu::opendata
