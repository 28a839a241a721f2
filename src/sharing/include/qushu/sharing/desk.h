// The catalogue's desk: what stewards and reviewers do to entries, with the question who may in front of it. Routes and the
// command line both come here.
//
// Who may know of an entry: of its working copy those who may know of the dataset, and reviewers; of its published version
// every signed-in person who may see the catalogue. A reviewer sees no data by it: what reads data asks Policy.
//
// Thread-safety: a Desk may be used from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/catalog/classification.h"
#include "qushu/catalog/entry.h"
#include "qushu/catalog/grading.h"
#include "qushu/catalog/sheet.h"
#include "qushu/sharing/policy.h"

namespace qushu::sharing {

namespace json = http::json;

// What a caller may know of in the catalogue, which is more than what she may read.
[[nodiscard]] catalog::Visibility knowledge(const Actor& actor);

struct DeskDeps {
  const Settings& settings;
  store::Store& store;
  audit::Audit& audit;
  engine::Engine& engine;
  const blob::BlobStore& blobs;
  identity::Identity& identity;
  catalog::Catalog& catalog;
  catalog::Classification& classification;
  catalog::Entries& entries;
  const Policy& policy;
  const Clock& clock;
};

using catalog::SheetOutcome;

struct FieldGrade {
  catalog::Item item;
  catalog::GradeProposal proposal;
  std::int64_t length = 0;  // of the longest value that was looked at
};

class Desk {
 public:
  explicit Desk(DeskDeps deps) : deps_(deps) {}

  // not_found when the actor knows of nothing of that code.
  [[nodiscard]] Result<catalog::Dataset> dataset(const Actor& actor, std::string_view code) const;
  // As above; conflict for who knows only of the published version.
  [[nodiscard]] Result<catalog::Standing> standing(const Actor& actor, std::string_view code) const;
  // What stands in the published version, for anybody who knows of it.
  [[nodiscard]] Result<catalog::EntryVersion> published(const Actor& actor, std::string_view code) const;
  // number 0: the working copy.
  [[nodiscard]] Result<catalog::Entry> entry(const Actor& actor, std::string_view code, std::int64_t number) const;
  // The steps that the actor may take now.
  [[nodiscard]] std::vector<catalog::Transition> possible(const Actor& actor, const catalog::Standing& standing) const;

  // A dataset before it has data; an empty code is made from the title. `department`: id or code.
  [[nodiscard]] Result<catalog::Dataset> add(const Actor& actor, catalog::NewDataset dataset) const;
  [[nodiscard]] Result<catalog::Standing> change(const Actor& actor, std::string_view code, catalog::EntryChange change) const;
  [[nodiscard]] Result<catalog::Standing> step(const Actor& actor, std::string_view code, std::string_view action,
                                               std::string_view comment) const;
  [[nodiscard]] Result<std::vector<catalog::Waiting>> reviews(const Actor& actor) const;

  [[nodiscard]] Result<std::vector<FieldGrade>> grading(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<catalog::Standing> grade(const Actor& actor, std::string_view code,
                                                const std::map<std::string, std::string>& levels) const;

  // Every valid resource is imported in a transaction of its own; what is wrong with the others is in the outcome, which is
  // kept.
  [[nodiscard]] Result<SheetOutcome> import_sheet(const Actor& actor, const std::filesystem::path& file,
                                                  const std::string& name) const;
  [[nodiscard]] Result<std::vector<SheetOutcome>> imports(const Actor& actor, std::size_t limit) const;
  [[nodiscard]] Result<SheetOutcome> import_outcome(const Actor& actor, std::string_view id) const;
  // What a search finds, as XLSX; how many resources. `empty`: the form alone.
  [[nodiscard]] Result<std::size_t> export_sheet(const Actor& actor, catalog::Search query, bool empty,
                                                 const std::filesystem::path& file) const;

  [[nodiscard]] const DeskDeps& deps() const { return deps_; }

 private:
  [[nodiscard]] Result<std::string> department(std::string_view id_or_name) const;
  [[nodiscard]] Result<SheetOutcome::Taken> take(const Actor& actor, const catalog::SheetResource& resource) const;

  DeskDeps deps_;
};

[[nodiscard]] json::object to_json(const SheetOutcome& outcome, Lang lang);
[[nodiscard]] json::object to_json(const FieldGrade& grade, Lang lang);
[[nodiscard]] json::object to_json(const catalog::Waiting& waiting, Lang lang);
[[nodiscard]] json::object to_json(const catalog::Node& node);
[[nodiscard]] json::object to_json(const catalog::Difference& difference, Lang lang);
[[nodiscard]] json::object to_json(const catalog::EntryVersion& version, bool with_entry);
[[nodiscard]] json::object to_json(const Desk& desk, const Actor& actor, const catalog::Standing& standing);

// /api/v1/datasets/{code}/entry…, /grading, /api/v1/reviews, /api/v1/classification…, /api/v1/catalog…
void add_entry_routes(http::Router& router, const Desk& desk);
void add_classification_routes(http::Router& router, const Desk& desk);
void add_sheet_routes(http::Router& router, const Desk& desk);

}  // namespace qushu::sharing
