#include "filter.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::query {
namespace {

using engine::Type;

constexpr std::array<std::string_view, 14> kOps{"exact", "not", "contains", "startswith", "endswith", "gt",      "gte",
                                                "lt",    "lte", "in",       "notin",      "isnull",   "notnull", "between"};
constexpr std::size_t kSearchWords = 8;

// Which operations make sense for a type.
bool allows(Type type, Op op) {
  switch (op) {
    case Op::contains:
    case Op::startswith:
    case Op::endswith:
      return type == Type::text || type == Type::integer || type == Type::decimal || type == Type::date;
    case Op::gt:
    case Op::gte:
    case Op::lt:
    case Op::lte:
    case Op::between:
      return type != Type::boolean;
    default:
      return true;
  }
}

// "a,b,c", or a JSON array of texts, numbers and booleans.
Result<std::vector<std::string>> list_of(std::string_view text, std::string_view parameter, const RowsLimits& limits) {
  std::vector<std::string> out;
  if (text.starts_with('[')) {
    boost::system::error_code error;
    auto parsed = boost::json::parse(text, error, {}, {.max_depth = 2});
    if (error || !parsed.is_array())
      return bad_parameter(parameter, "以 [ 开头的值要是一个 JSON 数组。", "a value that begins with [ must be a JSON array.");
    for (const auto& item : parsed.get_array()) {
      if (item.is_string())
        out.emplace_back(item.get_string());
      else if (item.is_number() || item.is_bool())
        out.push_back(boost::json::serialize(item));
      else
        return bad_parameter(parameter, "数组里只能有文本、数字和布尔值。",
                             "the array may hold texts, numbers and booleans only.");
    }
  } else {
    for (auto part : split(text, ',')) out.emplace_back(part);
  }
  if (out.empty() || out.size() > limits.list)
    return bad_parameter(parameter, fmt::format("要 1 到 {} 个值，收到 {} 个。", limits.list, out.size()),
                         fmt::format("takes 1 to {} values; got {}.", limits.list, out.size()));
  return out;
}

class Parser {
 public:
  Parser(const std::vector<catalog::Field>& fields, std::int64_t version, const RowsLimits& limits,
         const std::vector<std::string_view>& also)
      : fields_(fields), limits_(limits), also_(also) {
    out_.version = version;
    out_.size = limits.page;
    out_.cursor_key = limits.cursor_key;
  }

