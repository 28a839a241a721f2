// A dataset whose rows speak of regions by their codes: a picture of the regions, darker where there is more, made on the
// server.
#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "page.h"
#include "rdf.h"

namespace qushu::opendata {
namespace {

constexpr double kWidth = 720, kMost = 560, kEdge = 12;
constexpr std::size_t kShades = 5, kDrawn = 4000, kLabelled = 40, kListed = 200, kCodes = 100'000;

// The region of the map that a code belongs to: its own, or the one around it.
const std::string* found(const BoundaryMap& map, std::string region) {
  for (auto length : {12U, 9U, 6U, 4U, 2U}) {
    if (region.size() < length) continue;
    region.resize(length);
    if (auto at = map.find(region); at != map.end()) return &at->first;
  }
  return nullptr;
}

bool speaks_of_regions(const catalog::Field& f) {
  auto name = lower_ascii(f.name);
  for (const auto* word :
       {"区划", "地区代码", "地区编码", "街道代码", "乡镇代码", "社区代码", "村代码", "行政代码", "adcode", "region"})
    if (name.contains(word) || f.id.contains(word)) return true;
  return f.name == "代码" || f.id == "code";
}

struct Shade {
  double value = 0;
  std::int64_t rows = 0;
};
using Shades = std::map<std::string, Shade, std::less<>>;  // by region

// What each region's rows come to: how many they are, or the sum of a field.
Result<Shades> shades_of(const PageCall& call, const PublicShown& shown, const BoundaryMap& map, const catalog::Field& field,
                         const catalog::Field* measure) {
  engine::Limits limits{.time = std::chrono::seconds(call.deps.settings.integer("opendata.query_time")),
                        .cancelled = [client = call.request.client] { return client != nullptr && client->gone(); }};
  auto code = engine::quote_name(field.id);
  auto sum = measure == nullptr ? std::string("CAST(count(*) AS DOUBLE)")
                                : "sum(CAST(" + engine::quote_name(measure->id) + " AS DOUBLE))";
  QS_TRY(auto cursor,
         call.deps.engine.run({.sql = fmt::format("SELECT CAST({} AS VARCHAR), {}, count(*) FROM ({}) WHERE {} IS NOT "
                                                  "NULL GROUP BY 1 LIMIT {}",
                                                  code, sum, shown.select, code, kCodes),
                               .limits = limits}));
  Shades out;
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      auto region = region_of(trim(chunk->text(0, r)));
      const auto* known = region.empty() ? nullptr : found(map, region);
      if (known == nullptr) continue;
      auto& shade = out[*known];
      if (!chunk->is_null(1, r)) shade.value += chunk->number(1, r);
      shade.rows += chunk->integer(2, r);
    }
  }
  return out;
}

bool one_row_each(const Shades& shades) {
  return std::ranges::all_of(shades, [](const auto& one) { return one.second.rows == 1; });
}

// Those that are spoken of, and their neighbours of the same kind under what they have in common.
std::vector<const Boundary*> drawn_of(const BoundaryMap& map, const Shades& shades) {
  std::string common = shades.begin()->first;
  std::set<std::size_t> lengths;
  for (const auto& [region, shade] : shades) {
    lengths.insert(region.size());
    auto differs = std::ranges::mismatch(common, region);
    common.erase(differs.in1, common.end());
  }
  if (shades.size() == 1) common.resize(common.size() > 6 ? 6 : common.size() > 2 ? common.size() - 2 : 0);
  std::vector<const Boundary*> out;
  for (auto at = map.lower_bound(common); at != map.end() && at->first.starts_with(common) && out.size() < kDrawn; ++at)
    if (lengths.contains(at->first.size())) out.push_back(&at->second);
  return out;
}

Projection projection_of(const std::vector<const Boundary*>& drawn) {
  Box box;
  for (const auto* b : drawn) box.include(b->box);
  auto [west, east, south, north] = box;
  auto shrink = std::cos((south + north) / 2 * 3.14159265358979 / 180);
  auto scale = std::min((kWidth - 2 * kEdge) / ((east - west) * shrink), (kMost - 2 * kEdge) / (north - south));
  return {.middle_x = (west + east) / 2,
          .middle_y = (south + north) / 2,
          .shrink = shrink,
          .scale = scale,
          .left = 0,
          .width = kWidth,
          .height = (north - south) * scale + 2 * kEdge};
}

std::string shown_value(double value) {
  if (std::abs(value) < 9e15 && value == std::floor(value)) return with_thousands(static_cast<std::int64_t>(value));
  return fmt::format("{:.2f}", value);
}

// Equal steps between the least and the most.
class Scale {
 public:
  explicit Scale(const Shades& shades) : least_(shades.begin()->second.value), most_(least_) {
    for (const auto& [region, shade] : shades) {
      least_ = std::min(least_, shade.value);
      most_ = std::max(most_, shade.value);
    }
  }
  [[nodiscard]] std::size_t step(double value) const {
    if (most_ <= least_) return kShades - 1;
    return std::min(kShades - 1, static_cast<std::size_t>((value - least_) / (most_ - least_) * kShades));
  }
  [[nodiscard]] Data legend() const {
    Data out(Data::type::list);
    auto bound = [&](std::size_t i) {
      auto value = least_ + (most_ - least_) * static_cast<double>(i) / kShades;
      return shown_value(most_ - least_ > 10 ? std::round(value) : std::round(value * 100) / 100);
    };
    for (auto i = most_ > least_ ? 0 : kShades - 1; i < kShades; ++i) {
      Data one;
      one.set("shade", std::to_string(i));
      one.set("from", bound(most_ > least_ ? i : 0));
      one.set("to", bound(i + 1));
      out << one;
    }
    return out;
  }

 private:
  double least_, most_;
};

