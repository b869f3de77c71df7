// Fuzzes the reader of tokenizer.json and what it makes: a text goes through the tokeniser and
// back. Any exception but Vireo's own is a finding.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/io/mapped_file.h"
#include "text/tokenizer/read.h"
#include "vireo/error.h"

namespace {

void run(std::string_view json) {
  const auto tokenizer = vireo::text::read_tokenizer_json(json, "input");
  vireo::text::EncodeOptions options;
  options.offsets = true;
  options.truncation = tokenizer->parts().truncation;
  const std::string_view text =
      "Hello  W\xc3\xb6rld\n don't \xe2\x96\x81x 12345 \xe4\xbd\xa0 <s> e\xcc\x81 \xff";
  const auto encoding = tokenizer->encode({text, "second"}, options);
  tokenizer->decode(encoding.ids);
  vireo::text::StreamDecoder stream(*tokenizer, false);
  for (const uint32_t id : encoding.ids) stream.put(id);
  stream.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    run({reinterpret_cast<const char*>(data), size});
  } catch (const vireo::Error&) {
  }
  return 0;
}

void replay_file(const char* path) { run(vireo::read_text_file(path)); }
