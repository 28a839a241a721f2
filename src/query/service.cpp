#include "service.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "filter.h"

namespace qushu::query {
namespace {

constexpr std::array<std::string_view, 3> kDownloadWords{"_bom", "_raw", "_header"};

// Two questions are the same when everything that decides the answer is.
std::string etag_of(const Access& access, const Pairs& query) {
  crypto::Digest digest;
  auto add = [&](std::string_view text) {
    digest.update(fmt::format("{}:", text.size()));
    digest.update(text);
  };
  add(access.shown.select);
  add(fmt::format("{} {} {}", access.shown.dataset.id, access.shown.version.number, access.limits.page));
  for (const auto& field : access.shown.fields) add(fmt::format("{} {} {} {}", field.id, field.name, field.unit, field.key));
  for (const auto& [key, value] : query) {
    add(key);
    add(value);
  }
  return crypto::to_hex(digest.finish()).substr(0, 32);
}

}  // namespace

// --- access ------------------------------------------------------------------------------------------------------------------

std::shared_ptr<const Access> AccessCache::find(const std::string& key, std::int64_t generation) const {
  std::shared_lock lock(mutex_);
  auto found = entries_.find(key);
  return found == entries_.end() || found->second.generation != generation ? nullptr : found->second.access;
}

void AccessCache::keep(const std::string& key, std::int64_t generation, std::shared_ptr<const Access> access) {
  std::scoped_lock lock(mutex_);
  // Old answers go when the place runs out; if none is old, all of them do.
  if (entries_.size() >= capacity_) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.generation != generation; });
    if (entries_.size() >= capacity_) entries_.clear();
  }
  entries_[key] = {.generation = generation, .access = std::move(access)};
}

std::string AccessCache::key(const Actor& actor, std::string_view code) {
  std::string out;
  out.reserve(128 + actor.departments.size() * 27);
  out += actor.person_id;
  out += actor.signed_in() ? '|' : '-';
  out += actor.department_id;
  for (const auto& department : actor.departments) {
    out += ',';
    out += department;
  }
  out += '|';
  for (const auto& role : actor.roles) {
    out += role;
    out += ',';
  }
  // Grants ask where she is.
  fmt::format_to(std::back_inserter(out), "|{}|{}|", actor.may.to_ullong(), actor.from);
  for (const auto& grant : actor.grants) {
    out += grant;
    out += ',';
  }
  out += code;
  return out;
}

Result<std::shared_ptr<void>> Gate::enter(std::size_t limit) {
  auto now = inside_->load();
  do {
    if (now >= limit)
      return fail(Code::overloaded, "query.exports", fmt::format("同时进行的导出已达 {} 个的上限，请稍后重试。", limit),
                  fmt::format("{} exports are under way, as many as may be; try again in a moment.", limit));
  } while (!inside_->compare_exchange_weak(now, now + 1));
  return std::shared_ptr<void>(nullptr, [inside = inside_](void*) { inside->fetch_sub(1); });
}

std::function<bool()> Service::Parts::while_shown(const sharing::Shown& shown, const Cancelled& cancelled) const {
  if (!shown.grant) return cancelled;
  return while_granted({shown.grant}, cancelled);
}

std::function<bool()> Service::Parts::while_granted(std::vector<std::shared_ptr<const sharing::Grant>> grants,
                                                    const Cancelled& cancelled) const {
  if (grants.empty()) return cancelled;
  return [&policy = deps.policy, grants = std::move(grants), cancelled] {
    return (cancelled && cancelled()) || !policy.holds(grants);
  };
}

Failure Service::Parts::told(const sharing::Shown& shown, Error error) const {
  return error.code == Code::cancelled && !deps.policy.holds(shown) ? grant_ended() : fail(std::move(error));
}

void Service::Parts::count(const Actor& actor, const sharing::Shown& shown, std::string_view method, std::uint64_t rows) const {
  deps.audit.count_access(actor, "dataset", shown.dataset.id, method, rows);
  deps.policy.used(actor, shown.grant, method, rows);
}

Failure grant_ended() {
  return fail(Code::forbidden, "grant.ended", "共享授权已暂停、终止或到期，读取到此为止。",
              "The grant was suspended, was terminated or has run out; reading ends here.");
}