// The centre of mass of the largest ring.
std::pair<double, double> middle_of(const Boundary& boundary) {
  std::pair<double, double> out;
  double largest = -1;
  for (const auto& ring : boundary.rings) {
    double area = 0, x = 0, y = 0;
    auto [x0, y0] = ring.front();  // sums are taken from here, where they are small
    for (std::size_t i = 0; i < ring.size(); ++i) {
      auto [ax, ay] = ring[i];
      auto [bx, by] = ring[(i + 1) % ring.size()];
      auto cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0);
      area += cross;
      x += (ax - x0 + bx - x0) * cross;
      y += (ay - y0 + by - y0) * cross;
    }
    if (area == 0 || std::abs(area) <= largest) continue;
    largest = std::abs(area);
    out = {x0 + x / (3 * area), y0 + y / (3 * area)};
  }
  return largest < 0 ? boundary.rings.front().front() : out;
}

std::string picture(const std::vector<const Boundary*>& drawn, const Shades& shades, const Scale& scale) {
  auto projection = projection_of(drawn);
  auto svg = fmt::format("<svg class=\"map\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-labelledby=\"regions\">",
                         projection.width, projection.height);
  for (const auto* b : drawn) {
    auto at = shades.find(region_of(b->code));
    bool none = at == shades.end();
    svg += fmt::format("<path class=\"{}\" d=\"{}\"><title>{}: {}</title></path>",
                       none ? "none" : "s" + std::to_string(scale.step(at->second.value)), path_of(*b, projection),
                       escaped_xml(b->name), none ? "—" : shown_value(at->second.value));
  }
  if (drawn.size() > kLabelled) return svg + "</svg>";
  for (const auto* b : drawn) {
    auto [x, y] = middle_of(*b);
    svg += fmt::format("<text class=\"label\" text-anchor=\"middle\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>", projection.x(x),
                       projection.y(y) + 4, escaped_xml(b->name));
  }
  return svg + "</svg>";
}

// The most first.
Data list_of(const BoundaryMap& map, const Shades& shades) {
  std::vector<std::pair<double, const Boundary*>> order;
  for (const auto& [region, shade] : shades) order.emplace_back(-shade.value, &map.find(region)->second);
  std::ranges::sort(order, {}, [](const auto& one) { return std::tie(one.first, one.second->code); });
  Data out(Data::type::list);
  for (const auto& [value, boundary] : order | std::views::take(kListed)) {
    Data one;
    one.set("code", boundary->code);
    one.set("label", boundary->name);
    one.set("value", shown_value(-value));
    out << one;
  }
  return out;
}

// Fields that can be summed: numbers that are no codes, places, years or shares.
std::vector<const catalog::Field*> measures_of(const PublicShown& shown, const catalog::Field& region) {
  std::vector<const catalog::Field*> out;
  for (const auto& f : shown.fields) {
    bool other = std::ranges::any_of(std::array{"经度", "纬度", "年份", "年度", "率", "代码", "比例"},
                                     [&](const char* word) { return f.name.contains(word); });
    if (engine::is_number(f.type) && &f != &region && f.unit != "%" && !other) out.push_back(&f);
  }
  return out;
}

Data choices_of(const std::vector<const catalog::Field*>& measures, const catalog::Field* chosen) {
  Data out(Data::type::list);
  for (const auto* f : measures) {
    Data one;
    one.set("id", f->id);
    one.set("label", f->name);
    one.set("on", f == chosen);
    out << one;
  }
  return out;
}

}  // namespace

std::string path_of(const Boundary& boundary, const Projection& projection) {
  std::string out;
  for (const auto& ring : boundary.rings) {
    std::string last;
    bool first = true;
    for (auto [x, y] : ring) {
      auto point = fmt::format("{:.1f} {:.1f}", projection.x(x), projection.y(y));
      if (point == last) continue;
      out += (first ? "M" : "L") + point;
      first = false;
      last = std::move(point);
    }
    out += 'Z';
  }
  return out;
}

Result<void> add_regions(const PageCall& call, const PublicShown& shown, Data& data) {
  QS_TRY(auto map, call.deps.boundaries.all());
  if (map->empty()) return {};
  for (const auto& field : shown.fields) {
    if (!speaks_of_regions(field)) continue;
    auto measures = measures_of(shown, field);
    auto asked = call.request.get("shade");
    auto chosen = std::ranges::find(measures, asked.value_or(""), [](const catalog::Field* f) { return f->id; });
    const auto* measure = chosen == measures.end() ? nullptr : *chosen;
    QS_TRY(auto shades, shades_of(call, shown, *map, field, measure));
    if (shades.empty()) continue;
    // One row of each region says nothing; where nobody asked for rows, a number does. Of several rows, which may be of several
    // years, no sum is made unasked.
    if (!asked && !measures.empty() && one_row_each(shades)) {
      measure = measures.front();
      QS_TRY(shades, shades_of(call, shown, *map, field, measure));
    }
    Scale scale(shades);
    std::int64_t rows = 0;
    for (const auto& [region, shade] : shades) rows += shade.rows;
    data.set("regions", picture(drawn_of(*map, shades), shades, scale));
    data.set("region_list", list_of(*map, shades));
    data.set("region_legend", scale.legend());
    data.set("region_measures", choices_of(measures, measure));
    data.set("has_measures", !measures.empty());
    data.set("region_field", field.name);
    data.set("region_measure",
             measure == nullptr ? call.say({"行数", "rows"}) : measure->name + call.say({"（合计）", " (sum)"}));
    data.set("region_rows", with_thousands(rows));
    data.set("region_unplaced", with_thousands(static_cast<std::int64_t>(shown.version.published) - rows));
    return {};
  }
  return {};
}

}  // namespace qushu::opendata
