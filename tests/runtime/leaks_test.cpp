// A cancelled, failed or half-read model leaks nothing: asked of LeakSanitizer where it is built
// in, else of the allocator, whose bytes in use must not grow with repetition.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "runtime/runtime_test.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace vireo::test {
namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__)

void expect_no_leak(const std::function<void()>& once) {
  for (int i = 0; i < 3; ++i) once();
  EXPECT_EQ(__lsan_do_recoverable_leak_check(), 0);
}

#elif defined(__SANITIZE_THREAD__)

void expect_no_leak(const std::function<void()>& once) { once(); }

#else

size_t bytes_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

void expect_no_leak(const std::function<void()>& once) {
  constexpr int kTimes = 10;
  const auto growth = [&] {
    const size_t before = bytes_in_use();
    for (int i = 0; i < kTimes; ++i) once();
    const size_t after = bytes_in_use();
    return after > before ? after - before : 0;
  };
  // Caches that fill, and threads that end a little later, are no leak: those repeat for ever.
  size_t least = growth();
  for (int i = 0; i < 20 && least > 0; ++i) least = std::min(least, growth());
  EXPECT_LT(least, size_t(kTimes) * 16) << "bytes more after every " << kTimes << " times";
}

TEST(Leaks, WouldBeSeen) {
  const size_t before = bytes_in_use();
  // Volatile, or the compiler leaves it out; larger than what the allocator keeps for its thread
  // and counts as in use.
  std::string* volatile lost = new std::string(10000, 'x');
  EXPECT_GE(bytes_in_use(), before + lost->size());
  delete lost;
}

#endif

TEST(Leaks, NoneAfterACancelledRun) {
  Core core;
  expect_no_leak([&] {
    CompiledModel compiled = core.compile_model(dense_network(60, 128), "CPU", threads(2));
    InferRequest request = compiled.create_infer_request();
    request.set_input_tensor(0, filled({64, 128}, 1));
    for (int microseconds : {0, 100, 1000}) {
      request.start_async();
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
      request.cancel();
      try {
        request.wait();
      } catch (const Cancelled&) {
      }
    }
    // Dropped while it runs: the run goes to its end by itself.
    request.start_async();
    request.cancel();
  });
}

// A division by zero in the middle: what was computed before it is given back.
constexpr const char* kFailing = R"(graph "failing"
a: i32[?] = Parameter()
b: i32[?] = Parameter()
s: i32[?] = Add-1(a, a)
d: i32[?] = Divide-1(s, b)
n: i64[1,?] = NonZero-3(d)
m: i32[?] = Multiply-1(d, s)
return n, m
)";

TEST(Leaks, NoneAfterAFailedRun) {
  Core core;
  expect_no_leak([&] {
    InferRequest request =
        core.compile_model(model_from_text(kFailing), "CPU", threads(1)).create_infer_request();
    const auto run = [&](std::initializer_list<int64_t> divisor) {
      request.set_input_tensor(0, make_tensor<int64_t>(element::i32, {2}, {4, 6}));
      request.set_input_tensor(1, make_tensor<int64_t>(element::i32, {2}, divisor));
      request.infer();
    };
    EXPECT_THROW(run({1, 0}), Error);
    run({2, 3});
    EXPECT_EQ(load<int64_t>(request.get_output_tensor(1)), (std::vector<int64_t>{32, 48}));
    EXPECT_THROW(run({0, 1}), Error);
    request.start_async();
    EXPECT_THROW(request.wait(), Error);
  });
}

TEST(Leaks, NoneAfterACompilationThatFailed) {
  Core core;
  const Model model = dense_network(3, 64);
  expect_no_leak([&] {
    EXPECT_THROW(core.compile_model(model, "CPU", {{"VIREO_CPU_ISA", "none"}}), Error);
    EXPECT_THROW(core.compile_model(model, "NPU"), Error);
    InferRequest request = core.compile_model(model, "CPU", threads(1)).create_infer_request();
    EXPECT_THROW(request.set_input_tensor(0, filled({3, 65}, 1)), Error);
    EXPECT_THROW(request.set_input_tensor(7, filled({3, 64}, 1)), Error);
  });
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Cut at places all over the file, most of them refused with an Error, the rest read whole.
void read_prefixes(Core& core, const std::string& bytes, const Tensor& weights) {
  const size_t step = std::max<size_t>(1, bytes.size() / 40);
  for (size_t size = 0; size < bytes.size(); size += step) try {
      core.read_model_from_memory(bytes.data(), size, weights);
    } catch (const Error&) {
    }
}

TEST(Leaks, NoneAfterAnIrThatEndsEarly) {
  std::string folder = (fs::temp_directory_path() / "vireo_leaks_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const fs::path xml = fs::path(folder) / "m.xml", bin = fs::path(folder) / "m.bin";
  save_model(dense_network(3, 64), xml.string(), false);
  const std::string text = bytes_of(xml), weights = bytes_of(bin);
  Core core;
  Tensor whole(element::u8, {weights.size()});
  std::copy(weights.begin(), weights.end(), static_cast<char*>(whole.data()));
  ASSERT_NE(core.read_model_from_memory(text.data(), text.size(), whole), nullptr);
  expect_no_leak([&] { read_prefixes(core, text, whole); });
  // Weights that end in the middle of a constant, mapped.
  fs::resize_file(bin, weights.size() / 2);
  expect_no_leak([&] { EXPECT_THROW(core.read_model(xml.string()), Error); });
  fs::remove_all(folder);
}

TEST(Leaks, NoneAfterAnOnnxFileThatEndsEarly) {
  Core core;
  for (const char* name : {"abs", "if", "loop_captures", "averagepool_2d_pads_count_include_pad"}) {
    const fs::path folder = fs::path(VIREO_TESTS_DIR) / "data/onnx/cases";
    const std::string bytes = bytes_of(folder / (std::string(name) + ".onnx"));
    ASSERT_FALSE(bytes.empty()) << name;
    expect_no_leak([&] { read_prefixes(core, bytes, {}); });
  }
}

}  // namespace
}  // namespace vireo::test
