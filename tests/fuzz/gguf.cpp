// Fuzzes the reader of GGUF files: the container, the model and the vocabulary in it. Any exception
// but Vireo's own is a finding.
#include <cstddef>
#include <cstdint>

#include "frontends/gguf/gguf.h"
#include "text/tokenizer/read.h"
#include "vireo/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const vireo::GgufFile file({data, size}, "input", nullptr);
    try {
      vireo::read_gguf(file);
    } catch (const vireo::Error&) {
    }
    vireo::text::read_gguf_tokenizer(file)->encode({"hello 1 <s>", std::nullopt});
  } catch (const vireo::Error&) {
  }
  return 0;
}

void replay_file(const char* path) { vireo::read_gguf(vireo::GgufFile(path)); }
