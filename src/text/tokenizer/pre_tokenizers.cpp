#include "text/tokenizer/pre_tokenizers.h"

#include <algorithm>
#include <iterator>

#include "text/scripts.h"
#include "text/tokenizer/normalizers.h"
#include "text/tokenizer/scanners.h"

namespace vireo::text {
namespace {

struct Part {
  Piece range;
  bool match;
};

// The parts of a piece that matches cut it into, in order, without gaps.
template <typename ForEach>
void find_parts(Piece piece, ForEach&& for_each, std::vector<Part>& parts) {
  parts.clear();
  uint32_t done = piece.begin;
  for_each([&](Match m) {
    const Piece range{piece.begin + uint32_t(m.begin), piece.begin + uint32_t(m.end)};
    if (done != range.begin) parts.push_back({{done, range.begin}, false});
    parts.push_back({range, true});
    done = range.end;
  });
  if (done != piece.end) parts.push_back({{done, piece.end}, false});
}

// Joins each match with what stands before it, unless that is a match too.
void merge_with_previous(const std::vector<Part>& parts, std::vector<Piece>& out) {
  bool match_before = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].match && !match_before && i > 0)
      out.back().end = parts[i].range.end;
    else
      out.push_back(parts[i].range);
    match_before = parts[i].match;
  }
}

void merge_with_next(const std::vector<Part>& parts, std::vector<Piece>& out) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool joins = parts[i].match && i + 1 < parts.size() && !parts[i + 1].match;
    out.push_back(parts[i].range);
    if (joins) out.back().end = parts[++i].range.end;
  }
}

void behave(const std::vector<Part>& parts, Behavior behavior, std::vector<Piece>& out) {
  const size_t first = out.size();
  switch (behavior) {
    case Behavior::Removed:
      for (const Part& part : parts)
        if (!part.match) out.push_back(part.range);
      break;
    case Behavior::Isolated:
      for (const Part& part : parts) out.push_back(part.range);
      break;
    case Behavior::Contiguous:
      for (size_t i = 0; i < parts.size(); ++i) {
        if (i > 0 && parts[i].match == parts[i - 1].match)
          out.back().end = parts[i].range.end;
        else
          out.push_back(parts[i].range);
      }
      break;
    case Behavior::MergedWithPrevious: merge_with_previous(parts, out); break;
    case Behavior::MergedWithNext: merge_with_next(parts, out); break;
  }
  size_t kept = first;
  for (size_t i = first; i < out.size(); ++i)
    if (out[i].size() > 0) out[kept++] = out[i];
  out.resize(kept);
}

// A pre-tokeniser that only cuts: cut(text, piece, out) for each piece.
template <typename Cut>
class Cutter final : public PreTokenizer {
 public:
  explicit Cutter(Cut cut) : cut_(std::move(cut)) {}
  void apply(AlignedText& text, std::vector<Piece>& pieces) const override {
    std::vector<Piece> out;
    out.reserve(pieces.size() + text.view().size() / 4);
    for (Piece piece : pieces) cut_(text.view(), piece, out);
    pieces.swap(out);
  }

 private:
  const Cut cut_;
};

template <typename Cut>
PreTokenizerPtr make_cutter(Cut cut) {
  return std::make_unique<Cutter<Cut>>(std::move(cut));
}

// Cuts at characters: each that is in the set is a match of its own.
template <typename InSet>
PreTokenizerPtr make_char_cutter(InSet in_set, Behavior behavior) {
  return make_cutter([=](std::string_view text, Piece piece, std::vector<Piece>& out) {
    std::vector<Part> parts;
    find_parts(
        piece,
        [&](auto&& found) {
          for (size_t at = piece.begin; at < piece.end;) {
            const Char c = decode(text, at);
            if (in_set(c.code)) found(Match{at - piece.begin, at - piece.begin + c.size});
            at += c.size;
          }
        },
        parts);
    behave(parts, behavior, out);
  });
}

bool is_ascii_punctuation(char32_t c) {
  return (c >= 0x21 && c <= 0x2f) || (c >= 0x3a && c <= 0x40) || (c >= 0x5b && c <= 0x60) ||
         (c >= 0x7b && c <= 0x7e);
}

