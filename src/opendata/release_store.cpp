#include <array>

#include "qushu/base/json.h"

#include "stored.h"

namespace qushu::opendata {
namespace {

json::value parsed(const std::string& text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return failed ? json::value(nullptr) : value;
}

json::object object_of(const std::string& text) {
  auto value = parsed(text);
  return value.is_object() ? value.get_object() : json::object();
}

json::value step(const Step& s) {
  if (!s.at) return nullptr;
  return json::object{{"person_name", s.person_name}, {"comment", s.comment}, {"at", time_or_null(s.at)}};
}

}  // namespace

std::span<const catalog::Word> release_states() {
  static const std::array kStates{
      catalog::Word{"proposed", {"待审批", "Proposed"}}, catalog::Word{"approved", {"已开放", "Open"}},
      catalog::Word{"refused", {"未批准", "Refused"}}, catalog::Word{"withdrawn", {"已撤回", "Withdrawn"}},
      catalog::Word{"superseded", {"已被替换", "Superseded"}}};
  return kStates;
}

std::vector<std::string> texts_of(const json::value& value) {
  std::vector<std::string> out;
  if (value.is_array())
    for (const auto& one : value.get_array())
      if (one.is_string()) out.emplace_back(one.get_string());
  return out;
}

Release release_of(const store::Row& row) {
  Release r{.id = row.text(0),
            .dataset_id = row.text(1),
            .state = row.text(2),
            .fields = texts_of(parsed(row.text(3))),
            .licence = row.text(4),
            .title_en = row.text(5),
            .abstract_en = row.text(6),
            .excuses = {},
            .check = object_of(row.text(8)),
            .version = row.integer(9),
            .held = object_of(row.text(10)),
            .proposed = {row.text(11), row.text(12), row.text(14), row.opt_time(13)},
            .decided = {row.text(15), row.text(16), row.text(18), row.opt_time(17)},
            .withdrawn = {row.text(19), row.text(20), row.text(22), row.opt_time(21)},
            .change = row.integer(23),
            .code = {},
            .title = {},
            .department_id = {},
            .department_name = {}};
  for (const auto& [key, value] : object_of(row.text(7)))
    if (value.is_string()) r.excuses.emplace(key, value.get_string());
  return r;
}

Result<std::int64_t> next_change(store::Transaction& t) {
  QS_TRY(auto row, t.one("INSERT INTO open_counter (name, value) VALUES ('change', 1) ON CONFLICT (name) DO UPDATE SET value = "
                         "open_counter.value + 1 RETURNING value"));
  return row->integer(0);
}

Failure no_release() {
  return fail(Code::not_found, "release.not_found", "没有这个开放申请，或者您无权查看。",
              "There is no such release, or none that you may see.");
}

Result<std::optional<Release>> Releases::live(store::Session& s, std::string_view dataset_id) {
  QS_TRY(auto row, s.one("SELECT " + std::string(kReleaseColumns) +
                             " FROM open_release WHERE dataset_id = ? AND state = "
                             "'approved'",
                         {dataset_id}));
  if (!row) return std::nullopt;
  return release_of(*row);
}

Result<Releases::Changes> Releases::changes_after(store::Session& s, std::int64_t change) {
  QS_TRY(auto rows, s.query("SELECT dataset_id, change_number FROM open_release WHERE change_number > ? ORDER BY change_number",
                            {change}));
  Changes out{.datasets = {}, .newest = change};
  for (const auto& row : rows) {
    out.datasets.push_back(row.text(0));
    out.newest = row.integer(1);
  }
  return out;
}

json::object to_json(const Release& r) {
  json::object excuses;
  for (const auto& [field, why] : r.excuses) excuses[field] = why;
  return {{"id", r.id},
          {"code", r.code},
          {"title", r.title},
          {"department_name", r.department_name},
          {"state", r.state},
          {"fields", json::value_from(r.fields)},
          {"licence", r.licence},
          {"title_en", r.title_en},
          {"abstract_en", r.abstract_en},
          {"excuses", std::move(excuses)},
          {"check", r.check},
          {"version", r.version},
          {"held", r.held.empty() ? json::value(nullptr) : json::value(r.held)},
          {"proposed", step(r.proposed)},
          {"decided", step(r.decided)},
          {"withdrawn", step(r.withdrawn)}};
}

}  // namespace qushu::opendata
