// Budgets for tests: made at random, and right.
#pragma once

#include <map>
#include <random>

#include <fmt/format.h>

#include "qushu/budget/content.h"

namespace qushu::budget {

// Every identity holds. Amounts are not rounded to 0.01 万元, so that nothing can pass for rounding.
inline Content generated(unsigned seed) {
  std::mt19937 random(seed);
  auto amount = [&] { return std::uniform_int_distribution<std::int64_t>(100'003, 900'000'007)(random) * 2 + 1; };
  Content c;
  auto& t = c.totals.at(0);
  std::map<std::string, std::int64_t> by_fund;
  int projects = std::uniform_int_distribution(1, 5)(random);
  for (int i = 0; i < projects; ++i) {
    BudgetProject p{.code = fmt::format("P{}", i + 1),
                    .name = fmt::format("项目{}", i + 1),
                    .function = fmt::format("20103{:02}", i + 10),
                    .amount = 0,
                    .earlier = amount(),
                    .reason = "依据",
                    .content = "内容",
                    .change = "需要",
                    .goal = "目标"};
    int details = std::uniform_int_distribution(1, 6)(random);
    for (int k = 0; k < details; ++k) {
      auto price = amount();
      std::int64_t quantity = std::uniform_int_distribution<std::int64_t>(1, 9)(random) * 1000;
      c.details.push_back({.project = p.code,
                           .item = fmt::format("明细{}", k),
                           .quantity = quantity,
                           .unit = "套",
                           .price = price,
                           .amount = price * quantity / 1000,
                           .basis = "合同"});
      p.amount += c.details.back().amount;
    }
    auto first = p.amount / 3;
    c.funds.push_back({.project = p.code, .source = "general", .amount = first});
    c.funds.push_back({.project = p.code, .source = "fund", .amount = p.amount - first});
    for (const char* level : {"quantity", "social", "satisfaction"})
      c.goals.push_back({.project = p.code, .level = level, .name = "指标", .value = "90", .unit = "%", .evidence = "台账"});
    c.functions.push_back({.code = p.function, .name = "运行", .fund = "general", .basic = 0, .project = first});
    c.functions.push_back({.code = p.function, .name = "运行", .fund = "fund", .basic = 0, .project = p.amount - first});
    t.project += p.amount;
    c.projects.push_back(std::move(p));
  }
  auto economic = [&](const char* code, const char* part, std::int64_t fen) {
    c.economics.push_back({.code = code, .name = code, .part = part, .amount = fen});
  };
  auto salaries = amount(), pensions = amount(), office = amount();
  economic("30101", "personnel", salaries);
  economic("30302", "personnel", pensions);
  economic("30201", "office", office);
  economic("30213", "project", t.project / 4);
  economic("31002", "project", t.project - t.project / 4);
  t.personnel = salaries + pensions;
  t.office = office;
  t.basic = t.personnel + t.office;
  c.functions.push_back({.code = "2010350", .name = "事业运行", .fund = "general", .basic = t.basic - pensions, .project = 0});
  c.functions.push_back({.code = "2080505", .name = "养老", .fund = "general", .basic = pensions, .project = 0});
  t.income = t.expenditure = t.basic + t.project;
  for (const auto& f : c.functions) by_fund[f.fund] += f.basic + f.project;
  c.income.push_back({.source = "general", .amount = by_fund["general"] - 1'000, .carried = 1'000, .note = ""});
  c.income.push_back({.source = "fund", .amount = by_fund["fund"], .carried = 0, .note = ""});
  t.abroad = 101;
  t.vehicle_purchase = 2'003;
  t.vehicle_running = 30'005;
  t.vehicles = 32'008;
  t.reception = 407;
  t.three_publics = 32'516;
  c.purchases.push_back({.kind = "goods", .item = "服务器", .project = "P1", .amount = c.projects[0].amount / 2});
  c.purchases.push_back({.kind = "bought_services", .item = "运维", .project = "", .amount = 12'345});
  c.changes.push_back({.subject = "expenditure",
                       .year = 2025,
                       .base = t.expenditure / 2,
                       .difference = t.expenditure - t.expenditure / 2,
                       .percent = 10'000,
                       .reason = "新增项目"});
  return c;
}

}  // namespace qushu::budget
