#include "datastore.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/query/rows.h"
#include "qushu/sharing/version_rows.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kConditions = 200;  // of one question
constexpr int kDeepest = 5;

Failure bad(std::string_view parameter, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "open.parameter",
                    .text = {std::move(zh), std::move(en)},
                    .subject = std::string(parameter)});
}

Failure no_field(std::string_view parameter, std::string_view name) {
  return bad(parameter, fmt::format("没有字段“{}”。", name), fmt::format("There is no field “{}”.", name));
}

class Builder {
 public:
  explicit Builder(const PublicShown& shown) : shown_(shown) {}

  // nullptr in the value: _id.
  [[nodiscard]] Result<const catalog::Field*> field(std::string_view name, std::string_view parameter) const {
    if (name == "_id") return nullptr;
    for (const auto& f : shown_.fields)
      if (f.id == name || f.name == name) return &f;
    return no_field(parameter, name);
  }
  static std::string column(const catalog::Field* f) { return f == nullptr ? "_id" : engine::quote_name(f->id); }

  Result<std::string> filters(const json::value& value, int depth = 0) {
    if (value.is_null()) return std::string();
    if (!value.is_object() || depth > kDeepest)
      return bad("filters", "应为 {字段: 值} 形式的对象。", "An object {field: value} is wanted.");
    std::string out;
    auto also = [&](const std::string& one) { out += (out.empty() ? "" : " AND ") + one; };
    for (const auto& [name, wanted] : value.get_object()) {
      if (name == "$or") {
        QS_TRY(auto one, alternatives(wanted, depth));
        also(one);
        continue;
      }
      QS_TRY(const auto* f, field(name, "filters"));
      QS_TRY(auto one, condition(f, wanted));
      also(one);
    }
    return out;
  }

  Result<std::string> words(const json::value& q) {
    if (q.is_null()) return std::string();
    if (q.is_string()) return anywhere(std::string_view(q.get_string()), nullptr);
    if (!q.is_object()) return bad("q", "应为文本，或 {字段: 文本}。", "A text is wanted, or {field: text}.");
    std::string out;
    for (const auto& [name, wanted] : q.get_object()) {
      QS_TRY(const auto* f, field(name, "q"));
      if (f == nullptr || !wanted.is_string()) return bad("q", "应为 {字段: 文本}。", "{field: text} is wanted.");
      QS_TRY(auto one, anywhere(std::string_view(wanted.get_string()), f));
      if (!one.empty()) out += (out.empty() ? "" : " AND ") + one;
    }
    return out;
  }

  [[nodiscard]] std::vector<engine::Value> params() && { return std::move(params_); }

 private:
  Result<std::string> alternatives(const json::value& list, int depth) {
    if (!list.is_array() || list.get_array().empty())
      return bad("filters", "“$or”应为一组条件。", "“$or” takes a list of filters.");
    std::string out;
    for (const auto& one : list.get_array()) {
      QS_TRY(auto sql, filters(one, depth + 1));
      out += (out.empty() ? "(" : " OR (") + (sql.empty() ? std::string("true") : sql) + ")";
    }
    return "(" + out + ")";
  }

  Result<std::string> typed(const catalog::Field* f, const json::value& value) {
    if (params_.size() >= kConditions)
      return bad("filters", fmt::format("最多 {} 个值。", kConditions), fmt::format("{} values at most.", kConditions));
    std::string text;
    if (value.is_string())
      text = value.get_string();
    else if (value.is_bool())
      text = value.get_bool() ? "true" : "false";
    else if (value.is_number())
      text = json::serialize(value);
    else
      return bad("filters", "值应为文本、数字、布尔值或空。", "A value is a text, a number, a boolean or null.");
    if (f == nullptr) {
      auto id = to_int(text);
      if (!id) return bad("filters", "“_id”应为整数。", "“_id” is a whole number.");
      params_.emplace_back(*id);
      return fmt::format("CAST(${} AS BIGINT)", params_.size());
    }
    QS_TRY(auto parsed, query::parse_value(*f, text, "filters"));
    params_.push_back(std::move(parsed));
    return fmt::format("CAST(${} AS {})", params_.size(), sharing::sql_type(f->type, f->width, f->scale));
  }

