// Content encodings (gzip), media types that gain from them, and byte ranges (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/http/message.h"

namespace qushu::http {

[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);
[[nodiscard]] bool is_compressible(std::string_view content_type);
[[nodiscard]] std::string gzip(std::string_view bytes);
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes);

// Compresses what is written to it on to `out`; finish() writes the end.
class GzipWriter final : public BodyWriter {
 public:
  explicit GzipWriter(BodyWriter& out);
  ~GzipWriter() override;
  [[nodiscard]] Result<void> write(std::string_view bytes) override;
  [[nodiscard]] Result<void> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ByteRange {
  std::uint64_t first, last;  // both within
};
struct RangeAnswer {
  bool unsatisfiable = false;
  std::optional<ByteRange> range;  // nothing: send it whole
};
// One range only: of several the whole is sent, as the RFC allows.
[[nodiscard]] RangeAnswer range_of(std::string_view header, std::uint64_t size);

}  // namespace qushu::http
