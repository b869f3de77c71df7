// bench_load THREADS MODEL...: milliseconds to a compiled model, cold and out of a cache folder,
// and of the inferences after it. The file is in the page cache; the best of seven.
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "vireo/core.h"

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

struct Times {
  double compile = 1e9, first = 1e9, second = 1e9;
  bool loaded = false;
};

Times measure(const char* path, const vireo::AnyMap& properties, int rounds) {
  Times best;
  for (int i = 0; i < rounds; ++i) {
    vireo::Core core;
    auto start = Clock::now();
    auto compiled = core.compile_model(std::string(path), "CPU", properties);
    best.compile = std::min(best.compile, milliseconds(start));
    best.loaded = compiled.get_property("LOADED_FROM_CACHE").as_bool();
    auto request = compiled.create_infer_request();
    for (double* time : {&best.first, &best.second}) {
      start = Clock::now();
      request.infer();
      *time = std::min(*time, milliseconds(start));
    }
  }
  return best;
}

void print(const char* what, const Times& t) {
  std::printf("  %-12s load %8.2f  first inference %8.2f  second %8.2f%s\n", what, t.compile,
              t.first, t.second, t.loaded ? "  (from cache)" : "");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: bench_load THREADS MODEL...\n"), 2;
  std::string folder = (std::filesystem::temp_directory_path() / "vireo_bench_XXXXXX").string();
  if (!mkdtemp(folder.data())) return 1;
  vireo::AnyMap properties = {{"INFERENCE_NUM_THREADS", argv[1]}};
  for (int i = 2; i < argc; ++i) {
    try {
      std::printf("%s, %s threads, ms\n", argv[i], argv[1]);
      properties.erase("CACHE_DIR");
      print("cold", measure(argv[i], properties, 7));
      properties["CACHE_DIR"] = folder;
      print("writing", measure(argv[i], properties, 1));
      print("cached", measure(argv[i], properties, 7));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", argv[i], error.what());
    }
  }
  std::filesystem::remove_all(folder);
}
