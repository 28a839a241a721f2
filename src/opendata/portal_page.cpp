#include "qushu/opendata/portal_page.h"

#include "page.h"
#include "rdf.h"

namespace qushu::opendata {

std::string render_in(const Surroundings& in, std::string_view name, Data data) {
  using kainjow::mustache::mustache;
  bool zh = in.lang == Lang::zh;
  data.set("lang", zh ? "zh-CN" : "en");
  data.set("other_lang", zh ? "en" : "zh");
  data.set("other_name", zh ? "English" : "中文");
  data.set("site", in.settings.text(zh ? "opendata.title" : "opendata.title_en"));
  data.set("base", in.base);
  data.set("path", in.request.path);
  data.set("t", kainjow::mustache::lambda{[zh](const std::string& text) {
             auto bar = text.find('|');
             return bar == std::string::npos ? text : zh ? text.substr(0, bar) : text.substr(bar + 1);
           }});
  for (const char* part : {"head", "foot", "item", "proof"})
    data.set(part, kainjow::mustache::partial{[part] { return std::string(template_text(part)); }});
  mustache page{std::string(template_text(name))};
  return page.render(data);
}

http::Response portal_page(const http::Request& request, const Settings& settings, const PortalPage& page) {
  Data data;
  data.set("title", page.title);
  set_text(data, "description", page.description);
  data.set("at_" + page.at, true);
  data.set("body", page.body);
  return page_answer(
      request,
      render_in({.request = request, .settings = settings, .lang = lang_of(request), .base = base_of(request, settings)},
                "page", std::move(data)));
}

http::Route portal_route(const char* path, const char* id, Text summary, http::Handler handler) {
  return {.method = http::Method::get,
          .path = path,
          .id = id,
          .tag = "open",
          .summary = std::move(summary),
          .who = http::anyone(),
          .nameless = true,
          .open_query = true,
          .hidden = true,
          .handler = std::move(handler)};
}

Lang portal_lang(const http::Request& request) {
  return lang_of(request);
}

std::string html(std::string_view text) {
  return escaped_xml(text);
}

}  // namespace qushu::opendata
