// Formats that are no separated text, written as such into a scratch file: see kSpooled in text_file.h.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/tabular/tabular.h"

namespace qushu::tabular {

class SpoolWriter {
 public:
  [[nodiscard]] static Result<SpoolWriter> create(const std::filesystem::path& file);
  // `was_text`: a text in the source, which a number-like value must stay.
  void cell(std::string_view text, bool was_text);
  void end_row();
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  std::filesystem::path path_;
  std::ofstream out_;
  std::string row_;
  bool begun_ = false;
  std::uint64_t rows_ = 0;
};

struct Limits {
  std::uint64_t expansion, cell, columns, tables;
  double ratio;
};

// One table that is ready to be read as separated text.
struct Table {
  std::string location;
  Format format = Format::csv;
  std::filesystem::path file;  // on disk: the original, or scratch
  bool spooled = false;        // in the form of kSpooled
  std::optional<Text> note;    // why it cannot be read
};

// Each sheet of a workbook as a spooled file in `scratch`; rows keep their numbers.
[[nodiscard]] Result<std::vector<Table>> spool_xlsx(const std::filesystem::path& file, const std::string& prefix,
                                                    const std::filesystem::path& scratch, const Limits& limits);
// An array of objects, or an object that holds one; or one object a line.
[[nodiscard]] Result<Table> spool_json(const std::filesystem::path& file, const std::string& location, bool lines,
                                       const std::filesystem::path& scratch, const Limits& limits);
[[nodiscard]] Result<Table> spool_parquet(const std::filesystem::path& file, const std::string& location,
                                          const std::filesystem::path& scratch, const Settings& settings);

// The tables of a file, whatever it is: unpacks gzip and zip, tells the formats apart by content.
[[nodiscard]] Result<std::vector<Table>> open_container(const std::filesystem::path& file, std::string_view name,
                                                        const std::filesystem::path& scratch, const Settings& settings);

}  // namespace qushu::tabular
