// Continuous batching over a store and a model that are made up: every text must be what its
// request gives alone.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>

#include "genai/batching/engine.h"
#include "vireo/error.h"

namespace vireo::genai {
namespace {

constexpr size_t kBlock = size_t(SequenceStore::kBlockTokens);

// Blocks are numbers with counts; what a sequence holds are its tokens.
class FakeStore : public SequenceStore {
 public:
  struct Sequence {
    std::vector<int64_t> tokens, blocks;
  };

  explicit FakeStore(int64_t limit) : limit_(limit) {}

  Id create() override {
    sequences_[++last_] = {};
    return last_;
  }
  Id fork(Id from, int64_t tokens) override {
    Sequence copy = at(from);
    if (tokens >= 0) copy.tokens.resize(size_t(tokens));
    copy.blocks.resize((copy.tokens.size() + kBlock - 1) / kBlock);
    for (const int64_t block : copy.blocks) ++uses_[block];
    sequences_[++last_] = std::move(copy);
    return last_;
  }
  void release(Id sequence) override {
    trim(sequence, 0);
    sequences_.erase(sequence);
  }
  void trim(Id sequence, int64_t tokens) override {
    Sequence& s = at(sequence);
    s.tokens.resize(std::min(s.tokens.size(), size_t(tokens)));
    while (s.blocks.size() > (s.tokens.size() + kBlock - 1) / kBlock) {
      drop(s.blocks.back());
      s.blocks.pop_back();
    }
  }
  int64_t length(Id sequence) const override { return int64_t(at(sequence).tokens.size()); }
  void set_limit(int64_t blocks) override { limit_ = blocks; }
  int64_t free_blocks() const override { return limit_ - used_blocks(); }
  int64_t used_blocks() const override { return int64_t(uses_.size()); }
  size_t block_bytes() const override { return 1; }
  int64_t blocks_needed(const std::vector<Row>& rows) const override {
    int64_t blocks = 0;
    for (const Row& row : rows) {
      const Sequence& s = at(row.sequence);
      const size_t end = s.tokens.size() + size_t(row.tokens);
      blocks += int64_t((end + kBlock - 1) / kBlock - s.blocks.size());
      blocks += writes_into_shared(s) ? 1 : 0;
    }
    return blocks;
  }
  void bind(std::vector<Row>) override {}

  void append(Id sequence, const int64_t* tokens, size_t count) {
    Sequence& s = at(sequence);
    if (writes_into_shared(s)) {
      drop(s.blocks.back());
      s.blocks.back() = take();
    }
    for (size_t i = 0; i < count; ++i) {
      if (s.tokens.size() == s.blocks.size() * kBlock) s.blocks.push_back(take());
      s.tokens.push_back(tokens[i]);
    }
  }
  const std::vector<int64_t>& tokens(Id sequence) const { return at(sequence).tokens; }
  size_t count() const { return sequences_.size(); }

 private:
  Sequence& at(Id id) { return sequences_.at(id); }
  const Sequence& at(Id id) const { return sequences_.at(id); }
  bool writes_into_shared(const Sequence& s) const {
    return s.tokens.size() % kBlock != 0 && uses_.at(s.blocks.back()) > 1;
  }
  int64_t take() {
    EXPECT_LT(used_blocks(), limit_) << "a pass takes more blocks than there are";
    uses_[++next_] = 1;
    return next_;
  }
  void drop(int64_t block) {
    if (--uses_.at(block) == 0) uses_.erase(block);
  }

  int64_t limit_, next_ = 0;
  Id last_ = 0;
  std::map<Id, Sequence> sequences_;
  std::map<int64_t, int> uses_;
};

constexpr size_t kVocabulary = 40;
constexpr int64_t kEnd = 7;

// Scores that hang on every token before.
void score(const std::vector<int64_t>& tokens, size_t end, float* scores, bool repeats = false) {
  uint32_t seed = 1;
  for (size_t i = 0; i < end; ++i) seed = seed * 1664525u + uint32_t(tokens[i]) * 31u + 1013904223u;
  std::minstd_rand random(seed | 1);
  for (size_t i = 0; i < kVocabulary; ++i) scores[i] = float(random() % 10007) / 1000.0f;
  scores[kEnd] -= 3.0f;
  if (repeats && end > 25) scores[tokens[end - 25] % 40] += seed % 8 == 0 ? 0.0f : 12.0f;
}

class Batching : public testing::Test {
 protected:
  void begin(int64_t blocks, SchedulerConfig config = {}) {
    store_ = std::make_unique<FakeStore>(blocks);
    most_tokens_ = config.dynamic_split_fuse ? config.max_num_batched_tokens : SIZE_MAX;
    engine_ = std::make_unique<Engine>(config, *store_,
                                       [this](const Engine::Pass& pass) { return run(pass); });
  }

