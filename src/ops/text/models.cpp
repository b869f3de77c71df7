// BPETokenizer, WordpieceTokenizer, UnigramTokenizer: the words of rows to the numbers of tokens.
#include <algorithm>
#include <mutex>

#include "core/opsets.h"
#include "ops/text/prepared.h"
#include "ops/text/strings.h"
#include "text/tokenizer/model.h"
#include "text/utf8.h"

namespace vireo::ops {
namespace {

// A model and what encoding with it writes to, which is lent to one call at a time.
class Encoder {
 public:
  explicit Encoder(text::ModelPtr model) : model_(std::move(model)) {}

  class Loan {
   public:
    explicit Loan(const Encoder& owner) : owner_(owner) {
      {
        std::lock_guard lock(owner.mutex_);
        if (!owner.idle_.empty()) {
          workspace_ = std::move(owner.idle_.back());
          owner.idle_.pop_back();
          return;
        }
      }
      workspace_ = owner.model_->make_workspace();
    }
    ~Loan() {
      std::lock_guard lock(owner_.mutex_);
      owner_.idle_.push_back(std::move(workspace_));
    }
    // Appends the tokens of a word. A model that does not read bytes is given valid UTF-8.
    void tokenize(std::string_view word, std::vector<text::Token>& out) {
      std::string valid;
      if (!owner_.model_->reads_bytes() && !text::is_valid_utf8(word))
        word = valid = text::to_valid_utf8(word);
      const text::Piece whole{0, uint32_t(word.size())};
      owner_.model_->tokenize(word, {&whole, 1}, workspace_.get(), out);
    }

   private:
    const Encoder& owner_;
    std::unique_ptr<text::Workspace> workspace_;
  };

