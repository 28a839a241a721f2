// How records are printed, as a definition says it.
#include <algorithm>

#include <fmt/format.h>

#include "definition_parts.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kName = 40, kForms = 10, kSections = 20, kColumns = 12, kSignatures = 8;
constexpr int kMostAcross = 4, kMostLines = 200, kWidest = 8;

void read_fields(MapReader& r, const Definition& d, PrintSection& section) {
  section.fields = r.texts("fields");
  const auto* list = r.get("fields");
  for (std::size_t i = 0; i < section.fields.size(); ++i) {
    const auto& name = section.fields[i];
    const auto* field = d.field(name);
    if (field != nullptr && !field->retired) continue;
    r.wrong(list->kind == YamlNode::Kind::list && i < list->items.size() ? list->items[i] : *list, "fields",
            {fmt::format("没有字段“{}”。", name), fmt::format("There is no field “{}”.", name)});
  }
}

void read_section(MapReader& r, const Definition& d, PrintForm& form) {
  PrintSection s{.label = r.words("section", true)};
  if (r.get("fields") != nullptr) read_fields(r, d, s);
  r.each("columns", kColumns, [&](MapReader& one) {
    s.columns.push_back({.label = one.words("label", true), .width = static_cast<int>(one.whole("width", 1, kWidest, 1))});
  });
  s.lines = static_cast<int>(r.whole("lines", 1, kMostLines, 0));
  s.history = r.flag("history");
  int kinds = (s.fields.empty() ? 0 : 1) + (s.columns.empty() ? 0 : 1) + (s.history ? 1 : 0);
  if (kinds != 1)
    r.wrong(r.node(), "section",
            {"一节应当只有其一：fields（字段）、columns 和 lines（手填的空行）或 history: true（办理经过）。",
             "A section has one of these: fields, columns with lines to be filled in by hand, or history: true."});
  if (s.columns.empty() != (s.lines == 0))
    r.wrong(r.node(), "lines",
            {"手填的空行要写明栏目（columns）和行数（lines）。", "Lines to be filled in by hand need both columns and lines."});
  form.sections.push_back(std::move(s));
}

void read_form(MapReader& r, Definition& d) {
  PrintForm form{.name = r.identifier("name", kName, true),
                 .label = r.words("label", true),
                 .title = r.words("title", false),
                 .note = r.words("note", false)};
  if (form.title.zh.empty()) form.title = form.label;
  auto paper = r.text("paper", "portrait");
  form.landscape = paper == "landscape";
  if (!form.landscape && paper != "portrait")
    r.wrong(*r.get("paper"), "paper",
            {"应为 portrait（纵向）或 landscape（横向），纸张为 A4。", "This is portrait or landscape, on A4."});
  form.across = static_cast<int>(r.whole("across", 1, kMostAcross, form.across));
  if (!form.name.empty() && std::ranges::find(d.print, form.name, &PrintForm::name) != d.print.end())
    r.wrong(r.node(), "name", {"已有同名打印表单。", "There is a printed form of this name already."});
  r.need("sections");
  r.each("sections", kSections, [&](MapReader& one) { read_section(one, d, form); });
  r.each("signatures", kSignatures, [&](MapReader& one) { form.signatures.push_back(one.words("label", true)); });
  d.print.push_back(std::move(form));
}

}  // namespace

void read_print(MapReader& r, Definition& d) {
  r.each("print", kForms, [&](MapReader& one) { read_form(one, d); });
  if (!d.print.empty()) return;
  PrintForm form{.name = "form", .label = d.name, .title = d.name};
  for (const auto& section : d.form)
    if (!section.fields.empty()) form.sections.push_back({.label = section.label, .fields = section.fields});
  d.print.push_back(std::move(form));
}

}  // namespace qushu::registers
