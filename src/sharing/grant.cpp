#include "qushu/sharing/grant.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"
#include "qushu/engine/expression.h"
#include "qushu/sharing/policy.h"

#include "words.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, kUses> kMethods{"api", "sql", "file", "push"};
constexpr std::array<std::string_view, 4> kStates{"active", "suspended", "terminated", "expired"};
constexpr std::string_view kColumns =
    "id, number, dataset_id, dataset_code, dataset_title, provider_id, provider_name, department_id, department_name, "
    "request_id, terms, state, reason, created_by, created, changed, superseded_by";

const std::array kMigrations{
    store::Migration{.id = "sharing.0001",
                     .sql = "CREATE TABLE sharing_grant (id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, dataset_id TEXT "
                            "NOT NULL REFERENCES "
                            "dataset (id) ON DELETE CASCADE, dataset_code TEXT NOT NULL, dataset_title TEXT NOT NULL, "
                            "provider_id TEXT NOT NULL, "
                            "provider_name TEXT NOT NULL, department_id TEXT NOT NULL, department_name TEXT NOT NULL, "
                            "request_id TEXT NOT NULL, "
                            "terms TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, created_by TEXT NOT NULL, created "
                            "BIGINT NOT NULL, "
                            "changed BIGINT NOT NULL);\n"
                            "CREATE INDEX sharing_grant_dataset ON sharing_grant (dataset_id, state);\n"
                            "CREATE INDEX sharing_grant_department ON sharing_grant (department_id, state);\n"
                            "CREATE INDEX sharing_grant_provider ON sharing_grant (provider_id, state);\n"},
    store::Migration{.id = "sharing.0009",
                     .sql = "ALTER TABLE sharing_grant ADD COLUMN superseded_by TEXT NOT NULL DEFAULT '';\n"
                            "ALTER TABLE sharing_grant ADD COLUMN handed_over BIGINT;\n"}};

Failure no_grant() {
  return fail(Code::not_found, "grant.not_found", "没有这个共享授权，或者您无权查看。",
              "There is no such grant, or none that you may see.");
}

