"""The two event queues that everybody may use, each with a thread of its own."""

from .eventqueue import EventQueue
from .thread import HIGH, NORMAL, Thread

_queues = {}


def _shared(name, size, priority, dispatch):
    queue = _queues.get(name)
    if queue is None:
        queue = _queues[name] = [EventQueue(size, name=name), None]
    thread = queue[1]
    # The thread ends with the kernel; the queue goes on with the next one.
    if dispatch and (thread is None or thread.state() == "ended"):
        thread = Thread(queue[0].dispatch_forever, priority=priority, name=name)
        queue[1] = thread.start()
    return queue[0]


def event_queue(dispatch=True):
    """The shared EventQueue of 32 places; handlers should return, or await, within 10 ms.

    dispatch: True: a thread of priority Normal, started by the first call; False: the caller
    dispatches it, as mbed's events.shared-dispatch-from-application.
    Context: not an ISR; get it before the interrupts that post to it.
    Source: mbed_event_queue().
    """
    return _shared("events", 32, NORMAL, dispatch)


def highprio_event_queue():
    """The shared EventQueue of 8 places with a thread of priority High; handlers under 100 us.

    Context: not an ISR; get it before the interrupts that post to it.
    Source: mbed_highprio_event_queue().
    """
    return _shared("highprio events", 8, HIGH, True)
