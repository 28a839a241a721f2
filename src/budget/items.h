// What a figure of a sentence is part of: of the basic expenditure, of the projects, of one item, of a unit below.
#pragma once

#include <optional>
#include <string>

#include "statements.h"
#include "subject.h"

namespace qushu::budget {

// "1.基本支出80万元…其中：" over paragraphs of its classes: "basic"; empty where it is neither.
[[nodiscard]] std::string part_of_head(const Statements& said);
// "项目支出3万元，其中：商品和服务支出2万元": "project"; empty where the sentence does not say.
[[nodiscard]] std::string part_within(const Mention& m, const Statements& said);
// "初中教育支出20万元，其中：基本支出18万元": the basic expenditure on that item, not all there is. `m` has a subject.
[[nodiscard]] bool of_an_item(const Mention& m, const Statements& said);
// The amount that `m`, which has a subject, is listed as a part of; nullptr without one:
// "一般公共预算支出9万元，其中：基本支出8万元".
[[nodiscard]] const Mention* whole_of(const Mention& m, const Statements& said);
// "教育支出9万元，其中：当年拨款安排的教育支出8万元", "重点项目支出包括：甲项目支出2万元，乙项目支出1万元",
// "机关运行经费3万元，其中： 日常公用经费2万元": what is listed bears the name of a whole and is a part of something. `m` has a
// subject.
[[nodiscard]] bool names_a_part(const Mention& m, const Statements& said);
// Within a bracket behind something else: "“三公”经费3万元（其中：一般公共预算支出3万元）" is no expenditure of the unit.
[[nodiscard]] bool of_a_bracket(const Mention& m, const Statements& said);
// Parts that are named by one word within their whole: 货物, 工程, 服务 of procurement.
[[nodiscard]] std::optional<Subject> within(const Mention& m, const Statements& said);

}  // namespace qushu::budget
