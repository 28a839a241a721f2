// The chain itself: how an entry's hash is made, and the anchor file that stands beside the database.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/crypto/crypto.h"

namespace qushu::audit {

inline constexpr std::string_view kEntryColumns =
    "number, at, actor_id, actor_name, department_id, via, source, request_id, action, object_kind, object_id, object_name, "
    "outcome, "
    "detail, algorithm, previous_hash, hash";

struct Link {
  Entry entry;
  std::string detail;     // as stored: the hash is over these bytes
  std::string algorithm;  // "sha256" or "sm3"
};

[[nodiscard]] Link link_of(const store::Row& row);
// Over every column but the hash, as a JSON array, so that no two entries share a text.
[[nodiscard]] std::string hash_of(const Link& link);
[[nodiscard]] crypto::Hash hash_named(std::string_view name);

// What a checkpoint signs.
[[nodiscard]] std::string signed_text(std::int64_t number, std::string_view hash);

struct Anchor {
  std::int64_t number = 0;
  std::string hash, public_pem, signature;
};
// Appends a line and makes it durable.
[[nodiscard]] Result<void> append_anchor(const std::filesystem::path& file, const Anchor& anchor);
// A line cut off by a crash is left out when it is the last; any other broken line is an error that names it.
[[nodiscard]] Result<std::vector<Anchor>> read_anchors(const std::filesystem::path& file);

}  // namespace qushu::audit
