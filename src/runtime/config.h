// Properties as the user gives them, checked and turned into what a device reads.
#pragma once

#include <string>
#include <vector>

#include "core/device.h"
#include "vireo/any.h"

namespace vireo {

// Throws NotFound for an unknown name (naming the nearest known one) and InvalidArgument for a
// value that it cannot have.
void check_properties(const AnyMap& properties);
// Later maps win. `requests` is PERFORMANCE_HINT_NUM_REQUESTS.
CompileConfig make_config(const AnyMap& properties);
// The value that a property has when nobody set it; empty if there is none.
Any default_property(const std::string& name);
std::vector<std::string> property_names();

}  // namespace vireo
