#include "chain.h"

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "functions.h"
#include "lineage_reader.h"
#include "sql_check.h"
#include "types.h"
#include "words.h"

namespace qushu::engine {
namespace {

namespace json = boost::json;

// The SQL type that a column has in our files.
std::string sql_type(const Column& column) {
  switch (column.type) {
    case Type::text:
      return "VARCHAR";
    case Type::integer:
      return "BIGINT";
    case Type::decimal:
      return fmt::format("DECIMAL({}, {})", column.width, column.scale);
    case Type::number:
      return "DOUBLE";
    case Type::boolean:
      return "BOOLEAN";
    case Type::date:
      return "DATE";
    case Type::time:
      return "TIME";
    case Type::datetime:
      return "TIMESTAMP";
  }
  return "VARCHAR";
}

// A folder for spilling that goes with the chain.
class SpillFolder {
 public:
  explicit SpillFolder(const std::filesystem::path& scratch) {
    static std::atomic<std::uint64_t> next{0};
    path_ = scratch / fmt::format("chain-{}", ++next);
  }
  ~SpillFolder() {
    std::error_code ignored;  // emptied at the next start
    std::filesystem::remove_all(path_, ignored);
  }
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A statement made of the steps' texts, and where each of them lies in it.
struct Composed {
  std::string sql;
  struct Place {
    std::size_t step, from, to;  // bytes
  };
  std::vector<Place> places;
};

class DuckChain final : public Chain {
 public:
  DuckChain(const ChainPlace& place, ChainSpec spec) : place_(place), spec_(std::move(spec)), spill_(place.scratch) {}

  Result<void> open() {
    QS_CHECK(open_instance());
    QS_CHECK(offer_inputs());
    QS_CHECK(lock_down());
    for (std::size_t i = 0; i < spec_.steps.size(); ++i) QS_CHECK(look_at(i));
    return {};
  }

  [[nodiscard]] const std::vector<Column>& columns(std::size_t step) const override { return looked_.at(step).columns; }
  [[nodiscard]] const Lineage& lineage(std::size_t step) const override { return looked_.at(step).lineage; }

  Result<std::uint64_t> count(std::size_t step, const Limits& limits) override {
    auto composed = compose(step, fmt::format("SELECT count(*) FROM {}", quote_name(spec_.steps[step].name)));
    QS_TRY(auto cursor, begin(composed, limits));
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return fail_internal("count(*) gave no row");
    return static_cast<std::uint64_t>(chunk->integer(0, 0));
  }

  Result<std::unique_ptr<Cursor>> rows(std::size_t step, std::uint64_t most, const Limits& limits) override {
    auto tail = fmt::format("SELECT {} FROM {}", plain(step, false), quote_name(spec_.steps[step].name));
    if (most > 0) tail += fmt::format(" LIMIT {}", most);
    return begin(compose(step, tail), limits);
  }

  Result<std::uint64_t> write(std::int64_t first_id, const Limits& limits) override {
    if (spec_.output.empty() || spec_.steps.empty()) return fail_internal("a chain without a file to write");
    auto last = spec_.steps.size() - 1;
    auto composed = compose(last, fmt::format("SELECT row_number() OVER () + {} AS _id{} FROM {}", first_id - 1,
                                              plain(last, true), quote_name(spec_.steps[last].name)));
    constexpr std::string_view kCopy = "COPY (\n";
    composed.sql = fmt::format("{}{}\n) TO {} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)", kCopy, composed.sql,
                               quote_text(spec_.output.string()));
    for (auto& place : composed.places) place.from += kCopy.size(), place.to += kCopy.size();
    QS_TRY(auto running, take(limits));
    auto written = run_to_end(place_.dog, running, composed.sql, parameters());
    if (!written) return explained(std::move(written).error(), composed, last);
    return *written;
  }

 private:
  struct Looked {
    std::vector<Column> columns;
    std::vector<bool> as_text;  // must be cast: lists, structs …
    Lineage lineage;
  };

  // --- the instance ----------------------------------------------------------------------------------------------------------

  Result<void> open_instance() {
    Config config;
    duckdb_create_config(config.out());
    auto set = [&](const char* key, const std::string& value) { duckdb_set_config(config.get(), key, value.c_str()); };
    set("memory_limit", fmt::format("{}B", spec_.memory));
    set("temp_directory", spill_.path().string());
    set("max_temp_directory_size", fmt::format("{}B", spec_.spill));
    set("autoinstall_known_extensions", "false");
    set("autoload_known_extensions", "false");
    if (auto threads = place_.settings.integer("engine.threads"); threads > 0) set("threads", fmt::format("{}", threads));
    char* message = nullptr;
    if (duckdb_open_ext(nullptr, database_->out(), config.get(), &message) != DuckDBSuccess) {
      auto failure = fail_internal(fmt::format("duckdb: {}", message == nullptr ? "cannot open" : message));
      duckdb_free(message);
      return failure;
    }
    if (duckdb_connect(database_->get(), connection_->out()) != DuckDBSuccess) return fail_internal("duckdb: cannot connect");
    QS_CHECK(register_scan(on()));
    QS_CHECK(register_functions(on()));
    for (const char* setting : {"SET TimeZone = 'UTC'", "SET parquet_metadata_cache = true", "SET errors_as_json = true"})
      QS_CHECK(command(on(), setting));
    return {};
  }

