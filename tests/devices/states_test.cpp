// States of language models: pages, plans that do not know the past, sequences.
#include <algorithm>
#include <map>

#include "devices/device_test.h"
#include "frontends/transformers/architectures.h"
#include "frontends/transformers/build.h"

namespace vireo::test {
namespace {

constexpr const char* kLlama =
    R"({"model_type": "llama", "vocab_size": 50, "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 1024, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "hidden_act": "silu"})";
constexpr const char* kGpt2 =
    R"({"model_type": "gpt2", "vocab_size": 50, "n_embd": 32, "n_layer": 2, "n_head": 4,
        "n_positions": 1024, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new"})";

// Random weights of the shapes that names of these two architectures call for.
class RandomWeights final : public transformers::WeightSource {
 public:
  std::optional<transformers::Weight> find(const std::string& name) const override {
    const std::vector<std::pair<const char*, Shape>> shapes = {{"embed_tokens.weight", {50, 32}},
                                                               {"wte.weight", {50, 32}},
                                                               {"wpe.weight", {1024, 32}},
                                                               {"k_proj.weight", {16, 32}},
                                                               {"v_proj.weight", {16, 32}},
                                                               {"q_proj.weight", {32, 32}},
                                                               {"o_proj.weight", {32, 32}},
                                                               {"gate_proj.weight", {48, 32}},
                                                               {"up_proj.weight", {48, 32}},
                                                               {"down_proj.weight", {32, 48}},
                                                               {"c_attn.weight", {32, 96}},
                                                               {"c_attn.bias", {96}},
                                                               {"attn.c_proj.weight", {32, 32}},
                                                               {"c_fc.weight", {32, 128}},
                                                               {"c_fc.bias", {128}},
                                                               {"mlp.c_proj.weight", {128, 32}},
                                                               {"c_proj.bias", {32}},
                                                               {"norm.weight", {32}},
                                                               {"ln_1.weight", {32}},
                                                               {"ln_2.weight", {32}},
                                                               {"ln_f.weight", {32}},
                                                               {"ln_1.bias", {32}},
                                                               {"ln_2.bias", {32}},
                                                               {"ln_f.bias", {32}},
                                                               {"_layernorm.weight", {32}}};
    for (const auto& [end, shape] : shapes) {
      const std::string suffix = end;
      if (name.size() >= suffix.size() &&
          name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
        Tensor weights = random_f32(shape, uint32_t(std::hash<std::string>()(name)));
        for (size_t i = 0; shape.size() == 2 && i < weights.get_size(); ++i)
          weights.data<float>()[i] *= 0.3f;  // activations of about 1
        return transformers::Weight{shape, weights, {}};
      }
    }
    return {};
  }
  const std::string& path() const override { return path_; }

 private:
  std::string path_ = "random";
};

std::shared_ptr<Graph> language_model(const char* config) {
  return transformers::build(transformers::describe({nlohmann::json::parse(config), "config.json"}),
                             RandomWeights());
}

std::shared_ptr<Executable> compile(Device& device, const char* model,
                                    element::Type cache = element::dynamic) {
  CompileConfig config;
  config.threads = 2;
  config.mode = ExecutionMode::Accuracy;
  config.key_cache = config.value_cache = cache;
  config.ops = &builtin_ops();
  return device.compile(*language_model(model), config);
}

using Ids = std::vector<std::vector<int64_t>>;  // [batch, tokens]

Ids prompt(size_t batch, size_t tokens, uint32_t seed = 7) {
  Ids ids(batch, std::vector<int64_t>(tokens));
  for (auto& row : ids)
    for (int64_t& id : row) {
      seed = seed * 1664525u + 1013904223u;
      id = (seed >> 8) % 50;
    }
  return ids;
}

Tensor flat(element::Type type, const Ids& rows) {
  std::vector<int64_t> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  return make_tensor<int64_t>(type, {rows.size(), rows.empty() ? 0 : rows[0].size()}, all);
}

Tensor copied(const Tensor& t) {
  Tensor copy(t.get_element_type(), t.get_shape());
  t.copy_to(copy);
  return copy;
}

// A request that is driven as users drive stateful models: every input given.
class Chat {
 public:
  explicit Chat(Executable& model, const std::vector<int64_t>& hidden = {})
      : inference(model.create()), hidden_(hidden) {}

