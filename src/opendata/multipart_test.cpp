#include "multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qushu::opendata {
namespace {

using testing::ElementsAre;

// Every part as "name|file|content", fed in pieces of `piece` bytes.
Result<std::vector<std::string>> parts(std::string_view body, std::size_t piece, std::string_view boundary = "x") {
  std::vector<std::string> out;
  MultipartReader reader(boundary, {.begin = [&](const MultipartReader::Part& part) -> Result<void> {
                                      out.push_back(part.name + "|" + part.file_name.value_or("-") + "|");
                                      return {};
                                    },
                                    .data = [&](std::string_view bytes) -> Result<void> {
                                      out.back() += bytes;
                                      return {};
                                    },
                                    .end = []() -> Result<void> { return {}; }});
  for (std::size_t at = 0; at < body.size(); at += piece) QS_CHECK(reader.feed(body.substr(at, piece)));
  QS_CHECK(reader.finish());
  return out;
}

TEST(Multipart, ReadsPartsHoweverTheyArrive) {
  std::string body =
      "before\r\n--x\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\nfirms\r\n"
      "--x  \r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a \\\"b\\\".csv\"\r\nContent-Type: text/csv\r\n\r\n"
      "1\r\n--\r\n--y\r\n\r\n"
      "--x\r\ncontent-disposition: form-data; name=empty; filename*=UTF-8''%E4%BC%81.csv\r\n\r\n\r\n--x--\r\nafter";
  for (auto piece : {1UL, 2UL, 3UL, 7UL, 1000UL}) {
    auto got = parts(body, piece);
    ASSERT_TRUE(got) << piece;
    EXPECT_THAT(*got, ElementsAre("id|-|firms", "upload|a \"b\".csv|1\r\n--\r\n--y\r\n", "empty|企.csv|")) << piece;
  }
}

TEST(Multipart, RefusesWhatIsNone) {
  for (const char* body : {"", "--x", "--x\r\n", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb",
                           "--x\r\nContent-Type: text/plain\r\n\r\nb\r\n--x--", "--xy\r\n\r\n\r\n--x--", "no part at all"}) {
    auto got = parts(body, 3);
    ASSERT_FALSE(got) << body;
    EXPECT_EQ(got.error().id, "open.body") << body;
  }
  EXPECT_FALSE(parts("--x\r\n" + std::string(20000, 'a'), 1000));
  EXPECT_EQ(*MultipartReader::boundary_of("multipart/form-data; boundary=\"a b\"; x=y"), "a b");
  EXPECT_EQ(*MultipartReader::boundary_of("multipart/form-data; boundary=abc"), "abc");
  EXPECT_FALSE(MultipartReader::boundary_of("multipart/form-data"));
  EXPECT_FALSE(MultipartReader::boundary_of("multipart/form-data; boundary="));
}

}  // namespace
}  // namespace qushu::opendata
