#include "qushu/budget/check.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "checking.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kMostUnclear = 200, kMostFindings = 1000;  // more tell nobody more
constexpr std::size_t kLongLine = 80;

bool same_figures(const Finding& a, const Finding& b) {
  return a.kind == b.kind && a.places == b.places && a.expected == b.expected && a.found == b.found;
}

Figure figure_of(const Checking& c, const Fact& fact) {
  return {.subject = fact.subject.code,
          .scope = fact.subject.scope,
          .project = encoded(fact.project),
          .year = fact.year,
          .plan = fact.plan,
          .value = amount_text(fact.fen, fact.unit, fact.printed.digits),
          .unit = std::string(name(fact.unit)),
          .place = c.place(fact.mark)};
}

}  // namespace

std::string_view name(Kind kind) {
  static constexpr std::array<std::string_view, 7> kNames{"sum",      "balance",  "year_on_year", "percent",
                                                          "restated", "coverage", "promise"};
  return kNames.at(static_cast<std::size_t>(kind));
}

const Text& title(Kind kind) {
  static const std::array<Text, 7> kTitles{Text{"分项与合计不符", "Details and total"},
                                           Text{"收支不平衡", "Balance"},
                                           Text{"同比不符", "Year on year"},
                                           Text{"占比不符", "Share"},
                                           Text{"前后不一致", "Stated twice"},
                                           Text{"覆盖不全", "Coverage"},
                                           Text{"指标与明细不符", "Promise and detail"}};
  return kTitles.at(static_cast<std::size_t>(kind));
}

std::string_view name(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

Place Checking::place(const Mark& mark) const {
  if (quoted_ != mark.line) quoted_text_ = decoded(model_.document->lines[mark.line]);
  quoted_ = mark.line;
  const auto& line = quoted_text_;
  std::size_t begin = 0, end = line.size();
  // Of a long line, what stands around the figure, from one stop to the next.
  if (line.size() > kLongLine) {
    constexpr std::u32string_view kStops = U"。；\t";
    begin = std::min(mark.begin, line.size());
    while (begin > 0 && !kStops.contains(line[begin - 1]) && mark.begin - begin < kLongLine) --begin;
    end = std::min(mark.end, line.size());
    while (end < line.size() && !kStops.contains(line[end]) && end - mark.end < kLongLine) ++end;
  }
  auto words = std::u32string_view(line).substr(begin, end - begin);
  std::u32string text;
  bool space = false;
  for (char32_t c : words) {
    if (is_space(fold(c))) {
      space = !text.empty();
      continue;
    }
    if (space) text += U' ';
    space = false;
    text += c;
  }
  return {.line = mark.line + 1, .text = encoded(text)};
}

void Checking::quote(Finding& finding, const Mark& mark) const {
  if (auto p = place(mark); std::ranges::find(finding.places, p) == finding.places.end())
    finding.places.push_back(std::move(p));
}

Finding Checking::sum_finding(const Total& total, std::int64_t sum, const std::vector<Mark>& parts, std::string_view zh,
                              std::string_view en) const {
  Finding f{.kind = Kind::sum, .confidence = 85};
  f.unit = name(total.unit);
  f.expected = amount_text(sum, total.unit, total.digits);
  f.found = amount_text(total.fen, total.unit, total.digits);
  f.message = {fmt::format("{}为 {} {}，所列各项相加为 {} {}。", zh, f.found, f.unit, f.expected, f.unit),
               fmt::format("{}: {} {}, its parts add up to {} {}.", en, f.found, f.unit, f.expected, f.unit)};
  f.places = {place(total.mark)};
  for (const auto& mark : parts) quote(f, mark);
  return f;
}

bool Checking::is_told(const Finding& finding) const {
  return std::ranges::any_of(report_.findings, [&](const Finding& known) {
    return known.kind == finding.kind && known.found == finding.found &&
           std::ranges::find(known.places, finding.places.front()) != known.places.end();
  });
}

void Checking::add(Finding finding) {
  if (report_.findings.size() >= kMostFindings) return;
  if (std::ranges::any_of(report_.findings, [&](const Finding& f) { return same_figures(f, finding); })) return;
  report_.findings.push_back(std::move(finding));
}

void Checking::unclear(const Mark& mark, Text why) {
  if (report_.not_understood.size() >= kMostUnclear) return;
  report_.not_understood.push_back({.place = place(mark), .why = std::move(why)});
}

std::string amount_text(std::int64_t fen, Unit unit, int digits) {
  return to_text(scaled(fen, kMicro, fen_per_micro_times_million(unit)), digits);
}

std::string percent_text(std::int64_t micro, int digits) {
  auto place = last_place(digits);
  return to_text(scaled(micro, 1, place) * place, digits);
}

const Cell* cell_at(const TableView& view, const Row& row, std::size_t segment, std::size_t i, bool& certain) {
  certain = true;
  if (segment >= row.segments.size()) return nullptr;
  const auto& cells = row.segments[segment].cells;
  if (cells.empty()) return nullptr;
  if (row.exact || cells.size() == view.width[segment]) return i < cells.size() ? &cells[i] : nullptr;
  // A row with blanks, of text: the first figure is the total's column in the standard tables; of the others it is not known
  // to which column they belong.
  certain = i == 0;
  return i == 0 ? &cells[0] : nullptr;
}

Report check(const Document& document) {
  auto model = rebuild(document);
  Report report{.document = document.name, .year = model.year, .final_account = model.final_account, .figures = model.figures};
  Checking c(model, report);
  check_lists(c);
  check_columns(c);
  check_statements(c);
  check_balance(c);
  check_shares(c);
  check_share_lists(c);
  check_carried(c);
  check_absence(c);
  check_changes(c);
  check_changed_sums(c);
  check_level(c);
  check_items(c);
  check_parts(c);
  check_restated(c);
  check_item_rows(c);
  check_beside(c);
  check_forms(c);
  check_claims(c);
  check_counts(c);
  check_names(c);
  check_tallies(c);
  check_products(c);
  check_uses(c);
  for (const auto& mark : model.layout.unread)
    c.unclear(mark, {fmt::format("这一句超过 {} 字，没有读。请以句号分成几句后再核对。", kLongestParagraph),
                     fmt::format("This sentence has more than {} characters and was not read. Part it by full stops and check "
                                 "again.",
                                 kLongestParagraph)});
  for (const auto& fact : model.facts) report.budget.push_back(figure_of(c, fact));
  std::ranges::sort(report.findings, {},
                    [](const Finding& f) { return std::tuple(f.places.front().line, f.kind, std::string_view(f.found)); });
  std::ranges::sort(report.not_understood, {},
                    [](const Unclear& u) { return std::pair(u.place.line, std::string_view(u.place.text)); });
  return report;
}

}  // namespace qushu::budget
