#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "document.h"
#include "stored_push.h"
#include "writing.h"

namespace qushu::ingest {
namespace {

Failure not_json(std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid, .id = "push.json", .text = {std::move(zh), std::move(en)}, .subject = "body"});
}

std::string columns_text(const std::vector<catalog::Field>& fields) {
  json::array out;
  for (const auto& c : catalog::columns_of(fields)) out.emplace_back(json::array{c.id, engine::name(c.type), c.width, c.scale});
  return json::serialize(out);
}

json::object fault_document(const Pushes::Fault& f) {
  return {{"row", f.row}, {"field", f.field}, {"value", f.value}, {"reason", text_pair(f.reason)}};
}

Pushes::Fault fault_of(const json::object& o) {
  const auto& reason = o.at("reason").as_object();
  return {.row = o.at("row").to_number<std::uint64_t>(),
          .field = text_at(o, "field"),
          .value = text_at(o, "value"),
          .reason = {text_at(reason, "zh"), text_at(reason, "en")}};
}

}  // namespace

// A request's rows are gathered into batches; each full one is kept before more is read.
class StoredPushes::Intake {
 public:
  Intake(StoredPushes& pushes, const Actor& actor, const catalog::Dataset& dataset, const Request& request, std::string mode)
      : pushes_(pushes),
        actor_(actor),
        dataset_(dataset),
        request_(request),
        mode_(std::move(mode)),
        columns_(columns_text(dataset.fields)),
        batch_rows_(static_cast<std::uint64_t>(pushes.deps_.settings.integer("ingest.push_batch"))),
        rows_(dataset.fields, mode_ == "upsert", request.remove,
              static_cast<std::size_t>(pushes.deps_.settings.integer("ingest.push_row"))) {}

  Result<void> take(const json::value& row, std::string_view raw) {
    auto fault = rows_.add(row);
    std::string written;
    if (raw.empty() && (fault || !request_.idempotency_key.empty())) {
      written = json::serialize(row);
      raw = written;
    }
    if (fault)
      refuse(*std::move(fault), std::string(raw));
    else if (request_.wait)
      places_.push_back(total_ + 1);
    return taken(raw);
  }
  Result<void> take_line(std::string_view line) {
    if (trim(line).empty()) return {};
    boost::system::error_code failed;
    auto row = json::parse(line, failed);
    if (!failed) return take(row, line);
    refuse({.field = "",
            .value = shorten(well_formed(line), 200),
            .reason = {"不是 JSON：" + failed.message(), "not JSON: " + failed.message()}},
           well_formed(line));
    return taken(line);
  }
  Result<Answer> finish() {
    if (read_ > 0) QS_CHECK(keep());
    if (request_.wait && !sent_.empty()) QS_CHECK(pushes_.wait_for(actor_, dataset_, sent_, request_, answer_));
    return answer_;
  }

 private:
  void refuse(RowFault fault, std::string raw) {
    ++rejected_;
    rejects_ += json::serialize(json::object{{"line", total_ + 1},
                                             {"field", fault.field},
                                             {"value", fault.value},
                                             {"reason_zh", fault.reason.zh},
                                             {"reason_en", fault.reason.en},
                                             {"raw", shorten(raw, 20000)}}) +
                '\n';
    if (faults_.size() < kFaults)
      faults_.push_back({.row = total_ + 1,
                         .field = std::move(fault.field),
                         .value = std::move(fault.value),
                         .reason = std::move(fault.reason)});
  }

  Result<void> taken(std::string_view raw) {
    ++total_;
    ++read_;
    if (!request_.idempotency_key.empty()) {
      digest_.update(raw);
      digest_.update("\n");
    }
    return read_ >= batch_rows_ ? keep() : Result<void>();
  }

