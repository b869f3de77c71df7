// Weights in the forms that executors chose for them: made in parallel once all executors are
// prepared, or there already when a program comes from a cache file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/support/aligned_buffer.h"
#include "vireo/tensor.h"

namespace vireo::cpu {

// One for a program and its bodies. Executors ask for memory in an order that the graph alone
// decides, so that a loaded list needs no names: each entry's format and size are compared.
class PackedWeights {
 public:
  struct Entry {
    std::string format;
    const uint8_t* data = nullptr;  // 64-byte aligned, with AlignedBuffer::kSlack readable behind
    size_t bytes = 0;
  };
  // Writes pieces [begin, end) of an entry from the source's elements, which are dense. Runs on any
  // thread and must not throw.
  using Fill = std::function<void(const void* source, uint8_t* to, int64_t begin, int64_t end)>;

  PackedWeights() = default;
  // Entries made before; `keep` owns their bytes.
  PackedWeights(std::vector<Entry> made, std::shared_ptr<const void> keep);

  // The place of an entry of `bytes` whose layout `format` names, from now on; run() fills it. A
  // loaded list throws InvalidModel if its next entry is another.
  const uint8_t* add(std::string_view format, size_t bytes, const Tensor& source, int64_t pieces,
                     Fill fill);
  // Fills what was asked for, letting go of each source as soon as it is packed.
  void run(int threads);

  const std::vector<Entry>& entries() const { return entries_; }
  bool complete() const { return !loaded_ || taken_ == entries_.size(); }  // none was left over

 private:
  struct Job {
    uint8_t* to;
    size_t bytes;
    Tensor source;
    int64_t pieces;
    Fill fill;
  };
  uint8_t* allocate(size_t bytes);

  std::vector<Entry> entries_;
  bool loaded_ = false;
  size_t taken_ = 0;
  std::shared_ptr<const void> keep_;
  std::vector<AlignedBuffer> slabs_, large_;
  size_t slab_used_ = 0, total_ = 0;
  std::vector<Job> jobs_;
};

}  // namespace vireo::cpu
