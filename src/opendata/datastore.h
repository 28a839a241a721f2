// Inside the module: the rows of an open dataset as CKAN's datastore gives them. What is asked is JSON from outside; every name
// in it is looked up among the released fields, every value travels as a parameter.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string>

#include "qushu/engine/engine.h"
#include "qushu/opendata/public_view.h"

namespace qushu::opendata {

namespace json = boost::json;

// A statement over PublicShown::select.
struct Statement {
  std::string text;
  std::vector<engine::Value> params;
};

struct DatastoreQuery {
  json::value filters;  // {field: value | [values] | {lt|lte|gt|gte|eq: value} | null, "$or": [filters]}
  json::value q;        // words, or {field: words}
  std::vector<std::string> fields;
  std::string sort;  // "a asc, b desc"
  bool distinct = false;
  std::size_t limit = 100, offset = 0;
};

// The columns of an answer: `_id` is an empty field.
struct Selected {
  std::vector<const catalog::Field*> columns;  // nullptr: _id
  std::string rows;                            // SELECT the columns, filtered, in order, without limit
  std::string count;                           // SELECT count(*)
  std::vector<engine::Value> params;
  bool by_id = false;       // in order of `_id` alone
  bool everything = false;  // nothing is left out
};

// invalid names the parameter ("filters") and the field.
[[nodiscard]] Result<Selected> select_rows(const PublicShown& shown, const DatastoreQuery& query);

[[nodiscard]] std::string_view ckan_type(engine::Type type);
// [{id, type, info: {label, notes, unit}}]
[[nodiscard]] json::array fields_json(const std::vector<const catalog::Field*>& columns);

enum class Records : std::uint8_t { objects, lists, csv, tsv };
[[nodiscard]] bool parse(std::string_view text, Records& out);

// Writes records of one kind, separated as their kind wants it, piece by piece.
class RecordWriter {
 public:
  RecordWriter(Records kind, const std::vector<engine::Column>& columns) : kind_(kind), columns_(columns) {}
  void add(const engine::Chunk& chunk, std::size_t row, std::string& out);
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  Records kind_;
  const std::vector<engine::Column>& columns_;
  std::uint64_t rows_ = 0;
};
// One value as JSON: numbers where they are exact in a double, else text.
void append_value(const engine::Chunk& chunk, std::size_t column, std::size_t row, engine::Type type, std::string& out);
// A cell of CSV or TSV, quoted where it must be.
void append_cell(std::string_view text, char separator, std::string& out);

}  // namespace qushu::opendata