  Result<std::string> condition(const catalog::Field* f, const json::value& wanted) {
    auto name = column(f);
    if (wanted.is_null()) return name + " IS NULL";
    if (wanted.is_array()) {
      std::string out;
      for (const auto& one : wanted.get_array()) {
        QS_TRY(auto sql, one.is_null() ? Result<std::string>(name + " IS NULL") : condition(f, one));
        out += (out.empty() ? "" : " OR ") + sql;
      }
      return out.empty() ? std::string("false") : "(" + out + ")";
    }
    if (wanted.is_object()) {
      std::string out;
      for (const auto& [op, value] : wanted.get_object()) {
        auto sign = op == "lt" ? "<" : op == "lte" ? "<=" : op == "gt" ? ">" : op == "gte" ? ">=" : op == "eq" ? "=" : "";
        if (*sign == '\0')
          return bad("filters", fmt::format("没有“{}”这个运算，可用 lt、lte、gt、gte、eq。", std::string_view(op)),
                     fmt::format("There is no operator “{}”; it is one of lt, lte, gt, gte, eq.", std::string_view(op)));
        QS_TRY(auto sql, typed(f, value));
        out += fmt::format("{}{} {} {}", out.empty() ? "" : " AND ", name, sign, sql);
      }
      return out.empty() ? std::string("true") : out;
    }
    QS_TRY(auto sql, typed(f, wanted));
    return fmt::format("{} = {}", name, sql);
  }

  // Every word somewhere in the field, or in any field.
  Result<std::string> anywhere(std::string_view text, const catalog::Field* only) {
    std::string out;
    for (auto part : split(text, ' ')) {
      auto word = std::string(trim(part));
      if (word.ends_with(":*")) word.resize(word.size() - 2);
      if (word.empty()) continue;
      if (params_.size() >= kConditions) return bad("q", "词太多。", "There are too many words.");
      params_.emplace_back(lower_ascii(word));
      std::string one;
      for (const auto& f : shown_.fields)
        if (only == nullptr || only == &f)
          one += fmt::format("{}contains(lower(CAST({} AS VARCHAR)), ${})", one.empty() ? "" : " OR ", engine::quote_name(f.id),
                             params_.size());
      out += (out.empty() ? "(" : " AND (") + one + ")";
    }
    return out;
  }

  const PublicShown& shown_;
  std::vector<engine::Value> params_;
};

Result<std::string> order_of(const Builder& builder, const std::string& sort, bool& by_id) {
  std::string out;
  for (auto part : split(sort, ',')) {
    part = trim(part);
    if (part.empty()) continue;
    auto space = part.rfind(' ');
    auto way = space == std::string_view::npos ? std::string() : lower_ascii(part.substr(space + 1));
    bool worded = way == "asc" || way == "desc";
    auto name = trim(worded ? part.substr(0, space) : part);
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) name = name.substr(1, name.size() - 2);
    QS_TRY(const auto* f, builder.field(name, "sort"));
    by_id = out.empty() && f == nullptr && way != "desc";
    out += fmt::format("{}{} {} NULLS LAST", out.empty() ? "" : ", ", Builder::column(f), way == "desc" ? "DESC" : "ASC");
  }
  return out;
}

}  // namespace

Result<Selected> select_rows(const PublicShown& shown, const DatastoreQuery& query) {
  Builder builder(shown);
  Selected out;
  for (const auto& name : query.fields) {
    QS_TRY(const auto* f, builder.field(name, "fields"));
    out.columns.push_back(f);
  }
  if (out.columns.empty()) {
    if (!query.distinct) out.columns.push_back(nullptr);
    for (const auto& f : shown.fields) out.columns.push_back(&f);
  }
  std::string columns;
  for (const auto* f : out.columns) columns += (columns.empty() ? "" : ", ") + Builder::column(f);
  QS_TRY(auto filters, builder.filters(query.filters));
  QS_TRY(auto words, builder.words(query.q));
  auto where = filters;
  if (!words.empty()) where += (where.empty() ? "" : " AND ") + words;
  QS_TRY(auto order, order_of(builder, query.sort, out.by_id));
  if (order.empty() && !query.distinct) {
    order = "_id";
    out.by_id = true;
  } else if (order.empty()) {
    order = columns;
  } else if (!query.distinct && !out.by_id) {
    order += ", _id";
  }
  out.everything = where.empty() && !query.distinct;
  auto from = fmt::format("({}) AS open_rows{}", shown.select, where.empty() ? "" : " WHERE " + where);
  auto rows = fmt::format("SELECT {}{} FROM {}", query.distinct ? "DISTINCT " : "", columns, from);
  out.rows = rows + " ORDER BY " + order;
  out.count = query.distinct ? fmt::format("SELECT count(*) FROM ({}) AS counted", rows) : "SELECT count(*) FROM " + from;
  out.params = std::move(builder).params();
  return out;
}

