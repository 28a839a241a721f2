// Lineage as JSON, and as a table of whom a change hurts.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/csv.h"
#include "qushu/base/text.h"
#include "qushu/insight/lineage.h"

namespace qushu::insight {
namespace {

constexpr std::array<std::string_view, 8> kKinds{"file", "source", "push", "pipeline", "step", "dataset", "reader", "relation"};

const std::array<Text, 8> kKindNames{Text{"文件", "file"},         Text{"数据源", "source"},  Text{"推送", "push"},
                                     Text{"归集任务", "pipeline"}, Text{"步骤", "step"},      Text{"数据集", "dataset"},
                                     Text{"使用方", "reader"},     Text{"关系表", "relation"}};

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object to_json(const Node& node) {
  json::array columns;
  for (const auto& column : node.columns) columns.emplace_back(json::object{{"id", column.id}, {"name", column.name}});
  return {{"id", node.id},
          {"kind", name(node.kind)},
          {"title", or_null(node.title)},
          {"code", or_null(node.code)},
          {"detail", or_null(node.detail)},
          {"columns", std::move(columns)},
          {"hidden", node.hidden},
          {"distance", node.distance},
          {"touched", json::array(node.touched.begin(), node.touched.end())},
          {"certain", node.certain},
          {"calls", node.calls},
          {"last_day", or_null(node.last_day)}};
}

json::object to_json(const Edge& edge) {
  json::array flows;
  for (const auto& flow : edge.flows)
    flows.emplace_back(json::object{{"from", flow.from}, {"to", flow.to}, {"copied", flow.copied}, {"certain", flow.certain}});
  return {{"from", edge.from}, {"to", edge.to}, {"flows", std::move(flows)}};
}

// The nodes that are reached from the first along the edges.
std::vector<const Node*> behind(const Graph& graph) {
  std::set<std::string> reached{graph.nodes.front().id};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const auto& edge : graph.edges)
      if (reached.contains(edge.from)) reached.insert(edge.to);
  }
  std::vector<const Node*> out;
  for (const auto& node : graph.nodes)
    if (&node != &graph.nodes.front() && reached.contains(node.id)) out.push_back(&node);
  std::ranges::sort(out, {}, [](const Node* node) { return std::pair(node->distance, node->id); });
  return out;
}

std::string shown_title(const Node& node, Lang lang) {
  if (!node.hidden) return node.title;
  if (node.kind == NodeKind::reader)
    return lang == Lang::zh ? node.detail + " 个使用方（无权查看）" : node.detail + " readers (not for you to see)";
  return lang == Lang::zh ? "无权查看" : "not for you to see";
}

std::string fields_of(const Node& node) {
  std::vector<std::string> names;
  for (const auto& id : node.touched) {
    auto column = std::ranges::find(node.columns, id, &NodeColumn::id);
    names.push_back(column == node.columns.end() ? id : column->name);
  }
  return join(names, ", ");
}

}  // namespace

std::string_view name(NodeKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

json::object to_json(const Graph& graph) {
  json::array nodes, edges;
  for (const auto& node : graph.nodes) nodes.emplace_back(to_json(node));
  for (const auto& edge : graph.edges) edges.emplace_back(to_json(edge));
  return {{"nodes", std::move(nodes)}, {"edges", std::move(edges)}, {"complete", graph.complete}};
}

json::array impact_of(const Graph& graph, Lang lang) {
  json::array out;
  for (const auto* node : behind(graph))
    out.emplace_back(
        json::object{{"kind", name(node->kind)},
                     {"kind_name", kKindNames.at(static_cast<std::size_t>(node->kind)).in(lang)},
                     {"title", shown_title(*node, lang)},
                     {"code", or_null(node->code)},
                     {"department_name", or_null(node->hidden || node->kind == NodeKind::step ? "" : node->detail)},
                     {"hidden", node->hidden},
                     {"distance", node->distance},
                     {"fields", fields_of(*node)},
                     {"certain", node->certain},
                     {"calls", node->calls},
                     {"last_day", or_null(node->last_day)}});
  return out;
}

std::string impact_csv(const Graph& graph, Lang lang) {
  std::string out = lang == Lang::zh ? "\xEF\xBB\xBF类别,名称,部门,距离,涉及信息项,是否确定,调用次数,最近使用\r\n"
                                     : "\xEF\xBB\xBFKind,Title,Department,Distance,Fields,Certain,Calls,Last used\r\n";
  for (const auto* node : behind(graph))
    append_csv_line(
        std::array{kKindNames.at(static_cast<std::size_t>(node->kind)).in(lang), shown_title(*node, lang),
                   node->hidden || node->kind == NodeKind::step ? std::string() : node->detail, std::to_string(node->distance),
                   fields_of(*node), Text{node->certain ? "是" : "否", node->certain ? "yes" : "no"}.in(lang),
                   std::to_string(node->calls), node->last_day},
        out);
  return out;
}

}  // namespace qushu::insight
