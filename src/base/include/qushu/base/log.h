// The log: one line an event on standard error, structured as `key=value` pairs after a message. For operators, in English.
// What an auditor needs is in the audit, never only here. Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "qushu/base/error.h"

namespace qushu::log {

enum class Level { debug, info, warn, error, off };

struct Pair {
  std::string_view key;
  std::string value;
};

void set_level(Level level);
[[nodiscard]] bool parse_level(std::string_view text, Level& out);

void debug(std::string_view message, std::initializer_list<Pair> pairs = {});
void info(std::string_view message, std::initializer_list<Pair> pairs = {});
void warn(std::string_view message, std::initializer_list<Pair> pairs = {});
void error(std::string_view message, std::initializer_list<Pair> pairs = {});
// An Error with its inside detail.
void error(std::string_view message, const Error& what);

}  // namespace qushu::log
