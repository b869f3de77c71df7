#include "frontends/transformers/encoders.h"

#include <algorithm>

#include "base/support/error.h"
#include "frontends/transformers/build.h"

namespace vireo::transformers {

#define VIREO_ENCODER(type, function) Encoder function(const Config& config, Task task);
#include "frontends/transformers/encoders.inc"
#undef VIREO_ENCODER

namespace {

struct Row {
  const char* type;
  Encoder (*describe)(const Config&, Task);
};
constexpr Row kRows[] = {
#define VIREO_ENCODER(type, function) {type, function},
#include "frontends/transformers/encoders.inc"
#undef VIREO_ENCODER
};

[[noreturn]] void fail_task(const Config& config, const std::string& type, Task task) {
  fail(ErrorCode::NotSupported, "'{}': models of type '{}' are not there for the task {}",
       config.path(), type, task_name(task));
}

}  // namespace

std::shared_ptr<Graph> build_for_task(const Config& config, const std::string& task_text,
                                      const WeightSource& weights,
                                      const std::optional<WeightFormat>& format) {
  const std::string type = config.text("model_type");
  const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                [&](const Row& r) { return r.type == type; });
  if (row != std::end(kRows)) {
    const Task task = task_text.empty() ? task_of(config) : parse_task(task_text);
    if (task == Task::TextGeneration) fail_task(config, type, task);
    Encoder model = row->describe(config, task);
    model.body.architecture = type;
    if (!format) return build_encoder(model, task, weights);
    const QuantisedWeights rounded(weights, *format, model.body.names, model.token_types, false);
    return build_encoder(model, task, rounded);
  }
  Decoder model = describe(config);
  const Task task = task_text.empty() ? task_of(config) : parse_task(task_text);
  if (task != Task::TextGeneration && task != Task::FeatureExtraction)
    fail_task(config, type, task);
  const auto make = task == Task::TextGeneration ? build : build_embedder;
  if (!format) return make(model, weights);
  const QuantisedWeights rounded(weights, *format, model.names, {}, model.input_major);
  model.input_major = false;
  return make(model, rounded);
}

Decoder encoder_sizes(const Config& config, const char* width, const char* layers,
                      const char* heads) {
  Decoder body;
  body.hidden = config.count(width);
  body.layers = config.count(layers);
  body.heads = body.kv_heads = config.count(heads);
  body.head_dim = std::max<int64_t>(body.hidden / body.heads, 1);
  body.vocabulary = config.count("vocab_size");
  body.norm = NormKind::Layer;
  body.causal = body.cached = false;
  return body;
}

}  // namespace vireo::transformers
