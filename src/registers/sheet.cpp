// Registers as sheets: written for people and their spreadsheets, and read back with every wrong cell told.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/registers/sheet_writer.h"
#include "qushu/tabular/tabular.h"

#include "access.h"
#include "loaded.h"
#include "reading.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kHeaderWithin = 10, kMostErrors = 200;

struct Row {
  std::uint64_t number = 0;
  std::vector<std::string> cells;
};

// All rows of a table as they are written.
Result<std::vector<Row>> rows_of(tabular::File& file, const std::string& location, engine::Engine& engine, std::int64_t limit) {
  tabular::Dialect dialect{.header_rows = 0, .skip_rows = 0, .fill_short = true};
  QS_TRY(auto facts, file.analyse(location, dialect, {}));
  std::vector<Row> out;
  if (facts.columns.empty() || facts.rows == 0) return out;
  if (facts.rows > static_cast<std::uint64_t>(limit) + kHeaderWithin)
    return fail(
        Error{.code = Code::too_large,
              .id = "register.import_rows",
              .text = {fmt::format("表格有 {} 行，超过一次 {} 行的上限（设置 registers.import_rows），请分成几份。", facts.rows,
                                   limit),
                       fmt::format("The sheet has {} rows, more than {} at once (setting registers.import_rows); split it.",
                                   facts.rows, limit)},
              .subject = location});
  std::vector<tabular::ColumnPlan> plan;
  std::vector<std::string> ids;
  for (const auto& column : facts.columns) {
    plan.push_back({.name = column.plan.name, .type = engine::Type::text});
    ids.push_back(fmt::format("c{}", ids.size()));
  }
  std::optional<tabular::File::RejectedRow> rejected;
  auto sink = [&](const tabular::File::RejectedRow& row) -> Result<void> {
    if (!rejected) rejected = row;
    return {};
  };
  QS_TRY(auto reading, file.read(location, facts.dialect, plan, ids, sink, {}));
  QS_TRY(auto cursor, engine.run({.sql = "SELECT * FROM sheet ORDER BY _id", .tables = {{"sheet", reading.source.get()}}}));
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      Row row{.number = static_cast<std::uint64_t>(chunk->integer(0, r)), .cells = {}};
      for (std::size_t c = 1; c <= ids.size(); ++c)
        row.cells.emplace_back(chunk->is_null(c, r) ? std::string_view() : chunk->text(c, r));
      out.push_back(std::move(row));
    }
  }
  if (rejected)
    return fail(Error{.code = Code::invalid,
                      .id = "register.import_row",
                      .text = {fmt::format("第 {} 行读不出来：{}。", rejected->line, rejected->misfits.at(0).reason.zh),
                               fmt::format("Row {} cannot be read: {}.", rejected->line, rejected->misfits.at(0).reason.en)},
                      .subject = fmt::format("row {}", rejected->line)});
  return out;
}

// What a column of the sheet is: a field, the number, or nothing that is taken.
struct Head {
  std::vector<const Field*> fields;
  std::optional<std::size_t> number;
  std::vector<std::string> names;
  std::vector<std::string> unknown;  // heads that name nothing of the register
};

std::string plain(std::string_view head) {
  // A unit or a mark behind the name is not part of it.
  for (std::string_view mark : {"（", " (", "*"})
    if (auto at = head.find(mark); at != std::string_view::npos && at > 0) head = head.substr(0, at);
  return std::string(trim(head));
}

// A cell as it was before append_csv() kept spreadsheets from running it.
std::string_view unguarded(std::string_view cell) {
  cell = trim(cell);
  return cell.size() > 1 && cell[0] == '\'' && std::string_view("=+-@\t\r").contains(cell[1]) ? cell.substr(1) : cell;
}

bool names(const Text& label, std::string_view head) {
  return head == label.zh || head == label.en;
}