RowsLimits Service::Parts::rows_limits() const {
  return {.page = std::min(count("query.page"), count("query.page_rows")), .largest = count("query.page_rows")};
}

Result<std::shared_ptr<const Access>> Service::Parts::open(const Actor& actor, std::string_view code, std::int64_t version) {
  // Asked before the policy, so that what changes meanwhile makes the answer old at once.
  QS_TRY(auto generation, deps.store.generation());
  auto key = AccessCache::key(actor, code);
  if (version == 0)
    if (auto known = access.find(key, generation); known && deps.policy.holds(known->shown)) return known;
  auto made = std::make_shared<Access>();
  QS_TRY(made->shown, deps.policy.compile_for(actor, sharing::Use::api, code, version));
  made->limits = rows_limits();
  made->limits.cursor_key = made->shown.cursor_key;
  // The index knows every row; which of them a filter lets through only the engine tells.
  if (const auto& blob = made->shown.version.index_blob; !blob.empty() && made->shown.all_rows()) {
    if (auto index = indexes.open(blob))
      made->index = *std::move(index);
    else
      log::error("a key index cannot be used", index.error());
  }
  std::shared_ptr<const Access> out = std::move(made);
  if (version == 0) access.keep(key, generation, out);
  return out;
}

std::vector<std::string> Service::Parts::key_of(const std::vector<catalog::Field>& fields) {
  std::vector<std::string> out;
  for (const auto& field : fields)
    if (field.key) out.push_back(field.id);
  return out;
}

// --- rows --------------------------------------------------------------------------------------------------------------------

Service::Service(Deps deps) : parts_(std::make_unique<Parts>(deps)) {}
Service::~Service() = default;

Result<RowsBody> Service::rows(const Actor& actor, std::string_view code, const Pairs& query, const Cancelled& cancelled,
                               std::string_view known_etag) {
  QS_TRY(auto version, wanted_version(query));
  QS_TRY(auto access, parts_->open(actor, code, version));
  const auto& shown = access->shown;
  QS_TRY(auto request, parse_rows(query, shown.fields, shown.version.number, access->limits));
  auto etag = etag_of(*access, query);
  if (etag == known_etag) return RowsBody{.json = {}, .etag = std::move(etag), .unchanged = true};
  QS_CHECK(parts_->deps.policy.admit(actor, shown.grant, "rows"));

  std::optional<Answer> answer;
  if (request.by_key) {
    if (access->index) answer = answer_lookup(*access->index, shown.fields, request, shown.masks.get());
    if (!answer && shown.all_rows() && (!access->index || !query::key_of(*access->index, shown.fields, request)))
      parts_->want_index(shown);
  }
  if (!answer) {
    AnswerLimits limits{.engine = {.time = parts_->seconds("query.time"), .cancelled = parts_->while_shown(shown, cancelled)},
                        .count_rows = parts_->count("query.count_rows"),
                        .count_time = std::chrono::milliseconds(parts_->deps.settings.integer("query.count_ms")),
                        .facet_values = parts_->count("query.facet_values")};
    // What would tell of values and rows that she does not see is left out of account.
    const bool plain = shown.all_rows() && !shown.masked();
    PageSource source{.select = shown.select,
                      .fields = shown.fields,
                      .all_rows = shown.rows,
                      .last_id = plain ? shown.version.next_id : 0,
                      .profile = plain ? &shown.version.profile : nullptr,
                      .index = access->index.get(),
                      .masks = shown.masks.get()};
    auto answered = answer_rows(parts_->deps.engine, source, request, limits);
    if (!answered) return parts_->told(shown, std::move(answered).error());
    answer = *std::move(answered);
  }
  parts_->count(actor, shown, "rows", answer->rows);
  return RowsBody{.json = std::move(answer->body), .etag = std::move(etag)};
}

