// Inside the module: what the public may send: asking for data that are not open, reporting an error in those that are.
#pragma once

#include "form_guard.h"
#include "page.h"

namespace qushu::opendata {

class PortalForms {
 public:
  explicit PortalForms(const PublicDeps& deps);
  // /open/ask, /open/asked/{id}, /open/report/{name}, /open/reported/{id}
  void add_routes(http::Router& router);

 private:
  struct Sent;  // a form as it came, and what is wrong with it

  [[nodiscard]] Result<Sent> receive(http::Request& r);
  [[nodiscard]] http::Response ask_page(const PageCall& call, const Sent& sent) const;
  [[nodiscard]] Result<http::Response> report_page(const PageCall& call, const Package& package, const Sent& sent) const;
  [[nodiscard]] Result<http::Response> ask(http::Request& r);
  [[nodiscard]] Result<http::Response> report(http::Request& r);
  [[nodiscard]] Result<http::Response> asked(const http::Request& r) const;
  [[nodiscard]] Result<http::Response> reported(const http::Request& r) const;
  void add_proof(const PageCall& call, Data& data) const;
  // What goes wrong is told on a page.
  [[nodiscard]] http::Response told(const http::Request& r, const Error& error) const;

  const PublicDeps& deps_;
  FormGuard guard_;
};

}  // namespace qushu::opendata
