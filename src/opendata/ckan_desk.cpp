// Packages as their stewards write them.
#include "ckan_desk.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/sharing/policy.h"

#include "stored.h"

namespace qushu::opendata {
namespace {

// Kept beside the entry, as they were given.
constexpr std::array kSaid{"url", "version", "author", "author_email", "maintainer", "maintainer_email", "license_id"};
constexpr std::size_t kSaidText = 500;     // characters
constexpr std::size_t kExtras = 100;       // of other names
constexpr std::size_t kExtraText = 10000;  // characters
// Extras that the catalogue has a place for, and those that only tell what it says.
constexpr std::array kEntryExtras{"update_cycle", "theme"};
constexpr std::array kToldExtras{"resource_code", "title_en", "notes_en", "rows"};

// What CKAN calls the members of ours.
std::string field_of(std::string_view subject) {
  if (subject == "code" || subject == "dataset.code") return "name";
  if (subject == "abstract") return "notes";
  if (subject == "department_id") return "owner_org";
  if (subject == "classifications") return "groups";
  if (subject == "theme" || subject == "update_cycle") return "extras";
  return std::string(subject);
}

template <class T>
Result<T> in_ckan_words(Result<T> outcome) {
  if (!outcome) outcome.error().subject = field_of(outcome.error().subject);
  return outcome;
}

bool is_listed(std::span<const char* const> list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

std::string text_of(const json::object& o, std::string_view key) {
  const auto* value = o.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

json::object said_of(const std::optional<store::Row>& row) {
  if (!row) return {};
  boost::system::error_code failed;
  auto value = json::parse(row->text(0), failed);
  return !failed && value.is_object() ? value.get_object() : json::object();
}

Result<json::object> load_said(store::Session& s, std::string_view dataset_id) {
  QS_TRY(auto row, s.one("SELECT said FROM open_package WHERE dataset_id = ?", {dataset_id}));
  return said_of(row);
}

std::string package_id(std::string_view dataset_id) {
  return uuid_of("package", dataset_id);
}

Result<void> save_said(store::Transaction& t, std::string_view dataset_id, const json::object& said) {
  QS_CHECK(
      t.exec("INSERT INTO open_package (dataset_id, package_id, said) VALUES (?, ?, ?) ON CONFLICT (dataset_id) DO UPDATE "
             "SET said = excluded.said",
             {dataset_id, package_id(dataset_id), json::serialize(said)}));
  return {};
}

json::object extra(std::string_view key, json::value value) {
  return {{"key", key}, {"value", std::move(value)}};
}

}  // namespace

struct CkanDesk::Wanted {
  catalog::EntryChange change;
  json::object said;
  std::string state;  // active, deleted; empty: as it is
};

bool CkanDesk::changes(std::string_view action) {
  return action.starts_with("package_") || action.starts_with("resource_")
             ? action.ends_with("_create") || action.ends_with("_update") || action.ends_with("_patch") ||
                   action.ends_with("_delete")
             : false;
}

bool CkanDesk::takes_file(std::string_view action) {
  return action.starts_with("resource_") && changes(action) && !action.ends_with("_delete");
}

Result<std::string> CkanDesk::act(std::string_view action, const CkanCall& call) const {
  if (!call.actor.signed_in())
    return fail(Code::forbidden, "open.token", "需要数据管理员的访问令牌，放在 Authorization 请求头中。",
                "Access denied: a steward's token is needed in the header Authorization.");
  if (action == "package_create") return package_create(call);
  if (action == "package_update") return package_change(call, true);
  if (action == "package_patch") return package_change(call, false);
  if (action == "package_delete") return package_delete(call);
  if (action == "resource_create") return resource_create(call);
  if (action == "resource_update") return resource_change(call, true);
  if (action == "resource_patch") return resource_change(call, false);
  return resource_delete(call);
}

// --- what there is
// -------------------------------------------------------------------------------------------------------------

Result<catalog::Dataset> CkanDesk::own(const CkanCall& call, std::string_view id) const {
  if (id.empty()) return missing_parameter("id");
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one("SELECT dataset_id FROM open_package WHERE package_id = ?", {id});
  }));
  auto key = row ? row->text(0) : std::string(id);
  if (!row) {
    QS_TRY(auto open, deps_.shelf.package(id));
    if (open) key = open->dataset_id;
  }
  auto dataset = deps_.desk.dataset(call.actor, key);
  if (!dataset && dataset.error().code == Code::not_found) return not_there();
  QS_CHECK(dataset);
  QS_CHECK(sharing::check_steward(call.actor, *dataset));
  return dataset;
}

