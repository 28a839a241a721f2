#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "web.h"

namespace qushu::sources {
namespace {

bool strong(const std::string& etag) {
  return !etag.empty() && !etag.starts_with("W/");
}

class Downloading {
 public:
  Downloading(const Target& target, const Context& context, const Download& what, File file)
      : target_(target),
        context_(context),
        what_(what),
        file_(std::move(file)),
        web_(target, context),
        limit_(static_cast<std::uint64_t>(context.settings.integer("sources.file_limit"))) {}

  Result<Fetched> run() {
    auto retries = context_.settings.integer("sources.retries");
    for (std::int64_t attempt = 0;; ++attempt) {
      auto before = received();
      auto tried = once();
      if (tried) return finish();
      // Worth another try when it was cut, and then the more so when it got further.
      auto again = (tried.error().code == Code::unavailable || tried.error().code == Code::timed_out) && received() > 0;
      if (!again || attempt >= retries || context_.stopped()) return fail(std::move(tried).error());
      if (received() > before) attempt = std::max<std::int64_t>(attempt - 1, 0);
      if (++rounds_ > 1000) return fail(std::move(tried).error());
      std::this_thread::sleep_for(std::chrono::milliseconds(100 * (attempt + 1)));
    }
  }

 private:
  [[nodiscard]] std::uint64_t received() const { return writer_ ? writer_->written() : 0; }

  Result<void> once() {
    QS_TRY(auto request, what_.request());
    auto origin = address_of(request.url, "settings.url");
    if (!origin) return fail(std::move(origin).error());
    auto from = received();
    if (from > 0 && !validator_.empty()) {
      request.headers.push_back(fmt::format("Range: bytes={}-", from));
      request.headers.push_back("If-Range: " + validator_);
    } else {
      writer_.reset();
      condition(request);
    }
    auto redirects = context_.settings.integer("sources.redirects");
    for (std::int64_t hop = 0;; ++hop) {
      std::string location;
      auto answer = web_.ask(
          request, [&](const WebAnswer& a) { return begun(a, location); }, [&](std::string_view bytes) { return body(bytes); });
      if (!answer && !enough_) return fail(std::move(answer).error());
      if (location.empty()) return {};
      if (!what_.follow || hop >= redirects)
        return fail(wrong("source.redirects", "settings.url", fmt::format("重定向超过 {} 次。", redirects),
                          fmt::format("There were more than {} redirects.", redirects)));
      QS_CHECK(redirect(request, location, *origin));
    }
  }

  void condition(WebRequest& request) const {
    if (!what_.known) return;
    if (!what_.known->etag.empty()) request.headers.push_back("If-None-Match: " + what_.known->etag);
    if (what_.known->modified) request.headers.push_back("If-Modified-Since: " + to_http_date(*what_.known->modified));
  }

  Result<void> redirect(WebRequest& request, const std::string& location, const Address& origin) const {
    auto next = resolved(request.url, location);
    auto bad = [&] {
      return fail(wrong("source.redirects", "settings.url", "对方重定向到了不能访问的地址。",
                        "The server redirects to an address that cannot be used."));
    };
    if (!next) return bad();
    auto address = address_of(*next, "settings.url");
    // Never from an encrypted address to one that is not.
    if (!address || (origin.scheme == "https" && address->scheme != "https")) return bad();
    if (address->origin() != origin.origin()) {
      // Credentials are for the address that they were given for.
      request.user.clear();
      request.password.clear();
      std::erase_if(request.headers, [](const std::string& header) {
        auto name = lower_ascii(header.substr(0, header.find(':')));
        return name != "range" && name != "if-range" && name != "if-none-match" && name != "if-modified-since";
      });
    }
    request.url = *next;
    return {};
  }

  Result<bool> begun(const WebAnswer& answer, std::string& location) {
    auto status = answer.status;
    if (status == 304) {
      unchanged_ = true;
      return false;
    }
    if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
      location = answer.header("location");
      if (location.empty()) return fail(trouble(Trouble::other, target_, "a redirect without Location"));
      return false;
    }
    if (status == 416 && received() > 0) {
      // The file became shorter than what we have: from the start.
      writer_.reset();
      validator_.clear();
      return fail(trouble(Trouble::lost, target_, "range not satisfiable"));
    }
    if (auto error = error_of_status(status, target_, "")) return fail(*std::move(error));
    if (status != 200 && status != 206) return fail(trouble(Trouble::other, target_, fmt::format("HTTP {}", status)));
    if (status == 206) return resumed(answer);
    return anew(answer);
  }

