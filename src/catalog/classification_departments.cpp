#include "classification_departments.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "entry_rows.h"

namespace qushu::catalog {
namespace {

constexpr std::string_view kAxis = "3";           // the id of 部门信息资源, whatever it is called by now
constexpr std::int64_t kHeads = 999;              // 目 below one 项
constexpr std::size_t kName = 60;                 // characters of a node's name
constexpr std::string_view kHolder = "区级部门";  // the 项 that is made when there is none to put departments below

std::string free_code(const std::vector<Node>& nodes, std::string_view parent, std::int64_t most, int digits) {
  std::set<std::string> taken;
  for (const auto& node : nodes)
    if (node.parent_id == parent) taken.insert(node.code);
  for (std::int64_t n = 1; n <= most; ++n)
    if (auto code = fmt::format("{:0{}}", n, digits); !taken.contains(code)) return code;
  return {};
}

// What has to be done, worked out over a copy of the tree, so that it can be asked without doing it.
class Plan {
 public:
  Plan(std::vector<Node> nodes, std::span<const ClassifiedDepartment> departments)
      : nodes_(std::move(nodes)), departments_(departments) {}

  std::vector<FollowedChange> run() {
    // Who took the axis away does without it.
    if (std::ranges::find(nodes_, kAxis, &Node::id) == nodes_.end()) return {};
    for (const auto& department : departments_) follow(department);
    for (auto& node : nodes_)
      if (!node.department_id.empty() && !node.retired && find(node.department_id) == departments_.end()) let_go(node);
    return std::move(changes_);
  }

 private:
  [[nodiscard]] std::span<const ClassifiedDepartment>::iterator find(std::string_view id) const {
    return std::ranges::find(departments_, id, &ClassifiedDepartment::id);
  }

  void follow(const ClassifiedDepartment& d) {
    auto node = std::ranges::find(nodes_, d.id, &Node::department_id);
    if (node == nodes_.end()) node = adopt(d);
    if (node == nodes_.end()) {
      auto parent = holder();
      if (parent.empty()) {
        log::warn("the classification has no room for another department", {{"department", d.name}});
        return;
      }
      Node made{.id = new_id(), .parent_id = parent, .code = free_code(nodes_, parent, kHeads, 3), .depth = 2};
      made.department_id = d.id;
      made.name = name_for(d, made);
      nodes_.push_back(made);
      changes_.push_back({"add", made});
      return;
    }
    auto was = *node;
    node->department_id = d.id;
    node->name = name_for(d, *node);
    bool came_back = was.department_id != d.id;
    if (came_back) node->retired = false;
    if (came_back || node->name != was.name) changes_.push_back({"change", *node});
  }

  // What people made for it before, or what it left behind when it was removed and comes back.
  std::vector<Node>::iterator adopt(const ClassifiedDepartment& d) {
    return std::ranges::find_if(nodes_, [&](const Node& node) {
      return node.depth > 0 && node.name == shorten(d.name, kName - 1) && below_axis(node) &&
             (node.department_id.empty() || find(node.department_id) == departments_.end());
    });
  }

  [[nodiscard]] bool below_axis(const Node& node) const {
    if (node.parent_id == kAxis || node.parent_id.empty()) return node.parent_id == kAxis;
    auto parent = std::ranges::find(nodes_, node.parent_id, &Node::id);
    return parent != nodes_.end() && below_axis(*parent);
  }

  // Departments in different places may share a name, brothers in the classification may not.
  [[nodiscard]] std::string name_for(const ClassifiedDepartment& d, const Node& node) const {
    auto name = shorten(d.name, kName - 1);
    bool taken = std::ranges::any_of(nodes_, [&](const Node& other) {
      return other.id != node.id && other.parent_id == node.parent_id && other.name == name;
    });
    if (!taken) return name;
    auto more = fmt::format("（{}）", shorten(d.code, 20));
    return shorten(d.name, kName - 1 - utf8_length(more)) + more;
  }

  std::string holder() {
    for (const auto& node : nodes_)
      if (node.parent_id == kAxis && !node.retired && node.department_id.empty() &&
          !free_code(nodes_, node.id, kHeads, 3).empty())
        return node.id;
    auto code = free_code(nodes_, kAxis, 99, 2);
    if (code.empty()) return {};
    bool first = std::ranges::none_of(nodes_, [](const Node& n) { return n.parent_id == kAxis && n.name == kHolder; });
    Node made{.id = new_id(),
              .parent_id = std::string(kAxis),
              .code = code,
              .name = first ? std::string(kHolder) : fmt::format("{}（{}）", kHolder, code),
              .depth = 1};
    nodes_.push_back(made);
    changes_.push_back({"add", made});
    return made.id;
  }

  void let_go(Node& node) {
    bool empty = std::ranges::find(nodes_, node.id, &Node::parent_id) == nodes_.end();
    node.retired = true;
    changes_.push_back({empty && !node.used ? "remove" : "change", node});
  }

  std::vector<Node> nodes_;
  std::span<const ClassifiedDepartment> departments_;
  std::vector<FollowedChange> changes_;
};

}  // namespace

Result<bool> follows_departments(store::Session& s, std::span<const ClassifiedDepartment> departments) {
  QS_TRY(auto nodes, load_nodes(s));
  return Plan(std::move(nodes), departments).run().empty();
}

Result<std::vector<FollowedChange>> follow_departments(store::Transaction& t,
                                                       std::span<const ClassifiedDepartment> departments) {
  QS_TRY(auto nodes, load_nodes(t));
  auto changes = Plan(std::move(nodes), departments).run();
  for (const auto& [action, node] : changes) {
    if (action == "remove")
      QS_CHECK(t.exec("DELETE FROM classification WHERE id = ?", {node.id}));
    else if (action == "add")
      QS_CHECK(t.exec("INSERT INTO classification (id, parent_id, code, name, department_id) VALUES (?, ?, ?, ?, ?)",
                      {node.id, node.parent_id, node.code, node.name, node.department_id}));
    else
      QS_CHECK(t.exec("UPDATE classification SET name = ?, retired = ?, department_id = ? WHERE id = ?",
                      {node.name, node.retired, node.department_id, node.id}));
  }
  // Paths and full codes as they are now.
  QS_TRY(auto after, load_nodes(t));
  for (auto& change : changes)
    if (auto found = std::ranges::find(after, change.node.id, &Node::id); found != after.end()) change.node = *found;
  return changes;
}

const Node* node_of_department(const std::vector<Node>& nodes, std::string_view department_id) {
  if (department_id.empty()) return nullptr;
  auto found = std::ranges::find(nodes, department_id, &Node::department_id);
  return found == nodes.end() ? nullptr : &*found;
}

}  // namespace qushu::catalog
