"""Transformer encoders of text, pictures and sound."""
import numpy as np
from onnx import TensorProto

from .net import Net, picture

TEXT_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Encoder(Net):
    def __init__(self, seed, hidden, heads):
        super().__init__(seed)
        self.hidden, self.heads, self.head = hidden, heads, hidden // heads

    def split_heads(self, x, perm):
        return self.add("Transpose", self.add("Reshape", x, self.ints(0, 0, self.heads, self.head)), perm=perm)

    def attention(self, x, mask=None, key_bias=True):
        """Self-attention with its output layer; queries, keys and values are layers of their own."""
        size = self.hidden
        q = self.split_heads(self.linear(x, size, size), [0, 2, 1, 3])
        k = self.split_heads(self.linear(x, size, size, bias=key_bias), [0, 2, 3, 1])
        v = self.split_heads(self.linear(x, size, size), [0, 2, 1, 3])
        scores = self.add("Div", self.add("MatMul", q, k), self.scalar(np.sqrt(self.head)))
        scores = self.add("Add", scores, mask) if mask else scores
        return self.merge_heads(self.add("MatMul", self.add("Softmax", scores, axis=-1), v))

    def merged_attention(self, x, tokens):
        """Self-attention whose queries, keys and values are one layer, as torch's own module writes it."""
        size = self.hidden
        x = self.add("Reshape", self.linear(x, size, 3 * size), self.ints(1, tokens, 3, self.heads, self.head))
        x = self.add("Transpose", x, perm=[2, 0, 3, 1, 4])
        q, k, v = (self.add("Gather", x, self.constant(np.int64(i)), axis=0) for i in range(3))
        q = self.add("Mul", q, self.scalar(1 / np.sqrt(self.head)))
        scores = self.add("MatMul", q, self.add("Transpose", k, perm=[0, 1, 3, 2]))
        return self.merge_heads(self.add("MatMul", self.add("Softmax", scores, axis=-1), v))

    def merge_heads(self, x):
        x = self.add("Reshape", self.add("Transpose", x, perm=[0, 2, 1, 3]), self.ints(0, 0, self.hidden))
        return self.linear(x, self.hidden, self.hidden)

    def feed_forward(self, x):
        wide = self.gelu(self.linear(x, self.hidden, 4 * self.hidden))
        return self.linear(wide, 4 * self.hidden, self.hidden)


def bert(length, hidden=768, layers=12, heads=12, seed=12):
    """BERT's encoder without pooler: norms after each sum, a padding mask, GELU by the error function."""
    net = Encoder(seed, hidden, heads)
    word = net.add("Gather", net.weight(30522, hidden, scale=0.5), "input_ids")
    kind = net.add("Gather", net.weight(2, hidden, scale=0.5), "token_type_ids")
    x = net.add("Add", net.add("Add", word, kind), net.weight(1, length, hidden, scale=0.5))
    x = net.norm(x, hidden, 1e-12)
    mask = net.add("Unsqueeze", net.add("Cast", "attention_mask", to=TensorProto.FLOAT), net.ints(1, 2))
    mask = net.add("Mul", net.add("Sub", net.scalar(1), mask), net.scalar(-1e4))
    for _ in range(layers):
        x = net.norm(net.add("Add", net.attention(x, mask), x), hidden, 1e-12)
        x = net.norm(net.add("Add", net.feed_forward(x), x), hidden, 1e-12)
    return net.model([(name, TensorProto.INT64, [1, length]) for name in TEXT_INPUTS], x)


def minilm(length=128):
    """MiniLM-L6: six layers of 384."""
    return bert(length, hidden=384, layers=6, heads=12, seed=6)


def vit_b16(size=224, hidden=768, layers=12):
    net, tokens = Encoder(16, hidden, 12), (size // 16) ** 2 + 1
    x = net.conv("input", 3, hidden, 16, 16, pad=0)
    x = net.add("Transpose", net.add("Reshape", x, net.ints(1, hidden, tokens - 1)), perm=[0, 2, 1])
    x = net.add("Concat", net.weight(1, 1, hidden, scale=0.5), x, axis=1)
    x = net.add("Add", x, net.weight(1, tokens, hidden, scale=0.5))
    for _ in range(layers):
        x = net.add("Add", x, net.merged_attention(net.norm(x, hidden, 1e-6), tokens))
        x = net.add("Add", x, net.feed_forward(net.norm(x, hidden, 1e-6)))
    x = net.add("Gather", net.norm(x, hidden, 1e-6), net.constant(np.int64(0)), axis=1)
    x = net.add("Gemm", x, net.weight(1000, hidden, scale=0.03), net.weight(1000, scale=0.01), transB=1)
    return net.model(picture(size), x)


def whisper_tiny_encoder(frames=3000, hidden=384, layers=4):
    """30 seconds of sound as 80 mel bands -> 1500 states: two convolutions in time, then norms before each layer."""
    net = Encoder(30, hidden, 6)

    def conv(x, channels_in, stride):
        weight = net.weight(hidden, channels_in, 3, scale=np.sqrt(2 / (3 * channels_in)))
        return net.gelu(net.add("Conv", x, weight, net.weight(hidden, scale=0.01), kernel_shape=[3], strides=[stride],
                                pads=[1, 1]))

    x = net.add("Transpose", conv(conv("input", 80, 1), hidden, 2), perm=[0, 2, 1])
    x = net.add("Add", x, net.weight(frames // 2, hidden, scale=0.5))
    for _ in range(layers):
        x = net.add("Add", x, net.attention(net.norm(x, hidden), key_bias=False))
        x = net.add("Add", x, net.feed_forward(net.norm(x, hidden)))
    return net.model([("input", TensorProto.FLOAT, [1, 80, frames])], net.norm(x, hidden))
