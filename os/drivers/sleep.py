"""The sleep manager: sleep and deep sleep, who keeps the board out of deep sleep, and where time goes.

`import drivers.sleep as sleep`. A driver whose peripheral stops in deep sleep holds a lock as long
as it needs that peripheral, and no longer. Source: mbed's sleep manager and its statistics.
"""

from time import ticks_add, ticks_diff
from time import ticks_ms as _raw_ms
from time import ticks_us as _raw_us

import driverport
from machine import disable_irq, enable_irq
from micropython import const
from rtos.core import in_thread, lock, unlock

from .context import refuse_isr

_EBUSY = const(16)
_LOCKS_MAX = const(65535)  # as USHRT_MAX, mbed's limit
_COUNT_MASK = const(0x3FFFFFFF)
# time.ticks_us() is good for 2**29 us; what may have taken longer is counted in milliseconds.
_MS_FOR_US = const(500_000)
_S_US = const(1_000_000)

_holders = {}  # name -> _Holder
_locks = 0  # of all holders


class _Holder:
    """Who keeps the board out of deep sleep."""

    def __init__(self, name):
        self.name = name
        self.count = 0
        self.held = 0  # of these, by lock_deep_sleep()
        self.times = 0
        self.since = 0
        self.total_ms = 0

    # Ctrl-C raises at any branch. _take() and _give() have none, so each is done as a whole or not at
    # all; and what a lock() took that ends with an exception is given back.

    def _take(self, user):
        """Count a lock. Returns 0: there are too many; 2: it is the first; else 1."""
        global _locks
        state = disable_irq()
        count = self.count
        fits = count < _LOCKS_MAX
        self.count = count + fits
        user.held += fits
        _locks += fits
        enable_irq(state)
        return fits + (count == 0)

    def _give(self, user):
        """Count one less. Returns 0: the user has none; 2: it was the last of all; else 1."""
        global _locks
        state = disable_irq()
        held = user.held > 0
        count = self.count - held
        self.count = count
        user.held -= held
        _locks -= held
        enable_irq(state)
        return held + (held and count == 0)

    def lock(self, user):
        taken = 0
        try:
            taken = self._take(user)
            if not taken:
                text = "'%s' holds %d deep sleep locks: unlock some"
                raise RuntimeError(text % (self.name, self.count))
            if taken > 1:
                self.since = ticks_ms()
                self.times = self.times + 1 & _COUNT_MASK
            return  # not behind the `except`: that would be a branch
        except BaseException:
            if taken:
                self._give(user)
            raise

    def unlock(self, user):
        given = -1
        try:
            given = self._give(user)
            if not given:
                raise RuntimeError("'%s' holds no deep sleep lock to give back" % self.name)
            if given > 1:
                self.total_ms = self.total_ms + ticks_diff(ticks_ms(), self.since) & _COUNT_MASK
            return
        except BaseException:
            if given < 0:
                self._give(user)
            raise

    def held_ms(self):
        return ticks_diff(ticks_ms(), self.since) if self.count else 0


def _holder(name):
    holder = _holders.get(name)
    if holder is None:
        holder = _holders[name] = _Holder(name)
    return holder


def lock_deep_sleep(name):
    """Keep the board out of deep sleep until unlock_deep_sleep() has been called as often.

    name: who asks, for holders(): "Ticker", "I2C 3". Raises RuntimeError beyond 65535 locks.
    Context: any. Allocates at the first call for a name, so that must not be in a hard handler.
    """
    holder = _holder(name)
    holder.lock(holder)


def unlock_deep_sleep(name):
    """Give one lock back. Raises RuntimeError if that name holds none. Context: any."""
    holder = _holders.get(name)
    if holder is None:
        raise RuntimeError("'%s' holds no deep sleep lock to give back" % name)
    holder.unlock(holder)


def can_deep_sleep():
    """Whether nobody holds a lock. Context: any."""
    return _locks == 0


def holders(idle=False):
    """Who holds locks: a list of (name, locks, held_ms, times, total_ms).

    held_ms: for how long without a break; times: how often it has begun to; total_ms: how long it
    did before, both modulo 2**30. idle: True: those too who hold none at the moment.
    """
    return [
        (holder.name, holder.count, holder.held_ms(), holder.times, holder.total_ms)
        for holder in _holders.values()
        if idle or holder.count
    ]