std::optional<std::string> Service::lookup(const Actor& actor, std::string_view code, const Pairs& query) {
  auto generation = parts_->deps.store.generation();
  if (!generation) return std::nullopt;
  auto access = parts_->access.find(AccessCache::key(actor, code), *generation);
  if (!access || !access->index) return std::nullopt;
  for (const auto& [key, value] : query)
    if (key == "_version" || key == "_next") return std::nullopt;
  const auto& shown = access->shown;
  auto request = parse_rows(query, shown.fields, shown.version.number, access->limits);
  if (!request) return std::nullopt;
  if (!parts_->deps.policy.holds(shown)) return std::nullopt;
  auto answer = answer_lookup(*access->index, shown.fields, *request, shown.masks.get());
  if (!answer) return std::nullopt;
  auto admitted = parts_->deps.policy.admit_fast(actor, shown, "rows");
  if (!admitted || !*admitted) return std::nullopt;  // the slow way says why
  parts_->count(actor, shown, "rows", answer->rows);
  return std::move(answer->body);
}

// --- downloads ---------------------------------------------------------------------------------------------------------------

std::string file_base(std::string_view title, std::int64_t version) {
  std::string out;
  for (char c : title) out += static_cast<unsigned char>(c) < 0x20 || std::string_view("/\\:*?\"<>|").contains(c) ? '_' : c;
  out = shorten(trim(out), 80);
  if (out.empty()) out = "data";
  return version == 0 ? out : fmt::format("{}_v{}", out, version);
}

WriteOptions Service::Parts::write_options(const Cancelled& cancelled) const {
  return {.engine = &deps.engine,
          .folder = deps.blobs.temporary_folder(),
          .limits = {.time = seconds("query.export_time"), .cancelled = cancelled}};
}

Result<Download> Service::Parts::download(Format format, const std::string& base_name, WriteOptions options, const Start& start,
                                          std::function<void(std::uint64_t)> done) {
  QS_TRY(auto place, downloads.enter(count("query.exports")));
  Download out{.file_name = base_name + "." + std::string(name(format)),
               .content_type = std::string(content_type(format)),
               .file = {},
               .write = {}};
  QS_TRY(std::shared_ptr<engine::Cursor> cursor, start());
  if (needs_file(format)) {
    QS_TRY(out.file, write_file(format, *cursor, options));
    done(out.file->rows);
    return out;
  }
  out.write = [format, options = std::move(options), cursor, place, done = std::move(done)](const Sink& sink) -> Result<void> {
    QS_TRY(auto rows, write_rows(format, *cursor, sink, options));
    done(rows);
    return {};
  };
  return out;
}

Result<std::shared_ptr<const engine::Rewriter>> Service::Parts::mark(const Actor& actor, const sharing::Shown& shown,
                                                                     const RowsRequest& request,
                                                                     const std::vector<std::string>& names, Format format,
                                                                     bool by_name, Sql& sql, WriteOptions& options) const {
  if (!shown.grant || deps.watermarks == nullptr) return nullptr;
  std::vector<std::string> ids;
  for (auto column : request.columns) ids.push_back(shown.fields[column].id);
  QS_TRY(auto marks, deps.watermarks->begin(actor, shown, ids, name(format), shown.rows));
  if (marks.visible.empty() && !marks.hidden) return nullptr;
  std::string columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto quoted = engine::quote_name(names[i]);
    columns +=
        (i == 0 ? "" : ", ") +
        (marks.hidden && ids[i] == marks.hidden_column ? fmt::format("{} AS {}", marks.hidden->sql(quoted), quoted) : quoted);
  }
  if (!marks.visible.empty()) {
    std::string column = by_name ? "水印" : "_watermark";
    while (std::ranges::find(names, column) != names.end()) column += "_";
    columns += fmt::format(", {} AS {}", engine::quote_text(marks.visible), engine::quote_name(column));
    if (!options.headers.empty()) options.headers.push_back(column);
  }
  sql.text = fmt::format("SELECT {} FROM ({}) AS marked", columns, sql.text);
  return marks.hidden;
}