Failure wrong(std::string subject, std::string zh, std::string en) {
  return fail(
      Error{.code = Code::invalid, .id = "grant.terms", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

Grant grant_of(const store::Row& row) {
  Grant g;
  std::size_t i = 0;
  g.id = row.text(i++);
  g.number = row.integer(i++);
  for (auto* text : {&g.dataset_id, &g.dataset_code, &g.dataset_title, &g.provider_id, &g.provider_name, &g.department_id,
                     &g.department_name, &g.request_id})
    *text = row.text(i++);
  g.terms = terms_from_store(row.text(i++));
  (void)parse(row.text(i++), g.state);
  g.reason = row.text(i++);
  g.created_by = row.text(i++);
  g.created = row.time(i++);
  g.changed = row.time(i++);
  g.superseded_by = row.text(i++);
  return g;
}

// As it is shown: of what is kept, only `terminated` outlives the period.
Grant seen(Grant g, Time now) {
  if (g.state != GrantState::terminated && g.terms.until && *g.terms.until <= now) g.state = GrantState::expired;
  return g;
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

// Both sides are told when a grant is stopped, goes on or ends.
notify::Message told_of(const Grant& g) {
  const std::array<Text, 3> kWhat{Text{"已恢复", "resumed"}, Text{"已暂停", "suspended"}, Text{"已终止", "terminated"}};
  const auto& what = kWhat.at(static_cast<std::size_t>(g.state));
  return {.people = {},
          .duties = {{Permission::share_review, g.department_id}, {Permission::share_review, g.provider_id}},
          .kind = "grant",
          .link = "/sharing/grants/" + g.id,
          .title = {fmt::format("共享授权 {} {}：{}", g.number, what.zh, g.dataset_title),
                    fmt::format("Grant {} {}: {}", g.number, what.en, g.dataset_title)},
          .detail = {g.reason, g.reason}};
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
std::string_view name(GrantState state) {
  return kStates.at(static_cast<std::size_t>(state));
}
bool parse(std::string_view text, GrantState& out) {
  return parse_word(text, kStates, out);
}
const Text& title(GrantState state) {
  static const std::array<Text, kStates.size()> kTitles{Text{"有效", "active"}, Text{"已暂停", "suspended"},
                                                        Text{"已终止", "terminated"}, Text{"已到期", "expired"}};
  return kTitles.at(static_cast<std::size_t>(state));
}

std::span<const store::Migration> grant_migrations() {
  return kMigrations;
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

json::object to_json(const Grant& g) {
  auto out = to_json(g.terms);
  out["id"] = g.id;
  out["number"] = g.number;
  out["dataset"] = g.dataset_code;
  out["dataset_title"] = g.dataset_title;
  out["provider_id"] = g.provider_id;
  out["provider_name"] = g.provider_name;
  out["department_id"] = g.department_id;
  out["department_name"] = g.department_name;
  out["request_id"] = g.request_id;
  out["state"] = name(g.state);
  out["reason"] = g.reason;
  out["created_by"] = g.created_by;
  out["created"] = to_iso(g.created);
  out["changed"] = to_iso(g.changed);
  out["superseded_by"] = g.superseded_by;
  return out;
}

Result<std::unique_ptr<Grants>> Grants::open(Deps deps) {
  QS_TRY(auto key, crypto::load_or_create_key(deps.key_folder / "sharing.key"));
  return std::unique_ptr<Grants>(new Grants(std::move(deps), std::move(key)));
}

Result<Grant> Grants::add(store::Transaction& t, const Actor& actor, Grant g) const {
  g.id = new_id();
  g.state = GrantState::active;
  g.created = g.changed = deps_.clock.now();
  g.created_by = actor.name;
  QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM sharing_grant"));
  g.number = last->integer(0) + 1;
  QS_CHECK(
      t.exec(fmt::format("INSERT INTO sharing_grant ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns),
             {g.id, g.number, g.dataset_id, g.dataset_code, g.dataset_title, g.provider_id, g.provider_name, g.department_id,
              g.department_name, g.request_id, to_store(g.terms), name(g.state), g.reason, g.created_by, g.created, g.changed,
              g.superseded_by}));
  QS_CHECK(
      deps_.audit.record(t, actor,
                         {.action = "grant.add",
                          .object_kind = "grant",
                          .object_id = g.id,
                          .object_name = fmt::format("{} → {}", g.dataset_title, g.department_name),
                          .detail = {{"dataset", g.dataset_code}, {"request", g.request_id}, {"terms", to_json(g.terms)}}}));
  return g;
}

Result<Grant> Grants::find(const Actor& actor, std::string_view id) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one(fmt::format("SELECT {} FROM sharing_grant WHERE id = ?", kColumns), {id});
  }));
  if (!row) return no_grant();
  auto g = seen(grant_of(*row), deps_.clock.now());
  if (!is_grantee(actor, g) && !is_provider(actor, g) && !actor.can(Permission::catalog_review)) return no_grant();
  return g;
}

Result<std::vector<Grant>> Grants::list(const Actor& actor, const Filter& filter) const {
  store::Params params;
  std::string mine = "1 = 0", given = "1 = 0";
  if (filter.box != "given" && !actor.department_id.empty()) {
    mine = "department_id = ?";
    params.emplace_back(actor.department_id);
  }
  if (filter.box != "mine") {
    if (actor.can(Permission::dataset_all) || actor.can(Permission::catalog_review)) {
      given = "1 = 1";
    } else if ((actor.can(Permission::dataset_write) || actor.can(Permission::share_review)) && !actor.departments.empty()) {
      std::string marks;
      for (const auto& d : actor.departments) {
        marks += marks.empty() ? "?" : ", ?";
        params.emplace_back(d);
      }
      given = fmt::format("provider_id IN ({})", marks);
    }
  }
  auto sql = fmt::format("SELECT {} FROM sharing_grant WHERE ({} OR {})", kColumns, mine, given);
  if (!filter.dataset.empty()) {
    sql += " AND dataset_code = ?";
    params.emplace_back(filter.dataset);
  }
  if (filter.state == GrantState::terminated)
    sql += " AND state = 'terminated'";
  else if (filter.state)
    sql += " AND state <> 'terminated'";
  sql += " AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?";
  auto before = filter.before;
  std::vector<Grant> out;
  // Whether the period is over is known of each grant only: pages are read until there are enough.
  while (true) {
    auto all = params;
    all.insert(all.end(), {before, before, static_cast<std::int64_t>(filter.limit)});
    QS_TRY(auto rows, deps_.store.read([&](store::Session& s) { return s.query(sql, all); }));
    for (const auto& row : rows) {
      auto g = seen(grant_of(row), deps_.clock.now());
      before = g.id;
      if (out.size() < filter.limit && (!filter.state || g.state == *filter.state)) out.push_back(std::move(g));
    }
    if (rows.size() < filter.limit || out.size() >= filter.limit) return out;
  }
}

Result<Grant> Grants::move(const Actor& actor, std::string_view id, GrantState to, std::string_view reason) const {
  auto said = trim(reason);
  if (to != GrantState::active && said.empty())
    return fail(
        Error{.code = Code::invalid, .id = "grant.reason", .text = {"请写明原因。", "Give a reason."}, .subject = "reason"});
  return deps_.store.write([&](store::Transaction& t) -> Result<Grant> {
    QS_TRY(auto row, t.one(fmt::format("SELECT {} FROM sharing_grant WHERE id = ?", kColumns), {id}));
    if (!row) return no_grant();
    auto g = seen(grant_of(*row), deps_.clock.now());
    bool provider = is_provider(actor, g), grantee = is_grantee(actor, g);
    if (!provider && !grantee) return no_grant();
    if (!provider && !(grantee && to == GrantState::terminated))
      return fail(Code::forbidden, "grant.not_provider", "只有提供部门可以暂停和恢复授权。",
                  "Only the providing department suspends and resumes a grant.");
    if (g.state == GrantState::terminated || g.state == to || (g.state == GrantState::expired && to != GrantState::terminated))
      return fail(Code::conflict, "grant.state", "授权现在的状态不能这样操作，请刷新后再看。",
                  "The state that the grant is in does not allow this; look at it again.");
    g.state = to;
    g.reason = said;
    g.changed = deps_.clock.now();
    QS_CHECK(t.exec("UPDATE sharing_grant SET state = ?, reason = ?, changed = ? WHERE id = ?",
                    {name(g.state), g.reason, g.changed, g.id}));
    QS_CHECK(deps_.notify.tell(t, actor, told_of(g)));
    constexpr std::array<std::string_view, 3> kActions{"grant.resume", "grant.suspend", "grant.terminate"};
    QS_CHECK(deps_.audit.record(t, actor,
                                {.action = std::string(kActions.at(static_cast<std::size_t>(to))),
                                 .object_kind = "grant",
                                 .object_id = g.id,
                                 .object_name = fmt::format("{} → {}", g.dataset_title, g.department_name),
                                 .detail = {{"dataset", g.dataset_code}, {"reason", g.reason}}}));
    return g;
  });
}

Result<std::shared_ptr<const Grants::All>> Grants::active() const {
  // Asked before the grants are read, so that what changes meanwhile makes the answer old at once.
  QS_TRY(auto generation, deps_.store.generation());
  {
    std::scoped_lock lock(mutex_);
    if (active_ && generation_ == generation) return active_;
  }
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(fmt::format("SELECT {} FROM sharing_grant WHERE state = 'active' ORDER BY id DESC", kColumns));
  }));
  auto all = std::make_shared<All>();
  for (const auto& row : rows) all->push_back(std::make_shared<const Grant>(grant_of(row)));
  std::scoped_lock lock(mutex_);
  active_ = all;
  generation_ = generation;
  // Masks of grants that are no more: whatever still runs under them finds every value empty.
  std::erase_if(masks_, [&](const auto& entry) {
    return std::ranges::none_of(*all, [&](const auto& g) { return g->id == entry.first; });
  });
  return active_;
}