// Punctuation that is younger than the tables of Hugging Face's tokenizers and no punctuation
// there.
bool is_young_punctuation(char32_t c) {
  static constexpr char32_t kRanges[][2] = {
      {0x61d, 0x61d},     {0x9fd, 0x9fd},     {0xa76, 0xa76},     {0xc77, 0xc77},
      {0xc84, 0xc84},     {0x166d, 0x166d},   {0x1b7d, 0x1b7e},   {0x2e43, 0x2e4f},
      {0x2e52, 0x2e5d},   {0x10ead, 0x10ead}, {0x10f55, 0x10f59}, {0x10f86, 0x10f89},
      {0x111c9, 0x111c9}, {0x1144b, 0x1144f}, {0x1145a, 0x1145b}, {0x1145d, 0x1145d},
      {0x11660, 0x1166c}, {0x116b9, 0x116b9}, {0x1183b, 0x1183b}, {0x11944, 0x11946},
      {0x119e2, 0x119e2}, {0x11a3f, 0x11a46}, {0x11a9a, 0x11a9c}, {0x11a9e, 0x11aa2},
      {0x11b00, 0x11b09}, {0x11c41, 0x11c45}, {0x11c70, 0x11c71}, {0x11ef7, 0x11ef8},
      {0x11f43, 0x11f4f}, {0x11fff, 0x11fff}, {0x12ff1, 0x12ff2}, {0x16e97, 0x16e9a},
      {0x16fe2, 0x16fe2}, {0x1e95e, 0x1e95f}};
  const auto* found =
      std::lower_bound(std::begin(kRanges), std::end(kRanges), c,
                       [](const char32_t(&one)[2], char32_t at) { return one[1] < at; });
  return found != std::end(kRanges) && c >= (*found)[0];
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return is_ascii_punctuation(c);
  return is_in(c, kPunctuation) && !is_young_punctuation(c);
}

void cut_bert(std::string_view text, Piece piece, std::vector<Piece>& out) {
  uint32_t word = piece.begin;  // where the word that is being read starts
  for (uint32_t at = piece.begin; at < piece.end;) {
    const Char c = decode(text, at);
    const bool blank = is_in(c.code, kSpace);
    if (blank || is_punctuation(c.code)) {
      if (word < at) out.push_back({word, at});
      if (!blank) out.push_back({at, at + c.size});
      word = at + c.size;
    }
    at += c.size;
  }
  if (word < piece.end) out.push_back({word, piece.end});
}

// \w+|[^\w\s]+
void cut_words(std::string_view text, Piece piece, std::vector<Piece>& out) {
  const auto kind = [](char32_t c) {
    const uint16_t sets = char_sets(c);
    return sets & kWord ? 1 : sets & kSpace ? 0 : 2;
  };
  uint32_t start = piece.begin;
  int before = 0;
  for (uint32_t at = piece.begin; at < piece.end;) {
    const Char c = decode(text, at);
    const int now = kind(c.code);
    if (now != before) {
      if (before) out.push_back({start, at});
      start = at;
      before = now;
    }
    at += c.size;
  }
  if (before) out.push_back({start, piece.end});
}

// Characters of any script before the first that has one are dropped, as Hugging Face's tokenizers
// do.
void cut_scripts(std::string_view text, Piece piece, std::vector<Piece>& out) {
  uint32_t start = piece.end;
  int before = kAnyScript;
  for (uint32_t at = piece.begin; at < piece.end;) {
    const Char c = decode(text, at);
    const int now = script_of(c.code);
    if (now != kAnyScript && now != before) {
      if (before != kAnyScript) out.push_back({start, at});
      start = at;
      before = now;
    }
    at += c.size;
  }
  if (start < piece.end) out.push_back({start, piece.end});
}

class Metaspace final : public PreTokenizer {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split) {}

  void apply(AlignedText& text, std::vector<Piece>& pieces) const override {
    Rewrite rewrite(text);
    std::vector<Piece> out;
    for (Piece piece : pieces) {
      const auto start = uint32_t(rewrite.size());
      rewrite_piece(rewrite, text, piece);
      out.push_back({start, uint32_t(rewrite.size())});
    }
    rewrite.finish();
    pieces.swap(out);
    if (split_) cut(text, pieces);
  }

 private:
  void rewrite_piece(Rewrite& rewrite, const AlignedText& text, Piece piece) const {
    const std::string_view view = text.view(piece);
    const bool begins = view[0] == ' ' || view.substr(0, replacement_.size()) == replacement_;
    const bool first = piece.begin == 0 && text.shift() == 0;
    if (!begins && (scheme_ == PrependScheme::Always || (scheme_ == PrependScheme::First && first)))
      rewrite.put(replacement_, piece.begin);
    for (size_t at = 0; at < view.size();) {
      size_t blank = view.find(' ', at);
      if (blank == std::string_view::npos) blank = view.size();
      rewrite.keep(piece.begin + at, piece.begin + blank);
      if (blank < view.size()) rewrite.put(replacement_, piece.begin + blank++);
      at = blank;
    }
  }

  // Before each replacement character.
  void cut(const AlignedText& text, std::vector<Piece>& pieces) const {
    std::vector<Piece> out;
    for (Piece piece : pieces) {
      const std::string_view view = text.view(piece);
      size_t start = 0;
      for (size_t at = 1; (at = view.find(replacement_, at)) != std::string_view::npos;
           at += replacement_.size()) {
        if (at > start) out.push_back({uint32_t(piece.begin + start), uint32_t(piece.begin + at)});
        start = at;
      }
      out.push_back({uint32_t(piece.begin + start), piece.end});
    }
    pieces.swap(out);
  }

  const std::string replacement_;
  const PrependScheme scheme_;
  const bool split_;
};

