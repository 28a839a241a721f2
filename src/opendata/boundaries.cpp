#include "qushu/opendata/boundaries.h"

#include <charconv>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

namespace qushu::opendata {
namespace {

namespace json = boost::json;
namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

constexpr std::string_view kAll = "all";  // the one line of open_boundary_set

std::string rings_text(const std::vector<Ring>& rings) {
  std::string out;
  for (const auto& ring : rings) {
    if (!out.empty()) out += ';';
    for (auto [x, y] : ring) fmt::format_to(std::back_inserter(out), "{:.9g} {:.9g},", x, y);
    out.pop_back();
  }
  return out;
}

std::vector<Ring> rings_of(std::string_view text) {
  std::vector<Ring> out;
  for (auto ring : split(text, ';')) {
    Ring points;
    for (auto point : split(ring, ',')) {
      auto space = point.find(' ');
      if (space == std::string_view::npos) continue;
      double x = 0, y = 0;
      auto east = point.substr(0, space), north = point.substr(space + 1);
      std::from_chars(east.begin(), east.end(), x);
      std::from_chars(north.begin(), north.end(), y);
      points.emplace_back(x, y);
    }
    out.push_back(std::move(points));
  }
  return out;
}

Result<void> check_authority(const Actor& actor) {
  if (actor.can(Permission::catalog_review)) return {};
  return fail(Code::forbidden, "boundary.not_reviewer", "需要“目录审核员”角色才能维护区域边界。",
              "Keeping the outlines of regions needs the role “catalogue reviewer”.");
}

}  // namespace

Result<Boundaries::About> Boundaries::about() const {
  return deps_.store.read([](store::Session& s) -> Result<About> {
    QS_TRY(auto row, s.one("SELECT count, person_name, at FROM open_boundary_set WHERE name = ?", {kAll}));
    if (!row || row->integer(0) == 0) return About{};
    return About{.count = row->integer(0), .person_name = row->text(1), .at = row->time(2)};
  });
}

Result<std::shared_ptr<const BoundaryMap>> Boundaries::all() const {
  QS_TRY(auto generation, deps_.store.generation());
  std::scoped_lock lock(mutex_);
  if (kept_ && generation == generation_) return kept_;
  auto made = std::make_shared<BoundaryMap>();
  std::string digest;
  QS_TRY(auto fresh, deps_.store.read([&](store::Session& s) -> Result<bool> {
    QS_TRY(auto set, s.one("SELECT digest FROM open_boundary_set WHERE name = ?", {kAll}));
    if (set) digest = set->text(0);
    if (kept_ && digest == digest_) return false;
    QS_TRY(auto rows, s.query("SELECT code, name, rings FROM open_boundary"));
    for (const auto& row : rows) {
      Boundary one{.code = row.text(0), .name = row.text(1), .rings = rings_of(row.text(2))};
      one.box = box_of(one.rings);
      made->emplace(region_of(one.code), std::move(one));
    }
    return true;
  }));
  if (fresh) {
    kept_ = std::move(made);
    digest_ = digest;
  }
  generation_ = generation;
  return kept_;
}

Result<void> Boundaries::put(const Actor& actor, const std::vector<Boundary>& all) const {
  std::vector<std::string> rings;
  crypto::Digest digest;
  for (const auto& one : all) {
    rings.push_back(rings_text(one.rings));
    digest.update(one.code + " " + one.name + " " + rings.back() + "\n");
  }
  auto hash = crypto::to_hex(digest.finish());
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec("DELETE FROM open_boundary"));
    for (std::size_t i = 0; i < all.size(); ++i)
      QS_CHECK(t.exec("INSERT INTO open_boundary (code, name, rings) VALUES (?, ?, ?)", {all[i].code, all[i].name, rings[i]}));
    QS_CHECK(
        t.exec("INSERT INTO open_boundary_set (name, count, digest, person_name, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
               "(name) DO UPDATE SET count = excluded.count, digest = excluded.digest, person_name = "
               "excluded.person_name, at = excluded.at",
               {kAll, all.size(), hash, actor.name, deps_.clock.now()}));
    return deps_.audit.record(t, actor,
                              {.action = all.empty() ? "boundary.remove" : "boundary.replace",
                               .object_kind = "boundary",
                               .object_id = std::string(kAll),
                               .object_name = "区域边界",
                               .detail = {{"regions", all.size()}, {"digest", hash}}});
  });
}

Result<Boundaries::About> Boundaries::replace(const Actor& actor, std::string_view geojson) const {
  QS_CHECK(check_authority(actor));
  auto most = static_cast<std::size_t>(deps_.settings.integer("opendata.boundary_bytes"));
  if (geojson.size() > most)
    return fail(Code::too_large, "boundary.size",
                fmt::format("文件超过 {} 的上限（设置 opendata.boundary_bytes），请先简化边界。", human_bytes(most)),
                fmt::format("The file is larger than {} (setting opendata.boundary_bytes); simplify the outlines first.",
                            human_bytes(most)));
  QS_TRY(auto all, read_boundaries(geojson));
  QS_CHECK(put(actor, all));
  return about();
}

Result<void> Boundaries::remove(const Actor& actor) const {
  QS_CHECK(check_authority(actor));
  return put(actor, {});
}

json::object to_json(const Boundaries::About& about) {
  return {{"count", about.count}, {"person_name", about.person_name}, {"at", time_or_null(about.at)}};
}

void add_boundary_routes(http::Router& router, const Boundaries& boundaries, const Settings& settings) {
  auto answer =
      schema::object({{"count", schema::integer()}, {"person_name", schema::text()}, {"at", schema::time().nullable()}})
          .named("RegionBoundaries");
  auto add = [&](Method method, std::string id, Text summary, http::Access who, http::Handler handler) {
    http::Route route{.method = method,
                      .path = "/api/v1/open/boundaries",
                      .id = std::move(id),
                      .tag = "open",
                      .summary = std::move(summary),
                      .who = std::move(who),
                      .errors = {Code::forbidden},
                      .handler = std::move(handler)};
    if (method != Method::del) route.answer = answer;
    if (method == Method::put) {
      route.streams_body = true;
      route.body_type = "application/geo+json";
      route.errors = {Code::forbidden, Code::invalid, Code::too_large};
    }
    router.add(std::move(route));
  };
  add(Method::get, "boundary_show", {"查看区域边界", "Show the outlines of regions"}, http::may(Permission::dataset_read),
      [&boundaries](Request&) -> Result<Response> {
        QS_TRY(auto about, boundaries.about());
        return Response::ok(to_json(about));
      });
  add(Method::put, "boundary_replace", {"替换区域边界（GeoJSON）", "Replace the outlines of regions (GeoJSON)"},
      http::may(Permission::catalog_review), [&boundaries, &settings](Request& r) -> Result<Response> {
        std::string text;
        auto most = static_cast<std::size_t>(settings.integer("opendata.boundary_bytes"));
        // A little more than allowed is kept, so that replace() says what is wrong.
        QS_CHECK(r.stream->each([&](std::string_view piece) -> Result<void> {
          if (text.size() <= most) text += piece;
          return {};
        }));
        QS_TRY(auto about, boundaries.replace(r.actor, text));
        return Response::ok(to_json(about));
      });
  add(Method::del, "boundary_remove", {"删除区域边界", "Remove the outlines of regions"}, http::may(Permission::catalog_review),
      [&boundaries](Request& r) -> Result<Response> {
        QS_CHECK(boundaries.remove(r.actor));
        return Response::no_content();
      });
}

}  // namespace qushu::opendata
