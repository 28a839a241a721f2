#include "qushu/sharing/watermark.h"

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>
#include <zip.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "words.h"

namespace qushu::sharing {
namespace {

// Two bits each. None of them is white space, so that nobody's trimming takes them.
constexpr std::array<std::string_view, 4> kDigits{"\u200B", "\u200C", "\u200D", "\u2060"};
constexpr std::size_t kWidth = 3;  // bytes of each
constexpr std::size_t kMac = 4, kPayload = 12;
constexpr std::size_t kDigitsOfMark = kPayload * 4;

const std::array kMigrations{store::Migration{
    .id = "sharing.0007",
    .sql = "CREATE TABLE sharing_export (number BIGINT PRIMARY KEY, grant_id TEXT NOT NULL, grant_number BIGINT NOT NULL, "
           "dataset_code TEXT NOT NULL, dataset_title TEXT NOT NULL, department_name TEXT NOT NULL, person_name TEXT NOT NULL, "
           "format TEXT NOT NULL, version BIGINT NOT NULL, at BIGINT NOT NULL);\n"}};

std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU);
  return out;
}
std::uint32_t from_big_endian(std::string_view bytes) {
  std::uint32_t out = 0;
  for (char c : bytes) out = out << 8U | static_cast<unsigned char>(c);
  return out;
}
std::string mac_of(std::string_view key, std::string_view numbers) {
  return crypto::hmac(key, "watermark:" + std::string(numbers)).substr(0, kMac);
}

// The digit that begins here, or -1.
int digit_at(std::string_view text) {
  for (std::size_t d = 0; d < kDigits.size(); ++d)
    if (text.starts_with(kDigits[d])) return static_cast<int>(d);
  return -1;
}

// Whether this value carries the mark: one in eight of large files.
bool carries(std::string_view key, std::string_view value, bool every) {
  constexpr unsigned kOneIn = 8;
  return every || static_cast<unsigned char>(crypto::hmac(key, value).front()) % kOneIn == 0;
}

std::size_t first_character(std::string_view text) {
  std::size_t n = 1;
  while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) ++n;
  return n;
}

// Text of the most different values, neither key nor masked.
std::string carrier_of(const Shown& shown, const std::vector<std::string>& columns) {
  std::map<std::string, std::int64_t, std::less<>> distinct;
  if (const auto* fields = shown.version.profile.if_contains("fields"); fields != nullptr && fields->is_array())
    for (const auto& f : fields->get_array())
      if (const auto* n = f.as_object().if_contains("distinct"); n != nullptr && n->is_number())
        distinct[std::string(f.at("id").as_string())] = n->to_number<std::int64_t>();
  std::string best;
  std::int64_t most = -1;
  for (const auto& field : shown.fields) {
    if (field.type != engine::Type::text || field.key || shown.mask(field.id) != nullptr) continue;
    if (std::ranges::find(columns, field.id) == columns.end()) continue;
    auto known = distinct.find(field.id);
    auto count = known == distinct.end() ? 0 : known->second;
    if (count <= most) continue;
    most = count;
    best = field.id;
  }
  return best;
}

struct Unzip {
  void operator()(zip_t* z) const { zip_discard(z); }
  void operator()(zip_file_t* f) const { zip_fclose(f); }
};

// Feeds what comes in pieces. What is kept of one for the next is too short to hold a whole mark, so that none counts twice.
class Feed {
 public:
  explicit Feed(MarkScanner& scanner) : scanner_(scanner) {}
  void add(std::string_view bytes) {
    kept_ += bytes;
    scanner_.look(kept_);
    constexpr std::size_t kKeep = kDigitsOfMark * kWidth - 1;
    if (kept_.size() > kKeep) kept_.erase(0, kept_.size() - kKeep);
  }

 private:
  MarkScanner& scanner_;
  std::string kept_;
};

// Of UTF-16 only the characters of marks matter, and one of another kind between them.
std::string from_utf16(std::string_view bytes, bool little) {
  std::string out;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    auto a = static_cast<unsigned char>(bytes[i]), b = static_cast<unsigned char>(bytes[i + 1]);
    auto unit = little ? static_cast<unsigned>(a | b << 8) : static_cast<unsigned>(b | a << 8);
    switch (unit) {
      case 0x200B:
        out += kDigits[0];
        break;
      case 0x200C:
        out += kDigits[1];
        break;
      case 0x200D:
        out += kDigits[2];
        break;
      case 0x2060:
        out += kDigits[3];
        break;
      default:
        out += '.';
    }
  }
  return out;
}

