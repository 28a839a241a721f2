// 1, 10, 100 … up to 10^(N - 1), exact in T.
#pragma once

#include <array>
#include <cstddef>

namespace qushu {

template <class T, std::size_t N>
consteval std::array<T, N> powers_of_ten() {
  std::array<T, N> powers{1};
  for (std::size_t i = 1; i < N; ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}

}  // namespace qushu
