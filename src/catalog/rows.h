// Datasets and versions as rows of the store.
#pragma once

#include <string>
#include <string_view>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {

inline constexpr std::string_view kDatasetColumns =
    "d.id, d.code, d.title, d.abstract, d.department_id, d.theme, d.tags, d.update_cycle, d.sharing_type, d.level, d.state, "
    "d.fields, "
    "d.version, d.row_count, d.byte_count, d.created_by, d.created, d.changed, d.published, d.entry_state, d.resource_code, "
    "d.classifications, d.format, d.face";

inline constexpr std::string_view kVersionColumns =
    "dataset_id, number, fields, parts, read_count, published_count, rejected_count, rejects_blob, profile, origins, job_id, "
    "person_id, "
    "person_name, at, index_blob, deletes, next_id, mode, base, added_count, changed_count, deleted_count, unchanged_count, "
    "compacted, pushed, gone";

[[nodiscard]] Dataset dataset_of(const store::Row& row);  // without readers and the department's name
[[nodiscard]] Version version_of(const store::Row& row);
[[nodiscard]] std::string texts(const std::vector<std::string>& list);  // a JSON array
[[nodiscard]] std::string parts_text(const std::vector<Part>& parts);
[[nodiscard]] std::string origins_text(const std::vector<Origin>& origins);
// Everything that search looks at, in lower case.
[[nodiscard]] std::string search_text(const Dataset& dataset);

// The condition under which `who` may know of dataset d, and its parameters appended.
[[nodiscard]] std::string visible_to(const Visibility& who, store::Params& params);
// "?, ?, ?" with the values appended.
[[nodiscard]] std::string marks(const std::vector<std::string>& values, store::Params& params);

}  // namespace qushu::catalog
