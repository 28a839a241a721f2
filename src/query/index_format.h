// Inside the module: how the key index looks on disk, shared by its writer and its reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <lmdb.h>

#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"

namespace qushu::query {

constexpr std::int64_t kIndexFormat = 2;
constexpr const char* kRowsTable = "rows";
constexpr const char* kGoneTable = "gone";
constexpr const char* kAboutTable = "about";
constexpr std::string_view kAboutKey = "index";

// Adds one part of a key, so that no key is the beginning of another: integers as 8 bytes, text (and every other type in its
// canonical text) with an end mark. `text` is the value in the form of Chunk::append_text().
void append_key_text(std::string_view text, std::string& out);
void append_key_integer(std::int64_t value, std::string& out);
// One part of a key as a row holds it.
void append_key_part(const engine::Chunk& chunk, std::size_t column, std::size_t row, engine::Type type, std::string& out);
// One part of a key as a request holds it; false when the field can hold no such value (more digits than its scale).
[[nodiscard]] bool append_key_value(const catalog::Field& field, const engine::Value& value, std::string& out);

// What a row is, for telling a changed one: two SQL expressions over its fields, each a whole number. They say the same only of
// the same types by the same engine, which `hashed_by` names.
[[nodiscard]] std::string row_hash(const std::vector<catalog::Field>& fields);
[[nodiscard]] std::string hashed_by(std::string_view engine, const std::vector<catalog::Field>& fields);

// The length of a value and one more, seven bits a byte; 0 stands for null.
void append_length(std::size_t length, std::string& out);
[[nodiscard]] std::optional<std::size_t> read_length(std::string_view& from);

[[nodiscard]] Failure lmdb_failure(int code, std::string_view what);

inline MDB_val to_val(std::string_view bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<char*>(bytes.data())};  // NOLINT(*-const-cast): LMDB reads only
}
inline std::string_view from_val(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

}  // namespace qushu::query