  // Each input under a name that nobody can write by accident; what people name is made of it by compose().
  Result<void> offer_inputs() {
    std::vector<Bound> bound;
    for (const auto& table : spec_.tables) {
      bound.push_back({.name = raw_name(table.name), .source = table.source});
      inputs_.push_back({.name = table.name, .columns = {}});
      once_.insert(table.name);
    }
    QS_TRY(bindings_, bind_tables(on(), bound));
    for (const auto& view : spec_.views) {
      QS_CHECK(command(on(), fmt::format("CREATE TEMP VIEW {} AS {}", quote_name(raw_name(view.name)), view.sql)));
      inputs_.push_back({.name = view.name, .columns = {}});
    }
    for (auto& input : inputs_) {
      QS_TRY(input.columns, names_of(fmt::format("SELECT * FROM {}", quote_name(raw_name(input.name)))));
    }
    return {};
  }

  Result<void> lock_down() {
    std::string paths;
    auto allow = [&](const std::filesystem::path& file) { paths += (paths.empty() ? "" : ", ") + quote_text(file.string()); };
    for (const auto& file : spec_.files) allow(file);
    if (!spec_.output.empty()) allow(spec_.output);
    QS_CHECK(command(on(), "SET allowed_paths = [" + paths + "]"));
    for (const char* lock : {"SET enable_external_access = false", "SET lock_configuration = true"})
      QS_CHECK(command(on(), lock));
    return {};
  }

  [[nodiscard]] Result<std::vector<std::string>> names_of(const std::string& sql) const {
    Prepared statement;
    if (duckdb_prepare(on(), sql.c_str(), statement.out()) != DuckDBSuccess)
      return fail_internal(fmt::format("duckdb: {}", duckdb_prepare_error(statement.get())));
    std::vector<std::string> names;
    for (idx_t i = 0; i < duckdb_prepared_statement_column_count(statement.get()); ++i) {
      const char* name = duckdb_prepared_statement_column_name(statement.get(), i);
      names.emplace_back(name == nullptr ? "" : name);
      duckdb_free(const_cast<char*>(name));  // NOLINT(*-const-cast): DuckDB gives it to us to free
    }
    return names;
  }

  // --- a step ----------------------------------------------------------------------------------------------------------------

  Result<void> look_at(std::size_t step) {
    auto relations = inputs_;
    std::set<std::string> tables;
    for (std::size_t i = 0; i < step; ++i) {
      Relation earlier{.name = spec_.steps[i].name, .columns = {}};
      for (const auto& column : looked_[i].columns) earlier.columns.push_back(column.name);
      relations.push_back(std::move(earlier));
    }
    for (const auto& relation : relations) tables.insert(lower_ascii(relation.name));
    auto tree = checked_tree(on(), text_of(step), tables, spec_.names);
    if (!tree) return named(std::move(tree).error(), step);
    looked_.emplace_back();
    auto& looked = looked_.back();
    looked.lineage = read_lineage(*tree, relations);
    auto composed = compose(step, fmt::format("SELECT * FROM {} LIMIT 0", quote_name(spec_.steps[step].name)));
    QS_TRY(auto running, take(spec_.limits));
    auto shaped = shape(running, composed.sql, looked);
    if (!shaped) return explained(std::move(shaped).error(), composed, step);
    std::vector<std::string> names;
    for (const auto& column : looked.columns) names.push_back(column.name);
    looked.lineage.name_columns(names);
    return {};
  }

