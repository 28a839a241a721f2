// Inside the module: the catalogue over the store, datasets in catalog.cpp and their versions in catalog_versions.cpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/catalog/catalog.h"

#include "index.h"

namespace qushu::catalog {

class StoredCatalog final : public Catalog {
 public:
  StoredCatalog(store::Store& store, audit::Audit& audit, DepartmentNames names, const Clock& clock,
                std::unique_ptr<SearchIndex> index)
      : store_(store), audit_(audit), names_(std::move(names)), clock_(clock), index_(std::move(index)) {}
  void on_current(Hook hook) override { hook_ = std::move(hook); }
  Result<Dataset> find(const Visibility& who, std::string_view code) const override;
  Result<Found> search(const Visibility& who, const Search& query) const override;
  Result<Changes> changes_after(store::Session& s, std::int64_t change) const override;
  Result<std::int64_t> newest_change(store::Session& s) const override;
  Result<void> refresh_index() override { return index_->catch_up(); }
  Result<std::optional<Dataset>> known(store::Session& s, std::string_view code) const override;
  Result<Dataset> add(store::Transaction& t, const Actor& actor, const NewDataset& n) override;
  Result<Dataset> change(const Actor& actor, std::string_view id, const DatasetChange& change) override;
  Result<Dataset> change(store::Transaction& t, const Actor& actor, std::string_view id, const DatasetChange& change) override;
  Result<void> save_entry(store::Transaction& t, Dataset d) override;
  Result<std::vector<Version>> versions(std::string_view dataset_id) const override;
  Result<Version> version(std::string_view dataset_id, std::int64_t number) const override;
  Result<std::int64_t> publish(store::Transaction& t, const Actor& actor, std::string_view dataset_id, Version v) override;
  Result<Dataset> roll_back(const Actor& actor, std::string_view dataset_id, std::int64_t number) override;
  Result<Dataset> withdraw(const Actor& actor, std::string_view dataset_id, bool withdrawn) override;
  Result<void> set_profile(store::Transaction& t, std::string_view dataset_id, std::int64_t number,
                           json::object profile) override;
  Result<void> set_index(store::Transaction& t, std::string_view dataset_id, std::int64_t number, std::string blobs) override;
  Result<void> compact(store::Transaction& t, const Actor& actor, const Version& v, std::vector<Part> parts,
                       std::vector<Part> deletes) override;
  Result<std::int64_t> forget_pushed(store::Transaction& t, std::string_view dataset_id, std::int64_t keep) override;
  Result<std::vector<std::string>> identifiers(std::string_view dataset_id,
                                               const std::vector<std::string>& names) const override;
  Result<bool> uses_blob(std::string_view sha256) const override;

 private:
  [[nodiscard]] static Result<void> name_blob(store::Transaction& t, const std::string& dataset, std::int64_t number,
                                              const std::string& blob);
  [[nodiscard]] Result<Dataset> complete(store::Session& s, Dataset d, const std::map<std::string, std::string>& names) const;
  [[nodiscard]] Result<Dataset> required(store::Session& s, std::string_view id) const;
  [[nodiscard]] Result<Dataset> named(Dataset d) const;
  [[nodiscard]] static Result<Version> load_version(store::Session& s, const std::string& dataset_id, std::int64_t number);
  // The version's fields become the dataset's; what people wrote about a field stays with its identifier.
  [[nodiscard]] Result<void> make_current(store::Transaction& t, const Actor& actor, Dataset& d, const Version& v);
  // The fields of a dataset that has no data yet.
  [[nodiscard]] Result<void> describe(store::Transaction& t, Dataset& d, std::vector<Field> fields);
  [[nodiscard]] Result<void> save(store::Transaction& t, Dataset& d);
  [[nodiscard]] static Result<void> save_readers(store::Transaction& t, const Dataset& d);
  static void apply(const DatasetChange& change, Dataset& d);
  [[nodiscard]] Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const Dataset& d,
                                    json::object detail);

  store::Store& store_;
  audit::Audit& audit_;
  DepartmentNames names_;
  const Clock& clock_;
  std::unique_ptr<SearchIndex> index_;
  Hook hook_;
};

[[nodiscard]] Failure no_dataset();

}  // namespace qushu::catalog
