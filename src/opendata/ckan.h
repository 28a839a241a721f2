// Inside the module: CKAN's Action API, version 3: what it reads, and what is asked of it. Its writing side is ckan_desk.h.
#pragma once

#include <span>

#include "qushu/audit/audit.h"
#include "qushu/http/router.h"
#include "qushu/opendata/opendata.h"

#include "datastore.h"
#include "multipart.h"
#include "package_texts.h"

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

// A file that came with a request, in the blob store.
struct Upload {
  std::string file_name;
  blob::BlobInfo file;
};

// A body of multipart/form-data: its fields, and the file called `upload`.
class FormBody {
 public:
  static constexpr std::size_t kMost = 1U << 20U;  // bytes of all fields together
  // Where the file goes; without it, files are left out.
  using TakeFile = std::function<Result<std::unique_ptr<blob::Writer>>()>;
  struct Received {
    Params params;
    std::optional<Upload> upload;
  };
  [[nodiscard]] static Result<FormBody> open(std::string_view content_type, TakeFile take);
  FormBody(FormBody&&) noexcept;
  ~FormBody();
  [[nodiscard]] Result<void> feed(std::string_view bytes) { return reader_.feed(bytes); }
  [[nodiscard]] Result<Received> finish();

 private:
  struct State;
  FormBody(std::unique_ptr<State> state, MultipartReader reader);
  std::unique_ptr<State> state_;
  MultipartReader reader_;
};

// What is wrong with a request, by field, as CKAN's clients read it: all of it at once.
class Flaws {
 public:
  void add(std::string_view field, Text text) { all_.emplace_back(std::string(field), std::move(text)); }
  [[nodiscard]] bool empty() const { return all_.empty(); }
  // {field: [texts]}
  [[nodiscard]] json::object in(Lang lang) const;

 private:
  std::vector<std::pair<std::string, Text>> all_;
};

struct CkanCall {
  const Actor& actor;  // nobody, or the owner of the token that came with the request
  std::string base;    // "https://open.example.gov.cn"
  Params params;
  std::function<bool()> cancelled;
  std::optional<Upload> upload = {};
  std::shared_ptr<Flaws> flaws = std::make_shared<Flaws>();  // more than one; told in place of the error's own subject
};

class CkanDesk;

// The JSON text of `result`. not_found with the id "open.action" for an action that there is not.
class Ckan {
 public:
  explicit Ckan(PublicDeps deps);
  ~Ckan();
  [[nodiscard]] Result<std::string> act(std::string_view action, const CkanCall& call) const;
  [[nodiscard]] const PublicDeps& deps() const { return deps_; }
  [[nodiscard]] CkanDesk& desk() const { return *desk_; }
  [[nodiscard]] engine::Limits limits(std::string_view setting, const CkanCall& call) const;
  // As package_show gives it.
  [[nodiscard]] Result<json::object> package_json(const Package& package, const CkanCall& call) const;
  // The same as text.
  [[nodiscard]] Result<PackageTexts::TextPtr> package_text(const PackagePtr& package, const CkanCall& call) const;

 private:
  using Action = Result<std::string> (Ckan::*)(const CkanCall&) const;
  // What is read, and what its help says.
  struct Reading {
    std::string_view name;
    Action run;
    Text help;
  };
  [[nodiscard]] static std::span<const Reading> readings();
  Result<std::string> package_list(const CkanCall& call) const;
  Result<std::string> package_show(const CkanCall& call) const;
  Result<std::string> package_search(const CkanCall& call) const;
  Result<std::string> results_of(const std::vector<PackagePtr>& packages, const std::vector<std::string>& fields,
                                 const CkanCall& call) const;
  Result<std::string> current_packages(const CkanCall& call) const;
  Result<std::string> resource_show(const CkanCall& call) const;
  Result<std::string> organization_list(const CkanCall& call) const;
  Result<std::string> organization_show(const CkanCall& call) const;
  Result<std::string> group_list(const CkanCall& call) const;
  Result<std::string> group_show(const CkanCall& call) const;
  Result<std::string> tag_list(const CkanCall& call) const;
  Result<std::string> tag_show(const CkanCall& call) const;
  Result<std::string> package_autocomplete(const CkanCall& call) const;
  Result<std::string> organization_autocomplete(const CkanCall& call) const;
  Result<std::string> organization_list_for_user(const CkanCall& call) const;
  Result<std::string> group_autocomplete(const CkanCall& call) const;
  Result<std::string> tag_autocomplete(const CkanCall& call) const;
  Result<std::string> format_autocomplete(const CkanCall& call) const;
  Result<std::string> tag_search(const CkanCall& call) const;
  Result<std::string> resource_search(const CkanCall& call) const;
  Result<std::string> group_package_show(const CkanCall& call) const;
  Result<std::string> vocabulary_list(const CkanCall& call) const;
  Result<std::string> site_read(const CkanCall& call) const;
  Result<std::string> license_list(const CkanCall& call) const;
  Result<std::string> help_show(const CkanCall& call) const;
  Result<std::string> status_show(const CkanCall& call) const;
  Result<std::string> datastore_info(const CkanCall& call) const;
  Result<std::string> datastore_search(const CkanCall& call) const;
  Result<std::string> datastore_search_sql(const CkanCall& call) const;
  // What a value of the facet `organization` or `groups` stands for; nullopt: it is gone by now.
  Result<std::optional<Group>> group_named(const char* facet, std::string_view name) const;
  // By name or id; nullopt: there is none.
  Result<std::optional<Group>> find_group(const char* facet, std::string_view id) const;
  Result<std::string> groups_of(const CkanCall& call, const char* facet) const;
  Result<std::string> group_of(const CkanCall& call, const char* facet) const;
  Result<std::string> groups_like(const CkanCall& call, const char* facet) const;
  Result<std::vector<std::string>> tags_like(const CkanCall& call) const;

  PublicDeps deps_;
  std::unique_ptr<CkanDesk> desk_;
  mutable PackageTexts texts_;
};

// CKAN writes times without a zone, in UTC.
[[nodiscard]] std::string stamp(Time at);
[[nodiscard]] json::object organization_json(const Group& group);
[[nodiscard]] json::object group_json(const Group& group);
[[nodiscard]] json::object tag_json(const std::string& tag);
// Of the file of a public package in one of file_formats().
[[nodiscard]] std::string resource_name(const Package& package, std::size_t position);
[[nodiscard]] std::string resource_url(const Package& package, std::size_t position, const CkanCall& call);
// The file itself.
[[nodiscard]] json::object resource_json(const Package& package, std::size_t position, const CkanCall& call);
[[nodiscard]] Failure not_there();
[[nodiscard]] Failure missing_parameter(std::string_view parameter);

void add_ckan_routes(http::Router& router, const Ckan& ckan);

[[nodiscard]] std::string title_in(const Package& package, Lang lang);

// The address at which the public reaches us: the setting opendata.url, or what the request says.
[[nodiscard]] std::string base_of(const http::Request& request, const Settings& settings);

}  // namespace qushu::opendata
