#include "text/tokenizer/decoders.h"

#include <algorithm>

#include "base/support/error.h"
#include "text/tokenizer/byte_alphabet.h"

namespace vireo::text {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// English as it is written: no blank before signs, contractions in one.
void clean_up(std::string& text) {
  static constexpr const char* kPairs[][2] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (auto [from, to] : kPairs) replace_all(text, from, to);
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// A decoder that changes each token by itself: change(token, index, count).
template <typename Change>
class Each final : public Decoder {
 public:
  explicit Each(Change change) : change_(std::move(change)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) change_(tokens[i], i, tokens.size());
  }

 private:
  const Change change_;
};

template <typename Change>
DecoderPtr make_each(Change change) {
  return std::make_unique<Each<Change>>(std::move(change));
}

class ByteLevel final : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) {
      const size_t before = bytes.size();
      for (size_t at = 0; at < token.size();) {
        const Char c = decode(token, at);
        const int byte = byte_of_char(c.code);
        if (byte < 0) {  // not of the alphabet: the token is text
          bytes.resize(before);
          bytes += token;
          break;
        }
        bytes += char(byte);
        at += c.size;
      }
    }
    tokens.assign(1, is_valid_utf8(bytes) ? std::move(bytes) : to_valid_utf8(bytes));
  }
};

class ByteFallback final : public Decoder {
 public:
  explicit ByteFallback(BrokenBytes broken) : broken_(broken) {}
  void apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string bytes;
    for (std::string& token : tokens) {
      const int byte = byte_of(token);
      if (byte >= 0) {
        bytes += char(byte);
        continue;
      }
      flush(bytes, out);
      out.push_back(std::move(token));
    }
    flush(bytes, out);
    tokens.swap(out);
  }

 private:
  // Of "<0x0A>", or -1.
  static int byte_of(const std::string& token) {
    if (token.size() != 6 || !starts_with(token, "<0x") || token[5] != '>') return -1;
    const auto digit = [](char c) {
      return c >= '0' && c <= '9'   ? c - '0'
             : c >= 'A' && c <= 'F' ? c - 'A' + 10
             : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                    : -1;
    };
    const int high = digit(token[3]), low = digit(token[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
  }

  void flush(std::string& bytes, std::vector<std::string>& out) const {
    if (bytes.empty()) return;
    if (is_valid_utf8(bytes)) {
      out.push_back(bytes);
    } else if (broken_ == BrokenBytes::ReplaceBroken) {
      out.push_back(to_valid_utf8(bytes));
    } else {
      for (size_t i = 0; i < bytes.size(); ++i) out.push_back("\xef\xbf\xbd");
    }
    bytes.clear();
  }

  const BrokenBytes broken_;
};

class Ctc final : public Decoder {
 public:
  Ctc(std::string pad_token, std::string word_delimiter, bool cleanup)
      : pad_token_(std::move(pad_token)),
        word_delimiter_(std::move(word_delimiter)),
        cleanup_(cleanup) {}

  void apply(std::vector<std::string>& tokens) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) {
      replace_all(token, pad_token_, "");
      if (!cleanup_) continue;
      clean_up(token);
      replace_all(token, word_delimiter_, " ");
    }
    tokens.erase(std::remove(tokens.begin(), tokens.end(), std::string()), tokens.end());
  }

 private:
  const std::string pad_token_, word_delimiter_;
  const bool cleanup_;
};

class Fuse final : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::string all;
    for (const std::string& token : tokens) all += token;
    tokens.assign(1, std::move(all));
  }
};

class Sequence final : public Decoder {
 public:
  explicit Sequence(std::vector<DecoderPtr> parts) : parts_(std::move(parts)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (const DecoderPtr& part : parts_) part->apply(tokens);
  }

 private:
  const std::vector<DecoderPtr> parts_;
};

}  // namespace

DecoderPtr byte_level_decoder() { return std::make_unique<ByteLevel>(); }
DecoderPtr byte_fallback_decoder(BrokenBytes broken) {
  return std::make_unique<ByteFallback>(broken);
}
DecoderPtr fuse_decoder() { return std::make_unique<Fuse>(); }

DecoderPtr wordpiece_decoder(std::string prefix, bool cleanup) {
  return make_each([=](std::string& token, size_t i, size_t) {
    if (i > 0) {
      if (starts_with(token, prefix))
        token.erase(0, prefix.size());
      else
        token.insert(0, 1, ' ');
    }
    if (cleanup) clean_up(token);
  });
}

DecoderPtr metaspace_decoder(std::string replacement, PrependScheme scheme) {
  return make_each([=](std::string& token, size_t i, size_t) {
    replace_all(token, replacement, i == 0 && scheme != PrependScheme::Never ? "" : " ");
  });
}

DecoderPtr bpe_decoder(std::string suffix) {
  return make_each([=](std::string& token, size_t i, size_t count) {
    replace_all(token, suffix, i + 1 == count ? "" : " ");
  });
}

DecoderPtr ctc_decoder(std::string pad_token, std::string word_delimiter, bool cleanup) {
  return std::make_unique<Ctc>(std::move(pad_token), std::move(word_delimiter), cleanup);
}

DecoderPtr replace_decoder(Pattern pattern, std::string content) {
  return make_each([=](std::string& token, size_t, size_t) {
    std::string out;
    size_t done = 0;
    pattern.for_each(token, [&](Match match) {
      constexpr size_t kLongest = size_t(1) << 22;  // of a token that replacements make
      if (out.size() + content.size() > kLongest)
        fail(ErrorCode::InvalidArgument, "decoding makes a token of more than {} bytes", kLongest);
      out.append(token, done, match.begin - done);
      out += content;
      done = match.end;
    });
    if (done == 0 && out.empty()) return;
    out.append(token, done);
    token = std::move(out);
  });
}

DecoderPtr strip_decoder(char32_t content, size_t start, size_t stop) {
  const std::string one = to_utf8(content);
  return make_each([=](std::string& token, size_t, size_t) {
    size_t begin = 0, end = token.size();
    for (size_t i = 0; i < start && token.compare(begin, one.size(), one) == 0; ++i)
      begin += one.size();
    for (size_t i = 0; i < stop && end >= begin + one.size() &&
                       token.compare(end - one.size(), one.size(), one) == 0;
         ++i)
      end -= one.size();
    token = token.substr(begin, end - begin);
  });
}

DecoderPtr sequence_decoder(std::vector<DecoderPtr> parts) {
  return std::make_unique<Sequence>(std::move(parts));
}

}  // namespace vireo::text
