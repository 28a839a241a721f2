#include "look.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "qushu/base/codes.h"
#include "qushu/base/text.h"

#include "words.h"

namespace qushu::quality {
namespace {

using engine::quote_name;
using engine::Type;

struct FormatCheck {
  bool (*is)(std::string_view);
  std::int64_t shortest, longest;  // characters that it can have at all
};
// As kTried.
constexpr std::array<FormatCheck, kTried.size()> kChecks{{{is_credit_code, 18, 18},
                                                          {is_citizen_id, 18, 18},
                                                          {is_mobile, 11, 11},
                                                          {is_landline, 10, 13},
                                                          {is_bank_card, 12, 19},
                                                          {is_email, 5, 254},
                                                          {is_region_code, 6, 12}}};
// A profile shortens longer texts.
constexpr std::int64_t kWholeText = 100;

// Whole numbers beyond 2^53, infinities and NaN are texts in a profile.
bool is_negative(const json::value& value) {
  return value.is_string() ? value.get_string().starts_with('-') : value.is_number() && value.to_number<double>() < 0;
}

class Looker {
 public:
  Looker(const Deps& deps, const sharing::Shown& shown, const engine::Limits& limits)
      : deps_(deps), shown_(shown), limits_(limits), today_(calendar::to_text(deps.calendar.today())) {}

  Result<Looks> run() {
    const auto& profile = shown_.version.profile;
    looks_.from_profile = profile.contains("rows") && !profile.contains("as_of");
    looks_.fields.resize(shown_.fields.size());
    if (looks_.from_profile)
      looks_.rows = whole_at(profile, "rows", 0);
    else
      count("count(*)", looks_.rows);
    for (std::size_t i = 0; i < shown_.fields.size(); ++i) field(shown_.fields[i], looks_.fields[i]);
    QS_CHECK(scan());
    return std::move(looks_);
  }

 private:
  using Take = std::function<void(const engine::Chunk&, std::size_t column)>;

  void ask(std::string sql, Take take) {
    sql_ += (sql_.empty() ? "" : ", ") + std::move(sql);
    takes_.push_back(std::move(take));
  }
  void count(std::string sql, std::int64_t& into) {
    ask(std::move(sql), [&into](const engine::Chunk& chunk, std::size_t column) { into = chunk.integer(column, 0); });
  }
  void flag(std::string sql, bool& into) {
    ask(std::move(sql), [&into](const engine::Chunk& chunk, std::size_t column) { into = chunk.integer(column, 0) != 0; });
  }

  [[nodiscard]] const json::object* told_of(const catalog::Field& f) const {
    if (!looks_.from_profile) return nullptr;
    const auto* fields = shown_.version.profile.if_contains("fields");
    if (fields == nullptr || !fields->is_array()) return nullptr;
    for (const auto& told : fields->get_array())
      if (told.is_object() && text_at(told.get_object(), "id") == f.id &&
          text_at(told.get_object(), "type") == engine::name(f.type))
        return &told.get_object();
    return nullptr;
  }

  void field(const catalog::Field& f, Look& l) {
    auto column = quote_name(f.id);
    const auto* told = told_of(f);
    if (told != nullptr) {
      l.values = whole_at(*told, "values", 0);
      l.distinct = whole_at(*told, "distinct", 0);
      l.distinct_exact = told->contains("distinct_exact") && told->at("distinct_exact") == true;
    } else {
      count(fmt::format("count({})", column), l.values);
      count(fmt::format("approx_count_distinct({})", column), l.distinct);
    }
    if (f.type == Type::text) text(column, told, l);
    if (is_number(f.type)) number(column, told, l);
    if (is_day(f.type)) day(column, told, l);
  }

  void number(const std::string& column, const json::object* told, Look& l) {
    if (told != nullptr && told->contains("min") && told->contains("max")) {
      l.negative = is_negative(told->at("min"));
      if (told->at("max").is_number()) l.greatest = told->at("max").to_number<double>();
      return;
    }
    flag(fmt::format("coalesce(bool_or({} < 0), false)", column), l.negative);
    ask(fmt::format("CAST(max({}) AS DOUBLE)", column), [&l](const engine::Chunk& chunk, std::size_t at) {
      if (!chunk.is_null(at, 0)) l.greatest = chunk.number(at, 0);
    });
  }