  // Binds the statement with its parameters, since only then every type is known, and reads its columns.
  Result<void> shape(const Running& running, const std::string& sql, Looked& looked) const {
    Watchdog::Watch watch(place_.dog, on(), std::chrono::steady_clock::now() + running.limits.time, running.limits.cancelled);
    Prepared statement;
    if (duckdb_prepare(on(), sql.c_str(), statement.out()) != DuckDBSuccess)
      return duck_failure(DUCKDB_ERROR_INVALID, duckdb_prepare_error(statement.get()), false);
    QS_CHECK(parameters().bind(statement.get()));
    QueryResult result;
    if (duckdb_execute_prepared(statement.get(), result.get()) != DuckDBSuccess) {
      if (watch.cause() == Watchdog::Cause::cancelled)
        return fail(Code::cancelled, "engine.cancelled", "查询已取消。", "The query was cancelled.");
      return duck_failure(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()), false);
    }
    for (idx_t i = 0; i < duckdb_column_count(result.get()); ++i) {
      LogicalType type;
      *type.out() = duckdb_column_logical_type(result.get(), i);
      std::string name = duckdb_column_name(result.get(), i);
      auto column = column_of(name, type.get());
      looked.as_text.push_back(!column);
      looked.columns.push_back(column.value_or(Column{.name = std::move(name), .type = Type::text}));
    }
    return {};
  }

  // The columns of a step as our types, under their names; `numbered`: without `_id`, each with a comma in front.
  [[nodiscard]] std::string plain(std::size_t step, bool numbered) const {
    std::string out;
    for (const auto& column : looked_[step].columns) {
      if (numbered && lower_ascii(column.name) == "_id") continue;
      if (numbered || !out.empty()) out += ", ";
      out += fmt::format("CAST({0} AS {1}) AS {0}", quote_name(column.name), sql_type(column));
    }
    return out;
  }

  [[nodiscard]] std::string text_of(std::size_t step) const {
    auto text = trim(spec_.steps[step].sql);
    while (text.ends_with(';')) text = trim(text.substr(0, text.size() - 1));
    return std::string(text);
  }

  // How often an input or step is read by the steps up to `last`.
  [[nodiscard]] std::size_t places_of(const std::string& name, std::size_t last) const {
    std::size_t places = 0;
    for (std::size_t i = 0; i <= last; ++i) {
      // Of the step that is being looked at, the columns are not known yet, but its relations are.
      auto found = looked_[i].lineage.relations.find(name);
      if (found != looked_[i].lineage.relations.end()) places += found->second;
    }
    return places;
  }

  [[nodiscard]] Composed compose(std::size_t last, const std::string& tail) const {
    Composed out;
    auto define = [&](const std::string& name, bool keep) {
      out.sql +=
          fmt::format("{}{} AS {}MATERIALIZED (\n", out.sql.empty() ? "WITH " : ",\n", quote_name(name), keep ? "" : "NOT ");
    };
    for (const auto& input : inputs_) {
      auto places = places_of(input.name, last);
      if (places == 0) continue;
      auto cut = spec_.sample > 0 && input.name == spec_.sampled;
      define(input.name, places > 1 && (cut || once_.contains(input.name)));
      out.sql += fmt::format("SELECT * FROM {}", quote_name(raw_name(input.name)));
      if (cut) out.sql += fmt::format(" LIMIT {}", spec_.sample);
      out.sql += "\n)";
    }
    for (std::size_t i = 0; i <= last; ++i) {
      const auto& name = spec_.steps[i].name;
      define(name, places_of(name, last) > 1);
      auto text = text_of(i);
      out.places.push_back({.step = i, .from = out.sql.size(), .to = out.sql.size() + text.size()});
      out.sql += text + "\n)";
    }
    out.sql += "\n" + tail;
    return out;
  }

  // --- running ---------------------------------------------------------------------------------------------------------------

  [[nodiscard]] duckdb_connection on() const { return connection_->get(); }

  Result<Running> take(const Limits& limits) {
    Running running;
    QS_TRY(running.slot, place_.slots.take());
    running.instance = database_;
    running.connection = connection_;
    running.limits = limits;
    running.own = false;
    return running;
  }

  Result<std::unique_ptr<Cursor>> begin(const Composed& composed, const Limits& limits) {
    QS_TRY(auto running, take(limits));
    auto cursor = start(place_.dog, std::move(running), composed.sql, parameters());
    if (!cursor) return explained(std::move(cursor).error(), composed, composed.places.back().step);
    return std::unique_ptr<Cursor>(std::make_unique<Explaining>(*this, *std::move(cursor), composed));
  }

  [[nodiscard]] Parameters parameters() const {
    return {.any = true, .bind = [this](duckdb_prepared_statement to) { return bind(to); }};
  }

  [[nodiscard]] Result<void> bind(duckdb_prepared_statement to) const {
    for (idx_t i = 1; i <= duckdb_nparams(to); ++i) {
      const char* raw = duckdb_parameter_name(to, i);
      std::string name = raw == nullptr ? "" : raw;
      duckdb_free(const_cast<char*>(raw));  // NOLINT(*-const-cast): DuckDB gives it to us to free
      auto known = std::ranges::find_if(spec_.parameters,
                                        [&](const ChainParameter& p) { return lower_ascii(p.name) == lower_ascii(name); });
      if (known == spec_.parameters.end())
        return fail(
            Error{.code = Code::invalid,
                  .id = "steps.parameter",
                  .text = {fmt::format("没有声明参数 ${}。", name), fmt::format("The parameter ${} is not declared.", name)}});
      QS_CHECK(bind_parameter(to, i, *known));
    }
    return {};
  }

