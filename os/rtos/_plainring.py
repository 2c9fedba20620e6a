"""Posts of the twin of the core: calls that handlers leave for the drain."""

from micropython import const

_POSTS = const(64)
_MASK = const(0x3FFFFFFF)


def _nothing(state=None):  # no *args: in an interrupt handler there is no heap for them
    pass


_posts = [None] * (3 * _POSTS)
_posted = _applied = _lost = 0
_owing = None  # the first of those that post_surely() has found no room for
_irq_off = _irq_on = _kick = _nothing


def connect(kick):
    """kick: what has the drain called."""
    global _kick
    _kick = kick


def set_irq(off, on):
    """For configure(): how interrupts are disabled, and enabled again with what `off` returned."""
    global _irq_off, _irq_on
    _irq_off = off or _nothing
    _irq_on = on or _nothing


def reset():
    global _posted, _applied, _lost, _owing
    _posted = _applied = _lost = 0
    _owing = None


def post(function, a, b=None):
    """Have the kernel's drain call function(a, b). Returns False, and counts, if 64 calls wait."""
    global _lost
    room = _put(function, a, b)
    if not room:
        _lost += 1
    _kick()
    return room


def _put(function, a, b):
    global _posted
    state = _irq_off()
    try:
        room = _posted - _applied & _MASK < _POSTS
        if room:
            at = _posted % _POSTS * 3
            _posts[at] = function
            _posts[at + 1] = a
            _posts[at + 2] = b
            _posted = _posted + 1 & _MASK
    finally:
        _irq_on(state)
    return room


def post_surely(function, what, amount):
    """post(function, what, amount), which never fails.

    If there is no room, what.owe(amount) adds it to what.owed, and what.pay(owed) makes up for it behind
    what fills the ring.
    """
    global _owing
    if not _put(function, what, amount) and amount != 0:
        state = _irq_off()
        if not what.owed:
            what.next_owing = _owing
            _owing = what
        what.owe(amount)
        _irq_on(state)
    _kick()
    return True


def _pay():
    global _owing
    while _owing is not None:
        state = _irq_off()
        what = _owing
        _owing = what.next_owing
        what.next_owing = None
        amount = what.owed
        what.owed = 0
        _irq_on(state)
        what.pay(amount)


def apply():
    """Make the posted calls, in their order. One that raises is taken off nevertheless."""
    global _applied
    while _applied != _posted:
        at = _applied % _POSTS * 3
        function = _posts[at]
        a = _posts[at + 1]
        b = _posts[at + 2]
        _posts[at] = _posts[at + 1] = _posts[at + 2] = None
        _applied = _applied + 1 & _MASK
        try:
            function(a, b)
        except BaseException:
            _kick()  # the other posts, and what else there is to do, wait for a drain
            raise
    if _owing is not None:
        _pay()


def posts_lost():
    """How many calls found no room since the start."""
    return _lost
