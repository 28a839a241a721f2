// Randomness that is the same everywhere, and identifiers with valid check digits made of it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace qushu::demo {

// SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // 0 to n-1.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  template <class List>
  const auto& of(const List& list) {
    return list[below(list.size())];
  }

 private:
  std::uint64_t state_;
};

[[nodiscard]] std::string credit_code(Random& r);
[[nodiscard]] std::string id_card(Random& r);
[[nodiscard]] std::string company_name(Random& r);
// "2019-03-05" moved by a random number of days from 2005 to 2026.
struct Date {
  int year;
  unsigned month, day;
};
[[nodiscard]] Date date(Random& r, int first_year, int last_year);

}  // namespace qushu::demo
