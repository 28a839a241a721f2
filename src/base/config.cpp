#include "qushu/base/config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "qushu/base/text.h"

extern char** environ;  // NOLINT(*-global-variables): POSIX

namespace qushu {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t factor;
};

constexpr Unit kSeconds[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
constexpr Unit kBytes[] = {{"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}, {"B", 1}};

std::optional<std::int64_t> with_unit(std::string_view text, std::span<const Unit> units) {
  std::int64_t factor = 1;
  for (const auto& unit : units) {
    if (!text.ends_with(unit.suffix)) continue;
    text = trim(text.substr(0, text.size() - unit.suffix.size()));
    factor = unit.factor;
    break;
  }
  auto value = to_int(text);
  std::int64_t product = 0;
  if (!value || __builtin_mul_overflow(*value, factor, &product)) return std::nullopt;
  return product;
}

Text expected(const SettingSpec& spec) {
  switch (spec.kind) {
    case SettingKind::integer:
      return {fmt::format("{} 到 {} 之间的整数", spec.min, spec.max),
              fmt::format("a whole number from {} to {}", spec.min, spec.max)};
    case SettingKind::number:
      return {"数字", "a number"};
    case SettingKind::boolean:
      return {"true 或 false", "true or false"};
    case SettingKind::seconds:
      return {fmt::format("{} 到 {} 秒的时长，例如 90s、30m、8h、90d", spec.min, spec.max),
              fmt::format("a duration from {} to {} seconds, such as 90s, 30m, 8h or 90d", spec.min, spec.max)};
    case SettingKind::bytes:
      return {fmt::format("{} 到 {} 字节的大小，例如 64KiB、2GiB", spec.min, spec.max),
              fmt::format("a size from {} to {} bytes, such as 64KiB or 2GiB", spec.min, spec.max)};
    case SettingKind::choice:
      return {fmt::format("以下之一：{}", spec.choices), fmt::format("one of {}", spec.choices)};
    case SettingKind::text:
    case SettingKind::secret:
      return {"文本", "a text"};
  }
  return {};
}

Failure refused(const SettingSpec& spec, std::string_view value) {
  auto want = expected(spec);
  auto shown = spec.kind == SettingKind::secret ? std::string("***") : std::string(value);
  return fail(Error{.code = Code::invalid,
                    .id = "setting.invalid",
                    .text = {fmt::format("设置 {} 的值“{}”不对，应为{}。", spec.key, shown, want.zh),
                             fmt::format("The setting {} cannot be \"{}\"; expected {}.", spec.key, shown, want.en)},
                    .subject = std::string(spec.key)});
}

// The value in its kept form, or why it is refused.
Result<std::string> normalise(const SettingSpec& spec, std::string_view raw) {
  auto value = trim(raw);
  auto ranged = [&](std::optional<std::int64_t> n) -> Result<std::string> {
    if (!n || *n < spec.min || *n > spec.max) return refused(spec, raw);
    return fmt::format("{}", *n);
  };
  switch (spec.kind) {
    case SettingKind::integer:
      return ranged(to_int(value));
    case SettingKind::seconds:
      return ranged(with_unit(value, kSeconds));
    case SettingKind::bytes:
      return ranged(with_unit(value, kBytes));
    case SettingKind::number: {
      double number = 0;
      auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size()) return refused(spec, raw);
      return std::string(value);
    }
    case SettingKind::boolean:
      if (value != "true" && value != "false") return refused(spec, raw);
      return std::string(value);
    case SettingKind::choice: {
      auto choices = split(spec.choices, '|');
      if (std::ranges::find(choices, value) == choices.end()) return refused(spec, raw);
      return std::string(value);
    }
    case SettingKind::text:
    case SettingKind::secret:
      return std::string(raw);
  }
  return refused(spec, raw);
}

Failure unknown(std::string_view key) {
  return fail(Error{.code = Code::invalid,
                    .id = "setting.unknown",
                    .text = {fmt::format("没有名为 {} 的设置。", key), fmt::format("There is no setting named {}.", key)},
                    .subject = std::string(key)});
}

std::string as_text(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return *text;
  std::ostringstream out;
  if (auto boolean = node.value_exact<bool>()) return *boolean ? "true" : "false";
  if (auto integer = node.value_exact<std::int64_t>()) return fmt::format("{}", *integer);
  if (auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  return {};
}

Result<void> set_all(Settings& settings, const toml::table& table, const std::string& prefix) {
  for (const auto& [key, node] : table) {
    auto path = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    if (const auto* inner = node.as_table())
      QS_CHECK(set_all(settings, *inner, path));
    else
      QS_CHECK(settings.set(path, as_text(node)));
  }
  return {};
}

}  // namespace

void Settings::declare(std::span<const SettingSpec> specs) {
  std::scoped_lock lock(mutex_);
  for (const auto& spec : specs) {
    auto value = normalise(spec, spec.default_value);
    if (!value || !entries_.emplace(std::string(spec.key), Entry{&spec, *value}).second) {
      fmt::print(stderr, "setting {} is declared twice or has a wrong default\n", spec.key);
      std::abort();
    }
  }
}

Result<void> Settings::load_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) return {};
  try {
    return set_all(*this, toml::parse(in, path.string()), "");
  } catch (const toml::parse_error& e) {
    auto line = e.source().begin.line;
    return fail(Error{.code = Code::invalid,
                      .id = "setting.file",
                      .text = {fmt::format("{} 第 {} 行不是合法的 TOML：{}", path.string(), line, e.description()),
                               fmt::format("{} line {} is not valid TOML: {}", path.string(), line, e.description())},
                      .subject = fmt::format("line {}", line)});
  }
}