// What the register says of every record, but for the number. An export has the number and the state before the fields, and the
// others behind them.
const SystemColumn* told_of_every_record(std::string_view head) {
  auto all = system_columns();
  auto found = std::ranges::find_if(all, [&](const SystemColumn& c) { return names(c.label, head) || c.name == head; });
  return found == all.end() ? nullptr : &*found;
}

std::optional<Head> head_of(const Definition& d, const Row& row) {
  Head head;
  for (const auto& cell : row.cells) head.names.push_back(plain(cell));
  bool any = false;
  for (std::size_t c = 0; c < head.names.size(); ++c) {
    const auto& name = head.names[c];
    auto field =
        std::ranges::find_if(d.fields, [&](const Field& f) { return !f.retired && (f.name == name || names(f.label, name)); });
    const auto* system = told_of_every_record(name);
    if (field != d.fields.end() && system != nullptr) {
      // A field with the label of such a column: the place in the sheet tells which of two it is.
      auto first = head.names.begin(), here = first + static_cast<std::ptrdiff_t>(c);
      bool before = std::find(first, here, name) != here,
           behind = std::find(here + 1, head.names.end(), name) != head.names.end();
      bool leads = system->name == "number" || system->name == "state";
      if (leads ? behind : before) field = d.fields.end();
    }
    bool is_field = field != d.fields.end();
    bool taken = is_field && field->kind != Kind::computed && field->kind != Kind::attachment;
    head.fields.push_back(taken ? &*field : nullptr);
    any = any || taken;
    if (!is_field && system != nullptr && system->name == "number") head.number = c;
    if (!is_field && system == nullptr && !name.empty()) head.unknown.push_back(name);
  }
  if (!any) return std::nullopt;
  return head;
}

// Two columns for one field: which of them is meant nobody can tell.
Result<void> check_head(const Head& head) {
  for (std::size_t c = 0; c < head.fields.size(); ++c) {
    if (head.fields[c] == nullptr) continue;
    for (std::size_t before = 0; before < c; ++before)
      if (head.fields[before] == head.fields[c])
        return fail(Error{.code = Code::invalid,
                          .id = "register.import_head_twice",
                          .text = {fmt::format("表头第 {} 列和第 {} 列都是字段“{}”，请只留一列。", before + 1, c + 1,
                                               head.fields[c]->label.zh),
                                   fmt::format("Columns {} and {} of the header are both the field “{}”; keep one of them.",
                                               before + 1, c + 1, head.fields[c]->label.en)},
                          .subject = head.fields[c]->name});
  }
  return {};
}

// What a sheet says: a record a row, where it stands, and the number of the one that it changes.
struct Sheet {
  Head head;
  std::vector<std::uint64_t> rows;
  std::vector<std::string> numbers;
  std::vector<json::object> values;
};

Result<Sheet> sheet_of(const Definition& d, const std::vector<Row>& rows) {
  std::optional<Head> head;
  std::size_t next = 0;
  while (next < rows.size() && next < kHeaderWithin && !head) head = head_of(d, rows[next++]);
  if (!head)
    return fail(
        Code::invalid, "register.import_head", "没有找到表头：前 10 行里应有一行写着台账的字段名。可先导出一份作为样表。",
        "No header was found: one of the first ten rows must hold names of fields. Export the register for an example.");
  QS_CHECK(check_head(*head));
  Sheet sheet{.head = *std::move(head), .rows = {}, .numbers = {}, .values = {}};
  for (; next < rows.size(); ++next) {
    const auto& row = rows[next];
    if (std::ranges::all_of(row.cells, [](const std::string& c) { return trim(c).empty(); })) continue;
    json::object values;
    for (std::size_t c = 0; c < row.cells.size() && c < sheet.head.fields.size(); ++c)
      if (sheet.head.fields[c] != nullptr) values[sheet.head.fields[c]->name] = std::string(unguarded(row.cells[c]));
    bool numbered = sheet.head.number && *sheet.head.number < row.cells.size();
    sheet.rows.push_back(row.number);
    sheet.numbers.emplace_back(numbered ? trim(row.cells[*sheet.head.number]) : std::string_view());
    sheet.values.push_back(std::move(values));
  }
  return sheet;
}

