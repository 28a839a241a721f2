#include "reading.h"

#include <fmt/format.h>

#include "qushu/base/csv.h"
#include "qushu/base/text.h"

#include "row_writer.h"

namespace qushu::tabular {
namespace {

constexpr std::size_t kMostRaw = 64U << 10U, kMostNoted = 1000;

// The row as CSV, for those who mend and upload it again.
std::string raw_text(const Record& record, const Separators& separators) {
  if (separators.delimiter != kSpooled.delimiter) return std::string(record.raw.substr(0, kMostRaw));
  std::string out;
  for (std::size_t i = 0; i < record.cells.size() && out.size() < kMostRaw; ++i) {
    if (i > 0) out += ',';
    if (auto cell = clean_text(record.cells[i]); !cell.empty()) append_csv(cell, false, out);
  }
  return out;
}

class Source final : public engine::TableSource {
 public:
  Source(ReadSpec spec, std::shared_ptr<File::Counts> counts) : spec_(std::move(spec)), counts_(std::move(counts)) {
    columns_.push_back({.name = "_id", .type = engine::Type::integer});
    std::size_t id = 0;
    for (const auto& p : spec_.plan)
      if (!p.skip) columns_.push_back({.name = spec_.ids[id++], .type = p.type, .width = p.width, .scale = p.scale});
  }

  const std::vector<engine::Column>& columns() const override { return columns_; }
  std::size_t max_threads() const override { return spec_.threads; }

  Result<void> begin() override {
    std::lock_guard lock(mutex_);
    QS_TRY(reader_, BlockReader::open(spec_.file, spec_.separators, spec_.skip_bytes, spec_.copy));
    counts_->read = 0;
    counts_->published = 0;
    counts_->rejected = 0;
    if (spec_.tallies) {
      std::lock_guard tallies(spec_.tallies->mutex);
      spec_.tallies->columns.assign(spec_.plan.size(), {});
      spec_.tallies->broken = spec_.tallies->bad_bytes = 0;
      spec_.tallies->misfits.clear();
    }
    return {};
  }

  Result<std::unique_ptr<engine::Scanner>> open(const std::vector<std::size_t>& wanted) override;

 private:
  friend class TableScanner;
  Result<bool> next_block(Block& block) {
    if (spec_.progress.cancelled && spec_.progress.cancelled())
      return fail(Code::cancelled, "tabular.cancelled", "已取消。", "Cancelled.");
    QS_TRY(bool more, reader_->next(block));
    if (spec_.progress.bytes) spec_.progress.bytes(reader_->position(), reader_->size());
    return more;
  }
  Result<void> reject(const Record& record, std::vector<Misfit> misfits) {
    if (!spec_.rejects) return {};
    std::string raw = record.cells.size() == 2 && record.cells[0] == "\xFF" ? std::string(record.cells[1])
                                                                            : raw_text(record, spec_.separators);
    // Shown to people and stored as text: what is no character is replaced.
    raw = well_formed(raw);
    for (auto& m : misfits) m.value = well_formed(m.value);
    std::lock_guard lock(rejects_mutex_);
    return spec_.rejects({.line = record.line, .misfits = std::move(misfits), .raw = std::move(raw)});
  }

  ReadSpec spec_;
  std::shared_ptr<File::Counts> counts_;
  std::vector<engine::Column> columns_;
  std::mutex mutex_, rejects_mutex_;
  std::unique_ptr<BlockReader> reader_;
};

class TableScanner final : public engine::Scanner {
 public:
  TableScanner(Source& source, const std::vector<std::size_t>& wanted)
      : source_(source), writer_(source.spec_.plan, wanted, source.spec_.tallies != nullptr) {}

  Result<std::size_t> fill(engine::ChunkWriter& into) override {
    std::size_t rows = 0;
    std::uint64_t read = 0, rejected = 0;
    Result<void> outcome;
    writer_.aim(into);
    while (rows < into.capacity()) {
      if (!parser_) {
        // The rows so far lend their text from the block.
        if (rows > 0) break;
        auto more = source_.next_block(block_);
        if (!more) {
          outcome = fail(more.error());
          break;
        }
        if (!*more) {
          hand_over();
          break;
        }
        readable_ = is_utf8(block_.bytes);
        parser_.emplace(block_, source_.spec_.separators);
      }
      if (!parser_->next(record_)) {
        parser_.reset();
        continue;
      }
      if (record_.line < source_.spec_.rules.first_line) continue;
      auto state = state_of(record_, source_.spec_.rules, readable_, why_);
      if (state == RowState::blank) continue;
      ++read;
      if (state == RowState::data && writer_.put(record_, rows)) {
        ++rows;
        continue;
      }
      ++rejected;
      if (source_.spec_.tallies) note(state, why_);
      outcome = source_.reject(record_, state == RowState::broken ? std::vector<Misfit>{std::move(why_)} : writer_.misfits());
      if (!outcome) break;
    }
    auto& counts = *source_.counts_;
    counts.read += read;
    counts.rejected += rejected;
    counts.published += rows;
    QS_CHECK(outcome);
    return rows;
  }

 private:
  void note(RowState state, const Misfit& why) {
    if (state == RowState::broken) {
      ++broken_;
      if (is_bad_encoding(why)) ++bad_bytes_;
    }
    if (misfits_.size() >= kMostNoted) return;
    if (state == RowState::broken) {
      misfits_.push_back(why);
      misfits_.back().value = well_formed(why.value);
    } else {
      misfits_.insert(misfits_.end(), writer_.misfits().begin(), writer_.misfits().end());
    }
  }
  // At the end of the file: what this thread has learnt.
  void hand_over() {
    if (!source_.spec_.tallies) return;
    auto& all = *source_.spec_.tallies;
    std::lock_guard lock(all.mutex);
    auto tallies = writer_.take_tallies();
    for (std::size_t i = 0; i < tallies.size(); ++i) all.columns[i].merge(tallies[i]);
    all.broken += broken_;
    all.bad_bytes += bad_bytes_;
    all.misfits.insert(all.misfits.end(), misfits_.begin(), misfits_.end());
    misfits_.clear();
    broken_ = bad_bytes_ = 0;
  }

  Source& source_;
  RowWriter writer_;
  Block block_;
  std::optional<RecordParser> parser_;
  Record record_;
  Misfit why_;  // of the last broken row
  std::uint64_t broken_ = 0, bad_bytes_ = 0;
  std::vector<Misfit> misfits_;
  bool readable_ = false;
};

Result<std::unique_ptr<engine::Scanner>> Source::open(const std::vector<std::size_t>& wanted) {
  return std::make_unique<TableScanner>(*this, wanted);
}

}  // namespace

Result<File::Reading> open_reading(ReadSpec spec) {
  auto counts = std::make_shared<File::Counts>();
  std::size_t kept = 0;
  for (const auto& p : spec.plan) kept += p.skip ? 0 : 1;
  if (kept != spec.ids.size()) return fail_internal(fmt::format("{} columns are read, {} names given", kept, spec.ids.size()));
  File::Reading reading;
  std::error_code unknown;
  auto bytes = std::filesystem::file_size(spec.file, unknown);
  reading.bytes = unknown ? 0 : bytes;
  reading.source = std::make_unique<Source>(std::move(spec), counts);
  reading.counts = std::move(counts);
  return reading;
}

}  // namespace qushu::tabular
