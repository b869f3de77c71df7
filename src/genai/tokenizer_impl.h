// What a Tokenizer is a handle to.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "genai/tokenizer_config.h"
#include "text/jinja/template.h"
#include "text/tokenizer/read.h"
#include "vireo/genai/tokenizer.h"

namespace vireo::genai {

// The template in use and its parsed form, which is kept while the source stays the same.
class ChatTemplates {
 public:
  std::shared_ptr<const jinja::Template> get(const std::string& source);
  void choose(const std::string& source);
  std::string chosen() const;  // "" if none was

 private:
  mutable std::mutex mutex_;
  std::string chosen_, source_;
  std::shared_ptr<const jinja::Template> template_;
};

struct Tokenizer::Impl {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  TokenizerConfig config;
  ChatTemplates templates;
};

// Throws InvalidArgument for an empty handle.
Tokenizer::Impl& need(const std::shared_ptr<Tokenizer::Impl>& impl);

}  // namespace vireo::genai
