// Inside the module: the pages that people answer on, made on the server, whole without a script, for phones first.
#pragma once

#include "form.h"
#include "guard.h"

namespace qushu::surveys {

class SurveyPages {
 public:
  SurveyPages(Surveys& surveys, const Settings& settings, const Clock& clock, std::string key)
      : surveys_(surveys), settings_(settings), guard_(settings, clock, std::move(key)) {}
  // /survey/{code}, /survey/{code}/{token}, /survey.css
  void add_routes(http::Router& router);

 private:
  struct Call;  // a request, and what it is about
  [[nodiscard]] Result<Call> call_of(const http::Request& r) const;
  [[nodiscard]] http::Response told(const Call& call) const;
  [[nodiscard]] http::Response form(const Call& call) const;
  [[nodiscard]] Result<http::Response> get(const http::Request& r) const;
  [[nodiscard]] Result<http::Response> post(http::Request& r);
  [[nodiscard]] Result<void> take(Call& call);

  Surveys& surveys_;
  const Settings& settings_;
  Guard guard_;
};

}  // namespace qushu::surveys
