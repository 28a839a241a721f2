#include "qushu/base/error.h"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace qushu {

Failure fail_internal(std::string detail) {
  return Failure(Error{
      .code = Code::internal,
      .id = "internal",
      .text = {"系统内部出错，已记入日志。请稍后重试；仍不行时把请求编号告诉运维人员。",
               "Something went wrong inside; it has been logged. Try again later, and give the operators the request id if it "
               "happens again."},
      .detail = std::move(detail)});
}

Failure fail_errno(int error_number, std::string_view what) {
  auto detail = std::string(what) + ": " + std::generic_category().message(error_number);
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    return Failure(Error{.code = Code::storage_full,
                         .id = "storage.full",
                         .text = {"磁盘空间不足，这次操作没有执行，已有数据不受影响。请清理或扩容后重试。",
                                  "The disk is full. Nothing was changed and nothing is lost; free some space and try again."},
                         .detail = std::move(detail)});
  }
  return fail_internal(std::move(detail));
}

std::string_view name(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::unauthenticated:
      return "unauthenticated";
    case Code::forbidden:
      return "forbidden";
    case Code::not_found:
      return "not_found";
    case Code::conflict:
      return "conflict";
    case Code::too_large:
      return "too_large";
    case Code::limited:
      return "limited";
    case Code::cancelled:
      return "cancelled";
    case Code::timed_out:
      return "timed_out";
    case Code::overloaded:
      return "overloaded";
    case Code::unavailable:
      return "unavailable";
    case Code::storage_full:
      return "storage_full";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace qushu
