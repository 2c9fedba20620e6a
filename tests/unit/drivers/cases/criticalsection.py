# platforms: cpython host-stock host-native mps2-native
from drivers import CriticalSection
from drivers.criticalsection import enter, in_critical_section, leave
from machine import disable_irq, enable_irq
from rtos.core import locked
from support import MICROPYTHON, no_allocation, raises

ON = disable_irq()
enable_irq(ON)


def interrupts_are_on():
    state = disable_irq()
    enable_irq(state)
    return state == ON


def test_keeps_interrupts_and_threads_away():
    section = CriticalSection()
    assert not in_critical_section() and interrupts_are_on() and not locked()
    with section:
        assert in_critical_section() and not interrupts_are_on() and locked()
    assert not in_critical_section() and interrupts_are_on() and not locked()


def test_nests():
    section = CriticalSection()
    other = CriticalSection()
    with section, section, other:
        assert section.depth() == 3 and not interrupts_are_on()
        assert repr(section) == "<CriticalSection depth 3>"
        enter()
        assert section.depth() == 4
        leave()
        assert not interrupts_are_on()
    assert section.depth() == 0 and interrupts_are_on()


def test_with_interrupts_off_already():
    state = disable_irq()
    with CriticalSection():
        pass
    assert not interrupts_are_on()
    enable_irq(state)
    assert interrupts_are_on()


def test_an_exception_ends_it():
    def fails():
        with CriticalSection():
            raise KeyError

    raises(KeyError, fails)
    assert interrupts_are_on() and not in_critical_section() and not locked()


def test_leaving_none():
    assert "enter()" in str(raises(RuntimeError, leave))
    assert interrupts_are_on() and not locked()


def test_nothing_is_allocated():
    section = CriticalSection()

    def rounds():
        for _ in range(1000):
            with section, section:
                pass

    no_allocation(rounds)


def test_no_handler_comes_in():
    """A handler that fires all the time sees no half-way state."""
    if not MICROPYTHON:
        return
    from machine import Timer

    pair = [0, 0]
    torn = [0]
    calls = [0]
    section = CriticalSection()

    def handler(timer):
        calls[0] += 1
        torn[0] += pair[0] != pair[1]
        with section:
            assert section.depth() == 1

    timer = Timer(-1)
    timer.init(freq=4000, callback=handler, hard=True)
    rounds = 0
    while calls[0] < 500:
        with section:
            pair[0] += 1
            for _ in range(3):
                pass
            pair[1] += 1
        rounds += 1
    timer.deinit()
    assert torn[0] == 0 and rounds and pair == [rounds, rounds]
