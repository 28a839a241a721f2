// What the tables of an import have become, beside the datasets that they are for.
#include <algorithm>

#include <fmt/format.h>

#include "drift_notice.h"
#include "stored.h"

namespace qushu::ingest {
namespace {

std::vector<KnownColumn> known_columns(const catalog::Dataset& dataset) {
  std::vector<KnownColumn> known;
  for (const auto& field : dataset.fields)
    known.push_back({.name = field.name, .item = field.name, .type = field.type, .into = field.type, .needed = field.key});
  return known;
}

// Of the columns that are taken over, under the names that they have now.
std::vector<SeenColumn> seen_columns(const json::object& table) {
  std::vector<SeenColumn> seen;
  auto plan = plan_of(table);
  const auto& columns = table.at("columns").as_array();
  for (std::size_t i = 0; i < plan.size(); ++i)
    if (!plan[i].skip)
      seen.push_back({.name = plan[i].name,
                      .type = plan[i].type,
                      .empty = columns[i].as_object().at("values").to_number<std::int64_t>() == 0,
                      .width = static_cast<std::uint8_t>(plan[i].width),
                      .scale = static_cast<std::uint8_t>(plan[i].scale),
                      .unit = plan[i].unit});
  return seen;
}

}  // namespace

Result<void> StoredImports::note_drifts(store::Session& s, json::array& tables) const {
  for (auto& item : tables) {
    auto& table = item.as_object();
    json::array drifts;
    auto code = text_at(table.at("dataset").as_object(), "code");
    if (!flag_at(table, "skip") && !code.empty()) {
      QS_TRY(auto dataset, deps_.catalog.known(s, code));
      // A dataset without a version has no columns to differ from.
      if (dataset && dataset->version > 0)
        for (const auto& drift : compare(known_columns(*dataset), seen_columns(table))) drifts.emplace_back(to_json(drift));
    }
    table["drifts"] = std::move(drifts);
  }
  return {};
}

Result<void> StoredImports::check_drifts(const json::array& tables) {
  for (const auto& item : tables) {
    const auto& table = item.as_object();
    auto drifts = drifts_of(table.at("drifts"));
    if (drifts.empty()) continue;
    auto code = text_at(table.at("dataset").as_object(), "code");
    std::string columns;
    for (const auto& d : drifts) columns += (columns.empty() ? "" : "、") + d.column;
    auto what = summary(drifts);
    return fail(
        Error{.code = Code::conflict,
              .id = "import.drift",
              .text = {fmt::format(
                           "文件的列与数据集“{}”不同：{}（{}）。改好列名或类型再发布；确认就是这样，就带上 accept_drift 发布。",
                           code, what.zh, columns),
                       fmt::format("The file's columns differ from those of “{}”: {} ({}). Correct names or types first; "
                                   "if they are right as they are, publish with accept_drift.",
                                   code, what.en, columns)},
              .subject = "accept_drift"});
  }
  return {};
}

Result<void> StoredImports::tell_drifts(store::Transaction& t, const catalog::Dataset& dataset,
                                        const json::object& table) const {
  const auto* drifts = table.if_contains("drifts");
  if (!drifts || drifts->as_array().empty()) return {};
  return tell_consumers(t, deps_.identity, deps_.settings, deps_.clock.now(), dataset, drifts_of(*drifts));
}

}  // namespace qushu::ingest
