#include "verify.h"

#include <map>

#include <fmt/format.h>

#include "chain.h"

namespace qushu::audit {
namespace {

constexpr std::int64_t kBatch = 2000;

Verdict broken(Verdict v, std::int64_t number, std::string zh, std::string en) {
  v.intact = false;
  v.first_broken = number;
  v.reason = {std::move(zh), std::move(en)};
  return v;
}

// Why this link does not follow the one before, or nothing.
std::optional<Text> flaw_of(const Link& link, std::int64_t expected, const std::string& previous) {
  if (link.entry.number != expected)
    return Text{fmt::format("缺少第 {} 条记录，其后是第 {} 条。", expected, link.entry.number),
                fmt::format("Entry {} is missing; the next one is {}.", expected, link.entry.number)};
  if (link.entry.previous_hash != previous)
    return Text{"与前一条记录的哈希不相接。", "Its link to the entry before does not fit."};
  if (hash_of(link) != link.entry.hash)
    return Text{"内容与其哈希不符，记录被改动过。", "Its content does not fit its hash: the entry was changed."};
  return std::nullopt;
}

struct Signed {
  std::string hash, public_pem, signature;
  bool from_file = false;
};

}  // namespace

Result<Verdict> verify_chain(store::Store& store, const std::filesystem::path& anchor_file, const std::string& own_pem,
                             const std::function<void(std::int64_t)>& progress) {
  Verdict verdict;
  std::multimap<std::int64_t, Signed> checkpoints;
  auto anchors = read_anchors(anchor_file);
  if (!anchors) return broken(verdict, 0, anchors.error().text.zh, anchors.error().text.en);
  for (auto& a : *anchors)
    checkpoints.emplace(a.number, Signed{std::move(a.hash), std::move(a.public_pem), std::move(a.signature), true});
  // One snapshot for all, or an entry written meanwhile would look like a break.
  return store.read([&](store::Session& s) -> Result<Verdict> {
    QS_TRY(auto rows, s.query("SELECT entry_number, hash, public_key, signature FROM audit_checkpoint ORDER BY entry_number"));
    for (const auto& row : rows)
      checkpoints.emplace(row.integer(0), Signed{row.text(1), row.text(2), crypto::from_hex(row.text(3)).value_or("")});
    std::string previous;
    std::int64_t expected = 1;
    while (true) {
      QS_TRY(auto batch,
             s.query(fmt::format("SELECT {} FROM audit_entry WHERE number >= ? ORDER BY number LIMIT ?", kEntryColumns),
                     {expected, kBatch}));
      for (const auto& row : batch) {
        auto link = link_of(row);
        if (auto flaw = flaw_of(link, expected, previous)) return broken(verdict, expected, flaw->zh, flaw->en);
        auto [begin, end] = checkpoints.equal_range(expected);
        for (auto i = begin; i != end; ++i) {
          const auto& c = i->second;
          if (c.hash != link.entry.hash)
            return broken(verdict, expected, "与当时签名的检查点不符，该条及之前的记录被整体改写过。",
                          "It does not fit the checkpoint signed at the time: this entry or earlier ones were rewritten.");
          if (c.public_pem != own_pem || !crypto::verify(c.public_pem, signed_text(expected, c.hash), c.signature))
            return broken(verdict, expected, "检查点的签名无效。", "The signature of its checkpoint is not valid.");
          ++verdict.checkpoints;
        }
        checkpoints.erase(begin, end);
        previous = link.entry.hash;
        ++expected;
        ++verdict.entries;
      }
      if (progress) progress(verdict.entries);
      if (batch.size() < static_cast<std::size_t>(kBatch)) break;
    }
    if (!checkpoints.empty())
      return broken(verdict, expected,
                    fmt::format("第 {} 条起的记录被删除：检查点证明曾有第 {} 条。", expected, checkpoints.rbegin()->first),
                    fmt::format("Entries from {} on were removed: a checkpoint proves that there was an entry {}.", expected,
                                checkpoints.rbegin()->first));
    verdict.intact = true;
    return verdict;
  });
}

}  // namespace qushu::audit
