// Errors as values, in the reader's language.
//
// What can be expected to go wrong (bad input, a missing thing, a full disk) is returned as an Error inside a Result.
// Exceptions stay inside the function that called a library which throws. An Error carries two faces: `text`, for people
// and safe to show to anyone, and `detail`, for the log only, so that internals cannot leak.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace qushu {

enum class Lang : std::uint8_t { zh, en };

// A sentence in both languages of the console. Chinese is written first, English is complete too.
struct Text {
  std::string zh;
  std::string en;

  [[nodiscard]] const std::string& in(Lang lang) const { return lang == Lang::zh ? zh : en; }
  friend bool operator==(const Text&, const Text&) = default;
};

// The kinds of failure a caller can act on; each maps to one HTTP status and one exit code, once, at the edge.
enum class Code : std::uint8_t {
  invalid,          // the input is wrong: `subject` names the field, row or line        HTTP 422 (400 when unreadable)
  unauthenticated,  // nobody is signed in                                               401
  forbidden,        // signed in, but may not                                            403
  not_found,        // no such thing, or none that the caller may know of                404
  conflict,         // the state does not allow it (exists already, changed meanwhile)   409
  too_large,        // a size limit, which the message names                             413
  limited,          // too many attempts or requests; try later                          429
  cancelled,        // by the caller, or the client went away                            499
  timed_out,        // a time limit, which the message names                             504
  overloaded,       // the bounded queue is full                                         503
  unavailable,      // something we depend on does not answer                            503
  storage_full,     // no space left, or a quota is used up                              507
  internal,         // our own mistake                                                   500
};

struct [[nodiscard]] Error {
  Code code = Code::internal;
  // A stable slug for machines: "dataset.not_found". Lower case, dotted, never translated.
  std::string id;
  // What happened and what to do, in one sentence.
  Text text;
  // The field, row or line it is about ("columns[3].type", "row 17"), or empty.
  std::string subject = {};
  // For the log only.
  std::string detail = {};

  // The same error, about `what`.
  [[nodiscard]] Error about(std::string what) && {
    subject = std::move(what);
    return std::move(*this);
  }
  // The same error, with a technical reason for the log.
  [[nodiscard]] Error because(std::string why) && {
    detail = std::move(why);
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Error>;

using Failure = std::unexpected<Error>;

// Shorthand: `return fail(Code::not_found, "job.not_found", "没有这个作业。", "There is no such job.");`
[[nodiscard]] inline Failure fail(Code code, std::string_view id, std::string zh, std::string en) {
  return Failure(Error{.code = code, .id = std::string(id), .text = {std::move(zh), std::move(en)}});
}
[[nodiscard]] inline Failure fail(Error error) {
  return Failure(std::move(error));
}
// Our own mistake or an unexplained failure of a library: people see a general sentence, the log sees `detail`.
[[nodiscard]] Failure fail_internal(std::string detail);
// A failed system call: ENOSPC and EDQUOT become storage_full, the rest internal. `what` is for the log ("write /x").
[[nodiscard]] Failure fail_errno(int error_number, std::string_view what);

// The stable name of a code ("not_found").
[[nodiscard]] std::string_view name(Code code);

}  // namespace qushu

#define QS_JOIN_(a, b) a##b
#define QS_JOIN(a, b) QS_JOIN_(a, b)

// QS_TRY(auto x, f()): x is f()'s value, or the enclosing function returns f()'s error.
#define QS_TRY(declaration, expression) QS_TRY_(QS_JOIN(qs_result_, __LINE__), declaration, expression)
#define QS_TRY_(result, declaration, expression)                   \
  auto result = (expression);                                      \
  if (!result) return ::qushu::Failure(std::move(result).error()); \
  declaration = *std::move(result)

// QS_CHECK(f()): the enclosing function returns f()'s error, if there is one.
#define QS_CHECK(expression)                                                                                   \
  do {                                                                                                         \
    if (auto&& qs_checked = (expression); !qs_checked) return ::qushu::Failure(std::move(qs_checked).error()); \
  } while (false)
