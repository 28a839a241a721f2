#include "highlight.h"

#include <algorithm>

#include "terms.h"

namespace qushu::catalog {
namespace {

constexpr std::size_t kSnippet = 80, kBefore = 20;  // characters
constexpr std::size_t kFields = 5;

void find_all(std::u32string_view in, std::u32string_view what, std::size_t from, std::vector<Hit>& out) {
  for (auto at = in.find(what); at != std::u32string_view::npos; at = in.find(what, at + what.size()))
    out.push_back({.from = from + at, .to = from + at + what.size()});
}

// "qydj" and "qiyedengj" in 企业登记.
void find_reading(const Run& run, std::string_view what, std::vector<Hit>& out) {
  auto syllables = pinyin(run.text);
  for (std::size_t i = 0; i < syllables.size(); ++i) {
    std::string initials, whole;
    for (std::size_t j = i; j < syllables.size() && !syllables[j].empty(); ++j) {
      initials += syllables[j][0];
      whole += syllables[j];
      if (initials == what || (whole.starts_with(what) && whole.size() - what.size() < syllables[j].size())) {
        out.push_back({.from = run.from + i, .to = run.from + j + 1});
        break;
      }
      if (initials.size() >= what.size()) break;
    }
  }
}

// A Chinese word that does not stand there as a whole is marked by its pairs.
void find_chinese(const Run& run, std::u32string_view what, std::vector<Hit>& out) {
  auto before = out.size();
  find_all(run.text, what, run.from, out);
  if (out.size() > before || what.size() < 3) return;
  for (std::size_t i = 0; i + 1 < what.size(); ++i) find_all(run.text, what.substr(i, 2), run.from, out);
}

std::vector<Hit> merged(std::vector<Hit> hits) {
  std::ranges::sort(hits, {}, &Hit::from);
  std::vector<Hit> out;
  for (const auto& hit : hits) {
    if (!out.empty() && hit.from <= out.back().to)
      out.back().to = std::max(out.back().to, hit.to);
    else
      out.push_back(hit);
  }
  return out;
}

}  // namespace

std::vector<Hit> hits_in(std::string_view text, std::string_view query) {
  auto there = runs_of(text);
  std::vector<Hit> hits;
  for (const auto& wanted : runs_of(query)) {
    auto latin = wanted.chinese ? std::string() : utf8(wanted.text);
    for (const auto& run : there) {
      if (wanted.chinese && run.chinese) find_chinese(run, wanted.text, hits);
      if (!wanted.chinese && run.chinese && latin.size() > 1) find_reading(run, latin, hits);
      if (!wanted.chinese && !run.chinese && run.text.starts_with(wanted.text))
        hits.push_back({.from = run.from, .to = run.from + wanted.text.size()});
    }
  }
  return merged(std::move(hits));
}

Highlight highlight(const Dataset& d, std::string_view query) {
  Highlight out{.title = hits_in(d.title, query), .snippet = {}, .in_snippet = {}, .fields = {}};
  if (auto hits = hits_in(d.abstract, query); !hits.empty()) {
    auto all = characters(d.abstract);
    auto from = hits[0].from > kBefore ? hits[0].from - kBefore : 0;
    auto cut = std::u32string_view(all).substr(from, kSnippet);
    std::size_t lead = from > 0 ? 1 : 0;
    out.snippet = (lead > 0 ? "…" : "") + utf8(cut) + (from + cut.size() < all.size() ? "…" : "");
    for (const auto& hit : hits)
      if (hit.to <= from + cut.size()) out.in_snippet.push_back({.from = hit.from - from + lead, .to = hit.to - from + lead});
  }
  for (const auto& field : d.fields) {
    if (out.fields.size() >= kFields) break;
    if (auto hits = hits_in(field.name, query); !hits.empty())
      out.fields.push_back({.name = field.name, .hits = std::move(hits)});
  }
  return out;
}

}  // namespace qushu::catalog