  // --- errors ----------------------------------------------------------------------------------------------------------------

  // What goes wrong while rows are read is explained like what goes wrong before.
  class Explaining final : public Cursor {
   public:
    Explaining(const DuckChain& chain, std::unique_ptr<Cursor> cursor, Composed composed)
        : chain_(chain), cursor_(std::move(cursor)), composed_(std::move(composed)) {}
    [[nodiscard]] const std::vector<Column>& columns() const override { return cursor_->columns(); }
    Result<const Chunk*> next() override {
      auto chunk = cursor_->next();
      if (!chunk) return chain_.explained(std::move(chunk).error(), composed_, composed_.places.back().step);
      return chunk;
    }

   private:
    const DuckChain& chain_;
    std::unique_ptr<Cursor> cursor_;
    Composed composed_;
  };

  [[nodiscard]] Failure named(Error error, std::size_t step) const {
    const auto& s = spec_.steps[step];
    const auto& title = s.title.empty() ? s.name : s.title;
    error.text.zh = fmt::format("步骤“{}”：{}", title, error.text.zh);
    error.text.en = fmt::format("Step “{}”: {}", title, error.text.en);
    error.subject = fmt::format("steps[{}].sql{}", step, error.subject.empty() ? "" : " " + error.subject);
    return fail(std::move(error));
  }

  // An error of the whole statement, told as one of the step where it lies; of `last` when nothing says where.
  [[nodiscard]] Failure explained(Error error, const Composed& composed, std::size_t last) const {
    for (const auto& binding : bindings_)
      if (auto reported = binding->error()) return fail(*std::move(reported));
    if (error.id == "sql.failed") {
      boost::system::error_code broken;
      auto said = json::parse(error.detail, broken);
      if (!broken && said.is_object()) return explained(std::move(error), said.get_object(), composed, last);
    }
    if (error.code == Code::internal || error.code == Code::cancelled || error.code == Code::overloaded)
      return fail(std::move(error));
    return named(std::move(error), last);
  }

  [[nodiscard]] Failure explained(Error error, const json::object& said, const Composed& composed, std::size_t last) const {
    auto text = [&](std::string_view key) {
      const auto* value = said.if_contains(key);
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    auto message = text("exception_message");
    message.resize(std::min(message.find('\n'), message.size()));
    if (text("exception_type") == "Out of Memory") {
      error.code = Code::too_large;
      error.id = "engine.memory";
      error.text = {"需要的内存和临时空间超过上限，请先筛选或汇总。",
                    "More memory and scratch space is needed than may be used; filter or aggregate first."};
      return named(std::move(error), last);
    }
    error.text = {"执行失败：" + in_chinese(message), "It failed: " + message};
    error = with_identifier(std::move(error), message, spec_.labels);
    if (auto at = to_int(text("position")); at && *at >= 0)
      for (const auto& place : composed.places) {
        auto offset = static_cast<std::size_t>(*at);
        if (offset < place.from || offset >= place.to) continue;
        auto before = std::string_view(composed.sql).substr(place.from, offset - place.from);
        error.subject = fmt::format("position {}", lead(place.step) + utf8_length(before) + 1);
        return named(std::move(error), place.step);
      }
    return named(std::move(error), last);
  }

  // The characters in front of a step's text that trim() took off.
  [[nodiscard]] std::size_t lead(std::size_t step) const {
    const auto& sql = spec_.steps[step].sql;
    auto trimmed = trim(sql);
    return utf8_length(std::string_view(sql).substr(0, static_cast<std::size_t>(trimmed.data() - sql.data())));
  }

  static std::string raw_name(const std::string& name) { return "qushu input " + lower_ascii(name); }

  ChainPlace place_;
  ChainSpec spec_;
  SpillFolder spill_;
  std::shared_ptr<Database> database_ = std::make_shared<Database>();
  std::vector<std::unique_ptr<Binding>> bindings_;
  std::shared_ptr<Connection> connection_ = std::make_shared<Connection>();
  std::vector<Relation> inputs_;
  std::set<std::string> once_;  // inputs that can be read once only
  std::vector<Looked> looked_;
};

}  // namespace

Result<std::unique_ptr<Chain>> open_chain(const ChainPlace& place, ChainSpec spec) {
  auto chain = std::make_unique<DuckChain>(place, std::move(spec));
  QS_CHECK(chain->open());
  return std::unique_ptr<Chain>(std::move(chain));
}

}  // namespace qushu::engine
