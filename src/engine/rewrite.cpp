#include "qushu/engine/rewrite.h"

#include <map>
#include <shared_mutex>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/engine/engine.h"

#include "functions.h"

namespace qushu::engine {
namespace {

struct Known {
  std::shared_mutex mutex;
  std::map<std::string, std::shared_ptr<const Rewriting>, std::less<>> by_handle;
};

Known& known() {
  static Known all;
  return all;
}

std::shared_ptr<const Rewriting> find(std::string_view handle) {
  auto& all = known();
  std::shared_lock lock(all.mutex);
  auto found = all.by_handle.find(handle);
  return found == all.by_handle.end() ? nullptr : found->second;
}

std::string_view text_at(duckdb_vector vector, idx_t row) {
  auto* texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
  return {duckdb_string_t_data(&texts[row]), duckdb_string_t_length(texts[row])};
}

// The handle is a constant, the same in every row.
void run(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  auto rows = duckdb_data_chunk_get_size(input);
  auto handles = duckdb_data_chunk_get_vector(input, 0), values = duckdb_data_chunk_get_vector(input, 1);
  auto* validity = duckdb_vector_get_validity(values);
  auto rewriting = rows > 0 ? find(text_at(handles, 0)) : nullptr;
  std::string out;
  for (idx_t row = 0; row < rows; ++row) {
    if (!rewriting || (validity != nullptr && !duckdb_validity_row_is_valid(validity, row))) {
      duckdb_vector_ensure_validity_writable(output);
      duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
      continue;
    }
    out.clear();
    (*rewriting)(text_at(values, row), out);
    duckdb_vector_assign_string_element_len(output, row, out.data(), out.size());
  }
}

constexpr const char* kFunction = "qushu_rewrite";

}  // namespace

Rewriter::Rewriter(Rewriting rewriting, bool nulls)
    : handle_(new_id()), rewriting_(std::make_shared<const Rewriting>(std::move(rewriting))), nulls_(nulls) {
  auto& all = known();
  std::scoped_lock lock(all.mutex);
  all.by_handle.emplace(handle_, rewriting_);
}

Rewriter::~Rewriter() {
  auto& all = known();
  std::scoped_lock lock(all.mutex);
  all.by_handle.erase(handle_);
}

std::string Rewriter::sql(std::string_view text) const {
  return nulls_ ? fmt::format("{}({}, coalesce({}, ''))", kFunction, quote_text(handle_), text)
                : fmt::format("{}({}, {})", kFunction, quote_text(handle_), text);
}

std::optional<std::string> Rewriter::rewrite(std::optional<std::string_view> value) const {
  if (!value && !nulls_) return std::nullopt;
  std::string out;
  (*rewriting_)(value.value_or(""), out);
  return out;
}

Result<void> register_rewriting(duckdb_connection connection) {
  LogicalType text;
  *text.out() = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  auto function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, kFunction);
  duckdb_scalar_function_add_parameter(function, text.get());
  duckdb_scalar_function_add_parameter(function, text.get());
  duckdb_scalar_function_set_return_type(function, text.get());
  duckdb_scalar_function_set_function(function, run);
  auto state = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_scalar_function(&function);
  if (state != DuckDBSuccess) return fail_internal("register qushu_rewrite");
  return {};
}

}  // namespace qushu::engine
