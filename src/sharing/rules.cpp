#include "qushu/sharing/rules.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/catalog/grading.h"

namespace qushu::sharing {
namespace {

constexpr std::array<std::string_view, 3> kRulings{"allowed", "masked", "denied"};

const std::array kMigrations{store::Migration{
    .id = "sharing.0005",
    .sql =
        "CREATE TABLE sharing_rule (level TEXT PRIMARY KEY, api TEXT NOT NULL, sql TEXT NOT NULL, file TEXT NOT NULL, push "
        "TEXT NOT "
        "NULL, second_approval BIGINT NOT NULL, named_purpose BIGINT NOT NULL);\n"
        "INSERT INTO sharing_rule (level, api, sql, file, push, second_approval, named_purpose) VALUES ('1', 'allowed', "
        "'allowed', "
        "'allowed', 'allowed', 0, 0), ('2', 'allowed', 'allowed', 'allowed', 'allowed', 0, 0), ('3', 'allowed', 'allowed', "
        "'masked', "
        "'masked', 0, 1), ('4', 'masked', 'masked', 'denied', 'denied', 0, 1), ('important', 'masked', 'masked', 'denied', "
        "'denied', "
        "1, 1), ('core', 'denied', 'denied', 'denied', 'denied', 1, 1);\n"
        "CREATE TABLE sharing_purpose (code TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL, active BIGINT NOT "
        "NULL);\n"
        "INSERT INTO sharing_purpose (code, name_zh, name_en, active) VALUES ('licence', '行政许可', 'Licensing', 1), "
        "('inspection', "
        "'行政检查', 'Inspection', 1), ('penalty', '行政处罚', 'Penalties', 1), ('service', '公共服务', 'Public services', 1), "
        "('relief', '社会救助和保障', 'Relief and social security', 1), ('emergency', '应急处置', 'Emergencies', 1), "
        "('statistics', "
        "'统计分析', 'Statistics', 1), ('research', '决策研究', 'Policy research', 1);\n"}};

Failure wrong(std::string subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "sharing.rules", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

Result<void> keeper_only(const Actor& actor) {
  if (actor.can(Permission::security_manage)) return {};
  return fail(Code::forbidden, "sharing.rules_keeper", "只有安全管理员可以修改分级共享策略。",
              "Only the security administrator changes the sharing rules.");
}

Text use_name(Use use) {
  static const std::array<Text, kUses> kNames{Text{"接口与页面", "API and pages"}, Text{"SQL 查询", "SQL"},
                                              Text{"文件下载", "files"}, Text{"推送入库", "pushed tables"}};
  return kNames.at(static_cast<std::size_t>(use));
}

const LevelRule& nothing() {
  static const LevelRule rule{
      .level = {}, .by_use = {Ruling::denied, Ruling::denied, Ruling::denied, Ruling::denied}, .second = true, .purpose = true};
  return rule;
}

}  // namespace

std::string_view name(Ruling ruling) {
  return kRulings.at(static_cast<std::size_t>(ruling));
}
bool parse(std::string_view text, Ruling& out) {
  return parse_word(text, kRulings, out);
}

std::span<const store::Migration> rule_migrations() {
  return kMigrations;
}

const LevelRule& RuleTable::of(std::string_view level) const {
  auto found = std::ranges::find(levels, level, &LevelRule::level);
  return found == levels.end() ? nothing() : *found;
}

bool RuleTable::allows(std::string_view level, Use use, const Mask& mask) const {
  auto ruling = of(level).of(use);
  return ruling == Ruling::allowed || (ruling == Ruling::masked && mask.kind != MaskKind::none);
}

bool is_personal(const catalog::Field& field) {
  auto category = catalog::propose_grade({.id = field.id, .name = field.name, .values = {}}, catalog::kGradingLevels).category;
  return category != "general" && category != "credit_code";
}

Result<void> check_rules(const RuleTable& table, const catalog::Dataset& dataset, const Terms& terms, bool asked) {
  const auto* purpose = [&]() -> const Purpose* {
    auto found = std::ranges::find(table.purposes, terms.named_purpose, &Purpose::code);
    return found == table.purposes.end() ? nullptr : &*found;
  }();
  if (!terms.named_purpose.empty() && (purpose == nullptr || !purpose->active))
    return wrong("named_purpose", "没有这个用途类别，请从列表中选择。", "There is no such purpose; choose one of the list.");
  for (const auto& granted : terms.fields) {
    auto field = std::ranges::find(dataset.fields, granted.id, &catalog::Field::id);
    if (field == dataset.fields.end()) continue;
    const auto& rule = table.of(field->level);
    for (auto use : terms.methods) {
      auto ruling = rule.of(use);
      if (ruling == Ruling::allowed || (ruling == Ruling::masked && (asked || granted.mask.kind != MaskKind::none))) continue;
      auto how = use_name(use);
      return ruling == Ruling::masked
                 ? wrong("fields", fmt::format("字段“{}”的级别要求脱敏后才能以“{}”共享，请选脱敏规则。", field->name, how.zh),
                         fmt::format("The level of the field “{}” needs a mask to be shared by {}.", field->name, how.en))
                 : wrong("methods",
                         fmt::format("字段“{}”的级别不允许以“{}”共享，请去掉这个字段或这种方式。", field->name, how.zh),
                         fmt::format("The level of the field “{}” does not allow {}; leave out the field or the method.",
                                     field->name, how.en));
    }
    bool shown = granted.mask.kind != MaskKind::constant;
    if (purpose == nullptr && (rule.purpose || (shown && is_personal(*field))))
      return wrong("named_purpose", fmt::format("字段“{}”涉及个人信息或较高级别的数据，请选择用途类别。", field->name),
                   fmt::format("The field “{}” is personal or of a higher level; name the purpose.", field->name));
  }
  return {};
}

bool needs_second(const RuleTable& table, const catalog::Dataset& dataset, const Terms& terms) {
  return std::ranges::any_of(terms.fields, [&](const GrantedField& granted) {
    auto field = std::ranges::find(dataset.fields, granted.id, &catalog::Field::id);
    return field != dataset.fields.end() && table.of(field->level).second;
  });
}

Result<std::shared_ptr<const RuleTable>> Rules::table() const {
  QS_TRY(auto generation, store_.generation());
  {
    std::scoped_lock lock(mutex_);
    if (table_ && generation_ == generation) return table_;
  }
  auto table = std::make_shared<RuleTable>();
  QS_CHECK(store_.read([&](store::Session& s) -> Result<void> {
    QS_TRY(auto rules, s.query("SELECT level, api, sql, file, push, second_approval, named_purpose FROM sharing_rule"));
    for (const auto& level : catalog::levels())
      for (const auto& row : rules) {
        if (row.text(0) != level.code) continue;
        LevelRule rule{.level = row.text(0)};
        for (std::size_t use = 0; use < kUses; ++use)
          if (!parse(row.text(1 + use), rule.by_use.at(use))) rule.by_use.at(use) = Ruling::denied;
        rule.second = row.boolean(1 + kUses);
        rule.purpose = row.boolean(2 + kUses);
        table->levels.push_back(std::move(rule));
      }
    QS_TRY(auto purposes, s.query("SELECT code, name_zh, name_en, active FROM sharing_purpose ORDER BY code"));
    for (const auto& row : purposes)
      table->purposes.push_back({.code = row.text(0), .name = {row.text(1), row.text(2)}, .active = row.boolean(3)});
    return {};
  }));
  std::scoped_lock lock(mutex_);
  table_ = table;
  generation_ = generation;
  return table_;
}

Result<void> Rules::change(const Actor& actor, const LevelRule& rule) {
  QS_CHECK(keeper_only(actor));
  if (std::ranges::find(catalog::levels(), rule.level, &catalog::Word::code) == catalog::levels().end())
    return wrong("level", "没有这个级别。", "There is no such level.");
  return store_.write([&](store::Transaction& t) -> Result<void> {
    auto word = [&](Use use) { return name(rule.of(use)); };
    QS_CHECK(t.exec(
        "UPDATE sharing_rule SET api = ?, sql = ?, file = ?, push = ?, second_approval = ?, named_purpose = ? WHERE level = ?",
        {word(Use::api), word(Use::sql), word(Use::file), word(Use::push), rule.second, rule.purpose, rule.level}));
    json::object detail{{"second", rule.second}, {"purpose", rule.purpose}};
    for (auto use : {Use::api, Use::sql, Use::file, Use::push}) detail[name(use)] = word(use);
    return audit_.record(t, actor,
                         {.action = "sharing.rule",
                          .object_kind = "level",
                          .object_id = rule.level,
                          .object_name = rule.level,
                          .detail = std::move(detail)});
  });
}

Result<void> Rules::put_purpose(const Actor& actor, const Purpose& p) {
  QS_CHECK(keeper_only(actor));
  constexpr std::size_t kCode = 40, kName = 60;
  auto plain = [](char c) { return (c >= 'a' && c <= 'z') || is_ascii_digit(c) || c == '_' || c == '-'; };
  if (p.code.empty() || p.code.size() > kCode || !std::ranges::all_of(p.code, plain))
    return wrong("code", "代码应为小写字母、数字、- 和 _，最多 40 个。",
                 "A code is lower-case letters, digits, - and _, 40 at most.");
  if (trim(p.name.zh).empty() || utf8_length(p.name.zh) > kName || utf8_length(p.name.en) > kName)
    return wrong("name", "请写明名称，最多 60 字。", "Give a name of at most 60 characters.");
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(
        t.exec("INSERT INTO sharing_purpose (code, name_zh, name_en, active) VALUES (?, ?, ?, ?) ON CONFLICT (code) DO UPDATE "
               "SET name_zh = excluded.name_zh, name_en = excluded.name_en, active = excluded.active",
               {p.code, trim(p.name.zh), trim(p.name.en.empty() ? p.name.zh : p.name.en), p.active}));
    return audit_.record(t, actor,
                         {.action = "sharing.purpose",
                          .object_kind = "purpose",
                          .object_id = p.code,
                          .object_name = p.name.zh,
                          .detail = {{"active", p.active}}});
  });
}

json::object to_json(const RuleTable& table) {
  json::array levels, purposes;
  for (const auto& rule : table.levels) {
    json::object out{{"level", rule.level}, {"second", rule.second}, {"purpose", rule.purpose}};
    for (auto use : {Use::api, Use::sql, Use::file, Use::push}) out[name(use)] = name(rule.of(use));
    levels.push_back(std::move(out));
  }
  for (const auto& p : table.purposes)
    purposes.push_back(json::object{{"code", p.code}, {"zh", p.name.zh}, {"en", p.name.en}, {"active", p.active}});
  return {{"levels", std::move(levels)}, {"purposes", std::move(purposes)}};
}

}  // namespace qushu::sharing
