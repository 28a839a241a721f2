#include "pattern.h"

#include <algorithm>
#include <vector>

namespace qushu::sources {
namespace {

// Bytes of the character that begins so.
std::size_t letter(char first) {
  auto byte = static_cast<unsigned char>(first);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return true;
  // reach[j]: the pattern so far matches the first j bytes. One row at a time, so that no pattern costs more than its product.
  std::vector<char> reach(path.size() + 1, 0), next(path.size() + 1, 0);
  reach[0] = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*') {
      auto deep = i + 1 < pattern.size() && pattern[i + 1] == '*';
      if (deep) ++i;
      // "**/" also stands for nothing at all.
      auto folders = deep && i + 1 < pattern.size() && pattern[i + 1] == '/';
      next = reach;
      for (std::size_t j = 1; j <= path.size(); ++j)
        if (next[j - 1] != 0 && (deep || path[j - 1] != '/')) next[j] = 1;
      if (folders) {
        auto after = reach;  // nothing
        for (std::size_t j = 1; j <= path.size(); ++j)
          if (next[j - 1] != 0 && path[j - 1] == '/') after[j] = 1;
        next = after;
        ++i;
      }
    } else {
      next.assign(path.size() + 1, 0);
      for (std::size_t j = 0; j < path.size(); ++j) {
        if (reach[j] == 0) continue;
        if (pattern[i] == '?' && path[j] != '/')
          next[std::min(j + letter(path[j]), path.size())] = 1;
        else if (pattern[i] == path[j])
          next[j + 1] = 1;
      }
    }
    reach.swap(next);
  }
  return reach[path.size()] != 0;
}

std::string fixed_folder(std::string_view pattern) {
  auto wild = pattern.find_first_of("*?");
  auto slash = pattern.substr(0, wild).rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(pattern.substr(0, slash + 1));
}

bool goes_deep(std::string_view pattern) {
  return pattern.empty() || pattern.find("**") != std::string_view::npos;
}

}  // namespace qushu::sources
