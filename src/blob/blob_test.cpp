#include <fstream>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qushu/blob/blob_store.h"
#include "qushu/blob/write_behind.h"
#include "qushu/crypto/crypto.h"

#include "temp_folder.h"

namespace qushu::blob {
namespace {

class BlobTest : public ::testing::Test {
 protected:
  void SetUp() override { blobs_ = *BlobStore::open_local(folder_.path()); }
  Result<BlobInfo> put(std::string_view content) {
    auto writer = *blobs_->create();
    QS_CHECK(writer->write(content));
    return writer->commit();
  }
  testing::TempFolder folder_;
  std::unique_ptr<BlobStore> blobs_;
};

TEST_F(BlobTest, IsNamedByItsContentAndStoredOnce) {
  auto one = put("区枢"), two = put("区枢");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->sha256, crypto::digest_hex("区枢"));
  EXPECT_EQ(one->sha256, two->sha256);
  EXPECT_EQ(std::filesystem::file_size(*blobs_->path(one->sha256)), one->size);
  EXPECT_TRUE(blobs_->verify(one->sha256));
}

TEST_F(BlobTest, LargeOnesComeInPiecesOfAnySize) {
  std::string content;
  for (int i = 0; content.size() < (21U << 20U); ++i) content += std::to_string(i);
  for (std::size_t piece : {std::size_t{1} << 20U, std::size_t{4} << 20U, std::size_t{999'983}, content.size()}) {
    auto writer = *blobs_->create();
    for (std::size_t at = 0; at < content.size(); at += piece)
      ASSERT_TRUE(writer->write(std::string_view(content).substr(at, piece)));
    EXPECT_EQ(writer->written(), content.size());
    auto info = writer->commit();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->sha256, crypto::digest_hex(content));
    EXPECT_TRUE(blobs_->verify(info->sha256));
  }
  auto half = *blobs_->create();
  ASSERT_TRUE(half->write(content));
}

// Aligned blocks are lent, others are copied; a lent one may be filled anew once nobody holds it.
TEST_F(BlobTest, PiecesThatAreLentArriveAsTheyWere) {
  constexpr std::size_t kBlock = 4U << 20U;
  for (std::size_t cut : {std::size_t{0}, std::size_t{4096}, std::size_t{1}}) {
    BlockPool pool(kBlock);
    std::string content;
    auto writer = *blobs_->create();
    for (int i = 0; i < 12; ++i) {
      auto block = pool.take();
      ASSERT_TRUE(block);
      for (std::size_t at = 0; at < kBlock; ++at)
        block.get()[at] = static_cast<char>(at * 31 / 7 + static_cast<std::size_t>(i));
      std::string_view bytes(block.get(), i == 11 ? 12'345 : i == 5 ? kBlock - cut : kBlock);
      content += bytes;
      ASSERT_TRUE(writer->write(SharedBytes{.owner = std::move(block), .bytes = bytes}));
    }
    EXPECT_EQ(writer->written(), content.size());
    auto info = writer->commit();
    ASSERT_TRUE(info);
    EXPECT_EQ(info->sha256, crypto::digest_hex(content)) << cut;
    EXPECT_TRUE(blobs_->verify(info->sha256)) << cut;
  }
}

TEST_F(BlobTest, NamesFromOutsideCannotLeaveTheFolder) {
  EXPECT_EQ(blobs_->path("../../etc/passwd").error().code, Code::invalid);
  EXPECT_EQ(blobs_->path(std::string(64, 'a')).error().code, Code::not_found);
}

TEST_F(BlobTest, DamageIsFound) {
  auto info = put("whole");
  auto file = *blobs_->path(info->sha256);
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  std::ofstream(file) << "broken";
  EXPECT_EQ(blobs_->verify(info->sha256).error().id, "blob.damaged");
}

TEST_F(BlobTest, AdoptsAndCopies) {
  auto mine = blobs_->temporary_folder() / "made";
  std::ofstream(mine) << "made by a library";
  auto adopted = blobs_->adopt(mine);
  ASSERT_TRUE(adopted);
  EXPECT_FALSE(std::filesystem::exists(mine));
  auto outside = folder_.path() / "outside.csv";
  std::ofstream(outside) << "made by a library";
  auto copied = blobs_->copy_in(outside);
  ASSERT_TRUE(copied);
  EXPECT_EQ(copied->sha256, adopted->sha256);
  EXPECT_TRUE(std::filesystem::exists(outside));
  EXPECT_EQ(blobs_->copy_in(folder_.path() / "none").error().code, Code::invalid);
  EXPECT_EQ(blobs_->copy_in(folder_.path()).error().code, Code::invalid);
}

TEST_F(BlobTest, WhatIsNotCommittedLeavesNothing) {
  {
    auto writer = *blobs_->create();
    ASSERT_TRUE(writer->write("half"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(blobs_->temporary_folder()));
}

TEST_F(BlobTest, ADeadProcessLeavesNothing) {
  auto child = fork();
  if (child == 0) {
    auto blobs = BlobStore::open_local(folder_.path());
    auto writer = *(*blobs)->create();
    if (!writer->write("half")) _exit(1);
    raise(SIGKILL);
  }
  waitpid(child, nullptr, 0);
  auto count = [&] { return std::distance(std::filesystem::directory_iterator(folder_.path() / "tmp"), {}); };
  EXPECT_EQ(count(), 4);  // ours and the dead one's, folder and lock each
  auto again = BlobStore::open_local(folder_.path());
  ASSERT_TRUE(again);
  EXPECT_EQ(count(), 4);  // ours and the new one's
  EXPECT_TRUE(put("still works"));
}

TEST_F(BlobTest, AFullDiskIsSaidAndLosesNothing) {
  auto kept = put("kept");
  auto child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit{.rlim_cur = 4096, .rlim_max = 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto written = put(std::string(100'000, 'x'));
    _exit(!written && written.error().code == Code::storage_full ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(blobs_->verify(kept->sha256));
}

TEST_F(BlobTest, SweepRemovesOnlyOldAndUnused) {
  auto used = put("used"), unused = put("unused");
  EXPECT_EQ(*blobs_->sweep(std::chrono::hours(1), [](auto) { return false; }), 0U);
  EXPECT_EQ(*blobs_->sweep(std::chrono::seconds(0), [&](std::string_view name) { return name == used->sha256; }), unused->size);
  EXPECT_TRUE(blobs_->path(used->sha256));
  EXPECT_FALSE(blobs_->path(unused->sha256));
  EXPECT_GT(*blobs_->free_bytes(), 0U);
}

TEST_F(BlobTest, AFileWrittenBehindIsThatFile) {
  auto file = std::filesystem::temp_directory_path() / "qushu-write-behind";
  std::filesystem::remove(file);
  std::string piece(100'000, 'x');
  {
    WriteBehind behind(file);
    std::ofstream out(file, std::ios::binary);
    for (int i = 0; i < 20; ++i) {
      out << piece << std::flush;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_TRUE(behind.end());
    EXPECT_TRUE(behind.end());
  }
  EXPECT_EQ(std::filesystem::file_size(file), 20 * piece.size());
  std::filesystem::remove(file);
  WriteBehind never(file);  // nobody writes it
}

TEST_F(BlobTest, AFlushThatFailsIsTold) {
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i) {
    WriteBehind behind("/dev/full");  // what cannot be flushed
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    told = !behind.end();
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace qushu::blob
