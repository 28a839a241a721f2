// Inside the module: what a column of PostgreSQL becomes, and what ours become there.
#pragma once

#include "reader.h"

namespace qushu::sources {

// What a column becomes; `as_text`: it is asked for as text.
struct PostgresMapping {
  engine::Type type = engine::Type::text;
  std::uint8_t width = 0, scale = 0;
  Wire wire = Wire::text;
  bool as_text = true;
  Text note = {};
};

// `oid`, `modifier`: of pg_type.
[[nodiscard]] PostgresMapping postgres_mapping(unsigned oid, int modifier);
[[nodiscard]] std::string postgres_type(const engine::Column& column);
// A cell in the text format of COPY.
void append_copied(std::string_view cell, std::string& out);

}  // namespace qushu::sources
