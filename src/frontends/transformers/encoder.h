// What distinguishes one encoder from another: the file of an architecture fills this in from its
// config.json and the task, and build_encoder makes the graph.
#pragma once

#include <memory>
#include <string>

#include "core/graph.h"
#include "frontends/transformers/decoder.h"
#include "frontends/transformers/task.h"
#include "frontends/transformers/weights.h"

namespace vireo::transformers {

enum class Positions {
  None,
  Counted,    // 0, 1, 2, ...
  OfContent,  // padding_id + 1, padding_id + 2, ... over the tokens that are no padding
};

// What stands on the last hidden state: classifier(norm(function(dense(x)))).
struct Head {
  std::string dense, norm, classifier;  // an empty name: no such part
  const char* function = "Tanh";        // an operator of opset 16
  bool mean = false;  // sequences: the mean of their tokens instead of the first token
};

struct Encoder {
  Decoder body;             // layers and sizes
  bool norm_after = false;  // x = norm(x + f(x)), and x + f(norm(x)) otherwise
  bool bare_first = false;  // the first layer's attention reads x as it is
  Positions positions = Positions::Counted;
  int64_t padding_id = 0;
  std::string token_types;  // embedding of the text that a token is of; empty: none
  int64_t type_count = 0;   // 1: all are of the same, and there is no input for it
  Head head;
};

// A graph of inputs input_ids, attention_mask and, where the model tells texts apart,
// token_type_ids, all i64 [batch, length]. Outputs by task: last_hidden_state [batch, length,
// hidden]; logits [batch, labels]; logits [batch, length, labels]; start_logits and end_logits
// [batch, length]; f32. Weights are not copied. Throws InvalidModel as build() does.
std::shared_ptr<Graph> build_encoder(const Encoder& model, Task task, const WeightSource& weights);

// The same for a decoder that is read for the hidden state behind its last norm.
std::shared_ptr<Graph> build_embedder(const Decoder& model, const WeightSource& weights);

}  // namespace vireo::transformers
