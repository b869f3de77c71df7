// Fuzzes the IR reader: the input is the XML, over a fixed weights file. Any exception but Vireo's
// own is a finding.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "frontends/ir/ir.h"
#include "ops/registry.h"
#include "vireo/error.h"

namespace {

vireo::Tensor make_weights() {
  vireo::Tensor weights(vireo::element::u8, {4096});
  for (size_t i = 0; i < 4096; ++i)
    static_cast<uint8_t*>(weights.data())[i] = i % 8 == 0 ? uint8_t(i / 8 % 4) : 0;
  return weights;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const vireo::Tensor weights = make_weights();
  try {
    vireo::read_ir({data, size}, weights, vireo::builtin_ops());
  } catch (const vireo::Error&) {
  }
  return 0;
}

void replay_file(const char* path) { vireo::read_ir(path, {}, true, vireo::builtin_ops()); }
