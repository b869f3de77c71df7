"""Layout: what the axes of a tensor mean."""

from __future__ import annotations


class Layout:
    """Names of axes, outermost first: "NCHW", "N...C" (any number in between), "N?C" (one without a name), "[batch,time]", or
    "**SCALAR**". Upper and lower case are the same; N is BATCH, C is CHANNELS, H is HEIGHT, W is WIDTH, D is DEPTH.
    """

    __slots__ = ("_names",)
    _ALIASES = {"BATCH": "N", "CHANNELS": "C", "CHANNEL": "C", "HEIGHT": "H", "WIDTH": "W", "DEPTH": "D"}

    def __init__(self, layout_str: str = ""):
        text = layout_str.strip()
        if text == "**SCALAR**":
            self._names = ()
        elif text == "":
            self._names = ("...",)
        elif text.startswith("["):
            if not text.endswith("]"):
                raise ValueError(f"layout '{layout_str}' has no closing bracket")
            self._names = tuple(self._name(part.strip()) for part in text[1:-1].split(","))
        else:
            self._names = tuple(self._name(c) for c in text.replace("...", "."))
        named = [n for n in self._names if n != "?"]
        if len(named) != len(set(named)):
            raise ValueError(f"layout '{layout_str}' names an axis twice")

    @classmethod
    def _name(cls, text: str) -> str:
        if text in (".", "..."):
            return "..."
        if text != "?" and not text.replace("_", "").isalnum():
            raise ValueError(f"layout: '{text}' is no name of an axis")
        return cls._ALIASES.get(text.upper(), text.upper())

    @staticmethod
    def scalar() -> "Layout":
        return Layout("**SCALAR**")

    @property
    def empty(self) -> bool:
        return self._names == ("...",)

    def has_name(self, dimension_name: str) -> bool:
        return self._name(dimension_name) in self._names

    def get_index_by_name(self, dimension_name: str) -> int:
        """From the end (negative) for axes behind "..."."""
        name = self._name(dimension_name)
        if name not in self._names:
            raise RuntimeError(f"layout {self.to_string()} has no axis '{dimension_name}'")
        index = self._names.index(name)
        return index - len(self._names) if "..." in self._names[:index] else index

    def to_string(self) -> str:
        return "**SCALAR**" if not self._names else "[" + ",".join(self._names) + "]"

    __str__ = to_string

    def __repr__(self) -> str:
        return f"<Layout: {self.to_string()}>"

    def __eq__(self, other) -> bool:
        return self._names == (Layout(other) if isinstance(other, str) else other)._names if isinstance(other, (str, Layout)) else False

    def __hash__(self) -> int:
        return hash(self._names)
