"""Hints: what the user wants, from which the device decides."""

from . import Choice, Property


class PerformanceMode(Choice):
    LATENCY = "LATENCY"
    THROUGHPUT = "THROUGHPUT"
    CUMULATIVE_THROUGHPUT = "CUMULATIVE_THROUGHPUT"


class ExecutionMode(Choice):
    PERFORMANCE = "PERFORMANCE"
    ACCURACY = "ACCURACY"


class Priority(Choice):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    DEFAULT = "DEFAULT"


class SchedulingCoreType(Choice):
    ANY_CORE = "ANY_CORE"
    PCORE_ONLY = "PCORE_ONLY"
    ECORE_ONLY = "ECORE_ONLY"


performance_mode = Property("PERFORMANCE_HINT")
num_requests = Property("PERFORMANCE_HINT_NUM_REQUESTS")
inference_precision = Property("INFERENCE_PRECISION_HINT")
execution_mode = Property("EXECUTION_MODE_HINT")
enable_cpu_pinning = Property("ENABLE_CPU_PINNING")
allow_auto_batching = Property("ALLOW_AUTO_BATCHING")
enable_cpu_reservation = Property("ENABLE_CPU_RESERVATION")
enable_hyper_threading = Property("ENABLE_HYPER_THREADING")
scheduling_core_type = Property("SCHEDULING_CORE_TYPE")
model_priority = Property("MODEL_PRIORITY")
kv_cache_precision = Property("KV_CACHE_PRECISION")
dynamic_quantization_group_size = Property("DYNAMIC_QUANTIZATION_GROUP_SIZE")
