#include "vireo/genai/streamer.h"

#include <algorithm>

#include "base/support/error.h"

namespace vireo::genai {
namespace {

bool skips_special(const AnyMap& options) {
  for (const auto& [name, value] : options)
    if (name != "skip_special_tokens")
      fail(ErrorCode::InvalidArgument, "text streamer: option '{}' is not known", name);
  const auto it = options.find("skip_special_tokens");
  return it == options.end() || it->second.as_bool();
}

}  // namespace

StreamerBase::~StreamerBase() = default;

StreamingStatus StreamerBase::write(const std::vector<int64_t>& tokens) {
  for (const int64_t token : tokens) {
    const StreamingStatus status = write(token);
    if (status != StreamingStatus::RUNNING) return status;
  }
  return StreamingStatus::RUNNING;
}

TextStreamer::TextStreamer(const Tokenizer& tokenizer, Callback callback, const AnyMap& options)
    : decoder_(tokenizer, skips_special(options)), callback_(std::move(callback)) {}

StreamingStatus TextStreamer::write(int64_t token) {
  std::string text = decoder_.put(token);
  if (text.empty()) return StreamingStatus::RUNNING;
  if (!holds_) return callback_(std::move(text));
  tail_ += text;
  return StreamingStatus::RUNNING;
}

void TextStreamer::drop_tail(size_t bytes) {
  holds_ = true;
  dropped_ = bytes;
}

void TextStreamer::end() {
  tail_ += decoder_.finish();
  tail_.resize(tail_.size() - std::min(dropped_, tail_.size()));
  if (!tail_.empty()) callback_(std::move(tail_));
  tail_.clear();
}

}  // namespace vireo::genai
