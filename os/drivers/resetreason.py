"""ResetReason: why the board started."""

from driverport import reset_reason


class ResetReason:
    """Why the board started: `if ResetReason.get() == ResetReason.WATCHDOG: ...`.

    The reason stays the same until the next reset. Source: mbed's ResetReason, which clears it.
    """

    POWER_ON = "POWER_ON"
    PIN_RESET = "PIN_RESET"
    BROWN_OUT = "BROWN_OUT"
    SOFTWARE = "SOFTWARE"
    WATCHDOG = "WATCHDOG"
    LOCKUP = "LOCKUP"
    WAKE_LOW_POWER = "WAKE_LOW_POWER"
    ACCESS_ERROR = "ACCESS_ERROR"
    BOOT_ERROR = "BOOT_ERROR"
    MULTIPLE = "MULTIPLE"
    PLATFORM = "PLATFORM"
    UNKNOWN = "UNKNOWN"

    @staticmethod
    def get():
        """One of the names above. LOCKUP: a fault, after which the program could not go on."""
        return reset_reason()

    @staticmethod
    def raw():
        """The number that this port's machine.reset_cause() gives."""
        from machine import reset_cause

        return reset_cause()
