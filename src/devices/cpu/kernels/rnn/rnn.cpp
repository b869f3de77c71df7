// Chooses the recurrent cells of the best tier.
#include "devices/cpu/kernels/rnn/rnn.h"

#include "base/arch/isa.h"

namespace vireo::cpu {

const RnnTable& get_rnn_kernels(const IsaSet& isa) {
#define VIREO_RNN_TABLE(ns, tier) \
  if (isa.has(Isa::tier)) return ns::rnn_table();
#include "devices/cpu/kernels/rnn/kernels.inc"
#undef VIREO_RNN_TABLE
  return scalar::rnn_table();
}

}  // namespace vireo::cpu
