// Whether an archive is one that was written here: its hashes against the audit's.
#include <algorithm>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "qushu/crypto/crypto.h"

#include "archive.h"
#include "stored.h"

namespace qushu::evaluation {
namespace {

constexpr zip_int64_t kMostMembers = 20'000;
constexpr std::uint64_t kMostBytes = 8ULL << 30U;  // of what is unpacked
constexpr std::uint64_t kMostManifest = 8ULL << 20U;

Failure no_archive(std::string detail) {
  return fail(Error{.code = Code::invalid,
                    .id = "evaluation.archive",
                    .text = {"这不是能读的 ZIP 文件，请选择从自评导出的压缩包。",
                             "This is no ZIP file that can be read; choose an archive exported from a self-evaluation."},
                    .subject = "file",
                    .detail = std::move(detail)});
}

std::string member(const json::object& detail, std::string_view name) {
  const auto* found = detail.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

}  // namespace

Result<Contents> contents_of(const std::filesystem::path& file) {
  int code = 0;
  Zip zip(zip_open(file.c_str(), ZIP_RDONLY, &code));
  if (!zip) return no_archive(fmt::format("libzip: {}", code));
  auto count = zip_get_num_entries(zip.get(), 0);
  if (count > kMostMembers) return no_archive("too many members");
  Contents out;
  std::uint64_t all = 0;
  std::string block(std::size_t{1} << 18U, '\0');
  for (zip_int64_t i = 0; i < count; ++i) {
    auto index = static_cast<zip_uint64_t>(i);
    const char* name = zip_get_name(zip.get(), index, ZIP_FL_ENC_GUESS);
    if (name == nullptr) return no_archive(zip_strerror(zip.get()));
    std::string path(name);
    if (path.ends_with('/')) continue;
    ZipFile member(zip_fopen_index(zip.get(), index, 0));
    if (!member) return no_archive(zip_strerror(zip.get()));
    crypto::Digest digest;
    zip_int64_t n = 0;
    while ((n = zip_fread(member.get(), block.data(), block.size())) > 0) {
      auto piece = std::string_view(block).substr(0, static_cast<std::size_t>(n));
      all += piece.size();
      if (all > kMostBytes) return no_archive("too much");
      digest.update(piece);
      if (path == kManifest && out.manifest.size() < kMostManifest) out.manifest += piece;
    }
    if (n < 0) return no_archive(zip_file_strerror(member.get()));
    out.hashes[path] = crypto::to_hex(digest.finish());
  }
  return out;
}

std::string export_of(const std::string& manifest) {
  boost::system::error_code failed;
  auto parsed = json::parse(manifest, failed);
  const auto* object = failed ? nullptr : parsed.if_object();
  const auto* id = object == nullptr ? nullptr : object->if_contains("export");
  return id != nullptr && id->is_string() ? std::string(id->as_string()) : std::string();
}

Result<std::string> hash_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Code::not_found, "evaluation.archive", "打不开这个文件。", "That file cannot be opened.");
  crypto::Digest digest;
  std::string block(std::size_t{1} << 18U, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    digest.update(std::string_view(block).substr(0, static_cast<std::size_t>(in.gcount())));
  return crypto::to_hex(digest.finish());
}

bool Verified::good() const {
  return entry != 0 && std::ranges::all_of(files, [](const VerifiedFile& f) { return f.state == "same"; });
}

Result<Verified> Evaluations::verify(const Actor& actor, const std::filesystem::path& file) const {
  if (!actor.can(Permission::budget_use)) return forbidden("您没有校验自评的权限。", "You may not verify self-evaluations.");
  Verified out;
  QS_TRY(out.sha256, hash_of(file));
  QS_TRY(auto contents, contents_of(file));
  // By the archive's hash, or, where somebody packed it anew, by what it says of itself.
  for (const auto& wanted : {out.sha256, export_of(contents.manifest)}) {
    if (out.entry != 0 || wanted.empty()) continue;
    QS_TRY(auto found, deps_.audit.search({.since = {},
                                           .until = {},
                                           .actor = {},
                                           .action = kExported,
                                           .object_kind = "evaluation",
                                           .object_id = {},
                                           .outcome = {},
                                           .text = wanted}));
    for (const auto& entry : found) {
      const auto& detail = entry.event.detail;
      if (out.entry != 0 || (member(detail, "sha256") != wanted && member(detail, "export") != wanted)) continue;
      // Of a self-evaluation that is not hers to see nobody learns anything.
      if (!find(actor, entry.event.object_id)) continue;
      out.entry = entry.number;
      out.at = entry.at;
      out.person_name = entry.actor_name;
      out.object_name = entry.event.object_name;
      out.expected = member(detail, "sha256");
      const auto* known = detail.if_contains("files");
      if (known == nullptr || !known->is_object()) continue;
      for (const auto& [path, hash] : known->as_object()) {
        auto here = contents.hashes.find(std::string(path));
        VerifiedFile one{.path = path, .state = "missing", .expected = std::string(hash.as_string()), .found = {}};
        if (here != contents.hashes.end()) {
          one.found = here->second;
          one.state = one.found == one.expected ? "same" : "changed";
        }
        out.files.push_back(std::move(one));
      }
    }
  }
  std::set<std::string> told;
  for (const auto& one : out.files) told.insert(one.path);
  for (const auto& [path, hash] : contents.hashes)
    if (!told.contains(path)) out.files.push_back({.path = path, .state = "unknown", .expected = {}, .found = hash});
  std::ranges::sort(out.files, {}, &VerifiedFile::path);
  out.same = out.entry != 0 && out.sha256 == out.expected;
  return out;
}

}  // namespace qushu::evaluation
