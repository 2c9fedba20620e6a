"""Filters of a CAN controller, as the board's part takes them."""

from micropython import const

from .canmessage import check_id

_STANDARD_MAX = const(0x7FF)
_ANY = const(2)


def expand(filters):
    """(id, mask, format) of CAN.filters() as (id, mask, extended), one for each format.

    Raises ValueError if one is out of range.
    """
    chosen = []
    for entry in filters:
        if len(entry) != 3 or entry[2] not in (0, 1, _ANY):
            raise ValueError("a filter is (id, mask, CAN.STANDARD, EXTENDED or ANY)")
        id, mask, format = entry
        for extended in (0, 1):
            if format != extended and format != _ANY:
                continue
            if format == _ANY and not extended and id > _STANDARD_MAX:
                continue  # no standard frame has that id
            if format == _ANY and not extended:
                mask &= _STANDARD_MAX
            check_id(id, extended)
            check_id(mask, extended)
            chosen.append((id, mask, extended))
            mask = entry[1]
    return tuple(chosen)
