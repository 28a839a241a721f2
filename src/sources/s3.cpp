// A bucket of S3, or the part of it below a prefix.
#include <algorithm>

#include <fmt/format.h>

#include "pattern.h"
#include "s3_listing.h"
#include "sign.h"
#include "web.h"

namespace qushu::sources {
namespace {

class S3Folder final : public Folder {
 public:
  S3Folder(const Target& target, const Context& context) : target_(target), context_(context) {}

  Result<void> open() {
    QS_TRY(address_, address_of(target_.text("endpoint"), "settings.endpoint"));
    auto bucket = target_.text("bucket");
    auto good =
        bucket.size() >= 3 && bucket.size() <= 63 && std::ranges::all_of(bucket, [](char c) {
          return (c >= 'a' && c <= 'z') || is_ascii_digit(c) || c == '.' || c == '-' || c == '_' || (c >= 'A' && c <= 'Z');
        });
    if (!good)
      return fail(wrong("source.setting", "settings.bucket", "存储桶名称为 3 到 63 个字母、数字、点和连字符。",
                        "A bucket's name has 3 to 63 letters, digits, dots and hyphens."));
    prefix_ = target_.text("prefix");
    while (prefix_.starts_with('/')) prefix_.erase(0, 1);
    if (!prefix_.empty() && !prefix_.ends_with('/')) prefix_ += '/';
    if (target_.text("access_key").empty() != target_.secret("secret_key").empty())
      return fail(wrong("source.setting", "secrets.secret_key", "访问密钥编号和访问密钥应同时填写，或都不填（匿名读取）。",
                        "Give both the access key and the secret key, or neither to read anonymously."));
    return {};
  }

  Result<Checked> check() override {
    QS_CHECK(page("", "1"));
    Checked checked{.version = server_.empty() ? "S3" : fmt::format("S3 · {}", server_)};
    if (address_.scheme == "http") checked.warnings.push_back({"连接没有加密。", "The connection is not encrypted."});
    return checked;
  }

  Result<std::vector<File>> files(std::string_view pattern) override {
    std::vector<File> out;
    auto limit = static_cast<std::size_t>(context_.settings.integer("sources.list_limit"));
    auto folder = fixed_folder(pattern);
    std::string token;
    std::size_t seen = 0;
    while (true) {
      QS_TRY(auto listing, page(token, "1000", folder));
      for (auto& file : listing.files) {
        if (++seen > limit)
          return fail(wrong("source.list_limit", "selection.pattern",
                            fmt::format("文件超过 {} 个，请用更窄的前缀或模式。", limit),
                            fmt::format("There are more than {} files; use a narrower prefix or pattern.", limit)));
        if (!file.name.starts_with(prefix_) || file.name.ends_with('/')) continue;
        file.name.erase(0, prefix_.size());
        if (!file.name.empty() && matches(pattern, file.name)) out.push_back(std::move(file));
      }
      if (!listing.truncated) break;
      if (listing.next == token) return fail(trouble(Trouble::other, target_, "the listing does not go on"));
      token = listing.next;
    }
    std::ranges::sort(out, {}, &File::name);
    return out;
  }

  Result<Fetched> fetch(const File& file, const std::optional<File>& known, const Sources::Progress& progress,
                        std::optional<std::uint64_t> most) override {
    auto path = key_path(prefix_ + file.name);
    return download(target_, context_,
                    {.request = [this, path]() -> Result<WebRequest> { return request(path, {}); },
                     .known = known,
                     .expected = file.size,
                     .most = most,
                     .follow = false,
                     .progress = progress},
                    file);
  }

 private:
  [[nodiscard]] std::string host() const {
    return target_.flag("path_style") ? address_.authority() : target_.text("bucket") + "." + address_.authority();
  }
  [[nodiscard]] std::string key_path(std::string_view key) const {
    auto base = address_.path.substr(0, address_.path.find_last_not_of('/') + 1);
    if (target_.flag("path_style")) base += "/" + target_.text("bucket");
    for (auto segment : split(key, '/')) base += "/" + url_encode(segment);
    return base;
  }

  [[nodiscard]] WebRequest request(const std::string& path, const std::map<std::string, std::string>& query) const {
    WebRequest out{.url = address_.scheme + "://" + host() + path};
    if (!query.empty()) out.url += "?" + canonical_query(query);
    if (!target_.text("access_key").empty())
      out.headers = sign({.method = "GET", .host = host(), .path = path, .query = query},
                         {.region = target_.text("region"),
                          .access_key = target_.text("access_key"),
                          .secret_key = target_.secret("secret_key")},
                         context_.clock.now());
    return out;
  }

  Result<Listing> page(const std::string& token, const std::string& most, const std::string& folder = "") {
    std::map<std::string, std::string> query{{"list-type", "2"}, {"max-keys", most}};
    if (auto prefix = prefix_ + folder; !prefix.empty()) query["prefix"] = prefix;
    if (!token.empty()) query["continuation-token"] = token;
    auto path = key_path("");
    if (target_.flag("path_style")) path.pop_back();  // "/bucket"
    Web web(target_, context_);
    QS_TRY(auto answered, web.text(request(path, query), std::size_t{64} << 20U));
    auto& [answer, body] = answered;
    server_ = well_formed(answer.header("server"));
    if (answer.status < 300) return parse_listing(body);
    auto code = error_code(body);
    if (code == "NoSuchBucket") return fail(trouble(Trouble::database, target_, code));
    if (code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId") {
      auto error = trouble(Trouble::password, target_, code);
      return fail(std::move(error).about("secrets.secret_key"));
    }
    if (code == "RequestTimeTooSkewed")
      return fail(wrong("source.clock", "settings.endpoint", "两边的时钟相差太多，请校准本机时间。",
                        "The clocks differ too much; set this machine's time."));
    if (auto error = error_of_status(answer.status, target_, code)) return fail(*std::move(error));
    return fail(trouble(Trouble::other, target_, fmt::format("HTTP {} {}", answer.status, code)));
  }

  const Target& target_;
  Context context_;
  Address address_;
  std::string prefix_, server_;
};

}  // namespace

Result<std::unique_ptr<Folder>> open_s3(const Target& target, const Context& context) {
  auto folder = std::make_unique<S3Folder>(target, context);
  QS_CHECK(folder->open());
  return folder;
}

}  // namespace qushu::sources
