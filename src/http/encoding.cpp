#include "encoding.h"

#include <array>

#include <zlib.h>

#include "qushu/base/text.h"

namespace qushu::http {
namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr int kLevel = 5;

// zlib wants a pointer to non-const and never writes through it.
Bytef* input(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}  // NOLINT

}  // namespace

bool accepts_gzip(std::string_view accept) {
  for (auto part : split(accept, ',')) {
    auto pieces = split(trim(part), ';');
    auto name = lower_ascii(trim(pieces[0]));
    if (name != "gzip" && name != "*") continue;
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      auto q = trim(pieces[i]);
      if (q == "q=0" || q == "q=0.0" || q == "q=0.00" || q == "q=0.000") return false;
    }
    return true;
  }
  return false;
}

bool is_compressible(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") || type.starts_with("application/problem+json") ||
         type.starts_with("application/javascript") || type.starts_with("application/x-ndjson") ||
         type.starts_with("image/svg");
}

struct GzipWriter::Impl {
  BodyWriter* out;
  z_stream z{};
  std::array<char, 65536> buffer{};
  Result<void> pump(int flush) {
    do {
      z.next_out = reinterpret_cast<Bytef*>(buffer.data());  // NOLINT
      z.avail_out = static_cast<uInt>(buffer.size());
      if (deflate(&z, flush) == Z_STREAM_ERROR) return fail_internal("zlib: deflate");
      auto made = buffer.size() - z.avail_out;
      if (made > 0) QS_CHECK(out->write({buffer.data(), made}));
    } while (z.avail_out == 0);
    return {};
  }
};

GzipWriter::GzipWriter(BodyWriter& out) : impl_(std::make_unique<Impl>()) {
  impl_->out = &out;
  deflateInit2(&impl_->z, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
}
GzipWriter::~GzipWriter() {
  deflateEnd(&impl_->z);
}

Result<void> GzipWriter::write(std::string_view bytes) {
  impl_->z.next_in = input(bytes);
  impl_->z.avail_in = static_cast<uInt>(bytes.size());
  return impl_->pump(Z_NO_FLUSH);
}

Result<void> GzipWriter::finish() {
  impl_->z.next_in = nullptr;
  impl_->z.avail_in = 0;
  return impl_->pump(Z_FINISH);
}

std::string gzip(std::string_view bytes) {
  struct Text final : BodyWriter {
    std::string out;
    Result<void> write(std::string_view more) override {
      out += more;
      return {};
    }
  } text;
  GzipWriter writer(text);
  if (!writer.write(bytes) || !writer.finish()) return {};
  return std::move(text.out);
}

Result<std::string> gunzip(std::string_view bytes) {
  z_stream z{};
  if (inflateInit2(&z, kGzipWindow) != Z_OK) return fail_internal("zlib: inflateInit2");
  std::string out;
  std::array<char, 65536> buffer{};
  z.next_in = input(bytes);
  z.avail_in = static_cast<uInt>(bytes.size());
  int state = Z_OK;
  while (state == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(buffer.data());  // NOLINT
    z.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&z, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - z.avail_out);
  }
  inflateEnd(&z);
  if (state != Z_STREAM_END) return fail_internal("zlib: inflate");
  return out;
}

RangeAnswer range_of(std::string_view header, std::uint64_t size) {
  if (!header.starts_with("bytes=") || header.contains(',')) return {};
  auto text = trim(header.substr(6));
  auto dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  auto first = to_int(text.substr(0, dash));
  auto last = to_int(text.substr(dash + 1));
  if (dash == 0) {
    // The last n bytes.
    if (!last || *last < 0) return {};
    if (*last == 0 || size == 0) return {.unsatisfiable = true, .range = {}};
    auto n = std::min<std::uint64_t>(static_cast<std::uint64_t>(*last), size);
    return {.range = ByteRange{size - n, size - 1}};
  }
  if (!first || *first < 0 || (dash + 1 < text.size() && (!last || *last < *first))) return {};
  if (static_cast<std::uint64_t>(*first) >= size) return {.unsatisfiable = true, .range = {}};
  auto end = last ? std::min<std::uint64_t>(static_cast<std::uint64_t>(*last), size - 1) : size - 1;
  return {.range = ByteRange{static_cast<std::uint64_t>(*first), end}};
}

}  // namespace qushu::http
