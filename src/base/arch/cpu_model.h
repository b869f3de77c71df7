// Which CPU this is, for tables of measured rates.
#pragma once

#include <cstdint>
#include <string>

namespace vireo {

struct CpuModel {
  std::string vendor;  // "AuthenticAMD", "GenuineIntel"; empty where there is no CPUID
  uint32_t family = 0, model = 0;
};
const CpuModel& cpu_model();

}  // namespace vireo