// The error of a row, at the first column that it is about.
RowError error_of(const Sheet& sheet, std::size_t i, const Error& error) {
  RowError out{.row = sheet.rows[i], .column = {}, .text = error.text};
  auto subject = error.subject.substr(0, error.subject.find(", "));
  for (std::size_t c = 0; c < sheet.head.fields.size(); ++c)
    if (sheet.head.fields[c] != nullptr && sheet.head.fields[c]->name == subject) out.column = sheet.head.names[c];
  return out;
}

Result<void> write_row(SheetWriter& out, const Definition& d, const Record& record, const calendar::Zone& zone, Lang lang) {
  static const Field kTime{.name = "time", .kind = Kind::datetime};
  QS_CHECK(out.text(record.number));
  const auto* state = d.state(record.state);
  QS_CHECK(out.text(state != nullptr ? state->label.in(lang) : record.state));
  for (const auto& field : d.fields) {
    if (field.retired) continue;
    const auto& cells = record.cells.at(field.name);
    auto text = text_of(field, cells, zone, lang);
    bool number = !text.empty() && (field.kind == Kind::number || field.kind == Kind::money || field.kind == Kind::computed ||
                                    field.kind == Kind::attachment);
    if (number)
      QS_CHECK(out.number(text, decimals_of(field)));
    else
      QS_CHECK(out.text(text));
  }
  QS_CHECK(out.text(record.department_name));
  QS_CHECK(out.text(record.created_by_name));
  QS_CHECK(out.text(text_of(kTime, {to_micros(record.created)}, zone, lang)));
  QS_CHECK(out.text(text_of(kTime, {to_micros(record.changed)}, zone, lang)));
  return out.end_row();
}

}  // namespace

Result<SheetFile> Registers::write_sheet(const Actor& actor, std::string_view code, const Pairs& query, SheetFormat format,
                                         Lang lang) const {
  auto folder = deps_.blobs.temporary_folder();
  SheetFile file{.path = folder / (new_id() + (format == SheetFormat::csv ? ".csv" : ".xlsx"))};
  file.keep = std::shared_ptr<const void>(nullptr, [path = file.path](const void*) {
    std::error_code ignored;  // the folder is emptied at the next start anyway
    std::filesystem::remove(path, ignored);
  });
  QS_TRY(auto out, format == SheetFormat::csv ? write_csv(file.path) : write_xlsx(file.path, folder));
  // One snapshot, whatever is written meanwhile; and the file is whole before anybody waits for it to be sent.
  QS_TRY(auto name, read_steadily(deps_.store, [&](store::Session& s) -> Result<std::string> {
           QS_TRY(auto loaded, load_visible(s, actor, code));
           const auto& d = loaded->entry.definition;
           auto head = [&](std::string_view column) { return system_column(column)->label.in(lang); };
           QS_CHECK(out->text(head("number")));
           QS_CHECK(out->text(head("state")));
           for (const auto& field : d.fields)
             if (!field.retired) QS_CHECK(out->text(field.label.in(lang) + unit_of(field).in(lang)));
           for (auto column : {"department", "creator", "created", "changed"}) QS_CHECK(out->text(head(column)));
           QS_CHECK(out->end_row());
           QS_CHECK(each_record(s, d, actor, deps_.calendar, deps_.settings, query,
                                deps_.settings.integer("registers.export_rows"), [&](const Record& record) {
                                  ++file.rows;
                                  return write_row(*out, d, record, deps_.calendar.zone(), lang);
                                }));
           return d.name.zh;
         }));
  QS_CHECK(out->close());
  QS_CHECK(
      deps_.audit.record(actor, {.action = "register.export",
                                 .object_kind = "register",
                                 .object_id = std::string(code),
                                 .object_name = name,
                                 .detail = {{"records", file.rows}, {"format", format == SheetFormat::csv ? "csv" : "xlsx"}}}));
  return file;
}

