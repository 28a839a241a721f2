// Rows between a reading thread, which waits for the server, and the engine's scanning threads, which decode.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "reader.h"

namespace qushu::sources {
namespace {

constexpr std::size_t kAhead = 8;  // blocks that may wait

using Clock = std::chrono::steady_clock;

// Blocks in order, filled by one thread and taken by several.
class Pipe {
 public:
  Pipe(std::unique_ptr<Database> database, const Context& context, std::size_t limit)
      : database_(std::move(database)),
        cancelled_(context.cancelled),
        limit_(limit),
        first_wait_(std::chrono::seconds(context.settings.integer("sources.query_timeout"))),
        stall_(std::chrono::seconds(context.settings.integer("sources.stall_timeout"))) {}
  ~Pipe() {
    {
      std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    space_.notify_all();
    if (!thread_.joinable()) return;
    if (!ended_) database_->abort();
    thread_.join();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void start() {
    thread_ = std::thread([this] { read(); });
  }

  // The next block, nullptr at the end. `done` goes back for another filling.
  Result<std::unique_ptr<Block>> take(std::unique_ptr<Block> done) {
    std::unique_lock lock(mutex_);
    if (done) free_.push_back(std::move(done));
    auto since = Clock::now();
    auto seen = arrived_.load(std::memory_order_relaxed);
    while (ready_.empty() && !ended_) {
      filled_.wait_for(lock, std::chrono::milliseconds(50));
      if (!ready_.empty() || ended_) break;
      if (cancelled_ && cancelled_())
        return stop(lock, {.code = Code::cancelled, .id = "source.cancelled", .text = {"已取消。", "Cancelled."}});
      if (auto now = arrived_.load(std::memory_order_relaxed); now != seen) {
        seen = now;
        since = Clock::now();
      }
      auto most = seen == 0 ? first_wait_ : stall_;
      if (Clock::now() - since > most) return stop(lock, stalled(seen, most));
    }
    if (error_) return fail(*error_);
    if (ready_.empty()) return nullptr;
    auto block = std::move(ready_.front());
    ready_.pop_front();
    space_.notify_one();
    return block;
  }

 private:
  static Error stalled(std::uint64_t rows, std::chrono::seconds most) {
    return {.code = Code::timed_out,
            .id = "source.stalled",
            .text = {fmt::format("数据源在读出 {} 行后 {} 秒没有响应。请检查网络和对方服务器的负载，或调大设置 {}。", rows,
                                 most.count(), rows == 0 ? "sources.query_timeout" : "sources.stall_timeout"),
                     fmt::format("The source said nothing for {} s after {} rows. Check the network and the server's load, or "
                                 "raise {}.",
                                 most.count(), rows, rows == 0 ? "sources.query_timeout" : "sources.stall_timeout")}};
  }
  Result<std::unique_ptr<Block>> stop(std::unique_lock<std::mutex>& lock, Error why) {
    if (!error_) error_ = std::move(why);
    stopping_ = true;
    auto error = *error_;
    lock.unlock();
    space_.notify_all();
    database_->abort();
    return fail(std::move(error));
  }

  void read() {
    std::uint64_t rows = 0;
    while (true) {
      std::unique_ptr<Block> block;
      {
        std::unique_lock lock(mutex_);
        space_.wait(lock, [&] { return stopping_ || ready_.size() < kAhead; });
        if (stopping_) return end(lock, std::nullopt);
        if (!free_.empty()) {
          block = std::move(free_.back());
          free_.pop_back();
        }
      }
      if (!block) block = std::make_unique<Block>();
      block->clear();
      block->first = rows;
      auto more = database_->next(*block);
      std::unique_lock lock(mutex_);
      if (!more) return end(lock, std::move(more).error());
      rows += block->rows;
      arrived_.store(rows, std::memory_order_relaxed);
      if (block->rows != 0) ready_.push_back(std::move(block));
      if (!*more || (limit_ != 0 && rows >= limit_)) return end(lock, std::nullopt);
      lock.unlock();
      filled_.notify_one();
    }
  }
  void end(std::unique_lock<std::mutex>& lock, std::optional<Error> error) {
    if (error && !error_) error_ = std::move(error);
    ended_ = true;
    lock.unlock();
    filled_.notify_all();
  }

  std::unique_ptr<Database> database_;
  Cancelled cancelled_;
  std::size_t limit_;
  std::chrono::seconds first_wait_, stall_;
  std::mutex mutex_;
  std::condition_variable filled_, space_;
  std::deque<std::unique_ptr<Block>> ready_;
  std::vector<std::unique_ptr<Block>> free_;
  std::optional<Error> error_;
  std::atomic<std::uint64_t> arrived_ = 0;
  std::atomic<bool> ended_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// What all scanners add to.
struct Tally {
  std::atomic<std::uint64_t> rows = 0, bytes = 0, blanked = 0, mended = 0, unmarked = 0, beyond = 0;
  std::mutex mutex;
  std::optional<__int128> highest;

  void raise(__int128 value) {
    std::scoped_lock lock(mutex);
    if (!highest || value > *highest) highest = value;
  }
};

struct Plan {
  std::vector<FeedColumn> columns;
  std::optional<std::size_t> since;  // the watermark's column
  std::optional<__int128> most;      // beyond which its values do not count
};

class BlockScanner final : public engine::Scanner {
 public:
  BlockScanner(std::shared_ptr<Pipe> pipe, std::shared_ptr<const Plan> plan, std::shared_ptr<Tally> tally,
               const std::vector<std::size_t>& wanted)
      : pipe_(std::move(pipe)), plan_(std::move(plan)), tally_(std::move(tally)), slots_(plan_->columns.size(), kNone) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] == 0)
        id_ = i;
      else
        slots_[wanted[i] - 1] = i;
    }
  }

