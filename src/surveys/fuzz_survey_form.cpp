// A form as anybody might send it: refused, or answers that the questionnaire has.
#include <cstdint>
#include <string_view>

#include "form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu::surveys;
  static const Definition kSurvey = parse_definition(R"(survey: s
name: 调查
mode: public
sections:
  - questions:
      - {code: a, title: 一, type: scale, points: 5, required: true}
      - {code: b, title: 二, type: choices, most: 1, choices: [{code: x, label: 甲}, {code: y, label: 乙}]}
      - {code: c, title: 三, type: text, max_length: 10}
)")
                                        .definition;
  auto form = parse_form({reinterpret_cast<const char*>(data), size});  // NOLINT(*-reinterpret-cast)
  if (!form) return 0;
  auto filled = read_answers(kSurvey, *form);
  for (const auto& [code, values] : filled.answers) {
    const auto* q = kSurvey.question(code);
    if (q == nullptr || values.empty()) __builtin_trap();
    for (const auto& value : values)
      if (q->kind != Kind::text && q->option(value) == nullptr) __builtin_trap();
  }
  if (filled.problems.empty() && !filled.answers.contains("a")) __builtin_trap();
  return 0;
}
