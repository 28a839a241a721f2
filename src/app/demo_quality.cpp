// The demo district's quality rules: those that its data suggest, confirmed, and the first check by them.
#include <array>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

constexpr std::array kRuled{"enterprise", "inspection", "facility", "population", "air_quality", "division_county"};

Result<std::size_t> confirm_proposals(System& s, const Actor& actor, const char* code) {
  QS_TRY(auto known, s.quality->rules(actor, code));
  if (!known.empty()) return std::size_t{0};
  QS_TRY(auto proposals, s.quality->propose(actor, code, {}));
  boost::json::array rules;
  for (const auto& p : proposals.list) {
    boost::json::array fields(p.rule.fields.begin(), p.rule.fields.end());
    rules.emplace_back(boost::json::object{{"kind", quality::name(p.rule.kind)},
                                           {"fields", std::move(fields)},
                                           {"params", p.rule.params},
                                           {"severity", quality::name(p.rule.severity)}});
  }
  if (rules.empty()) return std::size_t{0};
  QS_TRY(auto added, s.quality->add(actor, code, rules));
  QS_TRY(auto job, s.quality->request_check(actor, code));
  QS_TRY(auto done, s.jobs->run_now(job));
  if (done.error) return fail(*done.error);
  return added.size();
}

}  // namespace

Result<void> fill_quality(System& s, const Actor& actor, Lang lang) {
  std::size_t rules = 0, datasets = 0;
  for (const auto* code : kRuled) {
    // Reference data may be left out of a district.
    if (auto there = s.catalog->find({.all = true}, code); !there && there.error().code == Code::not_found) continue;
    QS_TRY(auto added, confirm_proposals(s, actor, code));
    rules += added;
    datasets += added > 0 ? 1 : 0;
  }
  if (rules > 0)
    std::cout << (lang == Lang::zh ? fmt::format("  数据质量：{} 个数据集，{} 条规则\n", datasets, rules)
                                   : fmt::format("  Quality: {} datasets, {} rules\n", datasets, rules));
  return {};
}

}  // namespace qushu::app
