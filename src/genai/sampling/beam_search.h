// Beam search and its grouped form, as transformers and OpenVINO GenAI do it.
#pragma once

#include "genai/sampling/candidates.h"
#include "genai/sampling/search.h"

namespace vireo::genai {

class BeamSearch : public Search {
 public:
  explicit BeamSearch(Task task);

  void step(span<const float> scores) override;
  void finish(GenerationFinishReason reason) override;
  std::vector<Sequence> results() const override;
  size_t length() const override { return length_; }

 private:
  struct Beam {
    std::vector<int64_t> tokens;  // of the output
    float score = 0;              // sum of log probabilities, less penalties
    int32_t row = 0;              // of the scores that continue it
  };
  struct Group {
    std::vector<Beam> running{Beam{}};  // the best first
    std::vector<Sequence> finished;     // the best first, at most as many as beams
    bool done = false;
  };
  // A beam of the group and the token that would follow.
  struct Step {
    float score;
    uint32_t beam;
    int64_t token;
  };

  void advance(size_t group, span<const float> scores);
  void propose(size_t group, uint32_t beam, span<const float> row);
  void keep(Group& group, Sequence sequence) const;
  bool is_done(const Group& group) const;
  float penalised(float score, size_t length) const;

  const Task task_;
  const std::vector<int64_t> stop_tokens_;
  const StopText stop_text_;
  const size_t width_;  // beams of a group
  std::vector<Group> groups_;
  size_t length_ = 0;  // tokens of the running beams
  std::vector<Step> steps_;
  Candidates candidates_;
  std::vector<float> changed_;
  std::vector<int64_t> whole_;  // prompt and output of a beam
};

}  // namespace vireo::genai
