// A conversation as the text that a model was trained on.
#include "base/support/error.h"
#include "genai/json.h"
#include "genai/tokenizer_impl.h"
#include "text/jinja/json.h"

namespace vireo::genai {
namespace {

using Variables = std::map<std::string, jinja::Value, std::less<>>;

jinja::Value to_value(const JsonContainer& json) {
  try {
    return jinja::from_json(json.impl()->json);
  } catch (const jinja::TemplateError& error) {
    fail(ErrorCode::InvalidArgument, "chat history: {}", error.what);
  }
}

Variables variables_of(const TokenizerConfig& config, const ChatHistory& history,
                       bool add_generation_prompt, const std::optional<JsonContainer>& tools,
                       const std::optional<JsonContainer>& extra_context) {
  Variables variables;
  variables["bos_token"] = config.bos_token;
  variables["eos_token"] = config.eos_token;
  variables["pad_token"] = config.pad_token;
  variables["messages"] = to_value(history.get_messages());
  variables["add_generation_prompt"] = add_generation_prompt;
  // Templates ask `if tools`: no tools are none, not an empty list.
  const JsonContainer& tool_list = tools ? *tools : history.get_tools();
  variables["tools"] = tool_list.empty() ? jinja::Value(jinja::None{}) : to_value(tool_list);
  variables["documents"] = jinja::None{};
  const JsonContainer& extra = extra_context ? *extra_context : history.get_extra_context();
  if (!extra.is_null() && !extra.is_object()) {
    fail(ErrorCode::InvalidArgument, "apply_chat_template: the extra context is no object");
  }
  for (const auto& [name, value] : extra.impl()->json.items()) {
    variables[name] = to_value(container(value));
  }
  return variables;
}

}  // namespace

std::shared_ptr<const jinja::Template> ChatTemplates::get(const std::string& source) {
  const std::lock_guard lock(mutex_);
  if (!template_ || source != source_) {
    template_ = std::make_shared<const jinja::Template>(source);
    source_ = source;
  }
  return template_;
}

void ChatTemplates::choose(const std::string& source) {
  const std::lock_guard lock(mutex_);
  chosen_ = source;
}

std::string ChatTemplates::chosen() const {
  const std::lock_guard lock(mutex_);
  return chosen_;
}

std::string Tokenizer::apply_chat_template(
    const ChatHistory& history, bool add_generation_prompt, const std::string& chat_template,
    const std::optional<JsonContainer>& tools,
    const std::optional<JsonContainer>& extra_context) const {
  Impl& self = need(impl_);
  const std::string source = chat_template.empty() ? get_chat_template() : chat_template;
  if (source.empty()) {
    fail(ErrorCode::InvalidArgument,
         "apply_chat_template: the model has no chat template, one must be given");
  }
  const auto parsed = self.templates.get(source);
  return parsed->render(
      variables_of(self.config, history, add_generation_prompt, tools, extra_context));
}

void Tokenizer::set_chat_template(const std::string& chat_template) {
  need(impl_).templates.choose(chat_template);
}

std::string Tokenizer::get_chat_template() const {
  const Impl& self = need(impl_);
  const std::string chosen = self.templates.chosen();
  return chosen.empty() ? self.config.chat_template : chosen;
}

}  // namespace vireo::genai
