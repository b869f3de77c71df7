// bench_infer_us MODEL...: microseconds per InferRequest::infer() from C++, f32, one thread, inputs
// set once. For models so small that the call is what is measured; the median of 51 batches of
// about 2 ms.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

#include "vireo/core.h"

namespace {

using Clock = std::chrono::steady_clock;

double microseconds(vireo::InferRequest& request, int count) {
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) request.infer();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count() / count;
}

void fill(vireo::Tensor tensor, std::mt19937& random) {
  std::normal_distribution<float> normal;
  float* values = tensor.data<float>();
  for (size_t i = 0; i < tensor.get_size(); ++i) values[i] = normal(random);
}

double measure(const char* path) {
  vireo::Core core;
  auto compiled =
      core.compile_model(std::string(path), "CPU",
                         {{"INFERENCE_NUM_THREADS", 1}, {"INFERENCE_PRECISION_HINT", "f32"}});
  auto request = compiled.create_infer_request();
  std::mt19937 random(1);
  for (size_t i = 0; i < compiled.inputs().size(); ++i) fill(request.get_input_tensor(i), random);
  microseconds(request, 100);
  const int batch = std::max(1, int(2000 / microseconds(request, 100)));
  std::vector<double> times;
  for (int i = 0; i < 51; ++i) times.push_back(microseconds(request, batch));
  std::nth_element(times.begin(), times.begin() + 25, times.end());
  return times[25];
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    try {
      std::printf("%s %.3f us\n", argv[i], measure(argv[i]));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", argv[i], error.what());
      return 1;
    }
  }
  return 0;
}
