"""nest() opens the scheduler from a drain only: every other place is refused with the way out."""

import time

import _native
import machine
import micropython
import vfs

refused = {}


def attempt(place):
    try:
        _native.nest(lambda _: None, None)
        refused[place] = None
    except RuntimeError as error:
        refused[place] = str(error)


def wait_for(place):
    end = time.ticks_add(time.ticks_ms(), 2000)
    while place not in refused:
        assert time.ticks_diff(end, time.ticks_ms()) > 0, place


def drain_once(function):
    """Call function in a drain, now."""
    done = []

    def drain():
        function()
        done.append(True)

    assert _native.Drain(drain).pend()
    end = time.ticks_add(time.ticks_ms(), 2000)
    while not done:
        assert time.ticks_diff(end, time.ticks_ms()) > 0


def says(place, text):
    assert refused[place] is not None and text in refused[place], (place, refused[place])


# Plain code, also after a drain has ended.
attempt("base")
says("base", "outside a drain")
drain_once(lambda: attempt("drain"))
assert refused["drain"] is None
attempt("base again")
says("base again", "outside a drain")

# Another callback of the Python queue.
micropython.schedule(attempt, "callback")
wait_for("callback")
says("callback", "outside a drain")

# A static node: soft timers are called by one.
timer = machine.Timer(
    mode=machine.Timer.ONE_SHOT, period=5, callback=lambda t: attempt("static node")
)
wait_for("static node")
says("static node", "outside a drain")


# The same two while a drain has the scheduler open, and the nested function itself.
def nested(_):
    attempt("nested")
    micropython.schedule(attempt, "callback over nest")
    wait_for("callback over nest")
    timer.init(mode=machine.Timer.ONE_SHOT, period=5, callback=lambda t: attempt("node over nest"))
    wait_for("node over nest")


drain_once(lambda: _native.nest(nested, None))
for place in ("nested", "callback over nest", "node over nest"):
    says(place, "outside a drain")


# An interrupt handler, over plain code and over a drain.
def interrupt(place):
    verdict = [None]

    def handler(_):
        try:
            _native.nest(None, None)
        except RuntimeError as error:
            verdict[0] = error

    timer.init(mode=machine.Timer.ONE_SHOT, period=2, callback=handler, hard=True)
    end = time.ticks_add(time.ticks_ms(), 2000)
    while verdict[0] is None:
        assert time.ticks_diff(end, time.ticks_ms()) > 0, place
    refused[place] = str(verdict[0])


interrupt("interrupt")
says("interrupt", "interrupt handler")
drain_once(lambda: interrupt("interrupt over drain"))
says("interrupt over drain", "interrupt handler")


# A finaliser: an open file that is collected writes its block to a device in Python.
class Device:
    watching = False
    refused = None

    def __init__(self):
        self.data = bytearray(64 * 512)

    def readblocks(self, block, buffer):
        self.attempt()
        for n in range(len(buffer)):  # a slice would allocate
            buffer[n] = self.data[block * 512 + n]

    def writeblocks(self, block, buffer):
        self.attempt()
        for n in range(len(buffer)):
            self.data[block * 512 + n] = buffer[n]

    def attempt(self):
        if Device.watching:
            try:
                _native.nest(None, None)
            except RuntimeError as error:
                Device.refused = "finaliser" in error.args[0]

    def ioctl(self, request, argument):
        return 64 if request == 4 else 512 if request == 5 else 0


def leave_open_file():
    device = Device()
    vfs.VfsFat.mkfs(device)
    system = vfs.VfsFat(device)
    files = [system.open(str(n), "w") for n in range(4)]
    for file in files:
        file.write("x" * 600)


def collected():
    import gc

    leave_open_file()
    Device.watching = True
    for _ in range(5):
        [bytearray(100) for _ in range(20)]  # clear what the stack still names
        gc.collect()
    Device.watching = False


drain_once(collected)
assert Device.refused is not None, "no finaliser ran"
assert Device.refused
print("passed")
