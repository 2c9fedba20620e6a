"""The time budget of the twin of the core: what threads may use before the base level goes on."""

from micropython import const

from ._plainport import ticks

_MASK = const(0x3FFFFFFF)
# What the base level gets of what strands use: two parts to five. A fifth of all is what it is
# promised, and the time of interrupts and callbacks looks like its own.
_BASE_PARTS = const(2)
_PARTS = const(5)
_DEBT_MAX = const(1 << 28)

_start = _base_since = 0
_cycles = _allowed = 0
_debt = 0  # what strands have used and the base has not had its share of yet
_counting = False  # a drain over the base is under way
_was_held = False  # since it began


def set_budget(cycles):
    """For budget()."""
    global _start, _base_since, _cycles, _allowed, _debt, _counting, _was_held
    _start = _base_since = ticks()
    _cycles = _allowed = min(cycles, _DEBT_MAX)
    _debt = 0
    _counting = _was_held = False


def used_up():
    """Whether strands up to Normal have had their time."""
    return (ticks() - _start) & _MASK >= _allowed


def count(held):
    """A drain over the base level begins. held: strands up to Normal do not run in it."""
    global _start, _allowed, _debt, _counting, _was_held
    if _counting:
        return
    _start = ticks()
    had = (_start - _base_since) & _MASK
    due = _debt // _PARTS * _BASE_PARTS
    _debt = _debt - had // _BASE_PARTS * _PARTS if had < due else 0
    _allowed = _cycles - _debt if _debt < _cycles else 0
    _was_held = held
    _counting = True


def spent():
    """A drain over the base level ends. Returns the cycles since enter()."""
    global _base_since, _debt, _counting
    _base_since = ticks()
    used = min((_base_since - _start) & _MASK, _DEBT_MAX) if _counting else 0
    # What urgent strands use while the others are held must not add up, or those never get on.
    _debt = min(_debt + (min(used, _cycles // 8) if _was_held else used), _DEBT_MAX)
    _counting = False
    return used


def debt_held():
    """The debt, for hold() of more than 0."""
    return _debt


def debt_let_go():
    """The same for hold(0): the strands that were held get some time, whatever others used."""
    global _start, _allowed, _debt, _was_held
    _debt = min(_debt, _cycles // 2)
    _allowed = _cycles - _debt
    _start = ticks()
    _was_held = False
    return _debt