Result<std::vector<std::shared_ptr<const Grant>>> Grants::usable(const Actor& actor, std::string_view dataset_id) const {
  std::vector<std::shared_ptr<const Grant>> out;
  const bool by_key = actor.can(Permission::grant_use) && !actor.can(Permission::dataset_read);
  if (!actor.signed_in() || (!by_key && !actor.can(Permission::dataset_read)) || actor.department_id.empty()) return out;
  QS_TRY(auto all, active());
  auto now = deps_.clock.now();
  for (const auto& g : *all)
    if (is_grantee(actor, *g) && (!by_key || std::ranges::find(actor.grants, g->id) != actor.grants.end()) &&
        (dataset_id.empty() || g->dataset_id == dataset_id) && (!g->terms.from || *g->terms.from <= now) &&
        (!g->terms.until || now < *g->terms.until) && within(g->terms.addresses, actor.from))
      out.push_back(g);
  return out;
}

bool Grants::holds(const Grant& grant) const {
  if (grant.terms.until && deps_.clock.now() >= *grant.terms.until) return false;
  auto all = active();
  // Who cannot ask must not read on.
  return all && std::ranges::any_of(**all, [&](const auto& g) { return g->id == grant.id && g->changed == grant.changed; });
}

std::string Grants::cursor_key(const Grant& grant) const {
  return crypto::hmac(key_, "cursor:" + grant.id);
}

std::shared_ptr<const Masks> Grants::masks(const Grant& grant) const {
  {
    std::scoped_lock lock(mutex_);
    if (auto known = masks_.find(grant.id); known != masks_.end()) return known->second;
  }
  auto key = crypto::hmac(key_, "grant:" + grant.id);
  auto out = std::make_shared<Masks>();
  for (const auto& f : grant.terms.fields) {
    if (f.mask.kind == MaskKind::none) continue;
    auto rewriting = [mask = f.mask, key](std::string_view value, std::string& text) { apply(mask, value, key, text); };
    // A constant stands in empty rows too: which are empty is not to be seen.
    out->emplace(f.id, std::make_shared<const engine::Rewriter>(rewriting, f.mask.kind == MaskKind::constant));
  }
  std::scoped_lock lock(mutex_);
  return masks_.emplace(grant.id, std::move(out)).first->second;
}

}  // namespace qushu::sharing
