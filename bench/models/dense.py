"""Networks that say something of every place of a picture: a detector and a segmenter."""
import numpy as np

from .net import Net, picture


class Yolo(Net):
    """The blocks of YOLOv8, named as in its papers: a convolution with SiLU, C2f, SPPF."""

    def cbs(self, x, channels_in, channels_out, kernel=1, stride=1):
        return self.silu(self.conv(x, channels_in, channels_out, kernel, stride, gain=1.05))

    def c2f(self, x, channels_in, channels_out, blocks, shortcut):
        half = channels_out // 2
        x = self.cbs(x, channels_in, 2 * half)
        parts = self.add("Split", x, self.ints(half, half), outputs=2, axis=1)
        for _ in range(blocks):
            y = self.cbs(self.cbs(parts[-1], half, half, 3), half, half, 3)
            parts.append(self.add("Add", parts[-1], y) if shortcut else y)
        return self.cbs(self.add("Concat", *parts, axis=1), (2 + blocks) * half, channels_out)

    def sppf(self, x, channels):
        parts = [self.cbs(x, channels, channels // 2)]
        for _ in range(3):
            parts.append(self.add("MaxPool", parts[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2]))
        return self.cbs(self.add("Concat", *parts, axis=1), 2 * channels, channels)

    def twice_as_large(self, x):
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        return self.add("Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
                        nearest_mode="floor")

    def head(self, x, channels, classes=80, bins=16):
        box = self.cbs(self.cbs(x, channels, 64, 3), 64, 64, 3)
        kind = self.cbs(self.cbs(x, channels, classes, 3), classes, classes, 3)
        both = self.add("Concat", self.conv(box, 64, 4 * bins, 1), self.conv(kind, classes, classes, 1), axis=1)
        return self.add("Reshape", both, self.ints(1, 4 * bins + classes, -1))

    def boxes(self, distances, sizes, strides, bins=16):
        """Distributions over distances to the four sides -> centre and size in pixels, of every anchor."""
        x = self.add("Reshape", distances, self.ints(1, 4, bins, -1))
        x = self.add("Softmax", self.add("Transpose", x, perm=[0, 2, 1, 3]), axis=1)
        expect = self.constant(np.arange(bins, dtype=np.float32).reshape(1, bins, 1, 1))
        x = self.add("Reshape", self.add("Conv", x, expect, kernel_shape=[1, 1]), self.ints(1, 4, -1))
        grids = [np.stack(np.meshgrid(np.arange(n) + 0.5, np.arange(n) + 0.5)).reshape(2, -1) for n in sizes]
        anchors = self.constant(np.concatenate(grids, 1).astype(np.float32)[None])
        scale = self.constant(np.concatenate([np.full((1, n * n), s, np.float32) for n, s in zip(sizes, strides)], 1))
        low, high = self.add("Split", x, self.ints(2, 2), outputs=2, axis=1)
        low, high = self.add("Sub", anchors, low), self.add("Add", anchors, high)
        centre = self.add("Div", self.add("Add", low, high), self.scalar(2))
        return self.add("Mul", self.add("Concat", centre, self.add("Sub", high, low), axis=1), scale)


def yolov8n(size=640):
    net = Yolo(8)
    x = net.cbs(net.cbs("input", 3, 16, 3, 2), 16, 32, 3, 2)
    x = net.cbs(net.c2f(x, 32, 32, 1, True), 32, 64, 3, 2)
    p3 = net.c2f(x, 64, 64, 2, True)
    p4 = net.c2f(net.cbs(p3, 64, 128, 3, 2), 128, 128, 2, True)
    x = net.c2f(net.cbs(p4, 128, 256, 3, 2), 256, 256, 1, True)
    p5 = net.sppf(x, 256)
    n4 = net.c2f(net.add("Concat", net.twice_as_large(p5), p4, axis=1), 384, 128, 1, False)
    out3 = net.c2f(net.add("Concat", net.twice_as_large(n4), p3, axis=1), 192, 64, 1, False)
    out4 = net.c2f(net.add("Concat", net.cbs(out3, 64, 64, 3, 2), n4, axis=1), 192, 128, 1, False)
    out5 = net.c2f(net.add("Concat", net.cbs(out4, 128, 128, 3, 2), p5, axis=1), 384, 256, 1, False)
    heads = net.add("Concat", net.head(out3, 64), net.head(out4, 128), net.head(out5, 256), axis=2)
    distances, kinds = net.add("Split", heads, net.ints(64, 80), outputs=2, axis=1)
    boxes = net.boxes(distances, [size // s for s in (8, 16, 32)], (8, 16, 32))
    return net.model(picture(size), net.add("Concat", boxes, net.add("Sigmoid", kinds), axis=1))


def unet(size=256, width=32):
    """U-Net with 32 channels at full size and four levels, as used on medical slices."""
    net = Net(9)

    def block(x, channels_in, channels_out):
        x = net.add("Relu", net.conv(x, channels_in, channels_out, 3))
        return net.add("Relu", net.conv(x, channels_out, channels_out, 3))

    def up(x, channels):
        weight = net.weight(2 * channels, channels, 2, 2, scale=np.sqrt(1 / (2 * channels)))
        return net.add("ConvTranspose", x, weight, net.weight(channels, scale=0.01), kernel_shape=[2, 2], strides=[2, 2])

    x, channels, skips = "input", 3, []
    for level in range(4):
        x = block(x, channels, width << level)
        channels = width << level
        skips.append(x)
        x = net.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = block(x, channels, 2 * channels)
    for skip in reversed(skips):
        x = net.add("Concat", up(x, channels), skip, axis=1)
        x = block(x, 2 * channels, channels)
        channels //= 2
    return net.model(picture(size), net.add("Sigmoid", net.conv(x, width, 1, 1)))
