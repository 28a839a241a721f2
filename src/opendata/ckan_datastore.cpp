// datastore_search and datastore_search_sql.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "ckan.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kMostRows = 32'000;
constexpr std::size_t kSqlText = std::size_t{64} << 10U;
constexpr std::size_t kAnswer = std::size_t{64} << 20U;  // bytes of records

Failure bad(std::string_view parameter, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "open.parameter",
                    .text = {std::move(zh), std::move(en)},
                    .subject = std::string(parameter)});
}

Failure no_rows() {
  return fail(Code::not_found, "open.not_found", "没有这个文件的数据。", "Resource was not found.");
}

struct Read {
  std::string records;
  std::uint64_t rows = 0;
  bool more = false;
  std::int64_t last_id = 0;
};

// `limit` rows of the cursor as records of one kind.
Result<Read> read(engine::Cursor& cursor, Records kind, std::size_t limit) {
  Read out;
  RecordWriter writer(kind, cursor.columns());
  bool with_id = !cursor.columns().empty() && cursor.columns()[0].name == "_id";
  while (!out.more) {
    QS_TRY(const auto* chunk, cursor.next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      if (writer.rows() >= limit || out.records.size() > kAnswer) {
        out.more = true;
        break;
      }
      if (with_id) out.last_id = chunk->integer(0, r);
      writer.add(*chunk, r, out.records);
    }
  }
  out.rows = writer.rows();
  if (kind == Records::objects || kind == Records::lists)
    out.records = "[" + out.records + "]";
  else
    out.records = json::serialize(json::string(out.records));
  return out;
}

Result<std::int64_t> count(engine::Engine& engine, const Selected& selected, const engine::Limits& limits) {
  QS_TRY(auto cursor, engine.run({.sql = selected.count, .params = selected.params, .limits = limits}));
  QS_TRY(const auto* chunk, cursor->next());
  return chunk == nullptr || chunk->rows() == 0 ? 0 : chunk->integer(0, 0);
}

std::string link(const CkanCall& call, std::size_t offset) {
  std::string out = "/api/3/action/datastore_search?";
  for (const auto& [key, value] : call.params.all()) {
    if (key == "offset" || key == "callback") continue;
    out += url_encode(key) + "=" + url_encode(call.params.text(key)) + "&";
  }
  if (offset == 0) {
    out.pop_back();
    return out;
  }
  return out + "offset=" + std::to_string(offset);
}

// The names that a statement may mean: its words, and what stands in quotes.
std::set<std::string> names_in(std::string_view sql) {
  std::set<std::string> out;
  std::string word;
  auto end_word = [&] {
    if (!word.empty()) out.insert(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '"') {
      end_word();
      auto end = sql.find('"', i + 1);
      if (end == std::string_view::npos) break;
      out.emplace(sql.substr(i + 1, end - i - 1));
      i = end;
    } else if (std::isalnum(static_cast<unsigned char>(sql[i])) != 0 || sql[i] == '_') {
      word += sql[i];
    } else {
      end_word();
    }
  }
  end_word();
  return out;
}

}  // namespace

Result<std::string> Ckan::datastore_info(const CkanCall& call) const {
  auto id = call.params.text("id");
  if (id.empty()) id = call.params.text("resource_id");
  if (id.empty()) return missing_parameter("id");
  std::size_t format = 0;
  QS_TRY(auto package, deps_.shelf.of_resource(id, format));
  if (!package || format != 0) return no_rows();
  QS_TRY(auto shown, deps_.view.open(package->dataset_id));
  std::vector<const catalog::Field*> columns;
  for (const auto& f : shown->fields) columns.push_back(&f);
  auto fields = fields_json(columns);
  for (std::size_t i = 0; i < columns.size(); ++i)
    fields[i].as_object()["schema"] = json::object{{"native_type", ckan_type(columns[i]->type)},
                                                   {"notnull", false},
                                                   {"is_index", columns[i]->key},
                                                   {"index_name", nullptr},
                                                   {"uniquekey", false}};
  return json::serialize(json::object{{"meta", json::object{{"id", resource_id(*package, file_formats()[0])},
                                                            {"aliases", json::array{package->name}},
                                                            {"count", shown->version.published},
                                                            {"size", package->bytes},
                                                            {"table_type", "VIEW"}}},
                                      {"fields", std::move(fields)}});
}

