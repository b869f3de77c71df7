"""What a device says of itself."""

from . import Property

full_name = Property("FULL_DEVICE_NAME")
architecture = Property("DEVICE_ARCHITECTURE")
type = Property("DEVICE_TYPE")
capabilities = Property("OPTIMIZATION_CAPABILITIES")
priorities = Property("DEVICE_PRIORITIES")
