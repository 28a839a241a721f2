#include "qushu/indicators/definition.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/definitions/yaml_reader.h"

namespace qushu::indicators {
namespace {

using definitions::MapReader;
using definitions::YamlNode;

constexpr std::size_t kName = 40;
constexpr std::size_t kSql = std::size_t{64} << 10;
constexpr std::int64_t kMostWeight = 100;

struct Level {
  std::string_view code;
  Text name;
};
const std::array kLevels{
    Level{"quantity", {"产出·数量", "Output: quantity"}},      Level{"quality", {"产出·质量", "Output: quality"}},
    Level{"timeliness", {"产出·时效", "Output: timeliness"}},  Level{"cost", {"产出·成本", "Output: cost"}},
    Level{"economic", {"效益·经济", "Benefit: economic"}},     Level{"social", {"效益·社会", "Benefit: social"}},
    Level{"ecological", {"效益·生态", "Benefit: ecological"}}, Level{"sustainable", {"效益·可持续", "Benefit: sustainable"}},
    Level{"satisfaction", {"满意度", "Satisfaction"}}};

template <class Enum>
void word(MapReader& r, std::string_view key, Enum& out, std::string_view words, bool needed) {
  const auto* node = needed ? r.need(key) : r.get(key);
  if (node != nullptr && !parse(node->text, out))
    r.wrong(*node, key, {fmt::format("应为其中之一：{}。", words), fmt::format("One of these is expected: {}.", words)});
}

std::optional<Fraction> number(MapReader& r, std::string_view key) {
  const auto* node = r.need(key);
  if (node == nullptr) return std::nullopt;
  auto value = node->kind == YamlNode::Kind::scalar ? Fraction::parse(trim(node->text)) : std::nullopt;
  if (!value) r.wrong(*node, key, {"这里应为一个数，如 95 或 0.5。", "A number is expected, such as 95 or 0.5."});
  return value;
}

std::string sql(MapReader& r, std::string_view key) {
  auto text = r.text(key);
  const auto* node = r.get(key);
  if (node != nullptr && text.size() > kSql)
    r.wrong(*node, key, {"语句太长，最多 64 KiB。", "The SQL is too long, 64 KiB at most."});
  return text;
}

void evidence(MapReader& r, Definition& d, definitions::Mistakes& mistakes) {
  const auto* node = r.need("evidence");
  if (node == nullptr) return;
  MapReader one(*node, "evidence", mistakes);
  auto& e = d.evidence;
  if (one.need("rows") != nullptr) e.rows = sql(one, "rows");
  while (e.rows.ends_with(';')) e.rows = trim(std::string_view(e.rows).substr(0, e.rows.size() - 1));
  if (const auto* rows = one.get("rows"); rows != nullptr && e.rows.empty())
    one.wrong(*rows, "rows", {"这里应为一条 SELECT 语句。", "One SELECT is expected here."});
  e.value = sql(one, "value");
  e.part = sql(one, "part");
  e.whole = sql(one, "whole");
  bool share = !e.part.empty() && !e.whole.empty();
  bool single = !e.value.empty() && e.part.empty() && e.whole.empty();
  if (single || (share && e.value.empty())) return;
  one.wrong(*node, "value", {"要么写 value，要么写 part 和 whole 两项。", "Either value is given, or both part and whole."});
}

}  // namespace

Text level_name(std::string_view level) {
  auto found = std::ranges::find(kLevels, level, &Level::code);
  return found == kLevels.end() ? Text{} : found->name;
}

Parsed parse_definition(std::string_view yaml) {
  Parsed out;
  auto& d = out.definition;
  if (yaml.size() > kMostYaml) {
    out.mistakes.push_back(
        {.line = 1, .column = 1, .text = {"定义太长，最多 256 KiB。", "The definition is too long, 256 KiB at most."}});
    return out;
  }
  auto root = definitions::parse_yaml(yaml, out.mistakes);
  if (out.mistakes.empty()) {
    definitions::Mistakes mistakes(out.mistakes);
    MapReader r(root, "", mistakes);
    d.code = r.identifier("indicator", kName, true);
    d.name = r.words("name", true);
    d.description = r.words("description", false);
    d.group = r.words("group", false);
    d.unit = r.words("unit", false);
    d.level = r.text("level", d.level);
    if (level_name(d.level).zh.empty()) {
      std::string words;
      for (const auto& l : kLevels) words += (words.empty() ? "" : ", ") + std::string(l.code);
      r.wrong(*r.get("level"), "level",
              {fmt::format("应为其中之一：{}。", words), fmt::format("One of these is expected: {}.", words)});
    }
    word(r, "direction", d.direction, "higher, lower, qualitative", true);
    if (d.direction == Direction::qualitative && r.get("target") == nullptr)
      d.target = {.n = 100};
    else if (auto target = number(r, "target"))
      d.target = *target;
    if (auto weight = number(r, "weight")) {
      auto hundredths = Fraction::make(static_cast<__int128>(weight->n) * 100, weight->d);
      if (!hundredths || hundredths->d != 1 || hundredths->n <= 0 || hundredths->n > kMostWeight * 100)
        r.wrong(
            *r.get("weight"), "weight",
            {"权重应大于 0、不超过 100，最多两位小数。", "A weight is above 0 and 100 at most, with two decimals at most."});
      else
        d.weight = hundredths->n;
    }
    word(r, "period", d.period, "month, quarter, half, year", true);
    d.grows = r.flag("grows");
    if (d.grows && d.direction != Direction::higher)
      r.wrong(*r.get("grows"), "grows",
              {"只有越高越好的指标能逐步增长到目标。", "Only a figure of which more is better grows to its target."});
    d.retired = r.flag("retired");
    evidence(r, d, mistakes);
  }
  sort_by_place(out.mistakes);
  return out;
}

Result<Definition> read_definition(std::string_view yaml) {
  auto parsed = parse_definition(yaml);
  if (parsed.mistakes.empty()) return std::move(parsed.definition);
  return definitions::tell(parsed.mistakes, "indicator.definition");
}

}  // namespace qushu::indicators
