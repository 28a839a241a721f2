#include "remote.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/catalog/catalog.h"

#include "rdf_read.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kTitle = 200, kAbstract = 5000, kTag = 30, kTags = 30;  // what an entry holds
constexpr std::size_t kId = 1000, kAddress = 2000, kFiles = 200;              // characters; files of one dataset
constexpr std::size_t kPage = 100;
constexpr std::size_t kPages = 100'000;

constexpr std::string_view kDcat = "http://www.w3.org/ns/dcat#", kDct = "http://purl.org/dc/terms/",
                           kHydra = "http://www.w3.org/ns/hydra/core#";
std::string dcat(std::string_view name) {
  return std::string(kDcat) + std::string(name);
}
std::string dct(std::string_view name) {
  return std::string(kDct) + std::string(name);
}

Failure wrong(std::string zh, std::string en) {
  return fail(Code::invalid, "harvest.document", std::move(zh), std::move(en));
}

// Printable, well formed, and not longer than fits.
std::string cut(std::string_view text, std::size_t most) {
  std::string out;
  for (char c : well_formed(trim(text)))
    if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
  return utf8_length(out) > most ? shorten(out, most - 1) : out;  // with the ellipsis it fits
}

// An address of the web, or nothing.
std::string web_address(std::string_view text) {
  auto lower = lower_ascii(text.substr(0, 8));
  bool web = lower.starts_with("http://") || lower.starts_with("https://");
  bool plain = std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '<' && c != '>'; });
  return web && plain && text.size() <= kAddress && is_utf8(text) ? std::string(text) : std::string();
}

void add_tag(RemoteDataset& d, std::string_view tag) {
  auto text = cut(tag, kTag);
  if (!text.empty() && d.tags.size() < kTags && std::ranges::find(d.tags, text) == d.tags.end()) d.tags.push_back(text);
}

void add_file(RemoteDataset& d, std::string_view title, std::string_view format, std::string_view url) {
  auto address = web_address(url);
  if (address.empty() || d.files.size() >= kFiles) return;
  d.files.emplace_back(json::object{{"title", cut(title, kTitle)}, {"format", cut(format, 60)}, {"url", address}});
}

// A word of ours for how often data change, from ours, from the Publications Office's and from common English.
std::string cycle_of(std::string_view said) {
  auto word = lower_ascii(said.substr(said.find_last_of("/#") + 1));
  for (const auto& known : catalog::update_cycles())
    if (known.code == word) return std::string(known.code);
  struct Known {
    std::string_view said, ours;
  };
  static constexpr std::array kKnown{
      Known{"cont", "realtime"},        Known{"update_cont", "realtime"},   Known{"continuous", "realtime"},
      Known{"r/p1d", "daily"},          Known{"r/p1w", "weekly"},           Known{"r/p7d", "weekly"},
      Known{"r/p1m", "monthly"},        Known{"r/p3m", "quarterly"},        Known{"r/p6m", "half_yearly"},
      Known{"annual_2", "half_yearly"}, Known{"semiannual", "half_yearly"}, Known{"annual", "yearly"},
      Known{"r/p1y", "yearly"},         Known{"irreg", "irregular"}};
  for (const auto& known : kKnown)
    if (known.said == word || known.said == lower_ascii(said)) return std::string(known.ours);
  return {};
}

RemoteProblem problem(std::string_view id, std::string_view title, std::string zh, std::string en) {
  return {cut(id, 200), cut(title, kTitle), {std::move(zh), std::move(en)}};
}

// A dataset of which enough is known, or why not.
void keep(RemotePage& page, RemoteDataset d, std::string_view name) {
  if (d.title.empty()) d.title = cut(name, kTitle);
  if (d.id.empty() || utf8_length(d.id) > kId)
    page.problems.push_back(problem(d.id, d.title, "没有标识，或标识太长，下次无法认出它。",
                                    "It has no identifier, or one that is too long, and could not be told again."));
  else if (d.title.empty())
    page.problems.push_back(problem(d.id, d.title, "没有名称。", "It has no title."));
  else
    page.datasets.push_back(std::move(d));
}

}  // namespace

json::object to_json(const RemoteDataset& d) {
  return {{"id", d.id},
          {"title", d.title},
          {"page", d.page},
          {"abstract", d.abstract},
          {"update_cycle", d.update_cycle},
          {"tags", json::array(d.tags.begin(), d.tags.end())},
          {"files", d.files}};
}

