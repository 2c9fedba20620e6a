// Time: a 64-bit microsecond clock that never stops, and one hardware alarm shared by its users.
#ifndef COIL_MPS2_CLOCK_H
#define COIL_MPS2_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

// The users of the alarm.  There is no periodic tick: the board sleeps until something is due.
enum {
    ALARM_SLEEP, // ends clock_idle()
    ALARM_TIMERS, // machine.Timer
    ALARM_CONSOLE, // input that nobody reads
    ALARM_KERNEL, // the threads' next deadline
    ALARM_COUNT,
};

typedef void (*alarm_handler_t)(void);

void clock_init(void);
// Microseconds since reset.
uint64_t clock_us(void);
// Calls handler (may be NULL) from the interrupt when the clock has reached `at`.
void clock_alarm_set(int alarm, uint64_t at, alarm_handler_t handler);
void clock_alarm_cancel(int alarm);

// For waiting loops, which look for their event before each call: waits for an interrupt, at most
// timeout_ms (-1: no limit).  Returns early when Python has something to run, and may return for
// nothing.
void clock_idle(int timeout_ms);
// Waits until there was an interrupt or timeout_ms are over (-1: no limit).
void clock_sleep(int timeout_ms);

// Makes QEMU's main loop go round within a millisecond; the board itself is not interrupted.  The
// loop polls only those UARTs that could take a byte when it last went round, so that input waits
// until the next minute's alarm unless this is called after
// - enabling a receiver, which does not wake the loop;
// - the end of a transfer to an EEPROM that is a file: QEMU writes it in a loop of its own, which
//   may swallow the wake-up for a byte that was taken just before.
void clock_nudge_emulator(void);

// Wall clock: microseconds since 1970, and setting it.
uint64_t clock_wall_us(void);
void clock_wall_set(uint64_t us);

#endif
