// A source's settings and secrets in memory, complete and checked by its kind's fields.
#pragma once

#include "qushu/base/text.h"
#include "qushu/sources/sources.h"

namespace qushu::sources {

struct Target {
  std::string source_id;  // empty: not saved
  Kind kind = Kind::http;
  std::string department_id;
  json::object settings;
  std::map<std::string, std::string> secrets;

  [[nodiscard]] std::string text(std::string_view field) const;
  [[nodiscard]] std::int64_t integer(std::string_view field) const;
  [[nodiscard]] bool flag(std::string_view field) const;
  [[nodiscard]] std::string secret(std::string_view field) const;
  // "postgresql db.example:5432", for the log and the audit.
  [[nodiscard]] std::string place() const;
};

// `given` with every default filled in, or what is wrong with it: unknown, missing or of the wrong form.
[[nodiscard]] Result<json::object> complete(Kind kind, const json::object& given);
[[nodiscard]] Result<void> check_secrets(Kind kind, const std::map<std::string, std::string>& secrets);
// Whether both send secrets to the same address in the same way.
[[nodiscard]] bool same_address(Kind kind, const json::object& a, const json::object& b);

// An error about one setting.
[[nodiscard]] Error wrong(std::string_view id, std::string_view field, std::string zh, std::string en);

}  // namespace qushu::sources
