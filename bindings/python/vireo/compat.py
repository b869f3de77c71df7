"""Runs a script that was written for OpenVINO with Vireo in its place.

    python -m vireo.compat script.py [arguments]
    python -m vireo.compat -m module [arguments]

`openvino`, `openvino.runtime`, `openvino_genai` and `optimum.intel` are then Vireo's own modules, also where the packages of these names
are installed. A name that Vireo lacks is an error that says so. From a program: `vireo.compat.install()` before the first import.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import runpy
import sys
import traceback
import types
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

# What answers for which module; None: nothing but a place for others below it. A module below one that is named here is looked for
# below its answer.
ANSWERS = {
    "openvino": "vireo",
    "openvino.runtime": "vireo",
    "openvino_genai": "vireo.genai",
    "openvino_tokenizers": None,  # imported for its operators, which Vireo has
    "optimum": None,
    "optimum.intel": "vireo.transformers",
    "optimum.intel.openvino": "vireo.transformers",
}


class _Answer(types.ModuleType):
    """A module whose names are those of another one, or that has none."""

    def __getattr__(self, name):
        target = self.__dict__["__answer__"]
        if target is not None and hasattr(target, name):
            return getattr(target, name)
        if not name.startswith("__"):
            _Finder.missing = f"{self.__name__}.{name}"
        raise AttributeError(f"Vireo, which answers for '{self.__name__}', has no '{name}'")

    def __dir__(self):
        return dir(self.__answer__)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    missing = None  # the name that was last looked for in vain

    def find_spec(self, fullname, path=None, target=None):
        root = max((name for name in ANSWERS if f"{fullname}.".startswith(f"{name}.")), key=len, default=None)
        if root is None:
            return None
        if fullname == "optimum" and (real := PathFinder.find_spec(fullname, path)):
            return real  # its other parts stay what they are
        answer = ANSWERS[root]
        if fullname != root:
            answer = answer and answer + fullname[len(root):]
            if not answer or not _exists(answer):
                if root == "optimum":
                    return PathFinder.find_spec(fullname, path)
                _Finder.missing = fullname
                raise ModuleNotFoundError(f"Vireo, which answers for '{root}', has no module '{fullname}'", name=fullname)
        return ModuleSpec(fullname, self, origin=answer, is_package=True)

    def create_module(self, spec):
        module = _Answer(spec.name)
        module.__answer__ = importlib.import_module(spec.origin) if spec.origin else None
        return module

    def exec_module(self, module):
        pass


def _exists(name) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a part of the name is no package
        return False


def install():
    """From here on the modules of OpenVINO are Vireo's. Those that were imported before are forgotten."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    for name in list(sys.modules):
        if any(f"{name}.".startswith(f"{root}.") for root in ANSWERS if root != "optimum"):
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder())


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    as_module = arguments[:1] == ["-m"]
    words = arguments[1:] if as_module else arguments
    if not words or words[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if words else 2
    if not as_module and not Path(words[0]).is_file():
        sys.exit(f"vireo.compat: there is no script '{words[0]}'")
    install()
    sys.argv = list(words)
    sys.path.insert(0, str(Path.cwd() if as_module else Path(words[0]).resolve().parent))
    try:
        if as_module:
            runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(words[0], run_name="__main__")
    except (ImportError, AttributeError):
        if _Finder.missing is None:
            raise
        traceback.print_exc()
        sys.exit(f"vireo.compat: Vireo has no {_Finder.missing}")
    return 0


if __name__ == "__main__":
    # Under its own name, so that there is one finder however often the module is imported.
    sys.exit(importlib.import_module("vireo.compat").main())
