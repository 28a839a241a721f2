#include "qushu/evaluation/form.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::evaluation {
namespace {

constexpr std::array<std::string_view, 4> kDrawn{"", "value", "none", "failed"};

struct Level {
  std::string_view code, group;
  Text name;
};
const std::array kLevels{Level{"quantity", "output", {"数量指标", "Quantity"}},
                         Level{"quality", "output", {"质量指标", "Quality"}},
                         Level{"timeliness", "output", {"时效指标", "Timeliness"}},
                         Level{"cost", "output", {"成本指标", "Cost"}},
                         Level{"economic", "benefit", {"经济效益指标", "Economic benefit"}},
                         Level{"social", "benefit", {"社会效益指标", "Social benefit"}},
                         Level{"ecological", "benefit", {"生态效益指标", "Ecological benefit"}},
                         Level{"sustainable", "benefit", {"可持续影响指标", "Lasting effect"}},
                         Level{"satisfaction", "satisfaction", {"服务对象满意度指标", "Satisfaction of those served"}}};

struct Group {
  std::string_view code;
  Text name;
  std::int64_t weight;
};
const std::array kGroups{Group{"output", {"产出指标", "Output"}, 5'000}, Group{"benefit", {"效益指标", "Benefit"}, 3'000},
                         Group{"satisfaction", {"满意度指标", "Satisfaction"}, 1'000}};

struct Grade {
  std::string_view code;
  Text name;
  std::int64_t from;
};
const std::array kGrades{Grade{"excellent", {"优", "Excellent"}, 9'000}, Grade{"good", {"良", "Good"}, 8'000},
                         Grade{"fair", {"中", "Fair"}, 6'000}, Grade{"poor", {"差", "Poor"}, 0}};

const Level* level_of(std::string_view code) {
  auto found = std::ranges::find(kLevels, code, &Level::code);
  return found == kLevels.end() ? nullptr : &*found;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view w) { return text.starts_with(w); });
}

// The number at the beginning of a declared value, behind the sign of a comparison, and what follows it.
std::optional<Fraction> leading_number(std::string_view text) {
  text = trim(text);
  for (bool again = true; again;) {
    again = false;
    for (std::string_view sign : {"≥", "≤", "＞", "＜", "＝", ">", "<", "=", "不低于", "不高于", "不少于", "不超过", "不多于",
                                  "至少", "大于", "小于", "等于"})
      if (text.starts_with(sign)) {
        text = trim(text.substr(sign.size()));
        again = true;
      }
  }
  std::size_t end = 0;
  std::string digits;
  while (end < text.size() &&
         (is_ascii_digit(text[end]) || text[end] == '.' || text[end] == ',' || (end == 0 && text[end] == '-'))) {
    if (text[end] != ',') digits += text[end];
    ++end;
  }
  return Fraction::parse(digits);
}

std::string points(std::int64_t hundredths) {
  return indicators::hundredths_text(hundredths);
}

class Problems {
 public:
  Problems(const Form& form, const std::map<std::string, std::int64_t>& files) : form_(form), files_(files) {}

  std::vector<Problem> all() {
    if (form_.items.empty())
      add("items", "预算没有为它申报绩效指标；请先在预算里填报（已批复的做调整），再“重新取数”。",
          "The budget promises no figures for it; enter them in the budget (adjust one that is approved) and draw again.");
    else
      weights();
    if (trim(form_.reached).empty())
      add("reached", "请填写年度总体目标的实际完成情况。", "Say how the year's goals were reached.");
    if (execution_score(form_.funds) < kExecutionWeight &&
        (trim(form_.funds_cause).empty() || trim(form_.funds_remedy).empty()))
      add("funds", fmt::format("预算执行率 {}%，未得满分，请写明原因和改进措施。", points(execution_rate(form_.funds))),
          fmt::format("{}% of the budget was executed; say why, and what will be done.", points(execution_rate(form_.funds))));
    for (std::size_t i = 0; i < form_.items.size(); ++i) item(form_.items[i], i);
    return std::move(out_);
  }

 private:
  void add(std::string place, std::string zh, std::string en) {
    out_.push_back({.place = std::move(place), .text = {std::move(zh), std::move(en)}});
  }

  void weights() {
    std::int64_t sum = 0;
    std::string zh, en;
    for (const auto& g : kGroups) {
      std::int64_t part = 0;
      for (const auto& one : form_.items)
        if (group_of(one.level) == g.code) part += one.weight;
      sum += part;
      zh += fmt::format("{}{} {}", zh.empty() ? "" : "、", g.name.zh, points(part));
      en += fmt::format("{}{} {}", en.empty() ? "" : ", ", g.name.en, points(part));
    }
    auto due = kWhole - kExecutionWeight;
    if (sum != due)
      add("items",
          fmt::format("指标分值合计应为 {}（另 {} 分为预算执行率），现为 {}（{}），{} {} 分。", points(due),
                      points(kExecutionWeight), points(sum), zh, sum > due ? "多" : "少", points(std::abs(sum - due))),
          fmt::format("The weights must come to {} ({} more are the execution's); they come to {} ({}), {} too {}.",
                      points(due), points(kExecutionWeight), points(sum), en, points(std::abs(sum - due)),
                      sum > due ? "much" : "little"));
    for (std::size_t i = 0; i < form_.items.size(); ++i)
      if (form_.items[i].weight <= 0)
        add(fmt::format("items[{}].weight", i), fmt::format("指标“{}”没有分值。", form_.items[i].name),
            fmt::format("“{}” has no weight.", form_.items[i].name));
  }

  void item(const Item& one, std::size_t i) {
    auto at = [&](std::string_view member) { return fmt::format("items[{}].{}", i, member); };
    if (one.direction != Direction::qualitative && !one.target_number())
      add(at("direction"), fmt::format("指标“{}”的指标值“{}”不是数，只能按定性指标评分。", one.name, one.target),
          fmt::format("“{}”: its value “{}” is no number; it can only be judged by its degree.", one.name, one.target));
    if (one.drawn != Drawn::value && one.hand.empty()) {
      missing(one, at("hand"));
      return;
    }
    if (one.drawn != Drawn::value) {
      if (trim(one.hand_reason).empty())
        add(at("hand_reason"), fmt::format("指标“{}”的完成值是手工填写的，请写明理由。", one.name),
            fmt::format("The figure of “{}” was entered by hand; say why it is right.", one.name));
      auto files = files_.find(one.id);
      if (files == files_.end() || files->second == 0)
        add(at("files"), fmt::format("指标“{}”的完成值是手工填写的，请上传佐证材料。", one.name),
            fmt::format("The figure of “{}” was entered by hand; attach its evidence.", one.name));
    }
    auto score = one.score();
    if (score && *score < one.weight && (trim(one.cause).empty() || trim(one.remedy).empty()))
      add(at("cause"),
          fmt::format("指标“{}”得 {} 分，未得满分 {}，请写明偏差原因和改进措施。", one.name, points(*score),
                      points(one.weight)),
          fmt::format("“{}” scores {} of {}; say what caused the deviation and what will be done.", one.name, points(*score),
                      points(one.weight)));
  }

  void missing(const Item& one, std::string place) {
    switch (one.drawn) {
      case Drawn::none:
        return add(std::move(place),
                   fmt::format("指标“{}”没有证据，不能评分；请补台账后重新取数，或手工填写并附理由和佐证。", one.name),
                   fmt::format("“{}” has no evidence and no score: complete the records and draw again, or enter a figure with "
                               "its reason and evidence.",
                               one.name));
      case Drawn::failed:
        return add(std::move(place), fmt::format("指标“{}”取数失败：{}", one.name, one.error.zh),
                   fmt::format("“{}” could not be drawn: {}", one.name, one.error.en));
      default:
        return add(
            std::move(place),
            one.indicator.empty()
                ? fmt::format("指标“{}”没有完成值；请绑定平台指标后取数，或手工填写并附理由和佐证。", one.name)
                : fmt::format("指标“{}”还没有取数，请“重新取数”。", one.name),
            one.indicator.empty()
                ? fmt::format("“{}” has no figure: bind it to an indicator and draw, or enter one with its evidence.", one.name)
                : fmt::format("“{}” has not been drawn yet; draw again.", one.name));
    }
  }

  const Form& form_;
  const std::map<std::string, std::int64_t>& files_;
  std::vector<Problem> out_;
};

}  // namespace

std::string_view name(Drawn drawn) {
  return kDrawn.at(static_cast<std::size_t>(drawn));
}
bool parse(std::string_view text, Drawn& out) {
  return parse_word(text, kDrawn, out);
}

std::optional<Fraction> Item::actual() const {
  if (drawn == Drawn::value) return figure;
  if (hand.empty()) return std::nullopt;
  return Fraction::parse(hand);
}

std::optional<Fraction> Item::target_number() const {
  return leading_number(target);
}

std::optional<std::int64_t> Item::score() const {
  auto value = actual();
  if (!value) return std::nullopt;
  if (direction == Direction::qualitative) return indicators::score(direction, *value, {}, weight);
  auto wanted = target_number();
  if (!wanted) return std::nullopt;
  return indicators::score(direction, *value, *wanted, weight);
}

std::int64_t execution_rate(const Funds& f) {
  if (f.adjusted <= 0) return 0;
  auto n = static_cast<__int128>(f.spent) * kWhole;
  auto half = n < 0 ? -(static_cast<__int128>(f.adjusted) / 2) : static_cast<__int128>(f.adjusted) / 2;
  return static_cast<std::int64_t>((n + half) / f.adjusted);
}

std::int64_t execution_score(const Funds& f) {
  if (f.adjusted <= 0 || f.spent <= 0) return 0;
  auto exact = (static_cast<__int128>(f.spent) * kExecutionWeight + f.adjusted / 2) / f.adjusted;
  return static_cast<std::int64_t>(std::min<__int128>(exact, kExecutionWeight));
}

Total total_of(const Form& form) {
  Total out{.score = execution_score(form.funds), .complete = !form.items.empty(), .grade = {}};
  for (const auto& one : form.items) {
    auto score = one.score();
    out.score += score.value_or(0);
    out.complete = out.complete && score.has_value();
  }
  if (out.complete)
    out.grade = std::ranges::find_if(kGrades, [&](const Grade& g) { return out.score >= g.from || g.from == 0; })->code;
  return out;
}

Text grade_name(std::string_view grade) {
  auto found = std::ranges::find(kGrades, grade, &Grade::code);
  return found == kGrades.end() ? Text{} : found->name;
}

std::vector<Problem> problems_of(const Form& form, const std::map<std::string, std::int64_t>& files) {
  return Problems(form, files).all();
}

std::string_view group_of(std::string_view level) {
  const auto* found = level_of(level);
  return found == nullptr ? kLevels.front().group : found->group;
}
Text group_name(std::string_view group) {
  auto found = std::ranges::find(kGroups, group, &Group::code);
  return found == kGroups.end() ? Text{} : found->name;
}
Text second_name(std::string_view level) {
  const auto* found = level_of(level);
  return found == nullptr ? Text{std::string(level), std::string(level)} : found->name;
}

void propose_weights(std::vector<Item>& items) {
  std::map<std::string_view, std::vector<Item*>> groups;
  for (auto& one : items) groups[group_of(one.level)].push_back(&one);
  std::int64_t promised = 0;
  for (const auto& g : kGroups)
    if (groups.contains(g.code)) promised += g.weight;
  if (promised == 0) return;
  std::int64_t left = kWhole - kExecutionWeight;
  std::size_t count = items.size();
  const auto whole = left;
  for (const auto& g : kGroups) {
    auto found = groups.find(g.code);
    if (found == groups.end()) continue;
    count -= found->second.size();
    // Whole points as far as it goes; the last takes what is left, so that the sum is right.
    auto share = count == 0 ? left : whole * g.weight / promised / 100 * 100;
    left -= share;
    auto n = static_cast<std::int64_t>(found->second.size());
    auto each = share / n / 100 * 100;
    if (each == 0) each = share / n;
    for (auto* one : found->second) one->weight = each;
    found->second.back()->weight = share - each * (n - 1);
  }
}

Direction direction_of(std::string_view target) {
  auto text = trim(target);
  if (!leading_number(text)) return Direction::qualitative;
  return starts_with_any(text, {"≤", "＜", "<", "不高于", "不超过", "不多于", "小于"}) ? Direction::lower : Direction::higher;
}

}  // namespace qushu::evaluation
