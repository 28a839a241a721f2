// What a run reads on its way from the source to rows of the dataset's items: fetched, typed, mapped, and looked at for drift.
#pragma once

#include <map>
#include <memory>

#include "qushu/ingest/trace.h"
#include "qushu/tabular/tabular.h"

#include "pipeline_store.h"

namespace qushu::ingest {

// A file that is removed with the object.
class TempFile {
 public:
  explicit TempFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~TempFile();
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// How the columns that came are used: the mapping with what the pipeline's setting answers, and what a person must.
struct Resolution {
  std::vector<Mapped> fields;
  std::vector<Drift> drifts;
  bool ask = false;
};
// Of files that come together, each its columns; a database has one such list.
[[nodiscard]] Resolution resolve(const Pipeline& pipeline, const std::vector<std::vector<SeenColumn>>& files,
                                 const Overlap& overlap = {});
// Calls the columns that come under another name (Mapped::also) by the one in the mapping.
void call_by_mapping(std::vector<SeenColumn>& seen, const std::vector<Mapped>& fields);
// A mapping of every column to an item of its name.
[[nodiscard]] std::vector<Mapped> propose(const std::vector<SeenColumn>& seen);
// Takes decisions about drifts into a mapping; an error names the column.
[[nodiscard]] Result<void> apply(std::vector<Mapped>& fields, const std::vector<Drift>& drifts,
                                 const std::vector<Decision>& decisions);

// The values that are the same for every row, as a table of one.
class FixedRow;

struct Gathered {
  Gathered();
  Gathered(Gathered&&) noexcept;
  Gathered& operator=(Gathered&&) noexcept;
  ~Gathered();

  Resolution resolution;
  std::vector<SeenColumn> columns;
  bool nothing = false;               // no file is new
  std::vector<catalog::Field> items;  // what the rows hold
  std::vector<catalog::Part> parts;   // the rows, as blobs; or
  std::string select;                 // as a SELECT over `inputs` and the fixed values
  std::vector<std::filesystem::path> inputs;
  std::unique_ptr<FixedRow> fixed;
  std::vector<std::unique_ptr<TempFile>> scratch;
  Incoming::Counts counts;
  std::uint64_t bytes = 0;
  std::optional<std::string> highest;      // of the watermark's column, as far as it is not in the future
  std::uint64_t unmarked = 0, beyond = 0;  // rows without a watermark, and with one in the future
  bool anew = false;                       // the position was in the future: everything was read once more
  json::array files;                       // {name, etag, modified, size, blob}
  std::vector<catalog::Origin> origins;
  json::array misfits;                       // the first of them
  std::vector<catalog::Field> inputs_items;  // of the rows that the steps read, when there are steps
  StepReport steps;

  [[nodiscard]] std::vector<engine::Bound> tables() const;
};

// Reads for one run, or for a trial of so many rows.
class Gathering {
 public:
  using Report = std::function<void(double share, Text step)>;
  Gathering(const Pipelines::Deps& deps, const Pipeline& pipeline, Actor owner, Cancelled cancelled, Report report)
      : deps_(deps),
        pipeline_(pipeline),
        owner_(std::move(owner)),
        cancelled_(std::move(cancelled)),
        report_(std::move(report)) {}

  // `kept` are files that were fetched before; `remembered` what earlier runs have read.
  Result<Gathered> run(const json::array& kept, const std::map<std::string, sources::File>& remembered);
  // The first rows only, whatever was read before.
  Result<Gathered> sample(std::uint64_t rows);
  // The files that a run would read now.
  Result<std::vector<sources::File>> fresh(const std::map<std::string, sources::File>& remembered);

 private:
  Result<bool> open();  // whether it is a source of files
  Result<Gathered> rows(std::uint64_t limit);
  Result<void> stage(Gathered& g, sources::RowStream& stream, std::uint64_t limit);
  Result<void> reject_misfits(Gathered& g, const std::string& from, const std::vector<sources::ColumnInfo>& described,
                              const std::vector<std::string>& broken, const std::vector<Mapped>& tested);
  Result<Gathered> files(const json::array& kept, const std::map<std::string, sources::File>& remembered, bool all);
  Result<json::array> fetch(const std::vector<sources::File>& list, const std::map<std::string, sources::File>& remembered);
  struct Looked;
  [[nodiscard]] Result<std::unique_ptr<tabular::File>> open_file(const json::object& file) const;
  Result<Looked> look_at(const json::object& file);
  Result<void> read_file(Gathered& g, const Looked& looked, std::int64_t& offset, class RejectFile& rejects);
  Result<void> add_fixed(Gathered& g);
  Result<std::vector<catalog::Field>> items_of(const std::vector<Mapped>& fields) const;
  [[nodiscard]] Overlap overlap() const;
  [[nodiscard]] engine::Limits limits() const;
  Result<catalog::Part> write_part(const std::string& sql, const std::vector<engine::Bound>& tables);

  const Pipelines::Deps& deps_;
  const Pipeline& pipeline_;
  Actor owner_;
  Cancelled cancelled_;
  Report report_;
  sources::Access access_;
  sources::Selection selection_;
};

// The gathered rows as a SELECT and the files that it reads; `g.tables()` belong to it.
[[nodiscard]] Result<StepInput> gathered_rows(const blob::BlobStore& blobs, const Gathered& g);
// The same as the `input` of steps; lives as long as `g`.
[[nodiscard]] Result<StepInput> step_input(const Pipelines::Deps& deps, Gathered& g, const Cancelled& cancelled);

[[nodiscard]] sources::Selection selection_of(const json::object& selection);
// Where reading begins after the last value, as far back as the overlap says; an error when the value is not of its kind.
[[nodiscard]] Result<std::string> begin_at(const Watermark& watermark, const std::string& position);
// The later of two values of a watermark.
// The latest moment that a watermark may be at now, canonical.
[[nodiscard]] std::string latest_moment(const Pipelines::Deps& deps);
[[nodiscard]] std::string later(const Watermark& watermark, const std::string& a, const std::string& b);

// How a run made its version, for lineage.
[[nodiscard]] Trace trace_of_run(const Pipeline& pipeline, const Run& run, const sources::Source& source,
                                 const Gathered& gathered);

[[nodiscard]] json::object to_json(const sources::File& file);
[[nodiscard]] sources::File file_of(const json::object& file);

}  // namespace qushu::ingest