  void day(const std::string& column, const json::object* told, Look& l) {
    if (told != nullptr && told->contains("max"))
      l.future = text_at(*told, "max").substr(0, today_.size()) > today_;
    else
      flag(fmt::format("coalesce(bool_or(CAST({} AS DATE) > DATE '{}'), false)", column, today_), l.future);
  }

  void text(const std::string& column, const json::object* told, Look& l) {
    bool lengths = told != nullptr && told->contains("max_length");  // profiles of before have none
    if (lengths) {
      l.blank = whole_at(*told, "blank", 0);
      l.shortest = whole_at(*told, "min_length", 0);
      l.longest = whole_at(*told, "max_length", 0);
    } else {
      count(fmt::format("count(*) FILTER ({} = '')", column), l.blank);
      count(fmt::format("coalesce(min(length({})), 0)", column), l.shortest);
      count(fmt::format("coalesce(max(length({})), 0)", column), l.longest);
    }
    std::array<bool, kTried.size()> open{};
    open.fill(true);
    if (lengths) open = settle(*told, l);
    for (std::size_t k = 0; k < kTried.size(); ++k)
      if (open.at(k)) count(fmt::format("count(*) FILTER (is_{}({}))", kTried.at(k), column), l.fits.at(k));
  }

  // What the commonest values and the lengths say about formats: which of them are still to be counted.
  static std::array<bool, kTried.size()> settle(const json::object& told, Look& l) {
    std::int64_t covered = 0;
    std::array<std::int64_t, kTried.size()> fits{};
    std::vector<std::string> words;
    const auto* top = told.if_contains("top");
    if (l.longest <= kWholeText && top != nullptr && top->is_array())
      for (const auto& entry : top->get_array()) {
        auto value = text_at(entry.as_object(), "value");
        if (value.empty()) continue;
        auto n = whole_at(entry.as_object(), "count", 0);
        covered += n;
        for (std::size_t k = 0; k < kTried.size(); ++k)
          if (kChecks.at(k).is(value)) fits.at(k) += n;
        words.push_back(std::move(value));
      }
    std::array<bool, kTried.size()> open{};
    auto filled = l.values - l.blank;
    if (covered == filled) {
      l.fits = fits;
      l.words = std::move(words);
      return open;
    }
    auto errors = filled - static_cast<std::int64_t>(std::ceil(kMostly * static_cast<double>(filled)));
    for (std::size_t k = 0; k < kTried.size(); ++k) {
      // One field may hold numbers of both kinds.
      auto good = k == kMobile || k == kLandline ? fits[kMobile] + fits[kLandline] : fits.at(k);
      bool phone = k == kMobile || k == kLandline;
      auto shortest = phone ? kChecks[kLandline].shortest : kChecks.at(k).shortest;
      auto longest = phone ? kChecks[kLandline].longest : kChecks.at(k).longest;
      open.at(k) = covered - good <= errors && l.longest >= shortest && l.shortest <= longest;
    }
    return open;
  }

  Result<void> scan() {
    if (takes_.empty()) return {};
    QS_TRY(auto cursor,
           deps_.engine.run({.sql = fmt::format("SELECT {} FROM ({}) AS t", sql_, shown_.select), .limits = limits_}));
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return fail_internal("no counts");
    for (std::size_t i = 0; i < takes_.size(); ++i) takes_[i](*chunk, i);
    return {};
  }

  const Deps& deps_;
  const sharing::Shown& shown_;
  const engine::Limits& limits_;
  std::string today_;
  Looks looks_;
  std::string sql_;
  std::vector<Take> takes_;
};

}  // namespace

Result<Looks> look_at(const Deps& deps, const sharing::Shown& shown, const engine::Limits& limits) {
  return Looker(deps, shown, limits).run();
}

}  // namespace qushu::quality
