"""SleepPort: a kernel port that spends idle time in the sleep manager."""

from kernelport import Port

from .sleep import sleep_auto


class SleepPort(Port):
    """`rtos.run(main, port=SleepPort())`: the kernel sleeps as deeply as the locks allow.

    idle_us(), sleep_us() and deep_sleep_us() of drivers.sleep then tell where the time goes.
    """

    def __init__(self):
        super().__init__()
        self.idle = sleep_auto

    def __repr__(self):
        return "<SleepPort>"
