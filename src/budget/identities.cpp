#include "qushu/budget/identities.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "decimal.h"
#include "sections.h"

namespace qushu::budget {
namespace {

constexpr std::int64_t kCent = 10'000;  // fen of 0.01 万元
constexpr std::size_t kFunctionDigits = 7, kEconomicDigits = 5;

std::string yuan(std::int64_t fen) {
  return money_text(fen, MoneyUnit::wan) + " 万元";
}
std::string yuan_en(std::int64_t fen) {
  return money_text(fen, MoneyUnit::yuan) + " yuan";
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// One budget that is being checked.
class Check {
 public:
  Check(const Content& content, std::int64_t year, const std::vector<OtherYear>& others)
      : c_(content), t_(content.totals.at(0)), year_(year), others_(others) {}

  std::vector<Discrepancy> run() {
    totals();
    income();
    functions();
    economics();
    projects();
    purchases();
    changes();
    // Errors first, each kind in the order of the sections.
    std::vector<Discrepancy> sorted;
    for (bool error : {true, false})
      std::ranges::copy_if(out_, std::back_inserter(sorted), [&](const Discrepancy& d) { return d.error == error; });
    return sorted;
  }

 private:
  struct Part {
    std::int64_t fen;
    std::string at;
  };

  // `found`, standing at `at`, must be the sum of the parts.
  void sum(std::string_view identity, std::int64_t found, std::string at, const std::vector<Part>& parts, const Text& rule,
           bool error = true) {
    std::int64_t total = 0;
    bool rounded = found % kCent == 0;
    std::vector<std::string> places;
    for (const auto& p : parts) {
      total += p.fen;
      rounded = rounded && p.fen % kCent == 0;
      places.push_back(p.at);
    }
    if (total == found) return;
    auto off = found > total ? found - total : total - found;
    // All are rounded figures: each may be half a hundredth of 万元 away from what it stands for, the total too.
    bool bearable = rounded && off * 2 <= static_cast<std::int64_t>(parts.size()) * kCent;
    Text how{fmt::format("{}：各项合计 {}，所填 {}，相差 {}", rule.zh, yuan(total), yuan(found), yuan(found - total)),
             fmt::format("{}: the parts come to {}, entered is {}, a difference of {}", rule.en, yuan_en(total), yuan_en(found),
                         yuan_en(found - total))};
    if (bearable) {
      how.zh += fmt::format("（在 {} 个数四舍五入的误差内，可说明原因）", parts.size());
      how.en += fmt::format(" (within the rounding of {} figures; it may be explained)", parts.size());
    }
    add({.identity = std::string(identity),
         .error = error && !bearable,
         .message = std::move(how),
         .place = std::move(at),
         .others = std::move(places),
         .expected = total,
         .found = found});
  }

  void add(Discrepancy d) {
    auto where = place_name(d.place);
    d.message = {fmt::format("{}：{}。", where.zh, d.message.zh), fmt::format("{}: {}.", where.en, d.message.en)};
    out_.push_back(std::move(d));
  }
  void wrong(std::string_view identity, std::string at, std::string zh, std::string en, bool error = true) {
    add({.identity = std::string(identity), .error = error, .message = {std::move(zh), std::move(en)}, .place = std::move(at)});
  }
  static std::string total_at(std::string_view member) { return place("totals", 0, member); }

  // Amounts that are negative, texts that are missing.
  template <class Row>
  void complete(const Section<Row>& section, bool may_be_negative) {
    const auto& rows = c_.*section.rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const auto& column : section.columns) {
        auto at = place(section.name, i, column.name);
        if (const auto* text = std::get_if<std::string Row::*>(&column.at)) {
          if (column.required && (rows[i].*(*text)).empty()) wrong("required", at, "必须填写", "it must be filled in");
        } else if (const auto* number = std::get_if<std::int64_t Row::*>(&column.at)) {
          if (rows[i].*(*number) < 0 && !may_be_negative) wrong("negative", at, "不能小于零", "it cannot be below nothing");
        }
      }
  }

  void totals() {
    complete(totals_section(), false);
    if (t_.income == 0 && t_.expenditure == 0 && t_.basic == 0 && t_.project == 0)
      wrong("empty", total_at("expenditure"), "收入和支出都是零，预算还没有填写",
            "income and expenditure are nothing: nothing was entered");
    sum("balance", t_.expenditure, total_at("expenditure"), {{t_.income, total_at("income")}},
        {"收入应等于支出", "Income is expenditure"});
    sum("expenditure_parts", t_.expenditure, total_at("expenditure"),
        {{t_.basic, total_at("basic")}, {t_.project, total_at("project")}},
        {"支出 = 基本支出 + 项目支出", "Expenditure = basic + projects"});
    sum("basic_parts", t_.basic, total_at("basic"), {{t_.personnel, total_at("personnel")}, {t_.office, total_at("office")}},
        {"基本支出 = 人员经费 + 公用经费", "Basic = personnel + office"});
    sum("vehicles", t_.vehicles, total_at("vehicles"),
        {{t_.vehicle_purchase, total_at("vehicle_purchase")}, {t_.vehicle_running, total_at("vehicle_running")}},
        {"公务用车费 = 购置费 + 运行费", "Vehicles = bought + run"});
    sum("three_publics", t_.three_publics, total_at("three_publics"),
        {{t_.abroad, total_at("abroad")}, {t_.vehicles, total_at("vehicles")}, {t_.reception, total_at("reception")}},
        {"三公经费 = 因公出国（境） + 公务用车 + 公务接待", "Three publics = abroad + vehicles + reception"});
  }

  void income() {
    complete(income_section(), false);
    std::vector<Part> all;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < c_.income.size(); ++i) {
      const auto& row = c_.income[i];
      if (!row.source.empty() && !seen.insert(row.source).second)
        wrong("twice", place("income", i, "source"), "同一来源填了两行，请合并",
              "the source stands twice; make one row of them");
      all.push_back({row.amount, place("income", i, "amount")});
      if (row.carried != 0) all.push_back({row.carried, place("income", i, "carried")});
    }
    sum("income_sources", t_.income, total_at("income"), all,
        {"各来源收入合计应等于收入总计", "The sources make up the income"});
    for (const auto& source : sources()) {
      std::vector<Part> paid;
      for (std::size_t i = 0; i < c_.functions.size(); ++i)
        if (c_.functions[i].fund == source.code) {
          paid.push_back({c_.functions[i].basic, place("functions", i, "basic")});
          paid.push_back({c_.functions[i].project, place("functions", i, "project")});
        }
      auto row = std::ranges::find(c_.income, source.code, &Income::source);
      if (row == c_.income.end() && paid.empty()) continue;
      auto at = row == c_.income.end() ? total_at("income")
                                       : place("income", static_cast<std::size_t>(row - c_.income.begin()), "amount");
      sum("fund_balance", row == c_.income.end() ? 0 : row->amount + row->carried, at, paid,
          {source.name.zh + "应等于由其安排的支出", source.name.en + " is what is spent from it"});
    }
  }

