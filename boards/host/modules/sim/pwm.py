"""Simulated pulse width modulation: timers with channels, and machine.PWM.

A channel makes edges on what it is given, so that a wire can record them. Times are whole
microseconds; edges keep to the grid of the period, without an error that adds up. A new duty cycle
begins with the next period, a new frequency begins a period.
"""

from . import clock

_NS = 1_000_000_000
_FULL = 65535
_FREQ = 50
_FREQ_MAX = 250_000  # 4 us: shorter periods have no room for edges


class Timer:
    """What the channels of one timer share: the frequency, and when a period begins."""

    def __init__(self, freq=_FREQ):
        self.freq = freq
        self.channels = []
        self.start_us = clock.now()

    def set(self, freq):
        """Another frequency, for all channels."""
        if not 1 <= freq <= _FREQ_MAX:
            raise ValueError(f"PWM of board host has 1 to {_FREQ_MAX} Hz")
        if freq != self.freq:
            self.freq = freq
            self.start_us = clock.now()
            for channel in self.channels:
                channel.begin(0)

    def edge_us(self, period, offset_ns=0):
        """When something happens in that period."""
        return self.start_us + (period * _NS // self.freq + offset_ns) // 1000

    def period(self):
        """The number of the next period to begin."""
        return -(-(clock.now() - self.start_us) * self.freq // 1_000_000)


class Channel:
    """One output of a Timer. output: called with the level at each edge. name: for people."""

    def __init__(self, timer, output, name="", invert=False):
        self.timer = timer
        self.name = name
        self.duty_u16 = 0
        self.duty_ns = None  # what counts, if it is not None
        self._output = output
        self._invert = invert
        self._alarm = None
        self._period = 0
        timer.channels.append(self)
        output(invert)

    def pulse_ns(self):
        """How long it is high in each period."""
        period_ns = _NS // self.timer.freq
        if self.duty_ns is not None:
            return min(self.duty_ns, period_ns)
        return self.duty_u16 * period_ns // _FULL

    def set(self, duty_u16, duty_ns):
        """Another duty cycle, from the next period on."""
        self.duty_u16 = duty_u16
        self.duty_ns = duty_ns
        if self._alarm is None:
            self.begin(self.timer.period())

    def begin(self, period):
        """That period is the next one."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._period = period
        self._alarm = clock.at(self.timer.edge_us(period), self._rise, None)

    def stop(self):
        """No more edges; the output stays low."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self in self.timer.channels:
            self.timer.channels.remove(self)
        self._output(self._invert)

    def _rise(self, _):
        timer = self.timer
        pulse_ns = self.pulse_ns()
        if pulse_ns * timer.freq >= _NS - timer.freq or pulse_ns <= 0:
            self._alarm = None  # it stays as it is until it is set
            self._output((pulse_ns > 0) != self._invert)
            return
        self._output(not self._invert)
        self._alarm = clock.at(timer.edge_us(self._period, pulse_ns), self._fall, None)

    def _fall(self, _):
        self._output(self._invert)
        # On the computer's clock periods may have passed meanwhile.
        self.begin(max(self._period + 1, self.timer.period()))


class PWM:
    """machine.PWM.

    dest: a Pin. freq: hertz, 50 at first. Pins whose numbers divided by four are the same share a timer:
    setting the frequency of one sets that of all (LED1 to LED4, D0 to D3, ...).
    """

    def __init__(self, dest, *, freq=None, duty_u16=None, duty_ns=None, invert=False):
        from . import parts

        self._pin = dest
        timer = parts.pwm_timer(dest.name())
        dest.init(dest.OUT)
        self._channel = Channel(timer, dest, dest.name(), bool(invert))
        try:
            self.init(freq=freq, duty_u16=duty_u16, duty_ns=duty_ns)
        except BaseException:
            self.deinit()
            raise

    def __repr__(self):
        state = (
            "off" if self._channel is None else f"freq={self.freq()}, duty_u16={self.duty_u16()}"
        )
        return f"<PWM {self._pin} {state}>"

    def init(self, *, freq=None, duty_u16=None, duty_ns=None):
        """Set what is given."""
        if duty_u16 is not None and duty_ns is not None:
            raise ValueError("give duty_u16 or duty_ns, not both")
        if freq is not None:
            self.freq(freq)
        if duty_u16 is not None:
            self.duty_u16(duty_u16)
        if duty_ns is not None:
            self.duty_ns(duty_ns)

    def freq(self, value=None):
        """The frequency in hertz, or set it; a duty_ns stays what it is, as a time."""
        if value is None:
            return self._channel.timer.freq
        self._channel.timer.set(value)

    def duty_u16(self, value=None):
        """The duty cycle, 0 to 65535, or set it."""
        channel = self._channel
        if value is None:
            return channel.pulse_ns() * channel.timer.freq * _FULL // _NS
        if not 0 <= value <= _FULL:
            raise ValueError("duty_u16 takes 0 to 65535")
        channel.set(value, None)

    def duty_ns(self, value=None):
        """The pulse width in nanoseconds, or set it."""
        if value is None:
            return self._channel.pulse_ns()
        if value < 0:
            raise ValueError("duty_ns takes 0 or more")
        self._channel.set(0, value)

    def deinit(self):
        """Stop."""
        if self._channel is not None:
            self._channel.stop()
            self._channel = None


def measure(changes):
    """(period in us, high time in us) of a recorded waveform [(time, level), ...], averaged.

    From the first rising edge to the last one; None if there are not two.
    """
    rises = [at for at, level in changes if level]
    falls = [at for at, level in changes if not level]
    if changes and changes[0][1]:
        rises = rises[1:]  # where the recording began
    if len(rises) < 2:
        return None
    high = sum(at for at in falls if rises[0] < at <= rises[-1]) - sum(rises[:-1])
    n = len(rises) - 1
    return (rises[-1] - rises[0]) / n, high / n