Result<Imported> Registers::read_sheet(const Actor& actor, std::string_view code, const std::filesystem::path& path,
                                       std::string_view file_name, bool dry_run) {
  auto scratch = deps_.blobs.temporary_folder() / new_id();
  std::error_code failed;
  std::filesystem::create_directories(scratch, failed);
  if (failed) return fail_errno(failed.value(), "create " + scratch.string());
  auto limit = deps_.settings.integer("registers.import_rows");
  auto read = [&]() -> Result<std::vector<Row>> {
    QS_TRY(auto file, tabular::File::open(path, file_name, scratch, deps_.settings));
    for (const auto& location : file->tables()) {
      QS_TRY(auto found, rows_of(*file, location, deps_.engine, limit));
      if (!found.empty()) return found;
    }
    return std::vector<Row>{};
  };
  auto rows = read();
  std::filesystem::remove_all(scratch, failed);
  QS_CHECK(rows);
  QS_TRY(auto entry, find(actor, code));
  QS_TRY(auto sheet, sheet_of(entry.definition, *rows));
  QS_TRY(auto prepared, prepare(actor, code, sheet.values));
  Imported out{.ignored = sheet.head.unknown, .dry_run = dry_run};
  auto done = write_steadily(deps_.store, [&](store::Transaction& t) -> Result<bool> {
    out = {.ignored = sheet.head.unknown, .dry_run = dry_run};
    QS_TRY(auto loaded, load_visible(t, actor, code));
    if (!allows(loaded->entry.definition.permissions.create, actor, nullptr))
      return may_not("您不能在这个台账中新建记录。", "You may not make records in this register.");
    for (std::size_t i = 0; i < sheet.values.size(); ++i) {
      ++out.rows;
      auto taken = take_row(t, actor, *loaded, prepared, sheet.numbers[i], sheet.values[i]);
      if (taken) {
        (sheet.numbers[i].empty() ? out.added : out.changed) += *taken ? 1 : 0;
        continue;
      }
      if (taken.error().code == Code::internal || taken.error().code == Code::unavailable)
        return Failure(std::move(taken).error());
      if (out.errors.size() < kMostErrors) out.errors.push_back(error_of(sheet, i, taken.error()));
      // A statement that failed ends the transaction, on PostgreSQL at least.
      if (taken.error().code == Code::conflict) break;
    }
    // Nothing of it stays: the transaction is rolled back by an error that nobody sees.
    if (dry_run || !out.errors.empty()) return fail(Code::cancelled, "register.import_undone", "", "");
    return true;
  });
  if (!done && done.error().id != "register.import_undone") return Failure(std::move(done).error());
  if (!out.errors.empty()) out.added = out.changed = 0;
  return out;
}

Result<bool> Registers::take_row(store::Transaction& t, const Actor& actor, const Loaded& l, const Prepared& prepared,
                                 const std::string& number, const json::object& values) const {
  const auto& d = l.entry.definition;
  if (number.empty()) {
    QS_CHECK(insert(t, actor, l, prepared, values, "import"));
    return true;
  }
  QS_TRY(auto before, find_record(t, d, actor, number));
  auto owner = owner_of(before);
  if (!allows(d.permissions.edit, actor, &owner)) return may_not("您不能修改这条记录。", "You may not edit this record.");
  auto after = before;
  QS_CHECK(fill(t, actor, l, prepared, values, after));
  if (after.cells == before.cells) return false;
  if (const auto* state = d.state(before.state); state != nullptr && state->locked)
    return fail(Code::forbidden, "record.locked", fmt::format("记录处于“{}”，不能再修改。", state->label.zh),
                fmt::format("The record is in the state “{}” and cannot be edited.", state->label.en));
  QS_CHECK(update(t, actor, d, before, after, {.action = "import"}));
  return true;
}

}  // namespace qushu::registers
