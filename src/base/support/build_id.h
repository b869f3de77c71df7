// Which build of the library this is.
#pragma once

#include <string>

namespace vireo {

// The linker's identifier of the code that runs, in hexadecimal: another build has another. Empty
// if the linker gave none.
const std::string& build_id();

}  // namespace vireo
