// Records on paper: by a printed form of the definition, and lists by the columns of a view.
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/print/print.h"

#include "access.h"
#include "loaded.h"
#include "values.h"

namespace qushu::registers {
namespace {

using print::Align;
using print::Cell;
using print::Row;

constexpr int kGrid = 24;            // columns that every layout of a form is made of
constexpr std::size_t kDigits = 15;  // that a workbook's number keeps

bool is_figure(const Field& f) {
  return f.kind == Kind::number || f.kind == Kind::money || f.kind == Kind::computed;
}
bool is_wide(const Field& f) {
  return f.kind == Kind::long_text || f.kind == Kind::attachment || f.kind == Kind::location;
}

// "-1234567.50" with its thousands apart.
std::string grouped(std::string text) {
  auto end = std::min(text.find('.'), text.size());
  std::size_t begin = text.starts_with('-') ? 1 : 0;
  for (auto at = end; at > begin + 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

// What a form or list is printed of.
struct Sheet {
  const Definition& d;
  const calendar::Zone& zone;
  Lang lang;

  [[nodiscard]] std::string in(const char* zh, const char* en) const { return lang == Lang::zh ? zh : en; }
  [[nodiscard]] std::string moment(Time at) const {
    static const Field kTime{.name = "time", .kind = Kind::datetime};
    return text_of(kTime, {to_micros(at)}, zone, lang).substr(0, 16);
  }
  [[nodiscard]] std::string state(std::string_view name) const {
    const auto* found = d.state(name);
    return found != nullptr ? found->label.in(lang) : std::string(name);
  }
  [[nodiscard]] std::string label(const Field& f) const { return f.label.in(lang) + unit_of(f).in(lang); }

  [[nodiscard]] Cell value(const Field& f, const Record& record) const {
    const auto& cells = record.cells.at(f.name);
    auto text = text_of(f, cells, zone, lang);
    if (!is_figure(f)) return {.text = f.kind == Kind::attachment && text == "0" ? "" : text};
    Cell cell{.text = grouped(text), .align = Align::right, .decimals = decimals_of(f)};
    if (!text.empty() && text.size() <= kDigits) cell.number = std::strtod(text.c_str(), nullptr);
    return cell;
  }

  // A column of a list, which every record has.
  [[nodiscard]] std::string system_text(std::string_view column, const Record& r) const {
    if (column == "id") return r.id;
    if (column == "number") return r.number;
    if (column == "state") return state(r.state);
    if (column == "department") return r.department_name;
    if (column == "creator") return r.created_by_name;
    if (column == "created") return moment(r.created);
    if (column == "changed") return moment(r.changed);
    if (column == "since") return moment(r.since);
    if (column == "revision") return std::to_string(r.revision);
    // A clock ends with its last day.
    return r.due ? moment(*r.due - std::chrono::seconds(1)) : std::string();
  }
};

class Form {
 public:
  Form(const Sheet& sheet, const PrintForm& form, const Record& record, const std::vector<File>& files,
       const std::vector<Change>& changes)
      : sheet_(sheet), form_(form), record_(record), files_(files), changes_(changes) {}

  print::Table table() {
    auto lang = sheet_.lang;
    print::Table out{.title = form_.title.in(lang),
                     .left = sheet_.in("编号：", "Number: ") + record_.number + sheet_.in("　　状态：", "   State: ") +
                             sheet_.state(record_.state),
                     .right = record_.department_name,
                     .columns = std::vector<print::Column>(kGrid),
                     .head = {},
                     .rows = {},
                     .note = form_.note.in(lang),
                     .landscape = form_.landscape};
    for (const auto& section : form_.sections) {
      rows_.push_back({{.text = section.label.in(lang), .columns = kGrid, .align = Align::centre, .bold = true}});
      if (section.history)
        history();
      else if (!section.columns.empty())
        lines(section);
      else
        fields(section);
    }
    signatures();
    out.rows = std::move(rows_);
    return out;
  }

 private:
  static Cell label_cell(std::string text, int width) {
    return {.text = std::move(text), .columns = width, .align = Align::centre, .bold = true};
  }

  void fields(const PrintSection& section) {
    const int pair = kGrid / form_.across, label = form_.across == 1 ? 5 : form_.across == 2 ? 4 : pair / 2;
    Row row;
    int used = 0;
    auto end = [&] {
      if (row.empty()) return;
      row.back().columns += kGrid - used;  // the last of a row takes what is left of it
      rows_.push_back(std::move(row));
      row.clear();
      used = 0;
    };
    for (const auto& name : section.fields) {
      const auto& f = *sheet_.d.field(name);
      auto value = f.kind == Kind::attachment ? Cell{.text = file_names(name)} : sheet_.value(f, record_);
      value.align = Align::left;  // beside its label, whatever it is
      if (is_wide(f)) end();
      value.columns = pair - label;
      row.push_back(label_cell(sheet_.label(f), label));
      row.push_back(std::move(value));
      used += pair;
      if (is_wide(f) || used == kGrid) end();
    }
    end();
  }

  std::string file_names(std::string_view field) const {
    std::string out;
    for (const auto& file : files_)
      if (file.field == field) out += (out.empty() ? "" : "\n") + file.name;
    return out;
  }

  // Widths by shares, each at least one, all together `grid`.
  static std::vector<int> widths(const std::vector<int>& shares, int grid) {
    auto whole = std::accumulate(shares.begin(), shares.end(), 0);
    std::vector<int> out;
    int left = grid, rest = whole;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      auto behind = static_cast<int>(shares.size() - i) - 1;
      auto width = std::clamp((left * shares[i] + rest / 2) / rest, 1, left - behind);
      if (behind == 0) width = left;
      out.push_back(width);
      left -= width;
      rest -= shares[i];
    }
    return out;
  }

  // The widths of these columns, whose heads are a row.
  std::vector<int> heads(const std::vector<std::pair<std::string, int>>& columns, int grid) {
    std::vector<int> shares;
    for (const auto& [text, share] : columns) shares.push_back(share);
    auto at = widths(shares, grid);
    Row head;
    if (grid < kGrid) head.push_back(label_cell(sheet_.in("序号", "No."), kGrid - grid));
    for (std::size_t i = 0; i < columns.size(); ++i) head.push_back(label_cell(columns[i].first, at[i]));
    rows_.push_back(std::move(head));
    return at;
  }

  void lines(const PrintSection& section) {
    constexpr int kNumber = 2;
    std::vector<std::pair<std::string, int>> columns;
    for (const auto& c : section.columns) columns.emplace_back(c.label.in(sheet_.lang), c.width);
    auto at = heads(columns, kGrid - kNumber);
    for (int line = 1; line <= section.lines; ++line) {
      Row row{{.text = std::to_string(line), .columns = kNumber, .align = Align::centre}};
      for (int width : at) row.push_back({.text = {}, .columns = width});
      rows_.push_back(std::move(row));
    }
  }

  std::string step_name(const Change& c) const {
    if (c.action == "create" || c.action == "import") return sheet_.in("登记", "Entered");
    if (c.action == "comment") return sheet_.in("意见", "Comment");
    const auto* step = sheet_.d.transition(c.transition);
    return step != nullptr ? step->label.in(sheet_.lang) : c.transition;
  }

  void history() {
    auto at = heads({{sheet_.in("时间", "When"), 5},
                     {sheet_.in("办理", "Step"), 4},
                     {sheet_.in("办理人", "By"), 4},
                     {sheet_.in("意见", "Comment"), 11}},
                    kGrid);
    for (const auto& c : changes_) {
      if (c.action != "create" && c.action != "move" && c.action != "comment" && c.action != "import") continue;
      rows_.push_back({{.text = sheet_.moment(c.at), .columns = at[0], .align = Align::centre},
                       {.text = step_name(c), .columns = at[1], .align = Align::centre},
                       {.text = c.person_name, .columns = at[2], .align = Align::centre},
                       {.text = c.comment, .columns = at[3]}});
    }
  }

  void signatures() {
    auto room = sheet_.in("\n\n　　　　年　　月　　日", "\n\nDate:                    ");
    for (std::size_t i = 0; i < form_.signatures.size(); i += 2) {
      bool alone = i + 1 == form_.signatures.size();
      Row row{label_cell(form_.signatures[i].in(sheet_.lang), 4),
              {.text = room, .columns = alone ? kGrid - 4 : kGrid / 2 - 4, .align = Align::right}};
      if (!alone) {
        row.push_back(label_cell(form_.signatures[i + 1].in(sheet_.lang), 4));
        row.push_back({.text = room, .columns = kGrid / 2 - 4, .align = Align::right});
      }
      rows_.push_back(std::move(row));
    }
  }

  const Sheet& sheet_;
  const PrintForm& form_;
  const Record& record_;
  const std::vector<File>& files_;
  const std::vector<Change>& changes_;
  std::vector<Row> rows_;
};

const View& view_of(const Definition& d, const Pairs& query) {
  for (const auto& [key, value] : query)
    if (key == "_view")
      if (auto found = std::ranges::find(d.views, value, &View::name); found != d.views.end()) return *found;
  return d.views.front();
}

// How wide a column of a list wants to be.
double width_of(const Definition& d, std::string_view column) {
  const auto* f = d.field(column);
  if (f == nullptr) return column == "created" || column == "changed" || column == "since" || column == "due" ? 1.5 : 1.2;
  if (f->name == d.title || f->kind == Kind::long_text || f->kind == Kind::reference) return 2.4;
  if (f->kind == Kind::text || f->kind == Kind::location || f->kind == Kind::money) return 1.5;
  return 1.1;
}

print::Table list_head(const Sheet& sheet, const View& view) {
  print::Table table{.title = sheet.d.name.in(sheet.lang), .landscape = true};
  if (sheet.d.views.size() > 1) table.left = view.label.in(sheet.lang);
  Row head;
  for (const auto& name : view.columns) {
    const auto* f = sheet.d.field(name);
    table.columns.push_back(
        {.width = width_of(sheet.d, name), .align = f != nullptr && is_figure(*f) ? Align::right : Align::left});
    head.push_back({.text = f != nullptr ? sheet.label(*f) : system_column(name)->label.in(sheet.lang)});
  }
  table.head.push_back(std::move(head));
  return table;
}

Row list_row(const Sheet& sheet, const View& view, const Record& record) {
  Row row;
  for (const auto& name : view.columns) {
    const auto* f = sheet.d.field(name);
    row.push_back(f != nullptr ? sheet.value(*f, record) : Cell{.text = sheet.system_text(name, record)});
  }
  return row;
}

Result<std::string> bytes_of(const print::Document& document, PrintFormat format, const std::filesystem::path& folder) {
  return format == PrintFormat::pdf ? print::pdf(document) : print::xlsx(document, folder);
}
std::string_view name(PrintFormat format) {
  return format == PrintFormat::pdf ? "pdf" : "xlsx";
}

Result<const PrintForm*> form_of(const Definition& d, std::string_view wanted) {
  if (wanted.empty()) return &d.print.front();
  auto found = std::ranges::find(d.print, wanted, &PrintForm::name);
  if (found != d.print.end()) return &*found;
  std::string known;
  for (const auto& form : d.print) known += (known.empty() ? "" : ", ") + form.name;
  return fail(Error{.code = Code::not_found,
                    .id = "register.print_form",
                    .text = {fmt::format("台账没有打印表单“{}”，有：{}。", shorten(wanted, 60), known),
                             fmt::format("The register has no printed form “{}”; it has: {}.", shorten(wanted, 60), known)},
                    .subject = "form"});
}

std::string footer(const Sheet& sheet, const Actor& actor, Time now) {
  return fmt::format("{} {}", actor.name, sheet.moment(now)) + sheet.in(" 打印", "");
}

}  // namespace

Result<Printed> Registers::print_record(const Actor& actor, std::string_view code, std::string_view id_or_number,
                                        std::string_view wanted, PrintFormat format, Lang lang) const {
  Record record;
  std::string form_name, title;
  QS_TRY(auto document, read_steadily(deps_.store, [&](store::Session& s) -> Result<print::Document> {
           QS_TRY(auto loaded, load_visible(s, actor, code));
           const auto& d = loaded->entry.definition;
           QS_TRY(record, find_record(s, d, actor, id_or_number));
           QS_TRY(const auto* form, form_of(d, wanted));
           QS_TRY(auto files, files_of(s, record.id));
           QS_TRY(auto changes, changes_of(s, record.id));
           form_name = form->name;
           title = title_of(d, record);
           Sheet sheet{.d = d, .zone = deps_.calendar.zone(), .lang = lang};
           auto table = Form(sheet, *form, record, files, changes).table();
           return print::Document{.title = form->title.in(lang) + " " + record.number,
                                  .footer = footer(sheet, actor, deps_.clock.now()),
                                  .tables = {std::move(table)},
                                  .lang = lang};
         }));
  QS_TRY(auto bytes, bytes_of(document, format, deps_.blobs.temporary_folder()));
  QS_CHECK(deps_.audit.record(
      actor, {.action = "record.print",
              .object_kind = "record",
              .object_id = record.id,
              .object_name = title,
              .detail = {{"register", code}, {"form", form_name}, {"format", name(format)}, {"revision", record.revision}}}));
  return Printed{.bytes = std::move(bytes), .file_name = fmt::format("{}.{}", document.title, name(format))};
}

Result<Printed> Registers::print_list(const Actor& actor, std::string_view code, const Pairs& query, PrintFormat format,
                                      Lang lang) const {
  std::int64_t count = 0;
  std::string register_name;
  auto limit = deps_.settings.integer("registers.print_rows");
  QS_TRY(auto document, read_steadily(deps_.store, [&](store::Session& s) -> Result<print::Document> {
           QS_TRY(auto loaded, load_visible(s, actor, code));
           const auto& d = loaded->entry.definition;
           register_name = d.name.zh;
           Sheet sheet{.d = d, .zone = deps_.calendar.zone(), .lang = lang};
           const auto& view = view_of(d, query);
           auto table = list_head(sheet, view);
           count = 0;
           auto all = each_record(s, d, actor, deps_.calendar, deps_.settings, query, limit, [&](const Record& record) {
             ++count;
             table.rows.push_back(list_row(sheet, view, record));
             return Result<void>{};
           });
           if (!all && all.error().code == Code::too_large)
             return fail(Code::too_large, "register.print_rows",
                         fmt::format("超过一次打印 {} 条的上限（设置 registers.print_rows），请加筛选条件。", limit),
                         fmt::format("There are more than {} records, the most of one printed list (setting "
                                     "registers.print_rows); filter them.",
                                     limit));
           QS_CHECK(all);
           table.right = lang == Lang::zh ? fmt::format("共 {} 条", count) : fmt::format("{} records", count);
           return print::Document{.title = d.name.in(lang),
                                  .footer = footer(sheet, actor, deps_.clock.now()),
                                  .tables = {std::move(table)},
                                  .lang = lang};
         }));
  QS_TRY(auto bytes, bytes_of(document, format, deps_.blobs.temporary_folder()));
  QS_CHECK(deps_.audit.record(actor, {.action = "register.print",
                                      .object_kind = "register",
                                      .object_id = std::string(code),
                                      .object_name = register_name,
                                      .detail = {{"records", count}, {"format", name(format)}}}));
  return Printed{.bytes = std::move(bytes), .file_name = fmt::format("{}.{}", document.title, name(format))};
}

}  // namespace qushu::registers
