#include "encoding.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>

#include <uchardet/uchardet.h>
#include <unicode/ucnv.h>

#include "qushu/base/text.h"

namespace qushu::tabular {
namespace {

constexpr std::size_t kPiece = 1U << 20U;

// GB18030's byte structure: how much of the text follows it.
struct Structure {
  std::size_t pairs = 0, broken = 0;
};

Structure gb18030_structure(std::string_view text) {
  Structure s;
  for (std::size_t i = 0; i < text.size();) {
    auto a = static_cast<unsigned char>(text[i]);
    if (a < 0x80) {
      ++i;
      continue;
    }
    auto b = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (a >= 0x81 && a <= 0xFE && b >= 0x40 && b <= 0xFE && b != 0x7F) {
      ++s.pairs;
      i += 2;
    } else if (a >= 0x81 && a <= 0xFE && b >= 0x30 && b <= 0x39 && i + 3 < text.size()) {
      ++s.pairs;
      i += 4;
    } else {
      if (i + 4 < text.size()) ++s.broken;
      ++i;
    }
  }
  return s;
}

// Whether more of its bytes beyond ASCII stand in UTF-8's characters of three bytes and more, as Chinese is written, than
// outside of its characters. In GBK a few stand so by chance.
bool is_mostly_utf8(std::string_view text) {
  std::size_t inside = 0, outside = 0;
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (!is_utf8(text.substr(i, size))) {
      ++outside;
      ++i;
      continue;
    }
    if (size > 2) inside += size;
    i += size;
  }
  return inside > outside;
}

// A sample may end inside a character; up to three bytes at its end do not count.
bool is_utf8_so_far(std::string_view text, bool whole) {
  if (is_utf8(text)) return true;
  if (whole) return false;
  for (std::size_t cut = 1; cut <= 3 && cut < text.size(); ++cut)
    if (is_utf8(text.substr(0, text.size() - cut))) return true;
  return false;
}

std::string utf16_without_mark(std::string_view text) {
  if (text.size() < 4) return {};
  std::size_t even = 0, odd = 0, n = std::min<std::size_t>(text.size(), 4096);
  for (std::size_t i = 0; i < n; ++i)
    if (text[i] == '\0') ++(i % 2 == 0 ? even : odd);
  if (odd > n / 8 && even * 8 < odd) return "utf-16le";
  if (even > n / 8 && odd * 8 < even) return "utf-16be";
  return {};
}

std::string asked_uchardet(std::string_view text) {
  std::unique_ptr<uchardet, decltype(&uchardet_delete)> detector(uchardet_new(), uchardet_delete);
  if (uchardet_handle_data(detector.get(), text.data(), text.size()) != 0) return {};
  uchardet_data_end(detector.get());
  return lower_ascii(uchardet_get_charset(detector.get()));
}

const char* icu_name(std::string_view encoding) {
  if (encoding == "gb18030") return "gb18030";
  if (encoding == "utf-16le") return "UTF-16LE";
  if (encoding == "utf-16be") return "UTF-16BE";
  if (encoding == "big5") return "Big5";
  return "UTF-8";
}

using Converter = std::unique_ptr<UConverter, decltype(&ucnv_close)>;

Result<Converter> converter(std::string_view encoding) {
  UErrorCode failed = U_ZERO_ERROR;
  Converter c(ucnv_open(icu_name(encoding), &failed), ucnv_close);
  if (U_FAILURE(failed) != 0) return fail_internal(std::string("icu: ") + u_errorName(failed));
  return c;
}

}  // namespace

bool is_known_encoding(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames{"utf-8", "utf-8-bom", "gb18030", "utf-16le", "utf-16be", "big5"};
  return std::ranges::find(kNames, name) != kNames.end();
}

