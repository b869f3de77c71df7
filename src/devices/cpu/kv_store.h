// Keys and values of one request in blocks, and the sequences that they belong to.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/sequences/sequence_store.h"
#include "base/support/aligned_buffer.h"
#include "core/op.h"
#include "devices/cpu/kernels/attention/paged.h"

namespace vireo::cpu {

// The attention steps of a program and what their states are.
struct KvLayout {
  struct Layer {
    PagedParams params;  // without strides
    uint32_t key_variable = 0, value_variable = 0;
  };
  std::vector<Layer> layers;
  int beam = -1,
      padding = -1;  // parameters that say which row goes on where, which keys are hidden
  size_t block_bytes = 0;

  bool empty() const { return layers.empty(); }
  // The layer that a variable belongs to and whether it holds its values; null if none.
  const Layer* find(uint32_t variable, bool* values) const;
};

class KvStore final : public SequenceStore {
 public:
  KvStore(const KvLayout& layout, const PagedTable& table);
  ~KvStore() override;

  Id create() override;
  Id fork(Id from, int64_t tokens) override;
  void release(Id sequence) override;
  void trim(Id sequence, int64_t tokens) override;
  int64_t length(Id sequence) const override;
  void set_limit(int64_t blocks) override { limit_ = blocks; }
  int64_t free_blocks() const override;
  int64_t used_blocks() const override { return used_; }
  size_t block_bytes() const override { return layout_.block_bytes; }
  int64_t blocks_needed(const std::vector<Row>& rows) const override;
  void bind(std::vector<Row> rows) override;

  // A run of `fresh` tokens in each of `batch` rows (bound rows: of all tokens, in one). Makes room
  // and lays out rows(); an empty tensor stands for beams in order, for nothing hidden. Nothing
  // that was stored changes until commit(), which makes the sequences longer; without it they stay.
  void begin(int64_t batch, int64_t fresh, const Tensor& beam, const Tensor& padding);
  void commit();
  void roll_back() noexcept;
  bool running() const { return running_; }
  const PagedBatch& batch() const { return batch_; }

  // How many tokens lie before those of a run, by row of its batch.
  std::vector<int64_t> past(int64_t batch, const Tensor& beam) const;
  bool is_bound() const { return !bound_.empty(); }
  const std::vector<Row>& bound() const { return bound_; }

  // The states as tensors [batch, heads, tokens, size] of f32; null while nothing is stored.
  Tensor read(uint32_t variable) const;
  // Takes effect with the next run; then all states must hold as many tokens. An empty tensor
  // resets.
  void write(uint32_t variable, const Tensor& value);
  void reset();

 private:
  struct Block;
  struct Sequence {
    std::vector<Block*> blocks;
    std::vector<uint8_t*> data;  // of the blocks, for kernels
    int64_t length = 0;
  };

  Block* take_block();
  static void delete_block(Block* block) noexcept;
  void drop(Block* block) noexcept;
  void drop(Sequence& s) noexcept;
  Sequence share(const Sequence& from, int64_t tokens);
  void reserve(Sequence& s, int64_t tokens, bool owns_tail);
  int64_t blocks_for(const Sequence& s, int64_t tokens) const;
  void check_room(int64_t blocks) const;
  const Sequence& find(Id id) const;
  Sequence& find(Id id) { return const_cast<Sequence&>(std::as_const(*this).find(id)); }

  bool is_empty() const { return own_.empty() || own_[0].length == 0; }
  void import_states();
  Tensor held(uint32_t variable) const;
  void begin_own(int64_t batch, int64_t fresh, const Tensor& beam);
  void begin_bound(int64_t batch, int64_t fresh);
  std::vector<int64_t> sources(int64_t batch, const Tensor& beam) const;
  void lay_out_rows(int64_t fresh);
  void show_keys(const Tensor& padding);

  const KvLayout& layout_;
  const PagedTable& table_;
  std::vector<Block*> spare_;
  int64_t used_ = 0, limit_ = 0;
  std::map<Id, Sequence> sequences_;
  Id next_id_ = 1;
  std::vector<Row> bound_;
  std::vector<Sequence> own_, next_;  // the request's states; what they become by this run
  bool reordered_ = false;            // by this run: next_ takes the place of own_
  std::map<uint32_t, Tensor> pending_;

  bool running_ = false;
  std::vector<PagedRow> rows_;
  std::vector<Sequence*> row_sequences_;
  std::vector<uint8_t> shown_;
  AlignedBuffer partials_;
  PagedBatch batch_;
};

}  // namespace vireo::cpu
