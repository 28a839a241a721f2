#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <zip.h>
#include <zlib.h>

#include "qushu/base/text.h"

#include "encoding.h"
#include "spool.h"

namespace qushu::tabular {
namespace {

Limits limits_of(const Settings& s) {
  auto n = [&](std::string_view key) { return static_cast<std::uint64_t>(s.integer(key)); };
  return {.expansion = n("tabular.expansion_limit"),
          .cell = n("tabular.cell_limit"),
          .columns = n("tabular.column_limit"),
          .tables = n("tabular.table_limit"),
          .ratio = s.number("tabular.expansion_ratio")};
}

std::string front_of(const std::filesystem::path& file, std::size_t size) {
  std::ifstream in(file, std::ios::binary);
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// Text has no control characters but tab, line ends, form feed, escape and the old end of file; one in a hundred is a slip.
bool is_binary(std::string_view front) {
  auto encoding = detect_encoding(front, false);
  auto text = encoding.starts_with("utf-16") ? to_utf8(std::string(front.substr(0, front.size() / 2 * 2)), encoding)
                                             : std::string(front);
  auto controls = std::ranges::count_if(text, [](char c) {
    auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && !(u >= 0x09 && u <= 0x0D) && u != 0x1A && u != 0x1B) || u == 0x7F;
  });
  return static_cast<std::size_t>(controls) * 100 > text.size();
}

enum class Kind : std::uint8_t { empty, gzip, zip, parquet, old_excel, pdf, json, json_lines, binary, text };

// What a file is, told by its first bytes and, where those leave a choice, by its name.
Kind kind_of(std::string_view front, std::string_view name) {
  if (front.empty()) return Kind::empty;
  if (front.starts_with("\x1F\x8B")) return Kind::gzip;
  if (front.starts_with("PK\x03\x04") || front.starts_with("PK\x05\x06")) return Kind::zip;
  if (front.starts_with("PAR1")) return Kind::parquet;
  if (front.starts_with("\xD0\xCF\x11\xE0")) return Kind::old_excel;
  if (front.starts_with("%PDF")) return Kind::pdf;
  auto lower = lower_ascii(name);
  auto text = front;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  auto begin = trim(text);
  bool json_name = lower.ends_with(".json") || lower.ends_with(".geojson"),
       lines_name = lower.ends_with(".ndjson") || lower.ends_with(".jsonl");
  if (begin.starts_with('{') || begin.starts_with('[')) {
    // An object on each line, or one document.
    auto first = begin.substr(0, begin.find('\n'));
    bool lines = lines_name || (begin.starts_with('{') && trim(first).ends_with('}') && begin.size() > first.size() &&
                                trim(begin.substr(first.size())).starts_with('{'));
    if (lines) return Kind::json_lines;
    if (json_name || begin.starts_with("[{") || begin.starts_with('{')) return Kind::json;
  }
  return is_binary(front) ? Kind::binary : Kind::text;
}

constexpr std::size_t kFront = 8192;

class Opener {
 public:
  Opener(std::filesystem::path scratch, const Settings& settings)
      : scratch_(std::move(scratch)), settings_(settings), limits_(limits_of(settings)) {}

  Result<void> open(const std::filesystem::path& file, const std::string& name, const std::string& location, int depth) {
    switch (auto kind = kind_of(front_of(file, kFront), name)) {
      case Kind::empty:
        tables_.push_back({.location = location, .file = file, .note = Text{"文件是空的。", "The file is empty."}});
        return {};
      case Kind::gzip:
        return depth > 2 ? nested(location) : gunzip(file, name, location, depth);
      case Kind::zip:
        return depth > 2 ? nested(location) : unzip(file, location, depth);
      case Kind::parquet:
        return keep(spool_parquet(file, location, next_scratch(), settings_));
      case Kind::json:
      case Kind::json_lines:
        return keep(spool_json(file, location, kind == Kind::json_lines, next_scratch(), limits_));
      case Kind::old_excel:
        return fail(Code::invalid, "tabular.old_excel", "这是旧版 Excel（.xls）文件，请在 Excel 中另存为 .xlsx 后上传。",
                    "This is an old Excel file (.xls); save it as .xlsx in Excel and upload that.");
      case Kind::pdf:
        return fail(Code::invalid, "tabular.pdf", "这是 PDF 文件，不是数据表。请上传 CSV、Excel、JSON 或 Parquet。",
                    "This is a PDF and no table. Upload CSV, Excel, JSON or Parquet.");
      case Kind::binary:
        return fail(Code::invalid, "tabular.binary", "这不是数据表文件。请上传 CSV、TSV、Excel（.xlsx）、JSON 或 Parquet。",
                    "This is no table. Upload CSV, TSV, Excel (.xlsx), JSON or Parquet.");
      case Kind::text:
        break;
    }
    tables_.push_back({.location = location, .format = Format::csv, .file = file});
    return {};
  }

  std::vector<Table> tables() { return std::move(tables_); }

 private:
  std::filesystem::path next_scratch() { return scratch_ / fmt::format("part{}", ++parts_); }

  static Result<void> nested(const std::string& location) {
    return fail(Error{.code = Code::invalid,
                      .id = "tabular.nested",
                      .text = {"压缩包嵌套过深。", "The archives are nested too deeply."},
                      .subject = location});
  }

  Result<void> keep(Result<Table> table) {
    if (!table) return fail(std::move(table).error());
    tables_.push_back(*std::move(table));
    return {};
  }

