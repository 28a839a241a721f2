// Inside the module: releases as rows.
#pragma once

#include "qushu/opendata/release.h"

namespace qushu::opendata {

inline constexpr std::string_view kReleaseColumns =
    "id, dataset_id, state, fields, licence, title_en, abstract_en, excuses, privacy, version, held, proposed_by, "
    "proposed_name, "
    "proposed_at, reason, decided_by, decided_name, decided_at, decision, withdrawn_by, withdrawn_name, withdrawn_at, "
    "withdrawal, "
    "change_number";
[[nodiscard]] Release release_of(const store::Row& row);
[[nodiscard]] Result<std::int64_t> next_change(store::Transaction& t);
[[nodiscard]] Failure no_release();
// What is kept of a check, and back; unknown members are ignored.
[[nodiscard]] std::vector<std::string> texts_of(const json::value& value);

}  // namespace qushu::opendata