Result<std::string> Ckan::datastore_search(const CkanCall& call) const {
  const auto& params = call.params;
  auto id = params.text("resource_id");
  if (id.empty()) id = params.text("id");
  if (id.empty()) return missing_parameter("resource_id");
  std::size_t format = 0;
  QS_TRY(auto package, deps_.shelf.of_resource(id, format));
  if (!package || format != 0) return no_rows();
  QS_TRY(auto shown, deps_.view.open(package->dataset_id));
  DatastoreQuery query{.filters = params.value("filters"), .q = params.value("q"), .fields = params.list("fields"), .sort = {}};
  if (params.value("sort").is_array())
    query.sort = join(params.list("sort"), ",");
  else
    query.sort = params.text("sort");
  QS_TRY(query.distinct, params.flag("distinct", false));
  QS_TRY(query.limit, params.count("limit", 100, kMostRows));
  QS_TRY(query.offset, params.count("offset", 0, INT32_MAX));
  QS_TRY(auto with_total, params.flag("include_total", true));
  QS_TRY(auto with_next, params.flag("include_next_page", false));
  auto kind = Records::objects;
  auto word = params.text("records_format");
  if (!word.empty() && !parse(word, kind))
    return bad("records_format", "可用的值：objects、lists、csv、tsv。", "It is one of objects, lists, csv, tsv.");
  QS_TRY(auto selected, select_rows(*shown, query));
  auto time = limits("opendata.query_time", call);
  QS_TRY(auto cursor, deps_.engine.run({.sql = fmt::format("{} LIMIT {} OFFSET {}", selected.rows, query.limit, query.offset),
                                        .params = selected.params,
                                        .limits = time}));
  QS_TRY(auto answer, read(*cursor, kind, query.limit));
  json::object out{{"resource_id", resource_id(*package, file_formats()[0])},
                   {"include_total", with_total},
                   {"limit", query.limit},
                   {"records_format", word.empty() ? "objects" : word},
                   {"fields", fields_json(selected.columns)}};
  for (const char* key : {"filters", "q", "sort"})
    if (params.has(key)) out[key] = params.value(key);
  if (query.offset > 0) out["offset"] = query.offset;
  if (query.distinct) out["distinct"] = true;
  std::int64_t total = 0;
  if (with_total) {
    total = static_cast<std::int64_t>(shown->version.published);
    if (!selected.everything) {
      QS_TRY(total, count(deps_.engine, selected, time));
    }
    out["total"] = total;
    out["total_was_estimated"] = false;
  }
  json::object links{{"start", link(call, 0)}, {"next", link(call, query.offset + query.limit)}};
  if (query.offset > 0) links["prev"] = link(call, query.offset > query.limit ? query.offset - query.limit : 0);
  out["_links"] = std::move(links);
  bool more = answer.rows == query.limit && query.limit > 0;
  if (with_next && selected.by_id && more && !selected.columns.empty() && selected.columns.front() == nullptr)
    out["next_page"] = json::object{{"_id", json::object{{"gt", answer.last_id}}}};
  deps_.audit.count_access({}, "dataset", package->dataset_id, "open", answer.rows);
  auto text = json::serialize(out);
  text.pop_back();
  return text + ",\"records\":" + answer.records + "}";
}

Result<std::string> Ckan::datastore_search_sql(const CkanCall& call) const {
  auto sql = call.params.text("sql");
  if (sql.empty()) return missing_parameter("sql");
  if (sql.size() > kSqlText) return bad("sql", "语句太长，最多 64 KiB。", "The statement is too long, 64 KiB at most.");
  engine::SandboxSpec spec;
  std::set<std::string> datasets;
  for (const auto& name : names_in(sql)) {
    std::size_t format = 0;
    QS_TRY(auto package, deps_.shelf.of_resource(name, format));
    if (!package || format != 0) continue;
    auto shown = deps_.view.open(package->dataset_id);
    if (!shown && shown.error().code == Code::not_found) continue;
    QS_CHECK(shown);
    spec.names.push_back(name);
    spec.views.push_back({.name = name, .sql = (*shown)->select});
    if (datasets.insert(package->dataset_id).second)
      spec.files.insert(spec.files.end(), (*shown)->files.begin(), (*shown)->files.end());
  }
  QS_TRY(auto sandbox, deps_.engine.sandbox(std::move(spec)));
  auto cursor = sandbox->run(sql, {}, limits("opendata.sql_time", call));
  auto sql_error = [](Error error) {
    // Whatever is wrong with a statement is told in one way; what is our own or a limit keeps its kind.
    if (error.code == Code::invalid) error.id = "open.sql";
    return Failure(std::move(error));
  };
  if (!cursor) return sql_error(std::move(cursor).error());
  auto answer = read(**cursor, Records::objects, kMostRows);
  if (!answer) return sql_error(std::move(answer).error());
  json::array fields;
  for (const auto& column : (*cursor)->columns())
    fields.emplace_back(json::object{{"id", column.name}, {"type", ckan_type(column.type)}});
  for (const auto& id : datasets) deps_.audit.count_access({}, "dataset", id, "open", answer->rows);
  auto text = json::serialize(json::object{{"sql", sql}, {"fields", std::move(fields)}});
  text.pop_back();
  if (answer->more) text += ",\"records_truncated\":true";
  return text + ",\"records\":" + answer->records + "}";
}

}  // namespace qushu::opendata
