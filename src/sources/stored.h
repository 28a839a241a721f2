// Sources over the store.
#pragma once

#include <mutex>

#include "reader.h"

namespace qushu::sources {

class StoredSources final : public Sources {
 public:
  StoredSources(Deps deps, std::string key) : deps_(std::move(deps)), key_(std::move(key)) {}

  void on_uses(Uses uses) override { uses_ = std::move(uses); }
  Result<Source> find(const Actor& actor, std::string_view code) const override;
  Result<std::vector<Source>> list(const Actor& actor) const override;
  Result<std::vector<Use>> uses(const Actor& actor, std::string_view code) const override;
  Result<Source> add(const Actor& actor, const NewSource& source) override;
  Result<Source> change(const Actor& actor, std::string_view code, const SourceChange& change) override;
  Result<void> remove(const Actor& actor, std::string_view code) override;
  Result<Access> target(const Actor& actor, std::string_view code) const override;
  Result<Access> draft(const Actor& actor, const NewSource& source, std::string_view of) const override;
  Result<void> record_try(const Actor& actor, const Access& access, const Error* failure) override;
  Result<Checked> check(const Actor& actor, const Access& access, const Cancelled& cancelled) override;
  Result<std::vector<Offer>> browse(const Access& access, std::string_view search, std::size_t limit,
                                    const Cancelled& cancelled) override;
  Result<Preview> preview(const Access& access, const Selection& selection, std::size_t rows,
                          const Cancelled& cancelled) override;
  Result<std::unique_ptr<RowStream>> rows(const Access& access, const Selection& selection,
                                          const Cancelled& cancelled) override;
  Result<std::uint64_t> replace(const Access& access, const TableTarget& table, engine::Cursor& rows,
                                const Cancelled& cancelled) override;
  Result<void> post(std::string_view url, const std::vector<std::string>& headers, std::string_view body,
                    const Cancelled& cancelled) override;
  Result<std::vector<File>> files(const Access& access, const Selection& selection, const Cancelled& cancelled) override;
  Result<Fetched> fetch(const Access& access, const File& file, const std::optional<File>& known, const Cancelled& cancelled,
                        const Progress& progress) override;
  Result<Document> document(const DocumentRequest& request, const Cancelled& cancelled) const override;

 private:
  using Secrets = std::map<std::string, std::string>;
  struct Row {
    Source source;
    std::string sealed;
  };
  [[nodiscard]] Context context(const Cancelled& cancelled) const {
    return {.settings = deps_.settings, .blobs = deps_.blobs, .clock = deps_.clock, .cancelled = cancelled};
  }
  Result<Row> load(store::Session& s, const Actor& actor, std::string_view code) const;
  Result<void> save(store::Transaction& t, const Source& source, const std::string& sealed) const;
  Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const Source& source,
                      json::object detail = {}) const;
  Result<std::string> department_of(const Actor& actor, const std::string& given) const;
  [[nodiscard]] static bool may_see(const Actor& actor, const Source& source);
  Result<Secrets> open_secrets(const Row& row) const;
  Result<std::string> seal_secrets(std::string_view id, const Secrets& secrets) const;
  Result<Checked> look(const Target& target, const Cancelled& cancelled) const;
  Result<Preview> preview_file(const Target& target, const Selection& selection, std::size_t rows,
                               const Cancelled& cancelled) const;

  Deps deps_;
  std::string key_;
  Uses uses_;
};

}  // namespace qushu::sources
