// Imports over the store, its jobs in files of their own.
#pragma once

#include "document.h"

namespace qushu::ingest {

class StoredImports final : public Imports {
 public:
  explicit StoredImports(Deps deps) : deps_(deps) {}
  void register_jobs();

  Result<Import> add(const Actor& actor, const NewImport& request, const blob::BlobInfo& file) override;
  Result<Import> receive(const Actor& actor, const NewImport& request, const std::filesystem::path& file,
                         const tabular::Progress& progress) override;
  Result<Import> find(const Actor& actor, std::string_view id) const override;
  Result<std::vector<Import>> list(const Actor& actor, const Filter& filter) const override;
  Result<Import> analyse(const Actor& actor, std::string_view id, const json::array& tables) override;
  Result<Import> correct(const Actor& actor, std::string_view id, const json::array& tables) override;
  Result<Import> publish(const Actor& actor, std::string_view id, bool accept_drift) override;
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
  Result<std::vector<catalog::Field>> fields_for(const json::object& table, const std::string& dataset) const;
  Result<std::unique_ptr<tabular::File>> open_file(const Import& import) const;
  // A file and what it was called and is for.
  struct Subject {
    tabular::File& file;
    const std::string& name;
    const std::string& dataset;
    std::int64_t first_id = 0;  // the draft's `_id`s are the line plus this
  };
  // Where the `_id`s of a file that is for this dataset begin, as far as its entry tells.
  [[nodiscard]] Result<std::int64_t> first_id_for(const std::string& dataset, const json::object& entry) const;
  // One table of the file analysed; the rows that were written on the way are its draft. nullopt: with `copy`, and it cannot be
  // read where it lies.
  Result<std::optional<json::object>> analyse_table(const Subject& subject, const std::string& location,
                                                    const tabular::Dialect& given, const tabular::Progress& progress,
                                                    tabular::File::ByteSink copy = {});
  // The tables of an import: analysed when it was received, or now.
  Result<json::array> analyse_tables(jobs::Context& context, const Import& import, const json::object& entry);
  // Stores the file and analyses it in the one pass; nullopt when that is not possible, and nothing was kept.
  struct Taken {
    blob::BlobInfo file;
    json::array tables;
  };
  Result<std::optional<Taken>> take_in(const NewImport& request, const std::filesystem::path& file,
                                       const tabular::Progress& progress);
  // The department that the import will be of, when the actor may make it.
  Result<std::string> check_new(const Actor& actor, const NewImport& request) const;
  Result<Import> insert(const Actor& actor, const NewImport& request, std::string department, const blob::BlobInfo& file,
                        json::array analysed);

  Result<Import> load(store::Session& s, std::string_view id) const;
  Result<Import> changeable(store::Transaction& t, const Actor& actor, std::string_view id) const;
  Result<void> save(store::Transaction& t, Import& import) const;
  // How each table's columns differ from those of its dataset, into the table; an error for the first that differs; and who
  // uses the dataset told.
  Result<void> note_drifts(store::Session& s, json::array& tables) const;
  [[nodiscard]] static Result<void> check_drifts(const json::array& tables);
  Result<void> tell_drifts(store::Transaction& t, const catalog::Dataset& dataset, const json::object& table) const;
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

[[nodiscard]] tabular::Progress progress_of(jobs::Context& context, double from, double to, const Text& step);

}  // namespace qushu::ingest
