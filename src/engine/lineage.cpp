#include "qushu/engine/lineage.h"

#include <algorithm>

#include "qushu/base/text.h"

namespace qushu::engine {

std::set<Origin> Lineage::used() const {
  auto all = conditions;
  for (const auto& column : columns) all.insert(column.from.begin(), column.from.end());
  return all;
}

void Lineage::name_columns(const std::vector<std::string>& names) {
  if (complete && columns.size() == names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) columns[i].name = names[i];
    return;
  }
  OutputColumn anything{.certain = false};
  for (const auto& column : columns) anything.from.insert(column.from.begin(), column.from.end());
  for (const auto& [relation, places] : relations)
    if (std::ranges::none_of(anything.from, [&](const Origin& o) { return o.relation == relation; }))
      anything.from.insert({.relation = relation, .column = {}});
  std::vector<OutputColumn> named;
  for (const auto& name : names) {
    auto same = std::ranges::find_if(columns, [&](const OutputColumn& c) { return lower_ascii(c.name) == lower_ascii(name); });
    named.push_back(same == columns.end() ? anything : *same);
    named.back().name = name;
  }
  columns = std::move(named);
  complete = true;
}

}  // namespace qushu::engine
