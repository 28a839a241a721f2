#include "qushu/http/schema.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/base/time.h"

#include "schema_node.h"

namespace qushu::http {
namespace {

constexpr std::size_t kMostFlaws = 50;

Schema of_kind(Kind kind) {
  auto node = std::make_shared<Schema::Node>();
  node->kind = kind;
  return Schema(node);
}

// Builders work on a copy, so that a Schema kept in a variable never changes under its other holders.
template <class F>
Schema changed(const Schema& schema, F&& change) {
  auto node = std::make_shared<Schema::Node>(schema.node());
  change(*node);
  return Schema(node);
}

Text kind_name(Kind kind) {
  switch (kind) {
    case Kind::text:
    case Kind::choice:
      return {"文本", "text"};
    case Kind::integer:
      return {"整数", "a whole number"};
    case Kind::number:
      return {"数字", "a number"};
    case Kind::boolean:
      return {"true 或 false", "true or false"};
    case Kind::time:
      return {"时间，如 2026-11-23T08:00:00Z", "a time such as 2026-11-23T08:00:00Z"};
    case Kind::array:
      return {"数组", "an array"};
    case Kind::object:
    case Kind::map:
      return {"对象", "an object"};
    case Kind::any:
      return {"任意值", "any value"};
  }
  return {};
}

class Checker {
 public:
  std::vector<Flaw> flaws;

  void check(const Schema::Node& node, const json::value& value, const std::string& path) {
    if (flaws.size() >= kMostFlaws) return;
    if (value.is_null() && node.nullable) return;
    if (!fits_kind(node.kind, value)) {
      auto expected = kind_name(node.kind);
      return flaw(path, fmt::format("应为{}，收到的是{}。", expected.zh, came(value).zh),
                  fmt::format("Expected {}, got {}.", expected.en, came(value).en));
    }
    switch (node.kind) {
      case Kind::text:
      case Kind::choice:
      case Kind::time:
        return check_text(node, std::string_view(value.as_string()), path);
      case Kind::integer:
      case Kind::number:
        return check_range(node, value, path);
      case Kind::array:
        return check_array(node, value.as_array(), path);
      case Kind::object:
        return check_object(node, value.as_object(), path);
      case Kind::map:
        return check_map(node, value.as_object(), path);
      case Kind::boolean:
      case Kind::any:
        return;
    }
  }

 private:
  void flaw(std::string path, std::string zh, std::string en) {
    if (flaws.size() < kMostFlaws) flaws.push_back({std::move(path), {std::move(zh), std::move(en)}});
  }

  static Text came(const json::value& value) {
    switch (value.kind()) {
      case json::kind::null:
        return {"空值（null）", "null"};
      case json::kind::bool_:
        return {"true 或 false", "true or false"};
      case json::kind::int64:
      case json::kind::uint64:
        return {"整数", "a whole number"};
      case json::kind::double_:
        return {"小数", "a decimal number"};
      case json::kind::string:
        return {"文本", "text"};
      case json::kind::array:
        return {"数组", "an array"};
      case json::kind::object:
        return {"对象", "an object"};
    }
    return {};
  }

  static bool fits_kind(Kind kind, const json::value& value) {
    switch (kind) {
      case Kind::text:
      case Kind::choice:
      case Kind::time:
        return value.is_string();
      case Kind::integer:
        return value.is_int64();
      case Kind::number:
        return value.is_number();
      case Kind::boolean:
        return value.is_bool();
      case Kind::array:
        return value.is_array();
      case Kind::object:
      case Kind::map:
        return value.is_object();
      case Kind::any:
        return true;
    }
    return false;
  }

  void check_length(const Schema::Node& node, std::size_t length, const std::string& path, const Text& unit) {
    if (node.min_length && length < *node.min_length)
      flaw(path, fmt::format("至少要有 {} {}，现在是 {}。", *node.min_length, unit.zh, length),
           fmt::format("Needs at least {} {}, has {}.", *node.min_length, unit.en, length));
    if (node.max_length && length > *node.max_length)
      flaw(path, fmt::format("最多 {} {}，现在是 {}。", *node.max_length, unit.zh, length),
           fmt::format("May have at most {} {}, has {}.", *node.max_length, unit.en, length));
  }

