"""python -m vireo.compat: scripts of OpenVINO's users, unchanged, each in a process of its own."""
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import fetch_models
import pytest
import vireo


def run(tmp_path, source, *arguments, expect=0):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(source))
    path = os.pathsep.join([str(Path(vireo.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-m", "vireo.compat", str(script), *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == expect, done.stderr
    return done.stdout if expect == 0 else done.stderr


def test_openvino_scripts_run(tmp_path, affine):
    output = run(tmp_path, """
        import sys
        import numpy as np
        import openvino as ov
        import openvino.properties.hint as hints
        from openvino.runtime import Core, get_version
        from openvino import Type

        core = ov.Core()
        assert isinstance(core, Core) and __name__ == "__main__"
        compiled = core.compile_model(sys.argv[1], "CPU", {hints.inference_precision: Type.f32})
        result = compiled(np.ones((2, 4), np.float32))[compiled.output(0)]
        print(ov.Core.__module__, result.shape, sys.argv[2], get_version())
    """, affine[0], "last")
    assert output.startswith("vireo") and "(2, 3) last" in output


def test_genai_and_optimum_scripts_run(tmp_path):
    output = run(tmp_path, """
        import sys
        import numpy as np
        import openvino_genai
        import openvino_tokenizers
        from optimum.intel import OVModelForCausalLM
        from optimum.intel.openvino import OVModelForFeatureExtraction

        config = openvino_genai.GenerationConfig()
        config.max_new_tokens = 7
        model = OVModelForCausalLM.from_pretrained(sys.argv[1], export=True, ov_config={"INFERENCE_PRECISION_HINT": "f32"})
        print(OVModelForCausalLM.__module__, model(np.ones((1, 3), np.int64)).logits.shape, config.max_new_tokens)
    """, fetch_models.unpacked("language_models") / "llama")
    assert output.split() == ["vireo.transformers.causal_lm", "(1,", "3,", "48)", "7"]


def test_modules_beside_the_script_and_exit_codes(tmp_path):
    (tmp_path / "beside.py").write_text("import openvino\nVALUE = openvino.Core.__name__")
    assert "Core" in run(tmp_path, "import beside; print(beside.VALUE)")
    assert run(tmp_path, "import sys; sys.exit(3)", expect=3) == ""


@pytest.mark.parametrize("source, message", [
    ("from openvino import Frobnicator", "vireo.compat: Vireo has no openvino.Frobnicator"),
    ("import openvino as ov; ov.Frobnicator()", "Vireo, which answers for 'openvino', has no 'Frobnicator'"),
    ("import openvino.frob.nicate", "Vireo, which answers for 'openvino', has no module 'openvino.frob'"),
    ("import openvino_genai as g; g.VLMPipeline('x')", "vireo.compat: Vireo has no openvino_genai.VLMPipeline"),
    ("from optimum.intel import OVStableDiffusionPipeline", "vireo.compat: Vireo has no optimum.intel.OVStableDiffusionPipeline"),
    ("import no_such_module", "No module named 'no_such_module'"),
    ("{}.frob", "'dict' object has no attribute 'frob'"),
])
def test_what_is_missing_is_named(tmp_path, source, message):
    assert message in run(tmp_path, source, expect=1)


def test_what_is_missing_may_be_asked_for(tmp_path):
    assert run(tmp_path, """
        import openvino as ov
        print(hasattr(ov, "Frobnicator"), hasattr(ov, "Core"), "Core" in dir(ov))
        try:
            from openvino import Frobnicator
        except ImportError:
            print("none")
    """).split() == ["False", "True", "True", "none"]


def test_the_command_line(tmp_path):
    command = [sys.executable, "-m", "vireo.compat"]
    environment = {**os.environ, "PYTHONPATH": str(Path(vireo.__file__).parent.parent)}
    run_it = lambda *words: subprocess.run([*command, *words], capture_output=True, text=True, env=environment, cwd=tmp_path)  # noqa: E731
    (tmp_path / "some_module.py").write_text("import openvino, sys; print(openvino.Core.__module__, sys.argv[1:])")
    assert run_it("-m", "some_module", "a").stdout.endswith("['a']\n")
    assert "there is no script 'none.py'" in run_it("none.py").stderr
    assert run_it().returncode == 2 and run_it("--help").returncode == 0