  Result<std::size_t> fill(engine::ChunkWriter& into) override {
    QS_TRY(block_, pipe_->take(std::move(block_)));
    if (!block_) return std::size_t{0};
    outputs_.assign(slots_.size(), {});
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i] != kNone) outputs_[i] = output(into, plan_->columns[i].info.column.type, slots_[i]);
    if (id_ != kNone) {
      auto* ids = into.integers(id_);
      for (std::size_t row = 0; row < block_->rows; ++row) ids[row] = static_cast<std::int64_t>(block_->first + row + 1);
    }
    const char* at = block_->cells.data();
    const char* end = at + block_->cells.size();
    for (std::size_t row = 0; row < block_->rows; ++row)
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        std::uint32_t length = 0;
        if (end - at < 4) return fail_internal("a block's cells are cut");
        std::memcpy(&length, at, sizeof length);
        at += sizeof length;
        length = std::byteswap(length);
        if (length == Block::kNull) {
          if (plan_->since == i) ++tally_->unmarked;
          if (slots_[i] != kNone) into.set_null(slots_[i], row);
          continue;
        }
        if (static_cast<std::size_t>(end - at) < length) return fail_internal("a block's cells are cut");
        std::string_view cell(at, length);
        at += length;
        if (slots_[i] != kNone || plan_->since == i) QS_CHECK(take(into, i, row, cell));
      }
    tally_->rows += block_->rows;
    tally_->bytes += block_->cells.size();
    if (highest_) tally_->raise(*highest_);
    return block_->rows;
  }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  struct Output {
    std::int64_t* integers = nullptr;
    double* numbers = nullptr;
    bool* booleans = nullptr;
    std::int32_t* dates = nullptr;
  };

  static Output output(engine::ChunkWriter& into, engine::Type type, std::size_t slot) {
    using engine::Type;
    switch (type) {
      case Type::integer:
      case Type::datetime:
      case Type::time:
        return {.integers = into.integers(slot)};
      case Type::number:
        return {.numbers = into.numbers(slot)};
      case Type::boolean:
        return {.booleans = into.booleans(slot)};
      case Type::date:
        return {.dates = into.dates(slot)};
      default:
        return {};
    }
  }

  Result<void> take(engine::ChunkWriter& into, std::size_t i, std::size_t row, std::string_view cell) {
    using engine::Type;
    const auto& feed = plan_->columns[i];
    const auto& column = feed.info.column;
    Decoded value;
    switch (decode(feed.wire, column, cell, value, scratch_)) {
      case Decoded::Outcome::good:
        break;
      case Decoded::Outcome::blank:
        ++tally_->blanked;
        if (plan_->since == i) ++tally_->unmarked;
        if (slots_[i] != kNone) into.set_null(slots_[i], row);
        return {};
      case Decoded::Outcome::misfit:
        return misfit(feed, row, cell);
    }
    if (plan_->since == i) {
      if (plan_->most && value.whole > *plan_->most)
        ++tally_->beyond;
      else if (!highest_ || value.whole > *highest_)
        highest_ = value.whole;
    }
    if (slots_[i] == kNone) return {};
    const auto& out = outputs_[i];
    switch (column.type) {
      case Type::integer:
      case Type::datetime:
      case Type::time:
        out.integers[row] = static_cast<std::int64_t>(value.whole);
        break;
      case Type::number:
        out.numbers[row] = value.number;
        break;
      case Type::boolean:
        out.booleans[row] = value.whole != 0;
        break;
      case Type::date:
        out.dates[row] = static_cast<std::int32_t>(value.whole);
        break;
      case Type::decimal:
        into.set_decimal(slots_[i], row, value.whole);
        break;
      case Type::text:
        text(into, i, row, value.text);
        break;
    }
    return {};
  }

  void text(engine::ChunkWriter& into, std::size_t i, std::size_t row, std::string_view value) {
    if (!is_utf8(value)) {
      ++tally_->mended;
      into.set_text(slots_[i], row, well_formed(value));
    } else if (value.data() == scratch_.data()) {
      into.set_text(slots_[i], row, value);
    } else {
      into.lend_text(slots_[i], row, value);  // the block stays until the next fill()
    }
  }

  Failure misfit(const FeedColumn& feed, std::size_t row, std::string_view cell) const {
    auto number = block_->first + row + 1;
    auto written = static_cast<int>(feed.wire) >= static_cast<int>(Wire::integer) && feed.wire < Wire::bits;
    auto shown = written ? shorten(well_formed(cell), 60) : fmt::format("{} B", cell.size());
    return fail(Error{
        .code = Code::invalid,
        .id = "source.value",
        .text = {fmt::format("第 {} 行“{}”的值“{}”不是其类型 {} 所允许的值。请在查询中转换这一列，或改变数据源的设置。", number,
                             feed.info.source_name, shown, feed.info.source_type),
                 fmt::format("Row {}: the value “{}” of “{}” is none of its type {}. Convert the column in a query, or change "
                             "the source's settings.",
                             number, shown, feed.info.source_name, feed.info.source_type)},
        .subject = fmt::format("row {}", number)});
  }

  std::shared_ptr<Pipe> pipe_;
  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<Tally> tally_;
  std::vector<std::size_t> slots_;
  std::size_t id_ = kNone;
  std::unique_ptr<Block> block_;
  std::vector<Output> outputs_;
  std::optional<__int128> highest_;
  std::string scratch_;
};