  void check_text(const Schema::Node& node, std::string_view text, const std::string& path) {
    if (!is_utf8(text)) return flaw(path, "不是有效的 UTF-8 文本。", "Is not valid UTF-8.");
    if (text.contains('\0')) return flaw(path, "不能含有空字符。", "Must not hold a NUL character.");
    check_length(node, utf8_length(text), path, {"个字符", "characters"});
    if (node.kind == Kind::choice && std::ranges::find(node.choices, text) == node.choices.end())
      flaw(path, fmt::format("只能是：{}。", join(node.choices, "、")),
           fmt::format("Must be one of: {}.", join(node.choices, ", ")));
    if (node.kind == Kind::time && !parse_iso(text))
      flaw(path, "时间应写成 2026-11-23T08:00:00Z。", "A time is written 2026-11-23T08:00:00Z.");
    // std::regex recurses per character: what is long was refused by its length, or is not tried.
    if (node.regex && (text.size() > 4096 || !std::regex_match(text.begin(), text.end(), *node.regex)))
      flaw(path, fmt::format("格式不符，应匹配 {}。", node.pattern), fmt::format("Must match {}.", node.pattern));
  }

  void check_range(const Schema::Node& node, const json::value& value, const std::string& path) {
    auto number = value.to_number<double>();
    bool below = node.min && (value.is_int64() ? value.as_int64() < *node.min : number < static_cast<double>(*node.min));
    bool above = node.max && (value.is_int64() ? value.as_int64() > *node.max : number > static_cast<double>(*node.max));
    if (below) flaw(path, fmt::format("不能小于 {}。", *node.min), fmt::format("Must not be below {}.", *node.min));
    if (above) flaw(path, fmt::format("不能大于 {}。", *node.max), fmt::format("Must not be above {}.", *node.max));
  }

  void check_array(const Schema::Node& node, const json::array& array, const std::string& path) {
    check_length(node, array.size(), path, {"项", "elements"});
    for (std::size_t i = 0; i < array.size() && flaws.size() < kMostFlaws; ++i)
      check(*node.of, array[i], fmt::format("{}[{}]", path, i));
  }

  void check_map(const Schema::Node& node, const json::object& object, const std::string& path) {
    check_length(node, object.size(), path, {"项", "members"});
    for (const auto& [key, value] : object) check(*node.of, value, inside(path, key));
  }

  void check_object(const Schema::Node& node, const json::object& object, const std::string& path) {
    for (const auto& member : node.members) {
      const auto* value = object.if_contains(member.name);
      if (value)
        check(member.shape.node(), *value, inside(path, member.name));
      else if (!member.shape.node().optional)
        flaw(inside(path, member.name), "缺少这一项。", "Is missing.");
    }
    for (const auto& [key, value] : object)
      if (std::ranges::none_of(node.members, [&](const Member& m) { return m.name == key; }))
        flaw(inside(path, key), "没有这一项，请检查拼写。", "There is no such member; check the spelling.");
  }

