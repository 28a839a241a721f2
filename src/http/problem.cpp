#include "qushu/http/server.h"

namespace qushu::http {

unsigned status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 422;
    case Code::unauthenticated:
      return 401;
    case Code::forbidden:
      return 403;
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::too_large:
      return 413;
    case Code::limited:
      return 429;
    case Code::cancelled:
      return 499;
    case Code::timed_out:
      return 504;
    case Code::overloaded:
    case Code::unavailable:
      return 503;
    case Code::storage_full:
      return 507;
    case Code::internal:
      return 500;
  }
  return 500;
}

namespace {

unsigned status_of_error(const Error& error) {
  if (error.id == "http.method") return 405;
  if (error.id == "http.content_type") return 415;
  if (error.id == "http.range") return 416;
  if (error.id.starts_with("http.malformed")) return 400;
  if (error.id == "http.slow") return 408;
  if (error.id == "http.header_too_large") return 431;
  return http::status_of(error.code);
}

Text title_of(Code code) {
  switch (code) {
    case Code::invalid:
      return {"输入有误", "Invalid input"};
    case Code::unauthenticated:
      return {"尚未登录", "Not signed in"};
    case Code::forbidden:
      return {"没有权限", "Not allowed"};
    case Code::not_found:
      return {"未找到", "Not found"};
    case Code::conflict:
      return {"当前状态不允许", "Conflict"};
    case Code::too_large:
      return {"超过大小限制", "Too large"};
    case Code::limited:
      return {"操作过于频繁", "Too many requests"};
    case Code::cancelled:
      return {"已取消", "Cancelled"};
    case Code::timed_out:
      return {"超时", "Timed out"};
    case Code::overloaded:
      return {"服务繁忙", "Overloaded"};
    case Code::unavailable:
      return {"服务暂不可用", "Unavailable"};
    case Code::storage_full:
      return {"存储空间不足", "Storage full"};
    case Code::internal:
      return {"系统内部错误", "Internal error"};
  }
  return {};
}

}  // namespace

json::object problem(const Error& error, Lang lang, std::string_view request_id) {
  json::object out{{"type", "about:blank"},
                   {"title", title_of(error.code).in(lang)},
                   {"status", status_of_error(error)},
                   {"detail", error.text.in(lang)},
                   {"code", name(error.code)},
                   {"id", error.id},
                   {"request_id", request_id}};
  if (error.id == "http.body") {
    // invalid_body() carries its flaws here, as JSON.
    boost::system::error_code failed;
    auto list = json::parse(error.subject, failed);
    if (!failed && list.is_array()) {
      out["subject"] = list.as_array().empty() ? json::value("") : list.as_array()[0].at("field");
      out["errors"] = std::move(list);
    }
  } else if (!error.subject.empty()) {
    out["subject"] = error.subject;
  }
  return out;
}

Error invalid_body(const std::vector<Flaw>& flaws, Lang lang) {
  json::array list;
  for (const auto& flaw : flaws) list.emplace_back(json::object{{"field", flaw.path}, {"message", flaw.text.in(lang)}});
  Text text{"提交的内容有误。", "What was sent is not right."};
  if (!flaws.empty()) {
    auto field = flaws[0].path.empty() ? std::string() : flaws[0].path + (lang == Lang::zh ? "：" : ": ");
    text = {field + flaws[0].text.zh, field + flaws[0].text.en};
  }
  return {.code = Code::invalid, .id = "http.body", .text = std::move(text), .subject = json::serialize(list)};
}

}  // namespace qushu::http
