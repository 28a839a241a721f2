// The public's catalogue as DCAT-AP 3: /catalog.{jsonld,ttl,xml} in pages of a hundred, /dataset/{name}.{jsonld,ttl,xml}.
#include "dcat.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "page.h"
#include "rdf.h"

namespace qushu::opendata {
namespace {

using http::Request;
using http::Response;
namespace schema = http::schema;

constexpr std::size_t kPage = 100;
constexpr std::string_view kAuthority = "http://publications.europa.eu/resource/authority/";

struct Serialisation {
  std::string_view extension, media_type;
  RdfFormat format;
};
constexpr std::array kSerialisations{Serialisation{"jsonld", "application/ld+json", RdfFormat::jsonld},
                                     Serialisation{"ttl", "text/turtle", RdfFormat::turtle},
                                     Serialisation{"xml", "application/rdf+xml", RdfFormat::xml}};

std::string authority(std::string_view path) {
  return std::string(kAuthority) + std::string(path);
}

std::string frequency(std::string_view cycle) {
  if (cycle == "realtime") return authority("frequency/UPDATE_CONT");
  if (cycle == "daily") return authority("frequency/DAILY");
  if (cycle == "weekly") return authority("frequency/WEEKLY");
  if (cycle == "monthly") return authority("frequency/MONTHLY");
  if (cycle == "quarterly") return authority("frequency/QUARTERLY");
  if (cycle == "half_yearly") return authority("frequency/ANNUAL_2");
  if (cycle == "yearly") return authority("frequency/ANNUAL");
  if (cycle == "never") return authority("frequency/NEVER");
  return authority("frequency/IRREG");
}

std::string file_type(std::string_view extension) {
  if (extension == "ttl") return authority("file-type/RDF_TURTLE");
  std::string upper;
  for (char c : extension) upper += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return authority("file-type/" + upper);
}

class Describer {
 public:
  Describer(const PublicDeps& deps, std::string base, const std::vector<Licence>& licences)
      : deps_(deps), base_(std::move(base)), licences_(licences) {}

  void both(const std::string& subject, std::string_view predicate, const std::string& zh, const std::string& en) {
    graph.text(subject, predicate, zh, "zh");
    graph.text(subject, predicate, en, "en");
  }

  // A link to something that is a `type`, said once in a document: the shapes of DCAT-AP ask what each linked thing is, also of
  // those that other catalogues and authorities describe.
  void link(const std::string& subject, std::string_view predicate, const std::string& address, std::string_view type) {
    graph.link(subject, predicate, address);
    if (said_.insert(address + " " + std::string(type)).second) graph.type(address, type);
  }

  std::string agent(const std::string& address, const std::string& name) {
    graph.type(address, "foaf:Agent");
    graph.text(address, "foaf:name", name, "zh");
    return address;
  }

  void service() {
    auto api = base_ + "/api/3/action/";
    auto self = base_ + "/catalog#api";
    graph.type(self, "dcat:DataService");
    graph.text(self, "dct:title", "CKAN Action API v3", "en");
    link(self, "dcat:endpointURL", api, "rdfs:Resource");
    link(self, "dcat:endpointDescription", base_ + "/api/openapi.json", "rdfs:Resource");
    graph.link(self, "dct:publisher", base_ + "/catalog#publisher");
  }

  void catalog(const std::vector<PackagePtr>& packages) {
    auto self = base_ + "/catalog";
    auto zh = deps_.settings.text("opendata.title"), en = deps_.settings.text("opendata.title_en");
    graph.type(self, "dcat:Catalog");
    both(self, "dct:title", zh, en);
    both(self, "dct:description", zh + "的全部开放数据集", "All datasets of the " + en);
    graph.link(self, "dct:publisher", self + "#publisher");
    link(self, "foaf:homepage", base_ + "/open/", "foaf:Document");
    link(self, "dct:language", authority("language/ZHO"), "dct:LinguisticSystem");
    graph.link(self, "dcat:themeTaxonomy", base_ + "/open/themes");
    graph.link(self, "dcat:service", self + "#api");
    Time newest{};
    for (const auto& p : packages) {
      newest = std::max(newest, p->modified);
      graph.link(self, "dcat:dataset", address(*p));
    }
    if (!packages.empty()) graph.typed(self, "dct:modified", to_iso(newest), "xsd:dateTime");
    agent(self + "#publisher", zh);
    graph.type(base_ + "/open/themes", "skos:ConceptScheme");
    graph.text(base_ + "/open/themes", "dct:title", "政务信息资源分类", "zh");
    service();
  }

