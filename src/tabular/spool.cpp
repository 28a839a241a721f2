#include "spool.h"

#include <boost/json.hpp>
#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "text_file.h"
#include "value.h"

namespace qushu::tabular {
namespace {

namespace json = boost::json;

// Hands out the text of each object of a JSON document, one after the other, without holding more than one.
class ObjectReader {
 public:
  explicit ObjectReader(const std::filesystem::path& file) : in_(file, std::ios::binary) {}
  [[nodiscard]] bool good() const { return in_.good() || in_.eof(); }

  // Moves to the first array that holds objects; false when there is none.
  bool find_array() {
    int c = 0;
    while ((c = get()) != EOF) {
      if (c == '"') {
        skip_string();
      } else if (c == '[') {
        do c = get();
        while (c == ' ' || c == '\n' || c == '\r' || c == '\t');
        if (c == '{') {
          pending_ = true;
          return true;
        }
      }
    }
    return false;
  }

  // The next object's text; false at the array's end. `broken` when the text ends inside it.
  bool next(std::string& object, bool& broken) {
    object.clear();
    broken = false;
    int c = 0;
    if (!pending_) {
      while ((c = get()) != EOF && c != '{')
        if (c == ']') return false;
      if (c == EOF) return false;
    }
    pending_ = false;
    line_of_object_ = line_;
    object = "{";
    int depth = 1;
    bool in_string = false, escaped = false;
    while (depth > 0 && (c = get()) != EOF) {
      object += static_cast<char>(c);
      if (in_string) {
        if (escaped)
          escaped = false;
        else if (c == '\\')
          escaped = true;
        else if (c == '"')
          in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']') {
        --depth;
      }
    }
    broken = depth > 0;
    return true;
  }
  [[nodiscard]] std::uint64_t line() const { return line_of_object_; }

 private:
  int get() {
    if (at_ == buffer_.size()) {
      buffer_.resize(1U << 20U);
      in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
      buffer_.resize(static_cast<std::size_t>(in_.gcount()));
      at_ = 0;
      if (buffer_.empty()) return EOF;
    }
    char c = buffer_[at_++];
    if (c == '\n') ++line_;
    return static_cast<unsigned char>(c);
  }
  void skip_string() {
    int c = 0;
    while ((c = get()) != EOF && c != '"')
      if (c == '\\') get();
  }
  std::ifstream in_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1, line_of_object_ = 1;
  bool pending_ = false;
};

struct Shown {
  std::string text;
  bool was_text = false;
};

Shown shown(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return {.text = std::string(value.as_string()), .was_text = true};
  if (value.is_bool()) return {.text = value.as_bool() ? "true" : "false"};
  if (value.is_double()) return {.text = fmt::format("{}", value.as_double())};
  return {.text = json::serialize(value)};
}

class Objects {
 public:
  explicit Objects(const Limits& limits) : limits_(limits) {}
  Result<void> learn(const json::object& object) {
    for (const auto& [key, value] : object) {
      std::string name(key);
      if (index_.emplace(name, names_.size()).second) names_.push_back(name);
    }
    if (names_.size() > limits_.columns)
      return fail(Code::too_large, "tabular.columns", fmt::format("列数超过 {} 的上限。", limits_.columns),
                  fmt::format("There are more than {} columns.", limits_.columns));
    return {};
  }
  void header(SpoolWriter& out) const {
    for (const auto& name : names_) out.cell(name, false);
    out.end_row();
  }
  // Members that the sample did not have go into a last column, so that nothing is lost.
  void row(const json::object& object, SpoolWriter& out) {
    cells_.assign(names_.size(), {});
    for (const auto& [key, value] : object)
      if (auto found = index_.find(std::string_view(key)); found != index_.end()) cells_[found->second] = shown(value);
    for (const auto& cell : cells_) out.cell(cell.text, cell.was_text);
    out.end_row();
  }