  // hidden_[b] tokens at the left of row b are padding.
  Tensor say(const Ids& ids, std::vector<int64_t> beam = {}) {
    const size_t batch = ids.size(), fresh = ids[0].size();
    if (beam.empty())
      for (size_t b = 0; b < batch; ++b) beam.push_back(int64_t(b));
    Ids mask(batch), positions(batch);
    for (size_t b = 0; b < batch; ++b) {
      const int64_t off = hidden_.empty() ? 0 : hidden_[b];
      for (size_t t = 0; t < past + fresh; ++t) mask[b].push_back(int64_t(t) >= off);
      for (size_t t = past; t < past + fresh; ++t)
        positions[b].push_back(std::max<int64_t>(0, int64_t(t) - off));
    }
    inference->set_input(0, flat(element::i64, ids));
    inference->set_input(1, flat(element::i64, mask));
    inference->set_input(2, flat(element::i64, positions));
    inference->set_input(3, make_tensor<int64_t>(element::i32, {batch}, beam));
    inference->run(cancel);
    past += fresh;
    return copied(inference->output(0));
  }

  std::unique_ptr<Inference> inference;
  const std::atomic<bool>* cancel = nullptr;
  size_t past = 0;

 private:
  std::vector<int64_t> hidden_;
};

// The logits of the last position.
Tensor last(const Tensor& logits) {
  const Shape& s = logits.get_shape();
  const std::vector<double> all = load<double>(logits);
  std::vector<double> row;
  for (size_t b = 0; b < s[0]; ++b)
    row.insert(row.end(), all.begin() + int64_t((b * s[1] + s[1] - 1) * s[2]),
               all.begin() + int64_t((b + 1) * s[1] * s[2]));
  return make_tensor<double>(element::f32, {s[0], s[2]}, row);
}

size_t plans(const Executable& model) {
  const std::string text = model.dump("lowered");
  size_t count = 0;
  for (size_t at = text.find("segment depth"); at != std::string::npos;
       at = text.find("segment depth", at + 1))
    ++count;
  return count;
}

class States : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Device> cpu_ = cpu::make_device(), reference_ = reference::make_device();
};

TEST_P(States, ThePastIsNoPartOfAPlan) {
  const auto model = compile(*cpu_, GetParam());
  const Ids ids = prompt(1, 512);
  Chat steps(*model), whole(*model);
  Tensor logits = steps.say({{ids[0].begin(), ids[0].begin() + 12}});
  for (size_t t = 12; t < 512; ++t) logits = steps.say({{ids[0][t]}});
  EXPECT_LE(plans(*model), 2u);
  const std::string text = model->dump("lowered");
  EXPECT_NE(text.find("'attention_mask' [?,?]: run-time"), std::string::npos);
  EXPECT_NE(text.find("'input_ids' [?,?]: plan"), std::string::npos);
  expect_close(last(logits), last(whole.say(ids)), 1e-5);
}

TEST_P(States, AnswersAsTheReferenceWithPaddingAndBeams) {
  const auto model = compile(*cpu_, GetParam()), oracle = compile(*reference_, GetParam());
  const std::vector<int64_t> hidden{0, 4, 2};
  Chat got(*model, hidden), want(*oracle, hidden);
  // Rows of padding see nothing: only what follows is compared.
  expect_close(last(got.say(prompt(3, 37))), last(want.say(prompt(3, 37))), 1e-4);
  for (const std::vector<int64_t>& beam : {std::vector<int64_t>{0, 1, 2}, {0, 1, 2}}) {
    const Ids next = prompt(3, 1, uint32_t(got.past));
    expect_close(got.say(next, beam), want.say(next, beam), 1e-4);
  }
}

TEST_P(States, BeamsShareWhatTheyHaveInCommon) {
  const auto model = compile(*cpu_, GetParam()), oracle = compile(*reference_, GetParam());
  Chat got(*model), want(*oracle);
  expect_close(last(got.say(prompt(2, 70))), last(want.say(prompt(2, 70))), 1e-4);
  EXPECT_EQ(got.inference->sequences()->used_blocks(), 2 * 3);
  const std::vector<std::vector<int64_t>> orders = {{1, 1, 0, 1}, {3, 2, 1, 0}, {0, 0, 0, 0}};
  for (const auto& order : orders) {
    const Ids next = prompt(4, 2, uint32_t(got.past));
    expect_close(got.say(next, order), want.say(next, order), 1e-4);
  }
  // One row's two full blocks, and the last block of each.
  EXPECT_EQ(got.inference->sequences()->used_blocks(), 2 + 4);
}

