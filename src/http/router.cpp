#include "qushu/http/router.h"

#include <array>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"

#include "openapi.h"

namespace qushu::http {
namespace {

constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};

[[noreturn]] void refuse(const Route& route, std::string_view why) {
  log::error("a route cannot be added", {{"path", route.path}, {"id", route.id}, {"why", std::string(why)}});
  std::abort();
}

}  // namespace

Access anyone() {
  return {.kind = Access::Kind::anyone};
}
Access signed_in() {
  return {.kind = Access::Kind::signed_in};
}
Access may(Permission permission) {
  return {.kind = Access::Kind::permission, .any_of = {permission}};
}
Access may_any(std::vector<Permission> permissions) {
  return {.kind = Access::Kind::permission, .any_of = std::move(permissions)};
}

// A node for each segment: fixed names first, then one parameter, then one that takes the rest.
struct Router::Tree {
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> fixed;
    std::unique_ptr<Node> any;
    std::array<const Route*, 5> here{}, rest{};
  };
  std::vector<std::unique_ptr<Route>> owned;
  std::vector<Route> list;
  std::set<std::string> ids;
  Node root;
};

namespace {

std::vector<std::string> parameter_names(std::string_view pattern) {
  std::vector<std::string> names;
  for (auto part : split(pattern.substr(1), '/'))
    if (part.starts_with('{')) names.emplace_back(part.substr(1, part.size() - 2 - (part.ends_with("*}") ? 1 : 0)));
  return names;
}

}  // namespace

Router::Router() : tree_(std::make_unique<Tree>()) {}
Router::~Router() = default;

void Router::add(Route route) {
  if (!route.path.starts_with('/')) refuse(route, "the path does not begin with /");
  if (!route.handler) refuse(route, "it has no handler");
  if (route.id.empty() || !tree_->ids.insert(route.id).second) refuse(route, "its id is missing or taken");
  auto* node = &tree_->root;
  auto method = static_cast<std::size_t>(route.method);
  tree_->owned.push_back(std::make_unique<Route>(std::move(route)));
  const Route* added = tree_->owned.back().get();
  tree_->list.push_back(*added);
  for (auto part : split(std::string_view(added->path).substr(1), '/')) {
    if (part.starts_with('{') && part.ends_with("*}")) {
      if (node->rest.at(method)) refuse(*added, "it is there already");
      node->rest.at(method) = added;
      return;
    }
    if (part.starts_with('{')) {
      if (!part.ends_with('}')) refuse(*added, "a parameter is a whole segment");
      if (!node->any) node->any = std::make_unique<Tree::Node>();
      node = node->any.get();
    } else {
      auto& next = node->fixed[std::string(part)];
      if (!next) next = std::make_unique<Tree::Node>();
      node = next.get();
    }
  }
  if (node->here.at(method)) refuse(*added, "it is there already");
  node->here.at(method) = added;
}

const std::vector<Route>& Router::routes() const {
  return tree_->list;
}

Result<Router::Match> Router::match(Method method, std::string_view path) const {
  std::vector<std::string_view> parts;
  if (path.starts_with('/')) parts = split(path.substr(1), '/');
  std::set<std::string_view> allowed;
  std::vector<std::string> values;
  const Route* found = nullptr;
  auto take = [&](const std::array<const Route*, 5>& routes) {
    for (std::size_t m = 0; m < routes.size(); ++m)
      if (routes.at(m)) allowed.insert(kMethods.at(m));
    found = routes.at(static_cast<std::size_t>(method));
    return found != nullptr;
  };
  auto walk = [&](auto& self, const Tree::Node& node, std::size_t i) -> bool {
    if (i == parts.size()) return take(node.here);
    if (auto next = node.fixed.find(parts[i]); next != node.fixed.end() && self(self, *next->second, i + 1)) return true;
    if (node.any && !parts[i].empty()) {
      values.emplace_back(parts[i]);
      if (self(self, *node.any, i + 1)) return true;
      values.pop_back();
    }
    std::string rest;
    for (auto j = i; j < parts.size(); ++j) rest += (j == i ? "" : "/") + std::string(parts[j]);
    values.push_back(std::move(rest));
    if (take(node.rest)) return true;
    values.pop_back();
    return false;
  };
  if (!parts.empty() && walk(walk, tree_->root, 0)) {
    Match match{.route = found, .params = {}};
    auto names = parameter_names(found->path);
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) match.params.emplace(names[i], values[i]);
    return match;
  }
  if (allowed.empty()) return fail(Code::not_found, "http.not_found", "没有这个地址。", "There is nothing at this address.");
  if (allowed.contains("GET")) allowed.insert("HEAD");
  std::string list;
  for (auto name : allowed) list += (list.empty() ? "" : ", ") + std::string(name);
  return fail(Error{.code = Code::invalid,
                    .id = "http.method",
                    .text = {fmt::format("这个地址不支持该方法，可用：{}。", list),
                             fmt::format("This address does not take the method; it takes {}.", list)},
                    .subject = list});
}

json::object Router::openapi(std::string_view version, Lang lang) const {
  return describe_routes(tree_->list, version, lang);
}

}  // namespace qushu::http
