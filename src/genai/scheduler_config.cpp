#include "vireo/genai/scheduler_config.h"

#include "base/support/error.h"

namespace vireo::genai {

void SchedulerConfig::validate() const {
  if (max_num_batched_tokens == 0 || max_num_seqs == 0)
    fail(ErrorCode::InvalidArgument,
         "scheduler config: 'max_num_batched_tokens' is {} and 'max_num_seqs' {}, both must be "
         "above 0",
         max_num_batched_tokens, max_num_seqs);
  if (num_kv_blocks > 0 && cache_size > 0)
    fail(ErrorCode::InvalidArgument,
         "scheduler config: 'num_kv_blocks' and 'cache_size' say the same thing, set one of them");
  if (use_cache_eviction || use_sparse_attention)
    fail(ErrorCode::NotSupported, "scheduler config: '{}' is not supported",
         use_cache_eviction ? "use_cache_eviction" : "use_sparse_attention");
}

std::string SchedulerConfig::to_string() const {
  return fmt::format(
      "SchedulerConfig {{ max_num_batched_tokens: {}, num_kv_blocks: {}, cache_size: {}, "
      "dynamic_split_fuse: {}, max_num_seqs: {}, enable_prefix_caching: {} }}",
      max_num_batched_tokens, num_kv_blocks, cache_size, dynamic_split_fuse, max_num_seqs,
      enable_prefix_caching);
}

}  // namespace vireo::genai
