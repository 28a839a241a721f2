// The classification of the catalogue: a tree of 类 (one digit), 项 (two), 目 (three) and 细目 (any number of digits), whose
// first level are the three axes 基础, 主题 and 部门. It is a table that the data authority keeps; a resource's code begins
// with the digits from the root to its node.
//
// A node that an entry ever used is never deleted: it is retired, keeps its meaning for old entries and is not offered any
// more. Resource codes that were assigned do not follow when a node is moved or gets another code.
//
// The axis 部门 is filled from the departments: each has a 目 there that is made, renamed and given up with it, and a dataset
// belongs to the node of its department besides the classes that it names. People may give such a node another code or move it
// below another 项.
//
// Thread-safety: a Classification may be used from any thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {

struct Node {
  std::string id, parent_id, code, name;  // code: its own digits; parent_id empty: an axis
  std::string full_code;                  // "201"
  std::string path;                       // "主题 › 公共服务"
  std::int64_t depth = 0;                 // 0 类, 1 项, 2 目, 3 细目
  bool retired = false;
  bool used = false;               // by an entry, now or ever
  std::int64_t entries = 0;        // working copies that name it or one below it, or are of its department
  std::string department_id = {};  // that it follows; empty: people keep it
};

// What a node needs to know of a department, which identity owns.
struct ClassifiedDepartment {
  std::string id, code, name;
};

struct NodeChange {
  std::optional<std::string> name, code, parent_id;  // another parent of the same depth
  std::optional<bool> retired;
};

class Classification {
 public:
  [[nodiscard]] static std::unique_ptr<Classification> open(store::Store& store, audit::Audit& audit);
  virtual ~Classification() = default;

  // All nodes, each after its parent, by code.
  [[nodiscard]] virtual Result<std::vector<Node>> nodes() const = 0;
  [[nodiscard]] virtual Result<std::vector<Node>> nodes(store::Session& s) const = 0;
  [[nodiscard]] virtual Result<Node> add(const Actor& actor, std::string_view parent_id, std::string_view code,
                                         std::string_view name) = 0;
  [[nodiscard]] virtual Result<Node> change(const Actor& actor, std::string_view id, const NodeChange& change) = 0;
  // Makes, renames and gives up the nodes of the departments, of which these are all; audited. In the transaction that changed
  // them, and at the start for what was there before.
  [[nodiscard]] virtual Result<void> follow(store::Transaction& t, const Actor& actor,
                                            std::span<const ClassifiedDepartment> departments) = 0;
  [[nodiscard]] virtual Result<void> follow(std::span<const ClassifiedDepartment> departments) = 0;
  // Only one that was never used, has nothing below it and follows no department.
  [[nodiscard]] virtual Result<void> remove(const Actor& actor, std::string_view id) = 0;
};

// The nodes and everything below them.
[[nodiscard]] std::vector<std::string> with_below(const std::vector<Node>& nodes, const std::vector<std::string>& ids);
// The digits before the "/" of a resource code: 类, 项 and 目 filled with zeros where the node is higher.
[[nodiscard]] std::string code_prefix(const Node& node);

}  // namespace qushu::catalog
