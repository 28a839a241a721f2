// Rules that the data itself suggests: from what every field looks like, and a narrow look where that raises a question.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "look.h"

namespace qushu::quality {
namespace {

using engine::quote_name;
using engine::Type;

constexpr std::int64_t kFewValues = 20;   // of an enumeration at most
constexpr std::int64_t kRepeated = 20;    // times that each of them comes at least, on average
constexpr std::int64_t kEnoughRows = 10;  // fewer suggest nothing

std::string percent(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? "0" : fmt::format("{:.4g}", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

class Proposer {
 public:
  Proposer(const Deps& deps, const sharing::Shown& shown, const std::vector<Rule>& had, const Cancelled& cancelled)
      : deps_(deps),
        shown_(shown),
        had_(had),
        limits_{.time = std::chrono::seconds(deps.settings.integer("quality.propose_time")), .cancelled = cancelled} {}

  Result<Proposals> run() {
    QS_TRY(looks_, look_at(deps_, shown_, limits_));
    for (std::size_t i = 0; i < shown_.fields.size(); ++i) QS_CHECK(field(i));
    whole();
    return Proposals{.list = std::move(found_), .from_profile = looks_.from_profile};
  }

 private:
  void add(Rule rule, Text reason, std::int64_t checked, std::int64_t failed) {
    for (const auto& had : had_)
      if (had.kind == rule.kind && had.fields == rule.fields && (rule.kind != Kind::format || had.params == rule.params))
        return;
    found_.push_back({.rule = std::move(rule),
                      .reason = std::move(reason),
                      .checked = static_cast<std::uint64_t>(checked),
                      .failed = static_cast<std::uint64_t>(failed)});
  }

  Result<void> field(std::size_t i) {
    auto rows = looks_.rows;
    if (rows < kEnoughRows) return {};
    const auto& f = shown_.fields[i];
    const auto& l = looks_.fields[i];
    auto filled = l.values - l.blank;
    if (filled == 0) return {};
    if (filled >= static_cast<std::int64_t>(kMostly * static_cast<double>(rows)) || f.key)
      add({.kind = Kind::required, .severity = f.key ? Severity::reject : Severity::warn, .fields = {f.id}},
          f.key ? Text{"是主键的一部分", "part of the key"}
                : Text{percent(filled, rows) + "% 的行有值", percent(filled, rows) + "% of the rows have a value"},
          rows, rows - filled);
    QS_CHECK(unique(f, l));
    bool coded = formats(f, l);
    if (is_day(f.type) && !l.future)
      add({.kind = Kind::format, .severity = Severity::warn, .fields = {f.id}, .params = {{"format", "not_future"}}},
          {"现有日期都不晚于今天", "no date lies in the future"}, l.values, 0);
    if (is_number(f.type) && !l.negative) range(f, l);
    if (f.type == Type::text && !coded) QS_CHECK(words(f, l));
    return {};
  }

  void range(const catalog::Field& f, const Look& l) {
    bool share = f.unit == "%" || std::ranges::any_of(std::array{"率", "占比", "比例", "百分比"},
                                                      [&](const char* end) { return f.name.ends_with(end); });
    if (share && l.greatest && *l.greatest > 1 && *l.greatest <= 100) {
      add({.kind = Kind::range, .severity = Severity::warn, .fields = {f.id}, .params = {{"min", 0}, {"max", 100}}},
          {"是百分比，现有数值都在 0 到 100 之间", "a percentage, and every value is from 0 to 100"}, l.values, 0);
      return;
    }
    add({.kind = Kind::range, .severity = Severity::warn, .fields = {f.id}, .params = {{"min", 0}}},
        {"现有数值都不小于 0", "no value is negative"}, l.values, 0);
  }

  // Counted exactly only where the estimate says that it may be so.
  Result<void> unique(const catalog::Field& f, const Look& l) {
    bool likely = l.distinct >= static_cast<std::int64_t>(0.9 * static_cast<double>(l.values)) &&
                  (f.type == Type::text || f.type == Type::integer);
    bool single_key = f.key && std::ranges::count_if(shown_.fields, &catalog::Field::key) == 1;
    if (!likely && !single_key) return {};
    auto exact = l.distinct;
    if (!l.distinct_exact) {
      QS_TRY(exact, count_distinct(f));
    }
    if (exact < static_cast<std::int64_t>(0.99 * static_cast<double>(l.values)) && !single_key) return {};
    add({.kind = Kind::unique, .severity = single_key ? Severity::reject : Severity::warn, .fields = {f.id}},
        single_key ? Text{"是声明的主键", "the declared key"}
                   : Text{percent(exact, l.values) + "% 的值各不相同", percent(exact, l.values) + "% of the values differ"},
        l.values, l.values - exact);
    return {};
  }

  [[nodiscard]] Result<std::int64_t> count_distinct(const catalog::Field& f) const {
    QS_TRY(auto cursor,
           deps_.engine.run({.sql = fmt::format("SELECT count(DISTINCT hash({0})) FROM ({1}) AS t WHERE {0} IS NOT NULL",
                                                quote_name(f.id), shown_.select),
                             .limits = limits_}));
    QS_TRY(const auto* chunk, cursor->next());
    return chunk == nullptr ? 0 : chunk->integer(0, 0);
  }

  bool formats(const catalog::Field& f, const Look& l) {
    if (f.type != Type::text) return false;
    auto filled = l.values - l.blank;
    for (std::size_t k = 0; k < kTried.size(); ++k) {
      auto fits = l.fits.at(k);
      if (fits < static_cast<std::int64_t>(std::ceil(kMostly * static_cast<double>(filled)))) continue;
      // Six digits may be anything: only a name makes them a region.
      if (kTried.at(k) == "region_code" && !f.name.contains("区划") && !f.name.contains("行政") && !f.name.contains("地区"))
        continue;
      const auto* format = find_format(kTried.at(k));
      add({.kind = Kind::format, .severity = Severity::warn, .fields = {f.id}, .params = {{"format", kTried.at(k)}}},
          {fmt::format("{}% 的值是合格的{}", percent(fits, filled), format->name.zh),
           fmt::format("{}% of the values are right ({})", percent(fits, filled), format->name.en)},
          l.values, l.values - fits);
      return true;
    }
    // Numbers of both kinds in one field.
    auto phones = l.fits[kMobile] + l.fits[kLandline];
    if (phones >= static_cast<std::int64_t>(std::ceil(kMostly * static_cast<double>(filled)))) {
      add({.kind = Kind::format, .severity = Severity::warn, .fields = {f.id}, .params = {{"format", "phone"}}},
          {percent(phones, filled) + "% 的值是电话号码", percent(phones, filled) + "% of the values are telephone numbers"},
          l.values, l.values - phones);
      return true;
    }
    return false;
  }

  [[nodiscard]] Result<std::vector<std::string>> values_of(const catalog::Field& f, const Look& l) const {
    if (l.words) return *l.words;
    QS_TRY(auto cursor,
           deps_.engine.run({.sql = fmt::format("SELECT {0}, count(*) FROM ({1}) AS t WHERE {0} <> '' GROUP BY 1 ORDER BY 2 "
                                                "DESC, 1 LIMIT {2}",
                                                quote_name(f.id), shown_.select, 2 * kFewValues),
                             .limits = limits_}));
    std::vector<std::string> values;
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return values;
      for (std::size_t row = 0; row < chunk->rows(); ++row) values.emplace_back(chunk->text(0, row));
    }
  }

  Result<void> words(const catalog::Field& f, const Look& l) {
    if (l.distinct > 0 && l.distinct <= kFewValues && l.values >= kRepeated * l.distinct) {
      QS_TRY(auto values, values_of(f, l));
      if (values.size() <= static_cast<std::size_t>(2 * kFewValues) && !values.empty()) {
        auto n = values.size();
        json::array list(values.begin(), values.end());
        add({.kind = Kind::enumeration, .severity = Severity::warn, .fields = {f.id}, .params = {{"values", std::move(list)}}},
            {fmt::format("只有 {} 种取值", n), fmt::format("only {} different values", n)}, l.values, l.blank);
        return {};
      }
    }
    if (l.shortest == l.longest && l.longest >= 4 && l.distinct > kFewValues)
      add({.kind = Kind::length,
           .severity = Severity::warn,
           .fields = {f.id},
           .params = {{"min", l.shortest}, {"max", l.longest}}},
          {fmt::format("所有值都是 {} 个字", l.longest), fmt::format("every value has {} characters", l.longest)}, l.values, 0);
    return {};
  }

  void whole() {
    const auto& cycle = shown_.dataset.update_cycle;
    if (cycle != "irregular" && cycle != "never")
      add({.kind = Kind::freshness, .severity = Severity::warn, .fields = {}},
          {"目录约定了更新周期", "the entry promises an update cycle"}, 1, 0);
    if (shown_.version.number >= 2)
      add({.kind = Kind::volume, .severity = Severity::warn, .fields = {}, .params = {{"share", 50}, {"versions", 5}}},
          {"已有多个版本可以比较", "there are versions to compare with"}, 1, 0);
  }

  const Deps& deps_;
  const sharing::Shown& shown_;
  const std::vector<Rule>& had_;
  engine::Limits limits_;
  Looks looks_;
  std::vector<Proposal> found_;
};

}  // namespace

Result<Proposals> propose_rules(const Deps& deps, const sharing::Shown& shown, const std::vector<Rule>& had,
                                const Cancelled& cancelled) {
  return Proposer(deps, shown, had, cancelled).run();
}

}  // namespace qushu::quality
