// The one exception of Vireo. What it says is one line, lower case, without a full stop: where,
// what was got, what was expected.
#pragma once

#include <stdexcept>
#include <string>

#include "vireo/api.h"

namespace vireo {

enum class ErrorCode {
  InvalidArgument,  // the caller gave something that the contract forbids
  InvalidModel,     // a model file or graph is malformed
  NotFound,         // a file, name, device or property does not exist
  NotSupported,     // well-formed, but nothing here can do it yet
  Cancelled,        // the inference was cancelled by its owner
  Busy,             // the request is running
  Io,               // the system refused to read or write
  OutOfMemory,      // a size is over the limit or the system refused memory
  Internal,         // a bug of Vireo
};

class VIREO_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// What OpenVINO users catch by name.
class VIREO_API Cancelled : public Error {
 public:
  explicit Cancelled(const std::string& message) : Error(ErrorCode::Cancelled, message) {}
};
class VIREO_API Busy : public Error {
 public:
  explicit Busy(const std::string& message) : Error(ErrorCode::Busy, message) {}
};

}  // namespace vireo
