// The text layer from within: what the Python tests cannot reach.
#include <gtest/gtest.h>

#include <random>

#include "text/regex.h"
#include "text/tokenizer/pre_tokenizers.h"
#include "text/tokenizer/read.h"
#include "text/tokenizer/scanners.h"
#include "text/tokenizer/trie.h"
#include "vireo/error.h"

namespace vireo::text {
namespace {

// Letters, numbers, blanks, signs and marks, of one to four bytes; the hard ones more often than in
// life.
std::string random_text(std::mt19937& random) {
  static constexpr char32_t kChars[] = {
      'a',    'T',  's',   'S',    'l',    'e',     'r',     'v',    'd',    'm',
      '\'',   '\'', ' ',   ' ',    ' ',    '\n',    '\r',    '\t',   '1',    '2',
      '.',    '_',  '-',   0x17f,  0xe9,   0x301,   0xa0,    0x85,   0x3000, 0x2028,
      0x180e, 0xb2, 0x660, 0x2167, 0x4f60, 0x1f44d, 0x10400, 0x200d, 0};
  std::string text;
  for (size_t i = random() % 24; i > 0; --i) append(text, kChars[random() % std::size(kChars)]);
  return text;
}

std::vector<std::string> pieces_of(const PreTokenizer& cutter, const std::string& input) {
  AlignedText text;
  text.assign(input, 0, false);
  std::vector<Piece> pieces{{0, uint32_t(input.size())}};
  if (input.empty()) return {};
  cutter.apply(text, pieces);
  std::vector<std::string> out;
  for (const Piece piece : pieces) out.emplace_back(text.view(piece));
  return out;
}

TEST(Scanners, CutAsTheirExpressions) {
  const std::string patterns[] = {
      std::string(kGpt2Pattern),
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
  for (const std::string& pattern : patterns) {
    ASSERT_TRUE(scan_of(pattern));
    const auto fast = split_pre_tokenizer({"", std::make_shared<const Regex>(pattern)},
                                          Behavior::Isolated, false);
    // Another group around it and the scanner does not know it: PCRE2 runs it.
    const auto slow = split_pre_tokenizer(
        {"", std::make_shared<const Regex>("(?:" + pattern + ")")}, Behavior::Isolated, false);
    std::mt19937 random(1);
    for (int i = 0; i < 3000; ++i) {
      const std::string text = random_text(random);
      ASSERT_EQ(pieces_of(*fast, text), pieces_of(*slow, text))
          << pattern << " on '" << text << "'";
    }
  }
}

TEST(Regex, ReadsOnigurumasSyntax) {
  const auto found = [](const char* pattern, std::string_view text) {
    std::string all;
    Regex(pattern).for_each(
        text, [&](Match m) { all += std::string(text.substr(m.begin, m.end - m.begin)) + "|"; });
    return all;
  };
  EXPECT_EQ(found("[a-z&&[^aeiou]]+", "hello"), "h|ll|");
  EXPECT_EQ(found("[^(\\s|[.,!?])]+", "ab, c!"), "ab|c|");
  EXPECT_EQ(found("[^\\S\\n]+", "a \n\tb"), " |\t|");
  EXPECT_EQ(found("\\h+", "xfF09g"), "fF09|");
  EXPECT_EQ(found("(?m:a.b)", "a\nb"), "a\nb|");
  EXPECT_EQ(found("^b$", "a\nb\nc"), "b|");
  EXPECT_EQ(found("(?:ab){1,2}+", "abababab"), "abababab|");  // no possessive interval
  EXPECT_EQ(found("[^\\w]+", "a\xc2\xb2"),
            "\xc2\xb2|");  // in a class \w goes without the Latin-1 numbers
  EXPECT_EQ(found("[[:punct:]]+", "a$\xe2\x82\xac."), "$\xe2\x82\xac.|");
  EXPECT_EQ(found("\\u4f60", "x\xe4\xbd\xa0"), "\xe4\xbd\xa0|");
  EXPECT_EQ(found("\\w+", "a\xc2\xb2 b\xcc\x81"), "a\xc2\xb2|b\xcc\x81|");
  EXPECT_EQ(found("\\s", "a\xe1\xa0\x8e"), "");  // U+180E is no blank
  EXPECT_EQ(found("x*", "axb"), "|x||");  // an empty match does not stand where one just ended
  EXPECT_THROW(Regex("[a"), Error);
  EXPECT_THROW(Regex("a\\"), Error);
  EXPECT_THROW(Regex("(a+)+$").found_in(std::string(200, 'a') + "b"),
               Error);  // backtracks for ever
}

TEST(Trie, FindsWhatIsInIt) {
  std::mt19937 random(2);
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (size_t n = 1 + random() % 6; n > 0; --n) text += char(random() % (i % 2 ? 256 : 4));
    texts.push_back(text);
  }
  std::vector<Trie::Key> keys;
  for (uint32_t i = 0; i < texts.size(); ++i) keys.push_back({texts[i], i});
  const Trie trie(keys);
  for (const std::string& text : texts) {
    const Trie::Longest found = trie.longest(text);
    ASSERT_EQ(found.size, text.size());
    EXPECT_EQ(texts[found.value], text);
    EXPECT_EQ(trie.longest(text + text).size >= text.size(), true);
  }
  EXPECT_EQ(Trie().longest("a").value, Trie::kNone);
}

GgufVocab small_gguf() {
  GgufVocab vocab;
  vocab.model = "gpt2";
  vocab.pre = "smollm";
  vocab.tokens = {"<s>", "h", "e", "l", "o", "he", "ll", "hell", "1", "\xc4\xa0", "\xc4\xa0h"};
  vocab.token_type = {3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  vocab.merges = {"h e", "l l", "he ll", "\xc4\xa0 h"};
  vocab.bos = 0;
  vocab.add_bos = true;
  return vocab;
}

using Ids = std::vector<uint32_t>;

TEST(Gguf, ReadsByteLevelVocabularies) {
  const auto tokenizer = make_gguf_tokenizer(small_gguf(), "test");
  const Encoding made = tokenizer->encode({"hello 11<s> he", std::nullopt});
  EXPECT_EQ(made.ids, (Ids{0, 7, 4, 9, 8, 8, 0, 9, 5}));
  EXPECT_EQ(tokenizer->decode(made.ids), "hello 11 he");
}

TEST(Gguf, ReadsScoredVocabularies) {
  GgufVocab vocab;
  vocab.model = "llama";
  vocab.tokens = {"<unk>",
                  "<s>",
                  "<0xC3>",
                  "<0xA9>",
                  "\xe2\x96\x81",
                  "a",
                  "b",
                  "ab",
                  "\xe2\x96\x81"
                  "a"};
  vocab.scores = {0, 0, 0, 0, -5, -6, -7, -1, -2};
  vocab.token_type = {2, 3, 6, 6, 1, 1, 1, 1, 1};
  vocab.unk = 0;
  const auto tokenizer = make_gguf_tokenizer(vocab, "test");
  EXPECT_EQ(tokenizer->encode({"ab a\xc3\xa9", std::nullopt}).ids,
            (Ids{4, 7, 8, 2, 3}));  // "ab" goes before the blank
  EXPECT_EQ(tokenizer->decode(Ids{4, 7, 8, 2, 3}), "ab a\xc3\xa9");
  vocab.scores.pop_back();
  EXPECT_THROW(make_gguf_tokenizer(vocab, "test"), Error);
}

TEST(Gguf, ReadsBertVocabularies) {
  GgufVocab vocab;
  vocab.model = "bert";
  vocab.tokens = {"[UNK]",
                  "[CLS]",
                  "[SEP]",
                  "\xe2\x96\x81un",
                  "able",
                  "\xe2\x96\x81"
                  "able"};
  vocab.token_type = {3, 3, 3, 1, 1, 1};
  vocab.unk = 0;
  vocab.cls = 1;
  vocab.sep = 2;
  EXPECT_EQ(make_gguf_tokenizer(vocab, "test")->encode({"Unable ABLE x", std::nullopt}).ids,
            (Ids{1, 3, 4, 5, 0, 2}));
}

TEST(Gguf, RefusesWhatItDoesNotKnow) {
  GgufVocab vocab = small_gguf();
  vocab.pre = "nobody";
  EXPECT_THROW(make_gguf_tokenizer(vocab, "test"), Error);
  vocab = small_gguf();
  vocab.model = "rwkv";
  EXPECT_THROW(make_gguf_tokenizer(vocab, "test"), Error);
  vocab = small_gguf();
  vocab.merges.push_back("h zz");
  EXPECT_THROW(make_gguf_tokenizer(vocab, "test"), Error);
}

TEST(SentencePiece, RefusesBrokenFiles) {
  EXPECT_THROW(read_sentencepiece("", "test"), Error);
  EXPECT_THROW(read_sentencepiece("\x0a\x7f", "test"), Error);
  EXPECT_THROW(read_sentencepiece("no model at all", "test"), Error);
}

// Rules that a stranger wrote may not fill the memory.
TEST(Tokenizer, RefusesTextsThatGrowWithoutMeasure) {
  std::string steps;
  for (int i = 0; i < 64; ++i)
    steps +=
        std::string(i ? "," : "") + R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})";
  const std::string model = R"("model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"})";
  const auto grows = read_tokenizer_json(
      R"({"normalizer":{"type":"Sequence","normalizers":[)" + steps + "]}," + model + "}", "test");
  EXPECT_THROW(grows->encode({"a", std::nullopt}), Error);
  const auto decodes = read_tokenizer_json(
      R"({"decoder":{"type":"Sequence","decoders":[)" + steps + "]}," + model + "}", "test");
  EXPECT_THROW(decodes->decode(Ids{0}), Error);
}

TEST(Tokenizer, ReplacesBrokenBytesByRunOrByPart) {
  const std::string json =
      R"({"decoder":{"type":"ByteFallback"},"model":{"type":"WordLevel","unk_token":"x",
      "vocab":{"x":0,"<0x2D>":1,"<0xAC>":2,"<0x5C>":3}}})";
  EXPECT_EQ(read_tokenizer_json(json, "test")->decode(Ids{1, 2, 3, 0}),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
  EXPECT_EQ(read_tokenizer_json(json, "test", BrokenBytes::ReplaceBroken)->decode(Ids{1, 2, 3, 0}),
            "-\xef\xbf\xbd\\x");
}

TEST(StreamDecoder, GivesBrokenBytesAtTheEnd) {
  GgufVocab vocab;
  vocab.model = "llama";
  vocab.tokens = {"<unk>", "<0xE4>", "<0xBD>", "<0xA0>", "x"};
  vocab.scores = {0, 0, 0, 0, -1};
  vocab.token_type = {2, 6, 6, 6, 1};
  const auto tokenizer = make_gguf_tokenizer(vocab, "test");
  StreamDecoder stream(*tokenizer);
  EXPECT_EQ(stream.put(1), "");
  EXPECT_EQ(stream.put(2), "");
  EXPECT_EQ(stream.put(3), "\xe4\xbd\xa0");
  EXPECT_EQ(stream.put(4), "x");
  EXPECT_EQ(stream.put(1), "");
  EXPECT_EQ(stream.finish(), "\xef\xbf\xbd");
  EXPECT_EQ(stream.finish(), "");
}

}  // namespace
}  // namespace vireo::text
