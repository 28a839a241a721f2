#include "qushu/quality/rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "words.h"

namespace qushu::quality {
namespace {

using engine::Type;

struct KindInfo {
  std::string_view name;
  Text title;
  Dimension dimension;
  bool rows;
  std::size_t min_fields, max_fields;
};

const std::array<KindInfo, 13> kKinds{
    KindInfo{"required", {"必填", "Required"}, Dimension::completeness, true, 1, 1},
    KindInfo{"unique", {"唯一", "Unique"}, Dimension::uniqueness, true, 1, 8},
    KindInfo{"pattern", {"格式（正则）", "Pattern"}, Dimension::validity, true, 1, 1},
    KindInfo{"range", {"取值范围", "Range"}, Dimension::validity, true, 1, 1},
    KindInfo{"enumeration", {"值域", "Enumeration"}, Dimension::validity, true, 1, 1},
    KindInfo{"length", {"长度", "Length"}, Dimension::validity, true, 1, 1},
    KindInfo{"format", {"标准格式", "Standard format"}, Dimension::validity, true, 1, 1},
    KindInfo{"region", {"行政区划", "Region"}, Dimension::validity, true, 1, 1},
    KindInfo{"expression", {"字段间关系", "Across fields"}, Dimension::consistency, true, 0, 0},
    KindInfo{"reference", {"引用另一数据集", "Reference"}, Dimension::consistency, true, 1, 1},
    KindInfo{"total", {"与另一数据集合计一致", "Total"}, Dimension::consistency, false, 0, 1},
    KindInfo{"freshness", {"按周期更新", "Freshness"}, Dimension::timeliness, false, 0, 0},
    KindInfo{"volume", {"数据量波动", "Volume"}, Dimension::completeness, false, 0, 0}};
constexpr std::array<std::string_view, 3> kSeverities{"reject", "stop", "warn"};
constexpr std::array<std::string_view, kDimensions> kDimensionNames{"completeness", "validity", "uniqueness", "consistency",
                                                                    "timeliness"};
const std::array<Text, kDimensions> kDimensionTitles{Text{"完整性", "Completeness"}, Text{"规范性", "Validity"},
                                                     Text{"唯一性", "Uniqueness"}, Text{"一致性", "Consistency"},
                                                     Text{"及时性", "Timeliness"}};

const std::array kFormats{
    Format{"credit_code",
           {"统一社会信用代码", "Unified social credit code"},
           {"应为 18 位，校验位正确（GB 32100）", "expected 18 characters with the right check digit (GB 32100)"}},
    Format{"organisation_code",
           {"信用代码中的主体标识码", "Organisation code within a credit code"},
           {"第 9 至 17 位的校验位不对（GB 11714），请核实，部分早年发放的代码没有校验位",
            "characters 9 to 17 have the wrong check digit (GB 11714); verify, since some codes were issued without one"}},
    Format{"citizen_id",
           {"公民身份号码", "Citizen ID"},
           {"应为 18 位，出生日期存在、校验位正确（GB 11643）",
            "expected 18 characters with a date that exists and the right check digit (GB 11643)"}},
    Format{"region_code",
           {"行政区划代码", "Region code"},
           {"应为 6、9 或 12 位数字，前两位是省级代码（GB/T 2260、GB/T 10114）",
            "expected 6, 9 or 12 digits that begin with a province's (GB/T 2260, GB/T 10114)"}},
    Format{"mobile", {"手机号码", "Mobile number"}, {"应为 1 开头的 11 位数字", "expected 11 digits that begin with 1"}},
    Format{"landline",
           {"固定电话", "Landline number"},
           {"应为区号加 7 至 8 位号码，如 010-62345678", "expected an area code and 7 or 8 digits, such as 010-62345678"}},
    Format{"phone",
           {"手机或固定电话", "Telephone"},
           {"应为 11 位手机号码，或区号加固定电话", "expected a mobile number of 11 digits or a landline with its area code"}},
    Format{"bank_card",
           {"银行卡号", "Bank card"},
           {"应为 12 至 19 位数字，校验位正确（Luhn）", "expected 12 to 19 digits with the right check digit (Luhn)"}},
    Format{"email",
           {"电子邮箱", "E-mail"},
           {"应为 name@example.gov.cn 这样的地址", "expected an address like name@example.gov.cn"}},
    Format{"not_future",
           {"日期不晚于今天", "Date not in the future"},
           {"日期不应晚于检查当日", "the date should not be after the day of the check"}}};

Failure wrong(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "quality.rule", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

std::string names_of(const std::vector<std::string>& ids, const std::vector<catalog::Field>& fields) {
  std::string out;
  for (const auto& id : ids) {
    auto found = std::ranges::find(fields, id, &catalog::Field::id);
    out += (out.empty() ? "" : "、") + (found == fields.end() ? id : found->name);
  }
  return out;
}

// "1,000" stays what it is: a bound is kept as the person wrote it, number or text.
std::string shown(const json::object& params, std::string_view key) {
  const auto* value = params.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

Result<void> only(const json::object& params, std::initializer_list<std::string_view> allowed) {
  for (const auto& member : params)
    if (std::ranges::find(allowed, std::string_view(member.key())) == allowed.end() && member.key() != "tolerance")
      return wrong("params." + std::string(member.key()), fmt::format("这种规则没有参数“{}”。", std::string_view(member.key())),
                   fmt::format("This kind of rule has no parameter “{}”.", std::string_view(member.key())));
  if (const auto* tolerance = params.if_contains("tolerance")) {
    auto share = tolerance->is_number() ? tolerance->to_number<double>() : -1;
    if (!(share >= 0 && share <= 100))
      return wrong("params.tolerance", "容许比例应为 0 到 100 的数（%）。",
                   "The tolerance must be a number from 0 to 100 (%).");
  }
  return {};
}

Result<void> check_whole(const json::object& params, std::string_view key, std::int64_t min, std::int64_t max, bool optional) {
  const auto* value = params.if_contains(key);
  if (value == nullptr || value->is_null()) {
    if (optional) return {};
    return wrong("params." + std::string(key), "请填写这个参数。", "This parameter is missing.");
  }
  if (!value->is_int64() || value->get_int64() < min || value->get_int64() > max)
    return wrong("params." + std::string(key), fmt::format("应为 {} 到 {} 的整数。", min, max),
                 fmt::format("Must be a whole number from {} to {}.", min, max));
  return {};
}

Result<void> check_text(const json::object& params, std::string_view key, std::size_t most) {
  const auto* value = params.if_contains(key);
  if (value == nullptr || !value->is_string() || value->get_string().empty() || utf8_length(value->get_string()) > most)
    return wrong("params." + std::string(key), fmt::format("应为 1 到 {} 个字的文本。", most),
                 fmt::format("Must be a text of 1 to {} characters.", most));
  // Lines and tabs are ways of writing; other control characters are nobody's.
  if (std::ranges::any_of(value->get_string(),
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r'; }))
    return wrong("params." + std::string(key), "不能含有控制字符。", "Control characters are not allowed.");
  return {};
}

Result<void> check_range(const json::object& params, const catalog::Field& field) {
  if (field.type == Type::boolean)
    return wrong("fields", fmt::format("“{}”是是否型，没有范围可言。", field.name),
                 fmt::format("“{}” is yes or no and has no range.", field.name));
  if (shown(params, "min").empty() && shown(params, "max").empty())
    return wrong("params.min", "最小值和最大值至少填一个。", "Give a smallest value, a greatest value, or both.");
  bool numeric = is_number(field.type);
  for (const char* key : {"min", "max"}) {
    const auto* value = params.if_contains(key);
    if (value == nullptr || value->is_null()) continue;
    if (numeric ? !value->is_number() : !value->is_string())
      return wrong(
          std::string("params.") + key, numeric ? "数值字段的界限应为数字。" : "界限应为文本，日期写成 2026-11-25。",
          numeric ? "The bound of a number must be a number." : "The bound must be a text; write dates as 2026-11-25.");
    if (!numeric && field.type != Type::text && field.type != Type::time && !parse_iso(value->get_string()))
      return wrong(std::string("params.") + key, "应为日期，如 2026-11-25。", "Must be a date such as 2026-11-25.");
  }
  const auto *min = params.if_contains("min"), *max = params.if_contains("max");
  auto given = [](const json::value* value) { return value != nullptr && !value->is_null(); };
  if (!given(min) || !given(max)) return {};
  bool crossed = false;
  if (numeric) {
    crossed = min->to_number<double>() > max->to_number<double>();
  } else {
    auto from = parse_iso(min->get_string()), to = parse_iso(max->get_string());
    crossed = from && to ? *from > *to : min->get_string() > max->get_string();
  }
  if (crossed) return wrong("params.min", "最小值不能大于最大值。", "The smallest value is greater than the greatest.");
  return {};
}

Result<void> check_values(const json::object& params) {
  const auto* values = params.if_contains("values");
  if (values == nullptr || !values->is_array() || values->get_array().empty() || values->get_array().size() > 1000)
    return wrong("params.values", "请列出 1 到 1000 个允许的值。", "List 1 to 1,000 values that are allowed.");
  std::size_t i = 0;
  for (const auto& value : values->get_array()) {
    if (!value.is_string() || value.get_string().size() > 1000)
      return wrong(fmt::format("params.values[{}]", i), "每个值应为文本。", "Each value must be a text.");
    ++i;
  }
  return {};
}

Result<void> check_length(const json::object& params) {
  QS_CHECK(check_whole(params, "min", 0, 100'000, true));
  QS_CHECK(check_whole(params, "max", 0, 100'000, true));
  const auto* min = params.if_contains("min");
  const auto* max = params.if_contains("max");
  bool lower = min != nullptr && min->is_int64(), upper = max != nullptr && max->is_int64();
  if (!lower && !upper) return wrong("params.min", "最短和最长至少填一个。", "Give a shortest length, a longest one, or both.");
  if (lower && upper && min->get_int64() > max->get_int64())
    return wrong("params.min", "最短不能大于最长。", "The shortest length is greater than the longest.");
  return {};
}

Result<void> check_format(const json::object& params, const catalog::Field& field) {
  const auto* value = params.if_contains("format");
  const auto* format = value != nullptr && value->is_string() ? find_format(value->get_string()) : nullptr;
  if (format == nullptr) {
    std::string zh, en;
    for (const auto& f : formats()) {
      zh += fmt::format("{}{}（{}）", zh.empty() ? "" : "、", f.name.zh, f.code);
      en += fmt::format("{}{}", en.empty() ? "" : ", ", f.code);
    }
    return wrong("params.format", "格式只能是：" + zh + "。", "The format must be one of: " + en + ".");
  }
  if (format->code == "not_future" && !is_day(field.type))
    return wrong("fields", fmt::format("“{}”不是日期，不能要求不晚于今天。", field.name),
                 fmt::format("“{}” is no date.", field.name));
  return {};
}

Result<void> check_total(const Rule& rule, const std::vector<catalog::Field>& fields) {
  QS_CHECK(only(rule.params, {"aggregate", "dataset", "field", "difference"}));
  QS_CHECK(check_text(rule.params, "dataset", 63));
  auto aggregate = shown(rule.params, "aggregate");
  if (aggregate != "count" && aggregate != "sum")
    return wrong("params.aggregate", "合计方式应为 count（行数）或 sum（求和）。", "The aggregate must be count or sum.");
  const auto* difference = rule.params.if_contains("difference");
  if (difference != nullptr && (!difference->is_number() || !(difference->to_number<double>() >= 0)))
    return wrong("params.difference", "允许的差额应为不小于 0 的数。", "The difference allowed must be a number, 0 or more.");
  if (aggregate == "count") return {};
  if (rule.fields.empty()) return wrong("fields", "请选择要求和的字段。", "Choose the field to sum.");
  auto field = std::ranges::find(fields, rule.fields[0], &catalog::Field::id);
  if (field->type != Type::integer && field->type != Type::decimal && field->type != Type::number)
    return wrong("fields", "要求和的字段应为数值。", "The field to sum must hold numbers.");
  return check_text(rule.params, "field", 63);
}

Result<void> check_params(const Rule& rule, const std::vector<catalog::Field>& fields) {
  auto field = rule.fields.empty() ? fields.end() : std::ranges::find(fields, rule.fields[0], &catalog::Field::id);
  switch (rule.kind) {
    case Kind::required:
    case Kind::unique:
    case Kind::region:
      return only(rule.params, {});
    case Kind::pattern:
      QS_CHECK(only(rule.params, {"pattern"}));
      return check_text(rule.params, "pattern", 1000);
    case Kind::range:
      QS_CHECK(only(rule.params, {"min", "max"}));
      return check_range(rule.params, *field);
    case Kind::enumeration:
      QS_CHECK(only(rule.params, {"values"}));
      return check_values(rule.params);
    case Kind::length:
      QS_CHECK(only(rule.params, {"min", "max"}));
      return check_length(rule.params);
    case Kind::format:
      QS_CHECK(only(rule.params, {"format"}));
      return check_format(rule.params, *field);
    case Kind::expression:
      QS_CHECK(only(rule.params, {"sql"}));
      return check_text(rule.params, "sql", 4000);
    case Kind::reference:
      QS_CHECK(only(rule.params, {"dataset", "field"}));
      QS_CHECK(check_text(rule.params, "dataset", 63));
      return check_text(rule.params, "field", 63);
    case Kind::total:
      return check_total(rule, fields);
    case Kind::freshness:
      QS_CHECK(only(rule.params, {"grace"}));
      return check_whole(rule.params, "grace", 0, 366, true);
    case Kind::volume:
      QS_CHECK(only(rule.params, {"share", "versions"}));
      QS_CHECK(check_whole(rule.params, "share", 1, 1000, true));
      return check_whole(rule.params, "versions", 1, 100, true);
  }
  return {};
}

Result<void> check_fields(const Rule& rule, const std::vector<catalog::Field>& fields) {
  const auto& info = kKinds.at(static_cast<std::size_t>(rule.kind));
  if (rule.fields.size() < info.min_fields || rule.fields.size() > info.max_fields)
    return wrong("fields",
                 info.max_fields == 0 ? "这种规则不针对某个字段。"
                 : info.min_fields == info.max_fields
                     ? "请选择一个字段。"
                     : fmt::format("请选择 {} 到 {} 个字段。", info.min_fields, info.max_fields),
                 info.max_fields == 0 ? "This kind of rule is about no single field."
                                      : fmt::format("Choose {} to {} fields.", info.min_fields, info.max_fields));
  std::set<std::string> seen;
  for (const auto& id : rule.fields) {
    if (std::ranges::find(fields, id, &catalog::Field::id) == fields.end())
      return wrong("fields", fmt::format("数据集没有字段“{}”。", id), fmt::format("The dataset has no field “{}”.", id));
    if (!seen.insert(id).second)
      return wrong("fields", fmt::format("字段“{}”重复。", id), fmt::format("The field “{}” is named twice.", id));
  }
  return {};
}

}  // namespace

std::string_view name(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind)).name;
}
std::string_view name(Severity severity) {
  return kSeverities.at(static_cast<std::size_t>(severity));
}
std::string_view name(Dimension dimension) {
  return kDimensionNames.at(static_cast<std::size_t>(dimension));
}
const Text& title(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind)).title;
}
const Text& title(Dimension dimension) {
  return kDimensionTitles.at(static_cast<std::size_t>(dimension));
}
Dimension dimension_of(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind)).dimension;
}
bool judges_rows(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind)).rows;
}

bool parse(std::string_view text, Kind& out) {
  auto found = std::ranges::find(kKinds, text, &KindInfo::name);
  if (found == kKinds.end()) return false;
  out = static_cast<Kind>(found - kKinds.begin());
  return true;
}
bool parse(std::string_view text, Severity& out) {
  auto found = std::ranges::find(kSeverities, text);
  if (found == kSeverities.end()) return false;
  out = static_cast<Severity>(found - kSeverities.begin());
  return true;
}

std::span<const Format> formats() {
  return kFormats;
}
const Format* find_format(std::string_view code) {
  auto found = std::ranges::find(kFormats, code, &Format::code);
  return found == kFormats.end() ? nullptr : &*found;
}

Text describe(const Rule& rule, const std::vector<catalog::Field>& fields) {
  auto names = names_of(rule.fields, fields);
  const auto& p = rule.params;
  auto min = shown(p, "min"), max = shown(p, "max");
  auto bounds = [&](std::string_view what_zh, std::string_view what_en, std::string_view unit) -> Text {
    if (min.empty())
      return {fmt::format("{} {}不大于 {}{}", names, what_zh, max, unit), fmt::format("{}: {}at most {}", names, what_en, max)};
    if (max.empty())
      return {fmt::format("{} {}不小于 {}{}", names, what_zh, min, unit),
              fmt::format("{}: {}at least {}", names, what_en, min)};
    return {fmt::format("{} {}在 {} 到 {} 之间", names, what_zh, min, max),
            fmt::format("{}: {}{} to {}", names, what_en, min, max)};
  };
  switch (rule.kind) {
    case Kind::required:
      return {names + " 不能为空", names + " is never empty"};
    case Kind::unique:
      return {names + (rule.fields.size() > 1 ? " 合起来不重复" : " 不重复"), names + " is unique"};
    case Kind::pattern:
      return {fmt::format("{} 符合 {}", names, shown(p, "pattern")), fmt::format("{} matches {}", names, shown(p, "pattern"))};
    case Kind::range:
      return bounds("", "", "");
    case Kind::enumeration: {
      std::string values;
      std::size_t n = 0;
      for (const auto& value : p.at("values").as_array()) {
        if (n++ == 5) {
          values += "…";
          break;
        }
        values += (values.empty() ? "" : "、") + std::string(value.as_string());
      }
      return {fmt::format("{} 只能是 {}", names, values), fmt::format("{} is one of {}", names, values)};
    }
    case Kind::length:
      return bounds("字数", "characters: ", "");
    case Kind::format: {
      const auto* format = find_format(shown(p, "format"));
      auto what = format == nullptr ? Text{} : format->name;
      if (format != nullptr && format->code == "not_future") return {names + " 不晚于今天", names + " is not in the future"};
      return {fmt::format("{} 是合格的{}", names, what.zh), fmt::format("{}: {}", names, what.en)};
    }
    case Kind::region:
      return {names + " 是行政区划表中的代码", names + " is a code of the table of regions"};
    case Kind::expression:
      return {"每行满足 " + shown(p, "sql"), "each row: " + shown(p, "sql")};
    case Kind::reference:
      return {fmt::format("{} 在 {}.{} 中存在", names, shown(p, "dataset"), shown(p, "field")),
              fmt::format("{} exists in {}.{}", names, shown(p, "dataset"), shown(p, "field"))};
    case Kind::total:
      if (shown(p, "aggregate") == "count")
        return {fmt::format("行数与 {} 一致", shown(p, "dataset")), fmt::format("as many rows as {}", shown(p, "dataset"))};
      return {fmt::format("{} 合计与 {}.{} 一致", names, shown(p, "dataset"), shown(p, "field")),
              fmt::format("the sum of {} equals that of {}.{}", names, shown(p, "dataset"), shown(p, "field"))};
    case Kind::freshness:
      return {"按更新周期及时更新", "updated in time by its cycle"};
    case Kind::volume:
      return {fmt::format("行数与近期版本的中位数相差不超过 {}%", whole_at(p, "share", 50)),
              fmt::format("rows within {}% of the median of the last versions", whole_at(p, "share", 50))};
  }
  return {};
}

json::object to_json(const Rule& rule, const std::vector<catalog::Field>& fields, Lang lang) {
  return {{"id", rule.id},
          {"kind", name(rule.kind)},
          {"kind_title", title(rule.kind).in(lang)},
          {"dimension", name(dimension_of(rule.kind))},
          {"severity", name(rule.severity)},
          {"fields", json::array(rule.fields.begin(), rule.fields.end())},
          {"params", rule.params},
          {"note", rule.note},
          {"text", rule.note.empty() ? describe(rule, fields).in(lang) : rule.note},
          {"enabled", rule.enabled},
          {"person_name", rule.person_name},
          {"changed", to_iso(rule.changed)}};
}

Result<Rule> rule_of(const json::object& body, const std::vector<catalog::Field>& fields) {
  Rule rule;
  auto kind = text_at(body, "kind"), severity = text_at(body, "severity");
  if (!parse(kind, rule.kind)) {
    std::string known;
    for (const auto& k : kKinds) known += (known.empty() ? "" : ", ") + std::string(k.name);
    return wrong("kind", "规则类型只能是：" + known + "。", "The kind must be one of: " + known + ".");
  }
  if (!severity.empty() && !parse(severity, rule.severity))
    return wrong("severity", "处理方式只能是 reject（剔除该行）、stop（停止发布）或 warn（提示）。",
                 "The severity must be reject, stop or warn.");
  if (rule.severity == Severity::reject && !judges_rows(rule.kind))
    return wrong("severity", "这种规则针对整个版本，不能剔除行，请选停止发布或提示。",
                 "This rule is about the whole version and cannot reject rows: choose stop or warn.");
  if (const auto* list = body.if_contains("fields"); list != nullptr && list->is_array())
    for (const auto& item : list->get_array()) {
      if (!item.is_string()) return wrong("fields", "字段应为标识符。", "Fields are named by their identifiers.");
      // The department's own names are understood too.
      std::string given(item.get_string());
      auto named = std::ranges::find(fields, given, &catalog::Field::name);
      auto known = std::ranges::find(fields, given, &catalog::Field::id);
      rule.fields.push_back(known == fields.end() && named != fields.end() ? named->id : given);
    }
  if (const auto* params = body.if_contains("params"); params != nullptr && params->is_object())
    rule.params = params->get_object();
  rule.note = text_at(body, "note");
  if (utf8_length(rule.note) > 200) return wrong("note", "说明最多 200 字。", "The note may have at most 200 characters.");
  if (const auto* enabled = body.if_contains("enabled"); enabled != nullptr && enabled->is_bool())
    rule.enabled = enabled->get_bool();
  QS_CHECK(check_fields(rule, fields));
  QS_CHECK(check_params(rule, fields));
  return rule;
}

}  // namespace qushu::quality
