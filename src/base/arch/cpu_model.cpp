// CPUID leaves 0 and 1.
#include "base/arch/cpu_model.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace vireo {
namespace {

CpuModel read_model() {
  CpuModel m;
#ifdef __x86_64__
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  __get_cpuid(0, &eax, &ebx, &ecx, &edx);
  for (uint32_t word : {ebx, edx, ecx})
    for (int i = 0; i < 4; ++i) m.vendor += char(word >> (8 * i) & 0xff);
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  m.family = eax >> 8 & 0xf;
  m.model = eax >> 4 & 0xf;
  if (m.family == 6 || m.family == 15) m.model |= (eax >> 16 & 0xf) << 4;
  if (m.family == 15) m.family += eax >> 20 & 0xff;
#endif
  return m;
}

}  // namespace

const CpuModel& cpu_model() {
  static const CpuModel model = read_model();
  return model;
}

}  // namespace vireo
