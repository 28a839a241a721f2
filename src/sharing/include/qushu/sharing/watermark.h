// Watermarks (水印) in the files that leave under a grant, so that a copy that turns up somewhere says whose it was.
//
// Visible: a last column that names the receiving department, the purpose, the grant, who took it and when.
//
// Hidden: in one column of text, the mark of the export (its number and the grant's, with 32 bits of a keyed hash) is written
// in characters that have no width, behind the first character of the value. Which values carry it is told by a keyed hash of
// the value: every one of a small file, about one in eight of a large one. Each carries the whole mark, so that sorting the
// rows, leaving out most of them, or going from CSV to Excel and back does not take it away. Without the key a mark can neither
// be made nor told from another; who knows of such characters can strip them, which is why the grant says what is forbidden.
//
// The column is the one of the most different values that is text and neither key nor masked; without one the file has the
// visible mark alone.
//
// Thread-safety: everything may be used from any thread; a MarkScanner by one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/sharing/grant.h"
#include "qushu/sharing/policy.h"

namespace qushu::sharing {

[[nodiscard]] std::span<const store::Migration> watermark_migrations();

// An export that was marked.
struct MarkedExport {
  std::int64_t number = 0;
  std::string grant_id, dataset_code, dataset_title, department_name, person_name, format;
  std::int64_t grant_number = 0, version = 0;
  Time at;
};
struct FoundMark {
  MarkedExport file;
  std::uint64_t times = 0;  // how many values carry it
};

// Finds hidden marks in text, whatever is around them.
class MarkScanner {
 public:
  explicit MarkScanner(std::string key) : key_(std::move(key)) {}
  void look(std::string_view text);
  // Number of the grant and of the export, and how often.
  [[nodiscard]] const std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t>& found() const { return found_; }

 private:
  std::string key_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> found_;
};
// The characters of a mark.
[[nodiscard]] std::string hidden_mark(std::string_view key, std::uint32_t grant, std::uint32_t number);

class Watermarks {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    engine::Engine& engine;
    const Settings& settings;
    const Clock& clock;
    std::filesystem::path key_folder;
  };
  [[nodiscard]] static Result<std::unique_ptr<Watermarks>> open(Deps deps);

  struct Marks {
    std::int64_t number = 0;
    std::string visible;        // what the column says; empty: none
    std::string hidden_column;  // the identifier of the field that is rewritten; empty: none
    std::shared_ptr<const engine::Rewriter> hidden;
  };
  // Numbers one export of these columns (identifiers) under a grant, durably, and says how to mark it. `rows` when it is known.
  [[nodiscard]] Result<Marks> begin(const Actor& actor, const Shown& shown, const std::vector<std::string>& columns,
                                    std::string_view format, std::optional<std::uint64_t> rows) const;

  // Whose file this is: CSV, JSON, text of any kind, XLSX, Parquet, also packed. For officers, security administrators and who
  // may everything; audited. The most frequent first; none: the file has no mark of ours.
  [[nodiscard]] Result<std::vector<FoundMark>> read(const Actor& actor, const std::filesystem::path& file,
                                                    std::string_view name) const;

 private:
  explicit Watermarks(Deps deps, std::string key) : deps_(std::move(deps)), key_(std::move(key)) {}
  [[nodiscard]] Result<void> scan(const std::filesystem::path& file, std::string_view name, MarkScanner& scanner) const;

  Deps deps_;
  std::string key_;
};

[[nodiscard]] boost::json::object to_json(const FoundMark& mark);

}  // namespace qushu::sharing