  // What an archive may grow to: a share of the limit, and no more than so many times its own size.
  Result<void> spend(std::uint64_t bytes, std::uint64_t packed) {
    spent_ += bytes;
    this_ += bytes;
    bool bomb = this_ > (64U << 20U) && static_cast<double>(this_) > limits_.ratio * static_cast<double>(packed);
    if (spent_ <= limits_.expansion && !bomb) return {};
    return fail(Code::too_large, "tabular.expansion",
                fmt::format("压缩包解开后太大（上限 {}，或 {} 倍）。", human_bytes(limits_.expansion), limits_.ratio),
                fmt::format("Unpacked, the archive is too large (limit {}, or {} times its size).",
                            human_bytes(limits_.expansion), limits_.ratio));
  }

  Result<void> gunzip(const std::filesystem::path& file, const std::string& name, const std::string& location, int depth) {
    std::unique_ptr<gzFile_s, decltype(&gzclose)> in(gzopen(file.c_str(), "rb"), gzclose);
    if (!in) return fail_errno(errno, "open " + file.string());
    auto target = next_scratch();
    std::ofstream out(target, std::ios::binary);
    std::string buffer(1U << 20U, '\0');
    auto packed = std::filesystem::file_size(file);
    this_ = 0;
    while (true) {
      auto got = gzread(in.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
      if (got < 0) return fail(Code::invalid, "tabular.gzip", "gzip 文件已损坏。", "The gzip file is damaged.");
      if (got == 0) break;
      QS_CHECK(spend(static_cast<std::uint64_t>(got), packed));
      out.write(buffer.data(), got);
      if (!out) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + target.string());
    }
    int state = Z_OK;
    gzerror(in.get(), &state);
    if (state == Z_BUF_ERROR) return fail(Code::invalid, "tabular.gzip", "gzip 文件不完整。", "The gzip file is cut off.");
    out.close();
    auto inner = lower_ascii(name).ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
    return open(target, inner, location, depth + 1);
  }

  Result<void> unzip(const std::filesystem::path& file, const std::string& location, int depth) {
    int error = 0;
    std::unique_ptr<zip_t, decltype(&zip_discard)> archive(zip_open(file.c_str(), ZIP_RDONLY, &error), zip_discard);
    if (!archive) return fail(Code::invalid, "tabular.zip", "压缩包已损坏或不完整。", "The zip archive is damaged or cut off.");
    if (zip_name_locate(archive.get(), "xl/workbook.xml", 0) >= 0) {
      QS_TRY(auto sheets, spool_xlsx(file, location, next_scratch(), limits_));
      std::ranges::move(sheets, std::back_inserter(tables_));
      return {};
    }
    auto count = zip_get_num_entries(archive.get(), 0);
    auto packed = std::filesystem::file_size(file);
    this_ = 0;
    for (zip_int64_t i = 0; i < count; ++i) {
      zip_stat_t info;
      if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &info) != 0) continue;
      std::string member = info.name;
      // Old archives name their members in the writer's code page: in China, GBK.
      if (!is_utf8(member)) member = to_utf8(member, "gb18030");
      if (member.ends_with('/') || member.starts_with("__MACOSX") || member.ends_with(".DS_Store")) continue;
      if (tables_.size() >= limits_.tables)
        return fail(Code::too_large, "tabular.tables", fmt::format("压缩包里的文件超过 {} 个的上限。", limits_.tables),
                    fmt::format("The archive holds more than {} files.", limits_.tables));
      if ((info.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && info.encryption_method != ZIP_EM_NONE)
        return fail(Code::invalid, "tabular.encrypted", "压缩包设了密码，请去掉密码后上传。",
                    "The archive has a password; remove it and upload again.");
      auto target = next_scratch();
      QS_CHECK(extract(archive.get(), static_cast<zip_uint64_t>(i), target, packed));
      auto place = location.empty() ? member : fmt::format("{} › {}", location, member);
      auto opened = open(target, member, place, depth + 1);
      // One member that cannot be read does not spoil the others; it is shown with its reason.
      if (!opened && (opened.error().code == Code::invalid))
        tables_.push_back({.location = place, .file = target, .note = opened.error().text});
      if (!opened && opened.error().code != Code::invalid) return opened;
    }
    return {};
  }

  Result<void> extract(zip_t* archive, zip_uint64_t index, const std::filesystem::path& target, std::uint64_t packed) {
    std::unique_ptr<zip_file_t, decltype(&zip_fclose)> in(zip_fopen_index(archive, index, 0), zip_fclose);
    if (!in) return fail(Code::invalid, "tabular.zip", "压缩包已损坏。", "The zip archive is damaged.");
    std::ofstream out(target, std::ios::binary);
    std::string buffer(1U << 20U, '\0');
    while (true) {
      auto got = zip_fread(in.get(), buffer.data(), buffer.size());
      if (got < 0) return fail(Code::invalid, "tabular.zip", "压缩包已损坏。", "The zip archive is damaged.");
      if (got == 0) break;
      QS_CHECK(spend(static_cast<std::uint64_t>(got), packed));
      out.write(buffer.data(), got);
      if (!out) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + target.string());
    }
    return {};
  }

  std::filesystem::path scratch_;
  const Settings& settings_;
  Limits limits_;
  std::vector<Table> tables_;
  int parts_ = 0;
  std::uint64_t spent_ = 0, this_ = 0;
};

}  // namespace

bool File::is_text(const std::filesystem::path& file, std::string_view name) {
  return kind_of(front_of(file, kFront), name) == Kind::text;
}

Result<std::vector<Table>> open_container(const std::filesystem::path& file, std::string_view name,
                                          const std::filesystem::path& scratch, const Settings& settings) {
  Opener opener(scratch, settings);
  QS_CHECK(opener.open(file, std::string(name), "", 0));
  return opener.tables();
}

}  // namespace qushu::tabular
