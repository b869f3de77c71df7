// SchedulerConfig: what continuous batching may use. Names and defaults are those of OpenVINO
// GenAI.
#pragma once

#include <cstddef>
#include <string>

#include "vireo/api.h"

namespace vireo::genai {

struct VIREO_API SchedulerConfig {
  size_t max_num_batched_tokens = 256;  // of a step
  // The cache: blocks of 32 tokens, or GB; with neither it grows as it must.
  size_t num_kv_blocks = 0;
  size_t cache_size = 0;
  // Parts of prompts fill a step that is not full; without, a step has whole prompts or next
  // tokens.
  bool dynamic_split_fuse = true;
  size_t max_num_seqs = 256;           // sequences of a step
  bool enable_prefix_caching = false;  // requests that begin alike share what was computed
  // Of OpenVINO GenAI, and not here: NotSupported if they are set.
  bool use_cache_eviction = false;
  bool use_sparse_attention = false;

  // InvalidArgument for what cannot run.
  void validate() const;
  std::string to_string() const;
};

}  // namespace vireo::genai
