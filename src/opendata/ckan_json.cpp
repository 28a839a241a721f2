// What CKAN's clients read of packages, files, organisations, groups and tags.
#include <algorithm>

#include <fmt/format.h>

#include "ckan.h"

namespace qushu::opendata {

std::string stamp(Time at) {
  auto text = to_iso(at);
  if (text.ends_with('Z')) text.pop_back();
  return text.contains('.') ? text : text + ".000000";
}

json::object organization_json(const Group& g) {
  return {
      {"id", g.id},      {"name", g.name},     {"title", g.title},        {"type", "organization"},        {"description", ""},
      {"image_url", ""}, {"created", nullptr}, {"is_organization", true}, {"approval_status", "approved"}, {"state", "active"}};
}

json::object group_json(const Group& g) {
  return {{"id", g.id},        {"name", g.name},         {"title", g.title}, {"display_name", g.title},
          {"description", ""}, {"image_display_url", ""}};
}

json::object tag_json(const std::string& tag) {
  return {{"id", uuid_of("tag", tag)}, {"name", tag}, {"display_name", tag}, {"state", "active"}, {"vocabulary_id", nullptr}};
}

std::string resource_name(const Package& p, std::size_t position) {
  return fmt::format("{}（{}）", p.title, file_formats()[position].name);
}

std::string resource_url(const Package& p, std::size_t position, const CkanCall& call) {
  return fmt::format("{}/open/dataset/{}/data.{}", call.base, p.name, file_formats()[position].extension);
}

json::object resource_json(const Package& p, std::size_t position, const CkanCall& call) {
  const auto& format = file_formats()[position];
  return {{"id", resource_id(p, format)},
          {"package_id", p.id},
          {"name", resource_name(p, position)},
          {"description", ""},
          {"url", resource_url(p, position, call)},
          {"url_type", position == 0 ? json::value("datastore") : json::value(nullptr)},
          {"format", format.name},
          {"mimetype", format.media_type},
          {"mimetype_inner", nullptr},
          {"resource_type", nullptr},
          {"size", nullptr},
          {"hash", ""},
          {"position", position},
          {"created", stamp(p.created)},
          {"last_modified", stamp(p.modified)},
          {"metadata_modified", stamp(p.modified)},
          {"cache_url", nullptr},
          {"cache_last_updated", nullptr},
          {"state", "active"},
          {"datastore_active", position == 0}};
}

std::string title_in(const Package& p, Lang lang) {
  return lang == Lang::en && !p.title_en.empty() ? p.title_en : p.title;
}

namespace {

json::object json_of(const Package& p, const CkanCall& call, const std::vector<Licence>& licences) {
  auto lang = call.actor.lang;
  auto licence = std::ranges::find(licences, p.licence, &Licence::id);
  json::array groups, tags, resources, extras;
  for (const auto& g : p.groups) groups.emplace_back(group_json(g));
  for (const auto& t : p.tags) tags.emplace_back(tag_json(t));
  for (std::size_t i = 0; i < file_formats().size(); ++i) resources.emplace_back(resource_json(p, i, call));
  auto extra = [&](const char* key, const std::string& value) {
    if (!value.empty()) extras.emplace_back(json::object{{"key", key}, {"value", value}});
  };
  extra("update_cycle", p.update_cycle);
  extra("resource_code", p.resource_code);
  extra("theme", p.theme);
  extra("title_en", p.title_en);
  extra("notes_en", p.notes_en);
  extra("rows", std::to_string(p.rows));
  bool known = licence != licences.end();
  return {{"id", p.id},
          {"name", p.name},
          {"title", title_in(p, lang)},
          {"notes", lang == Lang::en && !p.notes_en.empty() ? p.notes_en : p.notes},
          {"url", call.base + "/open/dataset/" + p.name},
          {"version", std::to_string(p.version)},
          {"author", p.organization.title},
          {"author_email", nullptr},
          {"maintainer", p.organization.title},
          {"maintainer_email", nullptr},
          {"license_id", p.licence},
          {"license_title", known ? licence->title.in(lang) : p.licence},
          {"license_url", known ? licence->url : ""},
          {"isopen", known && licence->open},
          {"type", "dataset"},
          {"state", "active"},
          {"private", false},
          {"owner_org", p.organization.id},
          {"creator_user_id", nullptr},
          {"metadata_created", stamp(p.created)},
          {"metadata_modified", stamp(p.modified)},
          {"organization", organization_json(p.organization)},
          {"groups", std::move(groups)},
          {"tags", std::move(tags)},
          {"extras", std::move(extras)},
          {"resources", std::move(resources)},
          {"num_resources", file_formats().size()},
          {"num_tags", p.tags.size()},
          {"relationships_as_subject", json::array()},
          {"relationships_as_object", json::array()}};
}

}  // namespace

Result<json::object> Ckan::package_json(const Package& p, const CkanCall& call) const {
  QS_TRY(auto licences, deps_.shelf.licences());
  return json_of(p, call, *licences);
}

Result<PackageTexts::TextPtr> Ckan::package_text(const PackagePtr& package, const CkanCall& call) const {
  QS_TRY(auto licences, deps_.shelf.licences());
  auto face = (call.actor.lang == Lang::zh ? "zh " : "en ") + call.base + " ";
  if (auto kept = texts_.find(package, licences, face)) return kept;
  return texts_.keep(package, licences, face, json::serialize(json_of(*package, call, *licences)),
                     static_cast<std::size_t>(deps_.settings.integer("opendata.ckan_memory")));
}

}  // namespace qushu::opendata
