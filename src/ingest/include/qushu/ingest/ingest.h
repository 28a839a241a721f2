// From a file that a department hands over to a version of a dataset.
//
//   add()      keeps the file as a blob and queues its analysis
//   analysis   says what each table of the file is: columns, types, what would be rejected, and a proposed catalogue entry
//   correct()  takes a person's corrections; changed types are counted again from the kept file
//   publish()  queues the making of the versions: Parquet parts and rejects are written, then one transaction adds the datasets
//   that
//              are new, their versions, and marks the import as published
//
// Tables of one file that have the same columns and the same dataset code become one version together. How they change the
// dataset is the entry's `mode` (change.h). Nothing is visible before the last transaction, and what a crash leaves behind is
// garbage that the sweep removes.
//
// Thread-safety: Imports may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/ingest/change.h"
#include "qushu/jobs/jobs.h"
#include "qushu/store/store.h"
#include "qushu/tabular/tabular.h"

namespace qushu::ingest {

[[nodiscard]] std::span<const store::Migration> migrations();
[[nodiscard]] std::span<const SettingSpec> settings();

// analysing → ready → publishing → published; failed, discarded.
struct Import {
  std::string id, file_name, file_blob, state, job_id, person_id, person_name, department_id, dataset_hint;
  std::uint64_t size = 0;
  // What was understood, table by table: the shape of docs/api.md, with every text in both languages as {"zh", "en"}.
  json::array tables;
  std::optional<Text> error;
  Time created, changed;
};

struct NewImport {
  std::string file_name;
  std::string dataset;     // code of the dataset that it is for; empty: proposed from the file
  std::string department;  // id or code; empty: the actor's own
  json::object entry =
      {};  // given members of the proposed catalogue entry: title, abstract, theme, tags, update_cycle, sharing_type, key
};

struct Deps {
  store::Store& store;
  blob::BlobStore& blobs;
  engine::Engine& engine;
  audit::Audit& audit;
  jobs::Jobs& jobs;
  identity::Identity& identity;
  catalog::Catalog& catalog;
  const Changes& changes;
  const Settings& settings;
  const Clock& clock;
};

class Imports {
 public:
  // Registers the job kinds import.analyse, import.check and import.publish.
  [[nodiscard]] static std::unique_ptr<Imports> open(Deps deps);
  virtual ~Imports() = default;

  // `file` is a blob that was just written.
  [[nodiscard]] virtual Result<Import> add(const Actor& actor, const NewImport& request, const blob::BlobInfo& file) = 0;
  // Stores a local file and adds it. A text file is analysed while it is copied, so that its job has next to nothing left to
  // do; `progress` tells of that.
  [[nodiscard]] virtual Result<Import> receive(const Actor& actor, const NewImport& request, const std::filesystem::path& file,
                                               const tabular::Progress& progress) = 0;
  // not_found also for what the caller may not know of.
  [[nodiscard]] virtual Result<Import> find(const Actor& actor, std::string_view id) const = 0;
  struct Filter {
    std::string state, before;
    std::size_t limit = 50;
  };
  [[nodiscard]] virtual Result<std::vector<Import>> list(const Actor& actor, const Filter& filter) const = 0;
  // Analyses again with another dialect (encoding, delimiter, quote, header_rows, skip_rows,
  // fill_short by table).
  [[nodiscard]] virtual Result<Import> analyse(const Actor& actor, std::string_view id, const json::array& tables) = 0;
  // Takes corrections of tables, their columns and entries; counts again when a type changed.
  [[nodiscard]] virtual Result<Import> correct(const Actor& actor, std::string_view id, const json::array& tables) = 0;
  // conflict "import.drift" when columns differ from those of the dataset that they are for (`drifts` of the table) and nobody
  // has accepted that; who uses the dataset is told of accepted ones.
  [[nodiscard]] virtual Result<Import> publish(const Actor& actor, std::string_view id, bool accept_drift = false) = 0;
  [[nodiscard]] virtual Result<Import> discard(const Actor& actor, std::string_view id) = 0;
  // Whether an import that was not discarded names the blob; for the sweep.
  [[nodiscard]] virtual Result<bool> uses_blob(std::string_view sha256) const = 0;
};

// As the API shows it: texts in one language, with its job.
[[nodiscard]] json::object to_json(const Import& import, const std::optional<jobs::Job>& job, Lang lang);

// /api/v1/imports…
void add_routes(http::Router& router, Imports& imports, jobs::Jobs& jobs, blob::BlobStore& blobs);

}  // namespace qushu::ingest
