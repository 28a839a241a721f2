#include "functions.h"

#include <array>

#include <fmt/format.h>

#include "qushu/base/codes.h"

namespace qushu::engine {
namespace {

struct Check {
  const char* name;
  bool (*holds)(std::string_view);
};

const std::array kChecks{Check{"is_credit_code", is_credit_code}, Check{"has_organisation_code", has_organisation_code},
                         Check{"is_citizen_id", is_citizen_id},   Check{"is_region_code", is_region_code},
                         Check{"is_mobile", is_mobile},           Check{"is_landline", is_landline},
                         Check{"is_bank_card", is_bank_card},     Check{"is_email", is_email}};

// Rows that are null stay null: DuckDB asks only for the others' values, but hands over whole vectors.
void run(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& check = *static_cast<const Check*>(duckdb_scalar_function_get_extra_info(info));
  auto vector = duckdb_data_chunk_get_vector(input, 0);
  auto* texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
  auto* validity = duckdb_vector_get_validity(vector);
  auto* answers = static_cast<bool*>(duckdb_vector_get_data(output));
  auto rows = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < rows; ++row) {
    if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) {
      duckdb_vector_ensure_validity_writable(output);
      duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
      answers[row] = false;
      continue;
    }
    answers[row] = check.holds({duckdb_string_t_data(&texts[row]), duckdb_string_t_length(texts[row])});
  }
}

}  // namespace

Result<void> register_functions(duckdb_connection connection) {
  LogicalType text, boolean;
  *text.out() = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  *boolean.out() = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  for (const auto& check : kChecks) {
    auto function = duckdb_create_scalar_function();
    duckdb_scalar_function_set_name(function, check.name);
    duckdb_scalar_function_add_parameter(function, text.get());
    duckdb_scalar_function_set_return_type(function, boolean.get());
    duckdb_scalar_function_set_extra_info(function, const_cast<Check*>(&check), nullptr);  // NOLINT(*-const-cast): only read
    duckdb_scalar_function_set_function(function, run);
    auto state = duckdb_register_scalar_function(connection, function);
    duckdb_destroy_scalar_function(&function);
    if (state != DuckDBSuccess) return fail_internal(fmt::format("register {}", check.name));
  }
  return register_rewriting(connection);
}

}  // namespace qushu::engine
