// Inside the module: a budget as the official tables and forms, to be printed. Figures are those that are published: 万元 with
// two decimals, each rounded by itself.
#pragma once

#include "qushu/budget/budgets.h"
#include "qushu/print/print.h"

namespace qushu::budget {

// 收支总表, 收入总表, 支出总表, 财政拨款收支总表, 一般公共预算支出表, 基本支出表, 三公经费表, 政府性基金预算支出表,
// 国有资本经营预算支出表, 项目支出表, 政府采购和购买服务表, and the declaration forms of the unit as a whole,
// where it has goals of its own, and of each project.
[[nodiscard]] print::Document official_tables(const Detail& detail);
// One project's 项目支出绩效目标申报表; nullopt: there is no such project.
[[nodiscard]] std::optional<print::Document> project_form(const Detail& detail, std::string_view code);

}  // namespace qushu::budget
