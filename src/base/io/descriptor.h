// An open file descriptor that closes itself.
#pragma once

#include <unistd.h>

namespace vireo {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void reset(int number) {
    close();
    number_ = number;
  }
  // What close says matters to a writer: some file systems report a full disk only here.
  int close() {
    const int result = number_ >= 0 ? ::close(number_) : 0;
    number_ = -1;
    return result;
  }

 private:
  int number_ = -1;
};

}  // namespace vireo
