// The CPU device.
#pragma once

#include <memory>

#include "core/device.h"

namespace vireo::cpu {

std::unique_ptr<Device> make_device();

}  // namespace vireo::cpu
