#include "base/support/error.h"

namespace vireo {

void throw_error(ErrorCode code, std::string message) {
  if (code == ErrorCode::Cancelled) throw Cancelled(message);
  if (code == ErrorCode::Busy) throw Busy(message);
  throw Error(code, message);
}

void assertion_failed(const char* condition, const char* file, int line) {
  const char* name = file;
  for (const char* p = file; *p; ++p)
    if (*p == '/') name = p + 1;
  throw Error(ErrorCode::Internal,
              fmt::format("internal error: {} does not hold ({}:{})", condition, name, line));
}

}  // namespace vireo
