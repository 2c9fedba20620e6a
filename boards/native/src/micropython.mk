COIL_NATIVE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

SRC_USERMOD_C += $(addprefix $(COIL_NATIVE)/, \
	calls.c \
	cycles.c \
	deadline.c \
	drain.c \
	flags.c \
	import.c \
	interrupt.c \
	modnative.c \
	mutex.c \
	nest.c \
	output.c \
	post.c \
	queue.c \
	ready.c \
	semaphore.c \
	stack.c \
	strand.c \
	trace.c \
	waiters.c \
	)

# Ctrl-C is for the code at the bottom of the C stack: while callbacks nest, interrupt.c keeps it.
# The macro gives MicroPython's own function another name, and interrupt.c takes its place. For
# __import__ MicroPython has such a macro itself, and import.c takes its place.
CFLAGS_USERMOD += -I$(COIL_NATIVE) -I$(COIL_NATIVE)/.. -DCOIL_NATIVE=1 \
	'-DMICROPY_WRAP_MP_SCHED_KEYBOARD_INTERRUPT(f)=coil_stock_keyboard_interrupt' \
	-Dmp_builtin___import__=coil_import
