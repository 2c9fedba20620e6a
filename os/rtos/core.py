"""The core of the kernel: in C where the firmware has it, else its twin in Python."""

# A plain import: where the module is there, the build leaves the twin out.
try:
    import _native as core
except ImportError:
    import rtos._plaincore as core

Drain = core.Drain
EventFlags = core.EventFlags
LEVELS_NEST = core.LEVELS_NEST
Mutex = core.Mutex
Semaphore = core.Semaphore
Strand = core.Strand
Waiters = core.Waiters
abandon = core.abandon
alarm = core.alarm
allocated = core.allocated
budget = core.budget
configure = core.configure
cycles = core.cycles
cycles_hz = core.cycles_hz
enter = core.enter
expire = core.expire
hold = core.hold
in_callback = core.in_callback
in_isr = core.in_isr
in_thread = core.in_thread
interrupted = core.interrupted
keep_interrupts = core.keep_interrupts
kick = core.kick
limit = core.limit
lock = core.lock
locked = core.locked
nest = core.nest
next_ms = core.next_ms
now = core.now
output = core.output
output_lost = core.output_lost
park = core.park
post = core.post
posts_lost = core.posts_lost
raw_repl = core.raw_repl
ready = core.ready
run = core.run
running = core.running
served = core.served
set_clock = core.set_clock
sleep_ms = core.sleep_ms
spent = core.spent
stack_left = core.stack_left
throw = core.throw
unlock = core.unlock
yield_ = core.yield_
