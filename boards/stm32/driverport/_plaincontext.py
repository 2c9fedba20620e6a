"""The same where nobody knows: what is refused in handlers elsewhere fails there as it can."""


def in_isr():
    """Whether the caller is known to be a hard interrupt handler: it is not."""
    return False