RemoteDataset remote_of(const json::object& o) {
  RemoteDataset d{.id = text_at(o, "id"),
                  .title = text_at(o, "title"),
                  .abstract = text_at(o, "abstract"),
                  .page = text_at(o, "page"),
                  .update_cycle = text_at(o, "update_cycle"),
                  .tags = {},
                  .files = {}};
  if (const auto* tags = o.if_contains("tags"); tags != nullptr && tags->is_array())
    for (const auto& tag : tags->get_array())
      if (tag.is_string()) d.tags.emplace_back(tag.get_string());
  if (const auto* files = o.if_contains("files"); files != nullptr && files->is_array()) d.files = files->get_array();
  return d;
}

// --- CKAN
// ---------------------------------------------------------------------------------------------------------------------

namespace {

RemoteDataset of_package(const json::object& o, const std::string& site) {
  auto name = text_at(o, "name");
  RemoteDataset d{.id = text_at(o, "id"),
                  .title = cut(text_at(o, "title"), kTitle),
                  .abstract = cut(text_at(o, "notes"), kAbstract),
                  .page = name.empty() ? std::string() : web_address(site + "/dataset/" + url_encode(name)),
                  .update_cycle = {},
                  .tags = {},
                  .files = {}};
  auto each = [&](const char* key, const auto& f) {
    if (const auto* list = o.if_contains(key); list != nullptr && list->is_array())
      for (const auto& one : list->get_array())
        if (const auto* member = one.if_object()) f(*member);
  };
  each("tags", [&](const json::object& tag) {
    auto shown = text_at(tag, "display_name");
    add_tag(d, shown.empty() ? text_at(tag, "name") : shown);
  });
  each("extras", [&](const json::object& extra) {
    auto key = text_at(extra, "key");
    if (key == "update_cycle" || key == "frequency" || key == "accrual_periodicity")
      if (auto cycle = cycle_of(text_at(extra, "value")); !cycle.empty()) d.update_cycle = cycle;
  });
  if (d.update_cycle.empty()) d.update_cycle = cycle_of(text_at(o, "frequency"));
  each("resources", [&](const json::object& r) { add_file(d, text_at(r, "name"), text_at(r, "format"), text_at(r, "url")); });
  return d;
}

}  // namespace

Result<RemotePage> read_ckan(std::string_view body, const std::string& site) {
  boost::system::error_code failed;
  auto value = json::parse(body, failed);
  const auto* answer = failed ? nullptr : value.if_object();
  const auto* success = answer != nullptr ? answer->if_contains("success") : nullptr;
  const auto* result = answer != nullptr ? answer->if_contains("result") : nullptr;
  const auto* found = result != nullptr ? result->if_object() : nullptr;
  const auto* list = found != nullptr ? found->if_contains("results") : nullptr;
  if (success == nullptr || !success->is_bool() || !success->get_bool() || list == nullptr || !list->is_array())
    return wrong("这不是 CKAN 的 package_search 的答复。请检查地址是否为 CKAN 站点。",
                 "This is no answer of CKAN's package_search: check that the address is a CKAN site's.");
  RemotePage page;
  if (const auto* count = found->if_contains("count"); count != nullptr && count->is_int64()) page.total = count->get_int64();
  for (const auto& one : list->get_array()) {
    const auto* package = one.if_object();
    if (package == nullptr)
      page.problems.push_back(problem("", "", "不是一个数据集。", "This is no dataset."));
    else
      keep(page, of_package(*package, site), text_at(*package, "name"));
  }
  return page;
}

// --- DCAT
// ---------------------------------------------------------------------------------------------------------------------

namespace {

RemoteDataset of_node(const RdfRead& graph, const std::string& subject) {
  bool named = !subject.starts_with("_:");
  RemoteDataset d{.id = named ? subject : graph.text(subject, dct("identifier")),
                  .title = cut(graph.text(subject, dct("title")), kTitle),
                  .abstract = cut(graph.text(subject, dct("description")), kAbstract),
                  .page = web_address(graph.text(subject, dcat("landingPage"))),
                  .update_cycle = {},
                  .tags = {},
                  .files = {}};
  if (d.page.empty() && named) d.page = web_address(subject);
  for (const auto* tag : graph.objects(subject, dcat("keyword"))) add_tag(d, tag->text);
  for (const auto* cycle : graph.objects(subject, dct("accrualPeriodicity")))
    if (auto word = cycle_of(cycle->text); !word.empty()) d.update_cycle = word;
  for (const auto* at : graph.objects(subject, dcat("distribution"))) {
    auto url = graph.text(at->text, dcat("downloadURL"));
    if (url.empty()) url = graph.text(at->text, dcat("accessURL"));
    auto format = graph.text(at->text, dct("format"));
    if (format.empty()) format = graph.text(at->text, dcat("mediaType"));
    add_file(d, graph.text(at->text, dct("title")), format.substr(format.find_last_of("/#") + 1), url);
  }
  return d;
}

}  // namespace

