// The models of tokenizer.json: what turns words into tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/support/span.h"
#include "text/tokenizer/aligned_text.h"
#include "text/tokenizer/vocab.h"

namespace vireo::text {

struct Token {
  uint32_t id;
  Piece range;  // of the normalised text
};

// What one encoding at a time writes to; kept from text to text, so that no word allocates.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

class Model {
 public:
  virtual ~Model() = default;

  virtual std::unique_ptr<Workspace> make_workspace() const { return nullptr; }
  // Appends the tokens of each piece.
  virtual void tokenize(std::string_view text, span<const Piece> pieces, Workspace* workspace,
                        std::vector<Token>& out) const = 0;
  // True if the pieces are bytes and not characters of the byte alphabet.
  virtual bool reads_bytes() const { return false; }

  // True if the text of a token is what it stands for, also where it is the unknown one.
  virtual bool keeps_text() const { return false; }

  const Vocab& vocab() const { return vocab_; }

 protected:
  explicit Model(Vocab vocab) : vocab_(std::move(vocab)) {}

  const Vocab vocab_;
};
using ModelPtr = std::unique_ptr<const Model>;

struct Merge {
  uint32_t left, right, result;
};
struct BpeOptions {
  Vocab vocab;
  std::vector<Merge> merges;  // the first goes before all others
  std::string unk_token;      // empty: characters that are not in the vocabulary are dropped
  std::string continuing_subword_prefix, end_of_word_suffix;
  bool fuse_unk = false;
  bool byte_fallback = false;
  bool ignore_merges = false;  // a word that is a token is that token
};
// The merge of two tokens of the vocabulary. InvalidArgument if one of them or their union is none.
Merge make_merge(const Vocab& vocab, std::string_view left, std::string_view right,
                 size_t prefix_size);
// With `byte_level` the words are given as bytes while the vocabulary is in the byte alphabet.
ModelPtr bpe_model(BpeOptions options, bool byte_level);

// BPE over any bytes: a word begins as the longest tokens that no merge makes, so that neither
// characters nor an alphabet of bytes need be known. What is no token becomes byte tokens, the
// unknown token, or nothing. Of the options ignore_merges is not looked at.
ModelPtr seeded_bpe_model(BpeOptions options);

struct WordPieceOptions {
  Vocab vocab;
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  size_t max_input_chars_per_word = 100;
};
ModelPtr wordpiece_model(WordPieceOptions options);

struct UnigramOptions {
  Vocab vocab;
  std::vector<double> scores;  // of each number
  uint32_t unk_id = Vocab::kNone;
  bool byte_fallback = false;
};
ModelPtr unigram_model(UnigramOptions options);

ModelPtr word_level_model(Vocab vocab, std::string unk_token);

}  // namespace vireo::text
