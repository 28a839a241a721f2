#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/opendata/boundaries.h"

namespace qushu::opendata {
namespace {

namespace json = boost::json;

constexpr std::size_t kMost = 50'000;  // features
constexpr double kGrid = 4000;         // cells along the longer side of a region
constexpr std::array kCodes{"code", "adcode", "id", "代码", "区划代码", "行政区划代码"};
constexpr std::array kNames{"name", "名称"};

Failure wrong(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "boundary.file", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

std::string text_of(const json::object& properties, std::span<const char* const> names) {
  for (const auto* name : names) {
    const auto* value = properties.if_contains(name);
    if (value == nullptr) continue;
    if (value->is_string()) return std::string(trim(std::string_view(value->get_string())));
    if (value->is_int64()) return std::to_string(value->get_int64());
  }
  return {};
}

class Reader {
 public:
  explicit Reader(std::string at) : at_(std::move(at)) {}

  Result<std::vector<Ring>> rings(const json::object& geometry) {
    const auto* type = geometry.if_contains("type");
    const auto* coordinates = geometry.if_contains("coordinates");
    std::string_view kind = type != nullptr && type->is_string() ? std::string_view(type->get_string()) : std::string_view();
    if (coordinates == nullptr || !coordinates->is_array() || (kind != "Polygon" && kind != "MultiPolygon"))
      return wrong(at_ + ".geometry", "应为 Polygon 或 MultiPolygon，并有 coordinates。",
                   "A Polygon or MultiPolygon with coordinates is expected.");
    if (kind == "Polygon") {
      QS_CHECK(polygon(coordinates->get_array()));
    } else {
      for (const auto& one : coordinates->get_array()) {
        if (!one.is_array())
          return wrong(at_ + ".geometry", "MultiPolygon 应为多边形的数组。", "A MultiPolygon is a list of polygons.");
        QS_CHECK(polygon(one.get_array()));
      }
    }
    return thinned();
  }

 private:
  Result<void> polygon(const json::array& rings) {
    for (const auto& ring : rings) {
      if (!ring.is_array()) return wrong(at_ + ".geometry", "多边形应为环的数组。", "A polygon is a list of rings.");
      Ring points;
      for (const auto& point : ring.get_array()) {
        const auto* pair = point.if_array();
        if (pair == nullptr || pair->size() < 2 || !pair->at(0).is_number() || !pair->at(1).is_number())
          return wrong(at_ + ".geometry", "坐标应为 [经度, 纬度]。", "A point is [longitude, latitude].");
        auto x = pair->at(0).to_number<double>(), y = pair->at(1).to_number<double>();
        if (!(x >= -180 && x <= 180 && y >= -90 && y <= 90))
          return wrong(at_ + ".geometry", fmt::format("坐标 [{}, {}] 不是经纬度，请先转换为 CGCS2000 或 WGS 84 的度。", x, y),
                       fmt::format("[{}, {}] is no longitude and latitude; convert to degrees of CGCS2000 or WGS 84.", x, y));
        points.emplace_back(x, y);
      }
      all_.push_back(std::move(points));
    }
    return {};
  }

  // On a grid over the region, without points that fall together; rings that vanish on it are left out.
  std::vector<Ring> thinned() const {
    auto box = box_of(all_);
    // A power of two of a degree, so that neighbours of like size share the grid.
    auto step = std::exp2(std::floor(std::log2(std::max({box.east - box.west, box.north - box.south, 1e-6}) / kGrid)));
    std::vector<Ring> out;
    for (const auto& ring : all_) {
      Ring points;
      for (auto [x, y] : ring) {
        std::pair point(std::round(x / step) * step, std::round(y / step) * step);
        if (points.empty() || points.back() != point) points.push_back(point);
      }
      while (points.size() > 1 && points.front() == points.back()) points.pop_back();
      if (points.size() > 2) out.push_back(std::move(points));
    }
    return out;
  }

  std::string at_;
  std::vector<Ring> all_;
};

Result<Boundary> boundary_of(const json::value& feature, const std::string& at) {
  const auto* object = feature.if_object();
  const auto* properties = object != nullptr ? object->if_contains("properties") : nullptr;
  const auto* geometry = object != nullptr ? object->if_contains("geometry") : nullptr;
  if (properties == nullptr || !properties->is_object() || geometry == nullptr || !geometry->is_object())
    return wrong(at, "应为 Feature，有 properties 和 geometry。", "A Feature with properties and a geometry is expected.");
  Boundary out{
      .code = text_of(properties->get_object(), kCodes), .name = text_of(properties->get_object(), kNames), .rings = {}};
  if (out.code.empty())
    if (const auto* id = object->if_contains("id"); id != nullptr && id->is_string()) out.code = std::string(id->get_string());
  if (region_of(out.code).empty())
    return wrong(
        at + ".properties",
        fmt::format("没有区划代码（属性 code、adcode 或 区划代码，2、4、6、9 或 12 位数字）；得到“{}”。",
                    shorten(out.code, 40)),
        fmt::format("There is no region code (member code, adcode or 区划代码, of 2, 4, 6, 9 or 12 digits); found “{}”.",
                    shorten(out.code, 40)));
  if (out.name.empty() || utf8_length(out.name) > 100)
    return wrong(at + ".properties", "没有名称（属性 name 或 名称，最多 100 个字）。",
                 "There is no name (member name or 名称, 100 characters at most).");
  QS_TRY(out.rings, Reader(at).rings(geometry->get_object()));
  if (out.rings.empty()) return wrong(at + ".geometry", "多边形没有面积。", "The polygon has no area.");
  out.box = box_of(out.rings);
  return out;
}

}  // namespace

void Box::include(double longitude, double latitude) {
  west = std::min(west, longitude);
  east = std::max(east, longitude);
  south = std::min(south, latitude);
  north = std::max(north, latitude);
}
void Box::include(const Box& other) {
  include(other.west, other.south);
  include(other.east, other.north);
}
bool Box::meets(const Box& other) const {
  return west <= other.east && east >= other.west && south <= other.north && north >= other.south;
}
Box box_of(const std::vector<Ring>& rings) {
  Box out;
  for (const auto& ring : rings)
    for (auto [x, y] : ring) out.include(x, y);
  return out;
}

std::string region_of(std::string_view code) {
  if (code.empty() || !std::ranges::all_of(code, is_ascii_digit)) return {};
  if (auto n = code.size(); n != 2 && n != 4 && n != 6 && n != 9 && n != 12) return {};
  if (code.starts_with("00")) return {};
  if (code.size() == 12 && code.ends_with("000")) code.remove_suffix(3);
  if (code.size() == 9 && code.ends_with("000")) code.remove_suffix(3);
  if (code.size() == 6 && code.ends_with("00")) code.remove_suffix(2);
  if (code.size() == 4 && code.ends_with("00")) code.remove_suffix(2);
  return std::string(code);
}

Result<std::vector<Boundary>> read_boundaries(std::string_view geojson) {
  boost::system::error_code failed;
  if (geojson.starts_with("\xEF\xBB\xBF")) geojson.remove_prefix(3);
  auto value = json::parse(geojson, failed);
  const auto* object = failed ? nullptr : value.if_object();
  const auto* features = object != nullptr ? object->if_contains("features") : nullptr;
  if (features == nullptr || !features->is_array())
    return wrong("", "不是 GeoJSON 的 FeatureCollection。", "This is no FeatureCollection of GeoJSON.");
  const auto& list = features->get_array();
  if (list.empty()) return wrong("features", "文件里没有区域。", "The file has no regions.");
  if (list.size() > kMost)
    return wrong("features", fmt::format("最多 {} 个区域。", kMost), fmt::format("{} regions at most.", kMost));
  std::vector<Boundary> out;
  std::set<std::string> codes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto at = fmt::format("features[{}]", i);
    QS_TRY(auto one, boundary_of(list[i], at));
    if (!codes.insert(region_of(one.code)).second)
      return wrong(at + ".properties", fmt::format("区划代码 {} 出现了两次。", one.code),
                   fmt::format("The region code {} is there twice.", one.code));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace qushu::opendata