  Result<bool> resumed(const WebAnswer& answer) {
    // "bytes 100-199/200"
    auto range = answer.header("content-range");
    auto expected = fmt::format("bytes {}-", received());
    auto slash = range.rfind('/');
    auto total = slash == std::string::npos ? std::nullopt : to_int(range.substr(slash + 1));
    if (received() == 0 || !range.starts_with(expected) || (total && total_ && static_cast<std::uint64_t>(*total) != *total_)) {
      writer_.reset();
      validator_.clear();
      return fail(trouble(Trouble::lost, target_, "another range than was asked for: " + range));
    }
    return true;
  }

  Result<bool> anew(const WebAnswer& answer) {
    file_.etag = answer.etag();
    if (auto modified = answer.modified()) file_.modified = modified;
    total_ = answer.length();
    if (what_.known) {
      // Servers that do not know conditions still say what they have.
      auto same_tag = !file_.etag.empty() && file_.etag == what_.known->etag;
      auto same_age = file_.etag.empty() && what_.known->etag.empty() && answer.modified() &&
                      what_.known->modified == answer.modified() && total_ && what_.known->size == total_;
      if (same_tag || same_age) {
        unchanged_ = true;
        return false;
      }
    }
    if (total_ && !what_.most) QS_CHECK(check_size(*total_));
    validator_ = strong(file_.etag) ? file_.etag : answer.header("last-modified");
    QS_TRY(writer_, context_.blobs.create());
    name(answer);
    return true;
  }

  void name(const WebAnswer& answer) {
    // Content-Disposition: attachment; filename="a.csv"; filename*=UTF-8''a.csv
    auto disposition = answer.header("content-disposition");
    if (!what_.follow || disposition.empty()) return;
    std::string found;
    if (auto at = disposition.find("filename*=UTF-8''"); at != std::string::npos) {
      auto rest = disposition.substr(at + 17);
      found = url_decode(rest.substr(0, rest.find(';'))).value_or("");
    } else if (at = disposition.find("filename="); at != std::string::npos) {
      auto rest = disposition.substr(at + 9);
      found = rest.starts_with('"') ? rest.substr(1, rest.find('"', 1) - 1) : rest.substr(0, rest.find(';'));
    }
    if (auto slash = found.find_last_of("/\\"); slash != std::string::npos) found = found.substr(slash + 1);
    if (!found.empty() && found.size() <= 255) file_.name = well_formed(found);
  }

  Result<void> check_size(std::uint64_t size) const {
    if (size <= limit_) return {};
    return fail(Error{
        .code = Code::too_large,
        .id = "source.too_large",
        .text = {fmt::format("文件有 {}，超过上限 {}（设置 sources.file_limit）。", human_bytes(size), human_bytes(limit_)),
                 fmt::format("The file has {}, more than the limit of {} (sources.file_limit).", human_bytes(size),
                             human_bytes(limit_))},
        .subject = file_.name});
  }

  Result<void> body(std::string_view bytes) {
    if (what_.most && received() + bytes.size() >= *what_.most) {
      QS_CHECK(writer_->write(bytes.substr(0, *what_.most - received())));
      enough_ = true;
      // Ends the transfer, which is no failure then.
      return fail(trouble(Trouble::cancelled, target_, "enough"));
    }
    QS_CHECK(check_size(received() + bytes.size()));
    QS_CHECK(writer_->write(bytes));
    if (what_.progress) what_.progress(received(), total_);
    return {};
  }

  Result<Fetched> finish() {
    if (unchanged_) return Fetched{.not_modified = true, .file = {}, .blob = {}};
    if (!writer_) {
      QS_TRY(writer_, context_.blobs.create());
    }  // an empty file
    auto size = received();
    auto wanted = total_ ? total_ : what_.expected;
    if (!enough_ && wanted && size != *wanted)
      return fail(trouble(Trouble::lost, target_, fmt::format("{} bytes came of {}", size, *wanted)));
    file_.size = size;
    QS_TRY(auto blob, writer_->commit());
    return Fetched{.not_modified = false, .file = file_, .blob = blob};
  }

  const Target& target_;
  const Context& context_;
  const Download& what_;
  File file_;
  Web web_;
  std::uint64_t limit_;
  std::unique_ptr<blob::Writer> writer_;
  std::string validator_;  // for If-Range
  std::optional<std::uint64_t> total_;
  bool unchanged_ = false, enough_ = false;
  int rounds_ = 0;
};

}  // namespace

Result<Fetched> download(const Target& target, const Context& context, const Download& what, File file) {
  return Downloading(target, context, what, std::move(file)).run();
}

}  // namespace qushu::sources
