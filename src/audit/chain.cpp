#include "chain.h"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "qushu/base/text.h"

namespace qushu::audit {

crypto::Hash hash_named(std::string_view name) {
  return name == "sm3" ? crypto::Hash::sm3 : crypto::Hash::sha256;
}

Link link_of(const store::Row& row) {
  Link link;
  auto& e = link.entry;
  std::size_t i = 0;
  e.number = row.integer(i++);
  e.at = row.time(i++);
  e.actor_id = row.text(i++);
  e.actor_name = row.text(i++);
  e.department_id = row.text(i++);
  e.via = row.text(i++);
  e.from = row.text(i++);
  e.request_id = row.text(i++);
  e.event.action = row.text(i++);
  e.event.object_kind = row.text(i++);
  e.event.object_id = row.text(i++);
  e.event.object_name = row.text(i++);
  const auto& outcome = row.text(i++);
  e.event.outcome = outcome == "success" ? Outcome::success : outcome == "denied" ? Outcome::denied : Outcome::failure;
  link.detail = row.text(i++);
  boost::system::error_code failed;
  auto detail = json::parse(link.detail, failed);
  if (!failed && detail.is_object()) e.event.detail = std::move(detail.as_object());
  link.algorithm = row.text(i++);
  e.previous_hash = row.text(i++);
  e.hash = row.text(i++);
  return link;
}

std::string hash_of(const Link& link) {
  const auto& e = link.entry;
  json::array all{e.number,
                  to_micros(e.at),
                  e.actor_id,
                  e.actor_name,
                  e.department_id,
                  e.via,
                  e.from,
                  e.request_id,
                  e.event.action,
                  e.event.object_kind,
                  e.event.object_id,
                  e.event.object_name,
                  name(e.event.outcome),
                  link.detail,
                  link.algorithm,
                  e.previous_hash};
  return crypto::digest_hex(json::serialize(all), hash_named(link.algorithm));
}

std::string signed_text(std::int64_t number, std::string_view hash) {
  return fmt::format("qushu-audit {} {}", number, hash);
}

Result<void> append_anchor(const std::filesystem::path& file, const Anchor& a) {
  auto line = fmt::format("{} {} {} {}\n", a.number, a.hash, crypto::to_base64(a.signature), crypto::to_base64(a.public_pem));
  int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno(errno, "open " + file.string());
  auto written = ::write(fd, line.data(), line.size());
  int error = written == static_cast<ssize_t>(line.size()) ? 0 : written < 0 ? errno : ENOSPC;
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  ::close(fd);
  if (error != 0) return fail_errno(error, "write " + file.string());
  return {};
}

Result<std::vector<Anchor>> read_anchors(const std::filesystem::path& file) {
  std::vector<Anchor> anchors;
  std::ifstream in(file, std::ios::binary);
  if (!in) return anchors;
  std::string content((std::istreambuf_iterator<char>(in)), {});
  auto lines = split(content, '\n');
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    auto parts = split(lines[i], ' ');
    auto number = parts.size() == 4 ? to_int(parts[0]) : std::nullopt;
    auto signature = number ? crypto::from_base64(parts[2]) : std::nullopt;
    auto pem = number ? crypto::from_base64(parts[3]) : std::nullopt;
    if (!signature || !pem)
      return fail(Error{.code = Code::invalid,
                        .id = "audit.anchor",
                        .text = {fmt::format("审计锚定文件第 {} 行已损坏。", i + 1),
                                 fmt::format("Line {} of the audit's anchor file is damaged.", i + 1)},
                        .subject = fmt::format("line {}", i + 1)});
    anchors.push_back({.number = *number, .hash = std::string(parts[1]), .public_pem = *pem, .signature = *signature});
  }
  return anchors;
}

}  // namespace qushu::audit
