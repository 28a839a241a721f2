// Any XML as the body of an otherwise sound DOCX, so that the fuzzer reaches the reader and not the zip library.
#include <cstdint>
#include <string>
#include <string_view>

#include <zip.h>

#include "qushu/budget/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu;
  zip_error_t error;
  zip_error_init(&error);
  auto* out = zip_source_buffer_create(nullptr, 0, 0, &error);
  auto* archive = zip_open_from_source(out, ZIP_TRUNCATE, &error);
  if (archive == nullptr) return 0;
  zip_source_keep(out);
  zip_file_add(archive, "word/document.xml", zip_source_buffer(archive, data, size, 0), ZIP_FL_OVERWRITE);
  if (zip_close(archive) != 0) {
    zip_discard(archive);
    zip_source_free(out);
    return 0;
  }
  std::string bytes;
  zip_source_open(out);
  zip_source_seek(out, 0, SEEK_END);
  bytes.resize(static_cast<std::size_t>(zip_source_tell(out)));
  zip_source_seek(out, 0, SEEK_SET);
  zip_source_read(out, bytes.data(), bytes.size());
  zip_source_close(out);
  zip_source_free(out);
  if (auto document = budget::read_document(bytes, "input.docx")) static_cast<void>(budget::check(*document));
  return 0;
}