  Result<RowsRequest> parse(const Pairs& query) {
    for (const auto& [key, value] : query) {
      if (std::ranges::find(also_, std::string_view(key)) != also_.end()) continue;
      if (key.starts_with('_') && !find(key) && !find(key.substr(0, key.rfind("__"))))
        QS_CHECK(steer(key, value));
      else
        QS_CHECK(condition(key, value));
    }
    for (auto count : {out_.conditions.size(), out_.facets.size(), out_.sort.size()})
      if (count > limits_.conditions)
        return bad_parameter("_", fmt::format("条件、分面或排序太多，每种最多 {} 个。", limits_.conditions),
                             fmt::format("too many conditions, facets or sort keys, {} of each at most.", limits_.conditions));
    if (out_.columns.empty())
      for (std::size_t i = 0; i < fields_.size(); ++i) out_.columns.push_back(i);
    QS_CHECK(place_cursor());
    out_.by_key = is_by_key();
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::optional<std::size_t> find(std::string_view word) const {
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i].id == word) return i;
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i].name == word) return i;
    return std::nullopt;
  }

  [[nodiscard]] Failure no_field(std::string_view word, std::string_view parameter) const {
    std::vector<std::string> names;
    for (const auto& field : fields_) names.push_back(field.id == field.name ? field.id : field.name + "（" + field.id + "）");
    auto known = shorten(join(names, "、"), 300);
    return bad_parameter(parameter, fmt::format("没有“{}”这个字段。有：{}", shorten(word, 60), known),
                         fmt::format("there is no field \"{}\". There are: {}", shorten(word, 60), known));
  }

  Result<void> steer(std::string_view key, const std::string& value) {
    if (key == "_version") return {};  // read by wanted_version()
    if (key == "_next") {
      if (value.empty()) return {};
      QS_TRY(cursor_, decode_cursor(value, limits_.cursor_key));
      return {};
    }
    if (key == "_sort" || key == "_sort_desc") return sort(key, value);
    if (key == "_size") return size(value);
    if (key == "_col" || key == "_facet") {
      auto field = find(value);
      if (!field) return no_field(value, key);
      auto& list = key == "_col" ? out_.columns : out_.facets;
      if (std::ranges::find(list, *field) == list.end()) list.push_back(*field);
      return {};
    }
    if (key == "_search") return search(value);
    if (key == "_count") {
      if (value == "exact")
        out_.count = Count::exact;
      else if (value == "none")
        out_.count = Count::none;
      else if (value != "auto" && !value.empty())
        return bad_parameter(key, "可用的值：auto、exact、none。", "takes auto, exact or none.");
      return {};
    }
    return bad_parameter(key,
                         "没有这个参数。可用：_sort _sort_desc _size _next _col _facet _search _version _count，或“字段=值”。",
                         "there is no such parameter. There are _sort _sort_desc _size _next _col _facet _search _version "
                         "_count, and field=value.");
  }

  Result<void> sort(std::string_view key, const std::string& value) {
    if (value.empty()) return {};
    auto field = find(value);
    if (!field) return no_field(value, key);
    // A field that comes twice cannot change the order any more.
    for (const auto& known : out_.sort)
      if (known.field == *field) return {};
    out_.sort.push_back({.field = *field, .descending = key == "_sort_desc"});
    return {};
  }

  Result<void> size(std::string_view value) {
    auto number = to_int(value);
    auto largest = static_cast<std::int64_t>(limits_.largest);
    if (!number || *number < 0 || *number > largest)
      return bad_parameter("_size", fmt::format("要 0 到 {} 的整数。更多的行请用导出（.csv、.ndjson …）。", largest),
                           fmt::format("takes a whole number from 0 to {}. For more rows, export (.csv, .ndjson …).", largest));
    out_.size = static_cast<std::size_t>(*number);
    return {};
  }

  Result<void> search(std::string_view value) {
    if (!is_utf8(value) || value.size() > limits_.text || value.find('\0') != std::string_view::npos)
      return bad_parameter("_search", "搜索词太长或不是文本。", "the words are too long or are not text.");
    std::string word;
    auto flush = [&] {
      if (!word.empty() && out_.search.size() < kSearchWords) out_.search.push_back(word);
      word.clear();
    };
    constexpr std::string_view kWideSpace = "\u3000";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value.substr(i).starts_with(kWideSpace)) {
        flush();
        i += kWideSpace.size() - 1;
      } else if (value[i] == ' ' || value[i] == '\t' || value[i] == '\n' || value[i] == '\r') {
        flush();
      } else {
        word += value[i];
      }
    }
    flush();
    return {};
  }

  Result<void> condition(const std::string& key, const std::string& value) {
    auto field = find(key);
    auto op = Op::exact;
    if (!field) {
      auto mark = key.rfind("__");
      if (mark != std::string::npos && mark != 0) {
        field = find(std::string_view(key).substr(0, mark));
        auto word = std::string_view(key).substr(mark + 2);
        if (field && !query::parse(word, op))
          return bad_parameter(
              key, fmt::format("没有“{}”这个比较方式。可用：{}", shorten(word, 40), fmt::join(kOps, " ")),
              fmt::format("there is no operation \"{}\". There are: {}", shorten(word, 40), fmt::join(kOps, " ")));
      }
    }
    if (!field && key == "key") return keys(value);
    if (!field) return no_field(key, key);
    return compare(*field, op, value, key);
  }

  Result<void> compare(std::size_t index, Op op, const std::string& value, std::string_view parameter) {
    const auto& field = fields_[index];
    if (!allows(field.type, op))
      return bad_parameter(parameter, fmt::format("“{}”不能用 {} 比较。", field.name, name(op)),
                           fmt::format("\"{}\" cannot be compared by {}.", field.name, name(op)));
    Condition out{.field = index, .op = op, .values = {}};
    switch (op) {
      case Op::isnull:
      case Op::notnull: {
        auto word = lower_ascii(trim(value));
        if (word == "0" || word == "false")
          out.op = op == Op::isnull ? Op::notnull : Op::isnull;
        else if (!word.empty() && word != "1" && word != "true")
          return bad_parameter(parameter, "要 1 或 0，或不写值。", "takes 1, 0 or no value.");
        break;
      }
      case Op::contains:
      case Op::startswith:
      case Op::endswith: {
        auto text = catalog::Field{.id = field.id, .name = field.name, .description = {}, .type = Type::text, .unit = {}};
        QS_TRY(auto part, parse_value(text, value, parameter, limits_));
        out.values.push_back(std::move(part));
        break;
      }
      case Op::in:
      case Op::notin:
      case Op::between: {
        QS_TRY(auto list, list_of(value, parameter, limits_));
        if (op == Op::between && list.size() != 2)
          return bad_parameter(parameter, "要两个值：从,到。", "takes two values: from,to.");
        for (const auto& item : list) {
          QS_TRY(auto typed, parse_value(field, item, parameter, limits_));
          out.values.push_back(std::move(typed));
        }
        break;
      }
      default: {
        QS_TRY(auto typed, parse_value(field, value, parameter, limits_));
        out.values.push_back(std::move(typed));
      }
    }
    out_.conditions.push_back(std::move(out));
    return {};
  }

  // `key=…`: one value for each field of the declared key.
  Result<void> keys(const std::string& value) {
    std::vector<std::size_t> parts;
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i].key) parts.push_back(i);
    if (parts.empty()) return bad_parameter("key", "这个数据集没有声明主键。", "this dataset has no declared key.");
    std::vector<std::string> values{value};
    if (parts.size() > 1) {
      QS_TRY(values, list_of(value, "key", limits_));
    }
    if (values.size() != parts.size())
      return bad_parameter("key", fmt::format("主键有 {} 个字段，收到 {} 个值。", parts.size(), values.size()),
                           fmt::format("the key has {} fields; got {} values.", parts.size(), values.size()));
    for (std::size_t i = 0; i < parts.size(); ++i) QS_CHECK(compare(parts[i], Op::exact, values[i], "key"));
    return {};
  }

  Result<void> place_cursor() {
    if (!cursor_) return {};
    if (cursor_->version != out_.version || cursor_->sort != sort_word(out_.sort, fields_) ||
        cursor_->position.keys.size() != out_.sort.size())
      return bad_parameter("_next", "续页标记属于另一个版本或另一种排序，请从第一页重新开始。",
                           "the cursor belongs to another version or sort; start again from the first page.");
    for (std::size_t i = 0; i < out_.sort.size(); ++i)
      if (const auto& key = cursor_->position.keys[i]) QS_CHECK(parse_cursor_value(fields_[out_.sort[i].field], *key));
    out_.after = std::move(cursor_->position);
    if (cursor_->filter != filter_word(out_, fields_)) out_.after->total.reset();
    return {};
  }

  [[nodiscard]] bool is_by_key() const {
    std::set<std::size_t> keyed, wanted;
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i].key) wanted.insert(i);
    for (const auto& condition : out_.conditions) {
      if (condition.op != Op::exact || !keyed.insert(condition.field).second) return false;
    }
    return !wanted.empty() && keyed == wanted && out_.search.empty() && out_.facets.empty() && !out_.after;
  }

  const std::vector<catalog::Field>& fields_;
  const RowsLimits& limits_;
  const std::vector<std::string_view>& also_;
  RowsRequest out_;
  std::optional<Cursor> cursor_;
};

}  // namespace

std::string_view name(Op op) {
  return kOps.at(static_cast<std::size_t>(op));
}

bool parse(std::string_view text, Op& out) {
  const auto* found = std::ranges::find(kOps, text);
  if (found == kOps.end()) return false;
  out = static_cast<Op>(found - kOps.begin());
  return true;
}

Result<RowsRequest> parse_rows(const Pairs& query, const std::vector<catalog::Field>& fields, std::int64_t version,
                               const RowsLimits& limits, const std::vector<std::string_view>& also) {
  return Parser(fields, version, limits, also).parse(query);
}

}  // namespace qushu::query
