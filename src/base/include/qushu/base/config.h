// Settings: every limit and choice that a deployment may change, declared once with its kind, default, range and meaning in
// both languages, so that the command line, the settings page, the documentation and the checks come from one list.
//
// A value comes from, weakest first: the default, `qushu.toml` in the data folder, the environment (`http.port` is
// QUSHU_HTTP_PORT), the command line, and for those marked `runtime` what an administrator set in the console.
//
// Thread-safety: Settings may be read and set from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/error.h"

namespace qushu {

enum class SettingKind : std::uint8_t {
  text,     // any string
  integer,  // a whole number
  number,   // a decimal number
  boolean,  // true or false
  seconds,  // a duration: "90", "90s", "30m", "8h", "90d"; kept in seconds
  bytes,    // a size: "4096", "64KiB", "2GiB"; kept in bytes
  choice,   // one of `choices`
  secret,   // a string that is never shown again
};

struct SettingSpec {
  std::string_view key;  // "identity.lockout_failures"
  SettingKind kind;
  std::string_view default_value;  // written as a person would write it
  Text label;                      // what it is, one short sentence in each language
  std::int64_t min = 0;            // of integer, seconds, bytes
  std::int64_t max = INT64_MAX;
  std::string_view choices = {};               // "a|b|c", of choice
  bool runtime = false;                        // may be changed in the console, without a restart
  Permission who = Permission::system_manage;  // who may change it at run time
};

class Settings {
 public:
  // Adds a module's settings. The specs must live as long as the Settings (they are constants). Keys are unique.
  void declare(std::span<const SettingSpec> specs);

  // Reads a TOML file whose tables are the key's parts. An unknown key, a wrong kind or a value out of range is an error that
  // names the key and what was expected. A missing file is not an error.
  [[nodiscard]] Result<void> load_file(const std::filesystem::path& path);
  // Reads QUSHU_* variables.
  [[nodiscard]] Result<void> load_environment();
  // Sets one value from text, checked as its spec says.
  [[nodiscard]] Result<void> set(std::string_view key, std::string_view value);
  // Whether `value` would be accepted; nothing is changed.
  [[nodiscard]] Result<void> check(std::string_view key, std::string_view value) const;

  // The values. Asking for an undeclared key or by the wrong kind is a programming error and aborts.
  [[nodiscard]] std::string text(std::string_view key) const;      // text, choice, secret
  [[nodiscard]] std::int64_t integer(std::string_view key) const;  // integer, seconds, bytes
  [[nodiscard]] double number(std::string_view key) const;         // number, integer
  [[nodiscard]] bool boolean(std::string_view key) const;

  [[nodiscard]] const SettingSpec* spec(std::string_view key) const;  // nullptr: not declared
  [[nodiscard]] std::vector<const SettingSpec*> all() const;          // in order of key
  // The value as text, in the form that set() reads; a secret comes as "" or "***".
  [[nodiscard]] std::string shown(std::string_view key) const;

 private:
  struct Entry {
    const SettingSpec* spec;
    std::string value;  // normalised: seconds and bytes as plain numbers
  };
  [[nodiscard]] const Entry& entry(std::string_view key) const;

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace qushu
