"""Networks that say what a picture of 224x224 shows, with torchvision's shapes."""
import numpy as np

from .net import Net, picture


def resnet50():
    net = Net(50)
    x = net.add("Relu", net.conv("input", 3, 64, 7, 2))
    x = net.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)]):
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 0 else 1
            y = net.add("Relu", net.conv(x, channels, width, 1))
            y = net.add("Relu", net.conv(y, width, width, 3, stride))
            y = net.conv(y, width, 4 * width, 1, gain=0.3)
            if block == 0:
                x = net.conv(x, channels, 4 * width, 1, stride, gain=0.7)
            x, channels = net.add("Relu", net.add("Add", y, x)), 4 * width
    return net.model(picture(224), net.classify(x, 2048))


def mobilenet_v2():
    net = Net(2)

    def relu6(x):
        return net.add("Clip", x, net.scalar(0), net.scalar(6))

    x, channels = relu6(net.conv("input", 3, 32, 3, 2)), 32
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expand, width, repeat, first_stride in rows:
        for block in range(repeat):
            stride, hidden, y = first_stride if block == 0 else 1, channels * expand, x
            if expand != 1:
                y = relu6(net.conv(y, channels, hidden, 1))
            y = relu6(net.conv(y, hidden, hidden, 3, stride, groups=hidden))
            y = net.conv(y, hidden, width, 1, gain=0.7)
            x = net.add("Add", x, y) if stride == 1 and channels == width else y
            channels = width
    x = relu6(net.conv(x, 320, 1280, 1))
    return net.model(picture(224), net.classify(x, 1280))


def squeeze_excite(net, x, channels, squeezed, inner, gate):
    """Scales each channel by what two small layers make of the channels' means."""
    s = net.add("GlobalAveragePool", x)
    s = inner(net.conv(s, channels, squeezed, 1))
    return net.add("Mul", x, gate(net.conv(s, squeezed, channels, 1)))


def mobilenet_v3_small():
    net = Net(3)

    def relu(x):
        return net.add("Relu", x)

    def hard_swish(x):
        return net.add("HardSwish", x)

    def hard_sigmoid(x):
        return net.add("HardSigmoid", x, alpha=1 / 6, beta=0.5)

    # kernel, hidden channels, channels out, squeeze and excite, activation, stride
    rows = [(3, 16, 16, True, relu, 2), (3, 72, 24, False, relu, 2), (3, 88, 24, False, relu, 1),
            (5, 96, 40, True, hard_swish, 2), (5, 240, 40, True, hard_swish, 1), (5, 240, 40, True, hard_swish, 1),
            (5, 120, 48, True, hard_swish, 1), (5, 144, 48, True, hard_swish, 1), (5, 288, 96, True, hard_swish, 2),
            (5, 576, 96, True, hard_swish, 1), (5, 576, 96, True, hard_swish, 1)]
    x, channels = hard_swish(net.conv("input", 3, 16, 3, 2)), 16
    for kernel, hidden, width, squeezed, act, stride in rows:
        y = act(net.conv(x, channels, hidden, 1)) if hidden != channels else x
        y = act(net.conv(y, hidden, hidden, kernel, stride, groups=hidden))
        if squeezed:
            narrow = max(8, (hidden // 4 + 4) // 8 * 8)
            y = squeeze_excite(net, y, hidden, narrow, relu, hard_sigmoid)
        y = net.conv(y, hidden, width, 1)
        x = net.add("Add", x, y) if stride == 1 and channels == width else y
        channels = width
    x = net.add("Flatten", net.add("GlobalAveragePool", hard_swish(net.conv(x, 96, 576, 1))), axis=1)
    x = hard_swish(net.add("Gemm", x, net.weight(1024, 576, scale=0.05), net.weight(1024, scale=0.01), transB=1))
    x = net.add("Gemm", x, net.weight(1000, 1024, scale=0.03), net.weight(1000, scale=0.01), transB=1)
    return net.model(picture(224), x)


def efficientnet_b0():
    net = Net(4)

    def sigmoid(x):
        return net.add("Sigmoid", x)

    x, channels = net.silu(net.conv("input", 3, 32, 3, 2)), 32
    # expansion, kernel, stride of the first block, channels out, blocks
    rows = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
            (6, 3, 1, 320, 1)]
    for expand, kernel, first_stride, width, repeat in rows:
        for block in range(repeat):
            stride, hidden = first_stride if block == 0 else 1, channels * expand
            y = net.silu(net.conv(x, channels, hidden, 1)) if expand != 1 else x
            y = net.silu(net.conv(y, hidden, hidden, kernel, stride, groups=hidden))
            y = squeeze_excite(net, y, hidden, channels // 4, net.silu, sigmoid)
            y = net.conv(y, hidden, width, 1, gain=1.3)
            x = net.add("Add", x, y) if stride == 1 and channels == width else y
            channels = width
    x = net.silu(net.conv(x, 320, 1280, 1))
    return net.model(picture(224), net.classify(x, 1280))


def convnext_t():
    net = Net(5)
    to_last, to_first = [0, 2, 3, 1], [0, 3, 1, 2]

    def norm_channels(x, width):
        x = net.norm(net.add("Transpose", x, perm=to_last), width, 1e-6)
        return net.add("Transpose", x, perm=to_first)

    x, channels = norm_channels(net.conv("input", 3, 96, 4, 4, pad=0), 96), 96
    for width, blocks in [(96, 3), (192, 3), (384, 9), (768, 3)]:
        if width != channels:
            x = net.conv(norm_channels(x, channels), channels, width, 2, 2, pad=0, gain=0.7)
        for _ in range(blocks):
            y = net.add("Transpose", net.conv(x, width, width, 7, groups=width, gain=0.7), perm=to_last)
            y = net.gelu(net.linear(net.norm(y, width, 1e-6), width, 4 * width))
            y = net.add("Transpose", net.linear(y, 4 * width, width, gain=1.4), perm=to_first)
            scale = net.constant(np.full((width, 1, 1), 0.3, np.float32))
            x = net.add("Add", net.add("Mul", scale, y), x)
        channels = width
    x = norm_channels(net.add("GlobalAveragePool", x), channels)
    x = net.add("Flatten", x, axis=1)
    x = net.add("Gemm", x, net.weight(1000, 768, scale=0.03), net.weight(1000, scale=0.01), transB=1)
    return net.model(picture(224), x)
