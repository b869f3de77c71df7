// Fuzzes the ONNX reader, without a folder for external data. Any exception but Vireo's own is a
// finding.
#include <cstddef>
#include <cstdint>

#include "frontends/onnx/onnx.h"
#include "ops/registry.h"
#include "vireo/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    vireo::read_onnx({reinterpret_cast<const std::byte*>(data), size}, nullptr, {},
                     vireo::builtin_ops());
  } catch (const vireo::Error&) {
  }
  return 0;
}

void replay_file(const char* path) { vireo::read_onnx(path, vireo::builtin_ops()); }
