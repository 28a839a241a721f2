// For tests: changes over a real catalogue, blobs and engine, and a dataset as rows of text.
#pragma once

#include <map>
#include <optional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "qushu/ingest/change.h"
#include "qushu/ingest/ingest.h"
#include "qushu/sharing/version_rows.h"

#include "store_fixture.h"

namespace qushu::ingest {

class ChangeTest : public testing::StoreTest {
 protected:
  // A row: its key, its name (nothing: empty) and a number.
  struct Row {
    std::optional<std::string> code, name;
    std::optional<std::int64_t> number;
    bool removed = false;
  };

  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), catalog::migrations());
    for (auto specs : {audit::settings(), catalog::settings(), engine::settings(), settings()}) settings_.declare(specs);
    audit_ = take(audit::Audit::open(store(), settings_, folder(), system_clock()));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_, [] { return Result<std::map<std::string, std::string>>(std::map<std::string, std::string>{}); },
        system_clock()));
    changes_ = std::make_unique<Changes>(
        Changes::Deps{.blobs = *blobs_, .engine = *engine_, .catalog = *catalog_, .settings = settings_});
    take(store().write([&](store::Transaction& t) {
      return catalog_->add(t, Actor::system(), {.code = "firms", .title = "企业", .department_id = "d1"});
    }));
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }

  static catalog::Field field(std::string id, engine::Type type = engine::Type::text, bool key = false) {
    catalog::Field f;
    f.id = f.name = std::move(id);
    f.type = type;
    f.key = key;
    return f;
  }
  static std::vector<catalog::Field> fields(bool keyed = true) {
    return {field("code", engine::Type::text, keyed), field("name"), field("number", engine::Type::integer)};
  }
  static std::string text(const std::optional<std::string>& value) {
    return value ? engine::quote_text(*value) : "CAST(NULL AS VARCHAR)";
  }
  static Incoming incoming(const std::vector<Row>& rows, bool keyed = true) {
    Incoming in{.fields = fields(keyed)};
    in.origins = {{.import_id = "", .file_name = "表.csv", .file_blob = "", .table = ""}};
    std::string values;
    std::int64_t line = 0;
    for (const auto& r : rows)
      values += fmt::format("{}({}, {}, {}, {}, {})", values.empty() ? "" : ", ", ++line, text(r.code), text(r.name),
                            r.number ? fmt::format("{}", *r.number) : "NULL", r.removed);
    bool none = values.empty();
    if (none) values = "(0, '', '', 0, false)";
    in.select = fmt::format(
        "SELECT CAST(_id AS BIGINT) AS _id, code, name, CAST(number AS BIGINT) AS number, _removed FROM (VALUES {}) t(_id, "
        "code, "
        "name, number, _removed){}",
        values, none ? " WHERE false" : "");
    return in;
  }

  catalog::Dataset dataset() { return take(catalog_->find({.all = true}, "firms")); }
  catalog::Version version(std::int64_t number = 0) { return take(catalog_->version(dataset().id, number)); }

  Result<Change> prepare(Mode mode, const Incoming& in) { return changes_->prepare(dataset(), "firms", mode, in, {}); }
  Result<std::int64_t> publish(const Change& change) {
    return store().write([&](store::Transaction& t) { return changes_->publish(t, Actor::system(), dataset(), change); });
  }
  catalog::Version apply(Mode mode, const Incoming& in) {
    take(publish(take(prepare(mode, in))));
    return version();
  }

  // "code|name|number" of every row of a version, in order; an empty value is "-".
  std::vector<std::string> rows(const catalog::Version& v) {
    return lines(fmt::format("SELECT * EXCLUDE (_id) FROM ({}) AS r", take(sharing::rows_of(v, *blobs_)).select));
  }
  std::vector<std::string> rows() { return rows(version()); }
  std::vector<std::string> lines(const std::string& sql) {
    std::vector<std::string> out;
    auto cursor = take(engine_->run({.sql = sql}));
    while (const auto* chunk = take(cursor->next()))
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        std::string line;
        for (std::size_t c = 0; c < cursor->columns().size(); ++c) {
          if (c > 0) line += '|';
          if (chunk->is_null(c, r))
            line += '-';
          else
            chunk->append_text(c, r, line);
        }
        out.push_back(std::move(line));
      }
    std::ranges::sort(out);
    return out;
  }
  // "line|field|reason" of every rejected row.
  std::vector<std::string> rejects(const catalog::Version& v) {
    if (v.rejects_blob.empty()) return {};
    return lines("SELECT line, field, reason_en, raw FROM " + engine::parquet_scan({take(blobs_->path(v.rejects_blob))}));
  }
  // Every `_id` is there once, and below the next.
  void expect_ids(const catalog::Version& v) {
    auto select = take(sharing::rows_of(v, *blobs_)).select;
    EXPECT_EQ(
        lines(fmt::format("SELECT count(*) = {}, count(*) = count(DISTINCT _id), coalesce(max(_id), 0) < {} FROM ({}) AS r",
                          v.published, std::max<std::int64_t>(v.next_id, 1), select)),
        std::vector<std::string>{"true|true|true"});
  }

  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Changes> changes_;
};

}  // namespace qushu::ingest
