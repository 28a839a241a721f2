// A district (district_fixture.h) with registers, and their records for SQL through the policy.
#pragma once

#include "qushu/registers/relations.h"
#include "qushu/sharing/policy.h"

#include "district_fixture.h"

namespace qushu::testing {

class RecordsTest : public DistrictTest {
 protected:
  template <class... Lists>
  void open_records(std::initializer_list<std::span<const SettingSpec>> settings, const Lists&... migrations) {
    open_district(settings, catalog::migrations(), registers::migrations(), migrations...);
    settings_.declare(registers::settings());
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    catalog_ = take(catalog::Catalog::open(
        store(), *audit_, [] { return Result<std::map<std::string, std::string>>(std::map<std::string, std::string>{}); },
        clock_));
    policy_ = std::make_unique<sharing::Policy>(*catalog_, *blobs_);
    registers_ = std::make_unique<registers::Registers>(
        registers::Registers::Deps{.store = store(),
                                   .blobs = *blobs_,
                                   .engine = *engine_,
                                   .audit = *audit_,
                                   .identity = *identity_,
                                   .calendar = *calendar_,
                                   .settings = settings_,
                                   .clock = clock_,
                                   .dataset_title = [](const Actor&, std::string_view code) -> Result<std::string> {
                                     if (code == "firms") return "企业";
                                     return fail(Code::not_found, "dataset.not_found", "没有。", "There is none.");
                                   }});
    std::filesystem::create_directories(folder() / "relations");
    relations_ = std::make_unique<registers::RecordRelations>(*registers_, folder() / "relations");
    policy_->offer(*relations_);
  }

  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<registers::Registers> registers_;
  std::unique_ptr<registers::RecordRelations> relations_;
  std::unique_ptr<sharing::Policy> policy_;
};

}  // namespace qushu::testing
