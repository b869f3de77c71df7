// What a model is read for: it decides the head that its graph ends with.
#pragma once

#include <string>

#include "frontends/transformers/config.h"

namespace vireo::transformers {

enum class Task {
  TextGeneration,
  FeatureExtraction,
  TextClassification,
  TokenClassification,
  QuestionAnswering
};

// The task of that name in optimum's spelling ("feature-extraction"). Throws InvalidArgument naming
// those that there are.
Task parse_task(const std::string& name);
const char* task_name(Task task);

// The task that config.json means by its `architectures` ("BertForQuestionAnswering"), text
// generation where it says nothing. Throws NotSupported for a head that is not there.
Task task_of(const Config& config);

}  // namespace vireo::transformers
