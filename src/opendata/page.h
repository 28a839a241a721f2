// Inside the module: what the portal's pages have in common.
#pragma once

#include <kainjow/mustache.hpp>

#include "ckan.h"
#include "templates.h"

namespace qushu::opendata {

using Data = kainjow::mustache::data;

struct PageCall {
  const http::Request& request;
  const PublicDeps& deps;
  Lang lang = Lang::zh;
  std::string base;

  [[nodiscard]] std::string say(const Text& text) const { return text.in(lang); }
};

// What every page stands in.
struct Surroundings {
  const http::Request& request;
  const Settings& settings;
  Lang lang = Lang::zh;
  std::string base;
};
[[nodiscard]] std::string render_in(const Surroundings& in, std::string_view name, Data data);
// The page of a template: head, foot and {{#t}}中文|English{{/t}} are there.
[[nodiscard]] std::string render(const PageCall& call, std::string_view name, Data data);
[[nodiscard]] Data item_of(const PageCall& call, const Package& package);
// An empty text is nothing: its section is not shown.
void set_text(Data& data, const std::string& key, const std::string& text);
[[nodiscard]] std::string day(Time at);
// "…" as one value of a query of the shelf.
[[nodiscard]] std::string as_phrase(std::string_view text);

// As the visitor chose, or as her browser says.
[[nodiscard]] Lang lang_of(const http::Request& request);
// A page with the portal's policy of contents, which allows no script.
[[nodiscard]] http::Response page_answer(const http::Request& request, std::string body,
                                         const char* type = "text/html; charset=utf-8");
// Adds "map" where the released fields hold coordinates; the outlines of regions lie under the points.
[[nodiscard]] Result<void> add_map(const PageCall& call, const PublicShown& shown, Data& data);
// Adds "regions" where one of them holds codes of regions that have an outline.
[[nodiscard]] Result<void> add_regions(const PageCall& call, const PublicShown& shown, Data& data);
// Where degrees lie in a picture. Longitudes and latitudes keep their proportions at the middle.
struct Projection {
  double middle_x, middle_y, shrink, scale, left, width, height;  // left: room for what stands at the edge
  [[nodiscard]] double x(double longitude) const { return (left + width) / 2 + (longitude - middle_x) * shrink * scale; }
  [[nodiscard]] double y(double latitude) const { return height / 2 - (latitude - middle_y) * scale; }
};
// The outline of a region as the `d` of a path.
[[nodiscard]] std::string path_of(const Boundary& boundary, const Projection& projection);

[[nodiscard]] Result<std::string> dataset_page(const PageCall& call, const Package& package);

}  // namespace qushu::opendata
