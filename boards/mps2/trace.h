// Changes of pins, written down for the tools; docs/adr/0001-platform.md.
#ifndef COIL_MPS2_TRACE_H
#define COIL_MPS2_TRACE_H

#include <stdint.h>

// The board starts: all pins are low.
void trace_start(void);
// Records what has changed since the last call, if the tools want it. In any context.
void trace_pins(void);
// The same, after the host has moved the virtual pins to these levels.
void trace_inputs(uint32_t levels);

#endif
