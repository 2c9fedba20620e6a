"""The simulated board's converters, PWM timers, CAN, quad SPI and radio, when first asked for."""

from . import board

_ANALOG = range(6)  # A0 .. A5
_DAC = ("A4", "A5")
_CAN = range(2)
_QSPI = range(1)
_CHANNELS = 4  # of a PWM timer
_PWM_PINS = ("LED", "V")


def adc(id):
    """The adc.Converter of "A0" to "A5", of 0 to 5, or of a Pin on one of these."""
    name = getattr(getattr(id, "wire", None), "name", id)
    if name in _ANALOG:
        name = f"A{name}"
    if name not in [f"A{n}" for n in _ANALOG]:
        raise ValueError(f"{id} has no ADC: use A0, A1, A2, A3, A4 or A5")
    from .adc import Converter

    return board.part("ADC " + name, lambda: Converter(board.wire(name)))


def dac(name):
    """The dac.DAC of "A4" or "A5"."""
    if name not in _DAC:
        raise ValueError(f"{name} has no DAC: use {' or '.join(_DAC)}")
    from .dac import DAC

    return board.part("DAC " + name, lambda: DAC(board.wire(name)))


def pwm_timer(name):
    """The pwm.Timer of a pin; four pins with numbers one after the other share one."""
    for prefix in _PWM_PINS:
        digits = name[len(prefix) :]
        if name.startswith(prefix) and digits.isdigit():
            first = 1 if prefix == "LED" else 0
            group = (int(digits) - first) // _CHANNELS
            from .pwm import Timer

            return board.part(f"PWM {prefix}{group}", Timer)
    raise ValueError(f"{name} has no PWM: use LED1..LED10, D0..D15")


def can(number):
    """CAN bus 0 or 1, as can.CanBus."""
    if number not in _CAN:
        raise ValueError(f"CAN({number}) doesn't exist, use CAN(0) or CAN({_CAN[-1]})")
    from .can import CanBus

    return board.part(f"CAN{number}", lambda: CanBus(f"CAN{number}"))


def can_node(number):
    """The board's own Controller on that bus."""
    from .cannode import Controller

    return board.part(f"CAN{number} node", lambda: Controller(can(number), f"CAN{number}"))


def qspi(number):
    """Quad SPI bus 0, as qspi.QspiBus."""
    if number not in _QSPI:
        raise ValueError(f"QSPI({number}) doesn't exist, use QSPI(0)")
    from .qspi import QspiBus

    return board.part(f"QSPI{number}", lambda: QspiBus(f"QSPI{number}"))


def medium():
    """The space around the board, as medium.Medium."""
    from .medium import Medium

    return board.part("medium", Medium)
