// The tokeniser of a folder that has openvino_tokenizer.xml and openvino_detokenizer.xml alone.
#pragma once

#include <memory>
#include <string>

#include "genai/tokenizer_config.h"
#include "text/tokenizer/tokenizer.h"

namespace vireo::genai {

// `file` is openvino_tokenizer.xml, beside which openvino_detokenizer.xml stands. Both models run
// on the CPU device: the first up to the numbers of a text's tokens, behind which special tokens,
// truncation and padding are those of every other tokeniser. Tokens have no offsets. Fills in what
// `config` does not say: special tokens, chat template, side of padding. NotSupported for a
// tokeniser that does not end in one of the models of text (BPE, WordPiece, Unigram, trie).
std::shared_ptr<const text::Tokenizer> read_ir_tokenizer(const std::string& file,
                                                         TokenizerConfig& config);

}  // namespace vireo::genai