Failure unreadable(std::string_view name) {
  return fail(Error{.code = Code::invalid,
                    .id = "watermark.unreadable",
                    .text = {fmt::format("“{}”读不出来，文件可能已损坏。", name), fmt::format("“{}” cannot be read.", name)},
                    .subject = "file"});
}

}  // namespace

std::span<const store::Migration> watermark_migrations() {
  return kMigrations;
}

std::string hidden_mark(std::string_view key, std::uint32_t grant, std::uint32_t number) {
  auto payload = big_endian(grant) + big_endian(number);
  payload += mac_of(key, payload);
  std::string out;
  for (char c : payload)
    for (int shift = 6; shift >= 0; shift -= 2)
      out += kDigits.at(static_cast<unsigned char>(c) >> static_cast<unsigned>(shift) & 3U);
  return out;
}

void MarkScanner::look(std::string_view text) {
  // All digits begin with the same byte, which is rare in other text but for punctuation.
  for (auto at = text.find('\xE2'); at != std::string_view::npos; at = text.find('\xE2', at)) {
    std::vector<int> digits;
    while (at < text.size()) {
      auto digit = digit_at(text.substr(at));
      if (digit < 0) break;
      digits.push_back(digit);
      at += kWidth;
    }
    if (digits.empty()) ++at;
    for (std::size_t from = 0; from + kDigitsOfMark <= digits.size();) {
      std::string payload;
      for (std::size_t i = 0; i < kPayload; ++i) {
        int byte = 0;
        for (std::size_t d = 0; d < 4; ++d) byte = byte << 2 | digits[from + i * 4 + d];
        payload += static_cast<char>(byte);
      }
      std::string_view numbers = std::string_view(payload).substr(0, kPayload - kMac);
      if (mac_of(key_, numbers) == std::string_view(payload).substr(kPayload - kMac)) {
        ++found_[{from_big_endian(numbers.substr(0, 4)), from_big_endian(numbers.substr(4))}];
        from += kDigitsOfMark;
      } else {
        ++from;
      }
    }
  }
}

Result<std::unique_ptr<Watermarks>> Watermarks::open(Deps deps) {
  QS_TRY(auto key, crypto::load_or_create_key(deps.key_folder / "sharing.key"));
  return std::unique_ptr<Watermarks>(new Watermarks(std::move(deps), crypto::hmac(key, "watermarks")));
}

Result<Watermarks::Marks> Watermarks::begin(const Actor& actor, const Shown& shown, const std::vector<std::string>& columns,
                                            std::string_view format, std::optional<std::uint64_t> rows) const {
  Marks marks;
  const auto& grant = *shown.grant;
  const auto& wanted = grant.terms.marking;
  if (!wanted.visible && !wanted.hidden) return marks;
  auto now = deps_.clock.now();
  QS_TRY(marks.number, deps_.store.write([&](store::Transaction& t) -> Result<std::int64_t> {
    QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM sharing_export"));
    auto number = last->integer(0) + 1;
    QS_CHECK(
        t.exec("INSERT INTO sharing_export (number, grant_id, grant_number, dataset_code, dataset_title, department_name, "
               "person_name, format, version, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {number, grant.id, grant.number, grant.dataset_code, grant.dataset_title, grant.department_name, actor.name,
                format, shown.version.number, now}));
    return number;
  }));
  constexpr std::size_t kPurpose = 40;
  if (wanted.visible)
    marks.visible = fmt::format("仅供{}使用·{}·授权{}·{}·{}", grant.department_name, shorten(grant.terms.purpose, kPurpose),
                                grant.number, actor.name, to_iso(now).substr(0, 10));
  if (!wanted.hidden) return marks;
  marks.hidden_column = carrier_of(shown, columns);
  if (marks.hidden_column.empty()) return marks;
  constexpr std::uint64_t kSmall = 2000;
  auto mark = hidden_mark(key_, static_cast<std::uint32_t>(grant.number), static_cast<std::uint32_t>(marks.number));
  auto rewriting = [key = key_, mark, every = rows.value_or(kSmall + 1) <= kSmall](std::string_view value, std::string& out) {
    if (value.empty() || !carries(key, value, every)) {
      out += value;
      return;
    }
    auto first = first_character(value);
    out += value.substr(0, first);
    out += mark;
    out += value.substr(first);
  };
  marks.hidden = std::make_shared<const engine::Rewriter>(rewriting);
  return marks;
}

