// A call that runs beside its caller.
#pragma once

#include <functional>
#include <future>

#include "base/support/error.h"

namespace vireo::genai {

template <typename T>
class Later {
 public:
  explicit Later(const char* name) : name_(name) {}

  // Throws Busy while one that was started has not been waited for.
  void check_idle() const {
    if (result_.valid())
      throw Busy(std::string(name_) + ": one was started before and not waited for");
  }
  void start(std::function<T()> call) {
    check_idle();
    result_ = std::async(std::launch::async, std::move(call));
  }
  T wait() {
    if (!result_.valid())
      fail(ErrorCode::InvalidArgument, "{}: none was started to wait for", name_);
    return result_.get();
  }

 private:
  const char* name_;
  std::future<T> result_;  // whose destructor waits
};

}  // namespace vireo::genai