  Result<void> keep() {
    if (request_.cancelled && request_.cancelled())
      return fail(Code::cancelled, "push.cancelled", "发送方已断开。", "The sender went away.");
    if (rows_.rows() > 0) QS_CHECK(pushes_.check_room(dataset_, rows_.rows()));
    auto digest = crypto::to_hex(digest_.finish());
    digest_ = crypto::Digest();
    auto id = new_id();
    auto kept = pushes_.deps_.store.write([&](store::Transaction& t) -> Result<json::object> {
      QS_TRY(auto known, answered(t, digest));
      if (known) return *std::move(known);
      QS_CHECK(pushes_.keep(t, actor_,
                            {.id = id,
                             .dataset = dataset_,
                             .mode = mode_,
                             .columns = columns_,
                             .payload = rows_.text(),
                             .rejects = rejects_,
                             .rows = rows_.rows(),
                             .rejected = rejected_}));
      json::array faults;
      for (const auto& f : faults_) faults.emplace_back(fault_document(f));
      json::object answer{{"batch", id}, {"accepted", rows_.rows()}, {"rejected", rejected_}, {"faults", std::move(faults)}};
      QS_CHECK(remember(t, digest, answer));
      return answer;
    });
    if (!kept) {
      if (answer_.accepted > 0) kept.error().detail += fmt::format(" after {} rows were accepted", answer_.accepted);
      return fail(std::move(kept).error());
    }
    if (request_.wait) sent_.push_back({.id = text_at(*kept, "batch"), .rows = std::move(places_)});
    places_.clear();
    answer_.accepted += kept->at("accepted").to_number<std::uint64_t>();
    answer_.rejected += kept->at("rejected").to_number<std::uint64_t>();
    for (const auto& f : kept->at("faults").as_array())
      if (answer_.faults.size() < kFaults) answer_.faults.push_back(fault_of(f.as_object()));
    ++part_;
    rows_.clear();
    rejects_.clear();
    faults_.clear();
    read_ = rejected_ = 0;
    return {};
  }

  // What this part of the request was answered before.
  Result<std::optional<json::object>> answered(store::Session& s, const std::string& digest) const {
    if (request_.idempotency_key.empty()) return std::nullopt;
    QS_TRY(auto row,
           s.one("SELECT digest, answer FROM push_key WHERE dataset_id = ? AND person_id = ? AND key = ? AND part = ?",
                 {dataset_.id, actor_.person_id, request_.idempotency_key, part_}));
    if (!row) return std::nullopt;
    if (row->text(0) != digest)
      return fail(Error{.code = Code::conflict,
                        .id = "push.key_reused",
                        .text = {"这个 Idempotency-Key 已经用于内容不同的请求，请换一个。",
                                 "This Idempotency-Key was used for a request with another body; choose another one."},
                        .subject = "Idempotency-Key"});
    boost::system::error_code failed;
    auto answer = json::parse(row->text(1), failed);
    if (failed || !answer.is_object()) return fail_internal("a kept answer cannot be read");
    return std::move(answer.as_object());
  }
  Result<void> remember(store::Transaction& t, const std::string& digest, const json::object& answer) const {
    if (request_.idempotency_key.empty()) return {};
    QS_CHECK(t.exec("INSERT INTO push_key (dataset_id, person_id, key, part, digest, answer, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    {dataset_.id, actor_.person_id, request_.idempotency_key, part_, digest, json::serialize(answer),
                     pushes_.deps_.clock.now()}));
    return {};
  }

  StoredPushes& pushes_;
  const Actor& actor_;
  const catalog::Dataset& dataset_;
  const Request& request_;
  const std::string mode_, columns_;
  const std::uint64_t batch_rows_;
  PushedRows rows_;
  std::string rejects_;
  std::vector<Fault> faults_;
  std::uint64_t total_ = 0, read_ = 0, rejected_ = 0;  // of the request; of this batch
  crypto::Digest digest_;
  std::int64_t part_ = 0;
  std::vector<Sent> sent_;             // of a request that waits
  std::vector<std::uint64_t> places_;  // in the request, of the rows of this batch
  Answer answer_;
};

std::unique_ptr<Pushes> Pushes::open(Deps deps) {
  auto pushes = std::make_unique<StoredPushes>(deps);
  pushes->register_jobs();
  return pushes;
}

