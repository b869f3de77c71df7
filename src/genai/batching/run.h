// Requests run to their end, for callers that wait for all of them.
#pragma once

#include "genai/batching/engine.h"
#include "genai/generation.h"

namespace vireo::genai {

// Adds the requests and steps until they are done. The streamer, if there is one, hears of the only
// one; its last answer comes back.
StreamingStatus run_requests(Engine& engine, const std::vector<std::shared_ptr<Request>>& requests,
                             Stream& stream);

}  // namespace vireo::genai
