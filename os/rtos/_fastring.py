"""_plainring.py in machine code, which no callback interrupts: only hard handlers do."""

import micropython
from micropython import const

_MASK = const(0x3FFFFFFF)
_POSTS = const(64)


def _nothing(state=None):
    pass


_true = True  # viper does not compare objects with constants, nor return them as objects
_false = False
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


@micropython.viper
def _put(function, a, b) -> object:
    global _posted
    state = _irq_off()
    n = int(_posted)
    if ((n - int(_applied)) & _MASK) >= _POSTS:
        _irq_on(state)
        return _false
    _posted = (n + 1) & _MASK
    at = (n & (_POSTS - 1)) * 3
    posts = _posts
    posts[at] = function
    posts[at + 1] = a
    posts[at + 2] = b
    _irq_on(state)
    return _true


@micropython.viper
def post_surely(function, what, amount) -> object:
    """post(function, what, amount), which never fails; see _plainring.py."""
    if not _put(function, what, amount):
        _owe(what, amount)
    _kick()
    return _true


def _owe(what, amount):
    global _owing
    if amount != 0:
        state = _irq_off()
        if not what.owed:
            what.next_owing = _owing
            _owing = what
        what.owe(amount)
        _irq_on(state)


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


@micropython.native
def apply():
    """Make the posted calls, in their order. One that raises is taken off nevertheless."""
    global _applied
    while _applied != _posted:
        at = _applied % _POSTS * 3
        posts = _posts
        function = posts[at]
        a = posts[at + 1]
        b = posts[at + 2]
        posts[at] = posts[at + 1] = posts[at + 2] = None
        _applied = _applied + 1 & _MASK
        try:
            function(a, b)
        except BaseException as error:
            _kick()  # the other posts, and what else there is to do, wait for a drain
            raise error
    if _owing is not None:
        _pay()


def posts_lost():
    """How many calls found no room since the start."""
    return _lost
