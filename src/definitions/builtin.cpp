#include "qushu/definitions/builtin.h"

#include <map>

#include <fmt/format.h>

#include "qushu/crypto/crypto.h"

namespace qushu::definitions {

std::string digest_of(std::string_view yaml) {
  return crypto::digest_hex(yaml);
}

Result<std::vector<const Builtin*>> due_builtins(store::Session& s, std::string_view table, std::span<const Builtin> builtins) {
  QS_TRY(auto rows, s.query(fmt::format("SELECT code, digest, origin FROM {}", table)));
  std::map<std::string, std::pair<std::string, std::string>, std::less<>> known;
  for (const auto& row : rows) known[row.text(0)] = {row.text(1), row.text(2)};
  std::vector<const Builtin*> due;
  for (const auto& builtin : builtins) {
    auto found = known.find(builtin.code);
    if (found == known.end() || (found->second.second == "builtin" && found->second.first != digest_of(builtin.yaml)))
      due.push_back(&builtin);
  }
  return due;
}

Result<void> apply_builtins(store::Transaction& t, std::string_view table, const std::vector<const Builtin*>& due,
                            const std::function<Result<void>(const Builtin&)>& apply) {
  for (const auto* builtin : due) {
    QS_TRY(auto row, t.one(fmt::format("SELECT origin FROM {} WHERE code = ?", table), {builtin->code}));
    if (row && row->text(0) != "builtin") continue;
    if (auto applied = apply(*builtin); !applied) return fail(std::move(applied).error().about(std::string(builtin->code)));
  }
  return {};
}

}  // namespace qushu::definitions
