// Inside the module: catalogues elsewhere, read page by page. What they say is checked and cut to size here, and nowhere
// trusted.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <vector>

#include "qushu/sources/sources.h"

namespace qushu::opendata {

namespace json = boost::json;

// A dataset as another catalogue describes it, cut to what an entry of ours can hold.
struct RemoteDataset {
  std::string id, title, abstract, page;
  std::string update_cycle;  // a word of ours; empty: not said
  std::vector<std::string> tags;
  json::array files;  // {title, format, url}
};
[[nodiscard]] json::object to_json(const RemoteDataset& dataset);
[[nodiscard]] RemoteDataset remote_of(const json::object& said);

// Something that cannot be read as a dataset.
struct RemoteProblem {
  std::string id, title;
  Text text;
};

struct RemotePage {
  std::vector<RemoteDataset> datasets;
  std::vector<RemoteProblem> problems;
  std::int64_t total = -1;  // of the whole catalogue, where it says so
  std::string next;         // address of the next page; empty: this is the last one
};

// An answer of package_search; invalid when it is none. `site`: the address of the CKAN site.
[[nodiscard]] Result<RemotePage> read_ckan(std::string_view body, const std::string& site);
// A document of DCAT. `address`: where it came from.
[[nodiscard]] Result<RemotePage> read_dcat(std::string_view body, std::string_view media_type, const std::string& address);

using Fetch = std::function<Result<sources::Document>(const std::string& address, const std::string& accept)>;

struct RemoteWalk {
  bool whole = true;  // read to the end; else something may be missing
  std::vector<RemoteProblem> problems = {};
};
// Reads the whole catalogue, at most `most` datasets of it, and hands over page by page.
[[nodiscard]] Result<RemoteWalk> walk(std::string_view kind, const std::string& address, std::size_t most, const Fetch& fetch,
                                      const std::function<Result<void>(RemotePage&)>& take);

}  // namespace qushu::opendata
