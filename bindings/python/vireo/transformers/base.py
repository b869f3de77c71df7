"""What all models of this package share: reading, saving, compiling."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from .. import Core, PartialShape, save_model
from . import folders, interop, quantization

logger = logging.getLogger(__name__)


class PreTrainedModel:
    """Bears the name by which transformers' pipelines tell a model that answers in torch tensors."""


class OVBaseModel(PreTrainedModel):
    """A model with its configuration, and the request that runs it.

    model: a vireo.Model; config: the model's configuration (transformers' class, if that is installed).
    device, ov_config: as Core.compile_model takes them.
    compile: at once, or with the first forward pass.
    model_save_dir: the folder that the model came from.
    """

    auto_model_class = None  # the name of transformers' class that pipelines look for
    task = None              # as optimum names it
    main_input_name = "input_ids"
    base_model_prefix = "vireo_model"

    def __init__(self, model, config=None, device="CPU", ov_config=None, compile=True, model_save_dir=None, **kwargs):
        if kwargs:
            raise TypeError(f"{type(self).__name__} knows no option {', '.join(kwargs)}")
        self.model, self.config, self.model_save_dir = model, config, model_save_dir
        self.ov_config = dict(ov_config or {})
        self._device = str(device).upper()
        self.request = None
        self.input_names = {name for port in model.inputs for name in port.names}
        self.output_names = [port.any_name for port in model.outputs]
        self._register()
        if compile:
            self.compile()

    def _register(self):
        if interop.transformers and self.auto_model_class:
            auto = getattr(interop.transformers, self.auto_model_class)
            auto.register(interop.transformers.AutoConfig, type(self), exist_ok=True)

    # --- Reading and saving

    @classmethod
    def from_pretrained(cls, model_id, config=None, *, export=None, device="CPU", ov_config=None, compile=True, file_name=None, subfolder="",
                        load_in_8bit=None, load_in_4bit=None, quantization_config=None, trust_remote_code=False, task=None,
                        dtype=None, torch_dtype=None, token=None, revision=None, cache_dir=None, force_download=False,
                        local_files_only=False, **kwargs):
        """The model in a folder: an IR as optimum-intel writes it, or config.json with safetensors, without PyTorch.

        export: True reads the safetensors even where there is an IR, False wants an IR, None takes what is there.
        file_name: of the IR, if not openvino_model.xml.
        device, ov_config, compile: see the class. token, revision, cache_dir, force_download, local_files_only: for a name on the Hub.
        load_in_8bit, load_in_4bit, quantization_config: rounds the weights of safetensors as they are read.
        trust_remote_code, dtype: accepted for optimum's sake; no remote code is run, and precision is a matter of ov_config.
        """
        properties = {"TASK": cls.task}
        if weight_format := quantization.weight_format(load_in_8bit, load_in_4bit, quantization_config):
            properties["WEIGHT_FORMAT"] = weight_format
        if task not in (None, "auto", cls.task, f"{cls.task}-with-past"):
            raise ValueError(f"task '{task}': {cls.__name__} does {cls.task}")
        folder = folders.find(model_id, subfolder, token=token, revision=revision, cache_dir=cache_dir, force_download=force_download,
                              local_files_only=local_files_only)
        model = Core().read_model(cls._file_to_read(folder, file_name or folders.IR_NAME, export), config=properties)
        return cls._from_parts(model, folder, config=config if config is not None else interop.read_config(folder), device=device,
                               ov_config=ov_config, compile=compile, model_save_dir=folder, **kwargs)

    @classmethod
    def _from_parts(cls, model, folder, **parts):
        return cls(model, **parts)

    @staticmethod
    def _file_to_read(folder: Path, name: str, export):
        ir = folder / name
        if export is None:
            export = not ir.exists()
        if not export and not ir.exists():
            raise FileNotFoundError(f"'{folder}' has no {name}; export=True reads the folder's safetensors")
        return folder / "config.json" if export else ir

    def save_pretrained(self, save_directory, push_to_hub=False, **kwargs):
        """openvino_model.xml and .bin, the configuration and the tokenizer's files, as optimum-intel lays them out."""
        if push_to_hub:
            raise NotImplementedError("push_to_hub: upload the saved folder with huggingface_hub")
        target = Path(save_directory)
        target.mkdir(parents=True, exist_ok=True)
        save_model(self.model, target / folders.IR_NAME, compress_to_fp16=False)
        if self.config is not None:
            self.config.save_pretrained(target)
        folders.copy_tokenizer(self.model_save_dir, target)

    # --- Compiling

    def compile(self):
        if self.request is None:
            self.request = Core().compile_model(self.model, self._device, self.ov_config).create_infer_request()

    def clear_requests(self):
        """Lets go of the compiled model; the next forward pass compiles it again."""
        self.request = None

    def half(self):
        """Rounds f32 weights to f16."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, folders.IR_NAME)
            save_model(self.model, file, compress_to_fp16=True)
            self.model = Core().read_model(file)  # mapped: the file may go
        self.clear_requests()
        return self

    def to(self, device):
        """A name such as "CPU" says where to compile next; of torch's devices the CPU alone is accepted, and changes nothing."""
        if interop.torch and isinstance(device, interop.torch.device):
            if device.type != "cpu":
                raise ValueError(f"device {device}: inputs and outputs are tensors of the CPU")
        elif isinstance(device, str) and device.upper() != self._device:
            self._device = device.upper()
            self.clear_requests()
        return self

    def reshape(self, batch_size: int, sequence_length: int):
        """Fixes the shape of all inputs; -1 leaves an extent open."""
        self.model.reshape({port: PartialShape([batch_size, sequence_length]) for port in self.model.inputs})
        self.clear_requests()
        return self

    # --- What transformers asks of a model

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def eval(self):
        return self

    def can_generate(self) -> bool:
        return False

    @property
    def device(self):
        return interop.torch.device("cpu") if interop.torch else "cpu"

    @property
    def dtype(self):
        return interop.torch.float32 if interop.torch else "float32"

    @property
    def name_or_path(self):
        return str(self.model_save_dir or "")
