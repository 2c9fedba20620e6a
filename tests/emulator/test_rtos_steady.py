"""The steady state on an emulated board: no allocation, no wrap of the clock that matters."""

import pytest

FORMS = ["run", "start"]
#: Stock firmware finds out what garbage there is by a walk through the heap.
SMALL = 128 * 1024


@pytest.mark.parametrize("icount", [4, 6])
@pytest.mark.parametrize("form", FORMS)
def test_nothing_allocates(rtos_script, form, icount):
    """On the slower board threads and interrupts use up all of its time."""
    assert rtos_script("no_allocation", icount=icount, FORM=form) == "passed\n"


@pytest.mark.parametrize("form", FORMS)
def test_the_clock_wraps_without_a_sign_and_without_the_heap(rtos_script, form):
    assert rtos_script("clock_wraps", FORM=form, LOCKED=True) == "passed\n"


@pytest.mark.parametrize("form", FORMS)
def test_the_clock_wraps_on_stock_firmware(rtos_script, form):
    output = rtos_script("clock_wraps", native=False, icount=4, FORM=form, LOCKED=False)
    assert output == "passed\n"


@pytest.mark.parametrize("primitive", ["semaphore", "flags", "queue"])
@pytest.mark.parametrize("form", FORMS)
def test_two_sources_of_10_khz_lose_nothing(rtos_script, form, primitive):
    output = rtos_script("no_loss", icount=3, timeout=120, FORM=form, PRIMITIVE=primitive)
    assert output == "[10000, 10000] [10000, 10000] [0, 0] True\n"


@pytest.mark.parametrize("primitive", ["semaphore", "flags"])
def test_stock_firmware_loses_nothing(rtos_script, primitive):
    output = rtos_script(
        "no_loss", native=False, icount=2, heap=SMALL, timeout=120, FORM="run", PRIMITIVE=primitive
    )
    assert output == "[10000, 10000] [10000, 10000] [0, 0] True\n"


@pytest.mark.parametrize("form", FORMS)
def test_a_sleep_of_10_s_wakes_the_board_once(rtos_script, form):
    assert rtos_script("idle", FORM=form) == "1\n"


@pytest.mark.parametrize("form", FORMS)
def test_what_finds_no_stack_runs_when_there_is_some(rtos_script, form):
    assert rtos_script("deep", FORM=form) == "late\npassed\n"


SCRIPTS = {
    "preemption": {"SOURCE": "isr"},
    "equals": {},
    "inversion": {},
    "failures": {},
    "no_allocation": {},
    "clock_wraps": {"LOCKED": True},
    "misuse": {"NESTS": True, "NATIVE": True},
    "no_loss": {"PRIMITIVE": "queue"},
    "deep": {},
}


@pytest.mark.parametrize("heap", [90 * 1024, 54 * 1024])
@pytest.mark.parametrize("script", SCRIPTS)
def test_small_heaps_do(rtos_script, script, heap):
    icount = 3 if script == "no_loss" else 4
    output = rtos_script(
        script, heap=heap, icount=icount, timeout=120, FORM="start", **SCRIPTS[script]
    )
    # These two show tracebacks, of what they are about.
    assert ("Traceback" in output) == (script in ("failures", "misuse")), output
    assert output.count("MemoryError") == (script == "failures"), output
