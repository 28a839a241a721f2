// One file at an HTTP(S) address.
#include <fmt/format.h>

#include "qushu/crypto/crypto.h"

#include "web.h"

namespace qushu::sources {
namespace {

class HttpFolder final : public Folder {
 public:
  HttpFolder(const Target& target, const Context& context) : target_(target), context_(context) {}

  Result<void> open() {
    QS_TRY(address_, address_of(target_.text("url"), "settings.url"));
    auto auth = target_.text("auth");
    if (auth == "basic" && target_.text("user").empty())
      return fail(wrong("source.setting", "settings.user", "basic 认证需要用户名。", "Basic authentication needs a user."));
    auto name = target_.text("header");
    auto token =
        name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
    if (auth == "header" && (name.empty() || !token))
      return fail(wrong("source.setting", "settings.header", "请求头名称只含字母、数字和连字符。",
                        "A header's name has letters, digits and hyphens only."));
    if ((auth == "bearer" || auth == "header") && target_.secret("password").find_first_of("\r\n") != std::string::npos)
      return fail(wrong("source.secret", "secrets.password", "令牌里不能有换行。", "A token has no line breaks."));
    return {};
  }

  Result<Checked> check() override {
    QS_TRY(auto file, head());
    Checked checked{.version = server_.empty() ? "HTTP" : fmt::format("HTTP · {}", server_)};
    if (address_.scheme == "http") checked.warnings.push_back({"连接没有加密。", "The connection is not encrypted."});
    if (file.etag.empty() && !file.modified)
      checked.warnings.push_back({"对方不说明文件何时改变，每次都会重新下载。",
                                  "The server does not say when the file changes: it is fetched whole every time."});
    return checked;
  }

  Result<std::vector<File>> files(std::string_view) override {
    QS_TRY(auto file, head());
    return std::vector{std::move(file)};
  }

  Result<Fetched> fetch(const File& file, const std::optional<File>& known, const Sources::Progress& progress,
                        std::optional<std::uint64_t> most) override {
    File out = file;
    if (out.name.empty()) out.name = name();
    return download(target_, context_,
                    {.request = [this]() -> Result<WebRequest> { return request(); },
                     .known = known,
                     .expected = std::nullopt,
                     .most = most,
                     .follow = true,
                     .progress = progress},
                    std::move(out));
  }

 private:
  [[nodiscard]] WebRequest request() const {
    WebRequest out{.url = target_.text("url")};
    auto auth = target_.text("auth");
    if (auth == "basic") {
      out.user = target_.text("user");
      out.password = target_.secret("password");
    }
    if (auth == "bearer") out.headers.push_back("Authorization: Bearer " + target_.secret("password"));
    if (auth == "header") out.headers.push_back(target_.text("header") + ": " + target_.secret("password"));
    return out;
  }

  [[nodiscard]] std::string name() const {
    auto path = address_.path.substr(0, address_.path.find_last_not_of('/') + 1);
    auto last = url_decode(path.substr(path.rfind('/') + 1)).value_or("");
    return last.empty() ? address_.host : well_formed(last);
  }

  // What the headers say, without the body; of servers that do not know HEAD by a GET that is broken off.
  Result<File> head() {
    File file{.name = name(), .size = {}, .modified = {}, .etag = {}};
    Web web(target_, context_);
    auto at = request();
    auto redirects = context_.settings.integer("sources.redirects");
    at.head = true;
    for (std::int64_t hop = 0; hop <= redirects;) {
      QS_TRY(auto answer, web.ask(
                              at, [](const WebAnswer&) -> Result<bool> { return false; },
                              [](std::string_view) -> Result<void> { return {}; }));
      if (at.head && (answer.status == 405 || answer.status == 501 || answer.status == 403)) {
        at.head = false;
        continue;
      }
      if (answer.status >= 300 && answer.status < 400 && !answer.header("location").empty()) {
        auto next = resolved(at.url, answer.header("location"));
        if (!next) break;
        QS_TRY(auto to, address_of(*next, "settings.url"));
        if (address_.scheme == "https" && to.scheme != "https") break;
        auto only_here = to.origin() == address_.origin();
        auto head = at.head;
        if (!only_here) at = WebRequest{};
        at.head = head;
        at.url = *next;
        ++hop;
        continue;
      }
      if (auto error = error_of_status(answer.status, target_, "")) return fail(*std::move(error));
      file.size = answer.length();
      file.modified = answer.modified();
      file.etag = answer.etag();
      server_ = well_formed(answer.header("server"));
      return file;
    }
    return fail(wrong("source.redirects", "settings.url", fmt::format("重定向超过 {} 次，或指向不能访问的地址。", redirects),
                      fmt::format("There were more than {} redirects, or one to an address that cannot be used.", redirects)));
  }

  const Target& target_;
  Context context_;
  Address address_;
  std::string server_;
};

}  // namespace

Result<std::unique_ptr<Folder>> open_http(const Target& target, const Context& context) {
  auto folder = std::make_unique<HttpFolder>(target, context);
  QS_CHECK(folder->open());
  return folder;
}

}  // namespace qushu::sources
