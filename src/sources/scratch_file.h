// A file with a certificate for a library that wants a path; mode 0600, gone with the object.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <unistd.h>

#include "qushu/base/error.h"

namespace qushu::sources {

class ScratchFile {
 public:
  ScratchFile() = default;
  ~ScratchFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  [[nodiscard]] Result<void> write(std::string_view text) {
    auto pattern = (std::filesystem::temp_directory_path() / "qushu-XXXXXX").string();
    auto file = ::mkstemp(pattern.data());
    if (file < 0) return fail_errno(errno, "mkstemp");
    path_ = pattern;
    auto written = ::write(file, text.data(), text.size());
    ::close(file);
    if (written != static_cast<ssize_t>(text.size())) return fail_errno(written < 0 ? errno : ENOSPC, "write " + path_);
    return {};
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace qushu::sources
