// Masks (脱敏规则): what a grant makes of a field's values before anybody else sees them.
//
//   {"kind": "none"}                                    as it is
//   {"kind": "partial", "first": 3, "last": 4}          all but the first three and last four characters become *, one for each
//   {"kind": "hash", "algorithm": "hmac-sha256"}        keyed hash (or hmac-sm3) in hex; equal values stay equal within a grant
//   {"kind": "date", "to": "month"}                     2024-05 (month), 2024 (year), 2024-Q2 (quarter); of dates and datetimes
//   {"kind": "band", "size": "100"}                     [200, 300): of numbers; the size is a positive decimal, and what has
//                                                       more than 22 digits becomes *
//   {"kind": "prefix", "length": 6}                     the first characters, such as those of a region code
//   {"kind": "constant", "value": "已脱敏"}              the same for every row, empty ones too
//
// A value that is empty stays empty, except under a constant. A partial mask never shows a whole value: where what it would
// keep is all of it, everything is hidden. Characters are Unicode code points. What is masked is text from then on.
//
// Thread-safety: plain values and functions.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "qushu/base/error.h"
#include "qushu/engine/engine.h"

namespace qushu::sharing {

namespace json = boost::json;

enum class MaskKind : std::uint8_t { none, partial, hash, date, band, prefix, constant };
[[nodiscard]] std::string_view name(MaskKind kind);

struct Mask {
  MaskKind kind = MaskKind::none;
  std::size_t first = 0, last = 0;        // partial
  std::string algorithm = "hmac-sha256";  // hash
  std::string to = "month";               // date
  std::string size = "1";                 // band
  std::size_t length = 0;                 // prefix
  std::string value;                      // constant
  friend bool operator==(const Mask&, const Mask&) = default;
};

// `subject` names the mask in an error, `type` is the field's: not every mask fits every type.
[[nodiscard]] Result<Mask> mask_of(const json::value& document, engine::Type type, std::string_view subject);
[[nodiscard]] json::object to_json(const Mask& mask);
// "保留前 3 位和后 4 位"
[[nodiscard]] Text describe(const Mask& mask);

// Appends what `value`, in its canonical text form, becomes. `key` is the grant's, for hashes. A constant does not ask for it.
void apply(const Mask& mask, std::string_view value, std::string_view key, std::string& out);

}  // namespace qushu::sharing
