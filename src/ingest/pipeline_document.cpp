// A pipeline's definition as people and files write it: read with errors that name the member, checked, and written back.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/ingest/pipelines.h"

#include "document.h"
#include "pipeline_store.h"

namespace qushu::ingest {
namespace {

constexpr std::array<std::string_view, 4> kGathers{"full", "append", "upsert", "incremental"};
constexpr std::array<std::string_view, 3> kDrifts{"ask", "add", "text"};

// Reads the members of one object. The first thing that is wrong stays.
class Members {
 public:
  Members(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

  std::string text(std::string_view key, std::size_t limit = 200) {
    const auto* value = object_.if_contains(key);
    if (!value || value->is_null()) return {};
    if (!value->is_string()) return wrong(key, "应为文本", "must be text"), std::string();
    auto out = std::string(trim(std::string_view(value->as_string())));
    if (utf8_length(out) > limit)
      wrong(key, fmt::format("最多 {} 个字", limit), fmt::format("must have at most {} characters", limit));
    return out;
  }
  bool flag(std::string_view key, bool otherwise = false) {
    const auto* value = object_.if_contains(key);
    if (!value || value->is_null()) return otherwise;
    if (!value->is_bool()) wrong(key, "应为 true 或 false", "must be true or false");
    return value->is_bool() && value->as_bool();
  }
  std::int64_t integer(std::string_view key, std::int64_t otherwise, std::int64_t min, std::int64_t max) {
    const auto* value = object_.if_contains(key);
    if (!value || value->is_null()) return otherwise;
    boost::system::error_code failed;
    auto n = value->is_number() ? value->to_number<std::int64_t>(failed) : min - 1;
    if (failed || n < min || n > max) {
      wrong(key, fmt::format("应为 {} 到 {} 的整数", min, max), fmt::format("must be a whole number from {} to {}", min, max));
      return otherwise;
    }
    return n;
  }
  json::object object(std::string_view key) {
    const auto* value = object_.if_contains(key);
    if (!value || value->is_null()) return {};
    if (!value->is_object()) wrong(key, "应为对象", "must be an object");
    return value->is_object() ? value->as_object() : json::object{};
  }
  json::array array(std::string_view key, std::size_t limit) {
    const auto* value = object_.if_contains(key);
    if (!value || value->is_null()) return {};
    if (!value->is_array() || value->as_array().size() > limit) {
      wrong(key, fmt::format("应为不超过 {} 项的列表", limit), fmt::format("must be a list of at most {}", limit));
      return {};
    }
    return value->as_array();
  }
  std::vector<std::string> texts(std::string_view key, std::size_t limit) {
    std::vector<std::string> out;
    for (const auto& item : array(key, limit)) {
      if (!item.is_string()) {
        wrong(key, "每项应为文本", "each must be text");
        break;
      }
      out.emplace_back(item.as_string());
    }
    return out;
  }
  template <class Enum, std::size_t N>
  Enum word(std::string_view key, const std::array<std::string_view, N>& words) {
    Enum out{};
    auto given = text(key);
    if (given.empty() || parse_word(given, words, out)) return out;
    std::string list;
    for (auto w : words) list += (list.empty() ? "" : "、") + std::string(w);
    wrong(key, "只能是 " + list, "must be one of " + list);
    return out;
  }
  void wrong(std::string_view key, std::string zh, std::string en) {
    if (!error_)
      error_ = wrong_member(path_.empty() ? std::string(key) : path_ + "." + std::string(key), std::move(zh), std::move(en));
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const json::object& object_;
  std::string path_;
  std::optional<Error> error_;
};

Result<Mapped> mapped_of(const json::value& value, std::size_t number) {
  auto path = fmt::format("fields[{}]", number);
  if (!value.is_object()) return fail(wrong_member(path, "应为对象", "must be an object"));
  Members m(value.as_object(), path);
  Mapped out{.column = m.text("column", 1000), .name = m.text("name"), .unit = m.text("unit", 20)};
  auto type = m.text("type");
  if (!type.empty() && !engine::parse(type, out.type))
    m.wrong("type", "应为 text、integer、decimal、number、boolean、date、time 或 datetime",
            "must be text, integer, decimal, number, boolean, date, time or datetime");
  out.width = static_cast<std::uint8_t>(m.integer("width", out.type == engine::Type::decimal ? 18 : 0, 0, 38));
  out.scale = static_cast<std::uint8_t>(m.integer("scale", out.type == engine::Type::decimal ? 2 : 0, 0, 38));
  if (out.type == engine::Type::decimal && (out.width < 1 || out.scale > out.width))
    m.wrong("width", "小数的总位数应为 1 到 38，且不少于小数位数", "a decimal has 1 to 38 digits, and no fewer than its scale");
  if (auto seen = m.text("seen"); !seen.empty()) {
    engine::Type then{};
    if (engine::parse(seen, then)) out.seen = then;
  }
  out.may_miss = m.flag("may_miss");
  out.also = m.texts("also", 20);
  out.skip = m.flag("skip");
  out.key = m.flag("key");
  if (const auto* fixed = value.as_object().if_contains("fixed"); fixed && !fixed->is_null()) out.fixed = m.text("fixed", 1000);
  if (out.column.empty() && !out.fixed)
    m.wrong("column", "要么写来源的列，要么写固定值", "name a column of the source, or give a fixed value");
  if (!out.column.empty() && out.fixed) m.wrong("fixed", "来源的列不能再有固定值", "a column of the source has no fixed value");
  if (!out.skip && out.name.empty()) m.wrong("name", "不能为空", "must not be empty");
  if (m.error()) return fail(*m.error());
  return out;
}

Result<When> when_of(const json::value& value, std::size_t number) {
  auto path = fmt::format("schedules[{}]", number);
  if (!value.is_object()) return fail(wrong_member(path, "应为对象", "must be an object"));
  Members m(value.as_object(), path);
  When out{.cron = m.text("cron"), .zone = m.text("zone", 60)};
  if (auto days = m.text("days"); !days.empty() && !calendar::parse(days, out.days))
    m.wrong("days", "只能是 every、working、first_working", "must be every, working or first_working");
  if (m.error()) return fail(*m.error());
  // The zone of an empty one is the district's, which is good.
  auto made = calendar::Schedule::make(out.cron, out.zone.empty() ? "Asia/Shanghai" : out.zone, out.days);
  if (!made) return fail(std::move(made).error().about(path + "." + made.error().subject));
  return out;
}

// What only some modes have.
std::optional<Error> flaw_of(const Pipeline& p) {
  bool keyed = std::ranges::any_of(p.fields, [](const Mapped& m) { return m.key && !m.skip; });
  bool incremental = p.mode == Gather::incremental;
  if (p.mode == Gather::upsert && !keyed && !p.fields.empty())
    return wrong_member("fields", "按主键更新时，至少要有一项是主键", "an upsert needs at least one item as its key");
  if (p.delete_missing && p.mode != Gather::upsert)
    return wrong_member("delete_missing", "只有按主键更新才能删除来源中没有的行",
                        "only an upsert can remove the rows that the source has no more");
  if (incremental != !p.watermark.column.empty())
    return wrong_member(
        "watermark.column", incremental ? "增量归集要有增量位点列" : "只有增量归集才有增量位点列",
        incremental ? "incremental gathering needs the watermark's column" : "only incremental gathering has a watermark");
  if (incremental && p.watermark.timestamp && !keyed && !p.fields.empty())
    return wrong_member(
        "watermark", "以时间戳为增量位点时要有主键：同一时刻可能还有后到的行，没有主键就会丢失或重复。没有主键时请用自增序号列",
        "a timestamp as the watermark needs a key: rows of the same moment may come later, and without a key they "
        "would be lost or come twice. Without a key use a sequence column");
  if (incremental && !keyed && p.watermark.overlap > 0 && !p.fields.empty())
    return wrong_member("watermark.overlap", "没有主键时不能重叠读取，否则会重复",
                        "without a key an overlap would bring rows twice");
  return std::nullopt;
}

}  // namespace

Error wrong_member(std::string path, std::string zh, std::string en) {
  return Error{.code = Code::invalid,
               .id = "pipeline.member",
               .text = {fmt::format("{}：{}。", path, zh), fmt::format("{}: {}.", path, en)},
               .subject = path};
}

std::string_view name(Gather mode) {
  return kGathers.at(static_cast<std::size_t>(mode));
}

std::string_view name(OnDrift drift) {
  return kDrifts.at(static_cast<std::size_t>(drift));
}

Result<Pipeline> pipeline_of(const json::object& document) {
  static const std::set<std::string_view> members{
      "code",  "title",          "department_id", "source", "selection", "dataset",  "entry",
      "mode",  "delete_missing", "watermark",     "fields", "file",      "steps",    "schedules",
      "after", "on_datasets",    "on_arrival",    "drift",  "enabled",   "attempts", "retry_pause"};
  for (const auto& [key, value] : document)
    if (!members.contains(key)) return fail(wrong_member(std::string(key), "没有这一项", "there is no such member"));
  Members m(document, "");
  Pipeline p{.code = m.text("code", 63),
             .title = m.text("title"),
             .department_id = m.text("department_id", 40),
             .source = m.text("source", 63),
             .selection = m.object("selection"),
             .dataset = m.text("dataset", 63),
             .entry = m.object("entry"),
             .mode = m.word<Gather>("mode", kGathers),
             .delete_missing = m.flag("delete_missing")};
  p.file = m.object("file");
  auto mark = m.object("watermark");
  Members w(mark, "watermark");
  p.watermark.column = w.text("column");
  static constexpr std::array<std::string_view, 2> marks{"timestamp", "sequence"};
  enum class Kind : std::uint8_t { timestamp, sequence };
  p.watermark.timestamp = w.word<Kind>("kind", marks) == Kind::timestamp;
  p.watermark.overlap = w.integer("overlap", 0, 0, 3'153'600'000);
  p.steps = step_plan_of(m.object("steps"));
  p.after = m.texts("after", 50);
  p.on_datasets = m.texts("on_datasets", 50);
  p.on_arrival = m.flag("on_arrival");
  p.drift = m.word<OnDrift>("drift", kDrifts);
  p.enabled = m.flag("enabled", true);
  p.attempts = static_cast<int>(m.integer("attempts", 3, 1, 100));
  p.retry_pause = m.integer("retry_pause", 60, 1, 86400);
  if (p.title.empty()) m.wrong("title", "不能为空", "must not be empty");
  if (p.source.empty()) m.wrong("source", "请选择数据源", "choose a source");
  auto fields = m.array("fields", 2000);
  auto schedules = m.array("schedules", 20);
  if (m.error()) return fail(*m.error());
  if (w.error()) return fail(*w.error());
  for (const auto* code : {&p.code, &p.dataset})
    if (!catalog::is_code(*code))
      return fail(
          wrong_member(code == &p.code ? "code" : "dataset", "应以小写字母开头，只含小写字母、数字和下划线，最多 63 个字符",
                       "must begin with a lower-case letter and hold lower-case letters, digits and underscores, at most 63"));
  std::set<std::string> names;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    QS_TRY(auto field, mapped_of(fields[i], i));
    if (!field.skip && !names.insert(field.name).second)
      return fail(wrong_member(fmt::format("fields[{}].name", i), fmt::format("“{}”出现了两次", field.name),
                               fmt::format("“{}” comes twice", field.name)));
    p.fields.push_back(std::move(field));
  }
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    QS_TRY(auto when, when_of(schedules[i], i));
    p.schedules.push_back(std::move(when));
  }
  if (auto flaw = flaw_of(p)) return fail(*std::move(flaw));
  return p;
}

namespace {

json::array texts(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

json::object to_json(const Mapped& m) {
  json::object out{{"column", m.column}, {"name", m.name},   {"type", engine::name(m.type)},
                   {"width", m.width},   {"scale", m.scale}, {"unit", m.unit},
                   {"skip", m.skip},     {"key", m.key},     {"fixed", nullptr}};
  if (m.fixed) out["fixed"] = *m.fixed;
  out["seen"] = m.seen ? json::value(engine::name(*m.seen)) : json::value("");
  out["may_miss"] = m.may_miss;
  out["also"] = texts(m.also);
  return out;
}

}  // namespace

json::array to_json(const std::vector<Mapped>& fields) {
  json::array out;
  for (const auto& m : fields) out.emplace_back(to_json(m));
  return out;
}

json::object definition_of(const Pipeline& p) {
  json::array schedules;
  for (const auto& w : p.schedules)
    schedules.emplace_back(json::object{{"cron", w.cron}, {"zone", w.zone}, {"days", calendar::name(w.days)}});
  return {{"code", p.code},
          {"title", p.title},
          {"department_id", p.department_id},
          {"source", p.source},
          {"selection", p.selection},
          {"dataset", p.dataset},
          {"entry", p.entry},
          {"mode", name(p.mode)},
          {"delete_missing", p.delete_missing},
          {"watermark", json::object{{"column", p.watermark.column},
                                     {"kind", p.watermark.timestamp ? "timestamp" : "sequence"},
                                     {"overlap", p.watermark.overlap}}},
          {"fields", to_json(p.fields)},
          {"file", p.file},
          {"steps", to_json(p.steps)},
          {"schedules", std::move(schedules)},
          {"after", texts(p.after)},
          {"on_datasets", texts(p.on_datasets)},
          {"on_arrival", p.on_arrival},
          {"drift", name(p.drift)},
          {"enabled", p.enabled},
          {"attempts", p.attempts},
          {"retry_pause", p.retry_pause}};
}

json::object to_json(const Pipeline& p) {
  auto out = definition_of(p);
  out["id"] = p.id;
  out["owner_name"] = p.owner_name;
  out["position"] = p.position;
  out["next_due"] = time_or_null(p.next_due);
  out["created"] = to_iso(p.created);
  out["changed"] = to_iso(p.changed);
  return out;
}

}  // namespace qushu::ingest
