#include "qushu/catalog/classification.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"

#include "classification_departments.h"
#include "entry_rows.h"
#include "rows.h"

namespace qushu::catalog {
namespace {

struct LevelRule {
  Text name;
  std::size_t min, max;  // digits of its code
};
const std::array kLevelRules{LevelRule{{"类", "class"}, 1, 1}, LevelRule{{"项", "item"}, 2, 2}, LevelRule{{"目", "head"}, 3, 3},
                             LevelRule{{"细目", "detail"}, 1, 12}};

Failure invalid(std::string subject, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid,
                    .id = "classification.invalid",
                    .text = {std::move(zh), std::move(en)},
                    .subject = std::move(subject)});
}

Result<void> check_code(std::string_view code, std::int64_t depth) {
  const auto& rule = kLevelRules.at(static_cast<std::size_t>(depth));
  if (code.size() >= rule.min && code.size() <= rule.max && std::ranges::all_of(code, is_ascii_digit)) return {};
  auto digits = rule.min == rule.max ? std::to_string(rule.min) : fmt::format("{}–{}", rule.min, rule.max);
  return invalid("code", fmt::format("“{}”的代码应为 {} 位数字，现在是“{}”。", rule.name.zh, digits, code),
                 fmt::format("The code of a {} has {} digits, and is “{}”.", rule.name.en, digits, code));
}

Result<void> check_name(std::string_view name) {
  auto length = utf8_length(trim(name));
  if (length >= 1 && length <= 60) return {};
  return invalid("name", fmt::format("名称应为 1 到 60 个字，现在是 {} 个。", length),
                 fmt::format("The name has 1 to 60 characters, and has {}.", length));
}

Result<Node> required(const std::vector<Node>& nodes, std::string_view id, std::string_view subject) {
  auto found = std::ranges::find(nodes, id, &Node::id);
  if (found != nodes.end()) return *found;
  return fail(Error{.code = Code::not_found,
                    .id = "classification.not_found",
                    .text = {"没有这个分类。", "There is no such class."},
                    .subject = std::string(subject)});
}

// Between brothers a code stands once, and so does a name.
Result<void> check_brothers(const std::vector<Node>& nodes, const Node& node) {
  for (const auto& other : nodes) {
    if (other.id == node.id || other.parent_id != node.parent_id) continue;
    if (other.code == node.code)
      return fail(Error{.code = Code::conflict,
                        .id = "classification.code_taken",
                        .text = {fmt::format("代码“{}”已被“{}”使用，请换一个。", node.code, other.name),
                                 fmt::format("The code “{}” belongs to “{}”; choose another one.", node.code, other.name)},
                        .subject = "code"});
    if (other.name == node.name)
      return fail(
          Error{.code = Code::conflict,
                .id = "classification.name_taken",
                .text = {fmt::format("这里已经有“{}”了。", node.name), fmt::format("There is a “{}” here already.", node.name)},
                .subject = "name"});
  }
  return {};
}

class StoredClassification final : public Classification {
 public:
  StoredClassification(store::Store& store, audit::Audit& audit) : store_(store), audit_(audit) {}

  Result<std::vector<Node>> nodes() const override {
    return store_.read([&](store::Session& s) { return nodes(s); });
  }

  Result<std::vector<Node>> nodes(store::Session& s) const override {
    QS_TRY(auto list, load_nodes(s));
    QS_TRY(auto rows, s.query("SELECT classifications, department_id, count(*) FROM dataset GROUP BY 1, 2"));
    for (const auto& row : rows) {
      boost::system::error_code failed;
      auto ids = json::parse(row.text(0), failed);
      if (failed || !ids.is_array()) continue;
      if (const auto* own = node_of_department(list, row.text(1))) ids.as_array().emplace_back(own->id);
      std::set<std::string> counted;
      for (const auto& id : ids.as_array()) {
        std::string at(id.as_string());
        while (!at.empty() && counted.insert(at).second) {
          auto node = std::ranges::find(list, at, &Node::id);
          if (node == list.end()) break;
          node->entries += row.integer(2);
          at = node->parent_id;
        }
      }
    }
    return list;
  }

  Result<Node> add(const Actor& actor, std::string_view parent_id, std::string_view code, std::string_view name) override {
    return store_.write([&](store::Transaction& t) -> Result<Node> {
      QS_TRY(auto list, load_nodes(t));
      Node node{
          .id = new_id(), .parent_id = std::string(parent_id), .code = std::string(code), .name = std::string(trim(name))};
      if (!parent_id.empty()) {
        QS_TRY(auto parent, required(list, parent_id, "parent_id"));
        if (parent.depth + 1 >= static_cast<std::int64_t>(kLevelRules.size()))
          return invalid("parent_id", "细目下面不能再分。", "Nothing stands below a detail.");
        node.depth = parent.depth + 1;
      }
      QS_CHECK(check_code(code, node.depth));
      QS_CHECK(check_name(name));
      QS_CHECK(check_brothers(list, node));
      QS_CHECK(t.exec("INSERT INTO classification (id, parent_id, code, name) VALUES (?, ?, ?, ?)",
                      {node.id, node.parent_id, node.code, node.name}));
      return recorded(t, actor, "classification.add", node.id, {{"code", node.code}, {"name", node.name}});
    });
  }

