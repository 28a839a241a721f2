#include "scan.h"

#include <cstddef>
#include <map>

#include <fmt/format.h>

#include "types.h"

namespace qushu::engine {
namespace {

// Handles that are alive. A query holds its Binding until its connection is closed, so a pointer found here stays good.
struct Registry {
  std::mutex mutex;
  std::map<std::uint64_t, Binding*> bindings;
  std::uint64_t next = 1;
};

Registry& registry() {
  static Registry shared;
  return shared;
}

Binding* find(std::uint64_t handle) {
  std::scoped_lock lock(registry().mutex);
  auto found = registry().bindings.find(handle);
  return found == registry().bindings.end() ? nullptr : found->second;
}

// What one thread of one scan works with.
struct Local {
  std::unique_ptr<Scanner> scanner;
  std::vector<std::size_t> vectors;  // the vector of each wanted column
};

// The vectors of one call, as a scanner sees them.
class VectorWriter final : public ChunkWriter {
 public:
  VectorWriter(duckdb_data_chunk chunk, const std::vector<std::size_t>& vectors, const std::vector<std::uint8_t>& widths)
      : ChunkWriter(duckdb_vector_size(), slots(chunk, vectors, widths)) {}

 private:
  static std::vector<Slot> slots(duckdb_data_chunk chunk, const std::vector<std::size_t>& vectors,
                                 const std::vector<std::uint8_t>& widths) {
    std::vector<Slot> made;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      auto* vector = duckdb_data_chunk_get_vector(chunk, vectors[i]);
      made.push_back({.vector = vector, .data = duckdb_vector_get_data(vector), .width = widths[i]});
    }
    return made;
  }
};

static_assert(sizeof(TextSlot) == sizeof(duckdb_string_t) && alignof(TextSlot) == alignof(duckdb_string_t) &&
              offsetof(TextSlot, front) == offsetof(duckdb_string_t, value.inlined.inlined) &&
              offsetof(TextSlot, rest) == offsetof(duckdb_string_t, value.pointer.ptr) &&
              TextSlot::kInside == sizeof(duckdb_string_t::value.inlined.inlined) && sizeof(void*) == sizeof(std::uint64_t));

struct LocalState {
  Local local;
  std::vector<std::uint8_t> widths;
};

void bind(duckdb_bind_info info) {
  auto value = duckdb_bind_get_parameter(info, 0);
  auto handle = static_cast<std::uint64_t>(duckdb_get_int64(value));
  duckdb_destroy_value(&value);
  auto* binding = find(handle);
  if (binding == nullptr) {
    duckdb_bind_set_error(info, "no such relation");
    return;
  }
  for (const auto& column : binding->source().columns())
    duckdb_bind_add_result_column(info, column.name.c_str(), duck_type(column).get());
  if (auto rows = binding->source().row_estimate()) duckdb_bind_set_cardinality(info, *rows, false);
  duckdb_bind_set_bind_data(info, binding, nullptr);
}

void init(duckdb_init_info info) {
  auto* binding = static_cast<Binding*>(duckdb_init_get_bind_data(info));
  if (auto begun = binding->source().begin(); !begun) {
    duckdb_init_set_error(info, begun.error().text.en.c_str());
    binding->report(std::move(begun).error());
    return;
  }
  duckdb_init_set_max_threads(info, binding->source().max_threads());
}

void init_thread(duckdb_init_info info) {
  auto* binding = static_cast<Binding*>(duckdb_init_get_bind_data(info));
  const auto& columns = binding->source().columns();
  auto state = std::make_unique<LocalState>();
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    auto index = duckdb_init_get_column_index(info, i);
    if (index >= columns.size()) continue;  // count(*) asks for no real column
    wanted.push_back(index);
    state->local.vectors.push_back(i);
    state->widths.push_back(columns[index].width);
  }
  auto opened = binding->source().open(wanted);
  if (!opened) {
    duckdb_init_set_error(info, opened.error().text.en.c_str());
    binding->report(std::move(opened).error());
    return;
  }
  state->local.scanner = *std::move(opened);
  duckdb_init_set_init_data(info, state.release(), [](void* data) { delete static_cast<LocalState*>(data); });
}

void scan(duckdb_function_info info, duckdb_data_chunk output) {
  auto* binding = static_cast<Binding*>(duckdb_function_get_bind_data(info));
  auto* state = static_cast<LocalState*>(duckdb_function_get_local_init_data(info));
  VectorWriter writer(output, state->local.vectors, state->widths);
  auto rows = state->local.scanner->fill(writer);
  if (!rows) {
    duckdb_function_set_error(info, rows.error().text.en.c_str());
    binding->report(std::move(rows).error());
    return;
  }
  duckdb_data_chunk_set_size(output, *rows);
}

}  // namespace

void ChunkWriter::copy_text(std::size_t column, std::size_t row, std::string_view text) {
  duckdb_vector_assign_string_element_len(static_cast<duckdb_vector>(slots_[column].vector), row, text.data(), text.size());
}

std::uint64_t* ChunkWriter::make_validity(std::size_t column) {
  auto* vector = static_cast<duckdb_vector>(slots_[column].vector);
  duckdb_vector_ensure_validity_writable(vector);
  return slots_[column].validity = duckdb_vector_get_validity(vector);
}

Binding::Binding(TableSource& source) : source_(source) {
  std::scoped_lock lock(registry().mutex);
  handle_ = registry().next++;
  registry().bindings.emplace(handle_, this);
}

Binding::~Binding() {
  std::scoped_lock lock(registry().mutex);
  registry().bindings.erase(handle_);
}

void Binding::report(Error error) {
  std::scoped_lock lock(mutex_);
  if (!error_) error_ = std::move(error);
}

std::optional<Error> Binding::error() const {
  std::scoped_lock lock(mutex_);
  return error_;
}

Result<void> register_scan(duckdb_connection connection) {
  auto function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "qushu_scan");
  LogicalType handle;
  *handle.out() = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  duckdb_table_function_add_parameter(function, handle.get());
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_local_init(function, init_thread);
  duckdb_table_function_set_function(function, scan);
  duckdb_table_function_supports_projection_pushdown(function, true);
  auto state = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  if (state != DuckDBSuccess) return fail_internal("register qushu_scan");
  return {};
}

Result<std::vector<std::unique_ptr<Binding>>> bind_tables(duckdb_connection connection, const std::vector<Bound>& tables) {
  std::vector<std::unique_ptr<Binding>> bindings;
  for (const auto& table : tables) {
    bindings.push_back(std::make_unique<Binding>(*table.source));
    QS_CHECK(command(connection, fmt::format("CREATE TEMP VIEW {} AS SELECT * FROM qushu_scan({})", quote_name(table.name),
                                             bindings.back()->handle())));
  }
  return bindings;
}

}  // namespace qushu::engine
