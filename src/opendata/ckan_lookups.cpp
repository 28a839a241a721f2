// What clients look up while somebody types, and lists of one kind: files by their fields, tags, formats, departments of a
// steward.
#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/sharing/policy.h"

#include "ckan.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kEverything = 1'000'000;

Failure wrong(std::string_view parameter, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "open.parameter",
                    .text = {std::move(zh), std::move(en)},
                    .subject = std::string(parameter)});
}

// The members of a file that can be searched and sorted by, without making the rest of it.
std::optional<std::string> member_of(const Package& p, std::size_t position, std::string_view name, const CkanCall& call) {
  const auto& format = file_formats()[position];
  if (name == "id") return resource_id(p, format);
  if (name == "package_id") return p.id;
  if (name == "format") return std::string(format.name);
  if (name == "mimetype") return std::string(format.media_type);
  if (name == "url_type") return position == 0 ? "datastore" : "";
  if (name == "created") return stamp(p.created);
  if (name == "last_modified" || name == "metadata_modified") return stamp(p.modified);
  if (name == "name") return resource_name(p, position);
  if (name == "url") return resource_url(p, position, call);
  if (name == "description" || name == "hash") return "";
  return std::nullopt;
}

// `field:term`, as resource_search takes it.
struct Term {
  std::string field, text;  // lower case
};

Result<std::vector<Term>> terms(const CkanCall& call) {
  auto given = call.params.value("query");
  if (given.is_null()) return missing_parameter("query");
  std::vector<Term> out;
  for (const auto& one : given.is_array() ? call.params.list("query") : std::vector{call.params.text("query")}) {
    auto colon = one.find(':');
    if (colon == std::string::npos || colon == 0)
      return wrong("query", "应写成 字段:词，例如 format:csv。", "Must be <field>:<value> pair(s)");
    out.push_back({.field = std::string(trim(one.substr(0, colon))), .text = lower_ascii(trim(one.substr(colon + 1)))});
    if (!member_of({}, 0, out.back().field, call))
      return wrong("query", fmt::format("不能按“{}”检索文件。", out.back().field),
                   fmt::format("Field \"{}\" not recognised in resource_search.", out.back().field));
  }
  return out;
}

}  // namespace

Result<std::string> Ckan::package_autocomplete(const CkanCall& call) const {
  auto wanted = lower_ascii(trim(call.params.text("q")));
  if (wanted.empty()) return missing_parameter("q");
  QS_TRY(auto limit, call.params.count("limit", 10, 100));
  json::array out;
  QS_TRY(auto all, deps_.shelf.search({.sort = "name asc", .rows = 1'000'000}));
  for (const auto& p : all.packages) {
    if (out.size() >= limit) break;
    const bool by_name = lower_ascii(p->name).starts_with(wanted);
    if (!by_name && !lower_ascii(p->title + "\n" + p->title_en).contains(wanted)) continue;
    out.emplace_back(json::object{{"name", p->name},
                                  {"title", p->title},
                                  {"match_field", by_name ? "name" : "title"},
                                  {"match_displayed", by_name ? p->name : fmt::format("{} ({})", p->title, p->name)}});
  }
  return json::serialize(out);
}

Result<std::string> Ckan::groups_like(const CkanCall& call, const char* facet) const {
  auto wanted = lower_ascii(trim(call.params.text("q")));
  if (wanted.empty()) return missing_parameter("q");
  QS_TRY(auto limit, call.params.count("limit", 20, 100));
  QS_TRY(auto found, deps_.shelf.search({.rows = 0, .facets = {facet}, .facet_limit = 0}));
  json::array out;
  for (const auto& v : found.facets[facet]) {
    if (out.size() >= limit) break;
    if (!lower_ascii(v.name + "\n" + v.title).contains(wanted)) continue;
    QS_TRY(auto g, group_named(facet, v.name));
    if (g) out.emplace_back(json::object{{"id", g->id}, {"name", g->name}, {"title", g->title}});
  }
  return json::serialize(out);
}

Result<std::string> Ckan::organization_autocomplete(const CkanCall& call) const {
  return groups_like(call, "organization");
}
Result<std::string> Ckan::group_autocomplete(const CkanCall& call) const {
  return groups_like(call, "groups");
}

// The tags that have the words of `query` (or `q`) in them, the commonest first.
Result<std::vector<std::string>> Ckan::tags_like(const CkanCall& call) const {
  auto words = call.params.has("query") ? call.params.list("query") : call.params.list("q");
  if (words.empty()) return missing_parameter("query");
  QS_TRY(auto found, deps_.shelf.search({.rows = 0, .facets = {"tags"}, .facet_limit = 0}));
  std::vector<std::string> out;
  // There is no vocabulary of tags: who asks for the tags of one gets none.
  if (!call.params.text("vocabulary_id").empty()) return out;
  for (const auto& v : found.facets["tags"])
    if (std::ranges::any_of(words, [&](const std::string& w) { return lower_ascii(v.name).contains(lower_ascii(w)); }))
      out.push_back(v.name);
  return out;
}

