// DuckDB's types and ours.
#pragma once

#include "qushu/engine/engine.h"

#include "duck.h"

namespace qushu::engine {

// The column that a result column of this type becomes; nullopt: it must be cast to text first (lists, structs, blobs …).
[[nodiscard]] std::optional<Column> column_of(std::string name, duckdb_logical_type type);
[[nodiscard]] LogicalType duck_type(const Column& column);

}  // namespace qushu::engine
