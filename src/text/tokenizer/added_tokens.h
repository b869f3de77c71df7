// Tokens that are looked for in a text before anything else cuts it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/normalizers.h"
#include "text/tokenizer/trie.h"
#include "text/tokenizer/vocab.h"

namespace vireo::text {

struct AddedToken {
  uint32_t id = 0;
  std::string content;
  bool single_word = false;  // not within a word
  bool lstrip = false;       // takes the blanks before it
  bool rstrip = false;       // and behind it
  bool normalized = true;    // looked for in the normalised text
  bool special = false;      // left out when decoding without special tokens
};

// A part of a text: an added token, or text between them.
struct TextPart {
  Piece range;
  uint32_t id = Vocab::kNone;
};

class AddedTokens {
 public:
  // The content of normalised tokens goes through the normaliser, which may be null.
  AddedTokens(std::vector<AddedToken> tokens, const Normalizer* normalizer);

  // Cuts at the tokens that are looked for before, or after, the text is normalised.
  void cut(std::string_view text, bool normalized, std::vector<TextPart>& parts) const;

  const AddedToken* find(uint32_t id) const;
  uint32_t find(std::string_view content) const;  // or Vocab::kNone
  bool is_special(uint32_t id) const;
  const std::vector<AddedToken>& all() const { return tokens_; }

 private:
  struct Set {
    Trie trie;                      // values are places in tokens_
    std::vector<bool> first_bytes;  // of 256; empty if there are no tokens
    char only_first = 0;            // if all begin with one byte
    void make(const std::vector<Trie::Key>& keys);
    size_t next_candidate(std::string_view text, size_t at) const;
  };

  std::vector<AddedToken> tokens_;
  std::vector<uint32_t> place_of_id_;
  Set plain_, normalized_;
};

}  // namespace vireo::text