  void functions() {
    complete(function_section(), false);
    std::vector<Part> all, basic, project;
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < c_.functions.size(); ++i) {
      const auto& row = c_.functions[i];
      auto at = [i](std::string_view member) { return place("functions", i, member); };
      if (!row.code.empty() && (row.code.size() != kFunctionDigits || !all_digits(row.code)))
        wrong("code", at("code"), "支出功能分类填到“项”，共 7 位数字；类、款的合计由程序计算",
              "functional classes are entered as 项 of seven digits; the sums of the classes above are computed");
      if (!seen.emplace(row.code, row.fund).second)
        wrong("twice", at("code"), "同一科目和资金来源填了两行，请合并",
              "the class stands twice for the same fund; make one row of them");
      basic.push_back({row.basic, at("basic")});
      project.push_back({row.project, at("project")});
    }
    sum("functions_basic", t_.basic, total_at("basic"), basic,
        {"各功能科目的基本支出合计应等于基本支出", "The classes' basic expenditure makes up the basic expenditure"});
    sum("functions_project", t_.project, total_at("project"), project,
        {"各功能科目的项目支出合计应等于项目支出", "The classes' projects make up the projects"});
    all = basic;
    all.insert(all.end(), project.begin(), project.end());
    sum("functions_expenditure", t_.expenditure, total_at("expenditure"), all,
        {"各功能科目合计应等于支出总计", "The functional classes make up the expenditure"});
  }