Result<void> Watermarks::scan(const std::filesystem::path& file, std::string_view name, MarkScanner& scanner) const {
  constexpr std::size_t kBlock = 1U << 18U;
  std::ifstream in(file, std::ios::binary);
  std::string block(kBlock, '\0');
  in.read(block.data(), 4);
  std::string magic = block.substr(0, static_cast<std::size_t>(in.gcount()));
  if (magic == "PAR1") {
    QS_TRY(
        auto cursor,
        deps_.engine.run({.sql = fmt::format("SELECT * FROM {}", engine::parquet_scan({file})), .params = {}, .limits = {}}));
    std::string text;
    while (true) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return {};
      for (std::size_t c = 0; c < cursor->columns().size(); ++c) {
        if (cursor->columns()[c].type != engine::Type::text) continue;
        for (std::size_t r = 0; r < chunk->rows(); ++r) {
          if (chunk->is_null(c, r)) continue;
          text.clear();
          chunk->append_text(c, r, text);
          scanner.look(text);
        }
      }
    }
  }
  if (magic.starts_with("PK")) {
    int code = 0;
    std::unique_ptr<zip_t, Unzip> zip(zip_open(file.c_str(), ZIP_RDONLY, &code));
    if (!zip) return unreadable(name);
    auto left = static_cast<std::uint64_t>(deps_.settings.integer("tabular.expansion_limit"));
    for (zip_int64_t i = 0; i < zip_get_num_entries(zip.get(), 0); ++i) {
      std::unique_ptr<zip_file_t, Unzip> member(zip_fopen_index(zip.get(), static_cast<zip_uint64_t>(i), 0));
      if (!member) continue;  // encrypted, or packed in a way that nobody can open
      Feed feed(scanner);
      for (zip_int64_t n = 0; (n = zip_fread(member.get(), block.data(), block.size())) > 0;) {
        if (static_cast<std::uint64_t>(n) > left)
          return fail(Code::too_large, "watermark.too_large", "压缩文件展开后太大。", "The archive unpacks to too much.");
        left -= static_cast<std::uint64_t>(n);
        feed.add({block.data(), static_cast<std::size_t>(n)});
      }
    }
    return {};
  }
  bool little = magic.starts_with("\xFF\xFE"), big = magic.starts_with("\xFE\xFF");
  in.clear();
  in.seekg(0);
  Feed feed(scanner);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    std::string_view piece(block.data(), static_cast<std::size_t>(in.gcount()));
    feed.add(little || big ? from_utf16(piece, little) : std::string(piece));
  }
  return {};
}

Result<std::vector<FoundMark>> Watermarks::read(const Actor& actor, const std::filesystem::path& file,
                                                std::string_view name) const {
  if (!actor.can(Permission::share_review) && !actor.can(Permission::security_manage) && !actor.can(Permission::dataset_all))
    return fail(Code::forbidden, "watermark.reader", "只有共享专员和安全管理员可以查验水印。",
                "Only sharing officers and security administrators read watermarks.");
  MarkScanner scanner(key_);
  QS_CHECK(scan(file, name, scanner));
  std::vector<FoundMark> out;
  json::array exports;
  for (const auto& [numbers, times] : scanner.found()) {
    QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
      return s.one(
          "SELECT number, grant_id, grant_number, dataset_code, dataset_title, department_name, person_name, format, "
          "version, at FROM sharing_export WHERE number = ?",
          {static_cast<std::int64_t>(numbers.second)});
    }));
    FoundMark mark{.file = {.number = numbers.second, .grant_number = numbers.first}, .times = times};
    if (row)
      mark.file = {.number = row->integer(0),
                   .grant_id = row->text(1),
                   .dataset_code = row->text(3),
                   .dataset_title = row->text(4),
                   .department_name = row->text(5),
                   .person_name = row->text(6),
                   .format = row->text(7),
                   .grant_number = row->integer(2),
                   .version = row->integer(8),
                   .at = row->time(9)};
    exports.emplace_back(mark.file.number);
    out.push_back(std::move(mark));
  }
  std::ranges::sort(out, std::ranges::greater(), &FoundMark::times);
  QS_CHECK(deps_.audit.record(actor, {.action = "watermark.read",
                                      .object_kind = "file",
                                      .object_id = std::string(name),
                                      .object_name = std::string(name),
                                      .detail = {{"exports", std::move(exports)}}}));
  return out;
}

json::object to_json(const FoundMark& m) {
  return {{"export", m.file.number},
          {"times", m.times},
          {"grant_id", m.file.grant_id},
          {"grant_number", m.file.grant_number},
          {"dataset", m.file.dataset_code},
          {"dataset_title", m.file.dataset_title},
          {"department_name", m.file.department_name},
          {"person_name", m.file.person_name},
          {"format", m.file.format},
          {"version", m.file.version},
          {"at", m.file.at == Time{} ? json::value(nullptr) : json::value(to_iso(m.file.at))}};
}

}  // namespace qushu::sharing
