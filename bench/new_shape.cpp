// bench_new_shape MODEL...: microseconds that an inference at a new length takes over the steady
// time of that length. All unknown extents but the last axis are 1; seventeen lengths in turn; one
// thread.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "vireo/core.h"

namespace {

using Clock = std::chrono::steady_clock;

double infer_us(vireo::InferRequest& request) {
  const auto start = Clock::now();
  request.infer();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

void set_length(vireo::InferRequest& request, const vireo::CompiledModel& compiled, size_t length) {
  for (size_t i = 0; i < compiled.inputs().size(); ++i) {
    const vireo::Output port = compiled.input(i);
    vireo::Shape shape;
    for (const vireo::Dimension& d : port.get_partial_shape())
      shape.push_back(d.is_static() ? size_t(d.get_length()) : 1);
    if (!shape.empty() && port.get_partial_shape()[shape.size() - 1].is_dynamic())
      shape.back() = length;
    vireo::Tensor tensor(port.get_element_type(), shape);
    std::memset(tensor.data(), 0, tensor.get_byte_size());
    request.set_input_tensor(i, tensor);
  }
}

void measure(const char* path) {
  vireo::Core core;
  auto compiled =
      core.compile_model(std::string(path), "CPU",
                         {{"INFERENCE_NUM_THREADS", 1}, {"INFERENCE_PRECISION_HINT", "f32"}});
  auto request = compiled.create_infer_request();
  set_length(request, compiled, 3);
  for (int i = 0; i < 3; ++i) infer_us(request);
  std::vector<double> over;
  for (size_t length : {5, 9, 17, 23, 33, 40, 47, 55, 64, 70, 77, 83, 90, 97, 110, 120, 128}) {
    set_length(request, compiled, length);
    const double first = infer_us(request);
    double steady[5];
    for (double& time : steady) time = infer_us(request);
    std::nth_element(steady, steady + 2, steady + 5);
    over.push_back(first - steady[2]);
  }
  std::sort(over.begin(), over.end());
  std::printf("%s: %.0f us over the steady time (median of 17 lengths; %.0f to %.0f)\n", path,
              over[8], over.front(), over.back());
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    try {
      measure(argv[i]);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", argv[i], error.what());
      return 1;
    }
  }
}
