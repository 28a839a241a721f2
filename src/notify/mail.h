// Inside the module: one mail (RFC 5322, MIME) and the server that takes it (SMTP, RFC 5321, by libcurl).
#pragma once

#include <string>
#include <string_view>

#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::notify {

struct MailServer {
  std::string url;  // smtp://host:25, smtps://host:465; smtp:// turns to TLS when the server offers it
  std::string user, password;
  std::string from;  // an address
  bool must_encrypt = true;
};

struct Mail {
  std::string id;  // of the message, without its domain
  std::string to;  // an address
  std::string subject, text;
  std::string sender_name;
  Time at;
};

// The message as it goes over the wire.
[[nodiscard]] std::string composed(const MailServer& server, const Mail& mail);
// unavailable when the server cannot be reached or says to come back; invalid when it refuses.
[[nodiscard]] Result<void> send(const MailServer& server, const Mail& mail);

}  // namespace qushu::notify
