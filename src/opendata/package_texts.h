// Inside the module: what packages look like in answers of the Action API, kept so that a search does not write the same JSON
// for every caller.
//
// A text is used while the package and the licences that it was made of are the ones that the shelf has now. What is kept is
// bounded; when it is full, it begins anew.
//
// Thread-safety: may be used from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "qushu/opendata/shelf.h"

namespace qushu::opendata {

class PackageTexts {
 public:
  using TextPtr = std::shared_ptr<const std::string>;

  // nullptr: not kept. `face`: everything else that the text depends on, the language and the address it speaks of.
  [[nodiscard]] TextPtr find(const PackagePtr& package, const LicencesPtr& licences, const std::string& face) const {
    std::scoped_lock lock(mutex_);
    auto found = kept_.find(face + package->id);
    if (found == kept_.end() || found->second.package != package || found->second.licences != licences) return nullptr;
    return found->second.text;
  }
  // `most`: bytes of all texts together.
  TextPtr keep(const PackagePtr& package, const LicencesPtr& licences, const std::string& face, std::string text,
               std::size_t most) {
    auto made = std::make_shared<const std::string>(std::move(text));
    std::scoped_lock lock(mutex_);
    if (bytes_ + made->size() > most) {
      kept_.clear();
      bytes_ = 0;
    }
    auto& kept = kept_[face + package->id];
    if (kept.text) bytes_ -= kept.text->size();
    bytes_ += made->size();
    kept = {package, licences, made};
    return made;
  }

 private:
  struct Kept {
    PackagePtr package;
    LicencesPtr licences;
    TextPtr text;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Kept> kept_;
  std::size_t bytes_ = 0;
};

}  // namespace qushu::opendata
