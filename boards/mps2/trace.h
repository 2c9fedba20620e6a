// Changes of pins, written down for the tools; docs/adr/0001-platform.md.
#ifndef COIL_MPS2_TRACE_H
#define COIL_MPS2_TRACE_H

#include <stdbool.h>
#include <stdint.h>

// Whether the tools want it; does not change while the board runs.
extern bool trace_on;

void trace_record(void);
void trace_record_inputs(uint32_t levels);

// The board starts: all pins are low.
void trace_start(void);

// Records what has changed since the last call. In any context.
static inline void trace_pins(void) {
    if (trace_on) {
        trace_record();
    }
}

// The same, after the host has moved the virtual pins to these levels.
static inline void trace_inputs(uint32_t levels) {
    if (trace_on) {
        trace_record_inputs(levels);
    }
}

#endif