  Result<Node> change(const Actor& actor, std::string_view id, const NodeChange& change) override {
    return store_.write([&](store::Transaction& t) -> Result<Node> {
      QS_TRY(auto list, load_nodes(t));
      QS_TRY(auto before, required(list, id, "id"));
      auto node = before;
      if (change.name) node.name = std::string(trim(*change.name));
      if (change.code) node.code = *change.code;
      if (change.retired) node.retired = *change.retired;
      if (!node.department_id.empty() && node.name != before.name)
        return fail(Error{.code = Code::conflict,
                          .id = "classification.department",
                          .text = {"这个分类随部门改名，请在“人员与部门”中修改部门名称。",
                                   "This class is named after its department: rename the department."},
                          .subject = "name"});
      if (change.parent_id && *change.parent_id != node.parent_id) {
        node.parent_id = *change.parent_id;
        QS_CHECK(check_move(list, node));
      }
      QS_CHECK(check_code(node.code, node.depth));
      QS_CHECK(check_name(node.name));
      QS_CHECK(check_brothers(list, node));
      QS_CHECK(t.exec("UPDATE classification SET parent_id = ?, code = ?, name = ?, retired = ? WHERE id = ?",
                      {node.parent_id, node.code, node.name, node.retired, node.id}));
      return recorded(t, actor, "classification.change", node.id, {{"before", shown(before)}, {"after", shown(node)}});
    });
  }

  Result<void> follow(store::Transaction& t, const Actor& actor, std::span<const ClassifiedDepartment> departments) override {
    QS_TRY(auto changes, follow_departments(t, departments));
    for (const auto& [action, node] : changes)
      QS_CHECK(audit_.record(t, actor,
                             {.action = "classification." + action,
                              .object_kind = "classification",
                              .object_id = node.full_code,
                              .object_name = node.path,
                              .detail = {{"department", node.department_id}, {"after", shown(node)}}}));
    return {};
  }

  Result<void> follow(std::span<const ClassifiedDepartment> departments) override {
    // Nearly always they do already, and a reader need not wait for a writer.
    QS_TRY(auto in_step, store_.read([&](store::Session& s) { return follows_departments(s, departments); }));
    if (in_step) return {};
    return store_.write([&](store::Transaction& t) { return follow(t, Actor::system(), departments); });
  }

  Result<void> remove(const Actor& actor, std::string_view id) override {
    return store_.write([&](store::Transaction& t) -> Result<void> {
      QS_TRY(auto list, load_nodes(t));
      QS_TRY(auto node, required(list, id, "id"));
      if (!node.department_id.empty() && !node.retired)
        return fail(Code::conflict, "classification.department", "这个分类对应一个部门，随部门删除；不供选择时请停用。",
                    "This class follows a department and goes with it; retire it when it shall not be offered.");
      if (std::ranges::find(list, node.id, &Node::parent_id) != list.end())
        return fail(Code::conflict, "classification.not_empty", "下面还有分类，请先移走或删除。",
                    "There are classes below it: move or remove them first.");
      if (node.used)
        return fail(Code::conflict, "classification.used", "有目录用过这个分类，不能删除；不再使用时请停用。",
                    "Entries have used this class: it cannot be removed. Retire it when it shall not be used any more.");
      QS_CHECK(t.exec("DELETE FROM classification WHERE id = ?", {node.id}));
      return audit_.record(t, actor,
                           {.action = "classification.remove",
                            .object_kind = "classification",
                            .object_id = node.full_code,
                            .object_name = node.path,
                            .detail = {}});
    });
  }

 private:
  // A node is moved below another parent of the depth that its own has, so that its code keeps its meaning.
  static Result<void> check_move(const std::vector<Node>& list, const Node& node) {
    if (node.depth == 0 || node.parent_id.empty())
      return invalid("parent_id", "“类”不能移动，别的层级也不能移成“类”。", "Classes of the first level stay where they are.");
    QS_TRY(auto parent, required(list, node.parent_id, "parent_id"));
    if (parent.depth + 1 == node.depth) return {};
    return invalid("parent_id",
                   fmt::format("只能移到另一个“{}”下面。", kLevelRules.at(static_cast<std::size_t>(node.depth - 1)).name.zh),
                   fmt::format("It can be moved below another {} only.",
                               kLevelRules.at(static_cast<std::size_t>(node.depth - 1)).name.en));
  }

  static json::object shown(const Node& node) {
    return {{"parent_id", node.parent_id}, {"code", node.code}, {"name", node.name}, {"retired", node.retired}};
  }

  Result<Node> recorded(store::Transaction& t, const Actor& actor, std::string_view action, std::string_view id,
                        json::object detail) {
    QS_TRY(auto list, nodes(t));
    QS_TRY(auto node, required(list, id, "id"));
    QS_CHECK(audit_.record(t, actor,
                           {.action = std::string(action),
                            .object_kind = "classification",
                            .object_id = node.full_code,
                            .object_name = node.path,
                            .detail = std::move(detail)}));
    return node;
  }

  store::Store& store_;
  audit::Audit& audit_;
};

}  // namespace

std::unique_ptr<Classification> Classification::open(store::Store& store, audit::Audit& audit) {
  return std::make_unique<StoredClassification>(store, audit);
}

std::vector<std::string> with_below(const std::vector<Node>& nodes, const std::vector<std::string>& ids) {
  std::vector<std::string> out;
  std::set<std::string> in(ids.begin(), ids.end());
  for (const auto& node : nodes)  // each after its parent
    if (in.contains(node.id) || in.contains(node.parent_id)) {
      in.insert(node.id);
      out.push_back(node.id);
    }
  return out;
}

std::string code_prefix(const Node& node) {
  constexpr std::size_t kFull = 6;  // 类 1, 项 2, 目 3
  auto code = node.full_code;
  if (code.size() < kFull) code.append(kFull - code.size(), '0');
  return code;
}

}  // namespace qushu::catalog
