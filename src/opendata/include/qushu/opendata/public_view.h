// What the public reads of a dataset: the one place that makes the SELECT of the released fields. Every public page, API
// answer, download, preview, count, facet and SQL statement reads a dataset through what open() gives, never its files, so that
// a field that was not released has no name in it: it cannot be filtered, sorted, counted or made to show in an error.
//
// Looked at afresh for every answer (from memory while the store has not changed): a release that was withdrawn, an entry that
// was unpublished or says now that it is not open, a field whose item or grade closed it, a dataset that was withdrawn are gone
// from the next answer on. What is not public and what does not exist are told in the same words.
//
// Thread-safety: a PublicView may be used from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "qushu/opendata/release.h"

namespace qushu::opendata {

struct PublicShown {
  Release release;
  catalog::Dataset dataset;  // its id, code, state; what people are told of it is in the entry
  catalog::Entry entry;      // as published; its items are those of the fields alone
  catalog::Version version;  // that is public; its fields and profile are narrowed to the released ones
  std::vector<catalog::Field> fields;
  std::string select;                        // SELECT _id and the fields by identifier, for use as a subquery
  std::vector<std::filesystem::path> files;  // what it reads
};

class PublicView {
 public:
  struct Deps {
    const Settings& settings;
    store::Store& store;
    const blob::BlobStore& blobs;
    catalog::Catalog& catalog;
    const catalog::Entries& entries;
  };
  explicit PublicView(Deps deps) : deps_(deps) {}

  // By code or id. not_found: none, or none that is public.
  [[nodiscard]] Result<std::shared_ptr<const PublicShown>> open(std::string_view dataset) const;

 private:
  [[nodiscard]] Result<std::shared_ptr<const PublicShown>> make(std::string_view dataset) const;

  Deps deps_;
  struct Kept {
    std::int64_t generation = 0;
    std::shared_ptr<const PublicShown> shown;
  };
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, Kept> kept_;
};

[[nodiscard]] Failure not_public();

}  // namespace qushu::opendata
