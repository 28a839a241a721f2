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
// Within a bracket behind something else: "“三公”经费3万元（其中：一般公共预算支出3万元）" is no expenditure of the unit.
[[nodiscard]] bool of_a_bracket(const Mention& m, const Statements& said);
// Parts that are named by one word within their whole: 货物, 工程, 服务 of procurement.
[[nodiscard]] std::optional<Subject> within(const Mention& m, const Statements& said);

}  // namespace qushu::budget
