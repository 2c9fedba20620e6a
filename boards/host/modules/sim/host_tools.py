"""What the tools tell the simulation through the host page; docs/adr/0001-platform.md."""

import host
from machine import mem8, mem32
from micropython import const

from . import attached, host_machine  # noqa: F401  the latter installs the computer's clock

_PAGE = const(0x21FF0000)
_DEVICES_BYTES = const(0x50)
_REQUEST = const(0x54)
_ANSWERED = const(0x58)
_REQUEST_BYTES = const(0x5C)
_DEVICES = const(0x100)
_TEXT = const(0x800)
_TEXT_BYTES = const(0x800)
_REQUEST_LINE = const(15)


def _text(offset, n):
    at = _PAGE + offset
    return str(bytes([mem8[at + i] for i in range(n)]), "utf-8")


def _answer(_):
    number = mem32[_PAGE + _REQUEST]
    if number == mem32[_PAGE + _ANSWERED]:
        return
    try:
        reply = attached.answer(_text(_TEXT, mem32[_PAGE + _REQUEST_BYTES]))
    except Exception as error:  # a device model that fails must not leave the tool waiting
        reply = f"-{error!r}"
    reply = reply.encode()[:_TEXT_BYTES]
    for i, byte in enumerate(reply):
        mem8[_PAGE + _TEXT + i] = byte
    mem32[_PAGE + _REQUEST_BYTES] = len(reply)
    mem32[_PAGE + _ANSWERED] = number


def start():
    """Attach the devices that the tools named, and take requests."""
    n = mem32[_PAGE + _DEVICES_BYTES]
    if n:
        try:
            attached.attach(_text(_DEVICES, n))
        except (ImportError, ValueError) as error:  # the board starts without that device
            print("a device cannot be attached: %s" % error)
        host.line(_REQUEST_LINE, _answer)
        _answer(None)