Result<Pushes::Answer> StoredPushes::push(const Actor& actor, const catalog::Dataset& dataset, const Request& request,
                                          const Read& read) {
  if (dataset.fields.empty())
    return fail(Error{
        .code = Code::conflict,
        .id = "push.no_fields",
        .text = {"数据集还没有信息项，不知道该收什么样的数据。请先登记信息项，或导入一个文件。",
                 "The dataset has no fields yet, so it is not known what its rows are. Describe its fields, or import a file."},
        .subject = "dataset"});
  bool keyed = std::ranges::any_of(dataset.fields, &catalog::Field::key);
  auto mode = request.mode.empty() ? std::string(keyed ? "upsert" : "append") : request.mode;
  if ((mode == "upsert" || request.remove) && !keyed)
    return fail(Error{.code = Code::invalid,
                      .id = "dataset.no_key",
                      .text = {"数据集没有声明主键，不能按主键更新。请先在信息项中指定主键，或改用追加。",
                               "The dataset declares no key to update by. Declare one among its fields, or append instead."},
                      .subject = "mode"});
  Intake intake(*this, actor, dataset, request, request.remove ? "upsert" : mode);
  std::string block(std::size_t{256} << 10, '\0'), rest;
  auto limit = static_cast<std::size_t>(deps_.settings.integer("ingest.push_body"));
  for (;;) {
    QS_TRY(auto got, read(block));
    if (got == 0) break;
    rest.append(block, 0, got);
    if (request.shape == Shape::lines) {
      std::size_t begun = 0;
      for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begun)) {
        QS_CHECK(intake.take_line(std::string_view(rest).substr(begun, end - begun)));
        begun = end + 1;
      }
      rest.erase(0, begun);
    }
    if (rest.size() > limit)
      return fail(Error{
          .code = Code::too_large,
          .id = "push.body",
          .text = {fmt::format("一次推送或一行超过 {} 字节的上限；大量数据请按行发送 NDJSON（application/x-ndjson）。", limit),
                   fmt::format(
                       "The body, or a line of it, is larger than {} bytes; send many rows as NDJSON (application/x-ndjson).",
                       limit)},
          .subject = "body"});
  }
  if (request.shape == Shape::lines) {
    QS_CHECK(intake.take_line(rest));
    return intake.finish();
  }
  boost::system::error_code failed;
  auto value = json::parse(rest, failed);
  if (failed) return not_json("请求体不是 JSON：" + failed.message(), "The body is not JSON: " + failed.message());
  if (const auto* list = value.if_array()) {
    for (const auto& row : *list) QS_CHECK(intake.take(row, {}));
  } else if (value.is_object()) {
    QS_CHECK(intake.take(value, {}));
  } else {
    return not_json("请求体应为一个 JSON 对象，或由对象组成的数组。",
                    "The body must be a JSON object, or an array of objects.");
  }
  return intake.finish();
}

// Where a batch stands among the others: by the clock, but never twice the same from this process.
std::int64_t StoredPushes::next_place() {
  std::scoped_lock lock(mutex_);
  last_place_ = std::max(last_place_ + 1, to_micros(deps_.clock.now()));
  return last_place_;
}

Result<void> StoredPushes::keep(store::Transaction& t, const Actor& actor, const Batch& b) {
  QS_CHECK(
      t.exec("INSERT INTO push_batch (id, dataset_id, place, mode, columns, row_count, rejected_count, person_id, person_name, "
             "at, rejects, "
             "payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {b.id, b.dataset.id, next_place(), b.mode, b.columns, b.rows, b.rejected, actor.person_id, actor.name,
              deps_.clock.now(), b.rejects, b.payload}));
  return order_flush(t, actor, b.dataset, std::chrono::seconds(deps_.settings.integer("ingest.push_interval")));
}

// A flush is queued unless one is due already.
Result<void> StoredPushes::order_flush(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                       Duration pause) {
  auto now = deps_.clock.now();
  auto due = now + pause;
  // One that did not begin long after its time was cancelled, or its process is gone for good.
  constexpr auto kOverdue = std::chrono::minutes(2);
  QS_TRY(auto ordered, t.one("SELECT due FROM push_flush WHERE dataset_id = ?", {dataset.id}));
  if (ordered && ordered->time(0) <= due && ordered->time(0) + kOverdue > now) return {};
  QS_CHECK(deps_.jobs.add(t, actor,
                          {.kind = "push.flush",
                           .title = {"推送入库 " + dataset.title, "Take in pushed rows of " + dataset.title},
                           .input = {{"dataset", dataset.id}},
                           .object_kind = "dataset",
                           .object_id = dataset.id,
                           .run_after = due}));
  QS_CHECK(
      t.exec("INSERT INTO push_flush (dataset_id, due) VALUES (?, ?) ON CONFLICT (dataset_id) DO UPDATE SET due = excluded.due",
             {dataset.id, due}));
  return {};
}

