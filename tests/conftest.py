"""Options and fixtures of all Python tests."""
import importlib
import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
if importlib.util.find_spec("vireo") is None:
    # Not installed: the release build of this tree, here and in the processes that tests start.
    BUILT = str(ROOT / "build" / "release" / "python")
    sys.path.insert(0, BUILT)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [BUILT, os.environ.get("PYTHONPATH")]))
LINES = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--module", default=os.environ.get("VIREO_TEST_MODULE", "vireo"),
                     help="the module under test; any with OpenVINO's Python API")
    parser.addoption("--device", default=os.environ.get("VIREO_TEST_DEVICE", "CPU"), help="CPU or REFERENCE")
    parser.addoption("--update-known-failures", action="store_true",
                     help="rewrite tests/conformance/known_failures.txt from this run")
    parser.addoption("--replay", help="folder with replay_ir and replay_onnx: run these instead of the Python module")


def pytest_configure(config):
    config.stash[LINES] = []


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[LINES]:
        terminalreporter.write_line(line)


@pytest.fixture
def report(request):
    """Adds a line to what is printed above the closing line of the run."""
    return request.config.stash[LINES].append


@pytest.fixture(scope="session")
def ov(request):
    """The module under test, imported as users of OpenVINO import theirs."""
    return importlib.import_module(request.config.getoption("--module"))
