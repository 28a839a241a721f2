#include "qushu/base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "qushu/base/time.h"

namespace qushu::log {
namespace {

spdlog::logger& logger() {
  static const auto shared = [] {
    auto made = std::make_shared<spdlog::logger>("qushu", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *shared;
}

// Values with blanks, quotes or control characters are quoted, so that a line stays one line and one event.
void append_value(std::string& line, std::string_view value) {
  bool plain = !value.empty();
  for (char c : value) plain = plain && static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=';
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    if (static_cast<unsigned char>(c) < ' ')
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      line += c;
  }
  line += '"';
}

void write(spdlog::level::level_enum level, std::string_view label, std::string_view message,
           std::initializer_list<Pair> pairs) {
  if (!logger().should_log(level)) return;
  auto line = fmt::format("{} {} {}", to_iso(system_clock().now()), label, message);
  for (const auto& pair : pairs) {
    line += fmt::format(" {}=", pair.key);
    append_value(line, pair.value);
  }
  logger().log(level, "{}", line);
}

}  // namespace

void set_level(Level level) {
  static constexpr std::array kLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err,
                                      spdlog::level::off};
  logger().set_level(kLevels.at(static_cast<std::size_t>(level)));
}

bool parse_level(std::string_view text, Level& out) {
  static constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warn", "error", "off"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (text != kNames[i]) continue;
    out = static_cast<Level>(i);
    return true;
  }
  return false;
}

void debug(std::string_view message, std::initializer_list<Pair> pairs) {
  write(spdlog::level::debug, "DEBUG", message, pairs);
}
void info(std::string_view message, std::initializer_list<Pair> pairs) {
  write(spdlog::level::info, "INFO", message, pairs);
}
void warn(std::string_view message, std::initializer_list<Pair> pairs) {
  write(spdlog::level::warn, "WARN", message, pairs);
}
void error(std::string_view message, std::initializer_list<Pair> pairs) {
  write(spdlog::level::err, "ERROR", message, pairs);
}

void error(std::string_view message, const Error& what) {
  error(message, {{"code", std::string(name(what.code))},
                  {"id", what.id},
                  {"text", what.text.en},
                  {"subject", what.subject},
                  {"detail", what.detail}});
}

}  // namespace qushu::log
