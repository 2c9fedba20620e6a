"""Keys of key-value stores, and the file names that stand for them: docs/spec/filesystemstore.md.

Pure: text to text.
"""

from micropython import const

_CHARS_MAX = const(128)
_RESERVED = '*/?:;"|<> \\'
_KEPT = "abcdefghijklmnopqrstuvwxyz0123456789_-."
_PART = const(100)  # characters of a name, and then one that says that more follows
_MORE = "~"


def check_key(key):
    """Raises ValueError for what is no key."""
    if not isinstance(key, str) or not 1 <= len(key) <= _CHARS_MAX:
        raise ValueError("a key is a str of 1 to 128 characters, not %r" % (key,))
    for char in key:
        if char in _RESERVED or char < " " or char == "\x7f":
            raise ValueError("no key has %r in it: %r" % (char, key))


def encode(key):
    """The file name of a key; a long one is in folders.

    No two keys have names that are the same where upper and lower case are, as on FAT.
    """
    name = part = ""
    data = key.encode()
    last = len(data) - 1
    for i in range(len(data)):
        char = chr(data[i])
        if "A" <= char <= "Z":
            char = "+" + char.lower()
        elif char not in _KEPT or char == "." and (not part or i == last):
            char = "%%%02x" % data[i]
        if len(part) + len(char) > _PART:
            name += part + _MORE + "/"
            part = ""
        part += char
    return name + part


def is_part(name):
    """Whether it is the folder of the first part of keys."""
    return name.endswith(_MORE)


def decode(name):
    """The key that encode() makes that name of; None: there is none."""
    text = name.replace(_MORE + "/", "")
    data = bytearray()
    i = 0
    while i < len(text):
        char = text[i]
        i += 1
        if char == "+":
            data.append(ord(text[i : i + 1].upper() or " "))
            i += 1
        elif char == "%":
            try:
                data.append(int(text[i : i + 2], 16))
            except ValueError:
                return None
            i += 2
        else:
            data.append(ord(char) & 0xFF)
    try:
        key = bytes(data).decode()
        check_key(key)
    except ValueError:  # also of UTF-8
        return None
    return key if encode(key) == name else None
