// Results and links as sheets.
#include <cmath>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/registers/sheet_writer.h"

#include "stored.h"

namespace qushu::surveys {
namespace {

using registers::SheetWriter;

struct Opened {
  SheetFile file;
  std::unique_ptr<SheetWriter> writer;
};

Result<Opened> new_sheet(const std::filesystem::path& folder, SheetFormat format) {
  bool csv = format == SheetFormat::csv;
  Opened out;
  out.file.path = folder / ("survey-" + new_id() + (csv ? ".csv" : ".xlsx"));
  out.file.keep = std::shared_ptr<const void>(nullptr, [path = out.file.path](const void*) {
    std::error_code failed;
    std::filesystem::remove(path, failed);
    if (failed) log::warn("a survey's sheet could not be removed", {{"why", failed.message()}});
  });
  QS_TRY(out.writer, csv ? registers::write_csv(out.file.path) : registers::write_xlsx(out.file.path, folder));
  return out;
}

Result<void> row(SheetWriter& sheet, const std::vector<std::string>& cells) {
  for (const auto& cell : cells) QS_CHECK(sheet.text(cell));
  return sheet.end_row();
}

std::string share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? fmt::format("{:.2f}", static_cast<double>(part) * 100.0 / static_cast<double>(whole)) : std::string();
}

Text kind_name(Kind kind) {
  switch (kind) {
    case Kind::scale:
      return {"量表", "Scale"};
    case Kind::choice:
      return {"单选", "Choice"};
    case Kind::choices:
      return {"多选", "Choices"};
    case Kind::text:
      return {"文字", "Text"};
  }
  return {};
}

Result<void> write_question(SheetWriter& sheet, const QuestionResult& r, Lang lang) {
  auto say = [&](const Text& text) { return text.in(lang); };
  const auto& q = r.question;
  std::vector<std::string> first{q.title.in(lang), say(kind_name(q.kind))};
  if (!r.shown) {
    first.push_back(say({"答复太少，不显示", "Too few answers to show"}));
    return row(sheet, first);
  }
  for (const auto& text : r.texts) QS_CHECK(row(sheet, {first[0], first[1], text}));
  for (const auto& c : r.counts) {
    for (const auto& cell : first) QS_CHECK(sheet.text(cell));
    auto label = c.option.label.in(lang);
    QS_CHECK(sheet.text(q.kind == Kind::scale && !label.empty() ? c.option.code + " " + label
                        : label.empty()                         ? c.option.code
                                                                : label));
    QS_CHECK(sheet.number(std::to_string(c.answers), 0));
    QS_CHECK(sheet.number(share(c.answers, r.answers), 2));
    QS_CHECK(sheet.text(c.option.satisfied ? say({"是", "yes"}) : std::string()));
    QS_CHECK(r.mean ? sheet.number(fmt::format("{:.2f}", *r.mean), 2) : sheet.text(""));
    QS_CHECK(q.judges() ? sheet.number(share(r.satisfied, r.answers), 2) : sheet.text(""));
    QS_CHECK(sheet.number(std::to_string(r.answers), 0));
    QS_CHECK(sheet.end_row());
  }
  return {};
}

}  // namespace

Result<SheetFile> Surveys::write_results(const Actor& actor, std::string_view code, SheetFormat format, Lang lang) const {
  QS_TRY(auto results, this->results(actor, code));
  QS_TRY(auto sheet, new_sheet(deps_.scratch, format));
  auto say = [&](const Text& text) { return text.in(lang); };
  QS_CHECK(row(*sheet.writer, {say({"题目", "Question"}), say({"题型", "Type"}), say({"选项或文字", "Choice or text"}),
                               say({"答复", "Answers"}), say({"占比（%）", "Share (%)"}), say({"计为满意", "Satisfied"}),
                               say({"平均分", "Mean"}), say({"满意率（%）", "Satisfied (%)"}),
                               say({"本题答复数", "Answers to the question"})}));
  for (const auto& q : results.questions) QS_CHECK(write_question(*sheet.writer, q, lang));
  QS_CHECK(sheet.writer->close());
  QS_CHECK(deps_.audit.record(actor, {.action = "survey.export",
                                      .object_kind = "survey",
                                      .object_id = std::string(code),
                                      .object_name = results.survey.definition.name.zh,
                                      .detail = {{"answers", results.counted}}}));
  return std::move(sheet.file);
}

Result<SheetFile> Surveys::write_links(std::string_view code, const std::vector<std::string>& tokens, std::string_view base,
                                       SheetFormat format, Lang lang) const {
  QS_TRY(auto sheet, new_sheet(deps_.scratch, format));
  QS_CHECK(row(*sheet.writer, {Text{"一次性链接", "One-time link"}.in(lang)}));
  for (const auto& token : tokens) QS_CHECK(row(*sheet.writer, {fmt::format("{}/survey/{}/{}", base, code, token)}));
  QS_CHECK(sheet.writer->close());
  return std::move(sheet.file);
}

}  // namespace qushu::surveys
