// Time: a 64-bit microsecond clock that never stops, and one hardware alarm shared by its users.
#ifndef COIL_MPS2_CLOCK_H
#define COIL_MPS2_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

// The users of the alarm.  There is no periodic tick: the board sleeps until something is due.
enum {
    ALARM_SLEEP, // ends clock_idle()
    ALARM_TIMERS, // machine.Timer
    ALARM_COUNT,
};

typedef void (*alarm_handler_t)(void);

void clock_init(void);
// Microseconds since reset.
uint64_t clock_us(void);
// Calls handler (may be NULL) from the interrupt when the clock has reached `at`.
void clock_alarm_set(int alarm, uint64_t at, alarm_handler_t handler);
void clock_alarm_cancel(int alarm);

// Waits for an interrupt, at most timeout_ms (-1: no limit).  May return early.
void clock_idle(int timeout_ms);

// Wall clock: microseconds since 1970, and setting it.
uint64_t clock_wall_us(void);
void clock_wall_set(uint64_t us);

#endif
