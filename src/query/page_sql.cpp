#include <algorithm>

#include <fmt/format.h>

#include "filter.h"

namespace qushu::query {
namespace {

using engine::quote_name;
using engine::Type;
using engine::Value;

constexpr std::string_view kId = "\"_id\"";

// Builds one statement over the rows that the caller may see.
class Builder {
 public:
  Builder(const std::vector<catalog::Field>& fields, const RowsRequest& request) : fields_(fields), request_(request) {}

  [[nodiscard]] std::string column(std::size_t field) const { return quote_name(fields_[field].id); }

  void narrow() {
    for (const auto& condition : request_.conditions) conditions_.push_back(condition_sql(condition));
    for (const auto& word : request_.search) conditions_.push_back(search_sql(word));
  }

  void add(std::string condition) { conditions_.push_back(std::move(condition)); }

  [[nodiscard]] std::string where() const {
    if (conditions_.empty()) return "";
    return fmt::format(" WHERE {}", fmt::join(conditions_, " AND "));
  }

  // Names are qualified here, since an alias of the answer would come before a column of that name.
  [[nodiscard]] std::string order() const {
    std::string out = " ORDER BY ";
    for (const auto& key : request_.sort)
      out += "t." + column(key.field) + (key.descending ? " DESC NULLS LAST, " : " ASC NULLS LAST, ");
    return out + "t." + std::string(kId);
  }

  // The rows after the last one of the page before. Empty values come last in either direction.
  void continue_after() {
    if (!request_.after) return;
    const auto& position = *request_.after;
    params_.emplace_back(position.id);
    auto later = fmt::format("{} > ${}", kId, params_.size());
    for (auto i = request_.sort.size(); i-- > 0;) {
      auto name = column(request_.sort[i].field);
      if (!position.keys[i]) {
        later = fmt::format("({} IS NULL AND {})", name, later);
        continue;
      }
      auto value = place(request_.sort[i].field, *position.keys[i]);
      later = fmt::format("({0} {1} {2} OR {0} IS NULL OR ({0} = {2} AND {3}))", name, request_.sort[i].descending ? "<" : ">",
                          value, later);
    }
    conditions_.push_back(std::move(later));
  }

  [[nodiscard]] Sql finish(std::string text) { return {.text = std::move(text), .params = std::move(params_)}; }

 private:
  std::string place(std::size_t field, std::string_view text) {
    // The request was parsed, so the value is right.
    auto value = parse_cursor_value(fields_[field], text);
    return value_sql(fields_[field], value ? *value : Value(), params_);
  }

  std::string condition_sql(const Condition& condition) {
    const auto& field = fields_[condition.field];
    auto name = column(condition.field);
    auto value = [&](std::size_t i) { return value_sql(field, condition.values[i], params_); };
    auto list = [&] {
      std::vector<std::string> places;
      for (std::size_t i = 0; i < condition.values.size(); ++i) places.push_back(value(i));
      return fmt::format("{}", fmt::join(places, ", "));
    };
    auto part = [&](std::string_view function) {
      params_.push_back(condition.values[0]);
      auto text = field.type == Type::text ? name : "CAST(" + name + " AS VARCHAR)";
      return fmt::format("{}({}, ${})", function, text, params_.size());
    };
    switch (condition.op) {
      case Op::exact:
        return name + " = " + value(0);
      case Op::not_:
        return fmt::format("({0} <> {1} OR {0} IS NULL)", name, value(0));
      case Op::contains:
        return part("contains");
      case Op::startswith:
        return part("prefix");
      case Op::endswith:
        return part("suffix");
      case Op::gt:
        return name + " > " + value(0);
      case Op::gte:
        return name + " >= " + value(0);
      case Op::lt:
        return name + " < " + value(0);
      case Op::lte:
        return name + " <= " + value(0);
      case Op::in:
        return fmt::format("{} IN ({})", name, list());
      case Op::notin:
        return fmt::format("({0} NOT IN ({1}) OR {0} IS NULL)", name, list());
      case Op::isnull:
        return name + " IS NULL";
      case Op::notnull:
        return name + " IS NOT NULL";
      case Op::between: {
        auto from = value(0);
        auto to = value(1);
        return fmt::format("{} BETWEEN {} AND {}", name, from, to);
      }
    }
    return "FALSE";
  }

  // Somewhere in a text field. Only words with letters that have two cases need folding: Chinese does not.
  std::string search_sql(const std::string& word) {
    auto plain = std::ranges::all_of(word, [](char c) {
      auto byte = static_cast<unsigned char>(c);
      auto letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
      // Three-byte sequences from U+3000 to U+EFFF: ideographs, kana, syllables.
      return !letter && (byte < 0x80 || (byte >= 0x80 && byte < 0xC0) || (byte >= 0xE3 && byte <= 0xEE));
    });
    params_.emplace_back(word);
    auto place = fmt::format(fmt::runtime(plain ? "${}" : "lower(${})"), params_.size());
    std::vector<std::string> any;
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i].type == Type::text)
        any.push_back(fmt::format(fmt::runtime(plain ? "contains({}, {})" : "contains(lower({}), {})"), column(i), place));
    if (any.empty()) {
      params_.pop_back();
      return "FALSE";
    }
    return fmt::format("({})", fmt::join(any, " OR "));
  }

  const std::vector<catalog::Field>& fields_;
  const RowsRequest& request_;
  std::vector<std::string> conditions_;
  std::vector<Value> params_;
};

}  // namespace

std::vector<std::size_t> hidden_sort_fields(const RowsRequest& request) {
  std::vector<std::size_t> out;
  for (const auto& key : request.sort)
    if (std::ranges::find(request.columns, key.field) == request.columns.end()) out.push_back(key.field);
  return out;
}

Sql page_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request) {
  Builder builder(fields, request);
  builder.narrow();
  builder.continue_after();
  std::string columns(kId);
  for (auto field : request.columns) columns += ", " + builder.column(field);
  for (auto field : hidden_sort_fields(request)) columns += ", " + builder.column(field);
  return builder.finish(fmt::format("SELECT {} FROM ({}) AS t{}{} LIMIT {}", columns, select, builder.where(), builder.order(),
                                    request.size + 1));
}

Sql narrow_page_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request) {
  auto narrow = request;
  narrow.columns.clear();
  for (const auto& key : request.sort) narrow.columns.push_back(key.field);
  return page_sql(select, fields, narrow);
}

Sql all_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request,
            const std::vector<std::string>& names, bool by_id) {
  Builder builder(fields, request);
  builder.narrow();
  builder.continue_after();
  std::string columns;
  for (std::size_t i = 0; i < request.columns.size(); ++i) {
    auto column = builder.column(request.columns[i]);
    auto alias = quote_name(names[i]);
    columns += (i == 0 ? "" : ", ") + column + (alias == column ? "" : " AS " + alias);
  }
  auto order = request.sort.empty() && !by_id ? std::string() : builder.order();
  return builder.finish(fmt::format("SELECT {} FROM ({}) AS t{}{}", columns, select, builder.where(), order));
}

Sql count_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request) {
  Builder builder(fields, request);
  builder.narrow();
  return builder.finish(fmt::format("SELECT count(*) FROM ({}) AS t{}", select, builder.where()));
}

Sql facet_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request, std::size_t field,
              std::size_t limit) {
  Builder builder(fields, request);
  builder.narrow();
  auto column = builder.column(field);
  return builder.finish(
      fmt::format("SELECT {0}, count(*) FROM ({1}) AS t{2} GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST LIMIT {3}", column, select,
                  builder.where(), limit));
}

}  // namespace qushu::query
