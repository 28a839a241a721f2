// Inside the module: multipart/form-data (RFC 7578) as it arrives, piece by piece, so that a file never has to fit into memory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "qushu/base/error.h"

namespace qushu::opendata {

class MultipartReader {
 public:
  struct Part {
    std::string name;
    std::optional<std::string> file_name;  // nothing: an ordinary field
    std::string type;                      // as it was sent; may be empty
  };
  // Told of each part in turn; the first error ends it.
  struct Sink {
    std::function<Result<void>(const Part&)> begin;
    std::function<Result<void>(std::string_view)> data;
    std::function<Result<void>()> end;
  };
  // Of a Content-Type; invalid ("open.body") when there is none.
  [[nodiscard]] static Result<std::string> boundary_of(std::string_view content_type);

  MultipartReader(std::string_view boundary, Sink sink)
      : mark_("\r\n--" + std::string(boundary)), held_("\r\n"), sink_(std::move(sink)) {}
  // invalid ("open.body") when it is no multipart body.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // Once everything was fed; invalid when the body breaks off before its last boundary.
  [[nodiscard]] Result<void> finish() const;

 private:
  enum class At : std::uint8_t { preamble, boundary, head, content, done };
  // Takes what it can from `held_`; false: more is needed.
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] Result<bool> content();
  [[nodiscard]] Result<bool> head();

  std::string mark_, held_;
  Sink sink_;
  At at_ = At::preamble;
};

}  // namespace qushu::opendata
