#include "qushu/base/kept.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace qushu {
namespace {

using Text = std::shared_ptr<const std::string>;

Text text(std::string of) {
  return std::make_shared<const std::string>(std::move(of));
}

TEST(KeptTest, WhatWasNotAskedForLongestGoesFirst) {
  Kept<Text> kept;
  for (const char* key : {"a", "b", "c"}) kept.keep(key, text(key), 1000, 3600);
  EXPECT_TRUE(kept.find("a"));
  kept.keep("d", text("d"), 1000, 3600);
  EXPECT_EQ(kept.find("b"), nullptr);
  for (const char* key : {"a", "c", "d"}) {
    ASSERT_TRUE(kept.find(key)) << key;
    EXPECT_EQ(*kept.find(key), key);
  }
  EXPECT_LE(kept.bytes(), 3600U);
}

TEST(KeptTest, ANewValueTakesTheOldOnesPlace) {
  Kept<Text> kept;
  kept.keep("a", text("old"), 1000, 5000);
  auto before = kept.bytes();
  kept.keep("a", text("new"), 1000, 5000);
  EXPECT_EQ(*kept.find("a"), "new");
  EXPECT_EQ(kept.bytes(), before);
  // Too heavy alone: the old one is not right any more either.
  kept.keep("a", text("huge"), 9000, 5000);
  EXPECT_EQ(kept.find("a"), nullptr);
  EXPECT_EQ(kept.bytes(), 0U);
  kept.keep("a", text("x"), 10, 5000);
  kept.clear();
  EXPECT_EQ(kept.find("a"), nullptr);
}

TEST(KeptTest, ThreadsShareIt) {
  Kept<Text> kept;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 2000; ++k) {
        auto key = std::to_string(k % 50);
        if (auto found = kept.find(key)) EXPECT_EQ(*found, key);
        kept.keep(key, text(key), 100, 4000);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_LE(kept.bytes(), 4000U);
}

}  // namespace
}  // namespace qushu
