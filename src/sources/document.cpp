// A document of the web, into memory.
#include <fmt/format.h>

#include "stored.h"
#include "web.h"

namespace qushu::sources {

Result<Document> StoredSources::document(const DocumentRequest& asked, const Cancelled& cancelled) const {
  QS_TRY(auto settings, complete(Kind::http, {{"url", asked.address}}));
  Target target{.source_id = {}, .kind = Kind::http, .department_id = {}, .settings = std::move(settings), .secrets = {}};
  auto until = std::chrono::steady_clock::now() + asked.time;
  auto late = [until] { return std::chrono::steady_clock::now() >= until; };
  auto limits = context([&] { return late() || (cancelled && cancelled()); });
  Web web(target, limits);
  Document out{.body = {}, .type = {}, .address = asked.address};
  auto redirects = deps_.settings.integer("sources.redirects");
  for (std::int64_t hop = 0; hop <= redirects; ++hop) {
    QS_TRY(auto at, address_of(out.address, "address"));
    out.body.clear();
    auto answer =
        web.ask({.url = out.address, .headers = {"Accept: " + asked.accept}, .public_only = !asked.internal}, {},
                [&](std::string_view bytes) -> Result<void> {
                  if (out.body.size() + bytes.size() > asked.most)
                    return fail(Error{
                        .code = Code::too_large,
                        .id = "source.document_size",
                        .text = {fmt::format("{} 的内容超过 {}。", at.authority(), human_bytes(asked.most)),
                                 fmt::format("What {} answers is longer than {}.", at.authority(), human_bytes(asked.most))},
                        .subject = "address"});
                  out.body += bytes;
                  return {};
                });
    if (!answer && answer.error().code == Code::cancelled && late() && !(cancelled && cancelled()))
      return fail(Error{.code = Code::timed_out,
                        .id = "source.document_time",
                        .text = {fmt::format("{} 在 {} 秒内没有答完。", at.authority(), asked.time.count()),
                                 fmt::format("{} had not answered within {} s.", at.authority(), asked.time.count())},
                        .subject = "address"});
    QS_CHECK(answer);
    if (answer->status >= 300 && answer->status < 400 && !answer->header("location").empty()) {
      auto next = resolved(out.address, answer->header("location"));
      if (!next) break;
      QS_TRY(auto to, address_of(*next, "address"));
      if (at.scheme == "https" && to.scheme != "https") break;
      out.address = *std::move(next);
      continue;
    }
    if (auto error = error_of_status(answer->status, target, "")) return fail(*std::move(error));
    out.type = answer->header("content-type");
    return out;
  }
  return fail(wrong("source.redirects", "address", fmt::format("重定向超过 {} 次，或指向不能访问的地址。", redirects),
                    fmt::format("There were more than {} redirects, or one to an address that cannot be used.", redirects)));
}

}  // namespace qushu::sources
