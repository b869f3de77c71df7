"""Hints: what the user wants, from which the device decides."""

from enum import Enum

from . import Property


class _Text(str, Enum):
    def __str__(self):
        return self.value


class PerformanceMode(_Text):
    LATENCY = "LATENCY"
    THROUGHPUT = "THROUGHPUT"
    CUMULATIVE_THROUGHPUT = "CUMULATIVE_THROUGHPUT"


class ExecutionMode(_Text):
    PERFORMANCE = "PERFORMANCE"
    ACCURACY = "ACCURACY"


class Priority(_Text):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    DEFAULT = "DEFAULT"


performance_mode = Property("PERFORMANCE_HINT")
num_requests = Property("PERFORMANCE_HINT_NUM_REQUESTS")
inference_precision = Property("INFERENCE_PRECISION_HINT")
execution_mode = Property("EXECUTION_MODE_HINT")
enable_cpu_pinning = Property("ENABLE_CPU_PINNING")
enable_hyper_threading = Property("ENABLE_HYPER_THREADING")
scheduling_core_type = Property("SCHEDULING_CORE_TYPE")
model_priority = Property("MODEL_PRIORITY")
kv_cache_precision = Property("KV_CACHE_PRECISION")
dynamic_quantization_group_size = Property("DYNAMIC_QUANTIZATION_GROUP_SIZE")
