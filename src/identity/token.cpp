#include <algorithm>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::identity {
namespace {

TokenInfo token_of(const store::Row& row) {
  TokenInfo token{.id = row.text(0),
                  .name = row.text(1),
                  .hint = row.text(2),
                  .created = row.time(4),
                  .expires = row.opt_time(5),
                  .last_used = row.opt_time(6),
                  .revoked = row.opt_time(7)};
  for (auto scope : split(row.text(3), ' '))
    if (!scope.empty()) token.scopes.emplace_back(scope);
  return token;
}

}  // namespace

Result<std::vector<TokenInfo>> StoredIdentity::tokens(const Actor& actor, std::string_view person_id) const {
  if (person_id != actor.person_id && !actor.can(Permission::people_manage)) return no_person();
  return store_.read([&](store::Session& s) -> Result<std::vector<TokenInfo>> {
    QS_TRY(auto rows, s.query("SELECT id, name, hint, scopes, created, expires, last_used, revoked FROM token WHERE person_id "
                              "= ? ORDER BY created DESC",
                              {person_id}));
    std::vector<TokenInfo> list;
    for (const auto& row : rows) list.push_back(token_of(row));
    return list;
  });
}

Result<std::pair<TokenInfo, std::string>> StoredIdentity::add_token(const Actor& actor, std::string_view person_id,
                                                                    const NewToken& n) {
  if (person_id != actor.person_id && actor.via != "cli")
    return fail(Code::forbidden, "token.other", "只能为自己签发访问令牌。", "A token can be made only for oneself.");
  if (utf8_length(trim(n.name)) < 1 || utf8_length(trim(n.name)) > 60)
    return fail(Error{.code = Code::invalid,
                      .id = "token.name",
                      .text = {"请为令牌起一个 1 到 60 个字的名称，说明它的用途。",
                               "Give the token a name of 1 to 60 characters that says what it is for."},
                      .subject = "name"});
  auto now = clock_.now();
  auto latest = now + rules().token_age;
  auto expires = n.expires.value_or(latest);
  if (expires > latest || expires <= now)
    return fail(Error{.code = Code::invalid,
                      .id = "token.expires",
                      .text = {"有效期应在现在之后、" + to_iso(latest).substr(0, 10) + " 之前。",
                               "It must expire after now and before " + to_iso(latest).substr(0, 10) + "."},
                      .subject = "expires"});
  auto secret = "qst_" + crypto::to_base64url(crypto::random_bytes(32));
  auto made = store_.write([&](store::Transaction& t) -> Result<TokenInfo> {
    QS_TRY(auto a, account(t, person_id));
    auto may = permissions_of(a.person.roles);
    std::vector<std::string> scopes = n.scopes;
    if (scopes.empty())
      for (std::size_t i = 0; i < may.size(); ++i)
        if (may.test(i)) scopes.emplace_back(name(static_cast<Permission>(i)));
    for (const auto& scope : scopes) {
      Permission p{};
      if (!parse(scope, p) || !may.test(static_cast<std::size_t>(p)))
        return fail(
            Error{.code = Code::invalid,
                  .id = "token.scope",
                  .text = {"您没有“" + scope + "”这项权限，不能授予令牌。", "You do not hold the permission “" + scope + "”."},
                  .subject = "scopes"});
    }
    TokenInfo token{.id = new_id(),
                    .name = std::string(trim(n.name)),
                    .hint = secret.substr(secret.size() - 4),
                    .scopes = scopes,
                    .created = now,
                    .expires = expires};
    QS_CHECK(t.exec(
        "INSERT INTO token (id, digest, person_id, name, hint, scopes, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {token.id, crypto::digest_hex(secret), a.person.id, token.name, token.hint, join(scopes, " "), now, expires}));
    QS_CHECK(bump(t));
    QS_CHECK(audit_.record(
        t, actor,
        {.action = "token.add",
         .object_kind = "token",
         .object_id = token.id,
         .object_name = token.name,
         .detail = {{"scopes", audit::json::array(scopes.begin(), scopes.end())}, {"expires", to_iso(expires)}}}));
    return token;
  });
  QS_CHECK(made);
  return std::pair(*std::move(made), std::move(secret));
}

Result<void> StoredIdentity::revoke_token(const Actor& actor, std::string_view id) {
  return store_.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto row, t.one("SELECT person_id, name FROM token WHERE id = ? AND revoked IS NULL", {id}));
    if (!row || (row->text(0) != actor.person_id && !actor.can(Permission::people_manage)))
      return fail(Code::not_found, "token.not_found", "没有这个有效的访问令牌。", "There is no such valid token.");
    QS_CHECK(t.exec("UPDATE token SET revoked = ? WHERE id = ?", {clock_.now(), id}));
    QS_CHECK(bump(t));
    return audit_.record(
        t, actor,
        {.action = "token.revoke", .object_kind = "token", .object_id = std::string(id), .object_name = row->text(1)});
  });
}

}  // namespace qushu::identity
