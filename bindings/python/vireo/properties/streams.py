"""Inferences that run at once."""

from . import Choice, Property


class Num(Choice):
    AUTO = "AUTO"


num = Property("NUM_STREAMS")
