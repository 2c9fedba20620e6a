"""Stores against a dict, in a process of its own: any calls, restarts and power cuts that hypothesis thinks of.

test_randomlife.py starts it with the name of a machine, a seed and how many lives there are to be.
"""

import shutil
import sys
import tempfile
from collections import Counter
from errno import ENOSPC, EROFS

import hypothesis
from fs import (
    FaultInjectingBlockDevice,
    FileSystemStore,
    FlashSimBlockDevice,
    HeapBlockDevice,
    PowerCut,
    TDBStore,
)
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

GEOMETRIES = (
    # program, erase, erase value
    (1, 512, 0xFF),
    (8, 256, 0xFF),
    (32, 256, 0x00),
    (128, 512, 0xFF),
    (1, 1, None),
    (12, 36, None),
)
KEYS = st.sampled_from(("a", "b", "ünï", "Key", "key", "net.ip", "k" * 128, "n" * 61))
VALUES = st.one_of(
    st.binary(max_size=20),
    st.binary(min_size=60, max_size=200),
    # What looks like an erased medium.
    st.builds(lambda byte, n: bytes([byte]) * n, st.sampled_from((0, 0xFF)), st.integers(1, 250)),
)
TORN = st.sampled_from((None, "half", "random"))


class Life(RuleBasedStateMachine):
    """model: key -> (value, write_once). may: the same, as it may be after a power cut."""

    kv = None
    counts = Counter()

    def attempt(self, after, function, *arguments):
        """A call after which the model is `after`; or it has no room, or the key was written once."""
        try:
            function(*arguments)
        except OSError as error:
            self.refused(error)
            return
        self.counts["set"] += 1
        self.model = after

    def refused(self, error):
        self.counts["full"] += 1
        assert error.errno == ENOSPC and self.is_full(), error

    def with_key(self, key, *entry):
        after = dict(self.model)
        if entry:
            after[key] = entry
        else:
            del after[key]
        return after

    def is_once(self, key):
        return self.model.get(key, (b"", False))[1]

    @rule(key=KEYS, value=VALUES, once=st.sampled_from((False, False, False, True)))
    def set(self, key, value, once):
        if self.is_once(key):
            assert number(self.kv.set, key, value, once) == EROFS
        else:
            self.attempt(self.with_key(key, value, once), self.kv.set, key, value, once)

    @rule(key=KEYS)
    def remove(self, key):
        if self.is_once(key):
            assert number(self.kv.remove, key) == EROFS
        elif key in self.model:
            del self.kv[key]
            del self.model[key]
        else:
            try:
                del self.kv[key]
            except KeyError:
                self.counts["absent"] += 1
                return
            raise AssertionError(f"{key!r} was removed, and was not there")

    @rule(
        key=KEYS,
        value=VALUES,
        cut=st.integers(0, 250),
        other=KEYS,
        thing=VALUES,
        ends=st.booleans(),
    )
    def write(self, key, value, cut, other, thing, ends):
        if self.is_once(key):
            assert number(self.kv.writer(key, len(value)).__enter__) == EROFS
            return
        try:
            with self.kv.writer(key, len(value)) as file:
                file.write(value[:cut])
                if other != key:
                    self.set(other, thing, False)
                if not ends:
                    raise InterruptedError
                file.write(memoryview(value)[cut:])
        except InterruptedError:
            return
        except OSError as error:
            self.refused(error)
            return
        self.counts["written"] += 1
        self.model = self.with_key(key, value, False)

    @rule(steps=st.integers(1, 12))
    def collect(self, steps):
        self.kv.collect(steps)

    @rule(before=st.integers(1, 12), key=KEYS, value=st.none() | VALUES, after=st.integers(1, 12))
    def change_in_a_collection(self, before, key, value, after):
        self.kv.collect(before)
        if value is None:
            self.remove(key)
        else:
            self.set(key, value, False)
        self.kv.collect(after)
        self.restart()

    @rule(key=KEYS, value=VALUES, times=st.integers(2, 30))
    def repeat(self, key, value, times):
        """So that there is garbage."""
        for n in range(times):
            self.set(key, value[n:], False)

    @rule()
    def reset(self):
        self.kv.reset()
        self.model = {}

    @rule()
    def restart(self):
        self.kv.deinit()
        self.open()

    @rule(key=KEYS, size=st.integers(0, 260), offset=st.integers(0, 260))
    def readinto(self, key, size, offset):
        buf = bytearray(b"\x55" * size)
        value = self.model.get(key, (None,))[0]
        try:
            n = self.kv.readinto(key, buf, offset)
        except KeyError:
            assert value is None
        except ValueError:
            assert offset > len(value)
        else:
            part = value[offset : offset + size]
            assert n == len(part) and buf == part + b"\x55" * (size - n)

    @rule(key=KEYS)
    def ask(self, key):
        assert (key in self.kv) == (key in self.model)
        if key in self.model:
            value, once = self.model[key]
            assert self.kv.info(key) == (len(value), once)
        start = key[:1]
        assert sorted(self.kv.keys(start)) == sorted(k for k in self.model if k.startswith(start))

    @invariant()
    def is_as_the_model(self):
        if self.kv is None:
            return
        found = {key: (self.kv[key], self.kv.info(key)[1]) for key in self.kv}
        assert found == self.model, (found, self.model)
        assert len(self.kv) == len(self.model)


