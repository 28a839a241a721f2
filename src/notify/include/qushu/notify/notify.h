// Telling people: a notice on their home page, and a mail to those who have an address, when a mail server is set
// (notify.smtp_url), in the language in which they last signed in.
//
// What is told is part of the transaction that it tells of: tell() queues it there, and a job finds out who that is (people,
// or whoever has a permission in a department), writes the notices and queues the mails, once. Each mail is a job of its own,
// tried again when the server does not answer. Who did it is not told of it.
//
// Thread-safety: Notify may be used from any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/config.h"
#include "qushu/identity/identity.h"
#include "qushu/jobs/jobs.h"
#include "qushu/notify/notices.h"

namespace qushu::notify {

[[nodiscard]] std::span<const SettingSpec> settings();  // notify.smtp_url, notify.smtp_user, notify.mail_from, notify.links …

// Everybody who may do this in a department (those of the departments above it too), or anywhere when it is empty.
struct Duty {
  Permission permission;
  std::string department_id;
};

struct Message {
  std::vector<std::string> people;  // ids
  std::vector<Duty> duties = {};
  std::string kind;  // "request", "grant" …
  std::string link;  // of the console: "/sharing/requests/…"
  Text title, detail;
};

class Notify {
 public:
  struct Deps {
    store::Store& store;
    jobs::Jobs& jobs;
    identity::Identity& identity;
    const Settings& settings;
    const Clock& clock;
  };
  explicit Notify(Deps deps) : deps_(deps) {}
  void register_jobs();

  [[nodiscard]] Result<void> tell(store::Transaction& t, const Actor& actor, const Message& message) const;
  // Whether mails can be sent; conflict "notify.no_server" or invalid "notify.from" says what is not set.
  [[nodiscard]] Result<void> ready() const;
  // One mail now, for what must not be kept until it is sent. invalid "notify.address".
  [[nodiscard]] Result<void> mail(std::string_view address, std::string_view subject, std::string_view text) const;
  // One mail now, to see whether the server takes it. Audited by the caller.
  [[nodiscard]] Result<void> try_mail(std::string_view address) const;

 private:
  [[nodiscard]] Result<jobs::Finish> run_tell(jobs::Context& context) const;
  [[nodiscard]] Result<jobs::Finish> run_mail(jobs::Context& context) const;

  Deps deps_;
};

// POST /api/v1/notify/test
void add_notify_routes(http::Router& router, const Notify& notify, audit::Audit& audit);

}  // namespace qushu::notify
