// How the library throws: fail(code, "format", args...). Formatting is fmt's.
#pragma once

#include <fmt/core.h>

#include "vireo/error.h"

namespace vireo {

[[noreturn]] void throw_error(ErrorCode code, std::string message);

template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw_error(code, fmt::format(format, std::forward<Args>(args)...));
}

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace vireo

// A programmer's error, never reachable by input. Checked in every build: it costs a compare.
#define VIREO_ASSERT(condition)           \
  (static_cast<bool>(condition) ? void(0) \
                                : ::vireo::assertion_failed(#condition, __FILE__, __LINE__))
