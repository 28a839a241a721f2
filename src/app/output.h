// How commands speak: to people in their language, to machines as JSON; exit codes.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/jobs/jobs.h"

namespace qushu::app {

// What every command is given besides its own options.
struct Common {
  std::string data = "qushu-data";
  bool json = false;
  std::string as;  // whom to act for; empty: the operator at the console
  Lang lang = Lang::zh;
  std::vector<std::pair<std::string, std::string>> overrides;
};

// 0 done; 1 our own mistake; 2 wrong usage; 3 invalid input; 4 not found; 5 not allowed; 6 the state does not allow it; 7
// something needed is not available; 8 no space left; 130 interrupted.
[[nodiscard]] int exit_code(const Error& error);
// Prints the error to standard error; its exit code.
int report(const Common& common, const Error& error);
void print(const boost::json::value& value);
// The bytes of a file, "-" being what comes in; not_found by this id, about `subject`, when it cannot be opened.
[[nodiscard]] Result<std::string> text_of_file(const std::string& file, std::string_view id, std::string_view subject);
// Code::invalid `id` about the file when it cannot be written.
[[nodiscard]] Result<void> write_whole_file(const std::string& file, std::string_view bytes, std::string_view id);
// A document given as an argument: JSON, or @FILE that holds it. null for what is no JSON, of which the caller says what it
// wanted.
[[nodiscard]] Result<boost::json::value> json_in(const std::string& given);
// A table whose columns line up on terminals, Chinese characters being two wide.
void print_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);
[[nodiscard]] std::size_t display_width(std::string_view text);

// Shows one line of progress on a terminal, nothing elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(Lang lang);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const jobs::Job& job);

 private:
  bool terminal_;
  Lang lang_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// Calls `stop` once on SIGINT or SIGTERM, from a thread of its own, whichever thread the signal reaches; a second signal ends
// the program at once. One at a time.
class SignalWatch {
 public:
  explicit SignalWatch(std::function<void()> stop);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  int event_ = -1;
  std::thread thread_;
};

// "2026-11-29 08:05Z", for tables.
[[nodiscard]] std::string short_time(Time t);

}  // namespace qushu::app
