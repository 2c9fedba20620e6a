"""Queue: items from any context to threads, by priority, first come first served among equals."""

# A plain import: where the module is there, the build leaves the twin out.
try:
    import _native as maker
except ImportError:
    import rtos._plainqueue as maker

Queue = maker.Queue