class DeepSleepLock:
    """`with DeepSleepLock("logger"):` keeps the board out of deep sleep.

    name: for holders(). lock() and unlock() count; the object gives back at most what it holds.
    Context: constructor: not an ISR; methods: any; nothing is allocated. Source: mbed's DeepSleepLock.
    """

    def __init__(self, name="DeepSleepLock"):
        self._holder = _holder(name)
        #: How many locks this object holds.
        self.held = 0

    def __repr__(self):
        return "<DeepSleepLock '%s' %d>" % (self._holder.name, self.held)

    def __enter__(self):
        self._holder.lock(self)
        return self

    def __exit__(self, kind, error, trace):
        self._holder.unlock(self)

    def lock(self):
        """One more. Raises RuntimeError beyond 65535."""
        self._holder.lock(self)

    def unlock(self):
        """One less. Raises RuntimeError if this object holds none."""
        self._holder.unlock(self)


# ---- Sleeping


def sleep(ms=None):
    """Stop the core until an interrupt, at most `ms` milliseconds; peripherals go on.

    ms: None: without a limit. Raises ValueError; RuntimeError in a thread or an ISR: a thread
    awaits rtos.sleep_ms(), and the kernel's idle time comes by itself.
    Context: base level, a kernel port. Nothing is allocated.
    """
    _check(ms)
    _sleep(driverport.sleep, ms, _sleep_time)


def deep_sleep(ms=None):
    """The same, in the deepest state that keeps the memory; peripherals may stop.

    Raises OSError(EBUSY), naming the holders, while somebody holds a lock.
    """
    _check(ms)
    if _locks:
        names = [holder.name for holder in _holders.values() if holder.count]
        raise OSError(_EBUSY, "deep sleep is locked by %s" % ", ".join(names))
    _sleep(driverport.deep_sleep, ms, _deep_sleep_time)


def sleep_auto(ms=None):
    """deep_sleep() if nobody holds a lock, else sleep()."""
    _check(ms)
    if _locks:
        _sleep(driverport.sleep, ms, _sleep_time)
    else:
        _sleep(driverport.deep_sleep, ms, _deep_sleep_time)


def _check(ms):
    if ms is not None and (not isinstance(ms, int) or not 0 <= ms < 1 << 29):
        raise ValueError("ms: 0 to 2**29 - 1, or None, not %r" % (ms,))
    refuse_isr("an interrupt handler cannot sleep")
    if in_thread():
        raise RuntimeError("that would stop all threads: await rtos.sleep_ms()")


def _sleep(how, ms, span):
    _sample()
    span.begin()
    if ms is None:
        how()
    else:
        how(ms)
    span.end()


# ---- Time


def ticks_ms():
    """time.ticks_ms(), and the deep sleep that it has missed on boards where it stands still."""
    return ticks_add(_raw_ms(), driverport.slept_ms())


class _Span:
    """A sum of time, as small integers: microseconds pass 2**30 after 18 minutes."""

    def __init__(self):
        self.s = self.us = 0
        self.begin()

    def begin(self):
        self._ms = _raw_ms()
        self._us = _raw_us()
        self._slept_ms = driverport.slept_ms()

    def end(self):
        """Add the time since begin(), which may be up to 6 days; begin again."""
        ms, us, slept_ms = self._ms, self._us, self._slept_ms
        self.begin()
        seen_ms = ticks_diff(self._ms, ms)
        if seen_ms < _MS_FOR_US:
            self._add(0, ticks_diff(self._us, us))
        else:
            self._add(seen_ms // 1000, seen_ms % 1000 * 1000)
        missed_ms = ticks_diff(self._slept_ms, slept_ms)
        self._add(missed_ms // 1000, missed_ms % 1000 * 1000)

    def _add(self, s, us):
        us += self.us
        self.s += s + us // _S_US
        self.us = us % _S_US

    def sum_us(self):
        return self.s * _S_US + self.us


_uptime = _Span()
_sleep_time = _Span()
_deep_sleep_time = _Span()


def uptime_us():
    """Microseconds since this module was loaded, sleep included: a number of any size.

    To be called once in 6 days at least; sleeping does so, too. Context: not an ISR.
    """
    _sample()
    return _uptime.sum_us()


def _sample():
    lock()  # or another thread's sample comes in between
    try:
        _uptime.end()
    finally:
        unlock()


def idle_us():
    """Microseconds spent in sleep and in deep sleep, and in what ran on top of it meanwhile."""
    return _sleep_time.sum_us() + _deep_sleep_time.sum_us()


def sleep_us():
    """Microseconds spent in sleep."""
    return _sleep_time.sum_us()


def deep_sleep_us():
    """Microseconds spent in deep sleep."""
    return _deep_sleep_time.sum_us()
