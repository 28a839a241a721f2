// The official form: 项目支出绩效自评表, 部门整体支出绩效自评表.
#include <fmt/format.h>

#include "qushu/budget/content.h"
#include "qushu/evaluation/evaluation.h"
#include "qushu/print/print.h"

namespace qushu::evaluation {
namespace {

using print::Align;
using print::Cell;
using print::Row;

constexpr int kColumns = 8;

Cell label(std::string text, int columns = 1, int rows = 1) {
  return {.text = std::move(text), .columns = columns, .rows = rows, .align = Align::centre, .bold = true};
}
Cell wide(std::string text, int columns) {
  return {.text = std::move(text), .columns = columns, .align = Align::left};
}
Cell middle(std::string text, int columns = 1, bool bold = false) {
  return {.text = std::move(text), .columns = columns, .align = Align::centre, .bold = bold};
}
Cell points(std::int64_t hundredths, bool bold = false) {
  auto text = indicators::hundredths_text(hundredths);
  auto number = std::stod(text);
  return {.text = std::move(text), .align = Align::centre, .bold = bold, .number = number};
}
Cell money(std::int64_t fen) {
  auto text = budget::published(fen);
  auto number = std::stod(text);
  return {.text = std::move(text), .align = Align::right, .number = number};
}

std::string said(const std::string& cause, const std::string& remedy) {
  if (cause.empty() && remedy.empty()) return "";
  return (cause.empty() ? std::string() : "原因：" + cause) +
         (remedy.empty() ? std::string() : (cause.empty() ? "" : "\n") + ("措施：" + remedy));
}

std::string actual_of(const Item& item) {
  auto value = item.actual();
  if (!value) return item.drawn == Drawn::none ? "无证据" : item.drawn == Drawn::failed ? "取数失败" : "";
  auto text = value->text();
  if (item.direction == Direction::qualitative) return "完成程度\n" + text + "%";
  return text + item.unit;
}

void head(const Evaluation& e, const Form& form, std::vector<Row>& rows) {
  if (!e.project.empty()) rows.push_back({label("项目名称", 2), wide(e.project_name, 4), label("编码"), wide(e.project, 1)});
  rows.push_back({label("部门（单位）", 2), wide(e.department_name, kColumns - 2)});
  rows.push_back({label(e.project.empty() ? "部门预算\n资金（万元）" : "项目资金\n（万元）", 2, 2), label("年初预算数"),
                  label("全年预算数"), label("全年执行数"), label("分值"), label("执行率"), label("得分")});
  rows.push_back({money(form.funds.initial), money(form.funds.adjusted), money(form.funds.spent), points(kExecutionWeight),
                  middle(indicators::hundredths_text(execution_rate(form.funds)) + "%"), points(execution_score(form.funds))});
  if (auto text = said(form.funds_cause, form.funds_remedy); !text.empty())
    rows.push_back({label("执行偏差", 2), wide(text, kColumns - 2)});
  rows.push_back({label("年度总体\n目标", 2, 2), label("预期目标", 3), label("实际完成情况", 3)});
  rows.push_back({wide(form.expected.empty() ? "无" : form.expected, 3), wide(form.reached, 3)});
}

void items(const Form& form, std::vector<Row>& rows) {
  rows.push_back({label("一级指标"), label("二级指标"), label("三级指标"), label("年度指标值"), label("实际完成值"),
                  label("分值"), label("得分"), label("偏差原因分析及\n改进措施")});
  auto same = [&](std::size_t from, auto of) {
    auto end = from;
    while (end < form.items.size() && of(form.items[end]) == of(form.items[from])) ++end;
    return static_cast<int>(end - from);
  };
  auto group = [](const Item& i) { return group_of(i.level); };
  auto level = [](const Item& i) { return std::string_view(i.level); };
  for (std::size_t i = 0; i < form.items.size(); ++i) {
    const auto& one = form.items[i];
    Row row;
    if (i == 0 || group(form.items[i - 1]) != group(one)) row.push_back(label(group_name(group(one)).zh, 1, same(i, group)));
    if (i == 0 || level(form.items[i - 1]) != level(one)) row.push_back(label(second_name(one.level).zh, 1, same(i, level)));
    row.push_back(wide(one.name, 1));
    row.push_back(middle(one.target + one.unit));
    row.push_back(middle(actual_of(one)));
    row.push_back(points(one.weight));
    auto score = one.score();
    row.push_back(score ? points(*score) : middle("—"));
    auto note = said(one.cause, one.remedy);
    if (!one.hand.empty() && one.drawn != Drawn::value) note += (note.empty() ? "" : "\n") + ("手工填写：" + one.hand_reason);
    row.push_back(wide(note, 1));
    rows.push_back(std::move(row));
  }
}

}  // namespace

Text title_of(const Evaluation& e) {
  return e.project.empty() ? Text{fmt::format("{} {} 年部门整体支出绩效自评表", e.department_name, e.year),
                                  fmt::format("Self-evaluation of {} for {}", e.department_name, e.year)}
                           : Text{fmt::format("{} {} 年项目支出绩效自评表（{}）", e.department_name, e.year, e.project_name),
                                  fmt::format("Self-evaluation of {} of {} for {}", e.project_name, e.department_name, e.year)};
}

Result<std::string> printed(const Detail& d, PrintFormat format, const std::filesystem::path& folder) {
  const auto& e = d.evaluation;
  print::Table table{.title = fmt::format("{} 年{}支出绩效自评表", e.year, e.project.empty() ? "部门整体" : "项目"),
                     .left = "单位名称：" + e.department_name,
                     .right = "金额单位：万元",
                     .columns = {{1.5, Align::centre},
                                 {1.8, Align::centre},
                                 {2.2, Align::left},
                                 {1.5, Align::centre},
                                 {1.5, Align::centre},
                                 {1.1, Align::centre},
                                 {1.2, Align::centre},
                                 {2.4, Align::left}},
                     .head = {},
                     .rows = {},
                     .note = {}};
  head(e, d.form, table.rows);
  items(d.form, table.rows);
  auto total = total_of(d.form);
  table.rows.push_back(
      {label("总　分", 5), points(kWhole, true), points(total.score, true),
       middle(total.complete ? "等级：" + grade_name(total.grade).zh : "尚有指标没有得分，不评等级", 1, true)});
  if (!total.complete) table.note = "注：没有证据或没有完成值的指标不得分，得分为其余各项之和。";
  print::Document document{.title = title_of(e).zh,
                           .footer = fmt::format("{} {} 年绩效自评 第 {} 版 {}", e.department_name, e.year, d.version.number,
                                                 title(d.version.state).zh),
                           .tables = {}};
  document.tables.push_back(std::move(table));
  return format == PrintFormat::pdf ? print::pdf(document) : print::xlsx(document, folder);
}

}  // namespace qushu::evaluation
