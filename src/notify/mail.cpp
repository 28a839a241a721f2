#include "mail.h"

#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

namespace qushu::notify {
namespace {

struct Closer {
  void operator()(CURL* c) const { curl_easy_cleanup(c); }
  void operator()(curl_slist* l) const { curl_slist_free_all(l); }
};

// As many whole characters of `text` as fit into `bytes`.
std::string_view head_of(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

// Words that hold more than ASCII (RFC 2047): at most 75 characters each.
std::string encoded(std::string_view text) {
  constexpr std::size_t kPiece = 42;
  std::string out;
  while (!text.empty()) {
    auto piece = head_of(text, kPiece);
    out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ", crypto::to_base64(piece));
    text.remove_prefix(piece.size());
  }
  return out;
}

std::string lines_of_base64(std::string_view text) {
  constexpr std::size_t kLine = 57;  // bytes, 76 characters
  std::string out;
  while (!text.empty()) {
    out += crypto::to_base64(text.substr(0, kLine));
    out += "\r\n";
    text.remove_prefix(std::min(kLine, text.size()));
  }
  return out;
}

struct Source {
  std::string_view left;
};

std::size_t on_read(char* into, std::size_t size, std::size_t count, void* self) {
  auto& source = *static_cast<Source*>(self);
  auto n = std::min(size * count, source.left.size());
  source.left.copy(into, n);
  source.left.remove_prefix(n);
  return n;
}

}  // namespace

std::string composed(const MailServer& server, const Mail& mail) {
  auto domain = server.from.substr(server.from.find('@') + 1);
  auto date = to_http_date(mail.at);
  date.replace(date.size() - 3, 3, "+0000");
  return fmt::format(
      "Date: {}\r\nFrom: {} <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
      date, encoded(mail.sender_name), server.from, mail.to, encoded(mail.subject), mail.id, domain,
      lines_of_base64(mail.text));
}

Result<void> send(const MailServer& server, const Mail& mail) {
  static const auto kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)kStarted;
  std::unique_ptr<CURL, Closer> easy(curl_easy_init());
  if (!easy) return fail_internal("libcurl cannot be used");
  auto message = composed(server, mail);
  Source source{.left = message};
  std::unique_ptr<curl_slist, Closer> to(curl_slist_append(nullptr, fmt::format("<{}>", mail.to).c_str()));
  auto* c = easy.get();
  constexpr long kConnect = 10, kAll = 60;
  curl_easy_setopt(c, CURLOPT_URL, server.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(c, CURLOPT_USE_SSL, server.must_encrypt ? CURLUSESSL_ALL : CURLUSESSL_TRY);
  if (!server.user.empty()) {
    curl_easy_setopt(c, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, server.password.c_str());
  }
  curl_easy_setopt(c, CURLOPT_MAIL_FROM, fmt::format("<{}>", server.from).c_str());
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to.get());
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_READFUNCTION, &on_read);
  curl_easy_setopt(c, CURLOPT_READDATA, &source);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, kConnect);
  curl_easy_setopt(c, CURLOPT_TIMEOUT, kAll);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  auto code = curl_easy_perform(c);
  if (code == CURLE_OK) return {};
  long status = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  // 5xx is for good; everything else may be better later.
  constexpr long kForGood = 500;
  auto why = fmt::format("{} ({})", curl_easy_strerror(code), status);
  bool refused = status >= kForGood || code == CURLE_LOGIN_DENIED;
  return fail(
      Error{.code = refused ? Code::invalid : Code::unavailable,
            .id = refused ? "notify.refused" : "notify.unavailable",
            .text = {refused ? fmt::format("邮件服务器拒绝了这封邮件：{}。请检查 notify 设置和收件地址。", why)
                             : fmt::format("连不上邮件服务器：{}。稍后会再试。", why),
                     refused ? fmt::format("The mail server refuses the mail: {}; check the settings and the address.", why)
                             : fmt::format("The mail server cannot be reached: {}; it will be tried again.", why)},
            .subject = mail.to});
}

}  // namespace qushu::notify
