"""Devices that the tools attach to a board and whose properties they change while it runs.

Pure text in, pure text out: host_tools.py connects it with the host page.
"""

from . import board, clock
from .faults import BrownOut

#: The bus that `coil run --i2c` means, as on board mps2.
_I2C_BUS = 3

#: id -> device: "i2c0" is the first one that was named.
devices = {}
# id -> its supply, which every device has as the property "power".
_supplies = {}


def attach(specification):
    """Attach what lines such as "tmp105@72,alert=V5" name; the n-th becomes "i2c<n>".

    A line "set i2c0 temperature=42.5" is obeyed as answer() does.
    ImportError: no such model. ValueError: an address or option that is wrong.
    """
    for line in specification.split("\n"):
        if line.startswith("set "):
            answer(line)
            continue
        head, _, rest = line.partition(",")
        name, _, address = head.partition("@")
        module = _model(name)
        arguments = {}
        for option in rest.split(",") if rest else ():
            key, _, value = option.partition("=")
            arguments[key] = _convert(module, name, key, value)
        device = module.DEVICE(**arguments)
        bus = board.i2c(_I2C_BUS)
        if hasattr(device, "attach"):  # it may take several addresses
            device.attach(bus, int(address))
        else:
            bus.attach(int(address), device)
        name = f"i2c{len(devices)}"
        devices[name] = device
        _supplies[name] = _Supply(bus, device)


class _Supply:
    """The supply of a device: `power` can be read and set."""

    def __init__(self, bus, device):
        self._fault = BrownOut(bus, device)
        self._power = True

    @property
    def power(self):
        return self._power

    @power.setter
    def power(self, on):
        self._power = on
        if on:
            self._fault.off()
        else:
            self._fault.on()


def _model(name):
    return getattr(__import__("sim.devices." + name).devices, name)


def _convert(module, name, key, value):
    kind = getattr(module, "OPTIONS", {}).get(key)
    if kind == "output":
        return board.wire(value).driver(f"{name} {key}", open_drain=True)
    if kind == "wire":
        return board.wire(value)
    if kind == "int":
        return int(value)
    if kind == "text":
        return value
    raise ValueError(f"{name} has no option {key}")


def answer(request):
    """Do what "set i2c0 temperature=42.5" or "get i2c0" says.

    Returns "+" and the properties of that device, one in a line, or "-" and why not.
    """
    verb, _, rest = request.partition(" ")
    name, _, assignments = rest.partition(" ")
    device = devices.get(name)
    if device is None:
        return f"-no device {name}; there are {', '.join(sorted(devices)) or 'none'}"
    properties = getattr(device, "properties", ()) + ("power",)
    clock.hold()
    try:
        for assignment in assignments.split(" ") if verb == "set" else ():
            key, _, text = assignment.partition("=")
            if key not in properties:
                known = ", ".join(properties) or "none"
                return f"-{name} has no property {key}; there are {known}"
            try:
                owner = _supplies[name] if key == "power" else device
                setattr(owner, key, _value(text, getattr(owner, key)))
            except ValueError as error:
                return f"-{name} {key}={text}: {error}"
    finally:
        clock.release()
    lines = [f"{key}={getattr(device, key)}" for key in properties[:-1]]
    lines.append("power=" + ("on" if _supplies[name].power else "off"))
    return "+" + "\n".join(lines)


def _value(text, before):
    """text as a value of the type that the property has."""
    if isinstance(before, bool):
        if text not in ("0", "1", "off", "on", "False", "True"):
            raise ValueError("use 0 or 1")
        return text in ("1", "on", "True")
    if isinstance(before, int):
        return int(text)
    if isinstance(before, float):
        return float(text)
    return text
