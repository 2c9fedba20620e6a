"""The steady state on an emulated board: no allocation, no wrap of the clock that matters."""

import pytest

FORMS = ["run", "start"]


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
