"""Interrupt handlers: what must not be called there says so, and what fails there ends nothing else."""

from sys import print_exception

from driverport import in_isr

# Made here: a handler has no heap for it.
_SET_UP = "not in an interrupt handler: do it before, in a thread or in a soft callback"


def refuse_isr(text=_SET_UP):
    """Raise RuntimeError(text) in an interrupt handler. Context: any, allocates nothing.

    text: a constant, since nothing can be formatted there.
    """
    if in_isr():
        raise RuntimeError(text)


def call_hard(function, driver):
    """Call function(driver) in an interrupt handler. Returns what is to be called the next time: the
    function; None after an exception, which is printed. So the driver itself goes on.
    """
    try:
        function(driver)
        return function
    except BaseException as error:
        print_exception(error)
        return None