Result<std::optional<json::object>> CkanDesk::package(const CkanCall& call, std::string_view id) const {
  if (!call.actor.signed_in()) return std::nullopt;
  auto dataset = own(call, id);
  if (!dataset && (dataset.error().code == Code::not_found || dataset.error().code == Code::forbidden)) return std::nullopt;
  QS_CHECK(dataset);
  QS_TRY(auto out, package_of(call, *dataset));
  return out;
}

Result<json::object> CkanDesk::package_of(const CkanCall& call, const catalog::Dataset& d) const {
  QS_TRY(auto entry, deps_.store.read([&](store::Session& s) { return deps_.entries.working(s, d); }));
  QS_TRY(auto said, deps_.store.read([&](store::Session& s) { return load_said(s, d.id); }));
  QS_TRY(auto release, deps_.store.read([&](store::Session& s) { return Releases::live(s, d.id); }));
  QS_TRY(auto open, deps_.shelf.package(d.id));
  QS_TRY(auto licences, deps_.shelf.licences());
  QS_TRY(auto department, deps_.identity.department(d.department_id));
  QS_TRY(auto file, kept_of(d.id));
  auto licence_id = release ? release->licence : text_of(said, "license_id");
  auto licence = std::ranges::find(*licences, licence_id, &Licence::id);
  bool known = licence != licences->end();
  json::array groups, tags, extras, resources;
  for (std::size_t i = 0; i < entry.classifications.size(); ++i) {
    const auto& id = entry.classifications[i];
    auto title = i < entry.classification_names.size() ? entry.classification_names[i] : id;
    groups.emplace_back(group_json({uuid_of("group", id), "class-" + id, title}));
  }
  for (const auto& tag : d.tags) tags.emplace_back(tag_json(tag));
  extras.emplace_back(extra("update_cycle", json::string(d.update_cycle)));
  if (!d.theme.empty()) extras.emplace_back(extra("theme", json::string(d.theme)));
  if (!d.resource_code.empty()) extras.emplace_back(extra("resource_code", json::string(d.resource_code)));
  if (const auto* more = said.if_contains("extras"); more != nullptr && more->is_object())
    for (const auto& [key, value] : more->get_object()) extras.emplace_back(extra(key, value));
  if (file) {
    QS_TRY(auto one, resource_of(call, d, *file));
    resources.emplace_back(std::move(one));
  }
  if (open)
    for (std::size_t i = 0; i < file_formats().size(); ++i) {
      auto one = resource_json(*open, i, call);
      one["position"] = resources.size();
      resources.emplace_back(std::move(one));
    }
  auto count = resources.size(), tag_count = tags.size();
  auto text = [&](const char* key) { return json::string(text_of(said, key)); };
  return json::object{
      {"id", package_id(d.id)},
      {"name", d.code},
      {"title", d.title},
      {"notes", d.abstract},
      {"url", text("url")},
      {"version", text("version")},
      {"author", text("author")},
      {"author_email", text("author_email")},
      {"maintainer", text("maintainer")},
      {"maintainer_email", text("maintainer_email")},
      {"license_id", licence_id},
      {"license_title", known ? licence->title.in(call.actor.lang) : licence_id},
      {"license_url", known ? licence->url : ""},
      {"isopen", known && licence->open},
      {"type", "dataset"},
      {"state", d.state == "withdrawn" ? "deleted" : "active"},
      {"private", open == nullptr},
      {"entry_state", d.entry_state},
      {"owner_org", uuid_of("organization", d.department_id)},
      {"creator_user_id", nullptr},
      {"metadata_created", stamp(d.created)},
      {"metadata_modified", stamp(d.changed)},
      {"organization", organization_json({uuid_of("organization", department.id), department.code, department.name})},
      {"groups", std::move(groups)},
      {"tags", std::move(tags)},
      {"extras", std::move(extras)},
      {"resources", std::move(resources)},
      {"num_resources", count},
      {"num_tags", tag_count},
      {"relationships_as_subject", json::array()},
      {"relationships_as_object", json::array()}};
}

// --- what is wanted
// ------------------------------------------------------------------------------------------------------------

