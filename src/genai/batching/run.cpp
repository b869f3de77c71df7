#include "genai/batching/run.h"

#include <algorithm>

namespace vireo::genai {

StreamingStatus run_requests(Engine& engine, const std::vector<std::shared_ptr<Request>>& requests,
                             Stream& stream) {
  const auto runs = [](const auto& request) {
    return request->status == GenerationStatus::RUNNING;
  };
  StreamingStatus status = StreamingStatus::RUNNING;
  for (const auto& request : requests) engine.add(request);
  try {
    while (std::any_of(requests.begin(), requests.end(), runs)) {
      engine.step();
      if (!stream || status != StreamingStatus::RUNNING) continue;
      status = stream.tell(*requests[0]->search);
      if (status == StreamingStatus::STOP) requests[0]->stops = true;
      if (status == StreamingStatus::CANCEL) requests[0]->cancels = true;
    }
    stream.end();
  } catch (...) {
    for (const auto& request : requests) request->cancels = true;
    throw;
  }
  return status;
}

}  // namespace vireo::genai