class DatabaseRows final : public RowStream {
 public:
  DatabaseRows(std::unique_ptr<Database> database, Plan plan, const Context& context, std::size_t limit)
      : plan_(std::make_shared<Plan>(std::move(plan))),
        tally_(std::make_shared<Tally>()),
        pipe_(std::make_shared<Pipe>(std::move(database), context, limit)) {
    columns_.push_back({.name = "_id", .type = engine::Type::integer});
    for (const auto& feed : plan_->columns) {
      columns_.push_back(feed.info.column);
      described_.push_back(feed.info);
    }
    threads_ = std::max<std::size_t>(1, std::min<std::size_t>(4, std::thread::hardware_concurrency()));
  }

  [[nodiscard]] const std::vector<engine::Column>& columns() const override { return columns_; }
  [[nodiscard]] std::size_t max_threads() const override { return threads_; }
  [[nodiscard]] const std::vector<ColumnInfo>& described() const override { return described_; }
  Result<void> begin() override {
    if (begun_.exchange(true)) return fail_internal("a RowStream was scanned twice");
    pipe_->start();
    return {};
  }
  Result<std::unique_ptr<engine::Scanner>> open(const std::vector<std::size_t>& wanted) override {
    return std::make_unique<BlockScanner>(pipe_, plan_, tally_, wanted);
  }
  [[nodiscard]] Counts counts() const override {
    return {.rows = tally_->rows,
            .bytes = tally_->bytes,
            .blanked = tally_->blanked,
            .mended = tally_->mended,
            .unmarked = tally_->unmarked,
            .beyond = tally_->beyond};
  }
  [[nodiscard]] std::optional<std::string> highest() const override {
    std::scoped_lock lock(tally_->mutex);
    if (!tally_->highest || !plan_->since) return std::nullopt;
    return canonical(plan_->columns[*plan_->since].info.column, *tally_->highest);
  }

 private:
  std::shared_ptr<Plan> plan_;
  std::shared_ptr<Tally> tally_;
  std::shared_ptr<Pipe> pipe_;
  std::vector<engine::Column> columns_;
  std::vector<ColumnInfo> described_;
  std::size_t threads_;
  std::atomic<bool> begun_ = false;
};

}  // namespace

Result<std::unique_ptr<RowStream>> stream(std::unique_ptr<Database> database, const Selection& selection, std::size_t limit,
                                          const Context& context) {
  QS_CHECK(check_selection(selection));
  QS_TRY(auto columns, database->begin(selection, limit));
  if (columns.empty())
    return fail(wrong("source.no_columns", "selection", "所选的表或查询没有列。", "The table or query has no columns."));
  name_columns(columns);
  Plan plan{.columns = std::move(columns), .since = std::nullopt, .most = std::nullopt};
  if (selection.since) {
    QS_TRY(plan.since, since_column(plan.columns, *selection.since));
    plan.most = most_of(plan.columns[*plan.since].info.column, *selection.since);
  }
  return std::make_unique<DatabaseRows>(std::move(database), std::move(plan), context, limit);
}

}  // namespace qushu::sources