// Asked at most once a second of the store; what was taken since is added.
Result<void> StoredPushes::check_room(const catalog::Dataset& dataset, std::uint64_t more) {
  auto limit = static_cast<std::uint64_t>(deps_.settings.integer("ingest.push_waiting"));
  auto now = std::chrono::steady_clock::now();
  bool ask = false;
  {
    std::scoped_lock lock(mutex_);
    auto [room, fresh] = rooms_.try_emplace(dataset.id, Room{.asked = now});
    ask = fresh || now - room->second.asked > std::chrono::seconds(1);
  }
  std::optional<std::uint64_t> rows;
  if (ask) {
    QS_TRY(rows, waiting(dataset.id));
  }
  std::scoped_lock lock(mutex_);
  auto& room = rooms_[dataset.id];
  if (rows) room = {.asked = now, .rows = *rows};
  if (room.rows + more > limit)
    return fail(Code::limited, "push.waiting", fmt::format("等待入库的推送数据已达 {} 行的上限，请稍后再送。", limit),
                fmt::format("{} pushed rows wait to be taken in, as many as may; send more in a moment.", limit));
  room.rows += more;
  return {};
}

Result<std::uint64_t> StoredPushes::waiting(std::string_view dataset_id) const {
  return deps_.store.read([&](store::Session& s) -> Result<std::uint64_t> {
    QS_TRY(auto row, s.one("SELECT coalesce(sum(row_count), 0) FROM push_batch WHERE dataset_id = ?", {dataset_id}));
    // PostgreSQL sums BIGINT to NUMERIC, which arrives as text.
    if (const auto* text = std::get_if<std::string>(&(*row)[0])) return static_cast<std::uint64_t>(to_int(*text).value_or(0));
    return static_cast<std::uint64_t>(row->integer(0));
  });
}

Result<std::string> StoredPushes::flush(const Actor& actor, const catalog::Dataset& dataset) {
  return deps_.store.write([&](store::Transaction& t) -> Result<std::string> {
    QS_TRY(auto waits, t.one("SELECT 1 FROM push_batch WHERE dataset_id = ? LIMIT 1", {dataset.id}));
    if (!waits) return std::string();
    return deps_.jobs.add(t, actor,
                          {.kind = "push.flush",
                           .title = {"推送入库 " + dataset.title, "Take in pushed rows of " + dataset.title},
                           .input = {{"dataset", dataset.id}},
                           .object_kind = "dataset",
                           .object_id = dataset.id});
  });
}

Result<void> StoredPushes::add_outcome(const Sent& sent, Answer& answer) const {
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
    return s.one("SELECT rejected, faults FROM push_outcome WHERE batch_id = ?", {sent.id});
  }));
  if (!row) return {};
  const auto rejected = static_cast<std::uint64_t>(row->integer(0));
  answer.accepted -= std::min(rejected, answer.accepted);
  answer.rejected += rejected;
  const auto faults = json::parse(row->text(1));
  for (const auto& item : faults.as_array()) {
    if (answer.faults.size() >= kFaults) break;
    auto fault = fault_of(item.as_object());
    if (fault.row > 0 && fault.row <= sent.rows.size()) fault.row = sent.rows[fault.row - 1];
    answer.faults.push_back(std::move(fault));
  }
  return {};
}

Result<void> StoredPushes::wait_for(const Actor& actor, const catalog::Dataset& dataset, const std::vector<Sent>& sent,
                                    const Request& request, Answer& answer) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(deps_.settings.integer("ingest.push_wait"));
  QS_CHECK(deps_.store.write([&](store::Transaction& t) { return order_flush(t, actor, dataset, Duration(0)); }));
  while (!answer.visible && std::chrono::steady_clock::now() < until && !(request.cancelled && request.cancelled())) {
    auto left = deps_.store.read(
        [&](store::Session& session) { return session.one("SELECT 1 FROM push_batch WHERE id = ?", {sent.back().id}); });
    QS_CHECK(left);
    answer.visible = !left->has_value();
    if (!answer.visible) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (answer.visible) {
    QS_TRY(auto version, deps_.catalog.version(dataset.id, 0));
    answer.version = version.number;
    for (const auto& batch : sent) QS_CHECK(add_outcome(batch, answer));
  }
  return {};
}

json::object to_json(const Pushes::Answer& a, Lang lang) {
  json::array errors;
  for (const auto& f : a.faults)
    errors.emplace_back(json::object{{"row", f.row}, {"field", f.field}, {"value", f.value}, {"reason", f.reason.in(lang)}});
  return {{"accepted", a.accepted},
          {"rejected", a.rejected},
          {"errors", std::move(errors)},
          {"visible", a.visible},
          {"version", a.version == 0 ? json::value(nullptr) : json::value(a.version)}};
}

}  // namespace qushu::ingest