  void dataset(const Package& p) {
    auto self = address(p);
    graph.type(self, "dcat:Dataset");
    both(self, "dct:title", p.title, p.title_en);
    both(self, "dct:description", p.notes.empty() ? p.title : p.notes, p.notes_en);
    graph.text(self, "dct:identifier", p.id);
    graph.link(self, "dct:publisher", base_ + "/open/datasets?organization=" + url_encode(p.organization.name));
    graph.link(self, "dcat:contactPoint", self + "#contact");
    for (const auto& tag : p.tags) graph.text(self, "dcat:keyword", tag, "zh");
    for (const auto& g : p.groups) graph.link(self, "dcat:theme", base_ + "/open/datasets?groups=" + url_encode(g.name));
    graph.typed(self, "dct:issued", to_iso(p.created), "xsd:dateTime");
    graph.typed(self, "dct:modified", to_iso(p.modified), "xsd:dateTime");
    graph.text(self, "dcat:version", std::to_string(p.version));
    link(self, "dct:accrualPeriodicity", frequency(p.update_cycle), "dct:Frequency");
    link(self, "dct:accessRights", authority("access-right/PUBLIC"), "dct:RightsStatement");
    link(self, "dct:language", authority("language/ZHO"), "dct:LinguisticSystem");
    link(self, "dcat:landingPage", base_ + "/open/dataset/" + p.name, "foaf:Document");
    for (const auto& format : file_formats()) graph.link(self, "dcat:distribution", self + "/" + std::string(format.extension));
    for (const auto& format : file_formats()) distribution(p, format, self);
    agent(base_ + "/open/datasets?organization=" + url_encode(p.organization.name), p.organization.title);
    graph.type(self + "#contact", "vcard:Kind");
    graph.type(self + "#contact", "vcard:Organization");
    graph.text(self + "#contact", "vcard:fn", p.organization.title, "zh");
    graph.link(self + "#contact", "vcard:hasURL", base_ + "/open/dataset/" + p.name);
    for (const auto& g : p.groups) {
      auto theme = base_ + "/open/datasets?groups=" + url_encode(g.name);
      graph.type(theme, "skos:Concept");
      graph.text(theme, "skos:prefLabel", g.title, "zh");
      graph.link(theme, "skos:inScheme", base_ + "/open/themes");
    }
  }

  void page(std::string_view extension, const Request& r, std::size_t page, std::size_t total) {
    auto link = [&](std::size_t number) {
      auto out = fmt::format("{}/catalog.{}?page={}", base_, extension, number);
      for (const auto& [key, value] : r.query_in_order)
        if (key != "page") out += "&" + url_encode(key) + "=" + url_encode(value);
      return out;
    };
    auto last = std::max<std::size_t>(1, (total + kPage - 1) / kPage);
    auto self = link(page);
    graph.type(self, "hydra:PartialCollectionView");
    graph.link(self, "hydra:first", link(1));
    if (page > 1) graph.link(self, "hydra:previous", link(page - 1));
    if (page < last) graph.link(self, "hydra:next", link(page + 1));
    graph.link(self, "hydra:last", link(last));
    graph.typed(self, "hydra:totalItems", std::to_string(total), "xsd:integer");
  }

  Graph graph;

 private:
  [[nodiscard]] std::string address(const Package& p) const { return base_ + "/dataset/" + p.name; }

  void distribution(const Package& p, const FileFormat& format, const std::string& dataset) {
    auto self = dataset + "/" + std::string(format.extension);
    auto file = fmt::format("{}/open/dataset/{}/data.{}", base_, p.name, format.extension);
    graph.type(self, "dcat:Distribution");
    graph.text(self, "dct:title", fmt::format("{}（{}）", p.title, format.name), "zh");
    graph.text(self, "dct:description", fmt::format("{} 格式的全部数据行", format.name), "zh");
    link(self, "dcat:accessURL", base_ + "/open/dataset/" + p.name, "rdfs:Resource");
    link(self, "dcat:downloadURL", file, "rdfs:Resource");
    link(self, "dct:format", file_type(format.extension), "dct:MediaTypeOrExtent");
    link(self, "dcat:mediaType", "http://www.iana.org/assignments/media-types/" + std::string(format.media_type),
         "dct:MediaType");
    auto stable = authority("planned-availability/STABLE");
    if (!said_.contains(stable + " skos:Concept")) {
      graph.text(stable, "skos:prefLabel", "长期提供", "zh");
      graph.text(stable, "skos:prefLabel", "stable", "en");
    }
    link(self, "dcatap:availability", stable, "skos:Concept");
    auto licence = std::ranges::find(licences_, p.licence, &Licence::id);
    bool known = licence != licences_.end() && !licence->url.empty();
    link(self, "dct:license", known ? licence->url : base_ + "/open/datasets?license_id=" + url_encode(p.licence),
         "dct:LicenseDocument");
    if (format.extension == "csv") graph.link(self, "dcat:accessService", base_ + "/catalog#api");
    graph.typed(self, "dct:modified", to_iso(p.modified), "xsd:dateTime");
  }

