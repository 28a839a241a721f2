#include "key_file.h"

#include <map>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "temp_folder.h"

namespace qushu::query {
namespace {

class Keys : public ::testing::Test {
 protected:
  std::filesystem::path file_;
  testing::TempFolder folder_;

  void SetUp() override {
    file_ = folder_.path() / "index";
    std::ofstream(file_) << "what lies before";
  }

  // As many entries of each key as it says; ids count on. What was written, by key.
  std::map<std::uint64_t, std::vector<std::int64_t>> write(const std::vector<std::pair<std::uint64_t, int>>& keys,
                                                           std::uint64_t expected, std::uint64_t repeated) {
    std::map<std::uint64_t, std::vector<std::int64_t>> all;
    KeyFileWriter writer(file_, expected);
    std::int64_t id = 0;
    for (auto [key, times] : keys)
      for (int i = 0; i < times; ++i) {
        ++id;
        EXPECT_TRUE(writer.add({.key = key_of(key), .id = id, .row = {.first = id * 3, .second = -id}}));
        all[key].push_back(id);
      }
    auto finished = writer.finish();
    EXPECT_TRUE(finished);
    EXPECT_EQ(*finished, repeated);
    return all;
  }

  static KeyHash key_of(std::uint64_t number) { return hash_key(std::to_string(number)); }
};

TEST_F(Keys, EveryKeyIsFoundAndNoOther) {
  std::vector<std::pair<std::uint64_t, int>> keys;
  std::mt19937_64 random(7);
  std::uint64_t repeated = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    auto times = i % 1000 == 0 ? 500 : static_cast<int>(1 + i % 2);
    repeated += static_cast<std::uint64_t>(times) - 1;
    keys.emplace_back(i, times);
  }
  std::ranges::shuffle(keys, random);
  // Many parts, of which each is written to its file several times, whatever was expected.
  for (std::uint64_t expected : {std::uint64_t{0}, std::uint64_t{30'000'000}}) {
    SetUp();
    auto all = write(keys, expected, repeated);
    auto opened = KeyFile::open(file_);
    ASSERT_TRUE(opened);
    EXPECT_EQ((*opened)->offset(), 16U);
    for (std::uint64_t i = 0; i < 20'500; i += 97) {
      auto found = (*opened)->find(key_of(i), 1000);
      ASSERT_TRUE(found);
      std::vector<std::int64_t> ids;
      for (const auto& entry : *found) {
        EXPECT_EQ(entry.row, (RowHash{.first = entry.id * 3, .second = -entry.id}));
        ids.push_back(entry.id);
      }
      EXPECT_EQ(ids, all[i]) << i;
    }
    EXPECT_EQ((*opened)->find(key_of(1000), 3)->size(), 3U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
  }
}

TEST_F(Keys, ManyAtOnceAreTheSameAsOneByOne) {
  std::vector<std::pair<std::uint64_t, int>> keys;
  for (std::uint64_t i = 0; i < 50'000; ++i) keys.emplace_back(i, i % 5000 == 0 ? 300 : 1);
  write(keys, 50'000, std::uint64_t{10} * 299);
  auto opened = KeyFile::open(file_);
  ASSERT_TRUE(opened);
  for (std::uint64_t step : {1U, 7U, 400U, 60'000U}) {
    std::vector<KeyHash> asked;
    for (std::uint64_t i = 0; i < 55'000; i += step) asked.push_back(key_of(i));
    asked.push_back({.high = 0, .low = 0});
    asked.push_back({.high = ~0ULL, .low = ~0ULL});
    asked.push_back(key_of(0));  // a key that is asked twice is answered twice
    std::ranges::sort(asked);
    std::map<std::size_t, std::vector<std::int64_t>> together;
    ASSERT_TRUE((*opened)->find_all(asked, 200, [&](std::size_t place, std::span<const KeyEntry> entries) -> Result<void> {
      for (const auto& entry : entries) together[place].push_back(entry.id);
      return {};
    }));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      auto alone = (*opened)->find(asked[i], 200);
      ASSERT_TRUE(alone);
      std::vector<std::int64_t> ids;
      for (const auto& entry : *alone) ids.push_back(entry.id);
      EXPECT_EQ(together[i], ids) << step << " " << i;
    }
  }
}

TEST_F(Keys, NoKeysAtAllAreAListToo) {
  write({}, 0, 0);
  auto opened = KeyFile::open(file_);
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->find(key_of(1), 10)->empty());
  EXPECT_TRUE(
      (*opened)->find_all(std::vector{key_of(1)}, 10, [](std::size_t, auto) -> Result<void> { return fail_internal("?"); }));
}

TEST_F(Keys, WhatIsCutOffOrChangedIsNoList) {
  EXPECT_FALSE(KeyFile::open(file_));
  write({{1, 1}, {2, 1}, {3, 200}}, 0, 199);
  auto size = std::filesystem::file_size(file_);
  ASSERT_TRUE(KeyFile::open(file_));
  for (auto left : {size - 1, size - 24, size / 2, std::uintmax_t{3}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(file_, left);
    EXPECT_FALSE(KeyFile::open(file_)) << left;
  }
}

}  // namespace
}  // namespace qushu::query