Result<RemotePage> read_dcat(std::string_view body, std::string_view media_type, const std::string& address) {
  QS_TRY(auto graph, RdfRead::read(body, media_type, address));
  RemotePage page;
  bool catalogue = false;
  for (const auto& subject : graph.subjects()) {
    catalogue = catalogue || graph.is(subject, dcat("Catalog"));
    if (graph.is(subject, dcat("Dataset"))) keep(page, of_node(graph, subject), "");
    if (auto next = graph.text(subject, std::string(kHydra) + "next"); !next.empty()) page.next = absolute(address, next);
    if (auto total = to_int(graph.text(subject, std::string(kHydra) + "totalItems"))) page.total = *total;
  }
  if (!catalogue && page.datasets.empty() && page.problems.empty())
    return wrong("文档里没有 dcat:Catalog，也没有 dcat:Dataset。", "There is neither a dcat:Catalog nor a dcat:Dataset in it.");
  return page;
}

// --- from the first page to the last
// -------------------------------------------------------------------------------------------

namespace {

std::string origin_of(std::string_view address) {
  auto host = address.find("://");
  return host == std::string_view::npos ? std::string()
                                        : lower_ascii(address.substr(0, address.find_first_of("/?#", host + 3)));
}

std::string site_of(std::string address) {
  for (std::string_view tail : {"/api/3/action", "/api/action", "/api/3", "/api"}) {
    while (address.ends_with('/')) address.pop_back();
    if (address.ends_with(tail)) address.resize(address.size() - tail.size());
  }
  while (address.ends_with('/')) address.pop_back();
  return address;
}

}  // namespace

Result<RemoteWalk> walk(std::string_view kind, const std::string& address, std::size_t most, const Fetch& fetch,
                        const std::function<Result<void>(RemotePage&)>& take) {
  RemoteWalk out;
  bool ckan = kind == "ckan";
  auto site = site_of(address), at = address;
  std::size_t seen = 0;
  std::int64_t total = -1;
  std::set<std::string> visited;
  for (std::size_t number = 0; number < kPages; ++number) {
    if (ckan) at = fmt::format("{}/api/3/action/package_search?rows={}&start={}&sort=name+asc", site, kPage, number * kPage);
    if (!visited.insert(at).second) break;  // a page that names itself as the next one
    QS_TRY(auto document,
           fetch(at, ckan ? "application/json" : "application/ld+json, text/turtle;q=0.9, application/rdf+xml;q=0.8"));
    QS_TRY(auto page, ckan ? read_ckan(document.body, site) : read_dcat(document.body, document.type, document.address));
    auto here = page.datasets.size() + page.problems.size();
    if (seen + here > most) {
      out.whole = false;
      out.problems.push_back(
          problem("", "", fmt::format("目录超过 {} 个数据集，其余没有采集；上限是设置 opendata.harvest_datasets。", most),
                  fmt::format("The catalogue has more than {} datasets; the rest was left out. The limit is the "
                              "setting opendata.harvest_datasets.",
                              most)));
      return out;
    }
    seen += here;
    if (page.total >= 0) total = page.total;
    auto next = page.next;
    QS_CHECK(take(page));
    if (ckan) {
      if (here == 0 || (total >= 0 && static_cast<std::int64_t>(seen) >= total)) break;
      continue;
    }
    if (next.empty()) break;
    if (origin_of(next) != origin_of(address)) {
      out.whole = false;
      out.problems.push_back(
          problem("", "", fmt::format("下一页在另一个站点（{}），没有去取。", origin_of(next)),
                  fmt::format("The next page is at another site ({}) and was not fetched.", origin_of(next))));
      return out;
    }
    at = next;
  }
  // What a page that shifted meanwhile hid must not be taken for gone.
  out.whole = total < 0 || static_cast<std::int64_t>(seen) >= total;
  return out;
}

}  // namespace qushu::opendata
