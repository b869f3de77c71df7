// The reference device: runs every operator's `evaluate` over the imported graph, as the oracle of
// the others.
#pragma once

#include <memory>

#include "core/device.h"

namespace vireo::reference {

std::unique_ptr<Device> make_device();

}  // namespace vireo::reference