  const PublicDeps& deps_;
  std::string base_;
  const std::vector<Licence>& licences_;
  std::set<std::string> said_;  // addresses and what they are
};

Response answer(std::string body, const Serialisation& s) {
  return Response::text(std::move(body), std::string(s.media_type) + "; charset=utf-8")
      .with("Access-Control-Allow-Origin", "*");
}

Result<Response> catalog(const PublicDeps& deps, const Request& r, const Serialisation& s) {
  PackageSearch query{.q = r.get("q").value_or(""), .sort = "metadata_modified desc", .rows = kPage};
  auto page = static_cast<std::size_t>(r.integer("page", 1));
  query.start = (page - 1) * kPage;
  if (auto since = r.get("modified_since")) {
    auto at = parse_iso(*since);
    if (!at)
      return fail(Error{
          .code = Code::invalid,
          .id = "open.parameter",
          .text = {"时间应写成 2026-11-25 或 2026-11-25T00:00:00Z。", "A time is written 2026-11-25 or 2026-11-25T00:00:00Z."},
          .subject = "modified_since"});
    query.fq.push_back("metadata_modified:[" + to_iso(*at) + " TO *]");
  }
  QS_TRY(auto found, deps.shelf.search(query));
  QS_TRY(auto licences, deps.shelf.licences());
  Describer out(deps, base_of(r, deps.settings), *licences);
  out.page(s.extension, r, page, static_cast<std::size_t>(found.count));
  out.catalog(found.packages);
  for (const auto& p : found.packages) out.dataset(*p);
  return answer(out.graph.write(s.format), s);
}

Result<Response> dataset(const PublicDeps& deps, const Request& r) {
  const auto& file = r.param("file");
  auto dot = file.rfind('.');
  auto name = file.substr(0, dot);
  const bool plain = dot == std::string::npos;
  QS_TRY(auto package, deps.shelf.package(name));
  if (!package) return not_public();
  if (plain) {
    // Whoever asks for RDF is led to it, and everybody else to the page.
    auto accept = lower_ascii(r.header("accept"));
    auto place = [&](const Serialisation& one) { return accept.find(one.media_type); };
    auto wanted = std::ranges::min_element(kSerialisations, {}, place);
    const bool rdf = place(*wanted) != std::string::npos && place(*wanted) < accept.find("text/html");
    return Response::redirect(rdf ? fmt::format("/dataset/{}.{}", package->name, wanted->extension)
                                  : "/open/dataset/" + package->name)
        .with("Access-Control-Allow-Origin", "*");
  }
  auto s = std::ranges::find(kSerialisations, std::string_view(file).substr(dot + 1), &Serialisation::extension);
  if (s == kSerialisations.end())
    return fail(Code::not_found, "open.format",
                fmt::format("没有“.{}”这种格式，请用 .jsonld、.ttl 或 .xml。", file.substr(dot + 1)),
                fmt::format("There is no format “.{}”; use .jsonld, .ttl or .xml.", file.substr(dot + 1)));
  QS_TRY(auto licences, deps.shelf.licences());
  Describer out(deps, base_of(r, deps.settings), *licences);
  out.dataset(*package);
  out.service();
  out.agent(base_of(r, deps.settings) + "/catalog#publisher", deps.settings.text("opendata.title"));
  return answer(out.graph.write(s->format), *s);
}

}  // namespace

void add_dcat_routes(http::Router& router, const PublicDeps& deps) {
  for (const auto& s : kSerialisations)
    router.add(
        {.method = http::Method::get,
         .path = fmt::format("/catalog.{}", s.extension),
         .id = fmt::format("dcat_catalog_{}", s.extension),
         .tag = "open",
         .summary = {"开放目录（DCAT-AP 3），每页一百个数据集", "The open catalogue as DCAT-AP 3, a hundred datasets a page"},
         .who = http::anyone(),
         .query = {{.name = "page", .shape = schema::integer().range(1, 1'000'000)},
                   {.name = "modified_since", .shape = schema::text()},
                   {.name = "q", .shape = schema::text().length(0, 1000)}},
         .nameless = true,
         .answer_types = {std::string(s.media_type)},
         .errors = {Code::invalid},
         .handler = [&deps, &s](Request& r) { return catalog(deps, r, s); }});
  router.add({.method = http::Method::get,
              .path = "/dataset/{file}",
              .id = "dcat_dataset",
              .tag = "open",
              .summary = {"一个开放数据集（DCAT-AP 3）：名称.jsonld、.ttl、.xml",
                          "An open dataset as DCAT-AP 3: NAME.jsonld, .ttl, .xml"},
              .who = http::anyone(),
              .nameless = true,
              .answer_types = {"application/ld+json", "text/turtle", "application/rdf+xml"},
              .errors = {Code::not_found},
              .handler = [&deps](Request& r) { return dataset(deps, r); }});
}

}  // namespace qushu::opendata
