#include "document_fixture.h"

namespace qushu::budget::testing {

void Generator::tables() {
  line(fmt::format("{}{}年度部门{}", unit_, s_.year, word_for("预算公开", "决算公开")));
  line("第一部分 部门概况");
  line(fmt::format("第二部分 {}年部门{}表", s_.year, word_for("预算", "决算")));
  income_and_expenditure();
  by_function(word_for("部门支出总表", "支出决算表"), false);
  by_function(word_for("一般公共预算支出表", "一般公共预算财政拨款支出决算表"), true);
  by_economic();
  three_publics();
  if (!s_.final_account) project_list();
}

void Generator::income_and_expenditure() {
  line(word_for("部门收支总表", "收入支出决算总表"));
  line(fmt::format("部门：{}", unit_));
  unit_line();
  auto numbered = [](int n, const std::string& text) {
    static const std::vector<std::string> kNumbers{"一", "二", "三", "四", "五", "六"};
    return kNumbers.at(static_cast<std::size_t>(n)) + "、" + text;
  };
  std::vector<std::pair<std::string, std::int64_t>> income{
      {"一般公共预算拨款收入", grant_}, {"政府性基金预算拨款收入", 0}, {"事业收入", own_}};
  if (s_.shape == Shape::cell_a_line) {
    row({word("项目"), word("金额")}, "");
    for (std::size_t i = 0; i < income.size(); ++i)
      row({word(numbered(static_cast<int>(i), income[i].first)), money(income[i].second)}, "income item");
    row({word("本年收入合计"), money(grant_ + own_)}, "income of the year");
    row({word("上年结转"), money(carried_)}, "carried over");
    row({word("收入总计"), money(total_)}, "income total");
    for (std::size_t i = 0; i < functions_.size(); ++i)
      row({word(numbered(static_cast<int>(i), functions_[i].name)), money(functions_[i].all())}, "expenditure item");
    row({word("支出总计"), money(total_)}, "expenditure total");
    return;
  }
  row({word("收入"), word(""), word("支出"), word("")}, "");
  row({word("项目"), word("金额"), word("项目"), word("金额")}, "");
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    std::vector<Cell> cells;
    if (i < income.size()) {
      cells = {word(numbered(static_cast<int>(i), income[i].first)), money(income[i].second)};
    } else if (s_.shape == Shape::tabs) {
      cells = {word(""), word("")};
    }
    cells.push_back(word(numbered(static_cast<int>(i), functions_[i].name)));
    cells.push_back(money(functions_[i].all()));
    row(cells, "income or function");
  }
  row({word("本年收入合计"), money(grant_ + own_), word("本年支出合计"), money(total_)}, "totals of the year");
  row({word("上年结转"), money(carried_), word("结转下年"), money(0)}, "carried over");
  row({word("收入总计"), money(total_), word("支出总计"), money(total_)}, "totals");
}

void Generator::by_function(const std::string& title, bool general) {
  line(title);
  unit_line();
  row({word("科目编码"), word("科目名称"), word("合计"), word("基本支出"), word("项目支出")}, "");
  auto project = [&](const Function& f) { return f.project - (general ? f.own : 0); };
  auto total = general ? general_spent_ : total_;
  row({word(s_.shape == Shape::tabs ? "" : "合计"), word(s_.shape == Shape::tabs ? "合计" : ""), money(total), money(basic_),
       money(total - basic_)},
      "function total");
  for (const auto& f : functions_) {
    row({word(f.code), word(f.name), money(f.basic + project(f)), money(f.basic), money(project(f))}, "function 类");
    row({word(f.code5), word(f.name5), money(f.basic + project(f)), money(f.basic), money(project(f))}, "function 款");
    row({word(f.code7), word(f.name7), money(f.basic + project(f)), money(f.basic), money(project(f))}, "function 项");
  }
}

void Generator::by_economic() {
  line(word_for("一般公共预算基本支出表", "一般公共预算财政拨款基本支出决算表"));
  unit_line();
  row({word("经济分类科目编码"), word("科目名称"), word("合计"), word("人员经费"), word("公用经费")}, "");
  row({word("合计"), money(basic_), money(personnel_), money(public_)}, "economic total");
  for (auto [code, name] :
       {std::pair{"301", "工资福利支出"}, std::pair{"302", "商品和服务支出"}, std::pair{"303", "对个人和家庭的补助"}}) {
    std::int64_t sum = 0;
    for (const auto& e : economic_)
      if (std::string_view(e.code).starts_with(code)) sum += e.value;
    bool personnel = std::string_view(code) != "302";
    row({word(code), word(name), money(sum), money(personnel ? sum : 0), money(personnel ? 0 : sum)}, "economic class");
    for (const auto& e : economic_)
      if (std::string_view(e.code).starts_with(code))
        row({word(e.code), word(e.name), money(e.value), money(personnel ? e.value : 0), money(personnel ? 0 : e.value)},
            "economic item");
  }
}

void Generator::three_publics() {
  line(word_for("一般公共预算“三公”经费支出表", "财政拨款“三公”经费支出决算表"));
  unit_line();
  auto car = car_purchase_ + car_run_;
  row({word("项目"), word("金额")}, "");
  row({word("合计"), money(abroad_ + car + reception_)}, "sangong total");
  row({word("1.因公出国（境）费用"), money(abroad_)}, "sangong item");
  row({word("2.公务用车购置及运行维护费"), money(car)}, "sangong item");
  row({word("（1）公务用车购置费"), money(car_purchase_)}, "sangong car");
  row({word("（2）公务用车运行维护费"), money(car_run_)}, "sangong car");
  row({word("3.公务接待费"), money(reception_)}, "sangong item");
}