 private:
  const text::ModelPtr model_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<text::Workspace>> idle_;
};

void infer_tokenizer(InferContext& c) {
  expect_rows(c, 0);
  expect_strings(c, 2);
  expect_strings(c, 5);  // the vocabulary
  set_row_elements(c, 0, c.shape(0), element::i32);
}

// Calls encode(word, tokens) for each word and stores the numbers.
template <typename Encode>
void encode_rows(EvalContext& c, Encode&& encode) {
  const Strings words(c, 2);
  const Ranges rows(c, 0, words.size());
  RowsOut out;
  std::vector<text::Token> tokens;
  for (size_t row = 0; row < rows.size(); ++row) {
    const Range range = rows[row];
    out.begin(tokens.size());
    for (size_t i = range.begin; i < range.end; ++i) encode(words[i], tokens);
    out.end(tokens.size());
  }
  out.store(c, 0, c.shape(0));
  int32_t* ids = c.output(2, element::i32, {tokens.size()}).data<int32_t>();
  for (const text::Token& token : tokens) *ids++ = int32_t(token.id);
}

text::Vocab read_vocab(const EvalContext& c, size_t first) {
  const Strings texts(c, first);
  text::Vocab vocab;
  vocab.reserve(texts.size(), c.input(first + 2).get_size());
  for (size_t id = 0; id < texts.size(); ++id) vocab.add(texts[id], uint32_t(id));
  return vocab;
}

// --- BPETokenizer ---

struct BpeTokenizer {
  std::string unk_token;
  bool fuse_unk = false;
  std::string suffix_indicator, end_suffix;
  bool byte_fallback = false;
  int64_t cache_capacity = 20000;  // the size of the cache is Vireo's own affair
  Prepared<Encoder> encoder;
};
void visit(AttrVisitor& v, BpeTokenizer& a) {
  v.on("unk_token", a.unk_token);
  v.on("fuse_unk", a.fuse_unk);
  v.on("suffix_indicator", a.suffix_indicator);
  v.on("end_suffix", a.end_suffix);
  v.on("byte_fallback", a.byte_fallback);
  v.on("cache_capacity", a.cache_capacity);
}

// 5 inputs of words, 3 of the vocabulary, 3 of merges ("left right") or 6 (left, right); then
// perhaps 4 of added tokens and their numbers.
bool merges_in_two(size_t inputs) { return inputs == 14 || inputs == 18; }
bool has_added(size_t inputs) { return inputs == 15 || inputs == 18; }

void infer_bpe(InferContext& c) {
  const size_t count = c.inputs();
  if (count != 11 && !merges_in_two(count) && !has_added(count))
    c.fail("11, 14, 15 or 18 inputs are expected, got {}", count);
  infer_tokenizer(c);
  expect_strings(c, 8);
  if (merges_in_two(count)) expect_strings(c, 11);
  if (!has_added(count)) return;
  expect_strings(c, count - 4);
  expect_type(c, count - 1, element::i32);
}

void read_added(const EvalContext& c, text::Vocab& vocab) {
  const size_t first = c.inputs() - 4;
  const Strings texts(c, first);
  const Tensor& ids = c.input(first + 3);
  if (ids.get_size() != texts.size())
    c.fail("{} added tokens have {} numbers", texts.size(), ids.get_size());
  for (size_t i = 0; i < texts.size(); ++i)
    if (vocab.find(texts[i]) == text::Vocab::kNone)
      vocab.add(texts[i], uint32_t(ids.data<int32_t>()[i]));
}

std::vector<text::Merge> read_merges(const EvalContext& c, const text::Vocab& vocab,
                                     size_t prefix_size) {
  const Strings lefts(c, 8), rights(c, merges_in_two(c.inputs()) ? 11 : 8);
  if (lefts.size() != rights.size())
    c.fail("merges have {} left and {} right parts", lefts.size(), rights.size());
  std::vector<text::Merge> merges;
  merges.reserve(lefts.size());
  for (size_t i = 0; i < lefts.size(); ++i) {
    std::string_view left = lefts[i], right = rights[i];
    if (!merges_in_two(c.inputs())) {
      const size_t blank = left.find(' ');
      if (blank == std::string_view::npos)
        c.fail("merge {} has no blank: '{}'", i, text::shown(left));
      right = left.substr(blank + 1);
      left = left.substr(0, blank);
    }
    merges.push_back(text::make_merge(vocab, left, right, prefix_size));
  }
  return merges;
}

void evaluate_bpe(EvalContext& c) {
  const BpeTokenizer& a = c.attrs<BpeTokenizer>();
  const auto encoder = a.encoder.get(c, 5, c.inputs(), [&] {
    text::BpeOptions options;
    options.vocab = read_vocab(c, 5);
    if (has_added(c.inputs())) read_added(c, options.vocab);
    options.merges = read_merges(c, options.vocab, a.suffix_indicator.size());
    options.unk_token = a.unk_token;
    options.continuing_subword_prefix = a.suffix_indicator;
    options.end_of_word_suffix = a.end_suffix;
    options.fuse_unk = a.fuse_unk;
    options.byte_fallback = a.byte_fallback;
    return std::make_shared<const Encoder>(text::seeded_bpe_model(std::move(options)));
  });
  Encoder::Loan loan(*encoder);
  encode_rows(
      c, [&](std::string_view word, std::vector<text::Token>& out) { loan.tokenize(word, out); });
}

// --- WordpieceTokenizer ---

struct WordpieceTokenizer {
  std::string suffix_indicator = "##";
  int64_t max_bytes_per_word = 100;
  Prepared<Encoder> encoder;
};
void visit(AttrVisitor& v, WordpieceTokenizer& a) {
  v.on("suffix_indicator", a.suffix_indicator);
  v.on("max_bytes_per_word", a.max_bytes_per_word);
}

void infer_wordpiece(InferContext& c) {
  c.expect_inputs(9, 9);
  infer_tokenizer(c);
  c.expect_integral(8);
  if (c.attrs<WordpieceTokenizer>().max_bytes_per_word < 0) c.fail("max_bytes_per_word is below 0");
}

// The number of the unknown token, which files give in either width.
uint32_t unknown_of(const EvalContext& c) {
  const Tensor& id = c.input(8);
  if (id.get_size() != 1) c.fail("the unknown token must be one number, got {}", id.get_size());
  const int64_t value =
      id.get_element_type() == element::i64 ? id.data<int64_t>()[0] : id.data<int32_t>()[0];
  if (value < 0 || value >= int64_t(c.input(5).get_size()))
    c.fail("the unknown token {} is none of {}", value, c.input(5).get_size());
  return uint32_t(value);
}

void evaluate_wordpiece(EvalContext& c) {
  const WordpieceTokenizer& a = c.attrs<WordpieceTokenizer>();
  const uint32_t unknown = unknown_of(c);
  const auto encoder = a.encoder.get(c, 5, 9, [&] {
    text::WordPieceOptions options;
    options.vocab = read_vocab(c, 5);
    options.unk_token = options.vocab.text(unknown);
    options.continuing_subword_prefix = a.suffix_indicator;
    options.max_input_chars_per_word = size_t(a.max_bytes_per_word);
    return std::make_shared<const Encoder>(text::wordpiece_model(std::move(options)));
  });
  Encoder::Loan loan(*encoder);
  encode_rows(c, [&](std::string_view word, std::vector<text::Token>& out) {
    if (word.size() > size_t(a.max_bytes_per_word))
      out.push_back({unknown, {}});
    else
      loan.tokenize(word, out);
  });
}

// --- UnigramTokenizer ---

struct UnigramTokenizer {
  bool byte_fallback = false;
  int64_t unk_token_id = 0;
  bool fuse_unk = false;  // neighbours are always one
  double min_score = 0;   // found anew from the scores
  Prepared<Encoder> encoder;
};
void visit(AttrVisitor& v, UnigramTokenizer& a) {
  v.on("byte_fallback", a.byte_fallback);
  v.on("unk_token_id", a.unk_token_id);
  v.on("fuse_unk", a.fuse_unk);
  v.on("min_score", a.min_score);
}

void infer_unigram(InferContext& c) {
  c.expect_inputs(9, 9);
  infer_tokenizer(c);
  expect_type(c, 8, element::f32);
}

void evaluate_unigram(EvalContext& c) {
  const UnigramTokenizer& a = c.attrs<UnigramTokenizer>();
  const auto encoder = a.encoder.get(c, 5, 9, [&] {
    text::UnigramOptions options;
    options.vocab = read_vocab(c, 5);
    const Tensor& scores = c.input(8);
    if (scores.get_size() != options.vocab.end())
      c.fail("{} tokens have {} scores", options.vocab.end(), scores.get_size());
    options.scores.assign(scores.data<float>(), scores.data<float>() + scores.get_size());
    if (a.unk_token_id >= 0 && a.unk_token_id < int64_t(options.vocab.end()))
      options.unk_id = uint32_t(a.unk_token_id);
    options.byte_fallback = a.byte_fallback;
    return std::make_shared<const Encoder>(text::unigram_model(std::move(options)));
  });
  Encoder::Loan loan(*encoder);
  encode_rows(
      c, [&](std::string_view word, std::vector<text::Token>& out) { loan.tokenize(word, out); });
}

}  // namespace

VIREO_DEFINE_OP(bpe_tokenizer_extension){
    "BPETokenizer", kExtensionOpset,  &kAttrType<BpeTokenizer>, infer_bpe,
    evaluate_bpe,   Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(wordpiece_tokenizer_extension){
    "WordpieceTokenizer", kExtensionOpset,    &kAttrType<WordpieceTokenizer>,
    infer_wordpiece,      evaluate_wordpiece, Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(unigram_tokenizer_extension){
    "UnigramTokenizer", kExtensionOpset,  &kAttrType<UnigramTokenizer>, infer_unigram,
    evaluate_unigram,   Tolerance::Exact, kDataDependentShape};

}  // namespace vireo::ops
