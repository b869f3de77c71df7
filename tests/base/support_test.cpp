// Numbers from text, checked sizes, hashes, buffers and the log.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/support/aligned_buffer.h"
#include "base/support/checked.h"
#include "base/support/error.h"
#include "base/support/hash.h"
#include "base/support/log.h"
#include "base/support/parse.h"

namespace vireo {
namespace {

TEST(Parse, Integers) {
  EXPECT_EQ(parse<int>("42"), 42);
  EXPECT_EQ(parse<int>(" -7\n"), -7);
  EXPECT_EQ(parse<int>("+7"), 7);
  EXPECT_EQ(parse<int64_t>("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(parse<uint64_t>("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  for (const char* bad :
       {"", " ", "x", "1x", "1 2", "0x10", "1.0", "--1", "+-1", "+", "9223372036854775808"})
    EXPECT_FALSE(parse<int64_t>(bad)) << bad;
  EXPECT_FALSE(parse<int8_t>("128"));
  EXPECT_EQ(parse<int8_t>("-128"), int8_t(-128));
  EXPECT_FALSE(parse<uint8_t>("-1"));
  EXPECT_FALSE(parse<uint64_t>("-1"));
}

TEST(Parse, Floats) {
  EXPECT_EQ(parse<float>("1e-5"), 1e-5f);
  EXPECT_EQ(parse<float>("+1.5"), 1.5f);
  EXPECT_EQ(parse<double>("0.1"), 0.1);
  EXPECT_TRUE(std::isnan(*parse<float>("nan")));
  EXPECT_EQ(parse<float>("-inf"), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(parse<float>("1e-60"), 0.0f);
  EXPECT_EQ(parse<double>("1e-400"), 0.0);
  EXPECT_FALSE(parse<float>("1e39"));
  EXPECT_FALSE(parse<double>("1e400"));
  EXPECT_EQ(parse<float>("1e-40"), 1e-40f);
  for (const char* bad : {"", "1,5", "1.5f", "0x1p3", "e5", "."})
    EXPECT_FALSE(parse<float>(bad)) << bad;
}

TEST(Parse, BooleansAndLists) {
  EXPECT_EQ(parse<bool>("YES"), true);
  EXPECT_EQ(parse<bool>("0"), false);
  EXPECT_FALSE(parse<bool>("2"));
  EXPECT_EQ(parse_list<int>("1, 2,3"), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(parse_list<int>(" "), std::vector<int>{});
  EXPECT_FALSE(parse_list<int>("1,,2"));
  EXPECT_FALSE(parse_list<int>("1,"));
  EXPECT_EQ(parse_list<float>("0.5;2", ';'), (std::vector<float>{0.5f, 2.0f}));
  EXPECT_EQ(split("a,,b", ',').size(), 3u);
}

TEST(Checked, Sizes) {
  const size_t most = std::numeric_limits<size_t>::max();
  EXPECT_EQ(checked_add(1, 2), 3u);
  EXPECT_FALSE(checked_add(most, 1));
  EXPECT_FALSE(checked_mul(most / 2, 3));
  const int64_t plain[] = {2, 3, 4}, negative[] = {2, -1},
                huge[] = {int64_t(1) << 40, int64_t(1) << 40, 0};
  EXPECT_EQ(checked_product(span<const int64_t>(plain)), 24u);
  EXPECT_FALSE(checked_product(span<const int64_t>(negative)));
  EXPECT_FALSE(checked_product(span<const int64_t>(huge)));
  EXPECT_EQ(checked_product(span<const int64_t>()), 1u);
  EXPECT_EQ(checked_round_up(65, 64), 128u);
  EXPECT_FALSE(checked_round_up(most, 64));
  EXPECT_TRUE(range_fits(4, 4, 8));
  EXPECT_FALSE(range_fits(4, most, 8));
  EXPECT_THROW(mul_or_fail(most, 2, "weights"), Error);
}

TEST(Hash, DependsOnEveryByteAndNotOnTheCut) {
  std::vector<uint8_t> data(300);
  for (size_t i = 0; i < data.size(); ++i) data[i] = uint8_t(i * 7);
  std::set<std::string> seen;
  for (size_t size = 0; size <= data.size(); ++size) {
    const Hash128 whole = hash128(data.data(), size);
    EXPECT_TRUE(seen.insert(whole.hex()).second) << size;
    Hasher pieces;
    for (size_t at = 0, step = 1; at < size; at += step, step = step * 2 + 1)
      pieces.bytes(data.data() + at, std::min(step, size - at));
    EXPECT_EQ(pieces.finish(), whole) << size;
  }
  for (size_t bit = 0; bit < 8 * data.size(); ++bit) {
    data[bit / 8] ^= uint8_t(1 << (bit % 8));
    EXPECT_TRUE(seen.insert(hash128(data.data(), data.size()).hex()).second) << bit;
    data[bit / 8] ^= uint8_t(1 << (bit % 8));
  }
  EXPECT_NE(hash128("a", 1, 1), hash128("a", 1, 2));
}

TEST(Hash, FlippedBitsSpread) {
  std::vector<uint8_t> data(256, 0);
  const Hash128 base = hash128(data.data(), data.size());
  for (size_t bit = 0; bit < 8 * data.size(); bit += 3) {
    data[bit / 8] ^= uint8_t(1 << (bit % 8));
    const Hash128 h = hash128(data.data(), data.size());
    const int changed =
        __builtin_popcountll(h.low ^ base.low) + __builtin_popcountll(h.high ^ base.high);
    EXPECT_GT(changed, 32) << bit;
    EXPECT_LT(changed, 96) << bit;
    data[bit / 8] ^= uint8_t(1 << (bit % 8));
  }
}

TEST(AlignedBuffer, IsAlignedWithZeroSlack) {
  for (size_t size : {size_t(0), size_t(1), size_t(63), size_t(1000), size_t(5) << 20}) {
    AlignedBuffer buffer(size);
    ASSERT_NE(buffer.data(), nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u);
    for (size_t i = 0; i < AlignedBuffer::kSlack; ++i) ASSERT_EQ(buffer.data()[size + i], 0);
  }
  AlignedBuffer zeros(100, AlignedBuffer::Fill::Zero);
  for (size_t i = 0; i < 100; ++i) ASSERT_EQ(zeros.data()[i], 0);
  uint8_t* const data = zeros.data();
  AlignedBuffer moved(std::move(zeros));
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(zeros.data(), nullptr);
  static_assert(std::is_nothrow_move_constructible_v<AlignedBuffer>);
}

TEST(AlignedBuffer, NamesTheSizeThatFailed) {
  for (size_t size : {std::numeric_limits<size_t>::max(), size_t(1) << 62}) {
    try {
      AlignedBuffer buffer(size);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::OutOfMemory);
      EXPECT_NE(std::string(error.what()).find(std::to_string(size)), std::string::npos);
    }
  }
}

void collect(void* lines, LogLevel, std::string_view topic, std::string_view message) {
  static_cast<std::vector<std::string>*>(lines)->push_back(fmt::format("{}: {}", topic, message));
}

TEST(Log, FiltersByLevelAndTopic) {
  std::vector<std::string> lines;
  set_log_sink(collect, &lines);
  set_log_filter("");
  log_warning("dispatch", "nobody {}", "asked");
  set_log_filter("warning,dispatch, cache=info");
  log_debug("dispatch", "took {}", "avx2");
  log_debug("cache", "hit");
  log_info("cache", "stored");
  log_info("passes", "hidden");
  log_warning("passes", "shown");
  EXPECT_FALSE(log_on(LogLevel::Info, "passes"));
  set_log_filter("off");
  set_log_sink(nullptr, nullptr);
  EXPECT_EQ(lines,
            (std::vector<std::string>{"dispatch: took avx2", "cache: stored", "passes: shown"}));
}

}  // namespace
}  // namespace vireo
