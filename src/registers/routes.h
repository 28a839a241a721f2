// Inside the module.
#pragma once

#include "qushu/registers/registers.h"

namespace qushu::registers {

// /api/v1/registers/{code}/records…
void add_record_routes(http::Router& router, Registers& registers);

// …/files…, /api/v1/registers/{code}/export.csv, …/export.xlsx, …/import
void add_file_routes(http::Router& router, Registers& registers, blob::BlobStore& blobs, const Settings& settings);

// …/records/{id}/print.pdf, …/print.xlsx, /api/v1/registers/{code}/print.pdf, …/print.xlsx
void add_print_routes(http::Router& router, const Registers& registers);

}  // namespace qushu::registers
