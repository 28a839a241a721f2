#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/opendata/release.h"

namespace qushu::opendata {
namespace {

Failure bad(std::string_view subject, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "licence.invalid", .text = {std::move(zh), std::move(en)}, .subject = std::string(subject)});
}

bool is_licence_id(std::string_view id) {
  return !id.empty() && id.size() <= 60 &&
         std::ranges::all_of(id, [](char c) { return (c >= 'a' && c <= 'z') || is_ascii_digit(c) || c == '-' || c == '.'; });
}

Result<void> check_licence(const Licence& l) {
  if (!is_licence_id(l.id))
    return bad("id", "许可代码只能用小写字母、数字、“-”和“.”，最多 60 个字符。",
               "A licence's code is of lower case letters, digits, “-” and “.”, 60 characters at most.");
  for (const auto& [name, text, most] :
       {std::tuple{"title_zh", &l.title.zh, 200UL}, std::tuple{"title_en", &l.title.en, 200UL},
        std::tuple{"text_zh", &l.text.zh, 20000UL}, std::tuple{"text_en", &l.text.en, 20000UL}})
    if (utf8_length(*text) > most || (most == 200UL && trim(*text).empty()))
      return bad(name, fmt::format("应为 1 到 {} 个字。", most), fmt::format("1 to {} characters are wanted.", most));
  if (!l.url.empty() && (l.url.size() > 500 || !(l.url.starts_with("https://") || l.url.starts_with("http://"))))
    return bad("url", "网址应以 https:// 或 http:// 开头，最多 500 个字符。",
               "An address begins with https:// or http:// and has 500 characters at most.");
  return {};
}

}  // namespace

json::object to_json(const Licence& l) {
  return {{"id", l.id},   {"title_zh", l.title.zh}, {"title_en", l.title.en}, {"text_zh", l.text.zh},  {"text_en", l.text.en},
          {"url", l.url}, {"open", l.open},         {"retired", l.retired},   {"position", l.position}};
}

Result<std::vector<Licence>> Releases::licences() const {
  QS_TRY(auto rows, deps_.store.read([&](store::Session& s) {
    return s.query(
        "SELECT id, title_zh, title_en, text_zh, text_en, url, is_open, retired, position FROM open_licence ORDER BY "
        "position, id");
  }));
  std::vector<Licence> out;
  for (const auto& row : rows)
    out.push_back({.id = row.text(0),
                   .title = {row.text(1), row.text(2)},
                   .text = {row.text(3), row.text(4)},
                   .url = row.text(5),
                   .open = row.boolean(6),
                   .retired = row.boolean(7),
                   .position = row.integer(8)});
  return out;
}

Result<Licence> Releases::keep_licence(const Actor& actor, const Licence& l) {
  if (!actor.can(Permission::catalog_review))
    return fail(Code::forbidden, "release.not_reviewer", "需要“目录审核员”角色才能维护许可。",
                "Keeping the licences needs the role “catalogue reviewer”.");
  QS_CHECK(check_licence(l));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(
        t.exec("INSERT INTO open_licence (id, title_zh, title_en, text_zh, text_en, url, is_open, retired, position) VALUES "
               "(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET title_zh = excluded.title_zh, title_en = "
               "excluded.title_en, text_zh = excluded.text_zh, text_en = excluded.text_en, url = excluded.url, is_open = "
               "excluded.is_open, retired = excluded.retired, position = excluded.position",
               {l.id, l.title.zh, l.title.en, l.text.zh, l.text.en, l.url, l.open, l.retired, l.position}));
    return deps_.audit.record(t, actor,
                              {.action = "licence.change",
                               .object_kind = "licence",
                               .object_id = l.id,
                               .object_name = l.title.zh,
                               .detail = to_json(l)});
  }));
  return l;
}

}  // namespace qushu::opendata
