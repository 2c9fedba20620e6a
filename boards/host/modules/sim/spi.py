"""A simulated SPI bus, onto which device models plug.

The device contract. A device is any object with

    select()                its chip select has gone low
    exchange(byte) -> byte  a byte comes in while the reply goes out; as in hardware, the reply
                            must not depend on that same byte
    deselect()              its chip select has gone high

and, if it wants:

    modes                   the modes (polarity * 2 + phase) that it understands; default 0 and 3
    lsb_first               True: its least significant bit comes first
    idle()                  a byte of clocks has gone by while it was not selected
    power_on(), power_off(), outputs, properties  as for I2C devices

All are called in the context of whoever moves the chip select or clocks the bytes.
"""

from .wires import Wire

_MODES = (0, 3)
#: What is read where no device drives MISO.
_FLOATING = 0xFF


class SPIBus:
    """Clock and two data wires, and devices with a chip select each.

    name: for people, and the first part of its wires' names.
    sck, mosi, miso: Wires; None: new ones.

    Bytes go through exchange(). The wires show a waveform when they are observed, but devices are
    reached through machine.SPI and SoftSPI only, not by moving the clock as a pin.
    """

    def __init__(self, name="spi", sck=None, mosi=None, miso=None):
        self.name = name
        self.sck = Wire(name + "_SCK") if sck is None else sck
        self.mosi = Wire(name + "_MOSI") if mosi is None else mosi
        self.miso = Wire(name + "_MISO") if miso is None else miso
        self.miso.pull(1)
        self._miso = self.miso.driver(name + " devices")
        #: Faults, asked in this order about each byte; see faults.py.
        self.faults = []
        #: Bytes that a device could not understand, for their mode or bit order.
        self.garbled = 0
        self._slots = []

    def __repr__(self):
        devices = ", ".join(str(slot.device) for slot in self._slots)
        return f"<SPIBus {self.name}: {devices or 'no devices'}>"

    def attach(self, cs, device):
        """Put a device on the bus.

        cs: the Wire that selects it when low, which gets a pull-up; None: always selected.
        """
        self._slots.append(_Slot(cs, device, self._miso))
        return device

    def detach(self, device):
        """Take a device off the bus."""
        for slot in [s for s in self._slots if s.device is device]:
            slot.end()
            self._slots.remove(slot)

    def power(self, device, on):
        """Switch the supply of a device; without, it answers nothing. faults.BrownOut."""
        for slot in self._slots:
            if slot.device is device:
                slot.power(on)

    @property
    def observed(self):
        """Whether anybody looks at the wires."""
        return self.sck.observed or self.mosi.observed or self.miso.observed

    def exchange(self, byte, mode=0, lsb_first=False):
        """Clock a byte in and out. byte: in the order of the controller's value."""
        if self.mosi.forced is not None:
            byte = 0xFF if self.mosi.forced else 0
        for fault in self.faults:
            byte = fault.on_write(0, byte)
        if self.sck.forced is not None:
            byte = None  # nothing is clocked
        reply = _FLOATING
        for slot in self._slots:
            if not slot.powered or byte is None:
                continue
            if slot.selected and not slot.heard:
                continue
            if not slot.selected:
                if slot.idle is not None:
                    slot.idle()
            else:
                reply &= self._to(slot.device, byte, mode, lsb_first)
        for fault in self.faults:
            reply = fault.on_read(0, reply)
        if self.miso.forced is not None:
            reply = 0xFF if self.miso.forced else 0
        return _FLOATING if reply is None else reply

    def _to(self, device, byte, mode, lsb_first):
        swap = lsb_first != getattr(device, "lsb_first", False)
        wrong = mode not in getattr(device, "modes", _MODES)
        if swap or wrong:
            self.garbled += 1
        # Sampled on the other edge, every bit is taken one place late.
        byte = reverse(byte) if swap else byte
        reply = device.exchange(byte >> 1 if wrong else byte) & 0xFF
        reply = reply >> 1 | 0x80 if wrong else reply
        return reverse(reply) if swap else reply

    def show(self, sent, received, polarity, phase, sck, mosi, half):
        """Put the waveform of a byte on the wires. sck, mosi: the controller's outputs.

        sent, received: first bit highest.  half: called for each half of a clock period.
        """
        selected = any(slot.selected for slot in self._slots)
        for shift in range(7, -1, -1):
            if phase:
                half()
                sck(not polarity)
            mosi(sent >> shift & 1)
            if selected:
                self._miso(received >> shift & 1)
            half()
            sck(polarity if phase else not polarity)
            if not phase:
                half()
                sck(polarity)


class _Slot:
    """A device and its chip select."""

    def __init__(self, cs, device, miso):
        self._miso = miso
        self.device = device
        self.selected = False
        self.powered = True
        #: Whether the device has noticed that it is selected: not if it had no power then.
        self.heard = False
        self.idle = getattr(device, "idle", None)
        self._cs = cs
        if cs is None:
            self._select(True)
        else:
            cs.pull(1)
            cs.watch(self._changed, observer=False)
            self._select(not cs())

    def power(self, on):
        self.powered = on
        self.heard = False
        if not on:
            self._miso.release()

    def end(self):
        self._select(False)
        if self._cs is not None:
            self._cs.unwatch(self._changed, observer=False)

    def _changed(self, cs):
        self._select(not cs())

    def _select(self, on):
        if on != self.selected:
            self.selected = on
            if not on:
                self._miso.release()  # it held its last bit until now
            if not self.powered:
                return
            if on:
                self.heard = True
                self.device.select()
            elif self.heard:
                self.heard = False
                self.device.deselect()


def reverse(byte):
    """The bits of a byte in the other order."""
    byte = (byte & 0x0F) << 4 | byte >> 4
    byte = (byte & 0x33) << 2 | byte >> 2 & 0x33
    return (byte & 0x55) << 1 | byte >> 1 & 0x55
