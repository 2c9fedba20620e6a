"""machine for CPython: the simulation on a virtual clock."""

PinBase = object

from sim.standin import *  # noqa: E402, F403
