// RoBERTa and XLM-RoBERTa: BERT whose positions count the tokens that are no padding.
#include "frontends/transformers/encoders.h"

namespace vireo::transformers {

Encoder bert_like(const Config& config, const std::string& prefix);

Encoder describe_roberta(const Config& config, Task task) {
  Encoder model = bert_like(config, "roberta.");
  model.positions = Positions::OfContent;
  model.padding_id = config.integer("pad_token_id", 1);
  model.head.classifier = task == Task::QuestionAnswering ? "qa_outputs" : "classifier";
  if (task == Task::TextClassification) {
    model.head.dense = "classifier.dense";
    model.head.classifier = "classifier.out_proj";
  }
  return model;
}

}  // namespace vireo::transformers
