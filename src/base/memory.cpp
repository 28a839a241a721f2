#include "qushu/base/memory.h"

#include <cstdlib>
#include <mutex>
#include <vector>

#include <sys/mman.h>

namespace qushu {
namespace {

// A page of this size spares five hundred faults and as many entries of the translation cache.
constexpr std::size_t kHugePage = std::size_t{2} << 20U;

char* fresh_block(std::size_t bytes) {
  bool huge = bytes % kHugePage == 0;
  auto* block = static_cast<char*>(std::aligned_alloc(huge ? kHugePage : BlockPool::kAligned, bytes));
  if (huge && block != nullptr) (void)::madvise(block, bytes, MADV_HUGEPAGE);  // where there are none, small pages serve
  return block;
}

}  // namespace

struct BlockPool::Shelf {
  explicit Shelf(std::size_t size) : bytes(size) {}
  ~Shelf() {
    for (auto* block : blocks) std::free(block);  // NOLINT: of aligned_alloc
  }
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  const std::size_t bytes;
  std::mutex mutex;
  std::vector<char*> blocks;
};

BlockPool::BlockPool(std::size_t bytes) : shelf_(std::make_shared<Shelf>(bytes)) {}

std::shared_ptr<char> BlockPool::take() {
  char* block = nullptr;
  {
    std::scoped_lock lock(shelf_->mutex);
    if (!shelf_->blocks.empty()) {
      block = shelf_->blocks.back();
      shelf_->blocks.pop_back();
    }
  }
  if (block == nullptr) block = fresh_block(shelf_->bytes);
  if (block == nullptr) return nullptr;
  return {block, [shelf = shelf_](char* done) {
            std::scoped_lock lock(shelf->mutex);
            shelf->blocks.push_back(done);
          }};
}

}  // namespace qushu
