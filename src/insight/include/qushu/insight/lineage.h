// Where a dataset comes from, and who is hurt if it breaks: sources → pipelines → steps → datasets → those who read them, field
// by field.
//
// Nothing of it is kept but what cannot be found again: how each version was made is in its origins and its trace
// (ingest/trace.h), who reads it is in the audit's counters and the list of readers. What this module adds is which fields
// people's SQL reads: statements are noted when they run (note_sql), and read into uses by flush(), so that nobody waits for
// it.
//
// A node that the caller may not know of is there without its name, title and columns ("hidden"), since that a thing depends on
// something else is part of the answer. People are named to those who answer for the dataset; others see how many there are.
//
// Thread-safety: a LineageService may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/identity/identity.h"
#include "qushu/ingest/trace.h"
#include "qushu/sharing/policy.h"
#include "qushu/store/store.h"

namespace qushu::insight {

namespace json = boost::json;

enum class NodeKind : std::uint8_t { file, source, push, pipeline, step, dataset, reader, relation };
[[nodiscard]] std::string_view name(NodeKind kind);

struct NodeColumn {
  std::string id, name;
};

struct Node {
  std::string id;  // within the answer: "dataset:…"
  NodeKind kind = NodeKind::dataset;
  std::string title, code, detail;       // code: of datasets and pipelines, for links; detail: department, table, statement
  std::vector<NodeColumn> columns = {};  // of datasets, steps, sources: those that are known
  bool hidden = false;
  int distance = 0;                       // from the dataset asked about: negative before it, positive behind it
  std::vector<std::string> touched = {};  // with a field: the columns that depend on it, or that it depends on
  bool certain = true;                    // of `touched`
  // Of readers.
  std::int64_t calls = 0;
  std::string last_day = {}, department_id = {}, person_id = {};
};

struct Edge {
  std::string from, to;
  struct Flow {
    std::string from, to;  // columns' ids; from "" : the relation as a whole; to "" : which rows there are
    bool copied = false, certain = true;
    friend bool operator==(const Flow&, const Flow&) = default;
  };
  std::vector<Flow> flows;
};

struct Graph {
  std::vector<Node> nodes;  // the dataset asked about first
  std::vector<Edge> edges;
  bool complete = true;  // false: there is more than insight.lineage_nodes
};

enum class Direction : std::uint8_t { both, up, down };

struct GraphQuestion {
  std::string dataset;  // code or id
  std::string field;    // identifier or name; empty: all
  Direction direction = Direction::both;
  int depth = 0;             // datasets away; 0: insight.lineage_depth
  std::int64_t version = 0;  // 0: the current one
};

class LineageService {
 public:
  struct Deps {
    const Settings& settings;
    store::Store& store;
    engine::Engine& engine;
    audit::Audit& audit;
    identity::Identity& identity;
    catalog::Catalog& catalog;
    const sharing::Policy& policy;
    const Clock& clock;
  };
  explicit LineageService(Deps deps) : deps_(deps) {}

  [[nodiscard]] Result<Graph> graph(const Actor& actor, const GraphQuestion& question);

  // A statement that somebody ran. Keeps it in memory only, and forgets the oldest when insight.lineage_notes are waiting.
  void note_sql(const Actor& actor, std::string_view sql);
  // Reads what was noted and keeps which fields were used.
  [[nodiscard]] Result<void> flush();

 private:
  struct Note {
    Actor actor;
    std::string sql;
    std::int64_t times = 1;
  };
  Result<void> keep_uses(const Note& note);

  Deps deps_;
  std::mutex mutex_;
  std::deque<Note> notes_;
};

[[nodiscard]] json::object to_json(const Graph& graph);
// The nodes behind the dataset as a table: what depends on it, how far away, and whom to tell.
[[nodiscard]] json::array impact_of(const Graph& graph, Lang lang);
[[nodiscard]] std::string impact_csv(const Graph& graph, Lang lang);

}  // namespace qushu::insight
