// What the machine can do, measured in the same run as what a model did.
#pragma once

namespace vireo::command {

struct Peak {
  double gflops = 0;     // f32 multiply-adds on one thread, both counted, from registers
  double gbytes = 0;     // GB/s that one thread reads from memory
  const char* isa = "";  // instruction set of the measurement
};
Peak measure_peak();

}  // namespace vireo::command
