#include <algorithm>
#include <array>

#include "qushu/catalog/entry.h"

namespace qushu::catalog {
namespace {

const std::array kFormats{Word{"file", {"电子文件", "Electronic file"}},     Word{"spreadsheet", {"电子表格", "Spreadsheet"}},
                          Word{"database", {"数据库", "Database"}},          Word{"image", {"图形图像", "Graphics and images"}},
                          Word{"stream", {"流媒体", "Streaming media"}},     Word{"markup", {"自描述格式", "Self-describing"}},
                          Word{"service", {"服务接口", "Service interface"}}};
const std::array kItemTypes{Word{"C", {"字符型", "Characters"}},
                            Word{"N", {"数值型", "Numeric"}},
                            Word{"Y", {"货币型", "Currency"}},
                            Word{"D", {"日期型", "Date"}},
                            Word{"T", {"日期时间型", "Date and time"}},
                            Word{"L", {"逻辑型", "Logical"}},
                            Word{"M", {"备注型", "Memo"}},
                            Word{"G", {"通用型", "General"}},
                            Word{"B", {"双精度型", "Double"}},
                            Word{"I", {"整型", "Integer"}},
                            Word{"F", {"浮点型", "Float"}}};
const std::array kMethods{Word{"database", {"共享数据库", "Database"}}, Word{"file", {"文件下载", "File download"}},
                          Word{"service", {"服务接口", "Service interface"}}};
const std::array kOpen{Word{"unconditional", {"无条件开放", "Open"}}, Word{"conditional", {"有条件开放", "Open on conditions"}},
                       Word{"none", {"不予开放", "Not open"}}};
const std::array kConclusions{Word{"pass", {"通过", "Passed"}}, Word{"measures", {"采取措施后通过", "Passed with measures"}},
                              Word{"fail", {"不通过", "Failed"}}};
const std::array kStates{Word{"draft", {"草稿", "Draft"}},
                         Word{"returned", {"退回修改", "Returned"}},
                         Word{"refused", {"已拒绝", "Refused"}},
                         Word{"register_review", {"待注册审核", "Registration review"}},
                         Word{"registered", {"已注册", "Registered"}},
                         Word{"publish_review", {"待发布审核", "Publication review"}},
                         Word{"published", {"已发布", "Published"}}};

const std::array kTransitions{
    Transition{
        .action = "submit", .from = "draft", .to = "register_review", .name = {"提交注册审核", "Submit for registration"}},
    Transition{.action = "submit", .from = "returned", .to = "register_review", .name = {"重新提交", "Submit again"}},
    Transition{.action = "recall", .from = "register_review", .to = "draft", .name = {"撤回提交", "Take back"}},
    Transition{
        .action = "register", .from = "register_review", .to = "registered", .review = true, .name = {"通过注册", "Register"}},
    Transition{.action = "return",
               .from = "register_review",
               .to = "returned",
               .review = true,
               .needs_comment = true,
               .name = {"退回修改", "Return"}},
    Transition{.action = "refuse",
               .from = "register_review",
               .to = "refused",
               .review = true,
               .needs_comment = true,
               .name = {"拒绝", "Refuse"}},
    Transition{
        .action = "submit", .from = "registered", .to = "publish_review", .name = {"提交发布审核", "Submit for publication"}},
    Transition{.action = "recall", .from = "publish_review", .to = "registered", .name = {"撤回提交", "Take back"}},
    Transition{.action = "publish", .from = "publish_review", .to = "published", .review = true, .name = {"发布", "Publish"}},
    Transition{.action = "return",
               .from = "publish_review",
               .to = "returned",
               .review = true,
               .needs_comment = true,
               .name = {"退回修改", "Return"}},
    Transition{.action = "refuse",
               .from = "publish_review",
               .to = "refused",
               .review = true,
               .needs_comment = true,
               .name = {"拒绝", "Refuse"}},
    Transition{.action = "unpublish",
               .from = "published",
               .to = "registered",
               .needs_comment = true,
               .either = true,
               .name = {"取消发布", "Unpublish"}},
    Transition{.action = "revise", .from = "registered", .to = "draft", .name = {"变更目录", "Revise"}},
    Transition{.action = "revise", .from = "published", .to = "draft", .name = {"变更目录", "Revise"}},
    Transition{.action = "revise", .from = "refused", .to = "draft", .name = {"重新起草", "Draft again"}}};

}  // namespace

std::span<const Word> formats() {
  return kFormats;
}
std::span<const Word> item_types() {
  return kItemTypes;
}
std::span<const Word> sharing_methods() {
  return kMethods;
}
std::span<const Word> open_types() {
  return kOpen;
}
std::span<const Word> conclusions() {
  return kConclusions;
}
std::span<const Word> entry_states() {
  return kStates;
}
std::span<const Transition> transitions() {
  return kTransitions;
}

Text name_of(std::span<const Word> words, std::string_view code) {
  auto found = std::ranges::find(words, code, &Word::code);
  return found == words.end() ? Text{std::string(code), std::string(code)} : found->name;
}

}  // namespace qushu::catalog
