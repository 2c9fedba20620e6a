"""Imports while threads run: a module that is half imported must not be seen by another thread."""

import builtins

from .core import lock, running, unlock

_import = builtins.__import__


def _locked_import(name, globals_=None, locals_=None, fromlist=None, level=0):
    # Plain code at the base level may import a program that never ends; there only lazy tables
    # (docs/adr/0002-import-closure.md) are served under the lock.
    if running() is None and not (globals_ and "__getattr__" in globals_):
        return _import(name, globals_, locals_, fromlist, level)
    lock()
    try:
        return _import(name, globals_, locals_, fromlist, level)
    finally:
        unlock()


def install():
    """From now on nothing preempts an import in a thread."""
    builtins.__import__ = _locked_import


def remove():
    """Imports are MicroPython's own again."""
    builtins.__import__ = _import
