// The terms of a grant: read from what somebody asks for, checked against the dataset, kept in the store.
#include <algorithm>
#include <array>
#include <map>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/engine/expression.h"
#include "qushu/sharing/grant.h"

#include "words.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, kUses> kMethods{"api", "sql", "file", "push"};

Failure wrong(std::string subject, std::string zh, std::string en) {
  return fail(
      Error{.code = Code::invalid, .id = "grant.terms", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

struct Address {
  std::array<unsigned char, 16> bytes{};
  int bits = 128;
};

// IPv4 addresses as they lie within IPv6, so that both are compared alike.
std::optional<Address> address_of(std::string_view text) {
  Address out;
  auto slash = text.find('/');
  std::string host(text.substr(0, slash));
  constexpr int kV4 = 32, kV6 = 128, kBefore = 96, kMapped = 10, kHost = 12;
  bool v4 = host.find(':') == std::string::npos;
  if (v4) {
    out.bytes[kMapped] = out.bytes[kMapped + 1] = 0xFF;
    if (inet_pton(AF_INET, host.c_str(), &out.bytes[kHost]) != 1) return std::nullopt;
  } else if (inet_pton(AF_INET6, host.c_str(), out.bytes.data()) != 1) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return out;
  auto bits = to_int(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > (v4 ? kV4 : kV6)) return std::nullopt;
  out.bits = static_cast<int>(*bits) + (v4 ? kBefore : 0);
  return out;
}

Result<std::vector<GrantedField>> fields_of(const catalog::Dataset& dataset, const json::object& document) {
  std::vector<GrantedField> out;
  const auto* list = document.if_contains("fields");
  if (list == nullptr || !list->is_array() || list->get_array().empty())
    return wrong("fields", "请至少选一个字段。", "Choose at least one field.");
  std::map<std::string, Mask> chosen;
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    const auto& item = list->get_array()[i];
    const auto* id = item.is_object() ? item.get_object().if_contains("id") : nullptr;
    auto known = id != nullptr && id->is_string()
                     ? std::ranges::find(dataset.fields, std::string_view(id->get_string()), &catalog::Field::id)
                     : dataset.fields.end();
    auto subject = fmt::format("fields[{}]", i);
    if (known == dataset.fields.end()) {
      auto named = id != nullptr && id->is_string() ? shorten(std::string_view(id->get_string()), 60) : std::string();
      return wrong(subject, fmt::format("数据集没有字段“{}”，应写字段的标识符。", named),
                   fmt::format("The dataset has no field “{}”; its identifier is expected.", named));
    }
    const auto* mask = item.get_object().if_contains("mask");
    QS_TRY(auto read, mask_of(mask == nullptr ? json::value(json::object()) : *mask, known->type, subject + ".mask"));
    if (!chosen.emplace(known->id, std::move(read)).second)
      return wrong(subject, fmt::format("字段“{}”写了两次。", known->name),
                   fmt::format("The field “{}” is named twice.", known->name));
  }
  for (const auto& field : dataset.fields)
    if (auto found = chosen.find(field.id); found != chosen.end()) out.push_back({.id = field.id, .mask = found->second});
  return out;
}

enum class Edge : std::uint8_t { begins, ends };
Result<std::optional<Time>> time_at(const json::object& o, std::string_view member, const calendar::Zone& zone, Edge edge) {
  auto text = text_at(o, member);
  if (text.empty()) return std::nullopt;
  if (auto day = calendar::parse_day(text)) {
    if (edge == Edge::begins) return zone.instant(calendar::LocalTime(*day));
    // The last moment of the day rather than the first of the next, so that it is shown as the day that was written.
    return zone.instant(calendar::LocalTime(*day + std::chrono::days(1))) - Duration(1);
  }
  auto time = parse_iso(text);
  if (!time)
    return wrong(std::string(member),
                 fmt::format("“{}”应是日期或时间，例如 2026-12-31 或 2026-12-31T18:00:00+08:00。",
                             edge == Edge::begins ? "开始使用" : "使用到"),
                 fmt::format("“{}” must be a date or a time, such as 2026-12-31 or 2026-12-31T18:00:00+08:00.", member));
  return time;
}

Result<UseLimits> limits_of(const json::object& document) {
  UseLimits limits;
  const auto* given = document.if_contains("limits");
  if (given == nullptr || !given->is_object()) return limits;
  constexpr std::int64_t kMost = 1'000'000'000'000;
  for (auto [member, value] : {std::pair("per_minute", &limits.per_minute), std::pair("daily_calls", &limits.daily_calls),
                               std::pair("daily_rows", &limits.daily_rows)}) {
    const auto* number = given->get_object().if_contains(member);
    if (number == nullptr) continue;
    if (!number->is_int64() || number->get_int64() < 0 || number->get_int64() > kMost)
      return wrong(fmt::format("limits.{}", member), "应是不小于 0 的整数，0 表示不限。",
                   "must be a whole number, 0 for no limit.");
    *value = number->get_int64();
  }
  constexpr std::int64_t kMostPerMinute = 100'000;
  if (limits.per_minute > kMostPerMinute)
    return wrong("limits.per_minute", "每分钟最多可填 100000 次。", "At most 100,000 calls a minute can be set.");
  return limits;
}

}  // namespace

std::string_view name(Use use) {
  return kMethods.at(static_cast<std::size_t>(use));
}
bool parse(std::string_view text, Use& out) {
  return parse_word(text, kMethods, out);
}

bool within(const std::vector<std::string>& ranges, std::string_view address) {
  if (ranges.empty()) return true;
  auto one = address_of(address);
  if (!one) return false;
  return std::ranges::any_of(ranges, [&](const std::string& text) {
    auto range = address_of(text);
    if (!range) return false;
    constexpr int kByte = 8;
    for (int bit = 0; bit < range->bits; ++bit) {
      auto at = static_cast<std::size_t>(bit / kByte);
      auto mask = 0x80U >> static_cast<unsigned>(bit % kByte);
      if ((one->bytes[at] & mask) != (range->bytes[at] & mask)) return false;
    }
    return true;
  });
}

Result<Terms> terms_of(engine::Engine& engine, const catalog::Dataset& dataset, const json::object& document,
                       const calendar::Zone& zone) {
  Terms terms;
  QS_TRY(terms.fields, fields_of(dataset, document));
  terms.row_filter = trim(text_at(document, "row_filter"));
  if (!terms.row_filter.empty()) {
    std::vector<engine::Column> columns;
    for (const auto& f : dataset.fields) columns.push_back({.name = f.id, .type = f.type, .width = f.width, .scale = f.scale});
    auto checked = engine::check_expression(engine, terms.row_filter, columns);
    if (!checked) {
      const auto& error = checked.error();
      return wrong("row_filter", "行条件：" + error.text.zh, "Row filter: " + error.text.en);
    }
    terms.row_sql = *std::move(checked);
  }
  if (const auto* methods = document.if_contains("methods"); methods != nullptr && methods->is_array())
    for (const auto& item : methods->get_array()) {
      Use method{};
      if (!item.is_string() || !parse(item.get_string(), method))
        return wrong("methods", "共享方式应是 api、sql、file 或 push。", "A method is api, sql, file or push.");
      if (std::ranges::find(terms.methods, method) == terms.methods.end()) terms.methods.push_back(method);
    }
  if (terms.methods.empty()) return wrong("methods", "请至少选一种共享方式。", "Choose at least one method.");
  if (const auto* addresses = document.if_contains("addresses"); addresses != nullptr && addresses->is_array())
    for (const auto& item : addresses->get_array()) {
      std::string text(item.is_string() ? trim(std::string_view(item.get_string())) : std::string_view());
      if (!address_of(text))
        return wrong("addresses", fmt::format("“{}”不是 IP 地址或网段，应如 10.1.2.3 或 10.1.0.0/16。", text),
                     fmt::format("“{}” is no address or range, such as 10.1.2.3 or 10.1.0.0/16.", text));
      terms.addresses.push_back(text);
    }
  terms.purpose = trim(text_at(document, "purpose"));
  constexpr std::size_t kPurpose = 2000;
  if (terms.purpose.empty() || utf8_length(terms.purpose) > kPurpose)
    return wrong("purpose", fmt::format("请写明用途，最多 {} 字。", kPurpose),
                 fmt::format("Say what for, in at most {} characters.", kPurpose));
  terms.named_purpose = text_at(document, "named_purpose");
  QS_TRY(terms.limits, limits_of(document));
  if (const auto* marking = document.if_contains("marking"); marking != nullptr && marking->is_object()) {
    terms.marking.visible = flag_at(marking->get_object(), "visible", true);
    terms.marking.hidden = flag_at(marking->get_object(), "hidden", true);
  }
  QS_TRY(terms.from, time_at(document, "from", zone, Edge::begins));
  QS_TRY(terms.until, time_at(document, "until", zone, Edge::ends));
  if (terms.from && terms.until && *terms.from >= *terms.until)
    return wrong("until", "结束时间应在开始时间之后。", "The end must come after the beginning.");
  return terms;
}

Result<void> check_period(const Terms& terms, Time now) {
  if (!terms.until || *terms.until > now) return {};
  return wrong("until", "使用期限的结束时间已经过去，请填今天或以后的日期，不限期的留空。",
               "The end of the period has passed; give today or a later day, or none for no end.");
}

json::object to_json(const Terms& terms) {
  json::array fields, methods, addresses;
  for (const auto& f : terms.fields) fields.push_back(json::object{{"id", f.id}, {"mask", to_json(f.mask)}});
  for (auto m : terms.methods) methods.emplace_back(name(m));
  for (const auto& a : terms.addresses) addresses.emplace_back(a);
  return {{"fields", std::move(fields)},
          {"row_filter", terms.row_filter},
          {"methods", std::move(methods)},
          {"addresses", std::move(addresses)},
          {"purpose", terms.purpose},
          {"named_purpose", terms.named_purpose},
          {"from", terms.from ? to_iso(*terms.from) : ""},
          {"until", terms.until ? to_iso(*terms.until) : ""},
          {"limits", json::object{{"per_minute", terms.limits.per_minute},
                                  {"daily_calls", terms.limits.daily_calls},
                                  {"daily_rows", terms.limits.daily_rows}}},
          {"marking", json::object{{"visible", terms.marking.visible}, {"hidden", terms.marking.hidden}}}};
}

std::string to_store(const Terms& terms) {
  auto out = to_json(terms);
  out["row_sql"] = terms.row_sql;
  return json::serialize(out);
}

Terms terms_from_store(std::string_view text) {
  const auto document = json::parse(text);
  const auto& o = document.as_object();
  Terms terms;
  for (const auto& f : o.at("fields").as_array()) {
    // Of a stored mask only its own members are read, whatever the field's type is by now.
    auto type = engine::Type::text;
    const auto& mask = f.at("mask").as_object();
    if (mask.at("kind").as_string() == "date") type = engine::Type::date;
    if (mask.at("kind").as_string() == "band") type = engine::Type::number;
    auto read = mask_of(mask, type, "mask");
    // A mask that cannot be read hides everything.
    terms.fields.push_back(
        {.id = std::string(f.at("id").as_string()), .mask = read ? *read : Mask{.kind = MaskKind::constant, .value = {}}});
  }
  terms.row_filter = std::string(o.at("row_filter").as_string());
  terms.row_sql = std::string(o.at("row_sql").as_string());
  for (const auto& m : o.at("methods").as_array()) {
    Use method{};
    if (parse(m.as_string(), method)) terms.methods.push_back(method);
  }
  for (const auto& a : o.at("addresses").as_array()) terms.addresses.emplace_back(a.as_string());
  terms.purpose = std::string(o.at("purpose").as_string());
  terms.named_purpose = text_at(o, "named_purpose");
  // Grants from before there were limits and marks have none.
  terms.marking = {.visible = false, .hidden = false};
  if (const auto* limits = o.if_contains("limits")) {
    terms.limits = {.per_minute = limits->at("per_minute").to_number<std::int64_t>(),
                    .daily_calls = limits->at("daily_calls").to_number<std::int64_t>(),
                    .daily_rows = limits->at("daily_rows").to_number<std::int64_t>()};
    terms.marking = {.visible = o.at("marking").at("visible").as_bool(), .hidden = o.at("marking").at("hidden").as_bool()};
  }
  terms.from = parse_iso(o.at("from").as_string());
  terms.until = parse_iso(o.at("until").as_string());
  return terms;
}

}  // namespace qushu::sharing
