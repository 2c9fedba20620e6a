"""Bad input: every mistake of a caller has a result, and the kernel goes on."""

import pytest

FORMS = ["run", "start"]
NATIVE = pytest.mark.parametrize("native", [True, False], ids=["native", "stock"])


@NATIVE
@pytest.mark.parametrize("form", FORMS)
def test_misuse(rtos_script, form, native):
    output = rtos_script("misuse", native=native, FORM=form)
    assert output.endswith("passed\n") and "FAILED" not in output, output
