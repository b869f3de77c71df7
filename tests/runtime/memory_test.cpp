// The peak of anonymous memory while a model is read, compiled and run once, in a process of its
// own: at most 1.5 times (packed weights + planned arena) + 20 MB. Weights are views of the file
// and packed one by one, and what is packed is given back.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "runtime/runtime_test.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace vireo::test {
namespace {

namespace fs = std::filesystem;

constexpr double kMB = 1 << 20;

// A field of /proc/self/status in MB: RssAnon, RssFile.
double status_mb(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(field + ":", 0) == 0) return std::stod(line.substr(field.size() + 1)) / 1024;
  return 0;
}

// Looks at RssAnon all the time.
class PeakWatch {
 public:
  PeakWatch() : start_(status_mb("RssAnon")) {
    thread_ = std::thread([this] {
      while (!stop_) {
        peak_ = std::max(peak_, status_mb("RssAnon"));
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
  }
  double end() {
    stop_ = true;
    thread_.join();
    return std::max(peak_, status_mb("RssAnon")) - start_;
  }

 private:
  const double start_;
  double peak_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

constexpr const char* kVariable = "VIREO_TEST_MODEL";  // set in the fresh process

void measure(const std::string& path) {
  Core core;
  const double file_before = status_mb("RssFile");
  PeakWatch watch;
  CompiledModel compiled = core.compile_model(path, "CPU", threads(2));
  InferRequest request = compiled.create_infer_request();
  request.infer();
  const double peak = watch.end(), file = status_mb("RssFile") - file_before;
  const auto mb = [&](const char* name) {
    return double(compiled.get_property(name).as_int()) / kMB;
  };
  const double weights = mb("VIREO_WEIGHTS_BYTES"), arena = mb("VIREO_ARENA_BYTES");
  std::printf(
      "  weights %.1f MB, arena %.1f MB; peak of anonymous memory %.1f MB; pages of files %+.1f "
      "MB\n",
      weights, arena, peak, file);
  EXPECT_GT(weights, 30);
  EXPECT_LE(peak, 1.5 * (weights + arena) + 20);
  EXPECT_LE(file, 20) << "the pages of weights that were packed are not given back";
}

// Saves the model, then runs this very test again in a process that has done nothing else.
template <typename Make>
void expect_bounded(Make&& make, bool compress_to_fp16) {
  if (const char* path = std::getenv(kVariable)) return measure(path);
  std::string folder = (fs::temp_directory_path() / "vireo_memory_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  save_model(make(), folder + "/m.xml", compress_to_fp16);
  const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
  std::string program = "/proc/self/exe", brief = "--gtest_brief=1",
              filter = std::string("--gtest_filter=") + test.test_suite_name() + "." + test.name();
  char* const arguments[] = {program.data(), filter.data(), brief.data(), nullptr};
  ::setenv(kVariable, (folder + "/m.xml").c_str(), 1);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, ::environ);
  ::unsetenv(kVariable);
  ASSERT_EQ(error, 0);
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  fs::remove_all(folder);
}

TEST(Memory, OfConvolutionsInF32) {
  expect_bounded([] { return conv_network(20, 256, 8); }, false);
}
TEST(Memory, OfConvolutionsInF16) {
  expect_bounded([] { return conv_network(20, 256, 8); }, true);
}
TEST(Memory, OfProductsInF32) {
  expect_bounded([] { return dense_network(12, 1024, 8); }, false);
}
TEST(Memory, OfProductsInF16) {
  expect_bounded([] { return dense_network(12, 1024, 8); }, true);
}

}  // namespace
}  // namespace vireo::test

#endif