Result<void> Settings::load_environment() {
  static constexpr std::string_view kPrefix = "QUSHU_";
  for (char** variable = environ; *variable != nullptr; ++variable) {
    std::string_view text(*variable);
    auto equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    auto wanted = lower_ascii(text.substr(kPrefix.size(), equals - kPrefix.size()));
    // http.tls_key is QUSHU_HTTP_TLS_KEY: only the first underscore stands for the dot.
    if (auto at = wanted.find('_'); at != std::string::npos) wanted[at] = '.';
    if (spec(wanted) != nullptr) QS_CHECK(set(wanted, text.substr(equals + 1)));
  }
  return {};
}

Result<void> Settings::set(std::string_view key, std::string_view value) {
  std::scoped_lock lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return unknown(key);
  QS_TRY(auto kept, normalise(*found->second.spec, value));
  found->second.value = std::move(kept);
  return {};
}

Result<void> Settings::check(std::string_view key, std::string_view value) const {
  std::scoped_lock lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return unknown(key);
  QS_CHECK(normalise(*found->second.spec, value));
  return {};
}

const Settings::Entry& Settings::entry(std::string_view key) const {
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    fmt::print(stderr, "setting {} is not declared\n", key);
    std::abort();
  }
  return found->second;
}

std::string Settings::text(std::string_view key) const {
  std::scoped_lock lock(mutex_);
  return entry(key).value;
}

std::int64_t Settings::integer(std::string_view key) const {
  std::scoped_lock lock(mutex_);
  auto value = to_int(entry(key).value);
  if (!value) std::abort();  // not a whole number: the program asks for the wrong kind
  return *value;
}

double Settings::number(std::string_view key) const {
  std::scoped_lock lock(mutex_);
  return std::strtod(entry(key).value.c_str(), nullptr);
}

bool Settings::boolean(std::string_view key) const {
  std::scoped_lock lock(mutex_);
  return entry(key).value == "true";
}

const SettingSpec* Settings::spec(std::string_view key) const {
  std::scoped_lock lock(mutex_);
  auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.spec;
}

std::vector<const SettingSpec*> Settings::all() const {
  std::scoped_lock lock(mutex_);
  std::vector<const SettingSpec*> specs;
  for (const auto& [key, entry] : entries_) specs.push_back(entry.spec);
  return specs;
}

std::string Settings::shown(std::string_view key) const {
  std::scoped_lock lock(mutex_);
  const auto& found = entry(key);
  if (found.spec->kind == SettingKind::secret) return found.value.empty() ? "" : "***";
  return found.value;
}

}  // namespace qushu
