// Inside the module: what packages look like in answers of the Action API, kept so that a search does not write the same JSON
// for every caller.
//
// A text is used while the package and the licences that it was made of are the ones that the shelf has now. What is kept is
// bounded; what nobody asks for goes.
//
// Thread-safety: may be used from any thread.
#pragma once

#include <memory>
#include <string>

#include "qushu/base/kept.h"
#include "qushu/opendata/shelf.h"

namespace qushu::opendata {

class PackageTexts {
 public:
  using TextPtr = std::shared_ptr<const std::string>;

  // nullptr: not kept. `face`: everything else that the text depends on, the language and the address it speaks of.
  [[nodiscard]] TextPtr find(const PackagePtr& package, const LicencesPtr& licences, const std::string& face) {
    auto found = kept_.find(face + package->id);
    if (found.package != package || found.licences != licences) return nullptr;
    return found.text;
  }
  // `most`: bytes of all texts together.
  TextPtr keep(const PackagePtr& package, const LicencesPtr& licences, const std::string& face, std::string text,
               std::size_t most) {
    auto made = std::make_shared<const std::string>(std::move(text));
    kept_.keep(face + package->id, {package, licences, made}, made->size(), most);
    return made;
  }

 private:
  struct One {
    PackagePtr package;
    LicencesPtr licences;
    TextPtr text;
  };
  Kept<One> kept_;
};

}  // namespace qushu::opendata
