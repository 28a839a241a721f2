// Catalogues from elsewhere, as documents: answers of CKAN, JSON-LD, Turtle, RDF/XML.
#include <cstddef>
#include <cstdint>

#include "rdf_read.h"
#include "remote.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qushu::opendata;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string address = "https://data.example.gov/catalog";
  static_cast<void>(read_ckan(text, "https://data.example.gov"));
  for (const char* type : {"application/ld+json", "text/turtle", "application/rdf+xml", ""})
    if (auto page = read_dcat(text, type, address))
      for (const auto& dataset : page->datasets) static_cast<void>(remote_of(to_json(dataset)));
  static_cast<void>(absolute(address, text));
  return 0;
}
