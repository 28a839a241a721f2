#include "form.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::surveys {
namespace {

Failure unreadable() {
  return fail(Code::invalid, "survey.form", "收到的表单无法识别，请重新打开页面填写。",
              "The form cannot be read; open the page again.");
}

// Without what no text holds: control characters but line ends and tabs.
std::string cleaned(std::string_view text) {
  std::string out;
  for (char c : trim(text))
    if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
  return out;
}

std::optional<Text> picked(const Question& q, const std::vector<std::string>& values) {
  if (values.size() > 1 && q.kind != Kind::choices) return Text{"请只选一项。", "Choose one only."};
  if (q.kind != Kind::choices) return std::nullopt;
  if (values.size() > q.most && q.most > 0)
    return Text{fmt::format("最多选 {} 项，现在选了 {} 项。", q.most, values.size()),
                fmt::format("Choose {} at most; {} are chosen.", q.most, values.size())};
  if (!values.empty() && values.size() < q.least)
    return Text{fmt::format("至少选 {} 项。", q.least), fmt::format("Choose {} at least.", q.least)};
  return std::nullopt;
}

}  // namespace

Result<Form> parse_form(std::string_view body) {
  Form out;
  if (body.size() > kMostForm) return unreadable();
  if (body.empty()) return out;
  for (auto pair : split(body, '&')) {
    if (pair.empty()) continue;
    if (out.size() == kMostPairs) return unreadable();
    auto equals = pair.find('=');
    auto name = url_decode(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>("") : url_decode(pair.substr(equals + 1), true);
    if (!name || !value || !is_utf8(*name) || !is_utf8(*value)) return unreadable();
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::string text_of(const Form& form, std::string_view name) {
  auto found = std::ranges::find(form, name, [](const auto& pair) { return std::string_view(pair.first); });
  return found == form.end() ? std::string() : found->second;
}

Filled read_answers(const Definition& definition, const Form& form) {
  Filled out;
  for (const auto& section : definition.sections)
    for (const auto& q : section.questions) {
      std::vector<std::string> values;
      for (const auto& [name, value] : form) {
        if (!name.starts_with(kField) || std::string_view(name).substr(kField.size()) != q.code) continue;
        auto text = cleaned(value);
        if (text.empty() || std::ranges::find(values, text) != values.end()) continue;
        if (q.kind != Kind::text && q.option(text) == nullptr) {
          out.problems[q.code] = {"请在列出的选项里选择。", "Choose among what is listed."};
          continue;
        }
        values.push_back(std::move(text));
      }
      if (q.kind == Kind::text) {
        if (values.size() > 1) values.resize(1);
        if (!values.empty() && utf8_length(values[0]) > q.max_length)
          out.problems[q.code] = {fmt::format("最多 {} 个字，现在有 {} 个。", q.max_length, utf8_length(values[0])),
                                  fmt::format("{} characters at most; there are {}.", q.max_length, utf8_length(values[0]))};
      } else if (auto why = picked(q, values)) {
        out.problems[q.code] = *why;
      }
      if (q.required && values.empty() && !out.problems.contains(q.code))
        out.problems[q.code] = q.kind == Kind::text ? Text{"这一题必填。", "Please answer this."}
                                                    : Text{"这一题必选。", "Please choose an answer."};
      if (!values.empty()) out.answers.emplace(q.code, std::move(values));
    }
  return out;
}

}  // namespace qushu::surveys
