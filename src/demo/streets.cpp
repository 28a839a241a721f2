#include "streets.h"

#include <filesystem>

#include <fmt/format.h>

#include "qushu/demo/demo.h"

#include "writers.h"

namespace qushu::demo {
namespace {

constexpr std::size_t kColumns = 4;
constexpr double kWest = 118.05, kSouth = 31.20, kCell = 0.06;  // degrees
constexpr int kBends = 4;                                       // how often an edge is halved

using Point = std::pair<double, double>;

// A corner of the grid of streets, a little off its place.
Point corner(std::size_t column, std::size_t row) {
  Random r(7 + column * 31 + row * 1009);
  auto off = [&] { return (static_cast<double>(r.below(1000)) / 1000 - 0.5) * kCell * 0.45; };
  auto x = kWest + static_cast<double>(column) * kCell + off();
  return {x, kSouth + static_cast<double>(row) * kCell + off()};
}

// From one corner to another with bends, without the last point; the same bends whichever way it is gone.
Outline edge(Point from, Point to, std::uint64_t seed, bool backwards) {
  Outline points{backwards ? to : from, backwards ? from : to};
  Random r(seed);
  auto size = kCell * 0.22;
  for (int n = 0; n < kBends; ++n, size *= 0.55) {
    Outline finer;
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      auto [ax, ay] = points[i];
      auto [bx, by] = points[i + 1];
      auto off = [&] { return (static_cast<double>(r.below(1000)) / 1000 - 0.5) * size; };
      auto x = (ax + bx) / 2 + off();
      finer.push_back(points[i]);
      finer.emplace_back(x, (ay + by) / 2 + off());
    }
    finer.push_back(points.back());
    points = std::move(finer);
  }
  if (backwards) points = Outline(points.rbegin(), points.rend());
  points.pop_back();
  return points;
}

}  // namespace

Outline outline_of(std::size_t street) {
  auto column = street % kColumns, row = street / kColumns;
  auto a = corner(column, row), b = corner(column + 1, row), c = corner(column + 1, row + 1), d = corner(column, row + 1);
  // Edges are numbered by where they begin: horizontal ones even, upright ones odd.
  auto across = [](std::size_t x, std::size_t y) { return 2 * (x + 10 * y) + 100; };
  auto up = [](std::size_t x, std::size_t y) { return 2 * (x + 10 * y) + 101; };
  Outline out;
  for (const auto& side : {edge(a, b, across(column, row), false), edge(b, c, up(column + 1, row), false),
                           edge(c, d, across(column, row + 1), true), edge(d, a, up(column, row), true)})
    out.insert(out.end(), side.begin(), side.end());
  return out;
}

std::pair<double, double> place_in(std::size_t street, Random& r) {
  auto near = [&] {
    double sum = 0;
    for (int i = 0; i < 3; ++i) sum += static_cast<double>(r.below(1'000'000)) / 1e6;
    return (sum / 3 - 0.5) * kCell * 0.9;
  };
  double x = 0, y = 0;  // the middle of its corners
  for (std::size_t i = 0; i < 4; ++i) {
    auto at = corner(street % kColumns + i % 2, street / kColumns + i / 2);
    x += at.first / 4;
    y += at.second / 4;
  }
  x += near();
  return {x, y + near()};
}

std::string boundaries() {
  std::string out = R"({"type":"FeatureCollection","features":[)";
  for (std::size_t street = 0; street < kStreets.size(); ++street) {
    out += fmt::format(
        R"({}{{"type":"Feature","properties":{{"code":"990105{:03}","name":"{}"}},"geometry":{{"type":"Polygon","coordinates":[[)",
        street == 0 ? "" : ",", street + 1, kStreets.at(street));
    auto points = outline_of(street);
    points.push_back(points.front());
    for (std::size_t i = 0; i < points.size(); ++i)
      out += fmt::format("{}[{:.6f},{:.6f}]", i == 0 ? "" : ",", points[i].first, points[i].second);
    out += "]]}}";
  }
  return out + "]}";
}

}  // namespace qushu::demo
