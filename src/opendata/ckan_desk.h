// Inside the module: CKAN's Action API for stewards, by token: packages and their files made, changed and taken away.
//
//   package  ↔ a dataset with its catalogue entry, under review like any other; what an entry has no place for (url, author,
//              version, extras of other names, the wanted licence) is kept beside it, for its stewards
//   resource ↔ the one file that the dataset's rows come from: what is uploaded, or fetched from an address, is an import like
//              any other file's, and each becomes a version
//
// Who may is what the token's owner may: stewards of the department. Nothing of it is public: a package is `private` until its
// release was approved by a second person (qushu/opendata/release.h), and no action here does that.
//
// An import is analysed and published while the client waits, for `opendata.ckan_wait` at most; then a job goes on with it.
// Where it cannot be published the action fails, and the import is discarded.
//
// Thread-safety: a CkanDesk may be used from any thread.
#pragma once

#include "ckan.h"

namespace qushu::opendata {

class CkanDesk {
 public:
  explicit CkanDesk(const PublicDeps& deps) : deps_(deps) {}

  // Whether an action changes something: those are for POST, with a token.
  [[nodiscard]] static bool changes(std::string_view action);
  // Whether it may come with a file.
  [[nodiscard]] static bool takes_file(std::string_view action);

  // The JSON text of `result`.
  [[nodiscard]] Result<std::string> act(std::string_view action, const CkanCall& call) const;
  // As their steward sees them; nothing for who is none.
  [[nodiscard]] Result<std::optional<json::object>> package(const CkanCall& call, std::string_view id) const;
  [[nodiscard]] Result<std::optional<json::object>> resource(const CkanCall& call, std::string_view id) const;

  void register_jobs();

 private:
  // A file as its steward named it.
  struct Kept {
    std::string id, dataset_id, name, description, format, url, import_id, file_name, sha256;
    bool linked = false;  // fetched from `url`
    std::uint64_t size = 0;
    Time created, changed;
  };
  struct Wanted;  // what a request says of a package

  Result<std::string> package_create(const CkanCall& call) const;
  Result<std::string> package_change(const CkanCall& call, bool whole) const;
  Result<std::string> package_delete(const CkanCall& call) const;
  Result<std::string> resource_create(const CkanCall& call) const;
  Result<std::string> resource_change(const CkanCall& call, bool whole) const;
  Result<std::string> resource_delete(const CkanCall& call) const;

  // By name, id or the id of its package; not_found when the caller may not know of it, forbidden when she is no steward of it.
  [[nodiscard]] Result<catalog::Dataset> own(const CkanCall& call, std::string_view id) const;
  [[nodiscard]] Result<json::object> package_of(const CkanCall& call, const catalog::Dataset& dataset) const;
  [[nodiscard]] Result<json::object> resource_of(const CkanCall& call, const catalog::Dataset& dataset, const Kept& kept) const;
  [[nodiscard]] Result<Wanted> wanted(const CkanCall& call, const catalog::Dataset* dataset, bool whole) const;
  void read_groups(const CkanCall& call, bool whole, Wanted& out) const;
  void read_extras(const CkanCall& call, bool whole, Wanted& out) const;
  // What it says of the files; nothing is uploaded by it.
  [[nodiscard]] Result<std::optional<Kept>> read_resources(const CkanCall& call, const catalog::Dataset* dataset) const;

  [[nodiscard]] Result<std::optional<Kept>> kept_of(std::string_view dataset_id) const;
  [[nodiscard]] Result<Kept> kept(std::string_view id) const;
  [[nodiscard]] static Result<void> save(store::Transaction& t, const Kept& kept);
  [[nodiscard]] Result<void> record(store::Transaction& t, const CkanCall& call, std::string_view action,
                                    const catalog::Dataset& dataset, const Kept& kept) const;
  // Fetches the address of a link.
  [[nodiscard]] Result<Upload> fetch(const CkanCall& call, const catalog::Dataset& dataset, const std::string& url) const;
  // Imports and publishes a file; the import, which may be under way still.
  [[nodiscard]] Result<ingest::Import> take_in(const CkanCall& call, const catalog::Dataset& dataset,
                                               const Upload& upload) const;
  // Publishes what was analysed, if it is fit to be.
  [[nodiscard]] Result<ingest::Import> publish(const Actor& actor, const ingest::Import& import, bool accept_drift) const;
  Result<jobs::Finish> run_take_in(jobs::Context& context) const;

  const PublicDeps& deps_;
};

}  // namespace qushu::opendata
