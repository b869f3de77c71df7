#include "frontends/transformers/task.h"

#include "base/support/error.h"

namespace vireo::transformers {
namespace {

struct Row {
  Task task;
  const char* name;
  const char* ending;  // of the class in transformers
};
// The first ending that fits counts, so that of the bare model comes last.
constexpr Row kRows[] = {
    {Task::TextGeneration, "text-generation", "ForCausalLM"},
    {Task::TextGeneration, "text-generation", "LMHeadModel"},
    {Task::TextClassification, "text-classification", "ForSequenceClassification"},
    {Task::TokenClassification, "token-classification", "ForTokenClassification"},
    {Task::QuestionAnswering, "question-answering", "ForQuestionAnswering"},
    {Task::FeatureExtraction, "feature-extraction", "Model"},
};

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

Task parse_task(const std::string& name) {
  std::string known;
  for (const Row& row : kRows) {
    if (name == row.name) return row.task;
    if (!ends_with(known, row.name)) known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  fail(ErrorCode::InvalidArgument, "task '{}' is not known, known are {}", name, known);
}

const char* task_name(Task task) {
  const Row* row = kRows;
  while (row->task != task) ++row;
  return row->name;
}

Task task_of(const Config& config) {
  const std::vector<std::string> classes = config.texts("architectures");
  if (classes.empty()) return Task::TextGeneration;
  for (const Row& row : kRows) {
    if (ends_with(classes[0], row.ending)) return row.task;
  }
  fail(ErrorCode::NotSupported,
       "'{}': the head of {} is not supported; TASK=feature-extraction reads the model without it",
       config.path(), classes[0]);
}

}  // namespace vireo::transformers
