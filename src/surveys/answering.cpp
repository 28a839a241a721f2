// Answers as they come in and as they are counted: nothing here keeps when, from where or by which link.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::surveys {
namespace {

Failure closed() {
  return fail(Code::conflict, "survey.closed", "调查没有开放。", "The survey is not open.");
}

Entrance::State state_of(Phase phase) {
  switch (phase) {
    case Phase::draft:
      return Entrance::State::none;
    case Phase::waiting:
      return Entrance::State::waiting;
    case Phase::open:
      return Entrance::State::open;
    case Phase::closed:
      return Entrance::State::closed;
  }
  return Entrance::State::none;
}

}  // namespace

std::string hash_of(std::string_view code, std::string_view token) {
  return crypto::digest_hex(fmt::format("survey\n{}\n{}", code, token));
}

std::int64_t random_number() {
  // 31 bits: INTEGER has 32 in PostgreSQL.
  std::int64_t out = 0;
  for (char c : crypto::random_bytes(4)) out = (out << 8) | static_cast<unsigned char>(c);
  return out & 0x7fffffff;
}

Result<void> put_answer(store::Transaction& t, std::string_view survey, std::string_view answers,
                        const std::optional<std::string>& counted) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    QS_TRY(auto done,
           t.exec("INSERT INTO survey_answer (id, survey, counted, answers) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                  {random_number(), survey, counted, answers}));
    if (done == 1) return {};
  }
  return fail(Code::storage_full, "survey.full", "答卷太多，存不下了。", "There are too many answers to keep another.");
}

std::string answers_text(const Answers& answers) {
  json::object out;
  for (const auto& [question, values] : answers) out.emplace(question, json::array(values.begin(), values.end()));
  return json::serialize(out);
}

Answers answers_of(std::string_view text) {
  Answers out;
  auto parsed = json::parse(text);
  for (const auto& [question, values] : parsed.as_object())
    for (const auto& value : values.as_array()) out[std::string(question)].emplace_back(value.as_string());
  return out;
}

Result<Entrance> Surveys::enter(std::string_view code, std::string_view token) const {
  return deps_.store.read([&](store::Session& s) -> Result<Entrance> {
    QS_TRY(auto survey, load(s, code, false));
    if (!survey || survey->phase == Phase::draft) return Entrance{};
    bool links = survey->definition.mode == Mode::links;
    if (links == token.empty()) return Entrance{};
    Entrance out{.state = state_of(survey->phase), .survey = std::move(survey)};
    if (!links) return out;
    QS_TRY(auto row, s.one("SELECT used FROM survey_invitation WHERE hash = ? AND survey = ?", {hash_of(code, token), code}));
    if (!row) return Entrance{};
    if (row->boolean(0)) out.state = Entrance::State::used;
    return out;
  });
}

Result<void> Surveys::answer(std::string_view code, std::string_view token, const Answers& answers) {
  auto text = answers_text(answers);
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto survey, load(t, code, false));
    if (!survey || survey->phase == Phase::draft) return no_survey();
    bool links = survey->definition.mode == Mode::links;
    if (links == token.empty()) return no_survey();
    if (survey->phase != Phase::open) return closed();
    if (links) {
      auto hash = hash_of(code, token);
      QS_TRY(auto done,
             t.exec("UPDATE survey_invitation SET used = 1 WHERE hash = ? AND survey = ? AND used = 0", {hash, code}));
      if (done == 0) {
        QS_TRY(auto known, t.one("SELECT 1 FROM survey_invitation WHERE hash = ? AND survey = ?", {hash, code}));
        if (!known) return no_survey();
        return fail(Code::conflict, "survey.used", "这个链接已经用过了。", "This link was used before.");
      }
    }
    return put_answer(t, code, text, std::nullopt);
  });
}

Result<void> Surveys::settle(store::Transaction& t, std::string_view code, bool closed) const {
  QS_TRY(auto rows, t.query("SELECT id, answers FROM survey_answer WHERE survey = ? AND counted IS NULL", {code}));
  auto least = static_cast<std::size_t>(minimum());
  std::size_t take = 0;
  if (closed)
    take = rows.size() >= least ? rows.size() : 0;
  else if (rows.size() >= 2 * least)
    take = (rows.size() / least - 1) * least;
  // Which ones, and in which order they are kept from now on, is left to chance.
  std::multimap<std::int64_t, const store::Row*> shuffled;
  for (const auto& row : rows) shuffled.emplace(random_number(), &row);
  auto today = calendar::to_text(std::chrono::floor<std::chrono::days>(deps_.calendar.zone().local(deps_.clock.now())));
  auto at = shuffled.begin();
  for (std::size_t i = 0; i < take; ++i, ++at) {
    QS_CHECK(t.exec("DELETE FROM survey_answer WHERE id = ?", {at->second->integer(0)}));
    QS_CHECK(put_answer(t, code, at->second->text(1), today));
  }
  return {};
}

Result<void> Surveys::settle(std::string_view code) const {
  auto look = [&](store::Session& s) -> Result<std::optional<bool>> {
    QS_TRY(auto row,
           s.one("SELECT s.state, (SELECT count(*) FROM survey_answer a WHERE a.survey = s.code AND a.counted IS NULL) "
                 "FROM survey s WHERE s.code = ?",
                 {code}));
    if (!row) return std::nullopt;
    bool closed = row->text(0) == "closed";
    if (row->integer(1) < (closed ? 1 : 2) * minimum()) return std::nullopt;
    return closed;
  };
  // Nearly always nothing is due, and then nothing is written.
  QS_TRY(auto due, deps_.store.read(look));
  if (!due) return {};
  return deps_.store.write([&](store::Transaction& t) -> Result<void> {
    QS_TRY(auto still, look(t));
    if (!still) return {};
    return settle(t, code, *still);
  });
}

Result<void> Surveys::tick() {
  QS_TRY(auto all, deps_.store.read([&](store::Session& s) { return load_all(s); }));
  for (const auto& survey : all) {
    const auto& code = survey.definition.code;
    if (survey.phase == Phase::closed && !survey.closed) {
      QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
        QS_TRY(auto done, t.exec("UPDATE survey SET state = 'closed', closed = ? WHERE code = ? AND state = 'open'",
                                 {*survey.closes, code}));
        if (done == 0) return {};
        QS_CHECK(settle(t, code, true));
        return deps_.audit.record(
            t, Actor::system(),
            {.action = "survey.close", .object_kind = "survey", .object_id = code, .object_name = survey.definition.name.zh});
      }));
    } else if (survey.phase != Phase::draft) {
      QS_CHECK(settle(code));
    }
  }
  return {};
}

}  // namespace qushu::surveys
