// The page of one dataset: what it is, its rows, a chart, its files.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/query/rows.h"

#include "page.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kPreview = 20;
constexpr std::size_t kBars = 12;

struct OpWord {
  std::string_view op;
  Text label;
};
const std::array kOps{OpWord{"exact", {"等于", "is"}},
                      OpWord{"contains", {"包含", "contains"}},
                      OpWord{"gte", {"不小于", "at least"}},
                      OpWord{"lte", {"不大于", "at most"}},
                      OpWord{"not", {"不等于", "is not"}},
                      OpWord{"isnull", {"为空", "is empty"}},
                      OpWord{"notnull", {"不为空", "has a value"}}};

Text type_name(engine::Type type) {
  switch (type) {
    case engine::Type::text:
      return {"文本", "Text"};
    case engine::Type::integer:
      return {"整数", "Integer"};
    case engine::Type::decimal:
      return {"小数", "Decimal"};
    case engine::Type::number:
      return {"数值", "Number"};
    case engine::Type::boolean:
      return {"是否", "Yes/no"};
    case engine::Type::date:
      return {"日期", "Date"};
    case engine::Type::time:
      return {"时间", "Time"};
    case engine::Type::datetime:
      return {"日期时间", "Date and time"};
  }
  return {};
}

std::string asked(const PageCall& call, std::string_view key) {
  for (const auto& [name, value] : call.request.query_in_order)
    if (name == key) return value;
  return {};
}

// What the filter form says, as a question; an error says what is wrong with it.
Result<query::RowsRequest> filter_of(const PageCall& call, const PublicShown& shown, std::string& link) {
  query::Pairs pairs;
  if (auto field = asked(call, "field"); !field.empty()) {
    auto op = asked(call, "op"), value = asked(call, "value");
    bool valueless = op == "isnull" || op == "notnull";
    if (valueless || !value.empty()) {
      auto key = field + "__" + (op.empty() ? "exact" : op);
      pairs.emplace_back(key, value);
      link = url_encode(key) + "=" + url_encode(value);
    }
  }
  pairs.emplace_back("_size", std::to_string(kPreview));
  return query::parse_rows(pairs, shown.fields, shown.version.number, {});
}

engine::Limits limits(const PageCall& call) {
  return {.time = std::chrono::seconds(call.deps.settings.integer("opendata.query_time")),
          .cancelled = [client = call.request.client] { return client != nullptr && client->gone(); }};
}

// A value as people read it.
void append_shown(const PageCall& call, const engine::Chunk& chunk, std::size_t column, std::size_t row, engine::Type type,
                  std::string& out) {
  if (chunk.is_null(column, row)) return;
  if (type == engine::Type::boolean)
    out += call.say(chunk.integer(column, row) != 0 ? Text{"是", "yes"} : Text{"否", "no"});
  else
    chunk.append_text(column, row, out);
}

Result<Data> preview(const PageCall& call, const PublicShown& shown, const query::RowsRequest& request, std::size_t& count) {
  auto sql = query::page_sql(shown.select, shown.fields, request);
  QS_TRY(auto cursor, call.deps.engine.run({.sql = sql.text, .params = sql.params, .limits = limits(call)}));
  Data rows(Data::type::list);
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows() && count < kPreview; ++r, ++count) {
      Data cells(Data::type::list);
      for (std::size_t c = 0; c < request.columns.size(); ++c) {
        std::string text;
        append_shown(call, *chunk, c + 1, r, shown.fields[request.columns[c]].type, text);
        Data cell;
        cell.set("text", text);
        cell.set("number", engine::is_number(shown.fields[request.columns[c]].type));
        cells << cell;
      }
      rows << Data("cells", cells);
    }
  }
  return rows;
}

Result<std::uint64_t> matching(const PageCall& call, const PublicShown& shown, const query::RowsRequest& request) {
  if (request.conditions.empty()) return shown.version.published;
  auto sql = query::count_sql(shown.select, shown.fields, request);
  QS_TRY(auto cursor, call.deps.engine.run({.sql = sql.text, .params = sql.params, .limits = limits(call)}));
  QS_TRY(const auto* chunk, cursor->next());
  return chunk == nullptr || chunk->rows() == 0 ? 0 : static_cast<std::uint64_t>(chunk->integer(0, 0));
}

// The field that a chart shows best when nobody chose one: with few values, but more than one.
std::size_t charted(const PageCall& call, const PublicShown& shown) {
  auto wanted = asked(call, "chart");
  std::size_t best = 0;
  double fewest = 1e18;
  for (std::size_t i = 0; i < shown.fields.size(); ++i) {
    if (shown.fields[i].id == wanted) return i;
    const auto* all = shown.version.profile.if_contains("fields");
    if (all == nullptr || i >= all->as_array().size()) continue;
    auto distinct = all->as_array()[i].at("distinct").to_number<double>();
    if (distinct > 1 && distinct < fewest) {
      fewest = distinct;
      best = i;
    }
  }
  return best;
}