def number(function, *arguments):
    """The errno of what it raises."""
    try:
        function(*arguments)
    except OSError as error:
        return error.errno
    raise AssertionError("no error")


class TDBLife(Life):
    @initialize(
        geometry=st.sampled_from(GEOMETRIES), seed=st.integers(0, 9999), cached=st.booleans()
    )
    def make(self, geometry, seed, cached):
        unit, erase, value = geometry
        size = 16384 if unit > 100 else 3072
        size -= size % erase
        heap = HeapBlockDevice(size, program_size=unit, erase_size=erase, erase_value=value)
        medium = heap if value is None else FlashSimBlockDevice(heap, value)
        self.unit = unit
        self.device = FaultInjectingBlockDevice(medium, seed, cached)
        self.model = {}
        self.kv = TDBStore(self.device, format=True)

    def open(self):
        self.counts["collected"] += self.kv.collector.runs
        self.kv = TDBStore(self.device)

    def is_full(self):
        """Whether the largest record may have no room, beside one that has a writer."""
        most = 2 * (24 + 128 + 250 + 40 + 3 * self.unit)
        for key, (value, _) in self.model.items():
            most += 24 + len(key.encode()) + len(value) + 40 + 3 * self.unit
        _, limit, lost = self.kv.usage()
        return not lost and most > limit

    @precondition(lambda self: self.kv is not None)
    @rule(
        k=st.one_of(st.integers(0, 2), st.integers(0, 40)),
        torn=TORN,
        what=st.sampled_from(("set", "remove", "write", "collect", "reset", "restart")),
        key=KEYS,
        value=VALUES,
    )
    def power_cut(self, k, torn, what, key, value):
        """Before, in or after a call; then the power is back."""
        after = dict(self.model)
        if what == "reset":
            after = {}
        elif key in after and self.is_once(key):
            pass
        elif what == "remove":
            after.pop(key, None)
        elif what in ("set", "write"):
            after[key] = value, False
        before = self.model
        self.device.cut_at(k, torn)
        try:
            if what == "set":
                self.set(key, value, False)
            elif what == "remove":
                self.remove(key)
            elif what == "write":
                self.write(key, value, len(value) // 2, key, b"", True)
            elif what == "collect":
                self.collect(40)
            elif what == "reset":
                self.reset()
            else:
                self.restart()
            after = before = self.model
        except PowerCut:
            self.counts["cut"] += 1
        self.device = self.device.restore()
        self.open()
        found = {key: (self.kv[key], self.kv.info(key)[1]) for key in self.kv}
        assert found in (before, after), (found, before, after)
        self.model = found


class FileLife(Life):
    @initialize()
    def make(self):
        self.folder = tempfile.mkdtemp()
        self.model = {}
        self.open()

    def open(self):
        self.kv = FileSystemStore(self.folder)

    def is_full(self):
        return False

    def teardown(self):
        if self.kv is not None:
            shutil.rmtree(self.folder)


if __name__ == "__main__":
    name, seed, examples = sys.argv[1:]
    hypothesis.seed(int(seed))(machine := {"TDBStore": TDBLife, "FileSystemStore": FileLife}[name])
    hypothesis.stateful.run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=int(examples),
            stateful_step_count=60,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
    print(*[f"{name}={n}" for name, n in Life.counts.items()])