std::string_view ckan_type(engine::Type type) {
  switch (type) {
    case engine::Type::text:
      return "text";
    case engine::Type::integer:
      return "int8";
    case engine::Type::decimal:
      return "numeric";
    case engine::Type::number:
      return "float8";
    case engine::Type::boolean:
      return "bool";
    case engine::Type::date:
      return "date";
    case engine::Type::time:
      return "time";
    case engine::Type::datetime:
      return "timestamp";
  }
  return "text";
}

json::array fields_json(const std::vector<const catalog::Field*>& columns) {
  json::array out;
  for (const auto* f : columns) {
    if (f == nullptr) {
      out.emplace_back(json::object{{"id", "_id"}, {"type", "int"}});
      continue;
    }
    json::object info{{"label", f->name}};
    if (!f->description.empty()) info["notes"] = f->description;
    if (!f->unit.empty()) info["unit"] = f->unit;
    out.emplace_back(json::object{{"id", f->id}, {"type", ckan_type(f->type)}, {"info", std::move(info)}});
  }
  return out;
}

bool parse(std::string_view text, Records& out) {
  if (text == "objects") return out = Records::objects, true;
  if (text == "lists") return out = Records::lists, true;
  if (text == "csv") return out = Records::csv, true;
  if (text == "tsv") return out = Records::tsv, true;
  return false;
}

void append_value(const engine::Chunk& chunk, std::size_t column, std::size_t row, engine::Type type, std::string& out) {
  constexpr std::size_t kExact = 15;  // digits that a double holds
  if (chunk.is_null(column, row)) {
    out += "null";
    return;
  }
  if (type == engine::Type::text) {
    out += json::serialize(json::string(chunk.text(column, row)));
    return;
  }
  std::string text;
  chunk.append_text(column, row, text);
  auto digits = static_cast<std::size_t>(std::ranges::count_if(text, is_ascii_digit));
  bool bare = type == engine::Type::boolean ||
              ((type == engine::Type::integer || type == engine::Type::decimal) && digits <= kExact) ||
              (type == engine::Type::number && std::isfinite(chunk.number(column, row)));
  out += bare ? text : json::serialize(json::string(text));
}

void append_cell(std::string_view text, char separator, std::string& out) {
  if (text.find_first_of("\"\r\n") == std::string_view::npos && !text.contains(separator)) {
    out += text;
    return;
  }
  out += '"';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void RecordWriter::add(const engine::Chunk& chunk, std::size_t row, std::string& out) {
  bool json = kind_ == Records::objects || kind_ == Records::lists;
  if (json && rows_ > 0) out += ',';
  ++rows_;
  if (json) out += kind_ == Records::objects ? '{' : '[';
  auto separator = kind_ == Records::tsv ? '\t' : ',';
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (c > 0) out += separator == '\t' ? '\t' : ',';
    if (kind_ == Records::objects) out += json::serialize(json::string(columns_[c].name)) + ":";
    if (json) {
      append_value(chunk, c, row, columns_[c].type, out);
    } else if (!chunk.is_null(c, row)) {
      std::string text;
      chunk.append_text(c, row, text);
      append_cell(text, separator, out);
    }
  }
  if (json)
    out += kind_ == Records::objects ? '}' : ']';
  else
    out += '\n';
}

}  // namespace qushu::opendata