Result<void> add_chart(const PageCall& call, const PublicShown& shown, Data& data) {
  auto field = charted(call, shown);
  query::RowsRequest request{.version = shown.version.number};
  auto sql = query::facet_sql(shown.select, shown.fields, request, field, kBars);
  QS_TRY(auto cursor, call.deps.engine.run({.sql = sql.text, .params = sql.params, .limits = limits(call)}));
  Data bars(Data::type::list);
  std::int64_t most = 0;
  std::size_t drawn = 0;
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows() && drawn < kBars; ++r, ++drawn) {
      std::string text;
      if (chunk->is_null(0, r))
        text = call.say({"（空）", "(empty)"});
      else
        append_shown(call, *chunk, 0, r, shown.fields[field].type, text);
      most = std::max(most, chunk->integer(1, r));
      Data bar;
      bar.set("label", text);
      bar.set("count", std::to_string(chunk->integer(1, r)));
      bars << bar;
    }
  }
  data.set("bars", bars);
  data.set("most", std::to_string(most));
  data.set("chart_label", shown.fields[field].name);
  data.set("chart_id", shown.fields[field].id);
  return {};
}

std::string completeness(const PublicShown& shown) {
  const auto* fields = shown.version.profile.if_contains("fields");
  if (fields == nullptr) return "—";
  double all = 0, empty = 0;
  for (const auto& f : fields->as_array()) {
    empty += f.at("nulls").to_number<double>();
    all += f.at("nulls").to_number<double>() + f.at("values").to_number<double>();
  }
  return all == 0 ? "—" : fmt::format("{:.1f}%", (1 - empty / all) * 100);
}

// By the rules that speak of what is released; nothing where there is none.
Result<void> add_scores(const PageCall& call, const PublicShown& shown, Data& data) {
  static const std::array<Text, quality::kDimensions> kNames{Text{"完整性", "completeness"}, Text{"有效性", "validity"},
                                                             Text{"唯一性", "uniqueness"}, Text{"一致性", "consistency"},
                                                             Text{"及时性", "timeliness"}};
  std::vector<std::string> fields;
  for (const auto& f : shown.fields) fields.push_back(f.id);
  QS_TRY(auto scores, call.deps.quality.public_scores(shown.dataset.id, shown.version.number, fields));
  if (!scores) return {};
  Data list(Data::type::list);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!scores->dimensions.at(i)) continue;
    Data one;
    one.set("label", call.say(kNames.at(i)));
    one.set("score", fmt::format("{:.1f}", *scores->dimensions.at(i)));
    list << one;
  }
  data.set("score", fmt::format("{:.1f}", *scores->total));
  data.set("scores", list);
  return {};
}

void add_fields(const PageCall& call, const PublicShown& shown, Data& data, const std::string& chart) {
  Data fields(Data::type::list), ops(Data::type::list);
  for (const auto& f : shown.fields) {
    Data one;
    one.set("id", f.id);
    one.set("label", f.name);
    one.set("type", call.say(type_name(f.type)));
    one.set("unit", f.unit);
    one.set("description", f.description);
    one.set("number", engine::is_number(f.type));
    one.set("filtered", f.id == asked(call, "field"));
    one.set("charted", f.id == chart);
    fields << one;
  }
  for (const auto& o : kOps) {
    Data one;
    one.set("op", std::string(o.op));
    one.set("label", call.say(o.label));
    one.set("on", o.op == asked(call, "op"));
    ops << one;
  }
  data.set("fields", fields);
  data.set("ops", ops);
}

