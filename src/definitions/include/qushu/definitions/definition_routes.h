// The routes that every kind of definition has. Their addresses, shapes and words are here; what they do is the module's.
//
//   GET  /api/v1/TAG/{code}/definition?version=   its YAML
//   GET  /api/v1/TAG/{code}/versions              who made which version, when and why, the newest first
//   POST /api/v1/TAG                              {yaml, note}: makes it, or changes it to a new definition
//   POST /api/v1/TAG/check                        {yaml}: what is wrong with it, and what it would come to; changes nothing
#pragma once

#include <functional>

#include "qushu/definitions/mistake.h"
#include "qushu/definitions/versions.h"
#include "qushu/http/router.h"

namespace qushu::definitions {

struct Kind {
  std::string id;   // begins those of operations: "register" of "register_apply"
  std::string tag;  // "registers"
  Text name;        // of one, in English with its article: {"台账", "a register"}
  Permission use, manage;
};

struct Reading {
  // `version` 0: the one in force.
  std::function<Result<std::string>(const Actor&, std::string_view code, std::int64_t version)> yaml;
  std::function<Result<std::vector<Version>>(const Actor&, std::string_view code)> versions;
};
void add_reading(http::Router& router, const Kind& kind, Reading reading);

struct Changing {
  std::size_t most;  // of the YAML, in code points; a definition's own limit is in bytes and told by its check
  http::Schema applied;
  std::function<Result<http::Response>(const http::Request&, const std::string& yaml, const std::string& note)> apply;
  Text check_summary;
  http::Schema checked;
  // What is wrong with a definition is the answer to this question, not a failure of it.
  std::function<Result<http::Response>(const http::Request&, const std::string& yaml)> check;
};
void add_changing(http::Router& router, const Kind& kind, Changing changing);

// The shape of to_json() of mistakes.
[[nodiscard]] http::Schema mistakes_schema();

}  // namespace qushu::definitions
