#include "lease.h"

#include <array>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "qushu/base/text.h"

namespace qushu::jobs {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string pid_namespace() {
  std::array<char, 128> buffer{};
  auto size = ::readlink("/proc/self/ns/pid", buffer.data(), buffer.size());
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "?";
}

// Field 22 of /proc/PID/stat, counted after the command's closing parenthesis, since the command may hold anything. A zombie is
// dead.
std::optional<std::string> start_time(std::string_view pid) {
  auto line = first_line(fmt::format("/proc/{}/stat", pid));
  auto close = line.rfind(')');
  if (close == std::string::npos || close + 2 > line.size()) return std::nullopt;
  auto fields = split(std::string_view(line).substr(close + 2), ' ');
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return std::nullopt;
  return std::string(fields[19]);
}

}  // namespace

std::string process_owner() {
  auto pid = std::to_string(::getpid());
  return fmt::format("{}/{}/{}/{}", first_line("/proc/sys/kernel/random/boot_id"), pid_namespace(), pid,
                     start_time(pid).value_or("0"));
}

bool is_dead(std::string_view owner) {
  auto parts = split(owner, '/');
  if (parts.size() < 4) return false;
  if (parts[0] != first_line("/proc/sys/kernel/random/boot_id") || parts[1] != pid_namespace() || !to_int(parts[2]))
    return false;
  auto started = start_time(parts[2]);
  return !started || *started != parts[3];
}

}  // namespace qushu::jobs
