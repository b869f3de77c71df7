"""Property names. Each is a str and makes a pair when called: hint.performance_mode("LATENCY")."""


class Property(str):
    __slots__ = ()

    def __call__(self, value):
        return (str(self), value)


cache_dir = Property("CACHE_DIR")
enable_mmap = Property("ENABLE_MMAP")
enable_profiling = Property("PERF_COUNT")
execution_devices = Property("EXECUTION_DEVICES")
inference_num_threads = Property("INFERENCE_NUM_THREADS")
model_name = Property("NETWORK_NAME")
num_streams = Property("NUM_STREAMS")
optimal_number_of_infer_requests = Property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
supported_properties = Property("SUPPORTED_PROPERTIES")

from . import device, hint  # noqa: E402  (they need Property)