  void economics() {
    complete(economic_section(), false);
    std::map<std::string_view, std::vector<Part>> by_part;
    std::vector<Part> all;
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < c_.economics.size(); ++i) {
      const auto& row = c_.economics[i];
      auto at = [i](std::string_view member) { return place("economics", i, member); };
      if (!row.code.empty() && (row.code.size() != kEconomicDigits || !all_digits(row.code)))
        wrong("code", at("code"), "支出经济分类填到“款”，共 5 位数字；类的合计由程序计算",
              "economic classes are entered as 款 of five digits; the sums of the classes above are computed");
      if (!seen.emplace(row.code, row.part).second)
        wrong("twice", at("code"), "同一科目和支出类别填了两行，请合并",
              "the class stands twice in the same part; make one row of them");
      by_part[row.part].push_back({row.amount, at("amount")});
      all.push_back({row.amount, at("amount")});
    }
    for (const auto& part : parts())
      sum(fmt::format("economics_{}", part.code), t_.*total_of(part.code), total_at(part.code), by_part[part.code],
          {part.name.zh + "的各经济科目合计应等于" + part.name.zh, "The economic classes of " + part.name.en + " make it up"});
    sum("economics_expenditure", t_.expenditure, total_at("expenditure"), all,
        {"各经济科目合计应等于支出总计", "The economic classes make up the expenditure"});
  }

  void projects() {
    complete(project_section(), false);
    complete(fund_section(), false);
    complete(detail_section(), false);
    complete(goal_section(), false);
    std::vector<Part> all;
    std::map<std::string, std::vector<Part>> by_function;
    std::set<std::string> codes;
    for (std::size_t i = 0; i < c_.projects.size(); ++i) {
      const auto& p = c_.projects[i];
      if (!codes.insert(p.code).second)
        wrong("twice", place("projects", i, "code"), "项目编码重复", "the project's code stands twice");
      all.push_back({p.amount, place("projects", i, "amount")});
      by_function[p.function].push_back(all.back());
      project(p, i);
    }
    sum("projects_total", t_.project, total_at("project"), all,
        {"各项目合计应等于项目支出", "The projects make up the projects' expenditure"});
    std::map<std::string, std::pair<std::int64_t, std::string>> paid;
    for (std::size_t i = 0; i < c_.functions.size(); ++i)
      if (c_.functions[i].project != 0 || by_function.contains(c_.functions[i].code)) {
        auto& one = paid.try_emplace(c_.functions[i].code, 0, place("functions", i, "project")).first->second;
        one.first += c_.functions[i].project;
      }
    for (const auto& [code, one] : paid)
      sum("projects_function", one.first, one.second, by_function[code],
          {"科目 " + code + " 的项目支出应等于其各项目合计", "Class " + code + " pays its projects"});
    for (std::size_t i = 0; i < c_.projects.size(); ++i)
      if (!c_.projects[i].function.empty() && !paid.contains(c_.projects[i].function))
        wrong("project_function", place("projects", i, "function"), "支出功能分类中没有这个科目",
              "no functional class has this code");
    belongs(c_.funds, "funds", codes);
    belongs(c_.details, "details", codes);
    belongs(c_.goals, "goals", codes);
  }

  template <class Row>
  void belongs(const std::vector<Row>& rows, std::string_view section, const std::set<std::string>& codes) {
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!rows[i].project.empty() && !codes.contains(rows[i].project))
        wrong("project_code", place(section, i, "project"), "没有编码为“" + rows[i].project + "”的项目",
              "there is no project with the code “" + rows[i].project + "”");
  }

  void project(const BudgetProject& p, std::size_t number) {
    auto at = place("projects", number, "amount");
    std::vector<Part> details, funds;
    for (std::size_t i = 0; i < c_.details.size(); ++i) {
      const auto& d = c_.details[i];
      if (d.project != p.code) continue;
      details.push_back({d.amount, place("details", i, "amount")});
      // Thousandths of a piece times fen.
      auto exact = scaled(d.quantity, d.price, 1000);
      if ((d.quantity != 0 || d.price != 0) && exact != d.amount)
        sum("detail_product", d.amount, place("details", i, "amount"), {{exact, place("details", i, "price")}},
            {"金额 = 数量 × 单价", "Amount = quantity × price"});
    }
    for (std::size_t i = 0; i < c_.funds.size(); ++i)
      if (c_.funds[i].project == p.code) funds.push_back({c_.funds[i].amount, place("funds", i, "amount")});
    sum("details_project", p.amount, at, details, {"明细合计应等于项目预算", "The details make up the project"});
    sum("funds_project", p.amount, at, funds, {"资金来源合计应等于项目预算", "The funds make up the project"});
    if (p.amount == 0) return;
    auto promises = [&](auto wanted) {
      return std::ranges::any_of(c_.goals, [&](const ProjectGoal& g) { return g.project == p.code && wanted(g.level); });
    };
    auto lacking = [&](const char* zh, const char* en) {
      wrong("goals", place("projects", number, "goal"), fmt::format("没有{}指标", zh),
            fmt::format("there is no indicator of {}", en), false);
    };
    if (!promises([](const std::string& l) { return l == "quantity" || l == "quality" || l == "timeliness" || l == "cost"; }))
      lacking("产出", "output");
    if (!promises(
            [](const std::string& l) { return l == "economic" || l == "social" || l == "ecological" || l == "sustainable"; }))
      lacking("效益", "benefit");
    if (!promises([](const std::string& l) { return l == "satisfaction"; })) lacking("满意度", "satisfaction");
    if (p.amount != p.earlier && p.change.empty())
      wrong("change_reason", place("projects", number, "change"), "预算与上年不同，请写明原因",
            "the budget is not what it was the year before; say why", false);
  }

  void purchases() {
    complete(purchase_section(), false);
    std::int64_t procured = 0, bought = 0;
    for (std::size_t i = 0; i < c_.purchases.size(); ++i) {
      const auto& row = c_.purchases[i];
      (row.kind == "bought_services" ? bought : procured) += row.amount;
      if (row.project.empty()) continue;
      auto found = std::ranges::find(c_.projects, row.project, &BudgetProject::code);
      if (found == c_.projects.end()) {
        wrong("project_code", place("purchases", i, "project"), "没有编码为“" + row.project + "”的项目",
              "there is no project with the code “" + row.project + "”");
      } else if (row.amount > found->amount) {
        more("purchase_project", place("purchases", i, "amount"), row.amount, found->amount,
             place("projects", static_cast<std::size_t>(found - c_.projects.begin()), "amount"));
      }
    }
    if (procured > t_.expenditure) more("procurement_total", "purchases", procured, t_.expenditure, total_at("expenditure"));
    if (bought > t_.expenditure) more("services_total", "purchases", bought, t_.expenditure, total_at("expenditure"));
    if (t_.three_publics > t_.expenditure)
      more("three_publics_total", total_at("three_publics"), t_.three_publics, t_.expenditure, total_at("expenditure"));
  }
  void more(std::string_view identity, std::string at, std::int64_t found, std::int64_t limit, std::string other) {
    add({.identity = std::string(identity),
         .message = {fmt::format("{} 多于{}的 {}", yuan(found), place_name(other).zh, yuan(limit)),
                     fmt::format("{} is more than the {} of {}", yuan_en(found), yuan_en(limit), place_name(other).en)},
         .place = std::move(at),
         .others = {other},
         .expected = limit,
         .found = found});
  }

  void changes() {
    complete(change_section(), true);
    for (std::size_t i = 0; i < c_.changes.size(); ++i) {
      const auto& row = c_.changes[i];
      auto at = [i](std::string_view member) { return place("changes", i, member); };
      auto member = total_of(row.subject);
      if (member == nullptr) continue;
      auto now = t_.*member;
      if (row.year >= year_) {
        wrong("change_year", at("year"), "应为以前的年份", "it must be an earlier year");
        continue;
      }
      sum("change_difference", row.difference, at("difference"), {{now, total_at(row.subject)}, {-row.base, at("base")}},
          {fmt::format("增减额 = {} 年预算 − {} 年预算", year_, row.year),
           fmt::format("Difference = budget of {} − budget of {}", year_, row.year)});
      share(row, i, now);
      auto known = std::ranges::find(others_, row.year, &OtherYear::year);
      if (known != others_.end() && known->totals.*member != row.base)
        sum("change_base", row.base, at("base"), {{known->totals.*member, fmt::format("{}", row.year)}},
            {fmt::format("应与 {} 年已批复的预算一致", row.year), fmt::format("It is what was approved for {}", row.year)},
            false);
    }
  }

  void share(const Change& row, std::size_t i, std::int64_t now) {
    auto at = place("changes", i, "percent");
    if (row.base == 0) {
      if (row.percent)
        wrong("change_percent", at, "对比年为零，没有百分比，请留空",
              "the other year is nothing: there is no percentage; leave it empty");
      return;
    }
    if (!row.percent) return;
    auto expected = scaled(now - row.base, 10'000, row.base);
    // Rounding and cutting off are both practised.
    if (std::abs(expected - *row.percent) <= 1) return;
    add({.identity = "change_percent",
         .message = {fmt::format("按计算为 {}%，所填 {}%", exact_text(expected, 2), exact_text(*row.percent, 2)),
                     fmt::format("it comes to {}%, entered is {}%", exact_text(expected, 2), exact_text(*row.percent, 2))},
         .place = at,
         .others = {place("changes", i, "base")},
         .expected = expected,
         .found = *row.percent,
         .money = false});
  }

  const Content& c_;
  const Totals& t_;
  std::int64_t year_;
  const std::vector<OtherYear>& others_;
  std::vector<Discrepancy> out_;
};

}  // namespace

std::string Discrepancy::key() const {
  return fmt::format("{}|{}|{}|{}", identity, place, expected, found);
}

std::vector<Discrepancy> check_identities(const Content& content, std::int64_t year, const std::vector<OtherYear>& others) {
  return Check(content, year, others).run();
}

}  // namespace qushu::budget
