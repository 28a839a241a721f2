#include <algorithm>

#include <fmt/format.h>

#include "qushu/budget/check.h"

namespace qushu::budget {
namespace {

namespace json = boost::json;

json::object to_json(const Place& place) {
  return {{"line", place.line}, {"text", place.text}};
}

json::object to_json(const Finding& f, Lang lang) {
  json::array places;
  for (const auto& place : f.places) places.emplace_back(to_json(place));
  return {{"kind", name(f.kind)},
          {"severity", name(f.severity)},
          {"message", f.message.in(lang)},
          {"places", std::move(places)},
          {"expected", f.expected},
          {"found", f.found},
          {"unit", f.unit},
          {"confidence", f.confidence}};
}

}  // namespace

json::object to_json(const Report& report, Lang lang) {
  json::array findings, unclear;
  for (const auto& f : report.findings) findings.emplace_back(to_json(f, lang));
  for (const auto& u : report.not_understood) {
    auto one = to_json(u.place);
    one["why"] = u.why.in(lang);
    unclear.emplace_back(std::move(one));
  }
  return {{"document", report.document},         {"year", report.year},       {"final_account", report.final_account},
          {"figures", report.figures},           {"checked", report.checked}, {"findings", std::move(findings)},
          {"not_understood", std::move(unclear)}};
}

std::string to_text(const Report& report, Lang lang) {
  bool zh = lang == Lang::zh;
  std::string out;
  auto place_line = [&](const Place& place) {
    return zh ? fmt::format("    第 {} 行  {}\n", place.line, place.text)
              : fmt::format("    line {}  {}\n", place.line, place.text);
  };
  for (const auto& f : report.findings) {
    std::string_view doubt = f.severity == Severity::error ? "" : zh ? "（待核实）" : " (to be confirmed)";
    out += fmt::format("[{}] {}{}\n", title(f.kind).in(lang), f.message.in(lang), doubt);
    for (const auto& place : f.places) out += place_line(place);
    out += zh ? fmt::format("    应为 {} {}，写作 {} {}（把握 {}%）\n", f.expected, f.unit, f.found, f.unit, f.confidence)
              : fmt::format("    expected {} {}, found {} {} ({}% sure)\n", f.expected, f.unit, f.found, f.unit, f.confidence);
  }
  for (const auto& u : report.not_understood)
    out += fmt::format("[{}] {}\n", zh ? "未核对" : "not understood", u.why.in(lang)) + place_line(u.place);
  auto findings = report.findings.size(), unclear = report.not_understood.size();
  out += zh ? fmt::format("{}：读出 {} 个数字，核对 {} 项关系，发现 {} 处疑点，{} 处未能理解。\n", report.document,
                          report.figures, report.checked, findings, unclear)
            : fmt::format("{}: {} figures read, {} relations checked, {} findings, {} not understood.\n", report.document,
                          report.figures, report.checked, findings, unclear);
  return out;
}

}  // namespace qushu::budget