TEST_P(States, AreCopiedOutAndIn) {
  const auto model = compile(*cpu_, GetParam());
  Chat one(*model), two(*model);
  one.say(prompt(2, 40));
  const std::vector<Variable> variables = one.inference->variables();
  ASSERT_EQ(variables.size(), 4u);
  for (const Variable& v : variables) {
    const Tensor state = one.inference->get_variable(v.id);
    EXPECT_EQ(state.get_shape()[0], 2u);
    EXPECT_EQ(state.get_shape()[2], 40u);
    two.inference->set_variable(v.id, state);
    EXPECT_TRUE(same_contents(two.inference->get_variable(v.id), state));
  }
  two.past = 40;
  const Ids next = prompt(2, 1, 3);
  EXPECT_TRUE(same_contents(two.say(next), one.say(next)));
  for (const Variable& v : variables)
    EXPECT_TRUE(
        same_contents(two.inference->get_variable(v.id), one.inference->get_variable(v.id)));

  one.inference->reset_variables();
  EXPECT_EQ(one.inference->get_variable(variables[0].id).get_shape()[2], 0u);
  EXPECT_EQ(one.inference->sequences()->used_blocks(), 0);
  for (const Variable& v : variables) two.inference->reset_variable(v.id);
  one.past = two.past = 0;
  EXPECT_TRUE(same_contents(one.say(prompt(1, 3)), two.say(prompt(1, 3))));
}

TEST_P(States, OfDifferentLengthsAreAnError) {
  const auto model = compile(*cpu_, GetParam());
  Chat chat(*model);
  chat.say(prompt(1, 9));
  const std::string id = chat.inference->variables()[1].id;
  chat.inference->reset_variable(id);
  EXPECT_THROW(chat.say(prompt(1, 1)), Error);
  EXPECT_EQ(chat.inference->get_variable(id).get_shape()[2], 0u);
}

TEST_P(States, StayAsTheyWereWhenARunFails) {
  const auto model = compile(*cpu_, GetParam());
  Chat chat(*model), untouched(*model);
  chat.say(prompt(2, 33));
  untouched.say(prompt(2, 33));
  const std::string id = chat.inference->variables()[0].id;
  const Tensor before = chat.inference->get_variable(id);

  const std::atomic<bool> stop{true};
  chat.cancel = &stop;
  EXPECT_THROW(chat.say(prompt(2, 40)), Cancelled);
  EXPECT_THROW(chat.say(prompt(2, 1), {1, 0}), Cancelled);
  chat.cancel = nullptr;
  chat.past = 30;  // a mask that is too short
  EXPECT_THROW(chat.say(prompt(2, 1)), Error);
  chat.past = 33;
  EXPECT_THROW(chat.say(prompt(2, 1), {0, 5}), Error);

  EXPECT_TRUE(same_contents(chat.inference->get_variable(id), before));
  const Ids next = prompt(2, 3, 5);
  EXPECT_TRUE(same_contents(chat.say(next), untouched.say(next)));
}

TEST_P(States, OfFewerBitsAreClose) {
  const auto exact = compile(*cpu_, GetParam(), element::f32);
  for (const auto& [type, tolerance] :
       {std::pair{element::Type(element::bf16), 0.01}, {element::Type(element::u8), 0.02}}) {
    const auto model = compile(*cpu_, GetParam(), type);
    Chat got(*model), want(*exact);
    expect_close(got.say(prompt(1, 150)), want.say(prompt(1, 150)), tolerance);
    expect_close(got.say(prompt(1, 1)), want.say(prompt(1, 1)), tolerance);
    EXPECT_LT(got.inference->sequences()->block_bytes(),
              want.inference->sequences()->block_bytes());
  }
}

TEST_P(States, InputsThatFollowMayBeLeftOut) {
  const auto model = compile(*cpu_, GetParam());
  Chat full(*model);
  const auto bare = model->create();
  for (const Ids& ids : {prompt(2, 9), prompt(2, 1), prompt(2, 4)}) {
    bare->set_input(0, flat(element::i64, ids));
    bare->run();
    EXPECT_TRUE(same_contents(bare->output(0), full.say(ids)));
  }
}

