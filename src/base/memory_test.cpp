#include "qushu/base/memory.h"

#include <cstdint>
#include <cstring>

#include <gtest/gtest.h>

namespace qushu {
namespace {

TEST(BlockPool, ABlockIsHandedOutAgainOnlyWhenNobodyHoldsIt) {
  BlockPool pool(2 * BlockPool::kAligned);
  auto first = pool.take();
  ASSERT_TRUE(first);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first.get()) % BlockPool::kAligned, 0U);
  std::memset(first.get(), 'a', 2 * BlockPool::kAligned);
  SharedBytes lent{.owner = first, .bytes = {first.get(), 3}};
  const auto* where = first.get();
  first.reset();
  EXPECT_NE(pool.take().get(), where) << "it is lent";
  EXPECT_EQ(lent.bytes, "aaa");
  lent = {};
  auto again = pool.take(), other = pool.take();
  EXPECT_TRUE(again.get() == where || other.get() == where);
  EXPECT_NE(again.get(), other.get());
}

TEST(BlockPool, BlocksOutliveIt) {
  std::shared_ptr<char> block;
  {
    BlockPool pool(BlockPool::kAligned);
    block = pool.take();
  }
  std::memset(block.get(), 'b', BlockPool::kAligned);
  EXPECT_EQ(block.get()[BlockPool::kAligned - 1], 'b');
}

}  // namespace
}  // namespace qushu
