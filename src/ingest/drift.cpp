#include "qushu/ingest/drift.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "document.h"
#include "widen.h"

namespace qushu::ingest {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"added", "missing", "renamed", "retyped"};
constexpr double kRenamed = 0.5;  // from this on two columns are taken to be one
constexpr double kOverlap = 0.3;  // a share of known values that speaks for it

// Pairs of neighbouring characters; of a single character that one.
std::map<std::string, int> pairs_of(std::string_view text) {
  std::vector<std::string> letters;
  auto lower = lower_ascii(trim(text));
  for (std::size_t i = 0; i < lower.size();) {
    auto c = static_cast<unsigned char>(lower[i]);
    std::size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    length = std::min(length, lower.size() - i);
    if (c != '_' && c != ' ' && c != '-') letters.push_back(lower.substr(i, length));
    i += length;
  }
  std::map<std::string, int> pairs;
  if (letters.size() == 1) ++pairs[letters[0]];
  for (std::size_t i = 0; i + 1 < letters.size(); ++i) ++pairs[letters[i] + letters[i + 1]];
  return pairs;
}

struct Likely {
  double score = 0;
  Text why;
};

// What speaks for two columns being one.
Likely likely(const KnownColumn& known, std::size_t position, const SeenColumn& seen, std::size_t now, const Overlap& overlap) {
  Likely out;
  auto say = [&](double weight, const std::string& zh, const std::string& en) {
    out.score += weight;
    out.why.zh += (out.why.zh.empty() ? "" : "、") + zh;
    out.why.en += (out.why.en.empty() ? "" : ", ") + en;
  };
  bool same_type = known.type == seen.type || holds(known.type, seen.type);
  if (!same_type && !seen.empty) return out;
  if (position == now) say(0.3, "位置相同", "the same place");
  if (known.type == seen.type) say(0.15, "类型相同", "the same type");
  auto alike = likeness(known.name, seen.name);
  if (alike >= 0.3) say(0.5 * alike, "名称相近", "a similar name");
  if (overlap)
    if (auto share = overlap(known, seen)) {
      if (*share >= kOverlap)
        say(0.6 * *share, fmt::format("{:.0f}% 的值相同", *share * 100),
            fmt::format("{:.0f}% of its values known", *share * 100));
      else if (*share < 0.01 && known.type == engine::Type::text)
        out.score -= 0.3;
    }
  return out;
}

// The column as one that holds the values of both.
SeenColumn common(const SeenColumn& a, const SeenColumn& b) {
  auto out = a;
  auto both = holding_both({a.type, a.width, a.scale}, {b.type, b.width, b.scale});
  out.type = both.type;
  out.width = both.width;
  out.scale = both.scale;
  return out;
}

// The column that a file lacks since what seemed to be its new name is another column.
void lost(std::vector<Drift>& drifts, std::vector<std::size_t>& times, const Drift& renamed) {
  auto known = std::ranges::find_if(drifts, [&](const Drift& x) { return x.column == renamed.was; });
  if (known != drifts.end()) {
    ++times[static_cast<std::size_t>(known - drifts.begin())];
    return;
  }
  drifts.push_back({.kind = DriftKind::missing,
                    .column = renamed.was,
                    .was = {},
                    .item = renamed.item,
                    .type = renamed.before,
                    .before = renamed.before,
                    .needed = renamed.needed,
                    .why = {}});
  times.push_back(1);
}

}  // namespace

std::string_view name(DriftKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

bool holds(engine::Type wide, engine::Type narrow) {
  using enum engine::Type;
  if (wide == narrow || wide == text) return true;
  if (wide == engine::Type::number) return is_number(narrow);
  if (wide == decimal) return narrow == integer;
  return wide == datetime && narrow == date;
}

double likeness(std::string_view a, std::string_view b) {
  auto x = pairs_of(a), y = pairs_of(b);
  int common = 0, all = 0;
  for (const auto& [pair, n] : x) {
    all += n;
    if (auto found = y.find(pair); found != y.end()) common += std::min(n, found->second);
  }
  for (const auto& [pair, n] : y) all += n;
  return all == 0 ? 0 : 2.0 * common / all;
}

std::vector<Drift> compare(const std::vector<KnownColumn>& known, const std::vector<SeenColumn>& seen, const Overlap& overlap) {
  auto find = [](const auto& list, std::string_view wanted) {
    return std::ranges::find_if(list, [&](const auto& c) { return c.name == wanted; });
  };
  std::vector<std::size_t> gone, fresh;
  for (std::size_t i = 0; i < known.size(); ++i)
    if (!known[i].skip && !known[i].may_miss && find(seen, known[i].name) == seen.end()) gone.push_back(i);
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (find(known, seen[i].name) == known.end()) fresh.push_back(i);

  // The best pairs first; each column is in one.
  struct Pair {
    std::size_t was, now;
    Likely likely;
  };
  std::vector<Pair> pairs;
  for (auto g : gone)
    for (auto f : fresh)
      if (auto l = likely(known[g], g, seen[f], f, overlap); l.score >= kRenamed) pairs.push_back({g, f, std::move(l)});
  std::ranges::sort(pairs, [](const Pair& a, const Pair& b) {
    return std::tuple(b.likely.score, a.was, a.now) < std::tuple(a.likely.score, b.was, b.now);
  });
  std::map<std::size_t, Pair> renamed;
  std::vector<std::size_t> used;
  for (auto& p : pairs) {
    if (renamed.contains(p.was) || std::ranges::find(used, p.now) != used.end()) continue;
    used.push_back(p.now);
    auto was = p.was;
    renamed.emplace(was, std::move(p));
  }

  std::vector<Drift> out;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto& k = known[i];
    if (k.skip) continue;
    if (auto pair = renamed.find(i); pair != renamed.end()) {
      const auto& s = seen[pair->second.now];
      out.push_back({.kind = DriftKind::renamed,
                     .column = s.name,
                     .was = k.name,
                     .item = k.item,
                     .type = s.type,
                     .before = k.type,
                     .needed = k.needed,
                     .why = pair->second.likely.why});
    } else if (auto s = find(seen, k.name); s == seen.end()) {
      if (k.may_miss) continue;
      out.push_back({.kind = DriftKind::missing,
                     .column = k.name,
                     .was = {},
                     .item = k.item,
                     .type = k.type,
                     .before = k.type,
                     .needed = k.needed,
                     .why = {}});
    } else if (!s->empty && !holds(k.type, s->type) && !(k.into == s->type || k.into == engine::Type::text)) {
      out.push_back({.kind = DriftKind::retyped,
                     .column = k.name,
                     .was = {},
                     .item = k.item,
                     .type = s->type,
                     .before = k.type,
                     .needed = k.needed,
                     .why = {}});
    }
  }
  for (auto f : fresh)
    if (std::ranges::find(used, f) == used.end())
      out.push_back({.kind = DriftKind::added,
                     .column = seen[f].name,
                     .was = {},
                     .item = {},
                     .type = seen[f].type,
                     .before = seen[f].type,
                     .why = {}});
  return out;
}

