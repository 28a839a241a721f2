// Which fields name people, and which narrow them down: by their names, their grade, and what their values look like.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "counting.h"
#include "ladder.h"

namespace qushu::insight {
namespace {

struct Word {
  std::string_view part;  // of a field's name or identifier, in lower case
  Role role;
};

// The first that fits decides, so what is more particular stands first.
constexpr std::array kWords{Word{"身份证", Role::identifier},
                            Word{"证件号", Role::identifier},
                            Word{"公民身份", Role::identifier},
                            Word{"护照", Role::identifier},
                            Word{"手机", Role::identifier},
                            Word{"联系电话", Role::identifier},
                            Word{"电话", Role::identifier},
                            Word{"联系方式", Role::identifier},
                            Word{"邮箱", Role::identifier},
                            Word{"银行卡", Role::identifier},
                            Word{"银行账", Role::identifier},
                            Word{"社保号", Role::identifier},
                            Word{"社会保障号", Role::identifier},
                            Word{"医保号", Role::identifier},
                            Word{"车牌", Role::identifier},
                            Word{"姓名", Role::identifier},
                            Word{"id_card", Role::identifier},
                            Word{"phone", Role::identifier},
                            Word{"email", Role::identifier},
                            Word{"疾病", Role::sensitive},
                            Word{"诊断", Role::sensitive},
                            Word{"病史", Role::sensitive},
                            Word{"残疾", Role::sensitive},
                            Word{"宗教", Role::sensitive},
                            Word{"信仰", Role::sensitive},
                            Word{"犯罪", Role::sensitive},
                            Word{"前科", Role::sensitive},
                            Word{"低保", Role::sensitive},
                            Word{"救助", Role::sensitive},
                            Word{"收入", Role::sensitive},
                            Word{"工资", Role::sensitive},
                            Word{"余额", Role::sensitive},
                            Word{"性别", Role::quasi},
                            Word{"出生", Role::quasi},
                            Word{"生日", Role::quasi},
                            Word{"年龄", Role::quasi},
                            Word{"民族", Role::quasi},
                            Word{"籍贯", Role::quasi},
                            Word{"户籍", Role::quasi},
                            Word{"国籍", Role::quasi},
                            Word{"学历", Role::quasi},
                            Word{"学校", Role::quasi},
                            Word{"婚姻", Role::quasi},
                            Word{"职业", Role::quasi},
                            Word{"职务", Role::quasi},
                            Word{"工作单位", Role::quasi},
                            Word{"地址", Role::quasi},
                            Word{"住址", Role::quasi},
                            Word{"街道", Role::quasi},
                            Word{"乡镇", Role::quasi},
                            Word{"社区", Role::quasi},
                            Word{"小区", Role::quasi},
                            Word{"区划", Role::quasi},
                            Word{"邮编", Role::quasi},
                            Word{"邮政编码", Role::quasi},
                            Word{"gender", Role::quasi},
                            Word{"birth", Role::quasi},
                            Word{"address", Role::quasi}};

struct Pattern {
  std::string_view regex;
  Text what;
};

// What identifiers of people look like; the values decide even where a name says nothing.
const std::array kPatterns{
    Pattern{"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01])[0-9]{3}[0-9Xx]", {"公民身份号码", "citizen ID"}},
    Pattern{"1[3-9][0-9]{9}", {"手机号码", "mobile number"}},
    Pattern{"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+[.][A-Za-z0-9.-]+", {"电子邮箱", "e-mail address"}},
    Pattern{"62[0-9]{14,17}", {"银行卡号", "bank card number"}}};

constexpr std::uint64_t kLookedAt = 10'000;  // rows whose values are looked at
constexpr double kMostly = 0.8;

// For each field, the pattern that most of its values fit, or the number of patterns.
Result<std::vector<std::size_t>> patterns_of(engine::Engine& engine, const Data& data,
                                             const std::vector<catalog::Field>& fields) {
  std::vector<std::size_t> out(fields.size(), kPatterns.size());
  std::string columns;
  for (const auto& field : fields)
    for (const auto& pattern : kPatterns)
      columns += fmt::format(
          "{}coalesce(avg(CASE WHEN regexp_full_match(trim(CAST({} AS VARCHAR)), {}) THEN 1.0 ELSE 0.0 END) "
          "FILTER ({} IS NOT NULL), 0)",
          columns.empty() ? "" : ", ", engine::quote_name(field.id), engine::quote_text(pattern.regex),
          engine::quote_name(field.id));
  if (columns.empty()) return out;
  QS_CHECK(each_row(engine, fmt::format("SELECT {} FROM (SELECT * FROM ({}) LIMIT {}) AS t", columns, data.select, kLookedAt),
                    data.limits, [&](const engine::Chunk& chunk, std::size_t row) {
                      for (std::size_t f = 0; f < fields.size(); ++f)
                        for (std::size_t p = kPatterns.size(); p-- > 0;)
                          if (chunk.number(f * kPatterns.size() + p, row) >= kMostly) out[f] = p;
                    }));
  return out;
}

double distinct_share(const json::object* profile) {
  if (profile == nullptr) return 0;
  const auto* distinct = profile->if_contains("distinct");
  const auto* values = profile->if_contains("values");
  if (distinct == nullptr || values == nullptr || !distinct->is_number() || !values->is_number()) return 0;
  auto all = values->to_number<double>();
  return all == 0 ? 0 : distinct->to_number<double>() / all;
}

RoleProposal proposal_of(const catalog::Field& field, const json::object* profile, std::size_t pattern) {
  RoleProposal out{.field = field, .role = Role::none, .reason = {}, .distinct_share = distinct_share(profile)};
  if (pattern < kPatterns.size()) {
    out.role = Role::identifier;
    out.reason = {"多数取值是" + kPatterns[pattern].what.zh, "Most values are a " + kPatterns[pattern].what.en};
    return out;
  }
  auto name = lower_ascii(field.name);
  for (const auto& word : kWords) {
    if (!name.contains(word.part) && !field.id.contains(word.part)) continue;
    out.role = word.role;
    out.reason = {fmt::format("名称含“{}”", word.part), fmt::format("Its name holds “{}”", word.part)};
    return out;
  }
  auto high = field.level != "1" && field.level != "2";
  constexpr double kNearlyAll = 0.95;
  if (high && out.distinct_share >= kNearlyAll) {
    out.role = Role::identifier;
    out.reason = {"数据级别较高，且几乎每行取值不同", "Its grade is high, and nearly every row has a value of its own"};
  } else if (high) {
    out.role = Role::sensitive;
    out.reason = {"数据级别较高", "Its grade is high"};
  } else if (field.type == engine::Type::date) {
    out.role = Role::quasi;
    out.reason = {"日期，与别的信息项合起来可以缩小范围", "A date, which narrows down together with others"};
  }
  return out;
}

}  // namespace

Result<std::vector<RoleProposal>> propose_roles(engine::Engine& engine, const Data& data,
                                                const std::vector<catalog::Field>& fields) {
  QS_TRY(auto patterns, patterns_of(engine, data, fields));
  std::vector<RoleProposal> out;
  for (std::size_t i = 0; i < fields.size(); ++i)
    out.push_back(proposal_of(fields[i], profile_of(data, fields[i].id), patterns[i]));
  return out;
}

// --- as JSON -----------------------------------------------------------------------------------------------------------------

json::object to_json(const RoleProposal& proposal, Lang lang) {
  return {{"id", proposal.field.id},
          {"name", proposal.field.name},
          {"type", engine::name(proposal.field.type)},
          {"level", proposal.field.level},
          {"role", name(proposal.role)},
          {"reason", proposal.reason.in(lang)},
          {"distinct_share", proposal.distinct_share}};
}

json::object to_json(const ChosenField& chosen, Lang lang) {
  return {{"id", chosen.field.id},
          {"name", chosen.field.name},
          {"coarsening", name(chosen.coarsening)},
          {"parameter", chosen.parameter},
          {"text", in_words(chosen.coarsening, chosen.parameter).in(lang)}};
}

json::object to_json(const Anonymity& a) {
  json::array bars;
  for (const auto& bar : a.bars)
    bars.emplace_back(json::object{{"from", bar.from},
                                   {"to", bar.to == 0 ? json::value(nullptr) : json::value(bar.to)},
                                   {"classes", bar.classes},
                                   {"rows", bar.rows}});
  return {{"rows", a.rows},     {"classes", a.classes},   {"k", a.k}, {"rows_below", a.rows_below},
          {"unique", a.unique}, {"bars", std::move(bars)}};
}

json::object to_json(const Diversity& d) {
  return {{"l", d.l}, {"single_valued_classes", d.classes}, {"rows_below", d.rows_below}};
}

json::object to_json(const Combinations& combinations) {
  json::array worst;
  for (const auto& c : combinations.worst)
    worst.emplace_back(json::object{{"fields", json::array(c.fields.begin(), c.fields.end())},
                                    {"k", c.k},
                                    {"rows_below", c.rows_below},
                                    {"unique", c.unique}});
  return {{"worst", std::move(worst)}, {"counted", combinations.counted}, {"all", combinations.all}};
}

json::object to_json(const Masking& masking, Lang lang) {
  json::array fields;
  for (const auto& chosen : masking.fields) fields.emplace_back(to_json(chosen, lang));
  return {{"fields", std::move(fields)}, {"after", to_json(masking.after)}, {"reached", masking.reached}};
}

}  // namespace qushu::insight