 private:
  const Limits& limits_;
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<Shown> cells_;
};

Failure bad_json(std::uint64_t line) {
  return fail(Error{.code = Code::invalid,
                    .id = "tabular.json",
                    .text = {fmt::format("第 {} 行附近不是有效的 JSON。", line),
                             fmt::format("Near line {} the text is not valid JSON.", line)},
                    .subject = fmt::format("line {}", line)});
}

// Calls `each` with every object of the document.
template <class F>
Result<void> for_each(const std::filesystem::path& file, bool lines, F&& each) {
  if (lines) {
    std::ifstream in(file, std::ios::binary);
    std::string line;
    for (std::uint64_t n = 1; std::getline(in, line); ++n) {
      if (n == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
      boost::system::error_code failed;
      bool blank = trim(line).empty();
      auto value = blank ? json::value() : json::parse(line, failed);
      QS_CHECK(each(!blank && !failed && value.is_object() ? &value.as_object() : nullptr, n,
                    blank ? std::string_view() : std::string_view(line)));
    }
    return {};
  }
  ObjectReader reader(file);
  if (!reader.find_array())
    return fail(Code::invalid, "tabular.json_rows", "JSON 里没有由对象组成的数组。", "The JSON holds no array of objects.");
  std::string text;
  bool broken = false;
  while (reader.next(text, broken)) {
    if (broken) return bad_json(reader.line());
    boost::system::error_code failed;
    auto value = json::parse(text, failed);
    QS_CHECK(each(!failed && value.is_object() ? &value.as_object() : nullptr, reader.line(), std::string_view(text)));
  }
  return {};
}

}  // namespace

Result<SpoolWriter> SpoolWriter::create(const std::filesystem::path& file) {
  SpoolWriter writer;
  writer.path_ = file;
  writer.out_.open(file, std::ios::binary);
  if (!writer.out_) return fail_errno(errno, "create " + file.string());
  return writer;
}

void SpoolWriter::cell(std::string_view text, bool was_text) {
  if (begun_) row_ += kSpooled.delimiter;
  begun_ = true;
  if (was_text && !text.empty() &&
      (is_ascii_digit(text[0]) || text[0] == '-' || text[0] == '+' || text[0] == '.' || text[0] == ' '))
    row_ += kWasText;
  for (char c : text)
    if (c != kSpooled.delimiter && c != kSpooled.terminator && c != kWasText) row_ += c;
}

void SpoolWriter::end_row() {
  row_ += kSpooled.terminator;
  out_.write(row_.data(), static_cast<std::streamsize>(row_.size()));
  row_.clear();
  begun_ = false;
  ++rows_;
}

Result<void> SpoolWriter::finish() {
  out_.flush();
  if (!out_) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + path_.string());
  return {};
}

Result<Table> spool_json(const std::filesystem::path& file, const std::string& location, bool lines,
                         const std::filesystem::path& scratch, const Limits& limits) {
  Objects objects(limits);
  // Every object may have members of its own, so all are looked at before the first is written.
  QS_CHECK(for_each(file, lines, [&](const json::object* object, std::uint64_t, std::string_view) -> Result<void> {
    return object ? objects.learn(*object) : Result<void>{};
  }));
  QS_TRY(auto out, SpoolWriter::create(scratch));
  objects.header(out);
  QS_CHECK(for_each(file, lines, [&](const json::object* object, std::uint64_t line, std::string_view raw) -> Result<void> {
    // One row a line, so that a row's number is its line (of NDJSON) or its place in the array.
    if (lines)
      while (out.rows() < line) out.end_row();
    if (object) {
      objects.row(*object, out);
    } else if (!raw.empty()) {
      // A broken line becomes a row that is too wide, which is rejected and shown as it was written.
      out.cell("\xFF", false);
      out.cell(raw.substr(0, 65536), false);
      out.end_row();
    }
    return {};
  }));
  QS_CHECK(out.finish());
  return Table{.location = location, .format = lines ? Format::ndjson : Format::json, .file = scratch, .spooled = true};
}

Result<Table> spool_parquet(const std::filesystem::path& file, const std::string& location,
                            const std::filesystem::path& scratch, const Settings& settings) {
  auto folder = scratch;
  folder += ".engine";
  QS_TRY(auto engine, engine::Engine::open(settings, folder));
  QS_TRY(auto cursor,
         engine->run({.sql = "SELECT * FROM " + engine::parquet_scan({file}), .limits = {.time = std::chrono::hours(6)}}));
  QS_TRY(auto out, SpoolWriter::create(scratch));
  const auto& columns = cursor->columns();
  for (const auto& column : columns) out.cell(column.name, false);
  out.end_row();
  std::string text;
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (!chunk) break;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        text.clear();
        if (!chunk->is_null(c, row)) chunk->append_text(c, row, text);
        out.cell(text, columns[c].type == engine::Type::text);
      }
      out.end_row();
    }
  }
  QS_CHECK(out.finish());
  return Table{.location = location, .format = Format::parquet, .file = scratch, .spooled = true};
}

}  // namespace qushu::tabular
