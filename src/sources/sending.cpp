// What goes out: rows into a table of somebody's database, and a text to an address.
#include <fmt/format.h>

#include "reader.h"
#include "stored.h"
#include "web.h"

namespace qushu::sources {

Result<std::uint64_t> StoredSources::replace(const Access& access, const TableTarget& table, engine::Cursor& rows,
                                             const Cancelled& cancelled) {
  QS_CHECK(check_table(table));
  QS_TRY(auto database, connect(*access, context(cancelled)));
  return database->replace(table, rows);
}

Result<void> StoredSources::post(std::string_view url, const std::vector<std::string>& headers, std::string_view body,
                                 const Cancelled& cancelled) {
  Target target{.source_id = {}, .kind = Kind::http, .department_id = {}, .settings = {{"url", url}}, .secrets = {}};
  QS_CHECK(address_of(std::string(url), "url"));
  constexpr std::size_t kAnswer = 1U << 16U;
  WebRequest request{.url = std::string(url), .headers = headers, .body = std::string(body)};
  request.headers.emplace_back("Content-Type: application/json");
  auto where = context(cancelled);
  QS_TRY(auto answered, Web(target, where).text(request, kAnswer));
  auto status = answered.first.status;
  constexpr long kGood = 200, kMore = 300;
  if (status >= kGood && status < kMore) return {};
  const bool later = status >= 500 || status == 408 || status == 429;
  return fail(Error{
      .code = later ? Code::unavailable : Code::invalid,
      .id = "sources.post",
      .text = {fmt::format("对方答复了 HTTP {}，应为 2xx。{}", status, later ? "稍后会再试。" : "请检查地址和对方的程序。"),
               fmt::format("The other side answered HTTP {} instead of 2xx.{}", status,
                           later ? " It will be tried again." : " Check the address and its program.")},
      .subject = "url",
      .detail = shorten(answered.second, 200)});
}

}  // namespace qushu::sources
