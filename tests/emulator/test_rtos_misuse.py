"""Bad input: every mistake of a caller has a result, and the kernel goes on."""

import pytest

#: Stock firmware finds out what garbage there is by a walk through the heap.
SMALL = 128 * 1024
FORMS = ["run", "start"]
NATIVE = pytest.mark.parametrize("native", [True, False], ids=["native", "stock"])


@NATIVE
@pytest.mark.parametrize("form", FORMS)
def test_misuse(rtos_script, form, native):
    nests = native or form == "run"
    output = rtos_script(
        "misuse", native=native, icount=4, heap=SMALL, FORM=form, NESTS=nests, NATIVE=native
    )
    assert output.endswith("passed\n") and "FAILED" not in output, output