void CkanDesk::read_groups(const CkanCall& call, bool whole, Wanted& out) const {
  auto& flaws = *call.flaws;
  if (call.params.has("tags") || call.params.has("tag_string") || whole) {
    std::vector<std::string> tags;
    auto given = call.params.value("tags");
    if (given.is_array()) {
      for (const auto& one : given.get_array()) {
        auto name = one.is_string() ? std::string(one.get_string()) : one.is_object() ? text_of(one.get_object(), "name") : "";
        if (name.empty())
          flaws.add("tags", {"每个标签应为 {\"name\": \"…\"}。", "Each tag is {\"name\": \"…\"}."});
        else
          tags.push_back(name);
      }
    } else {
      tags = call.params.list(call.params.has("tags") ? "tags" : "tag_string");
    }
    out.change.tags = std::move(tags);
  }
  if (!call.params.has("groups") && !whole) return;
  std::vector<std::string> classes;
  auto given = call.params.value("groups");
  if (given.is_array())
    for (const auto& one : given.get_array()) {
      auto name = one.is_object() ? text_of(one.get_object(), "name") : std::string();
      if (name.starts_with("class-"))
        classes.push_back(name.substr(6));
      else
        flaws.add("groups", {"每个分类应为 {\"name\": \"class-…\"}，名称见 group_list 或目录分类。",
                             "Each group is {\"name\": \"class-…\"}, after the catalogue's classification."});
    }
  else if (!given.is_null())
    flaws.add("groups", {"应为列表。", "A list is wanted."});
  out.change.classifications = std::move(classes);
}

void CkanDesk::read_extras(const CkanCall& call, bool whole, Wanted& out) const {
  auto& flaws = *call.flaws;
  if (!call.params.has("extras")) {
    if (whole) out.said.erase("extras");
    return;
  }
  auto given = call.params.value("extras");
  if (!given.is_array() || given.get_array().size() > kExtras) {
    flaws.add("extras", {fmt::format("应为 {{\"key\", \"value\"}} 的列表，最多 {} 个。", kExtras),
                         fmt::format("A list of {{\"key\", \"value\"}} is wanted, {} at most.", kExtras)});
    return;
  }
  json::object other;
  std::vector<std::string> seen;
  for (const auto& one : given.get_array()) {
    const auto* o = one.if_object();
    auto key = o != nullptr ? text_of(*o, "key") : std::string();
    const auto* value = o != nullptr ? o->if_contains("value") : nullptr;
    auto text = value == nullptr     ? std::string()
                : value->is_string() ? std::string(value->get_string())
                                     : json::serialize(*value);
    if (key.empty() || utf8_length(key) > 100 || utf8_length(text) > kExtraText) {
      flaws.add("extras", {"每项要有 key 和 value，且不能太长。", "Each has a key and a value, neither of them too long."});
      continue;
    }
    if (std::ranges::find(seen, key) != seen.end()) {
      flaws.add("extras", {fmt::format("“{}”重复。", key), fmt::format("Duplicate key “{}”.", key)});
      continue;
    }
    seen.push_back(key);
    if (is_listed(kEntryExtras, key))
      out.change.texts[key] = text;
    else if (!is_listed(kToldExtras, key))
      other[key] = text;
  }
  out.said["extras"] = std::move(other);
}

Result<CkanDesk::Wanted> CkanDesk::wanted(const CkanCall& call, const catalog::Dataset* d, bool whole) const {
  const auto& params = call.params;
  auto& flaws = *call.flaws;
  Wanted out;
  if (d != nullptr) {
    QS_TRY(out.said, deps_.store.read([&](store::Session& s) { return load_said(s, d->id); }));
  }
  auto title = params.text("title");
  if (whole && title.empty()) title = params.text("name").empty() && d != nullptr ? d->code : params.text("name");
  if (params.has("title") || whole) out.change.texts["title"] = title;
  if (params.has("notes") || whole) out.change.texts["abstract"] = params.text("notes");
  for (const auto* key : kSaid) {
    if (!params.has(key) && !whole) continue;
    auto text = params.text(key);
    if (utf8_length(text) > kSaidText)
      flaws.add(key, {fmt::format("最多 {} 个字。", kSaidText), fmt::format("{} characters at most.", kSaidText)});
    out.said[key] = text;
  }
  if (auto licence = params.text("license_id"); !licence.empty()) {
    QS_TRY(auto licences, deps_.shelf.licences());
    if (std::ranges::find(*licences, licence, &Licence::id) == licences->end())
      flaws.add("license_id", {fmt::format("没有“{}”这个许可，可用的见 license_list。", licence),
                               fmt::format("There is no licence “{}”; license_list has those there are.", licence)});
  }
  if (auto type = params.text("type"); !type.empty() && type != "dataset")
    flaws.add("type", {"只能是 dataset。", "Only “dataset” is known."});
  out.state = params.text("state");
  if (!out.state.empty() && out.state != "active" && out.state != "deleted" && out.state != "draft")
    flaws.add("state", {"应为 active 或 deleted。", "It is “active” or “deleted”."});
  if (auto owner = params.text("owner_org"); !owner.empty()) {
    QS_TRY(auto all, deps_.identity.departments());
    auto found = std::ranges::find_if(all, [&](const identity::Department& one) {
      return one.id == owner || one.code == owner || uuid_of("organization", one.id) == owner;
    });
    if (found == all.end())
      flaws.add("owner_org", {fmt::format("没有“{}”这个部门。", owner), "Organization does not exist"});
    else
      out.change.texts["department_id"] = found->id;
  }
  read_groups(call, whole, out);
  read_extras(call, whole, out);
  return out;
}

