// Imports over the store, its jobs in files of their own.
#pragma once

#include "document.h"

namespace qushu::ingest {

class StoredImports final : public Imports {
 public:
  explicit StoredImports(Deps deps) : deps_(deps) {}
  void register_jobs();

  Result<Import> add(const Actor& actor, const NewImport& request, const blob::BlobInfo& file) override;
  Result<Import> find(const Actor& actor, std::string_view id) const override;
  Result<std::vector<Import>> list(const Actor& actor, const Filter& filter) const override;
  Result<Import> analyse(const Actor& actor, std::string_view id, const json::array& tables) override;
  Result<Import> correct(const Actor& actor, std::string_view id, const json::array& tables) override;
  Result<Import> publish(const Actor& actor, std::string_view id) override;
  Result<Import> discard(const Actor& actor, std::string_view id) override;
  Result<bool> uses_blob(std::string_view sha256) const override;

 private:
  // Job handlers.
  Result<jobs::Finish> run_analyse(jobs::Context& context);
  Result<jobs::Finish> run_check(jobs::Context& context);
  Result<jobs::Finish> run_publish(jobs::Context& context);

  struct Made;  // one version in the making
  class LazyFile;
  Result<Made> make_version(jobs::Context& context, const Import& import, LazyFile& files,
                            const std::vector<const json::object*>& tables, std::size_t done, std::size_t all);
  Result<std::unique_ptr<tabular::File>> open_file(const Import& import) const;
  // One table of the file analysed; the rows that were written on the way are its draft.
  Result<json::object> analyse_table(jobs::Context& context, const Import& import, tabular::File& file,
                                     const std::string& location, const tabular::Dialect& given,
                                     const tabular::Progress& progress);

  Result<Import> load(store::Session& s, std::string_view id) const;
  Result<Import> changeable(store::Transaction& t, const Actor& actor, std::string_view id) const;
  Result<void> save(store::Transaction& t, Import& import) const;
  Result<std::string> queue(store::Transaction& t, const Actor& actor, std::string_view kind, const Import& import, Text title,
                            json::object input = {});
  [[nodiscard]] static bool may_see(const Actor& actor, const Import& import);
  Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const Import& import,
                      json::object detail = {}) const;
  Result<std::string> department_of(const Actor& actor, const std::string& given) const;
  // The handler's outcome: an import that failed says why, and can be corrected or discarded.
  jobs::Handler reporting(Result<jobs::Finish> (StoredImports::*run)(jobs::Context&), std::string_view state_after_failure);

  Deps deps_;
};

[[nodiscard]] tabular::Progress progress_of(jobs::Context& context, double from, double to, Text step);

}  // namespace qushu::ingest
