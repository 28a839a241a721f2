// Inside the module: CKAN's Action API, version 3, its reading side.
#pragma once

#include "qushu/audit/audit.h"
#include "qushu/http/router.h"
#include "qushu/opendata/opendata.h"

#include "datastore.h"

namespace qushu::opendata {

// What a request asks, whichever way it was sent: a query string, JSON or a form.
class Params {
 public:
  Params() = default;
  explicit Params(json::object values) : values_(std::move(values)) {}
  [[nodiscard]] bool has(std::string_view key) const;
  // A number or a boolean as its text; "" when it is absent.
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] Result<std::size_t> count(std::string_view key, std::size_t otherwise, std::size_t most) const;
  [[nodiscard]] Result<bool> flag(std::string_view key, bool otherwise) const;
  // A list, a text that is a JSON list, or a text with commas.
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const;
  // A value, or a text that is JSON; null when it is absent. A text that is no JSON stays one.
  [[nodiscard]] json::value value(std::string_view key) const;
  [[nodiscard]] const json::object& all() const { return values_; }

 private:
  json::object values_;
};

// `type`: of the body. invalid when it cannot be read.
[[nodiscard]] Result<Params> params_of_body(std::string_view type, std::string_view body);
[[nodiscard]] Params params_of_query(const std::vector<std::pair<std::string, std::string>>& query);

struct CkanCall {
  const Actor& actor;
  std::string base;  // "https://open.example.gov.cn"
  Params params;
  std::function<bool()> cancelled;
};

// The JSON text of `result`. not_found with the id "open.action" for an action that there is not.
class Ckan {
 public:
  explicit Ckan(PublicDeps deps) : deps_(std::move(deps)) {}
  [[nodiscard]] Result<std::string> act(std::string_view action, const CkanCall& call) const;
  [[nodiscard]] const PublicDeps& deps() const { return deps_; }
  [[nodiscard]] engine::Limits limits(std::string_view setting, const CkanCall& call) const;
  // As package_show gives it.
  [[nodiscard]] Result<json::object> package_json(const Package& package, const CkanCall& call) const;

 private:
  using Action = Result<std::string> (Ckan::*)(const CkanCall&) const;
  [[nodiscard]] static Action find(std::string_view action);
  Result<std::string> package_list(const CkanCall& call) const;
  Result<std::string> package_show(const CkanCall& call) const;
  Result<std::string> package_search(const CkanCall& call) const;
  Result<std::string> current_packages(const CkanCall& call) const;
  Result<std::string> resource_show(const CkanCall& call) const;
  Result<std::string> organization_list(const CkanCall& call) const;
  Result<std::string> organization_show(const CkanCall& call) const;
  Result<std::string> group_list(const CkanCall& call) const;
  Result<std::string> group_show(const CkanCall& call) const;
  Result<std::string> tag_list(const CkanCall& call) const;
  Result<std::string> license_list(const CkanCall& call) const;
  Result<std::string> help_show(const CkanCall& call) const;
  Result<std::string> status_show(const CkanCall& call) const;
  Result<std::string> datastore_search(const CkanCall& call) const;
  Result<std::string> datastore_search_sql(const CkanCall& call) const;
  Result<std::string> groups_of(const CkanCall& call, const char* facet) const;
  Result<std::string> group_of(const CkanCall& call, const char* facet) const;

  PublicDeps deps_;
};

void add_ckan_routes(http::Router& router, const Ckan& ckan);

[[nodiscard]] std::string title_in(const Package& package, Lang lang);

// The address at which the public reaches us: the setting opendata.url, or what the request says.
[[nodiscard]] std::string base_of(const http::Request& request, const Settings& settings);

}  // namespace qushu::opendata
