"""Alarm: over machine.Timer."""

from timeralarm import Alarm

__all__ = ("Alarm",)
