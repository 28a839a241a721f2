// Points of a dataset that has coordinates: a picture made on the server, without tiles of anybody else's and without a script.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "page.h"

namespace qushu::opendata {
namespace {

constexpr double kWidth = 720, kMost = 540, kEdge = 34, kLeft = 76;  // of the picture, in its units; kLeft: for latitudes
constexpr int kCells = 60;                                           // across; rows in one cell are one circle
constexpr std::size_t kListed = 20, kOutlines = 500;

// Names of coordinates, as departments and programs write them.
constexpr std::array kLongitudes{"经度", "lng", "lon", "long", "longitude", "jing_du", "x坐标"};
constexpr std::array kLatitudes{"纬度", "lat", "latitude", "wei_du", "y坐标"};

const catalog::Field* coordinate(const PublicShown& shown, std::span<const char* const> names) {
  for (const auto& f : shown.fields) {
    if (!engine::is_number(f.type)) continue;
    auto name = lower_ascii(trim(f.name));
    for (const auto* known : names)
      if (f.id == known || name == known || name.starts_with(std::string(known) + "（") ||
          name.starts_with(std::string(known) + "("))
        return &f;
  }
  return nullptr;
}

struct Cell {
  std::int64_t rows;
  double longitude, latitude;
};

// The outlines of the smallest regions that lie where the points do.
Result<std::string> under(const PageCall& call, const Projection& projection, const Box& box) {
  QS_TRY(auto map, call.deps.boundaries.all());
  std::map<std::size_t, std::vector<const Boundary*>, std::greater<>> by_length;
  for (const auto& [region, boundary] : *map)
    if (boundary.box.meets(box)) by_length[region.size()].push_back(&boundary);
  std::string out;
  for (const auto& [length, drawn] : by_length) {
    if (drawn.size() > kOutlines) continue;
    for (const auto* b : drawn) out += "<path class=\"under\" d=\"" + path_of(*b, projection) + "\"/>";
    break;
  }
  return out;
}

std::string degrees(double value) {
  return fmt::format("{:.3f}", value);
}

}  // namespace

Result<void> add_map(const PageCall& call, const PublicShown& shown, Data& data) {
  const auto* east = coordinate(shown, kLongitudes);
  const auto* north = coordinate(shown, kLatitudes);
  if (east == nullptr || north == nullptr) return {};
  auto points = fmt::format(
      "SELECT CAST({} AS DOUBLE) AS x, CAST({} AS DOUBLE) AS y FROM ({}) WHERE CAST({} AS DOUBLE) BETWEEN -180 AND 180 AND "
      "CAST({} AS DOUBLE) BETWEEN -85 AND 85 AND NOT ({} = 0 AND {} = 0)",
      engine::quote_name(east->id), engine::quote_name(north->id), shown.select, engine::quote_name(east->id),
      engine::quote_name(north->id), engine::quote_name(east->id), engine::quote_name(north->id));
  engine::Limits limits{.time = std::chrono::seconds(call.deps.settings.integer("opendata.query_time")),
                        .cancelled = [client = call.request.client] { return client != nullptr && client->gone(); }};
  double west = 0, right = 0, south = 0, top = 0;
  std::int64_t placed = 0;
  {
    QS_TRY(auto cursor, call.deps.engine.run({.sql = "SELECT min(x), max(x), min(y), max(y), count(*) FROM (" + points + ")",
                                              .limits = limits}));
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr || chunk->rows() == 0 || chunk->integer(4, 0) == 0) return {};
    west = chunk->number(0, 0);
    right = chunk->number(1, 0);
    south = chunk->number(2, 0);
    top = chunk->number(3, 0);
    placed = chunk->integer(4, 0);
  }
  // A degree of longitude is shorter the further north it is; a single place gets a little room around it.
  auto shrink = std::cos((south + top) / 2 * 3.14159265358979 / 180);
  auto wide = std::max({(right - west) * shrink, (top - south) * (kWidth - kLeft - kEdge) / (kMost - 2 * kEdge), 0.002});
  auto scale = (kWidth - kLeft - kEdge) / wide;
  auto height = std::max((top - south) * scale, 80.0) + 2 * kEdge;
  auto middle_x = (west + right) / 2, middle_y = (south + top) / 2;
  Projection projection{.middle_x = middle_x,
                        .middle_y = middle_y,
                        .shrink = shrink,
                        .scale = scale,
                        .left = kLeft,
                        .width = kWidth - kEdge,
                        .height = height};
  auto at_x = [&](double longitude) { return projection.x(longitude); };
  auto at_y = [&](double latitude) { return projection.y(latitude); };
  auto side = wide / kCells;
  QS_TRY(auto cursor,
         call.deps.engine.run({.sql = "SELECT count(*) AS n, avg(x), avg(y) FROM (" + points +
                                      ") GROUP BY floor((x - ?) / ?), floor((y - ?) / ?) ORDER BY n DESC, 2, 3 LIMIT 3000",
                               .params = {west, side / shrink, south, side},
                               .limits = limits}));
  std::vector<Cell> cells;
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r)
      cells.push_back({chunk->integer(0, r), chunk->number(1, r), chunk->number(2, r)});
  }
  if (cells.empty()) return {};
  // Numbers alone: nothing that anybody wrote gets into the picture.
  auto svg =
      fmt::format("<svg class=\"map\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-labelledby=\"map\">", kWidth, height);
  for (int line = 0; line <= 4; ++line) {
    auto longitude = middle_x + (line - 2) / 4.0 * (kWidth - kLeft - kEdge) / scale / shrink;
    auto latitude = middle_y + (line - 2) / 4.0 * (height - 2 * kEdge) / scale;
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"0\" y2=\"{1:.0f}\"/><text x=\"{0:.1f}\" y=\"{2:.0f}\" "
        "text-anchor=\"middle\">{3}</text>",
        at_x(longitude), height, height - 6, degrees(longitude));
    svg += fmt::format("<line x1=\"0\" x2=\"{1:.0f}\" y1=\"{0:.1f}\" y2=\"{0:.1f}\"/><text x=\"4\" y=\"{2:.1f}\">{3}</text>",
                       at_y(latitude), kWidth, at_y(latitude) - 4, degrees(latitude));
  }
  QS_TRY(auto outlines, under(call, projection, {.west = west, .east = right, .south = south, .north = top}));
  svg += outlines;
  auto most = static_cast<double>(cells.front().rows);
  for (const auto& c : cells)
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"><title>{}: {}, {}</title></circle>", at_x(c.longitude),
                       at_y(c.latitude), 3.5 + 8 * std::sqrt(static_cast<double>(c.rows) / most), c.rows, degrees(c.longitude),
                       degrees(c.latitude));
  Data list(Data::type::list);
  for (std::size_t i = 0; i < std::min(cells.size(), kListed); ++i) {
    Data one;
    one.set("count", with_thousands(cells[i].rows));
    one.set("longitude", degrees(cells[i].longitude));
    one.set("latitude", degrees(cells[i].latitude));
    list << one;
  }
  data.set("map", svg + "</svg>");
  data.set("placed", with_thousands(placed));
  data.set("unplaced", with_thousands(static_cast<std::int64_t>(shown.version.published) - placed));
  data.set("places", list);
  return {};
}

}  // namespace qushu::opendata
