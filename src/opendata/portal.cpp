#include "portal.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/opendata/portal_page.h"

#include "page.h"

namespace qushu::opendata {
namespace {

using http::Request;
using http::Response;

constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
constexpr std::size_t kPage = 20;
constexpr std::size_t kKept = 2000;  // pages in memory

std::string asked(const Request& r, std::string_view key) {
  for (const auto& [name, value] : r.query_in_order)
    if (name == key) return value;
  return {};
}

std::string title_of(const FacetValue& v, Lang lang) {
  auto line = v.title.find('\n');
  if (line == std::string::npos) return v.title;
  return lang == Lang::zh ? v.title.substr(0, line) : v.title.substr(line + 1);
}

Text facet_name(std::string_view facet) {
  if (facet == "organization") return {"部门", "Department"};
  if (facet == "groups") return {"分类", "Class"};
  if (facet == "tags") return {"标签", "Tag"};
  if (facet == "license_id") return {"许可", "Licence"};
  return {"格式", "Format"};
}

Data values_of(const std::vector<FacetValue>& values, Lang lang) {
  Data out(Data::type::list);
  for (const auto& v : values) {
    Data one;
    one.set("value", url_encode(v.name));
    one.set("title", title_of(v, lang));
    one.set("count", std::to_string(v.count));
    out << one;
  }
  return out;
}

Result<std::string> home(const PageCall& call) {
  QS_TRY(auto found,
         call.deps.shelf.search(
             {.sort = "metadata_modified desc", .rows = 8, .facets = {"organization", "groups"}, .facet_limit = 40}));
  QS_TRY(auto totals, call.deps.shelf.totals());
  Data data, packages(Data::type::list);
  for (const auto& p : found.packages) packages << item_of(call, *p);
  data.set("packages", packages);
  data.set("groups", values_of(found.facets["groups"], call.lang));
  data.set("organization", values_of(found.facets["organization"], call.lang));
  data.set("any", found.count > 0);
  data.set("datasets", with_thousands(found.count));
  data.set("all_rows", with_thousands(totals.rows));
  data.set("departments_count", with_thousands(totals.departments));
  return render(call, "home", std::move(data));
}

// The address of this search with one parameter changed; an empty value leaves it out.
std::string search_link(const Request& r, std::string_view key, std::string_view value) {
  std::string out;
  for (const auto& [name, old] : r.query_in_order)
    if (name != key && name != "page" && name != "lang" && !old.empty()) out += "&" + url_encode(name) + "=" + url_encode(old);
  if (!value.empty()) out += "&" + std::string(key) + "=" + url_encode(value);
  return out.empty() ? "/open/datasets" : "/open/datasets?" + out.substr(1);
}

Result<std::string> search_page(const PageCall& call) {
  const auto& r = call.request;
  PackageSearch query{
      .q = asked(r, "q"), .rows = kPage, .facets = {"organization", "groups", "tags", "license_id"}, .facet_limit = 15};
  Data data, chosen(Data::type::list), facets(Data::type::list), packages(Data::type::list);
  bool any = !query.q.empty();
  for (const auto& facet : query.facets) {
    auto value = asked(r, facet);
    if (value.empty()) continue;
    query.fq.push_back(facet + ":" + as_phrase(value));
    Data one;
    one.set("key", facet);
    one.set("value", value);
    chosen << one;
    any = true;
  }
  auto page = static_cast<std::size_t>(std::max<std::int64_t>(1, to_int(asked(r, "page")).value_or(1)));
  query.start = (std::min<std::size_t>(page, 100000) - 1) * kPage;
  auto found = call.deps.shelf.search(query);
  if (!found && found.error().id == "open.query") {
    // People are not asked to know the language of queries.
    query.q = as_phrase(query.q);
    found = call.deps.shelf.search(query);
  }
  QS_CHECK(found);
  for (const auto& p : found->packages) packages << item_of(call, *p);
  for (const auto& facet : query.facets) {
    Data one, values(Data::type::list);
    for (const auto& v : found->facets[facet]) {
      bool on = asked(r, facet) == v.name;
      Data value;
      value.set("title", title_of(v, call.lang));
      value.set("count", std::to_string(v.count));
      value.set("on", on);
      value.set("link", search_link(r, facet, on ? std::string_view() : std::string_view(v.name)));
      values << value;
    }
    if (found->facets[facet].empty()) continue;
    one.set("title", call.say(facet_name(facet)));
    one.set("values", values);
    facets << one;
  }
  auto pages = std::max<std::size_t>(1, (static_cast<std::size_t>(found->count) + kPage - 1) / kPage);
  data.set("title", call.say({"数据集", "Datasets"}));
  data.set("at_datasets", true);
  data.set("q", asked(r, "q"));
  data.set("any", any);
  data.set("chosen", chosen);
  data.set("facets", facets);
  data.set("packages", packages);
  data.set("count", with_thousands(found->count));
  data.set("page", std::to_string(page));
  data.set("pages", std::to_string(pages));
  // An address that was kept, of a search that finds less by now.
  set_text(data, "last", page > pages && found->count > 0 ? search_link(r, "page", std::to_string(pages)) : std::string());
  set_text(data, "previous", page > 1 && page <= pages ? search_link(r, "page", std::to_string(page - 1)) : std::string());
  set_text(data, "next", page < pages ? search_link(r, "page", std::to_string(page + 1)) : std::string());
  return render(call, "search", std::move(data));
}

Result<std::string> groups_page(const PageCall& call, const std::string& facet) {
  QS_TRY(auto found, call.deps.shelf.search({.rows = 0, .facets = {facet}, .facet_limit = 0}));
  Data data;
  bool departments = facet == "organization";
  data.set("title", call.say(departments ? Text{"提供数据的部门", "Departments"} : Text{"主题", "Themes"}));
  data.set(departments ? "at_departments" : "at_themes", true);
  data.set("facet", facet);
  data.set("groups", values_of(found.facets[facet], call.lang));
  return render(call, "groups", std::move(data));
}

Result<std::string> statistics_page(const PageCall& call) {
  QS_TRY(auto found,
         call.deps.shelf.search({.rows = 0, .facets = {"organization", "groups", "license_id"}, .facet_limit = 20}));
  QS_TRY(auto totals, call.deps.shelf.totals());
  Data data, charts(Data::type::list);
  for (const char* facet : {"organization", "groups", "license_id"}) {
    const auto& values = found.facets[facet];
    if (values.empty()) continue;
    Data one, bars(Data::type::list);
    for (const auto& v : values) {
      Data bar;
      bar.set("label", title_of(v, call.lang));
      bar.set("count", std::to_string(v.count));
      bars << bar;
    }
    one.set("title", call.say({"数据集，按" + facet_name(facet).zh, "Datasets by " + lower_ascii(facet_name(facet).en)}));
    one.set("most", std::to_string(values.front().count));
    one.set("bars", bars);
    charts << one;
  }
  data.set("title", call.say({"统计", "Statistics"}));
  data.set("at_statistics", true);
  data.set("charts", charts);
  data.set("datasets", with_thousands(found.count));
  data.set("all_rows", with_thousands(totals.rows));
  data.set("departments_count", with_thousands(totals.departments));
  return render(call, "statistics", std::move(data));
}

Result<std::string> developers_page(const PageCall& call) {
  Data data;
  data.set("title", call.say({"开发者", "For developers"}));
  data.set("at_developers", true);
  return render(call, "developers", std::move(data));
}

std::string xml(std::string_view text) {
  return kainjow::mustache::html_escape(well_formed(text));
}

Result<std::string> feed(const PageCall& call) {
  QS_TRY(auto found, call.deps.shelf.search({.sort = "metadata_modified desc", .rows = 50}));
  auto site = call.deps.settings.text(call.lang == Lang::zh ? "opendata.title" : "opendata.title_en");
  auto out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{}</title><link>{}/open/</link>"
      "<description>{}</description>\n",
      xml(site), xml(call.base), xml(site));
  for (const auto& p : found.packages) {
    auto link = xml(call.base + "/open/dataset/" + p->name);
    out += fmt::format(
        "<item><title>{}</title><link>{}</link><guid isPermaLink=\"false\">{}-{}</guid><pubDate>{}</pubDate>"
        "<description>{}</description></item>\n",
        xml(title_in(*p, call.lang)), link, p->id, p->version, to_http_date(p->modified), xml(p->notes));
  }
  return out + "</channel></rss>\n";
}

Result<std::string> sitemap(const PageCall& call) {
  constexpr std::size_t kMost = 50'000;  // addresses of one file, by sitemaps.org
  QS_TRY(auto found, call.deps.shelf.search({.sort = "metadata_modified desc", .rows = kMost - 10}));
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
  for (const char* page : {"", "datasets", "departments", "themes", "statistics", "developers"})
    out += fmt::format("<url><loc>{}/open/{}</loc></url>\n", xml(call.base), page);
  for (const auto& p : found.packages)
    out += fmt::format("<url><loc>{}/open/dataset/{}</loc><lastmod>{}</lastmod></url>\n", xml(call.base), xml(p->name),
                       day(p->modified));
  return out + "</urlset>\n";
}

}  // namespace