TEST_P(States, NoRowsAndNoTokensAreARunToo) {
  const auto model = compile(*cpu_, GetParam());
  const auto bare = model->create();
  for (const Shape& shape : {Shape{0, 5}, Shape{2, 3}, Shape{2, 0}}) {
    bare->set_input(
        0, make_tensor<int64_t>(element::i64, shape, std::vector<int64_t>(shape_size(shape), 1)));
    bare->set_input(
        2, make_tensor<int64_t>(element::i64, shape, std::vector<int64_t>(shape_size(shape), 0)));
    bare->run();
    EXPECT_EQ(bare->output(0).get_shape(), (Shape{shape[0], shape[1], 50}));
  }
  EXPECT_EQ(bare->get_variable(bare->variables()[0].id).get_shape()[2], 3u);
}

// Sequences of a ragged batch answer as each does alone, to the bit.
TEST_P(States, RaggedRowsAnswerAsAlone) {
  const auto model = compile(*cpu_, GetParam());
  const auto batch = model->create();
  SequenceStore& store = *batch->sequences();
  const size_t lengths[] = {50, 3, 17};
  std::vector<SequenceStore::Id> ids;
  std::vector<std::unique_ptr<Chat>> alone;
  for (size_t r = 0; r < 3; ++r) {
    ids.push_back(store.create());
    alone.push_back(std::make_unique<Chat>(*model));
  }
  for (int round = 0; round < 3; ++round) {
    Ids tokens(1);
    std::vector<SequenceStore::Row> rows;
    std::vector<double> want;
    for (size_t r = 0; r < 3; ++r) {
      const Ids own = prompt(1, round ? 1 : lengths[r], uint32_t(r + 10 * size_t(round)));
      tokens[0].insert(tokens[0].end(), own[0].begin(), own[0].end());
      rows.push_back({ids[r], int64_t(own[0].size())});
      const std::vector<double> row = load<double>(alone[r]->say(own));
      want.insert(want.end(), row.begin(), row.end());
    }
    store.bind(rows);
    batch->set_input(0, flat(element::i64, tokens));
    batch->run();
    EXPECT_EQ(load<double>(batch->output(0)), want);
  }
  for (size_t r = 0; r < 3; ++r) EXPECT_EQ(store.length(ids[r]), int64_t(lengths[r]) + 2);
}

TEST_P(States, SequencesShareTheirBeginning) {
  const auto model = compile(*cpu_, GetParam());
  const auto inference = model->create();
  SequenceStore& store = *inference->sequences();
  const auto run = [&](SequenceStore::Id id, const Ids& ids) {
    store.bind({{id, int64_t(ids[0].size())}});
    inference->set_input(0, flat(element::i64, ids));
    inference->run();
    return copied(inference->output(0));
  };
  const auto first = store.create();
  run(first, prompt(1, 70));
  EXPECT_EQ(store.used_blocks(), 3);
  const auto second = store.fork(first), prefix = store.fork(first, 64);
  EXPECT_EQ(store.used_blocks(), 3);
  EXPECT_EQ(store.blocks_needed({{second, 1}}), 1);  // a copy of the last
  EXPECT_EQ(store.blocks_needed({{prefix, 6}}), 1);
  const Tensor a = run(second, prompt(1, 1, 9));
  EXPECT_EQ(store.used_blocks(), 4);
  EXPECT_TRUE(same_contents(run(first, prompt(1, 1, 9)), a));
  store.trim(second, 10);
  EXPECT_EQ(store.length(second), 10);
  store.release(second);
  EXPECT_THROW(store.length(second), Error);
  EXPECT_THROW(store.bind({{first, 1}, {first, 1}}), Error);
  EXPECT_THROW(store.fork(prefix, 65), Error);

  store.set_limit(4);
  EXPECT_EQ(store.free_blocks(), 1);
  EXPECT_THROW(run(prefix, prompt(1, 40)), Error);
  EXPECT_EQ(store.length(prefix), 64);
  EXPECT_EQ(store.used_blocks(), 3);
  run(prefix, prompt(1, 32));
  EXPECT_EQ(store.free_blocks(), 0);
}

INSTANTIATE_TEST_SUITE_P(Of, States, testing::Values(kLlama, kGpt2), [](const auto& info) {
  return std::string(info.index == 0 ? "Llama" : "Gpt2");
});

}  // namespace
}  // namespace vireo::test
