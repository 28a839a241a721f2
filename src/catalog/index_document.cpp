#include "index_document.h"

#include "qushu/base/text.h"

#include "terms.h"

namespace qushu::catalog {
namespace {

constexpr std::array kDimensions{Dimension{"department", &Search::departments, &Dataset::department_id},
                                 Dimension{"theme", &Search::themes, &Dataset::theme},
                                 Dimension{"level", &Search::levels, &Dataset::level},
                                 Dimension{"sharing_type", &Search::sharing_types, &Dataset::sharing_type},
                                 Dimension{"state", &Search::states, &Dataset::state},
                                 Dimension{"format", &Search::formats, &Dataset::format},
                                 Dimension{"update_cycle", &Search::update_cycles, &Dataset::update_cycle},
                                 Dimension{"entry_state", &Search::entry_states, &Dataset::entry_state},
                                 Dimension{"classification", &Search::classifications, nullptr}};
constexpr char kBetween = '\x1f', kWithin = '\x1e';
constexpr std::size_t kTitleBytes = 180;

constexpr std::uint32_t kTitleWeight = 8, kCodeWeight = 6, kTagWeight = 4, kFieldWeight = 2, kAbstractWeight = 1;

}  // namespace

std::span<const Dimension> dimensions() {
  return kDimensions;
}

std::string filter_prefix(const Dimension& dimension) {
  return "XF" + std::string(dimension.name) + ":";
}

std::string combo_of(const Dataset& d) {
  std::string out;
  for (const auto& dimension : kDimensions) {
    if (!out.empty() || &dimension != kDimensions.data()) out += kBetween;
    out += dimension.value != nullptr ? d.*dimension.value : join(d.classifications, std::string_view(&kWithin, 1));
  }
  return out;
}

std::vector<std::string_view> parts_of(std::string_view combo) {
  return split(combo, kBetween);
}

std::vector<std::string> classes_of(std::string_view part) {
  std::vector<std::string> out;
  for (auto id : split(part, kWithin)) out.emplace_back(id);
  return out;
}

std::string number_value(std::uint64_t value) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>((value >> (8 * (7 - i))) & 0xFF);
  return out;
}

std::string changed_key(const Dataset& d) {
  return number_value(~static_cast<std::uint64_t>(to_micros(d.changed))) + d.id;
}

std::string title_key(const Dataset& d) {
  return d.title.substr(0, kTitleBytes) + '\0' + d.id;
}

std::string rows_key(const Dataset& d) {
  return number_value(~d.rows) + d.id;
}

Xapian::Document document_of(const Dataset& d, const Dataset& whose, std::string_view kind, std::uint32_t combo) {
  TermCounts terms;
  add_name(d.title, kTitleWeight, terms);
  add_text(d.code, kCodeWeight, terms);
  terms[lower_ascii(d.code)] += kCodeWeight;
  add_text(d.resource_code, kCodeWeight, terms);
  add_text(d.abstract, kAbstractWeight, terms);
  add_name(d.theme, kTagWeight, terms);
  for (const auto& tag : d.tags) add_name(tag, kTagWeight, terms);
  for (const auto& field : d.fields) {
    add_name(field.name, kFieldWeight, terms);
    terms[field.id] += kFieldWeight;
  }
  Xapian::Document document;
  for (const auto& [term, count] : terms) document.add_term(term, count);
  auto boolean = [&](std::string_view prefix, std::string_view value) {
    document.add_boolean_term(std::string(prefix) + std::string(value));
  };
  boolean(kUnique, std::string(kind) + d.id);
  boolean(kKind, kind);
  boolean(kDepartment, whose.department_id);
  for (const auto& reader : whose.readers) boolean(kReader, reader);
  for (const auto& tag : d.tags) boolean(kTag, tag);
  for (const auto& dimension : kDimensions) {
    if (dimension.value != nullptr) {
      boolean(filter_prefix(dimension), d.*dimension.value);
      continue;
    }
    for (const auto& id : d.classifications) boolean(filter_prefix(dimension), id);
  }
  document.add_value(kComboSlot, number_value(combo));
  document.add_value(kChangedSlot, changed_key(d));
  document.add_value(kTitleSlot, title_key(d));
  document.add_value(kRowsSlot, rows_key(d));
  document.set_data(std::string(kind) + d.id);
  return document;
}

}  // namespace qushu::catalog
