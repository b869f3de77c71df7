// The sequences that a language model attends over: who owns which blocks of keys and values. What
// continuous batching is built on; a plain InferRequest uses the same store for its states.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vireo {

class InferRequest;

// Keys and values lie in blocks of kBlockTokens tokens, each with all layers and heads of its
// tokens. A sequence is a list of blocks and a length; blocks are counted, so that sequences share
// their common beginning, and one that writes into a shared block takes a copy of it first.
//
// Belongs to one request, and is used when that request does not run. Every function throws
// InvalidArgument for a sequence that does not exist.
class SequenceStore {
 public:
  using Id = int64_t;  // never used twice
  static constexpr int64_t kBlockTokens = 32;

  // A stretch of the tokens of a run: the next `tokens` of `sequence`.
  struct Row {
    Id sequence = 0;
    int64_t tokens = 0;
  };

  virtual ~SequenceStore() = default;

  virtual Id create() = 0;  // of no tokens
  // A sequence of the first `tokens` of another (at most its length; -1: all), which shares its
  // blocks. Prefix caches keep such sequences alive.
  virtual Id fork(Id from, int64_t tokens = -1) = 0;
  virtual void release(Id sequence) = 0;
  virtual void trim(Id sequence, int64_t tokens) = 0;  // forgets what is behind the first `tokens`
  virtual int64_t length(Id sequence) const = 0;

  // The most blocks that may be held at once; 0, as at first: as many as memory has. A run that
  // would need more throws OutOfMemory before it starts, and no sequence changes.
  virtual void set_limit(int64_t blocks) = 0;
  virtual int64_t free_blocks() const = 0;  // of the limit; INT64_MAX without one
  virtual int64_t used_blocks() const = 0;  // shared ones count once
  virtual size_t block_bytes() const = 0;
  // How many blocks a run of these rows would take, copies of shared ones included.
  virtual int64_t blocks_needed(const std::vector<Row>& rows) const = 0;

  // What the next runs attend over, until bound anew: input_ids is [1, T] and its tokens belong to
  // `rows` one after the other, T is their sum. Each token sees its own sequence alone.
  // position_ids [1, T] may be left out: every row goes on where its sequence ends. attention_mask
  // and beam_idx are not looked at. After a run each sequence is longer by its tokens; one that
  // failed or was cancelled left them as they were. A sequence may stand in one row only. Empty:
  // back to the request's own states, which bound runs do not touch.
  virtual void bind(std::vector<Row> rows) = 0;
};

// The store of a request; null if its model keeps no keys and values in blocks. The request owns
// it.
SequenceStore* sequence_store(const InferRequest& request);

}  // namespace vireo