std::string detect_encoding(std::string_view text, bool whole) {
  if (text.starts_with("\xEF\xBB\xBF")) return "utf-8-bom";
  if (text.starts_with("\xFF\xFE")) return "utf-16le";
  if (text.starts_with("\xFE\xFF")) return "utf-16be";
  if (auto wide = utf16_without_mark(text); !wide.empty()) return wide;
  if (is_utf8_so_far(text, whole)) return "utf-8";
  // With a few broken bytes: reading it as anything else would spoil all the rest.
  if (is_mostly_utf8(text)) return "utf-8";
  auto s = gb18030_structure(text);
  if (s.pairs > 0 && s.broken * 100 <= s.pairs) {
    // Big5 has the same structure; only a guess at the language tells them apart.
    return asked_uchardet(text) == "big5" ? "big5" : "gb18030";
  }
  // Of little text a guess at the language knows nothing.
  return s.pairs > s.broken || asked_uchardet(text).starts_with("gb") ? "gb18030" : "utf-8";
}

std::size_t mark_size(std::string_view encoding, std::string_view front) {
  if (encoding.starts_with("utf-8") && front.starts_with("\xEF\xBB\xBF")) return 3;
  if (encoding == "utf-16le" && front.starts_with("\xFF\xFE")) return 2;
  if (encoding == "utf-16be" && front.starts_with("\xFE\xFF")) return 2;
  return 0;
}

Result<void> convert(const std::filesystem::path& from, std::string_view encoding, const std::filesystem::path& to,
                     const std::function<bool(std::uint64_t)>& goes_on) {
  QS_TRY(auto source, converter(encoding));
  QS_TRY(auto target, converter("utf-8"));
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary);
  if (!in || !out) return fail_errno(errno, "convert " + from.string());
  std::string bytes(kPiece, '\0'), text(kPiece * 2, '\0');
  std::vector<UChar> pivot(kPiece / 2);
  UChar *pivot_from = pivot.data(), *pivot_to = pivot.data();
  std::uint64_t done = 0;
  bool first = true;
  while (true) {
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    auto got = static_cast<std::size_t>(in.gcount());
    bool last = got < bytes.size();
    const char* at = bytes.data();
    const char* end = at + got;
    if (first) at += mark_size(encoding, std::string_view(bytes.data(), got));
    UErrorCode state = U_ZERO_ERROR;
    do {
      state = U_ZERO_ERROR;
      char* put = text.data();
      ucnv_convertEx(target.get(), source.get(), &put, text.data() + text.size(), &at, end, pivot.data(), &pivot_from,
                     &pivot_to, pivot.data() + pivot.size(), static_cast<UBool>(first), static_cast<UBool>(last), &state);
      first = false;
      if (U_FAILURE(state) != 0 && state != U_BUFFER_OVERFLOW_ERROR && state != U_TRUNCATED_CHAR_FOUND)
        return fail_internal(std::string("icu: ") + u_errorName(state));
      out.write(text.data(), put - text.data());
      if (!out) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + to.string());
    } while (state == U_BUFFER_OVERFLOW_ERROR);
    done += got;
    if (!goes_on(done)) return fail(Code::cancelled, "tabular.cancelled", "已取消。", "Cancelled.");
    if (last) break;
  }
  out.flush();
  if (!out) return fail_errno(ENOSPC, "write " + to.string());
  return {};
}

std::string to_utf8(std::string_view bytes, std::string_view encoding) {
  auto source = converter(encoding);
  if (!source) return std::string(bytes);
  UErrorCode failed = U_ZERO_ERROR;
  std::vector<UChar> wide(bytes.size() + 1);
  auto length = ucnv_toUChars(source->get(), wide.data(), static_cast<std::int32_t>(wide.size()), bytes.data(),
                              static_cast<std::int32_t>(bytes.size()), &failed);
  auto target = converter("utf-8");
  if (U_FAILURE(failed) != 0 || !target) return std::string(bytes);
  std::string out(static_cast<std::size_t>(length) * 3 + 1, '\0');
  auto size = ucnv_fromUChars(target->get(), out.data(), static_cast<std::int32_t>(out.size()), wide.data(), length, &failed);
  if (U_FAILURE(failed) != 0) return std::string(bytes);
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace qushu::tabular