  span<const float> run(const Engine::Pass& pass) {
    ++passes_;
    EXPECT_LE(pass.tokens.size(), most_tokens_);
    std::set<SequenceStore::Id> rows;
    scores_.assign(pass.positions.size() * kVocabulary, 0);
    size_t at = 0, wanted = 0;
    for (const SequenceStore::Row& row : pass.rows) {
      EXPECT_TRUE(rows.insert(row.sequence).second) << "a sequence stands in two rows";
      const size_t before = store_->tokens(row.sequence).size();
      store_->append(row.sequence, pass.tokens.data() + at, size_t(row.tokens));
      for (; wanted < pass.positions.size() &&
             size_t(pass.positions[wanted]) < at + size_t(row.tokens);
           ++wanted)
        score(store_->tokens(row.sequence), before + size_t(pass.positions[wanted]) - at + 1,
              &scores_[wanted * kVocabulary], repeats_);
      at += size_t(row.tokens);
    }
    EXPECT_EQ(at, pass.tokens.size());
    EXPECT_EQ(wanted, pass.positions.size());
    return scores_;
  }

  std::shared_ptr<Request> add(std::vector<int64_t> prompt, const GenerationConfig& config) {
    auto request = std::make_shared<Request>(
        next_id_++, Task{config, std::move(prompt), config.max_new_tokens, {}});
    engine_->add(request);
    return request;
  }

  void finish() {
    for (int i = 0; !engine_->idle(); ++i) {
      ASSERT_LT(i, 100000) << "no end";
      engine_->step();
    }
  }

  // What the search gives when a model runs for it alone.
  static std::vector<std::vector<int64_t>> alone(const std::vector<int64_t>& prompt,
                                                 const GenerationConfig& config) {
    const auto search = make_search({config, prompt, config.max_new_tokens, {}});
    std::vector<std::vector<int64_t>> lines{prompt};
    for (bool first = true; !search->done(); first = false) {
      std::vector<std::vector<int64_t>> next;
      if (!first)
        for (const Search::Row& row : search->rows()) {
          next.push_back(lines[size_t(row.parent)]);
          next.back().push_back(row.token);
        }
      if (!first) lines = next;
      std::vector<float> scores(lines.size() * kVocabulary);
      for (size_t i = 0; i < lines.size(); ++i)
        score(lines[i], lines[i].size(), &scores[i * kVocabulary]);
      search->step(scores);
    }
    return tokens_of(search->results());
  }
  static std::vector<std::vector<int64_t>> tokens_of(const std::vector<Sequence>& sequences) {
    std::vector<std::vector<int64_t>> all;
    for (const Sequence& one : sequences) all.push_back(one.tokens);
    return all;
  }

