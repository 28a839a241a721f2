// Outlines of regions (区域边界): what the portal's maps by region code are drawn with.
//
// The data authority hands over one file of GeoJSON (RFC 7946): a FeatureCollection of polygons in degrees, each with its code
// by GB/T 2260 or GB/T 10114 and its name. It takes the place of what was there. Outlines are thinned to what a picture of a
// region shows: points are rounded to a grid, so that neighbours still meet.
//
// Thread-safety: Boundaries may be used from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::opendata {

using Ring = std::vector<std::pair<double, double>>;  // longitude, latitude; closed without repeating the first

// What lies around something, in degrees.
struct Box {
  double west = 180, east = -180, south = 90, north = -90;
  void include(double longitude, double latitude);
  void include(const Box& other);
  [[nodiscard]] bool meets(const Box& other) const;
};

struct Boundary {
  std::string code, name;
  std::vector<Ring> rings;  // outlines and holes alike: filled by the even-odd rule
  Box box = {};             // around them
};

[[nodiscard]] Box box_of(const std::vector<Ring>& rings);

// A region's code without what only fills it up: 990105001000 → 990105001, 110100 → 1101. "" when it is none: digits, two,
// four, six, nine or twelve of them.
[[nodiscard]] std::string region_of(std::string_view code);

// invalid ("boundary.file") says which feature is wrong, and how. Members of a feature's properties that are understood: code,
// adcode, id, 代码, 区划代码, 行政区划代码 for its code; name, 名称 for its name.
[[nodiscard]] Result<std::vector<Boundary>> read_boundaries(std::string_view geojson);

// Regions by region_of(code).
using BoundaryMap = std::map<std::string, Boundary, std::less<>>;

class Boundaries {
 public:
  struct Deps {
    const Settings& settings;
    store::Store& store;
    audit::Audit& audit;
    const Clock& clock;
  };
  explicit Boundaries(Deps deps) : deps_(deps) {}

  struct About {
    std::int64_t count = 0;
    std::string person_name;  // who handed them over
    std::optional<Time> at;
  };
  [[nodiscard]] Result<About> about() const;
  // All of them, from memory while the store has not changed.
  [[nodiscard]] Result<std::shared_ptr<const BoundaryMap>> all() const;
  // By the data authority. An empty file takes all away. too_large by the setting opendata.boundary_bytes.
  [[nodiscard]] Result<About> replace(const Actor& actor, std::string_view geojson) const;
  [[nodiscard]] Result<void> remove(const Actor& actor) const;

 private:
  [[nodiscard]] Result<void> put(const Actor& actor, const std::vector<Boundary>& all) const;

  Deps deps_;
  mutable std::mutex mutex_;
  mutable std::int64_t generation_ = -1;
  mutable std::string digest_;  // of what is in memory
  mutable std::shared_ptr<const BoundaryMap> kept_;
};

[[nodiscard]] boost::json::object to_json(const Boundaries::About& about);

// /api/v1/open/boundaries
void add_boundary_routes(http::Router& router, const Boundaries& boundaries, const Settings& settings);

}  // namespace qushu::opendata