class ByteLevelCutter final : public PreTokenizer {
 public:
  ByteLevelCutter(bool add_prefix_space, bool use_regex)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex) {}

  void apply(AlignedText& text, std::vector<Piece>& pieces) const override {
    if (add_prefix_space_) add_blanks(text, pieces);
    if (!use_regex_) return;
    std::vector<Piece> out;
    out.reserve(text.view().size() / 4);
    for (Piece piece : pieces) scan(Scan::Gpt2, text.view(), piece, out);
    pieces.swap(out);
  }

 private:
  static void add_blanks(AlignedText& text, std::vector<Piece>& pieces) {
    Rewrite rewrite(text);
    for (Piece& piece : pieces) {
      const auto start = uint32_t(rewrite.size());
      if (text.view()[piece.begin] != ' ') rewrite.put(U' ', piece.begin);
      rewrite.keep(piece.begin, piece.end);
      piece = {start, uint32_t(rewrite.size())};
    }
    rewrite.finish();
  }

  const bool add_prefix_space_, use_regex_;
};

class ByteAlphabetMapper final : public PreTokenizer {
 public:
  void apply(AlignedText& text, std::vector<Piece>& pieces) const override {
    Rewrite rewrite(text);
    for (Piece& piece : pieces) {
      const auto start = uint32_t(rewrite.size());
      put_byte_level(rewrite, text, piece);
      piece = {start, uint32_t(rewrite.size())};
    }
    rewrite.finish();
  }
};

}  // namespace

PreTokenizerPtr split_pre_tokenizer(Pattern pattern, Behavior behavior, bool invert) {
  if (pattern.regex && behavior == Behavior::Isolated) {  // inverted or not, all parts stay
    if (const auto known = scan_of(pattern.regex->pattern()))
      return make_cutter([known](std::string_view text, Piece piece, std::vector<Piece>& out) {
        scan(*known, text, piece, out);
      });
  }
  return make_cutter([=](std::string_view text, Piece piece, std::vector<Piece>& out) {
    std::vector<Part> parts;
    const std::string_view view = text.substr(piece.begin, piece.size());
    find_parts(piece, [&](auto&& found) { pattern.for_each(view, found); }, parts);
    if (invert)
      for (Part& part : parts) part.match = !part.match;
    behave(parts, behavior, out);
  });
}

PreTokenizerPtr char_delimiter_pre_tokenizer(char32_t delimiter) {
  return make_char_cutter([=](char32_t c) { return c == delimiter; }, Behavior::Removed);
}
PreTokenizerPtr whitespace_pre_tokenizer() { return make_cutter(cut_words); }
PreTokenizerPtr whitespace_split_pre_tokenizer() {
  return make_char_cutter([](char32_t c) { return is_in(c, kSpace); }, Behavior::Removed);
}
PreTokenizerPtr bert_pre_tokenizer() { return make_cutter(cut_bert); }
PreTokenizerPtr punctuation_pre_tokenizer(Behavior behavior) {
  return make_char_cutter(is_punctuation, behavior);
}
PreTokenizerPtr digits_pre_tokenizer(bool individual) {
  return make_char_cutter([](char32_t c) { return is_in(c, kNumber); },
                          individual ? Behavior::Isolated : Behavior::Contiguous);
}
PreTokenizerPtr unicode_scripts_pre_tokenizer() { return make_cutter(cut_scripts); }

PreTokenizerPtr fixed_length_pre_tokenizer(size_t chars) {
  return make_cutter([=](std::string_view text, Piece piece, std::vector<Piece>& out) {
    for (uint32_t start = piece.begin, at = start; start < piece.end; start = at) {
      for (size_t i = 0; i < chars && at < piece.end; ++i) at += decode(text, at).size;
      out.push_back({start, at});
    }
  });
}

PreTokenizerPtr metaspace_pre_tokenizer(std::string replacement, PrependScheme scheme, bool split) {
  return std::make_unique<Metaspace>(std::move(replacement), scheme, split);
}
PreTokenizerPtr byte_level_cutter(bool add_prefix_space, bool use_regex) {
  return std::make_unique<ByteLevelCutter>(add_prefix_space, use_regex);
}
PreTokenizerPtr byte_alphabet_mapper() { return std::make_unique<ByteAlphabetMapper>(); }

}  // namespace vireo::text
