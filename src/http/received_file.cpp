#include "qushu/http/received_file.h"

#include <fstream>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"

namespace qushu::http {

ReceivedFile::ReceivedFile(const std::filesystem::path& folder) : path_(folder / (new_id() + ".upload")) {}

ReceivedFile::~ReceivedFile() {
  std::error_code failed;
  std::filesystem::remove(path_, failed);
  if (failed) log::warn("an upload's file could not be removed", {{"why", failed.message()}});
}

Result<void> ReceivedFile::read(BodyReader& body, std::uint64_t most, std::string_view setting) {
  std::ofstream out(path_, std::ios::binary);
  std::uint64_t size = 0;
  QS_CHECK(body.each([&](std::string_view piece) -> Result<void> {
    size += piece.size();
    if (size > most)
      return fail(Code::too_large, "http.upload_size", fmt::format("文件最大 {}（设置 {}）。", human_bytes(most), setting),
                  fmt::format("The file has {} at most (setting {}).", human_bytes(most), setting));
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return {};
  }));
  if (!out.flush())
    return fail(Code::storage_full, "http.disk", "临时文件写不下，磁盘可能已满。",
                "The temporary file could not be written; the disk may be full.");
  return {};
}

}  // namespace qushu::http
