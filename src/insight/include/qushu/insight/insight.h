// What can be told about datasets from all of them together: lineage, one source for one thing (linkage), and what a set of
// fields says about single people (privacy). Each has a header of its own; here is what the program needs to put them together.
//
// Thread-safety: an Insight may be used from any thread.
#pragma once

#include <span>

#include "qushu/http/router.h"
#include "qushu/insight/lineage.h"
#include "qushu/insight/linkage.h"
#include "qushu/insight/privacy.h"

namespace qushu::insight {

[[nodiscard]] std::span<const store::Migration> migrations();
// insight.lineage_depth, lineage_nodes, lineage_days, sketch_size, linkage_distinct, linkage_percent, privacy_k …
[[nodiscard]] std::span<const SettingSpec> settings();

// Privacy of a dataset as a caller sees it, within the limits of the settings.
class Privacy {
 public:
  struct Deps {
    const Settings& settings;
    engine::Engine& engine;
    audit::Audit& audit;
    const sharing::Policy& policy;
  };
  explicit Privacy(Deps deps) : deps_(deps) {}

  // Which fields name people and which narrow them down, as JSON for the API.
  [[nodiscard]] Result<json::object> roles(const Actor& actor, std::string_view dataset, std::int64_t version,
                                           const std::function<bool()>& cancelled) const;
  // `request`: {fields: [{id, coarsening, parameter}], sensitive, k, l, combinations, propose}; ids may be names too.
  [[nodiscard]] Result<json::object> assess(const Actor& actor, std::string_view dataset, std::int64_t version,
                                            const json::object& request, const std::function<bool()>& cancelled) const;

 private:
  Deps deps_;
};

struct Insight {
  Insight(LineageService::Deps for_lineage, Linkage::Deps for_linkage, Privacy::Deps for_privacy)
      : lineage(for_lineage), linkage(for_linkage), privacy(for_privacy) {}

  LineageService lineage;
  Linkage linkage;
  Privacy privacy;
};

// /api/v1/lineage/{dataset}…, /api/v1/linkage…, /api/v1/privacy/{dataset}
void add_routes(http::Router& router, Insight& insight);

}  // namespace qushu::insight
