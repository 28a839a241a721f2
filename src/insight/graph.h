// Inside the module: the graph being built, and what of it a single field touches.
#pragma once

#include <map>
#include <set>
#include <string>

#include "qushu/insight/lineage.h"

namespace qushu::insight {

class GraphBuilder {
 public:
  GraphBuilder(const LineageService::Deps& deps, const Actor& actor) : deps_(deps), actor_(actor) {}

  // The graph around a dataset that the caller may see, without regard to a field.
  [[nodiscard]] Result<Graph> build(const catalog::Dataset& dataset, const GraphQuestion& question);

 private:
  struct Limits {
    int depth = 3;
    std::size_t nodes = 500;
    std::string since_day;
  };

  [[nodiscard]] bool full() const { return graph_.nodes.size() >= limits_.nodes; }
  Node* add(Node node);  // the node that is there already when it is; nullptr: there is no room
  Edge& between(const std::string& from, const std::string& to);

  Result<std::optional<catalog::Dataset>> known(const std::string& id);
  [[nodiscard]] bool visible(const std::string& id) const { return visible_.contains(id); }
  // The node of a dataset's version; its name.
  Result<std::string> dataset_node(const std::string& id, std::int64_t version);

  [[nodiscard]] Result<std::vector<catalog::Version>> since_full(const std::string& id, std::int64_t version) const;
  Result<void> up(const std::string& id, std::int64_t version, int left);
  Result<void> down(const std::string& id, int left);
  Result<void> readers(const catalog::Dataset& dataset);

  // How a version was made: pipeline, steps and the edges between. `inputs`: with what it was made from; otherwise only from
  // what is in the graph already.
  Result<void> made_by(const catalog::Dataset& dataset, const catalog::Version& version, const ingest::Trace& trace, int left,
                       bool inputs);
  Result<std::string> input_node(const catalog::Dataset& dataset, const ingest::TraceInput& input, int left, bool inputs);
  void from_files(const catalog::Dataset& dataset, const catalog::Version& version);

  // Which node each relation of a trace is, and for datasets what their columns are called there.
  struct Relations {
    std::map<std::string, std::string> nodes;
    std::map<std::string, std::map<std::string, std::string>> ids;  // relation → column as named → identifier
  };
  void flow(const Relations& relations, const engine::Origin& origin, const std::string& to, Edge::Flow flow);

  struct Reader {
    std::int64_t calls = 0;
    std::string last_day;
    std::set<std::string> fields;  // read by SQL
    bool whole = false;            // read otherwise, so perhaps all of it
  };
  Result<std::map<std::string, Reader>> readers_of(const catalog::Dataset& dataset);
  Result<void> add_reader(const catalog::Dataset& dataset, const std::string& person_id, const Reader& reader);

  const LineageService::Deps& deps_;
  const Actor& actor_;
  Limits limits_;
  Graph graph_;
  std::map<std::string, std::size_t> places_;        // of nodes, by their id
  std::map<std::string, std::size_t> hidden_;        // relations that the caller may not know of, numbered
  std::map<std::string, catalog::Dataset> visible_;  // what the caller may read, by id
  std::map<std::string, std::optional<catalog::Dataset>> known_;
  std::set<std::string> done_up_, done_down_, done_made_;
};

// Leaves in `graph` only what the field of the first node depends on (up) and what depends on it (down).
void narrow_to_field(Graph& graph, const std::string& field, Direction direction);
// How many datasets or readers away from the first node each node is; negative before it.
void measure(Graph& graph);

}  // namespace qushu::insight