  static std::string inside(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  }
};

json::object described(const Schema::Node& node, Lang lang, json::object& components);

json::object shape_of(const Schema::Node& node, Lang lang, json::object& components) {
  json::object out;
  auto lengths = [&](const char* min, const char* max) {
    if (node.min_length && *node.min_length > 0) out[min] = *node.min_length;
    if (node.max_length) out[max] = *node.max_length;
  };
  switch (node.kind) {
    case Kind::text:
    case Kind::choice:
    case Kind::time:
      out["type"] = "string";
      lengths("minLength", "maxLength");
      if (node.kind == Kind::time) out["format"] = "date-time";
      if (!node.choices.empty()) out["enum"] = json::array(node.choices.begin(), node.choices.end());
      if (!node.pattern.empty()) out["pattern"] = "^(?:" + node.pattern + ")$";
      break;
    case Kind::integer:
    case Kind::number:
      out["type"] = node.kind == Kind::integer ? "integer" : "number";
      if (node.min) out["minimum"] = *node.min;
      if (node.max && *node.max != INT64_MAX) out["maximum"] = *node.max;
      break;
    case Kind::boolean:
      out["type"] = "boolean";
      break;
    case Kind::array:
      out["type"] = "array";
      lengths("minItems", "maxItems");
      out["items"] = described(*node.of, lang, components);
      break;
    case Kind::map:
      out["type"] = "object";
      lengths("minProperties", "maxProperties");
      out["additionalProperties"] = described(*node.of, lang, components);
      break;
    case Kind::object: {
      out["type"] = "object";
      json::object properties;
      json::array required;
      for (const auto& m : node.members) {
        properties[m.name] = described(m.shape.node(), lang, components);
        if (!m.shape.node().optional) required.emplace_back(m.name);
      }
      out["properties"] = std::move(properties);
      if (!required.empty()) out["required"] = std::move(required);
      out["additionalProperties"] = false;
      break;
    }
    case Kind::any:
      break;
  }
  if (node.nullable && out.contains("type")) out["type"] = json::array{out["type"], "null"};
  if (!node.note.in(lang).empty()) out["description"] = node.note.in(lang);
  return out;
}

json::object described(const Schema::Node& node, Lang lang, json::object& components) {
  if (node.component.empty()) return shape_of(node, lang, components);
  if (!components.contains(node.component)) {
    components[node.component] = json::object{};  // stands there before its members, which may name it
    auto plain = node;
    plain.nullable = false;
    components[node.component] = shape_of(plain, lang, components);
  }
  json::object reference{{"$ref", "#/components/schemas/" + node.component}};
  if (!node.nullable) return reference;
  return {{"anyOf", json::array{std::move(reference), json::object{{"type", "null"}}}}};
}

}  // namespace

namespace schema {
Schema text() {
  return of_kind(Kind::text);
}
Schema integer() {
  return of_kind(Kind::integer);
}
Schema number() {
  return of_kind(Kind::number);
}
Schema boolean() {
  return of_kind(Kind::boolean);
}
Schema time() {
  return of_kind(Kind::time);
}
Schema any() {
  return of_kind(Kind::any);
}
Schema choice(std::vector<std::string> values) {
  return changed(of_kind(Kind::choice), [&](Schema::Node& n) { n.choices = std::move(values); });
}
Schema array(Schema of) {
  return changed(of_kind(Kind::array), [&](Schema::Node& n) { n.of = std::make_shared<Schema::Node>(of.node()); });
}
Schema map(Schema of) {
  return changed(of_kind(Kind::map), [&](Schema::Node& n) { n.of = std::make_shared<Schema::Node>(of.node()); });
}
Schema object(std::vector<Member> members) {
  return changed(of_kind(Kind::object), [&](Schema::Node& n) { n.members = std::move(members); });
}
}  // namespace schema

Schema Schema::length(std::size_t min, std::size_t max) && {
  return changed(*this, [&](Node& n) {
    n.min_length = min;
    n.max_length = max;
  });
}
Schema Schema::range(std::int64_t min, std::int64_t max) && {
  return changed(*this, [&](Node& n) {
    n.min = min;
    n.max = max;
  });
}
Schema Schema::pattern(std::string regex) && {
  return changed(*this, [&](Node& n) {
    n.regex = std::make_shared<const std::regex>(regex, std::regex::ECMAScript | std::regex::optimize);
    n.pattern = std::move(regex);
  });
}
Schema Schema::optional() && {
  return changed(*this, [](Node& n) { n.optional = true; });
}
Schema Schema::nullable() && {
  return changed(*this, [](Node& n) { n.nullable = true; });
}
Schema Schema::note(std::string zh, std::string en) && {
  return changed(*this, [&](Node& n) { n.note = {std::move(zh), std::move(en)}; });
}
Schema Schema::named(std::string component) && {
  return changed(*this, [&](Node& n) { n.component = std::move(component); });
}

std::vector<Flaw> check(const Schema& schema, const json::value& value) {
  Checker checker;
  checker.check(schema.node(), value, "");
  return std::move(checker.flaws);
}

json::object describe(const Schema& schema, Lang lang, json::object& components) {
  return described(schema.node(), lang, components);
}

}  // namespace qushu::http