// The inside of a script element: nothing in it may end the element.
std::string embedded(const json::object& object) {
  std::string out;
  for (char c : json::serialize(object)) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

json::object schema_org(const PageCall& call, const Package& p, const Licence* licence) {
  json::array files;
  for (const auto& format : file_formats())
    files.emplace_back(
        json::object{{"@type", "DataDownload"},
                     {"encodingFormat", format.media_type},
                     {"contentUrl", fmt::format("{}/open/dataset/{}/data.{}", call.base, p.name, format.extension)}});
  json::object out{{"@context", "https://schema.org/"},
                   {"@type", "Dataset"},
                   {"@id", call.base + "/open/dataset/" + p.name},
                   {"url", call.base + "/open/dataset/" + p.name},
                   {"name", p.title},
                   {"description", p.notes.empty() ? p.title : p.notes},
                   {"identifier", p.id},
                   {"dateModified", to_iso(p.modified)},
                   {"datePublished", to_iso(p.created)},
                   {"version", std::to_string(p.version)},
                   {"isAccessibleForFree", true},
                   {"keywords", json::array(p.tags.begin(), p.tags.end())},
                   {"creator", json::object{{"@type", "GovernmentOrganization"}, {"name", p.organization.title}}},
                   {"distribution", std::move(files)}};
  if (!p.title_en.empty()) out["alternateName"] = p.title_en;
  if (licence != nullptr && !licence->url.empty()) out["license"] = licence->url;
  json::array measured;
  for (const auto& f : p.fields) measured.emplace_back(f.name);
  out["variableMeasured"] = std::move(measured);
  return out;
}

void add_lists(const PageCall& call, const Package& p, Data& data) {
  Data groups(Data::type::list), tags(Data::type::list), files(Data::type::list);
  for (const auto& g : p.groups) {
    Data one;
    one.set("value", url_encode(g.name));
    one.set("title", g.title);
    groups << one;
  }
  for (const auto& tag : p.tags) tags << Data("value", tag);
  for (const auto& f : file_formats()) {
    Data one;
    one.set("extension", std::string(f.extension));
    one.set("format", std::string(f.name));
    one.set("suffix", std::string(f.extension == "csv" ? "?_bom=1" : ""));
    files << one;
  }
  data.set("has_groups", !p.groups.empty());
  data.set("has_tags", !p.tags.empty());
  data.set("groups", groups);
  data.set("tags", tags);
  data.set("files", files);
  data.set("cycle", call.say(catalog::name_of(catalog::update_cycles(), p.update_cycle)));
}

// What the public has read, the newest first; the one that it reads now is marked.
Result<void> add_versions(const PageCall& call, const Package& p, const PublicShown& shown, Data& data) {
  constexpr std::size_t kMostVersions = 20;
  QS_TRY(auto opened, opened_versions(call.deps.store, p.dataset_id, kMostVersions));
  QS_TRY(auto made, call.deps.catalog.versions(p.dataset_id));
  Data versions(Data::type::list);
  for (const auto& o : opened) {
    auto version = std::ranges::find(made, o.number, &catalog::Version::number);
    if (version == made.end()) continue;
    Data one;
    one.set("number", std::to_string(o.number));
    one.set("at", day(version->at));
    one.set("opened", day(o.opened));
    one.set("rows", with_thousands(static_cast<std::int64_t>(version->published)));
    one.set("now", o.number == shown.version.number);
    versions << one;
  }
  data.set("versions", versions);
  return {};
}

}  // namespace

Result<std::string> dataset_page(const PageCall& call, const Package& p) {
  QS_TRY(auto shown, call.deps.view.open(p.dataset_id));
  QS_TRY(auto licences, call.deps.shelf.licences());
  auto found = std::ranges::find(*licences, p.licence, &Licence::id);
  const Licence* licence = found == licences->end() ? nullptr : &*found;
  auto data = item_of(call, p);
  auto notes = call.lang == Lang::en && !p.notes_en.empty() ? p.notes_en : p.notes;
  data.set("notes", notes);
  set_text(data, "description", shorten(notes, 200));
  data.set("department_code", url_encode(p.organization.name));
  data.set("licence", licence != nullptr ? licence->title.in(call.lang) : p.licence);
  set_text(data, "licence_url", licence != nullptr ? licence->url : std::string());
  set_text(data, "licence_text", licence != nullptr ? licence->text.in(call.lang) : std::string());
  data.set("version", std::to_string(p.version));
  data.set("field_count", std::to_string(shown->fields.size()));
  set_text(data, "resource_code", p.resource_code);
  data.set("resource", resource_id(p, file_formats()[0]));
  data.set("complete", completeness(*shown));
  data.set("at_datasets", true);
  data.set("jsonld", embedded(schema_org(call, p, licence)));
  add_lists(call, p, data);
  std::string link;
  auto request = filter_of(call, *shown, link);
  if (!request) {
    data.set("problem", request.error().text.in(call.lang));
    QS_TRY(request, query::parse_rows({{"_size", std::to_string(kPreview)}}, shown->fields, shown->version.number, {}));
  }
  std::size_t count = 0;
  QS_TRY(auto rows, preview(call, *shown, *request, count));
  QS_TRY(auto all, matching(call, *shown, *request));
  data.set("preview", rows);
  data.set("shown", std::to_string(count));
  data.set("matching", with_thousands(static_cast<std::int64_t>(all)));
  data.set("value", asked(call, "value"));
  set_text(data, "filter", link);
  QS_CHECK(add_chart(call, *shown, data));
  QS_CHECK(add_map(call, *shown, data));
  QS_CHECK(add_regions(call, *shown, data));
  QS_CHECK(add_scores(call, *shown, data));
  add_fields(call, *shown, data, data.get("chart_id")->string_value());
  QS_CHECK(add_versions(call, p, *shown, data));
  call.deps.audit.count_access({}, "dataset", p.dataset_id, "open_page", count);
  return render(call, "dataset", std::move(data));
}

}  // namespace qushu::opendata
