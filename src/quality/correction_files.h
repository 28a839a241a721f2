// Inside the module: the files of correction tickets as rows of the store. Who may do what is decided by corrections.cpp.
#pragma once

#include "qushu/quality/corrections.h"

namespace qushu::quality {

// Why a ticket cannot take one more file of this size.
[[nodiscard]] Result<void> check_room(store::Session& s, const Settings& settings, const std::string& correction_id,
                                      std::uint64_t size);
// With a name that can be shown; invalid when there is none, or nothing in it.
[[nodiscard]] Result<CorrectionFile> file_to_attach(std::string_view file_name, const blob::BlobInfo& content);
[[nodiscard]] Result<void> insert_file(store::Transaction& t, const CorrectionFile& file);
[[nodiscard]] Result<void> remove_file(store::Transaction& t, const std::string& id);
// In the order in which they came.
[[nodiscard]] Result<std::vector<CorrectionFile>> load_files(store::Session& s, const std::string& correction_id);
[[nodiscard]] Result<CorrectionFile> load_file(store::Session& s, const std::string& correction_id, std::string_view id);
[[nodiscard]] Result<bool> file_uses_blob(store::Session& s, std::string_view sha256);

}  // namespace qushu::quality
