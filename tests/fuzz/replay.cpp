// The readers without a fuzzer: reads each file named on the command line, from its path and from
// memory, and says what came of it. Built with sanitizers it is what CI holds the malformed files
// to.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "vireo/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
void replay_file(const char* path);

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    try {
      replay_file(argv[i]);
      std::printf("%s: read\n", argv[i]);
    } catch (const vireo::Error& error) {
      std::printf("%s: %s\n", argv[i], error.what());
    }
    std::ifstream file(argv[i], std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  return 0;
}
