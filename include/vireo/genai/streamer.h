// Streamers: who wants tokens or text while they are generated.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "vireo/genai/tokenizer.h"

namespace vireo::genai {

// What generation does next: goes on; ends and keeps what was said; ends and drops the last turn of
// a chat.
enum class StreamingStatus { RUNNING, STOP, CANCEL };

class VIREO_API StreamerBase {
 public:
  virtual ~StreamerBase();
  virtual StreamingStatus write(int64_t token) = 0;
  virtual StreamingStatus write(const std::vector<int64_t>& tokens);  // one after another
  virtual void end() = 0;                                             // no token comes any more
};

// Text as it comes, whole characters only: put together it is what decoding all tokens gives.
// Options are those of Tokenizer::decode.
class VIREO_API TextStreamer : public StreamerBase {
 public:
  using Callback = std::function<StreamingStatus(std::string)>;
  TextStreamer(const Tokenizer& tokenizer, Callback callback, const AnyMap& options = {});

  using StreamerBase::write;
  StreamingStatus write(int64_t token) override;
  void end() override;
  // The tokens from here on are the last ones, and this many bytes at the end of their text are not
  // told.
  void drop_tail(size_t bytes);

 private:
  StreamDecoder decoder_;
  Callback callback_;
  std::string tail_;
  bool holds_ = false;
  size_t dropped_ = 0;
};

// Nobody, a function of each piece of text, one that answers true to stop, or a streamer.
using StreamerVariant =
    std::variant<std::monostate, std::function<StreamingStatus(std::string)>,
                 std::function<bool(std::string)>, std::shared_ptr<StreamerBase>>;

}  // namespace vireo::genai