Lang lang_of(const Request& r) {
  for (const auto& [key, value] : r.query_in_order)
    if (key == "lang") return value == "en" ? Lang::en : Lang::zh;
  return r.lang();
}

Response page_answer(const Request& r, std::string body, const char* type) {
  auto response = Response::text(std::move(body), type).with("Content-Security-Policy", std::string(kPolicy));
  if (!asked(r, "lang").empty())
    response.headers.emplace_back(
        "Set-Cookie", fmt::format("qs_lang={}; Path=/; Max-Age=31536000; SameSite=Lax", lang_of(r) == Lang::en ? "en" : "zh"));
  return response;
}

void set_text(Data& data, const std::string& key, const std::string& text) {
  if (text.empty())
    data.set(key, false);
  else
    data.set(key, text);
}

std::string day(Time at) {
  return to_iso(at).substr(0, 10);
}

std::string as_phrase(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Data item_of(const PageCall& call, const Package& p) {
  Data out;
  out.set("name", p.name);
  out.set("title", title_in(p, call.lang));
  set_text(out, "notes", shorten(call.lang == Lang::en && !p.notes_en.empty() ? p.notes_en : p.notes, 160));
  out.set("department", p.organization.title);
  out.set("rows", with_thousands(static_cast<std::int64_t>(p.rows)));
  out.set("modified", day(p.modified));
  return out;
}

std::string render(const PageCall& call, std::string_view name, Data data) {
  return render_in({.request = call.request, .settings = call.deps.settings, .lang = call.lang, .base = call.base}, name,
                   std::move(data));
}

struct Portal::Pages {
  explicit Pages(const PublicDeps& d) : deps(d) {}

  using Make = Result<std::string> (*)(const PageCall&);

  // From memory while the store stands still.
  Result<std::string> kept(const Request& r, const std::function<Result<std::string>(const PageCall&)>& make) {
    PageCall call{.request = r, .deps = deps, .lang = lang_of(r), .base = base_of(r, deps.settings)};
    QS_TRY(auto state, deps.shelf.state());
    auto key = fmt::format("{}\n{}\n{}", call.lang == Lang::zh ? "zh" : "en", call.base, r.path);
    for (const auto& [name, value] : r.query_in_order) key.append("\n").append(name).append("\n").append(value);
    {
      std::scoped_lock lock(mutex);
      if (of != state) {
        pages.clear();
        of = state;
      } else if (auto found = pages.find(key); found != pages.end()) {
        return found->second;
      }
    }
    QS_TRY(auto page, make(call));
    std::scoped_lock lock(mutex);
    if (pages.size() >= kKept) pages.clear();
    if (of == state) pages[key] = page;
    return page;
  }

  // What goes wrong is told on a page too.
  Result<Response> page(const Request& r, const std::function<Result<std::string>(const PageCall&)>& make) {
    auto body = kept(r, make);
    if (body) return page_answer(r, *std::move(body));
    if (body.error().code == Code::internal || body.error().code == Code::cancelled) return Failure(std::move(body).error());
    PageCall call{.request = r, .deps = deps, .lang = lang_of(r), .base = base_of(r, deps.settings)};
    Data data;
    bool missing = body.error().code == Code::not_found;
    data.set("title", call.say(missing ? Text{"没有找到", "Not found"} : Text{"暂时无法显示", "This cannot be shown now"}));
    data.set("text", body.error().text.in(call.lang));
    auto response = page_answer(r, render(call, "message", std::move(data)));
    response.status = http::status_of(body.error().code);
    return response;
  }

  const PublicDeps& deps;
  std::mutex mutex;
  std::int64_t of = -1;
  std::unordered_map<std::string, std::string> pages;
};

Portal::Portal(const PublicDeps& deps) : pages_(std::make_unique<Pages>(deps)) {}
Portal::~Portal() = default;

void Portal::add_routes(http::Router& router) const {
  auto* pages = pages_.get();
  auto add = [&](const char* path, const char* id, Text summary, http::Handler handler) {
    router.add(portal_route(path, id, std::move(summary), std::move(handler)));
  };
  auto page = [&](const char* path, const char* id, Text summary, Result<std::string> (*make)(const PageCall&)) {
    add(path, id, std::move(summary), [pages, make](Request& r) { return pages->page(r, make); });
  };
  page("/open", "open_home", {"开放平台首页", "Home of the portal"}, home);
  page("/open/", "open_home_slash", {"开放平台首页", "Home of the portal"}, home);
  page("/open/datasets", "open_search", {"检索开放数据", "Search open data"}, search_page);
  page("/open/departments", "open_departments", {"部门", "Departments"},
       [](const PageCall& c) { return groups_page(c, "organization"); });
  page("/open/themes", "open_themes", {"主题", "Themes"}, [](const PageCall& c) { return groups_page(c, "groups"); });
  page("/open/statistics", "open_statistics", {"统计", "Statistics"}, statistics_page);
  page("/open/developers", "open_developers", {"开发者", "For developers"}, developers_page);
  add("/open/dataset/{name}", "open_dataset", {"开放数据集", "An open dataset"}, [pages](Request& r) {
    return pages->page(r, [](const PageCall& call) -> Result<std::string> {
      QS_TRY(auto package, call.deps.shelf.package(call.request.param("name")));
      if (!package) return not_public();
      return dataset_page(call, *package);
    });
  });
  // What is no page of the portal is said by the portal: the public has no business at the sign-in of the console.
  page("/open/{rest*}", "open_nothing", {"没有这个页面", "No such page"}, [](const PageCall&) -> Result<std::string> {
    return fail(Code::not_found, "http.not_found", "没有这个页面，可能是地址有误。请从上方的栏目或检索进入。",
                "There is no such page. Go on by the links above, or search.");
  });
  add("/open/style.css", "open_style", {"样式", "Style"}, [](Request&) -> Result<Response> {
    return Response::text(std::string(style_text()), "text/css; charset=utf-8").with("Cache-Control", "public, max-age=300");
  });
  add("/open/feed.xml", "open_feed", {"RSS", "RSS"}, [pages](Request& r) -> Result<Response> {
    QS_TRY(auto body, pages->kept(r, feed));
    return page_answer(r, std::move(body), "application/rss+xml; charset=utf-8");
  });
  add("/sitemap.xml", "open_sitemap", {"网站地图", "Site map"}, [pages](Request& r) -> Result<Response> {
    QS_TRY(auto body, pages->kept(r, sitemap));
    return page_answer(r, std::move(body), "application/xml; charset=utf-8");
  });
  add("/robots.txt", "open_robots", {"爬虫规则", "Rules for robots"}, [pages](Request& r) -> Result<Response> {
    return Response::text(
        fmt::format("User-agent: *\nAllow: /open/\nAllow: /dataset/\nAllow: /catalog.\nDisallow: /\nSitemap: {}/sitemap.xml\n",
                    base_of(r, pages->deps.settings)));
  });
}

}  // namespace qushu::opendata
