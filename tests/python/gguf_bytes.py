"""GGUF files byte by byte, right ones and wrong ones."""
import struct

F32, F16, Q4_0, Q4_K, IQ2_XXS = 0, 1, 2, 12, 16
KINDS = {"u8": (0, "<B"), "i32": (5, "<i"), "u32": (4, "<I"), "f32": (6, "<f"), "bool": (7, "<B"), "u64": (10, "<Q")}


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    """The kind and bytes of a value: ("u32", 3), ("text", "llama"), ("list", "text", ["a", "b"]) as ("list text", [...])."""
    if kind.startswith("list "):
        items = [value(kind[5:], one) for one in content]
        head = struct.pack("<IIQ", 9, items[0][0] if items else 4, len(items))
        return 9, head[4:] + b"".join(data for _, data in items)
    if kind == "text":
        return 8, text(content)
    number, form = KINDS[kind]
    return number, struct.pack(form, content)


def entry(key, kind, content):
    number, data = value(kind, content)
    return text(key) + struct.pack("<I", number) + data


def tensor(name, extents, kind=F32, offset=0):
    """A row of the table; extents innermost first, as the file has them."""
    return text(name) + struct.pack("<I", len(extents)) + struct.pack(f"<{len(extents)}Q", *extents) + struct.pack("<IQ", kind, offset)


def gguf(entries=(), tensors=(), data=b"", version=3, counts=None):
    """A whole file; `counts` may lie about (tensors, entries)."""
    announced = counts or (len(tensors), len(entries))
    head = b"GGUF" + struct.pack("<IQQ", version, *announced) + b"".join(entries) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32) + data


LLAMA = {"general.architecture": ("text", "llama"), "llama.context_length": ("u32", 64), "llama.embedding_length": ("u32", 32),
         "llama.block_count": ("u32", 1), "llama.attention.head_count": ("u32", 4)}


def llama(changes=None, tensors=(tensor("token_embd.weight", [32, 2]),), data=b"\0" * 256):
    """A file that says it is a llama of one layer; `changes` replaces values, None removes them."""
    values = {**LLAMA, **(changes or {})}
    return gguf([entry(key, *v) for key, v in values.items() if v], tensors, data)
