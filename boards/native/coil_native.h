// What a port and the module _native offer each other.
#ifndef COIL_NATIVE_PUBLIC_H
#define COIL_NATIVE_PUBLIC_H

#include "py/obj.h"

// ---- Hooks. A port may define them; weak defaults are in cycles.c and interrupt.c.

// A free counter and its rate in Hz. Its low 32 bits count; callable anywhere.
mp_uint_t coil_native_cycles(void);
mp_uint_t coil_native_cycles_hz(void);
// Whether an interrupt handler is running.
bool coil_native_in_isr(void);

// ---- Services for a port.

// Forget every object; called before the heap is initialised again at a soft reset. Ports that
// do not call it are served by the module's __init__, which runs at the first import after it.
void coil_native_deinit(void);
// Called by the console with what it is about to write. True: a thread in the background has printed it
// while a host tool uses the raw REPL; it is kept for later and must not be written.
bool coil_native_output(const char *text, size_t bytes);

#endif // COIL_NATIVE_PUBLIC_H
