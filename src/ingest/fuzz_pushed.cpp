// Pushed rows: whatever comes, no crash; a row that is taken adds exactly one line of separated text, one that is not leaves
// the batch as it was and says why.
#include <cstdlib>

#include "qushu/base/text.h"

#include "pushed_rows.h"

namespace {

std::vector<qushu::catalog::Field> make_fields() {
  using qushu::engine::Type;
  std::vector<qushu::catalog::Field> fields;
  for (auto type :
       {Type::text, Type::integer, Type::decimal, Type::number, Type::boolean, Type::date, Type::time, Type::datetime}) {
    qushu::catalog::Field field;
    field.id = std::string(qushu::engine::name(type));
    field.name = "字段" + field.id;
    field.type = type;
    field.width = 12;
    field.scale = 2;
    field.key = type == Type::integer;
    fields.push_back(field);
  }
  return fields;
}

// Cells and lines of separated text as it is written here: in quotes everything counts as it stands, twice a quote is one.
struct Shape {
  std::size_t lines = 0, cells = 0;
  bool open = false;
};
Shape shape_of(std::string_view text) {
  Shape shape;
  for (char c : text) {
    if (c == '"') shape.open = !shape.open;
    if (shape.open) continue;
    if (c == ',') ++shape.cells;
    if (c == '\n') ++shape.lines;
  }
  return shape;
}

void take(qushu::ingest::PushedRows& rows, const boost::json::value& row, std::size_t cells) {
  auto before = rows.text();
  auto count = rows.rows();
  auto fault = rows.add(row);
  if (fault) {
    if (rows.text() != before || rows.rows() != count || fault->reason.zh.empty() || fault->reason.en.empty()) std::abort();
    return;
  }
  auto shape = shape_of(std::string_view(rows.text()).substr(before.size()));
  if (rows.rows() != count + 1 || !rows.text().starts_with(before) || shape.open || shape.lines != 1 || shape.cells != cells)
    std::abort();
}

}  // namespace

// One row a line, as a stream has them, and the whole as one document.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto kFields = make_fields();
  std::string_view input(reinterpret_cast<const char*>(data), size);
  for (bool remove : {false, true}) {
    qushu::ingest::PushedRows rows(kFields, true, remove, 4096);
    boost::system::error_code failed;
    // Every field has a cell, and behind them stands whether the row goes.
    auto cells = kFields.size();
    for (auto line : qushu::split(input, '\n'))
      if (auto row = boost::json::parse(line, failed); !failed) take(rows, row, cells);
    auto whole = boost::json::parse(input, failed);
    if (failed) continue;
    if (whole.is_array())
      for (const auto& row : whole.as_array()) take(rows, row, cells);
    else
      take(rows, whole, cells);
  }
  return 0;
}
