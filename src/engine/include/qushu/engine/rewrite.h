// Texts that C++ code rewrites inside Qushu's own SQL: masks of the sharing policy. What a rewriting does (its keys above all)
// never stands in a statement, a plan or an error. People's SQL cannot call it; it only sees what came out.
//
// Thread-safety: everything may be used from any thread; a rewriting is called by several at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qushu::engine {

// Appends what a value becomes. Must not throw, and answer the same for the same value.
using Rewriting = std::function<void(std::string_view value, std::string& out)>;

// Keeps a rewriting known to SQL under a handle of its own, for as long as it lives. A statement that still runs when it goes
// finds every value empty (NULL).
class Rewriter {
 public:
  // `nulls`: NULL is rewritten too, as if it were an empty text; otherwise it stays NULL.
  explicit Rewriter(Rewriting rewriting, bool nulls = false);
  ~Rewriter();
  Rewriter(const Rewriter&) = delete;
  Rewriter& operator=(const Rewriter&) = delete;

  // An SQL expression of type VARCHAR: `text`, itself one, rewritten.
  [[nodiscard]] std::string sql(std::string_view text) const;
  // The same for one value, nullopt being NULL.
  [[nodiscard]] std::optional<std::string> rewrite(std::optional<std::string_view> value) const;

 private:
  std::string handle_;
  std::shared_ptr<const Rewriting> rewriting_;
  bool nulls_;
};

}  // namespace qushu::engine