std::vector<SeenColumn> unite(const std::vector<std::vector<SeenColumn>>& files) {
  std::vector<SeenColumn> out;
  for (const auto& columns : files)
    for (const auto& c : columns) {
      auto known = std::ranges::find(out, c.name, &SeenColumn::name);
      if (known == out.end())
        out.push_back(c);
      else if (!c.empty)
        *known = known->empty ? c : common(*known, c);
    }
  return out;
}

std::vector<Drift> compare_all(const std::vector<KnownColumn>& known, const std::vector<std::vector<SeenColumn>>& files,
                               const Overlap& overlap) {
  const auto united = unite(files);
  std::vector<Drift> out;
  std::vector<std::size_t> times;
  for (const auto& columns : files) {
    std::vector<SeenColumn> seen;
    for (const auto& c : columns) seen.push_back(*std::ranges::find(united, c.name, &SeenColumn::name));
    for (auto& d : compare(known, seen, overlap)) {
      auto same = std::ranges::find_if(out, [&](const Drift& x) { return x.column == d.column; });
      if (same == out.end()) {
        out.push_back(std::move(d));
        times.push_back(1);
        continue;
      }
      ++times[static_cast<std::size_t>(same - out.begin())];
      // Beside the old column in one file, it is not the old one under another name in the next.
      if (same->kind == DriftKind::renamed && d.kind == DriftKind::added) std::swap(*same, d);
      if (same->kind == DriftKind::added && d.kind == DriftKind::renamed) lost(out, times, d);
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i].partly = times[i] < files.size();
  return out;
}

json::object to_json(const Drift& d) {
  return {{"kind", name(d.kind)}, {"column", d.column},           {"was", d.was},
          {"item", d.item},       {"type", engine::name(d.type)}, {"before", engine::name(d.before)},
          {"needed", d.needed},   {"why", text_pair(d.why)},      {"partly", d.partly}};
}

std::vector<Drift> drifts_of(const json::value& value) {
  std::vector<Drift> out;
  if (!value.is_array()) return out;
  for (const auto& item : value.as_array()) {
    const auto& o = item.as_object();
    Drift d{.kind = DriftKind::added,
            .column = text_at(o, "column"),
            .was = text_at(o, "was"),
            .item = text_at(o, "item"),
            .needed = flag_at(o, "needed"),
            .why = {},
            .partly = flag_at(o, "partly")};
    auto kind = std::ranges::find(kKinds, text_at(o, "kind"));
    if (kind != kKinds.end()) d.kind = static_cast<DriftKind>(kind - kKinds.begin());
    (void)engine::parse(text_at(o, "type"), d.type);
    (void)engine::parse(text_at(o, "before"), d.before);
    if (const auto* why = o.if_contains("why"); why && why->is_object())
      d.why = {text_at(why->as_object(), "zh"), text_at(why->as_object(), "en")};
    out.push_back(std::move(d));
  }
  return out;
}

Text summary(const std::vector<Drift>& drifts) {
  static const std::array<Text, 4> words{{{"新增 {} 列", "{} new"},
                                          {"缺少 {} 列", "{} missing"},
                                          {"改名 {} 列", "{} renamed"},
                                          {"改变类型 {} 列", "{} of another type"}}};
  Text out;
  for (std::size_t k = 0; k < kKinds.size(); ++k) {
    auto count = std::ranges::count_if(drifts, [&](const Drift& d) { return static_cast<std::size_t>(d.kind) == k; });
    if (count == 0) continue;
    out.zh += (out.zh.empty() ? "" : "，") + fmt::format(fmt::runtime(words.at(k).zh), count);
    out.en += (out.en.empty() ? "" : ", ") + fmt::format(fmt::runtime(words.at(k).en), count);
  }
  return out;
}

}  // namespace qushu::ingest
