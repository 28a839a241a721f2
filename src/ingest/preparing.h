// One change being worked out: the stages of Changes::prepare(), each of which reads what the ones before wrote to scratch
// files.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qushu/ingest/change.h"
#include "qushu/sharing/version_rows.h"

namespace qushu::ingest {

// A scratch file's name; what is there is removed with the object.
class ScratchFile {
 public:
  ScratchFile(const std::filesystem::path& folder, std::string_view what);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};
using Scratch = std::unique_ptr<ScratchFile>;

class Preparation {
 public:
  struct Task {
    const Changes::Deps& deps;
    const Examine& examine;
    const FindByKey& find;
    const std::optional<catalog::Dataset>& dataset;
    std::string_view code;
    Mode mode;
    const Incoming& incoming;
    const Cancelled& cancelled;
  };
  explicit Preparation(const Task& task) : task_(task), engine_(task.deps.engine), blobs_(task.deps.blobs) {}

  Result<Change> run();

 private:
  // Why a row is left out.
  enum Why : std::uint8_t { no_key = 1, repeated_key = 2, key_taken = 3 };

  // preparing.cpp: what all modes have in common.
  Result<void> open_base();
  Result<void> choose_fields();
  Result<void> take_rows();
  Result<void> take_select();
  Result<void> count_lines();
  Result<void> finish();
  Result<void> ask_quality();
  Result<void> keep_part(const std::filesystem::path& file, std::uint64_t rows, std::size_t source);
  Result<void> keep_source(std::size_t source);
  // preparing_full.cpp
  Result<void> replace_all();
  Result<void> compare_all();
  Result<void> compare_repeated(const std::string& before, const std::string& now);
  // preparing_delta.cpp
  Result<void> go_on();
  Result<void> find_bad();
  Result<bool> look_up();
  Result<void> match();
  Result<void> compare();
  Result<bool> count_compared();
  Result<void> refuse_taken();
  Result<void> write_candidates();
  Result<void> write_gone();
  Result<void> count_delta();
  // preparing_rejects.cpp
  Result<void> keep_rejects();
  Result<void> count_left_out();
  [[nodiscard]] std::string reject_sql(std::size_t source, std::vector<engine::Value>& params) const;

  // --- helpers
  [[nodiscard]] Scratch scratch(std::string_view what) const;
  [[nodiscard]] engine::Limits limits() const;
  void step(std::string zh, std::string en) const {
    if (task_.incoming.step) task_.incoming.step({std::move(zh), std::move(en)});
  }
  // COPY (sql) TO file; the rows written.
  Result<std::uint64_t> write(const std::string& sql, const std::filesystem::path& file,
                              std::vector<engine::Value> params = {});
  // The integers of the first row; NULL is 0.
  Result<std::vector<std::int64_t>> numbers(std::string sql);
  [[nodiscard]] static std::string scan(const ScratchFile& file);
  // "a.k1 = b.k1 AND …"
  [[nodiscard]] std::string same_key(std::string_view a, std::string_view b) const;
  [[nodiscard]] std::string key_columns(std::string_view table = {}) const;
  [[nodiscard]] std::string key_present() const;
  // The incoming rows in the version's shape, `_id` as they came; `good`: without those that are left out.
  [[nodiscard]] std::string incoming_rows() const;
  [[nodiscard]] std::string good_rows() const;
  [[nodiscard]] std::string candidate_rows() const;
  [[nodiscard]] std::string whole_rows() const;
  [[nodiscard]] bool has_base_rows() const { return base_ && base_->published > 0; }
  // Whether the rows that came make a part without being written again: all of them count, in the version's shape, and are
  // numbered behind those that are there.
  [[nodiscard]] bool stand_as_they_came() const;

  Task task_;
  engine::Engine& engine_;
  blob::BlobStore& blobs_;

  std::optional<catalog::Version> base_;
  std::int64_t next_id_ = 0;       // of the base; new `_id`s are the line plus this
  std::int64_t shift_ = 0;         // what makes the `_id`s of the rows that came such ones
  std::vector<std::string> key_;   // identifiers
  std::vector<std::string> kept_;  // fields that rows, all or those of some parts, do not have: they stay as they were
  catalog::Version next_;
  std::string base_rows_;  // SELECT, in the version's shape

  // The rows as they came, each source a file; `first_id` is what its `_id`s hold above the line.
  struct Source {
    std::filesystem::path file;
    std::string blob = {};  // when it is one already
    std::uint64_t rows = 0, bytes = 0;
    std::int64_t first_id = 0, last_id = 0;
    std::size_t part = 0;                           // its place among Incoming::parts
    std::vector<catalog::PartColumn> columns = {};  // when they are not all that came
  };
  [[nodiscard]] std::vector<sharing::PartFile> source_files(const std::vector<catalog::PartColumn>& whole) const;
  [[nodiscard]] bool has(const Source& source, std::string_view field_id) const;
  // A condition: the row `r` is of a part that has the field.
  [[nodiscard]] std::string came_with(std::string_view field_id) const;
  std::vector<Source> sources_;
  std::vector<Scratch> kept_files_;  // what `sources_` names and is ours
  std::uint64_t rows_ = 0;           // of all sources
  Incoming::Counts counts_;

  Scratch bad_, matches_, compared_, gone_, quality_;
  std::uint64_t bad_rows_ = 0, superseded_ = 0, matched_ = 0, differing_ = 0, removed_ = 0, idle_removals_ = 0, extra_ = 0,
                missing_ = 0;
  struct CandidatePart {
    Scratch file;  // none: the source as it came
    std::uint64_t rows = 0;
    std::size_t source = 0;
  };
  std::vector<CandidatePart> candidates_;
  std::uint64_t candidate_count_ = 0;
  std::uint64_t quality_rejects_ = 0, quality_changed_ = 0;
  Verdict verdict_;
  std::vector<std::uint64_t> left_out_;
};

}  // namespace qushu::ingest
