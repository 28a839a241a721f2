// What a single field touches, and how far things are.
#include <algorithm>
#include <deque>
#include <utility>

#include "graph.h"

namespace qushu::insight {
namespace {

// A column of a node; the column "" is the node's rows as a whole.
using Spot = std::pair<std::string, std::string>;
using Reached = std::map<Spot, bool>;  // with whether it is certain

class Spread {
 public:
  explicit Spread(const Graph& graph) : graph_(graph) {}

  Reached from(const Spot& start, bool forward) {
    reach(start, true);
    while (!waiting_.empty()) {
      auto spot = waiting_.front();
      waiting_.pop_front();
      for (const auto& edge : graph_.edges)
        if ((forward ? edge.from : edge.to) == spot.first) along(edge, spot, forward);
    }
    return std::move(reached_);
  }

 private:
  void reach(Spot spot, bool certain) {
    auto [place, fresh] = reached_.try_emplace(spot, certain);
    if (!fresh && (place->second || !certain)) return;  // nothing new
    place->second = certain;
    waiting_.push_back(std::move(spot));
  }

  void along(const Edge& edge, const Spot& spot, bool forward) {
    bool certain = reached_.at(spot);
    const auto& there = forward ? edge.to : edge.from;
    if (edge.flows.empty()) {
      reach({there, {}}, false);
      return;
    }
    for (const auto& flow : edge.flows) {
      if (forward) {
        // Rows that are other ones make everything behind them other.
        if (spot.second.empty())
          reach({there, {}}, certain);
        else if (flow.from == spot.second)
          reach({there, flow.to}, certain && flow.certain);
        else if (flow.from.empty())
          reach({there, flow.to}, false);
      } else if (!flow.to.empty() && (spot.second.empty() || flow.to == spot.second)) {
        reach({there, flow.from}, certain && flow.certain);
      }
    }
  }

  const Graph& graph_;
  Reached reached_;
  std::deque<Spot> waiting_;
};

void keep(Graph& graph, const Reached& up, const Reached& down) {
  std::map<std::string, std::pair<std::set<std::string>, bool>> touched;
  for (const auto* reached : {&up, &down})
    for (const auto& [spot, certain] : *reached) {
      auto [place, fresh] = touched.try_emplace(spot.first, std::set<std::string>{}, certain);
      if (!fresh) place->second.second = place->second.second || certain;
      if (!spot.second.empty()) place->second.first.insert(spot.second);
    }
  std::erase_if(graph.nodes, [&](const Node& node) { return !touched.contains(node.id); });
  for (auto& node : graph.nodes) {
    const auto& [columns, certain] = touched.at(node.id);
    node.touched.assign(columns.begin(), columns.end());
    node.certain = certain;
  }
  auto spread = [](const Reached& reached, const std::string& node, const std::string& column) {
    return reached.contains({node, column}) || reached.contains({node, {}});
  };
  std::erase_if(graph.edges, [&](Edge& edge) {
    if (!touched.contains(edge.from) || !touched.contains(edge.to)) return true;
    if (edge.flows.empty()) return false;
    std::erase_if(edge.flows, [&](const Edge::Flow& flow) {
      bool back = spread(up, edge.from, flow.from) && spread(up, edge.to, flow.to);
      bool on = (flow.from.empty() || spread(down, edge.from, flow.from)) && spread(down, edge.to, flow.to);
      return !back && !on;
    });
    return edge.flows.empty();
  });
}

}  // namespace

void narrow_to_field(Graph& graph, const std::string& field, Direction direction) {
  Spot start{graph.nodes.front().id, field};
  Reached up, down;
  if (direction != Direction::down) up = Spread(graph).from(start, false);
  if (direction != Direction::up) down = Spread(graph).from(start, true);
  keep(graph, up, down);
}

void measure(Graph& graph) {
  std::map<std::string, Node*> nodes;
  for (auto& node : graph.nodes) nodes[node.id] = &node;
  for (bool forward : {true, false}) {
    std::set<std::string> seen{graph.nodes.front().id};
    std::deque<std::string> waiting{graph.nodes.front().id};
    while (!waiting.empty()) {
      auto here = waiting.front();
      waiting.pop_front();
      for (const auto& edge : graph.edges) {
        if ((forward ? edge.from : edge.to) != here) continue;
        const auto& there = forward ? edge.to : edge.from;
        if (!seen.insert(there).second) continue;
        waiting.push_back(there);
        auto& node = *nodes.at(there);
        if (node.distance == 0) node.distance = nodes.at(here)->distance + (forward ? 1 : -1);
      }
    }
  }
}

}  // namespace qushu::insight
