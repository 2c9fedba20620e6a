# platforms: host-stock host-native
"""The core preempted by a callback at each of its branches: nothing is lost, nothing hangs."""

import host
from machine import disable_irq, enable_irq
from micropython import schedule
from rtos.core import (
    Drain,
    EventFlags,
    Mutex,
    Semaphore,
    Waiters,
    configure,
    enter,
    expire,
    in_isr,
    kick,
    locked,
    nest,
    park,
    post,
    ready,
    run,
    set_clock,
    yield_,
)
from support import start

ROUNDS = 2
# A scenario that takes so many turns hangs.
TURNS_MAX = 2000


class Scene:
    """Threads that use everything, and what they need to get to their end."""

    def __init__(self):
        self.mutex = Mutex()
        self.semaphore = Semaphore()
        self.bounded = Semaphore(0, 2)
        self.flags = EventFlags()
        self.waiters = Waiters()
        self.bell = Semaphore()
        self.log = []
        self.rung = 0
        self.inside = 0
        self.late = 0
        self.ended = 0
        self.ms = 0
        set_clock(0)
        self.in_handler = self.intruded = False
        configure(
            drain=Drain(self.drain),
            irq_off=disable_irq,
            irq_on=enable_irq,
            in_isr=lambda: self.in_handler,
        )
        self.strands = [
            start(self.worker("a"), 24),
            start(self.worker("b"), 24),
            start(self.flagged(), 16),
            start(self.waiting(), 20),
        ]
        self.victim = start(self.sleeper(), 30)
        self.high = start(self.urgent(), 40)

    def drain(self):
        if enter(0):
            while nest(self.step, 0):
                pass

    def step(self, _):
        result = run(0)
        if result == 1:
            expire()
        elif result:
            self.ended += 1
            assert result.error is None, repr(result.error)
        return result

    async def hold(self, name):
        async with self.mutex:
            assert self.inside == 0
            self.inside += 1
            await yield_()
            self.inside -= 1
        self.log.append(name)

    async def worker(self, name):
        for _ in range(ROUNDS):
            await self.hold(name)
            await self.semaphore.acquire()
            await yield_()
            try:
                await self.bounded.acquire(5)
            except OSError:
                self.late += 1

    async def flagged(self):
        for _ in range(ROUNDS):
            assert await self.flags.wait_any(3) & 3
            assert await self.flags.wait_all(4) & 4

    async def waiting(self):
        for n in range(ROUNDS):
            try:
                value = await park(self.waiters, 7)
                assert value in (None, "x", 5), value
            except OSError:
                self.late += 1
            await park(None, 3 + n)

    async def sleeper(self):
        for _ in range(ROUNDS):
            try:
                await park(None, 4)
            except KeyError:
                self.log.append("cancelled")

    async def urgent(self):
        while True:
            await self.bell.acquire()
            self.rung += 1
            await self.hold("urgent")
            self.semaphore.release()
            self.flags.set(1)
            self.waiters.wake("x")

    def play(self):
        self.bells = 0
        for _ in range(TURNS_MAX):
            while self.step(0):
                pass
            if self.ended == 5:
                break
            self.ms += 1
            set_clock(self.ms)
            self.semaphore.release()
            self.bounded.release()
            self.flags.set(self.ms & 7)
            if self.ms % 4 == 0:
                self.waiters.wake()
        else:
            raise AssertionError("it hangs: %r" % [s for s in self.strands if s.coroutine])

    def check(self, rings):
        kick()  # for what has come with the very last branch
        while self.step(0):
            pass
        configure()
        assert self.log.count("a") == self.log.count("b") == ROUNDS, self.log
        assert self.rung == rings and self.log.count("urgent") == rings, (self.rung, self.log)
        assert self.mutex.owner is None and self.inside == 0 and not locked()
        assert self.bell.count() == 0 and self.bounded.count() <= 2
        assert self.high.waits_for is self.bell and self.high.priority == 40
        for strand in self.strands:
            assert strand.coroutine is None and strand.priority == strand.own_priority
        self.high.finish()


def ring(scene):
    scene.bell.release()


def release(semaphore, _):
    semaphore.release()


def ring_by_post(scene):
    post(release, scene.bell)


def give(scene):
    scene.semaphore.release()
    scene.bounded.release()
    scene.flags.set(2)
    wake(scene.waiters, 5)


def wake(waiters, value):
    """As primitives in Python do it."""
    if in_isr() or locked():
        post(wake, waiters, value)
    else:
        waiters.wake(value)


def cancel(scene):
    scene.victim.cancel(KeyError())


def wake_early(scene):
    ready(scene.victim)


def change_priorities(scene):
    for strand in scene.strands:
        strand.set_priority(strand.own_priority + 5)
    kick()


def explore(intrude, rings, hard=False):
    """Play the scene once for each branch, with the intrusion there.

    hard: as an interrupt handler, with the heap locked.
    """

    def handler(_):
        scene.in_handler = hard
        intrude(scene)
        scene.in_handler = False
        scene.intruded = True

    def played(n):
        nonlocal scene
        scene = Scene()
        if n is None:
            host.branches(0)
            scene.play()
            places = host.branches(None)
            scene.check(0)
            return places
        host.preempt_at(n, handler, hard)
        try:
            scene.play()
            scene.check(rings)
            assert scene.intruded
        except BaseException:
            print(f"{intrude.__name__} at branch {n}")
            raise
        return None

    scene = None
    played(None)
    places = played(None)
    assert places > 100
    for n in range(1, places + 1):
        played(n)


def test_ring():
    explore(ring, 1)


def test_ring_by_post():
    explore(ring_by_post, 1)


def test_give():
    explore(give, 0)


def test_cancel():
    explore(cancel, 0)


def test_wake_early():
    explore(wake_early, 0)


def test_change_priorities():
    explore(change_priorities, 0)


def test_ring_by_a_handler():
    explore(ring, 1, hard=True)


def test_ring_by_post_of_a_handler():
    explore(ring_by_post, 1, hard=True)


def test_give_by_a_handler():
    explore(give, 0, hard=True)


def test_wake_early_by_a_handler():
    explore(wake_early, 0, hard=True)


def test_a_full_queue_of_callbacks():
    """The drain is called as soon as there is room again."""
    scene = Scene()
    others = []

    def fill():
        for n in range(20):
            try:
                schedule(others.append, n)
            except RuntimeError:
                return

    for _ in range(20):
        pass
    runs = scene.high.runs
    fill()
    scene.bell.release()
    for _ in range(20):
        pass
    assert len(others) > 2 and scene.high.runs > runs
    scene.play()
    scene.check(1)
