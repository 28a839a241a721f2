#include "output.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "qushu/base/text.h"

namespace qushu::app {

Result<std::string> text_of_file(const std::string& file, std::string_view id, std::string_view subject) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail(Error{.code = Code::not_found,
                      .id = std::string(id),
                      .text = {fmt::format("打不开文件 {}。", file), fmt::format("The file {} cannot be opened.", file)},
                      .subject = std::string(subject)});
  text << in.rdbuf();
  return text.str();
}

Result<void> write_whole_file(const std::string& file, std::string_view bytes, std::string_view id) {
  std::ofstream out(file, std::ios::binary);
  out << bytes;
  if (out.flush()) return {};
  return fail(Error{.code = Code::invalid,
                    .id = std::string(id),
                    .text = {fmt::format("写不了文件 {}。", file), fmt::format("The file {} cannot be written.", file)},
                    .subject = file});
}

Result<boost::json::value> json_in(const std::string& given) {
  auto text = given;
  if (given.starts_with('@')) {
    std::ifstream file(given.substr(1));
    if (!file)
      return fail(Error{.code = Code::invalid,
                        .id = "cli.file",
                        .text = {"打不开文件。", "The file cannot be opened."},
                        .subject = given.substr(1)});
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  boost::system::error_code failed;
  auto value = boost::json::parse(text, failed);
  if (failed) return boost::json::value();
  return value;
}

int exit_code(const Error& e) {
  switch (e.code) {
    case Code::invalid:
    case Code::too_large:
      return 3;
    case Code::not_found:
      return 4;
    case Code::forbidden:
    case Code::unauthenticated:
      return 5;
    case Code::conflict:
    case Code::limited:
      return 6;
    case Code::unavailable:
    case Code::overloaded:
    case Code::timed_out:
      return 7;
    case Code::storage_full:
      return 8;
    case Code::cancelled:
      return 130;
    case Code::internal:
      return 1;
  }
  return 1;
}

namespace {

// Where something is wrong; a place within a statement in words.
std::string place(std::string_view subject, Lang lang) {
  constexpr std::string_view kPosition = "position ";
  if (lang == Lang::zh && subject.starts_with(kPosition)) return fmt::format("第 {} 个字符", subject.substr(kPosition.size()));
  return std::string(subject);
}

}  // namespace

int report(const Common& common, const Error& e) {
  if (common.json) {
    boost::json::object out{
        {"error",
         boost::json::object{{"code", name(e.code)}, {"id", e.id}, {"text", e.text.in(common.lang)}, {"subject", e.subject}}}};
    std::cerr << boost::json::serialize(out) << '\n';
  } else {
    std::cerr << (common.lang == Lang::zh ? "错误：" : "Error: ");
    if (!e.subject.empty() && e.id != "http.body")
      std::cerr << place(e.subject, common.lang) << (common.lang == Lang::zh ? "：" : ": ");
    std::cerr << e.text.in(common.lang) << '\n';
    if (e.code == Code::internal && !e.detail.empty()) std::cerr << "  " << e.detail << '\n';
  }
  return exit_code(e);
}

void print(const boost::json::value& value) {
  std::cout << boost::json::serialize(value) << '\n';
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    auto n = c < 0x80 ? 1U : c < 0xE0 ? 2U : c < 0xF0 ? 3U : 4U;
    width += n >= 3 ? 2 : 1;
    i += n;
  }
  return width;
}

void print_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& h : head) widths.push_back(display_width(h));
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += cells[i];
      if (i + 1 < cells.size()) out += std::string(widths[i] - display_width(cells[i]) + 2, ' ');
    }
    std::cout << out << '\n';
  };
  line(head);
  for (const auto& row : rows) line(row);
}

ProgressLine::ProgressLine(Lang lang) : terminal_(::isatty(STDERR_FILENO) == 1), lang_(lang) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::cerr << "\r\033[K";
}

void ProgressLine::show(const jobs::Job& job) {
  if (!terminal_) return;
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  std::string rate;
  if (job.unit == "bytes" && job.done_units > 0 && seconds > 0.5)
    rate = human_bytes(static_cast<std::uint64_t>(static_cast<double>(job.done_units) / seconds)) + "/s";
  auto filled = static_cast<std::size_t>(job.progress * 24);
  std::cerr << fmt::format("\r\033[K[{}{}] {:3.0f}%  {}  {}", std::string(filled, '='), std::string(24 - filled, ' '),
                           job.progress * 100, job.step.in(lang_), rate)
            << std::flush;
  shown_ = true;
}

namespace {

// Where the handler leaves word: an eventfd, since that is all that a handler may touch.
std::atomic<int> watched = -1;
constexpr std::uint64_t kSignal = 1, kOver = 1ULL << 32U;

void leave_word(int) {
  auto before = errno;
  std::uint64_t word = kSignal;
  [[maybe_unused]] auto written = ::write(watched.load(), &word, sizeof word);
  errno = before;
}

}  // namespace

SignalWatch::SignalWatch(std::function<void()> stop) : event_(::eventfd(0, EFD_CLOEXEC)) {
  watched = event_;
  struct sigaction action{};
  action.sa_handler = leave_word;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([event = event_, stop = std::move(stop)] {
    std::uint64_t word = 0;
    while (::read(event, &word, sizeof word) < 0 && errno == EINTR) {
    }
    if (word % kOver != 0) stop();
  });
}

SignalWatch::~SignalWatch() {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  auto word = kOver;
  [[maybe_unused]] auto written = ::write(event_, &word, sizeof word);
  thread_.join();
  watched = -1;
  ::close(event_);
}

std::string short_time(Time t) {
  return to_iso(t).substr(0, 16).replace(10, 1, " ") + "Z";
}

}  // namespace qushu::app
