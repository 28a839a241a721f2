// The public's catalogue, in memory: every dataset that is open, with what is told of it, found by words, by fields and by
// facets.
//
// It follows the store: who asks first after something was committed reads what was changed since. What is read of a dataset's
// rows never comes from here but from PublicView, which looks for itself.
//
// Queries are those that CKAN's clients write (a part of Solr's language): words, "phrases", field:value, field:[a TO b],
// prefix*, AND OR NOT + - and brackets.
//
// Thread-safety: a Shelf may be used from any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/identity/identity.h"
#include "qushu/opendata/public_view.h"
#include "qushu/opendata/release.h"

namespace qushu::opendata {

struct Group {
  std::string id, name, title;  // name: what addresses and queries say
};

struct Package {
  std::string dataset_id, id, name;  // id: a UUID made of dataset_id; name: the dataset's code
  std::string title, title_en, notes, notes_en, theme, update_cycle, resource_code, licence;
  Group organization;
  std::vector<Group> groups;  // classes of the catalogue
  std::vector<std::string> tags;
  struct Field {
    std::string id, name, description, unit;
    engine::Type type = engine::Type::text;
  };
  std::vector<Field> fields;
  Time created, modified;
  std::int64_t version = 0;
  std::uint64_t rows = 0, bytes = 0;
};
using PackagePtr = std::shared_ptr<const Package>;
using LicencesPtr = std::shared_ptr<const std::vector<Licence>>;
class PackageIndex;

// The files that every open dataset is given as; the first one is the one with an API.
struct FileFormat {
  std::string_view extension, name, media_type;  // "csv", "CSV", "text/csv"
};
[[nodiscard]] std::span<const FileFormat> file_formats();
// The id of a dataset's file: a UUID, the same for ever.
[[nodiscard]] std::string resource_id(const Package& package, const FileFormat& format);
[[nodiscard]] std::string uuid_of(std::string_view kind, std::string_view id);

struct PackageSearch {
  std::string q;
  std::vector<std::string> fq;
  std::string sort;  // "score desc, metadata_modified desc"; empty: that
  std::size_t rows = 10, start = 0;
  std::vector<std::string> facets;
  std::size_t facet_limit = 50, facet_mincount = 1;
};

struct FacetValue {
  std::string name, title;
  std::int64_t count = 0;
};

struct PackagesFound {
  std::vector<PackagePtr> packages;
  std::int64_t count = 0;
  std::map<std::string, std::vector<FacetValue>> facets;  // the commonest first
};

// Facets that are counted: organization groups tags res_format license_id.
[[nodiscard]] bool is_facet(std::string_view name);

class Shelf {
 public:
  struct Deps {
    const Settings& settings;
    store::Store& store;
    catalog::Catalog& catalog;
    identity::Identity& identity;
    const Releases& releases;
    const PublicView& view;
  };
  explicit Shelf(Deps deps);
  ~Shelf();

  // By name, id or dataset id; nullptr: none that is public.
  [[nodiscard]] Result<PackagePtr> package(std::string_view name_or_id);
  // The package of a file's id, or of a package's name or id; `format` becomes an index into file_formats().
  [[nodiscard]] Result<PackagePtr> of_resource(std::string_view id, std::size_t& format);
  // invalid ("open.query") says what is wrong with the query.
  [[nodiscard]] Result<PackagesFound> search(const PackageSearch& query);
  // The same object until one of them changes.
  [[nodiscard]] Result<LicencesPtr> licences();
  struct Totals {
    std::int64_t rows = 0, departments = 0;
  };
  [[nodiscard]] Result<Totals> totals();
  // A number that changes with everything that searches could tell.
  [[nodiscard]] Result<std::int64_t> state();

 private:
  [[nodiscard]] Result<void> follow();
  [[nodiscard]] Result<PackagePtr> made(std::string_view dataset_id, const std::vector<identity::Department>& departments);

  Deps deps_;
  std::mutex following_;  // guards what the index was read up to
  std::int64_t releases_ = 0, datasets_ = -1;
  std::string level_;
  std::atomic<std::int64_t> followed_ = -1;  // the store's generation
  std::shared_mutex mutex_;                  // guards what is below
  std::unique_ptr<PackageIndex> index_;
  LicencesPtr licences_;
};

}  // namespace qushu::opendata
