#include "qushu/budget/document.h"

#include <gtest/gtest.h>
#include <zip.h>

#include "qushu/budget/check.h"

namespace qushu::budget {
namespace {

std::string docx(std::string_view body, const char* part = "word/document.xml") {
  zip_error_t error;
  zip_error_init(&error);
  auto* out = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(out);
  auto* archive = zip_open_from_source(out, ZIP_TRUNCATE, &error);
  zip_file_add(archive, part, zip_source_buffer(archive, body.data(), body.size(), 0), ZIP_FL_OVERWRITE);
  EXPECT_EQ(zip_close(archive), 0);
  std::string bytes;
  zip_source_open(out);
  zip_source_seek(out, 0, SEEK_END);
  bytes.resize(static_cast<std::size_t>(zip_source_tell(out)));
  zip_source_seek(out, 0, SEEK_SET);
  zip_source_read(out, bytes.data(), bytes.size());
  zip_source_close(out);
  zip_source_free(out);
  return bytes;
}

std::string refused(std::string_view bytes, const ReadLimits& limits = {}) {
  auto read = read_document(bytes, "x", limits);
  return read ? "read" : read.error().id;
}

TEST(Documents, DocxLinesAndCells) {
  auto read = read_document(
      docx("<w:document xmlns:w='w' xmlns:mc='m'><w:body><w:p><w:r><w:t>一、</w:t></w:r><w:r><w:t>收支</w:t></w:r></w:p>"
           "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>合计</w:t></w:r></w:p></w:tc><w:tc><w:tcPr><w:gridSpan "
           "w:val='2'/></w:tcPr><w:p/></w:tc>"
           "<w:tc><w:p><w:r><w:t>12.50</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
           "<w:p><mc:AlternateContent><mc:Choice><w:r><w:t>甲</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>甲</w:t></w:r></"
           "mc:Fallback></mc:AlternateContent></w:p>"
           "</w:body></w:document>"),
      "a.docx");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->format, Format::docx);
  EXPECT_EQ(read->lines, (std::vector<std::string>{"一、收支", "合计\t\t\t12.50", "甲"}));
}

TEST(Documents, Refusals) {
  EXPECT_EQ(refused(""), "budget.empty");
  EXPECT_EQ(refused(" \n\t\n"), "budget.empty");
  EXPECT_EQ(refused("PK\x03\x04 not a zip"), "budget.docx");
  EXPECT_EQ(refused(docx("<a/>", "xl/workbook.xml")), "budget.not_docx");
  EXPECT_EQ(refused(docx("<w:document><w:p>")), "budget.docx");
  EXPECT_EQ(refused(docx("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")), "budget.docx");
  EXPECT_EQ(refused("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "budget.old_word");
  EXPECT_EQ(refused(std::string_view("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\1\2\3\4\5\6", 24)), "budget.binary");
  EXPECT_EQ(refused("%PDF-1.4 nothing else"), "budget.pdf");
  EXPECT_EQ(refused("a\nb\nc\n", {.lines = 2}), "budget.lines");
  EXPECT_EQ(refused("abcdef", {.document = 5}), "budget.document_size");
}

TEST(Documents, Encodings) {
  auto gbk = read_document("\xCA\xD5\xC8\xEB\xBA\xCF\xBC\xC6 12.00\r\n\xD6\xA7\xB3\xF6", "a.txt");
  ASSERT_TRUE(gbk);
  EXPECT_EQ(gbk->lines, (std::vector<std::string>{"收入合计 12.00", "支出"}));
  auto wide = read_document(std::string_view("\xFF\xFE\x36\x65\x65\x51\n\0", 8), "a.txt");
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->lines, (std::vector<std::string>{"收入"}));
}

}  // namespace
}  // namespace qushu::budget