void Generator::project_list() {
  line("部门项目支出表");
  unit_line();
  row({word("项目名称"), word("金额")}, "");
  for (const auto& p : projects_) row({word(p.name), money(p.total)}, "project");
  row({word("合计"), money(project_)}, "project total");
}

// "支出 100 万元，比上年增加 5 万元，增长 5.26%，主要原因是…"
void Generator::changed(const std::string& subject, std::int64_t now, std::int64_t before, const char* what,
                        const std::string& tail) {
  bool more = now >= before;
  auto difference = more ? now - before : before - now;
  auto last = chance(50) ? std::string("上年") : fmt::format("{}年", s_.year - 1);
  auto verb = more ? pick<std::string>({"增加", "增加了"}) : pick<std::string>({"减少", "减少了"});
  auto rate = more ? "增长" : "下降";
  say(fmt::format("{}{{}}万元，比{}{}{{}}万元，{}{{}}%，主要原因是人员和任务变动。{}", subject, last, verb, rate, tail),
      {wan(now, what), wan(difference, what), share(difference, before, what)});
}

void Generator::text() {
  line(fmt::format("第三部分 {}年部门{}情况说明", s_.year, word_for("预算", "决算")));
  auto kind = word_for("预算", "决算");
  line(fmt::format("一、部门收支{}总体情况说明", kind));
  say(fmt::format("{}年收入总计{{}}万元，支出总计{{}}万元，收支平衡。", s_.year),
      {wan(total_, "text totals"), wan(total_, "text totals")});
  if (s_.changes) changed(fmt::format("{}年支出{}", s_.year, kind), total_, before_[0], "text change", "");
  line(fmt::format("二、部门支出{}情况说明", kind));
  say("本年支出合计{}万元，其中：基本支出{}万元，占{}%；项目支出{}万元，占{}%。",
      {wan(total_, "text kinds"), wan(basic_, "text kinds"), share(basic_, total_, "text share"), wan(project_, "text kinds"),
       share(project_, total_, "text share")});
  std::string list = "按支出功能分类，主要用于：";
  std::vector<Printed> figures;
  for (const auto& f : functions_) {
    list += fmt::format("{}{{}}万元{}", f.name, &f == &functions_.back() ? "。" : "；");
    figures.push_back(wan(f.all(), "text function"));
  }
  say(list, figures);
  line(fmt::format("三、一般公共预算基本支出{}情况说明", kind));
  if (s_.changes) changed("一般公共预算基本支出", basic_, before_[1], "text basic change", "");
  say("一般公共预算基本支出{}万元，其中：人员经费{}万元，公用经费{}万元。",
      {wan(basic_, "text basic"), wan(personnel_, "text basic"), wan(public_, "text basic")});
  line(fmt::format("四、一般公共预算“三公”经费支出{}情况说明", kind));
  auto car = car_purchase_ + car_run_;
  say("“三公”经费支出{}万元。其中：", {wan(abroad_ + car + reception_, "text sangong")});
  say("1.因公出国（境）费用{}万元，与上年持平。", {wan(abroad_, "text sangong")});
  say("2.公务用车购置及运行维护费{}万元，其中：公务用车购置费{}万元，公务用车运行维护费{}万元。",
      {wan(car, "text sangong"), wan(car_purchase_, "text sangong"), wan(car_run_, "text sangong")});
  say("3.公务接待费{}万元。", {wan(reception_, "text sangong")});
  line("五、其他重要事项的情况说明");
  line("（一）政府采购情况");
  say(fmt::format("{}年政府采购{}总额{{}}万元，其中：政府采购货物{}{{}}万元、政府采购工程{}{{}}万元、政府采购服务{}{{}}万元。",
                  s_.year, word_for("预算", "支出"), word_for("预算", "支出"), word_for("预算", "支出"),
                  word_for("预算", "支出")),
      {wan(goods_ + works_ + services_, "text procurement"), wan(goods_, "text procurement"), wan(works_, "text procurement"),
       wan(services_, "text procurement")});
  line("（二）预算绩效情况说明");
  say(fmt::format("我部门{}年项目支出全部纳入绩效管理，涉及资金{{}}万元。", s_.year), {wan(project_, "text coverage")});
}

void Generator::goals() {
  line("第四部分 附件");
  for (const auto& p : projects_) {
    line(fmt::format("{}年项目支出绩效目标表", s_.year));
    unit_line();
    row({word("项目名称"), word(p.name)}, "");
    row({word("年度资金总额"), money(p.total)}, "goal total");
    row({word("项目支出明细"), word("金额")}, "");
    row({word("合计"), money(p.total)}, "goal total");
    int n = 0;
    for (const auto& [name, value] : p.items) row({word(fmt::format("{}.{}", ++n, name)), money(value)}, "goal detail");
    row({word("一级指标"), word("二级指标"), word("指标名称"), word("指标值")}, "");
    row({word("产出指标"), word("数量指标"), word("系统维护次数"), word("≥4次")}, "");
    row({word("满意度指标"), word("满意度指标"), word("服务对象满意度"), word("≥90%")}, "");
  }
}

}  // namespace qushu::budget::testing
