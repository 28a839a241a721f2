#include "qushu/base/text.h"

#include "routes.h"

namespace qushu::registers {
namespace {

namespace schema = http::schema;
using http::Method;
using http::Request;
using http::Response;

constexpr const char* kXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

Result<Response> answer(Result<Printed> printed, PrintFormat format) {
  QS_CHECK(printed);
  return Response::text(std::move(printed->bytes), format == PrintFormat::pdf ? "application/pdf" : kXlsx)
      .as_download(printed->file_name);
}

}  // namespace

void add_print_routes(http::Router& router, const Registers& registers) {
  auto use = http::may(Permission::register_use);
  const std::string code = "/api/v1/registers/{code}";
  for (auto [ending, format, type] :
       {std::tuple{"pdf", PrintFormat::pdf, "application/pdf"}, std::tuple{"xlsx", PrintFormat::xlsx, kXlsx}}) {
    router.add({.method = Method::get,
                .path = code + "/records/{id}/print." + ending,
                .id = std::string("record_print_") + ending,
                .tag = "registers",
                .summary = {std::string("打印一条记录（") + ending + "），按定义的打印表单",
                            std::string("Print a record as ") + ending + ", by a printed form of the definition"},
                .who = use,
                .query = {{.name = "form",
                           .shape = schema::text().length(1, 40),
                           .note = {"打印表单，默认第一个", "The printed form; the first by default"}}},
                .answer_types = {type},
                .errors = {Code::not_found, Code::unavailable},
                .handler = [&registers, kind = format](Request& r) {
                  return answer(registers.print_record(r.actor, r.param("code"), r.param("id"), r.get("form").value_or(""),
                                                       kind, r.lang()),
                                kind);
                }});
    router.add({.method = Method::get,
                .path = code + "/print." + ending,
                .id = std::string("register_print_") + ending,
                .tag = "registers",
                .summary = {std::string("打印列表（") + ending + "）：视图的栏目，筛选同列表",
                            std::string("Print a list as ") + ending + ": the columns of a view; filters as in the list"},
                .who = use,
                .open_query = true,
                .answer_types = {type},
                .errors = {Code::not_found, Code::invalid, Code::too_large, Code::unavailable},
                .handler = [&registers, kind = format](Request& r) {
                  return answer(registers.print_list(r.actor, r.param("code"), r.query_in_order, kind, r.lang()), kind);
                }});
  }
}

}  // namespace qushu::registers
