#include "s3_listing.h"

#include <expat.h>

#include "qushu/base/text.h"

namespace qushu::sources {
namespace {

struct Reader {
  Listing listing;
  std::vector<std::string> path;  // open elements, without their namespace
  std::string text, code;
  bool is_listing = false, bad = false;
  XML_Parser parser = nullptr;

  void open(std::string_view name) {
    if (path.size() > 16) return stop();
    path.emplace_back(name.substr(name.rfind('|') == std::string_view::npos ? 0 : name.rfind('|') + 1));
    text.clear();
    if (path.size() == 1) is_listing = path[0] == "ListBucketResult";
    if (is_listing && path.size() == 2 && path[1] == "Contents") listing.files.emplace_back();
  }
  void close() {
    const auto& name = path.back();
    if (path.size() == 2 && path[0] == "Error" && name == "Code") code = text;
    if (is_listing && path.size() == 2 && name == "IsTruncated") listing.truncated = text == "true";
    if (is_listing && path.size() == 2 && name == "NextContinuationToken") listing.next = text;
    if (is_listing && path.size() == 3 && path[1] == "Contents") member(name);
    path.pop_back();
    text.clear();
  }
  void member(std::string_view name) {
    auto& file = listing.files.back();
    if (name == "Key") file.name = text;
    if (name == "ETag") file.etag = text;
    if (name == "LastModified") file.modified = parse_iso(trim(text));
    if (name == "Size") {
      auto size = to_int(trim(text));
      if (!size || *size < 0) return stop();
      file.size = static_cast<std::uint64_t>(*size);
    }
  }
  void stop() {
    bad = true;
    XML_StopParser(parser, XML_FALSE);
  }
};

// Whether it was read to its end.
bool read(std::string_view xml, Reader& reader) {
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(XML_ParserCreateNS("UTF-8", '|'),
                                                                                       XML_ParserFree);
  if (!parser || xml.size() > (std::size_t{64} << 20U)) return false;
  reader.parser = parser.get();
  XML_SetUserData(parser.get(), &reader);
  XML_SetElementHandler(
      parser.get(), [](void* self, const XML_Char* name, const XML_Char**) { static_cast<Reader*>(self)->open(name); },
      [](void* self, const XML_Char*) { static_cast<Reader*>(self)->close(); });
  XML_SetCharacterDataHandler(parser.get(), [](void* self, const XML_Char* data, int size) {
    auto& reader = *static_cast<Reader*>(self);
    reader.text.append(data, static_cast<std::size_t>(size));
    if (reader.text.size() > 65536) reader.stop();
  });
  // No document type, so no entities to blow up.
  XML_SetStartDoctypeDeclHandler(parser.get(), [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    static_cast<Reader*>(self)->stop();
  });
  return XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), 1) == XML_STATUS_OK && !reader.bad;
}

}  // namespace

Result<Listing> parse_listing(std::string_view xml) {
  Reader reader;
  if (!read(xml, reader) || !reader.is_listing || (reader.listing.truncated && reader.listing.next.empty()))
    return fail(
        Error{.code = Code::invalid,
              .id = "source.listing",
              .text = {"对方的回答不是 S3 的文件列表，请检查服务地址。", "The answer is no listing of S3; check the endpoint."},
              .subject = "settings.endpoint"});
  for (const auto& file : reader.listing.files)
    if (file.name.empty())
      return fail(Error{.code = Code::invalid,
                        .id = "source.listing",
                        .text = {"对方的文件列表中有没有名称的文件。", "The listing holds a file without a name."},
                        .subject = "settings.endpoint"});
  return std::move(reader.listing);
}

std::string error_code(std::string_view xml) {
  Reader reader;
  return read(xml, reader) ? reader.code : std::string();
}

}  // namespace qushu::sources
