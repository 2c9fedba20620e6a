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
#: How many have been posted, and how many of these called, modulo 2**30; 1 if pay() is to be called. Words
#: for viper.
counts = bytearray(12)
_lost = 0
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
    global _lost, _owing
    _lost = 0
    _owing = None
    for i in range(len(counts)):
        counts[i] = 0


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
    number = ptr32(counts)
    posts = _posts
    state = _irq_off()
    n = number[0]
    if ((n - number[1]) & _MASK) >= _POSTS:
        _irq_on(state)
        return _false
    number[0] = (n + 1) & _MASK
    at = (n & (_POSTS - 1)) * 3
    posts[at] = function
    posts[at + 1] = a
    posts[at + 2] = b
    _irq_on(state)
    return _true


@micropython.viper
def post_surely(function, what, amount) -> object:
    """post(function, what, amount), which never fails; see _plainring.py."""
    number = ptr32(counts)
    posts = _posts
    state = _irq_off()
    n = number[0]
    if ((n - number[1]) & _MASK) >= _POSTS:
        _irq_on(state)
        _owe(what, amount)
    else:
        number[0] = (n + 1) & _MASK
        at = (n & (_POSTS - 1)) * 3
        posts[at] = function
        posts[at + 1] = what
        posts[at + 2] = amount
        _irq_on(state)
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
        counts[8] = 1
        _irq_on(state)


def pay():
    """Make up for what post_surely() has found no room for."""
    global _owing
    counts[8] = 0
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
    try:
        call_all()
    except BaseException as error:
        _kick()  # the other posts, and what else there is to do, wait for a drain
        pay()
        raise error
    if counts[8]:
        pay()


@micropython.viper
def call_all():
    posts = _posts
    nothing = _nothing  # not None, which viper does not take for an object
    number = ptr32(counts)
    while True:
        n = number[1]
        if n == number[0]:
            break
        at = (n & (_POSTS - 1)) * 3
        function = posts[at]
        a = posts[at + 1]
        b = posts[at + 2]
        posts[at + 1] = nothing
        posts[at + 2] = nothing
        number[1] = (n + 1) & _MASK
        function(a, b)


def posts_lost():
    """How many calls found no room since the start."""
    return _lost