// --- the actions
// ---------------------------------------------------------------------------------------------------------------

namespace {

// Several flaws at once, told by CkanCall::flaws.
Result<void> sound(const CkanCall& call) {
  if (call.flaws->empty()) return {};
  return fail(Code::invalid, "open.validation", "请求的内容有误。", "The request is not valid.");
}

}  // namespace

Result<std::string> CkanDesk::package_create(const CkanCall& call) const {
  auto name = call.params.text("name");
  if (name.empty())
    call.flaws->add("name", {"缺少这个参数。", "Missing value"});
  else if (auto good = catalog::check_code(name); !good)
    call.flaws->add("name", good.error().text);
  if (call.params.value("resources").is_array() && !call.params.value("resources").get_array().empty())
    call.flaws->add("resources", {"请先建立数据集，再用 resource_create 添加文件。",
                                  "Make the dataset first, then add its file with resource_create."});
  QS_TRY(auto want, wanted(call, nullptr, true));
  QS_CHECK(sound(call));
  auto department = want.change.texts.contains("department_id") ? want.change.texts["department_id"] : call.actor.department_id;
  if (department.empty()) {
    call.flaws->add("owner_org", {"请指定部门。", "An organization must be provided"});
    return Failure(sound(call).error());
  }
  QS_CHECK(sharing::check_steward(call.actor, department));
  want.change.texts.erase("department_id");
  auto made = deps_.store.write([&](store::Transaction& t) -> Result<std::string> {
    QS_TRY(auto dataset, deps_.catalog.add(t, call.actor,
                                           {.code = name,
                                            .title = want.change.texts.at("title"),
                                            .abstract = want.change.texts.at("abstract"),
                                            .department_id = department,
                                            .theme = {},
                                            .tags = want.change.tags.value_or(std::vector<std::string>())}));
    QS_CHECK(deps_.entries.change(t, call.actor, dataset.id, want.change));
    QS_CHECK(save_said(t, dataset.id, want.said));
    return dataset.id;
  });
  made = in_ckan_words(std::move(made));
  QS_CHECK(made);
  QS_TRY(auto dataset, own(call, *made));
  QS_TRY(auto out, package_of(call, dataset));
  return json::serialize(out);
}

Result<std::string> CkanDesk::package_change(const CkanCall& call, bool whole) const {
  auto id = call.params.text("id");
  if (id.empty()) id = call.params.text("name");
  QS_TRY(auto d, own(call, id));
  if (auto name = call.params.text("name"); !name.empty() && name != d.code)
    call.flaws->add("name",
                    {fmt::format("数据集的代码“{}”不能改。", d.code), fmt::format("The name “{}” is for ever.", d.code)});
  QS_TRY(auto want, wanted(call, &d, whole));
  QS_TRY(auto file, read_resources(call, &d));
  QS_CHECK(sound(call));
  if (auto moved = want.change.texts.find("department_id"); moved != want.change.texts.end())
    QS_CHECK(sharing::check_steward(call.actor, moved->second));
  auto done = deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(deps_.entries.change(t, call.actor, d.id, want.change));
    QS_CHECK(save_said(t, d.id, want.said));
    if (file) QS_CHECK(save(t, *file));
    return {};
  });
  QS_CHECK(in_ckan_words(std::move(done)));
  bool gone = d.state == "withdrawn";
  if (!want.state.empty() && (want.state == "deleted") != gone)
    QS_CHECK(deps_.catalog.withdraw(call.actor, d.id, want.state == "deleted"));
  QS_TRY(auto now, own(call, d.id));
  QS_TRY(auto out, package_of(call, now));
  return json::serialize(out);
}

Result<std::string> CkanDesk::package_delete(const CkanCall& call) const {
  QS_TRY(auto d, own(call, call.params.text("id")));
  if (d.state != "withdrawn") QS_CHECK(deps_.catalog.withdraw(call.actor, d.id, true));
  return std::string("null");
}

}  // namespace qushu::opendata
