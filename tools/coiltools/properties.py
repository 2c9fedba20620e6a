"""Properties of devices that are attached to a running board: read them, change them."""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

from . import hostpage
from .instances import Instance
from .qmp import EmulatorError, Qmp, qmp
from .report import Fail, unknown

#: QEMU's properties that have another unit than ours: name -> how many of QEMU's make one of ours.
_SCALES = {"temperature": 1000}
#: Of every QEMU device; nothing that a person would change.
_COMMON = {"type", "parent_bus", "hotplugged", "hotpluggable", "realized", "address"}
_PERIPHERALS = "/machine/peripheral"
_TIMEOUT_S = 2.0


def change(instance: Instance, device: str, values: dict[str, str]) -> dict[str, str]:
    """Change properties of a device, `i2c0` for the first one; returns all that it has.

    values: property -> value as text; empty: only read.  Raises Fail.
    """
    if instance.qmp:
        with qmp(Path(instance.qmp)) as control:
            return _emulated(control, device, values)
    return _simulated(instance, device, values)


def _emulated(control: Qmp, device: str, values: dict[str, str]) -> dict[str, str]:
    there = {each["name"] for each in control.execute("qom-list", path=_PERIPHERALS)} - {"type"}
    if device not in there:
        raise unknown("attached device", device, there, "attach one with coil run --i2c")
    path = f"{_PERIPHERALS}/{device}"
    kinds = {
        each["name"]: each["type"]
        for each in control.execute("qom-list", path=path)
        if each["name"] not in _COMMON and "<" not in each["type"] and "[" not in each["name"]
    }
    for name, text in values.items():
        if name not in kinds:
            raise unknown(f"property of {device}", name, kinds)
        try:
            control.execute(
                "qom-set", path=path, property=name, value=_to_qemu(name, text, kinds[name])
            )
        except (KeyError, ValueError):
            raise Fail(f"{device}: '{text}' is no value for {name}.") from None
    found = {}
    for name in sorted(kinds):
        # Some can be set only.
        with contextlib.suppress(EmulatorError):
            found[name] = _from_qemu(name, control.execute("qom-get", path=path, property=name))
    return found


def _to_qemu(name: str, text: str, kind: str) -> int | bool | str:
    if kind == "bool":
        return {"0": False, "off": False, "1": True, "on": True}[text]
    if name in _SCALES:
        return round(float(text) * _SCALES[name])
    return int(text, 0) if "int" in kind else text


def _from_qemu(name: str, value) -> str:
    if name in _SCALES:
        value = value / _SCALES[name]
    return str(value)


def _simulated(instance: Instance, device: str, values: dict[str, str]) -> dict[str, str]:
    page = hostpage.HostPage(Path(instance.disk))
    with contextlib.closing(page), open(Path(instance.directory) / "request.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not page.devices:
            raise Fail(
                f"nothing is attached to {instance.instance}.", "coil run --i2c NAME@ADDRESS"
            )
        words = [f"{key}={value}" for key, value in values.items()]
        if any(" " in word for word in words):
            raise Fail("a value must not contain blanks.")
        number = page.ask(" ".join(["set" if values else "get", device, *words]))
        os.kill(instance.board_pid, signal.SIGUSR1)
        deadline = time.monotonic() + _TIMEOUT_S
        while (answer := page.answer(number)) is None:
            if time.monotonic() > deadline:
                raise Fail(
                    f"the board did not answer within {_TIMEOUT_S:g} s.",
                    "it is in code that lets no callback run, or halted; reset it",
                )
            time.sleep(0.002)
        if not answer.startswith("+"):
            raise Fail(f"{answer[1:]}.")
        _keep(page, device, values)
    return dict(line.partition("=")[::2] for line in answer[1:].splitlines())


def _keep(page: hostpage.HostPage, device: str, values: dict[str, str]):
    """A reset of the board changes nothing around it: it is told again at its next start."""
    lines = page.devices.splitlines()
    for key, value in values.items():
        head = f"set {device} {key}="
        lines = [line for line in lines if not line.startswith(head)] + [head + value]
    page.devices = "\n".join(lines)