Result<Download> Service::download_rows(const Actor& actor, std::string_view code, const Pairs& query, Format format,
                                        const Cancelled& cancelled) {
  QS_TRY(auto version, wanted_version(query));
  QS_TRY(auto shown, parts_->deps.policy.compile_for(actor, sharing::Use::file, code, version));
  auto limits = parts_->rows_limits();
  limits.cursor_key = shown.cursor_key;
  QS_TRY(auto request,
         parse_rows(query, shown.fields, shown.version.number, limits, {kDownloadWords.begin(), kDownloadWords.end()}));
  auto options = parts_->write_options(parts_->while_shown(shown, cancelled));
  options.sheet = shown.dataset.title;
  bool by_name = format == Format::csv || format == Format::xlsx;
  for (const auto& [key, value] : query) {
    if (key == "_bom") options.bom = value != "0" && value != "false";
    if (key == "_raw") options.raw = value != "0" && value != "false";
    if (key != "_header") continue;
    if (value != "name" && value != "id") return bad_parameter(key, "可用的值：name、id。", "takes name or id.");
    by_name = value == "name";
  }
  QS_CHECK(parts_->deps.policy.admit(actor, shown.grant, "export"));
  if (auto left = parts_->deps.policy.rows_left(shown)) {
    QS_TRY(auto rows, count_rows(parts_->deps.engine, shown.select, shown.fields, request, options.limits));
    if (rows > *left)
      return fail(
          Code::limited, "grant.quota", fmt::format("文件有 {} 行，今天还可以取 {} 行。请缩小范围，或明天再取。", rows, *left),
          fmt::format("The file has {} rows, and {} are left for today; narrow it down, or come back tomorrow.", rows, *left));
  }
  std::vector<std::string> names;
  for (auto column : request.columns) names.push_back(by_name ? shown.fields[column].name : shown.fields[column].id);
  if (by_name) options.headers = names;

  // Said before the work, where it can be known.
  if (format == Format::xlsx && shown.rows.value_or(kXlsxRows + 1) > kXlsxRows) {
    QS_TRY(auto rows, count_rows(parts_->deps.engine, shown.select, shown.fields, request, options.limits));
    if (rows > kXlsxRows) return too_many_for_xlsx();
  }
  // What was taken away, before the first byte leaves; not the values of the filter, which may be about people.
  json::array narrowed;
  for (const auto& condition : request.conditions)
    narrowed.push_back(json::string(fmt::format("{} {}", shown.fields[condition.field].name, name(condition.op))));
  if (!request.search.empty()) narrowed.push_back("_search");
  QS_CHECK(parts_->deps.audit.record(actor, {.action = "dataset.export",
                                             .object_kind = "dataset",
                                             .object_id = shown.dataset.id,
                                             .object_name = shown.dataset.title,
                                             .detail = {{"format", name(format)},
                                                        {"version", shown.version.number},
                                                        {"columns", request.columns.size()},
                                                        {"filter", std::move(narrowed)},
                                                        {"grant", shown.grant ? shown.grant->id : std::string()}}}));
  // Larger ones come as they lie in the files: to sort them would keep the reader waiting for the first byte.
  bool by_id = (shown.rows && *shown.rows <= parts_->count("query.count_rows")) || format == Format::xlsx;
  auto sql = all_sql(shown.select, shown.fields, request, names, by_id);
  QS_TRY(auto marks, parts_->mark(actor, shown, request, names, format, by_name, sql, options));
  auto done = [this, actor, shown, marks](std::uint64_t rows) { parts_->count(actor, shown, "export", rows); };
  auto base = file_base(shown.dataset.title, shown.version.number);
  if (format == Format::parquet) {
    // Straight from file to file, on all processors.
    QS_TRY(auto place, parts_->downloads.enter(parts_->count("query.exports")));
    auto file = temporary_file(options.folder, "parquet");
    QS_TRY(file.rows, parts_->deps.engine.execute({.sql = fmt::format("COPY ({}) TO {} (FORMAT parquet, COMPRESSION zstd)",
                                                                      sql.text, engine::quote_text(file.path.string())),
                                                   .params = sql.params,
                                                   .limits = options.limits}));
    done(file.rows);
    return Download{.file_name = base + ".parquet",
                    .content_type = std::string(content_type(format)),
                    .file = std::move(file),
                    .write = {}};
  }
  return parts_->download(
      format, base, options,
      [&] { return parts_->deps.engine.run({.sql = sql.text, .params = sql.params, .limits = options.limits}); }, done);
}

}  // namespace qushu::query
