"""The innermost files of the twin of the core, in machine code where the board executes it."""

try:
    import rtos._fast as core
    import rtos._fastodd  # noqa: F401 (it gives the core what that lacks)
except ImportError:
    import rtos._plain as core

post = core.post
post_surely = core.post_surely

__all__ = ("core", "post", "post_surely")
