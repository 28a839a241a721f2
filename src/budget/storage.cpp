#include "storage.h"

#include <algorithm>

#include <fmt/format.h>

#include "sections.h"

namespace qushu::budget {
namespace {

constexpr std::size_t kRowsAtOnce = 50;

template <class Row>
std::string columns_of(const Section<Row>& section) {
  std::string out;
  for (const auto& c : section.columns) out += fmt::format("{}{}", out.empty() ? "" : ", ", c.name);
  return out;
}

template <class Row>
Result<void> load_section(store::Session& s, const Section<Row>& section, std::string_view budget, std::int64_t version,
                          Content& out) {
  QS_TRY(auto rows, s.query(fmt::format("SELECT {} FROM budget_{} WHERE budget_id = ? AND version = ? ORDER BY position",
                                        columns_of(section), section.name),
                            {budget, version}));
  auto& list = out.*section.rows;
  list.clear();
  for (const auto& row : rows) {
    Row one;
    for (std::size_t c = 0; c < section.columns.size(); ++c) {
      const auto& at = section.columns[c].at;
      if (const auto* text = std::get_if<std::string Row::*>(&at))
        one.*(*text) = row.text(c);
      else if (const auto* number = std::get_if<std::int64_t Row::*>(&at))
        one.*(*number) = row.integer(c);
      else
        one.*std::get<std::optional<std::int64_t> Row::*>(at) = row.opt_integer(c);
    }
    list.push_back(std::move(one));
  }
  if (section.single && list.empty()) list.emplace_back();
  return {};
}

template <class Row>
Result<void> keep_section(store::Transaction& t, const Section<Row>& section, std::string_view budget, std::int64_t version,
                          const Content& content) {
  QS_CHECK(t.exec(fmt::format("DELETE FROM budget_{} WHERE budget_id = ? AND version = ?", section.name), {budget, version}));
  const auto& rows = content.*section.rows;
  std::string one = "(?, ?, ?";
  for (std::size_t i = 0; i < section.columns.size(); ++i) one += ", ?";
  one += ")";
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    auto end = std::min(rows.size(), begin + kRowsAtOnce);
    std::string values;
    store::Params params;
    for (auto i = begin; i < end; ++i) {
      values += (i == begin ? "" : ", ") + one;
      params.emplace_back(budget);
      params.emplace_back(version);
      params.emplace_back(i);
      for (const auto& c : section.columns) std::visit([&](auto member) { params.emplace_back(rows[i].*member); }, c.at);
    }
    QS_CHECK(t.exec(fmt::format("INSERT INTO budget_{} (budget_id, version, position, {}) VALUES {}", section.name,
                                columns_of(section), values),
                    params));
  }
  return {};
}

}  // namespace

Result<Content> load_content(store::Session& s, std::string_view budget, std::int64_t version) {
  Content out;
  Result<void> good{};
  each_section([&](const auto& section) {
    if (good) good = load_section(s, section, budget, version, out);
  });
  if (!good) return Failure(std::move(good).error());
  return out;
}

Result<void> keep_content(store::Transaction& t, std::string_view budget, std::int64_t version, const Content& content) {
  Result<void> good{};
  each_section([&](const auto& section) {
    if (good) good = keep_section(t, section, budget, version, content);
  });
  return good;
}

}  // namespace qushu::budget