  std::unique_ptr<FakeStore> store_;
  std::unique_ptr<Engine> engine_;
  size_t passes_ = 0, most_tokens_ = 0;
  uint64_t next_id_ = 0;
  bool repeats_ = false;
  std::vector<float> scores_;
};

struct Load {
  std::vector<std::vector<int64_t>> prompts;
  std::vector<GenerationConfig> configs;
};

// Prompts of mixed lengths, of which some begin alike; most greedy, some drawn or with beams.
Load mixed(size_t count, unsigned seed, bool several) {
  std::mt19937 random(seed);
  Load load;
  const std::vector<int64_t> shared(70, 3);
  for (size_t i = 0; i < count; ++i) {
    std::vector<int64_t> prompt;
    if (i % 3 == 0) prompt.assign(shared.begin(), shared.begin() + 20 + random() % 50);
    const size_t length = prompt.size() + 1 + random() % (i % 5 == 0 ? 150 : 40);
    while (prompt.size() < length) prompt.push_back(random() % kVocabulary);
    GenerationConfig config;
    config.max_new_tokens = 1 + random() % 60;
    config.set_eos_token_id(kEnd);
    if (several && i % 4 == 1) config.num_beams = 3, config.num_return_sequences = 2;
    if (several && i % 4 == 2)
      config.do_sample = true, config.num_return_sequences = 3, config.rng_seed = i;
    load.prompts.push_back(std::move(prompt));
    load.configs.push_back(config);
  }
  return load;
}

TEST_F(Batching, EveryTextIsWhatItsRequestGivesAlone) {
  for (const bool split : {true, false})
    for (const bool prefixes : {false, true})
      for (const int64_t blocks : {12, 30, 1000}) {
        SchedulerConfig config;
        config.max_num_batched_tokens = 64;
        config.dynamic_split_fuse = split;
        config.enable_prefix_caching = prefixes;
        begin(blocks, config);
        const Load load = mixed(60, unsigned(blocks), true);
        std::vector<std::shared_ptr<Request>> requests;
        for (size_t i = 0; i < load.prompts.size(); ++i) {
          requests.push_back(add(load.prompts[i], load.configs[i]));
          if (i % 7 == 0) engine_->step();
        }
        finish();
        for (size_t i = 0; i < requests.size(); ++i) {
          ASSERT_EQ(requests[i]->status, GenerationStatus::FINISHED) << i;
          ASSERT_EQ(tokens_of(requests[i]->sequences), alone(load.prompts[i], load.configs[i]))
              << i << " split " << split << " prefixes " << prefixes << " blocks " << blocks;
        }
        engine_.reset();
        EXPECT_EQ(store_->count(), 0u);
        EXPECT_EQ(store_->used_blocks(), 0);
      }
}

TEST_F(Batching, TwoHundredRequestsWithCancellations) {
  SchedulerConfig config;
  config.enable_prefix_caching = true;
  begin(40, config);
  const Load load = mixed(200, 5, false);
  std::vector<std::shared_ptr<Request>> requests;
  for (size_t i = 0; i < load.prompts.size(); ++i)
    requests.push_back(add(load.prompts[i], load.configs[i]));
  std::mt19937 random(9);
  for (int i = 0; !engine_->idle() && i < 100000; ++i) {
    engine_->step();
    if (i % 5 == 0) requests[random() % requests.size()]->cancels = true;
  }
  size_t cancelled = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (requests[i]->status == GenerationStatus::CANCEL)
      ++cancelled;
    else
      ASSERT_EQ(tokens_of(requests[i]->sequences), alone(load.prompts[i], load.configs[i])) << i;
  }
  EXPECT_GT(cancelled, 5u);
  EXPECT_LT(cancelled, 150u);
  engine_.reset();
  EXPECT_EQ(store_->used_blocks(), 0);
}

// One thread steps, another adds, cancels and looks.
TEST_F(Batching, RequestsComeWhileOthersRun) {
  SchedulerConfig config;
  config.enable_prefix_caching = true;
  begin(60, config);
  const Load load = mixed(80, 11, false);
  std::vector<std::shared_ptr<Request>> requests;
  std::atomic<bool> all_added{false};
  std::thread adds([&] {
    for (size_t i = 0; i < load.prompts.size(); ++i) {
      requests.push_back(add(load.prompts[i], load.configs[i]));
      if (i % 10 == 9) requests[i - 5]->cancels = true;
      const std::lock_guard lock(requests[i / 2]->mutex);
      EXPECT_LE(requests[i / 2]->told.size(), load.configs[i / 2].max_new_tokens);
    }
    all_added = true;
  });
  while (!all_added || !engine_->idle()) engine_->step();
  adds.join();
  for (size_t i = 0; i < requests.size(); ++i) {
    if (requests[i]->status != GenerationStatus::FINISHED) continue;
    ASSERT_EQ(tokens_of(requests[i]->sequences), alone(load.prompts[i], load.configs[i])) << i;
  }
  EXPECT_EQ(engine_->metrics().requests, 0u);
}

TEST_F(Batching, PrefixesAreComputedOnce) {
  SchedulerConfig config;
  config.enable_prefix_caching = true;
  begin(1000, config);
  GenerationConfig greedy;
  greedy.max_new_tokens = 4;
  const std::vector<int64_t> prompt(300, 5);
  add(prompt, greedy);
  finish();
  const size_t before = passes_;
  add(prompt, greedy);
  finish();
  EXPECT_EQ(passes_ - before, 4u);  // 300 tokens alone would take two passes more than the last one
  EXPECT_GT(before, 4u);
}

// Prompts that say everything twice, and a model that repeats what it read: guesses are often
// right, and never change the text.
TEST_F(Batching, GuessesSavePassesAndChangeNothing) {
  for (const bool drawn : {false, true}) {
    GenerationConfig config;
    config.max_new_tokens = 80;
    config.do_sample = drawn;
    config.temperature = 0.4f;
    config.rng_seed = 3;
    repeats_ = true;
    std::vector<int64_t> prompt;
    for (int64_t i = 0; i < 50; ++i) prompt.push_back(i * 7 % 25 + 8);
    begin(100);
    const auto plain = add(prompt, config);
    finish();
    const size_t passes = passes_;
    config.num_assistant_tokens = 4;
    config.max_ngram_size = 3;
    const auto guessed = add(prompt, config), other = add({1, 2, 3}, config);
    finish();
    EXPECT_EQ(guessed->sequences[0].tokens, plain->sequences[0].tokens);
    EXPECT_EQ(guessed->sequences[0].tokens.size(), 80u);
    EXPECT_EQ(other->status, GenerationStatus::FINISHED);
    if (!drawn) {
      EXPECT_LT(passes_ - passes, passes - 20);
    }
    passes_ = 0;
    engine_.reset();
    EXPECT_EQ(store_->used_blocks(), 0);
  }
}

TEST_F(Batching, WhatDoesNotFitAloneIsIgnored) {
  begin(4);
  GenerationConfig greedy;
  greedy.max_new_tokens = 3;
  const auto large = add(std::vector<int64_t>(200, 1), greedy), small = add({1, 2, 3}, greedy);
  finish();
  EXPECT_EQ(large->status, GenerationStatus::IGNORED);
  EXPECT_EQ(small->status, GenerationStatus::FINISHED);
  EXPECT_EQ(small->sequences[0].tokens.size(), 3u);
}

}  // namespace
}  // namespace vireo::genai
