// The body of an upload as a file, for libraries that read files; gone with it.
//
// Thread-safety: for one thread.
#pragma once

#include <filesystem>

#include "qushu/http/message.h"

namespace qushu::http {

class ReceivedFile {
 public:
  // A file in `folder`, not written yet.
  explicit ReceivedFile(const std::filesystem::path& folder);
  ~ReceivedFile();
  ReceivedFile(const ReceivedFile&) = delete;
  ReceivedFile& operator=(const ReceivedFile&) = delete;

  // Writes all of the body. Past `most` bytes it ends with too_large, which names `setting`.
  [[nodiscard]] Result<void> read(BodyReader& body, std::uint64_t most, std::string_view setting);
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace qushu::http
