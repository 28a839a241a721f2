// Identifiers: opaque strings outside, 26 characters of Crockford base 32 (ULID layout: 48 bits of milliseconds, then a
// count of 16 bits and 64 random ones), so that those of one process sort by creation, always, and none can be guessed from
// another.
#pragma once

#include <string>
#include <string_view>

namespace qushu {

// A new identifier from the machine's clock and the kernel's random source. Thread-safe.
[[nodiscard]] std::string new_id();

// Whether `text` has the shape of an identifier.
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace qushu
