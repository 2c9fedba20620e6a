"""What preempts what, on an emulated board: the table of docs/rtos.md, and bounded inversion.

All runs count instructions, so they repeat exactly.
"""

import pytest

FORMS = ["run", "start"]
NATIVE = pytest.mark.parametrize("native", [True, False], ids=["native", "stock"])
#: "L<N<H<H>N>L>" is High on top of Normal on top of Low; B is the base level.
EXPECTED = {
    ("run", True): "L<N<H<H>N>L>",
    ("start", True): "B<L<N<H<H>N>L>B>",
    ("run", False): "L<N<N>H<H>L>",
    ("start", False): "B<L<L>N<N>H<H>B>",
}


@NATIVE
@pytest.mark.parametrize("source", ["isr", "hard timer", "soft timer"])
@pytest.mark.parametrize("form", FORMS)
def test_three_levels(rtos_script, form, source, native):
    output = rtos_script("preemption", native=native, FORM=form, SOURCE=source)
    assert output == EXPECTED[form, native] + "\n"


@NATIVE
@pytest.mark.parametrize("form", FORMS)
def test_equals_take_turns_when_they_wait_and_not_before(rtos_script, form, native):
    assert rtos_script("equals", native=native, icount=4, FORM=form) == "passed\n"


@NATIVE
@pytest.mark.parametrize("form", FORMS)
def test_a_mutex_bounds_the_wait_and_a_semaphore_does_not(rtos_script, form, native):
    """Low's section takes 5 ms; Medium hogs the processor for 100."""
    output = rtos_script("inversion", native=native, icount=4, FORM=form)
    mutex_us, semaphore_us = map(int, output.split())
    assert mutex_us < 10_000
    assert semaphore_us > 100_000


@pytest.mark.parametrize("icount", [4, 6])
def test_the_base_level_keeps_a_fifth(rtos_script, icount):
    """On a quick and on a slow board; handlers of interrupts are nobody's share."""
    output = rtos_script("share", icount=icount)
    shares = dict(line.rsplit(" ", 1) for line in output.splitlines())
    assert len(shares) == 6
    assert all(int(share) >= 20 for share in shares.values()), shares