Result<std::string> Ckan::tag_autocomplete(const CkanCall& call) const {
  QS_TRY(auto tags, tags_like(call));
  QS_TRY(auto limit, call.params.count("limit", 10, 1000));
  QS_TRY(auto offset, call.params.count("offset", 0, kEverything));
  json::array out;
  for (std::size_t i = offset; i < tags.size() && out.size() < limit; ++i) out.emplace_back(tags[i]);
  return json::serialize(out);
}

Result<std::string> Ckan::tag_search(const CkanCall& call) const {
  QS_TRY(auto tags, tags_like(call));
  QS_TRY(auto limit, call.params.count("limit", 1000, 1000));
  QS_TRY(auto offset, call.params.count("offset", 0, kEverything));
  json::array results;
  for (std::size_t i = offset; i < tags.size() && results.size() < limit; ++i) results.emplace_back(tag_json(tags[i]));
  return json::serialize(json::object{{"count", tags.size()}, {"results", std::move(results)}});
}

Result<std::string> Ckan::format_autocomplete(const CkanCall& call) const {
  auto wanted = lower_ascii(trim(call.params.text("q")));
  if (wanted.empty()) return missing_parameter("q");
  QS_TRY(auto limit, call.params.count("limit", 5, 100));
  QS_TRY(auto found, deps_.shelf.search({.rows = 0, .facets = {"res_format"}, .facet_limit = 0}));
  json::array out;
  for (const auto& v : found.facets["res_format"])
    if (auto name = lower_ascii(v.name); name.contains(wanted) && out.size() < limit) out.emplace_back(name);
  return json::serialize(out);
}

Result<std::string> Ckan::resource_search(const CkanCall& call) const {
  QS_TRY(auto wanted, terms(call));
  QS_TRY(auto limit, call.params.count("limit", 1000, 1000));
  QS_TRY(auto offset, call.params.count("offset", 0, 1'000'000'000));
  auto order = call.params.text("order_by");
  if (!order.empty() && !member_of({}, 0, order, call))
    return wrong("order_by", fmt::format("不能按“{}”排序。", order), fmt::format("Cannot sort by \"{}\".", order));
  struct Found {
    PackagePtr package;
    std::size_t position;
    std::string key;
  };
  std::vector<Found> found;
  QS_TRY(auto all, deps_.shelf.search({.sort = "name asc", .rows = kEverything}));
  for (const auto& p : all.packages)
    for (std::size_t i = 0; i < file_formats().size(); ++i)
      if (std::ranges::all_of(wanted,
                              [&](const Term& t) { return lower_ascii(*member_of(*p, i, t.field, call)).contains(t.text); }))
        found.push_back({.package = p, .position = i, .key = order.empty() ? "" : *member_of(*p, i, order, call)});
  // They are in order of name and position already.
  if (!order.empty()) std::ranges::sort(found, {}, [](const Found& f) { return std::tie(f.key, f.package->name, f.position); });
  json::array results;
  for (std::size_t i = offset; i < found.size() && results.size() < limit; ++i)
    results.emplace_back(resource_json(*found[i].package, found[i].position, call));
  return json::serialize(json::object{{"count", found.size()}, {"results", std::move(results)}});
}

Result<std::string> Ckan::group_package_show(const CkanCall& call) const {
  auto id = call.params.text("id");
  if (id.empty()) return missing_parameter("id");
  QS_TRY(auto limit, call.params.count("limit", 1000, 1000));
  QS_TRY(auto group, find_group("groups", id));
  if (!group) return not_there();
  QS_TRY(auto found,
         deps_.shelf.search({.q = fmt::format("groups:\"{}\"", group->name), .sort = "metadata_modified desc", .rows = limit}));
  return results_of(found.packages, {}, call);
}

// Where the owner of the token may put datasets: what clients that publish ask before anything else.
Result<std::string> Ckan::organization_list_for_user(const CkanCall& call) const {
  if (!call.actor.signed_in()) return "[]";
  QS_TRY(auto departments, deps_.identity.departments());
  json::array out;
  for (const auto& d : departments) {
    if (!sharing::check_steward(call.actor, d.id)) continue;
    auto one = organization_json({uuid_of("organization", d.id), d.code, d.name});
    one["display_name"] = d.name;
    one["capacity"] = "editor";
    out.emplace_back(std::move(one));
  }
  return json::serialize(out);
}

Result<std::string> Ckan::vocabulary_list(const CkanCall&) const {
  return "[]";
}

Result<std::string> Ckan::site_read(const CkanCall&) const {
  return "true";
}

}  // namespace qushu::opendata
