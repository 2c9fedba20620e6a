// What survives a warm reset: why it happened, the last crash, the clock, and room for users.
#ifndef COIL_MPS2_NOINIT_H
#define COIL_MPS2_NOINIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RESET_POWER_ON,
    RESET_HARD, // machine.reset(), or a reset from outside
    RESET_WATCHDOG,
    RESET_DEEPSLEEP,
    RESET_CRASH,
    RESET_SOFT,
    RESET_COUNT,
};

typedef struct _crash_t {
    uint32_t valid;
    char kind[24];
    uint32_t pc;
    uint32_t lr;
    uint32_t psr;
    uint32_t sp;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t address;
} crash_t;

typedef struct _noinit_t {
    uint32_t magic;
    uint32_t next_reset; // written just before a reset
    uint32_t resets; // warm resets since power-on
    uint32_t crashes; // resets in a row by a crash or the watchdog soon after the start
    uint64_t wall_offset_us; // wall clock minus clock_us()
    uint64_t uptime_us; // clock_us() when it was last read
    crash_t crash;
} noinit_t;

// Both are placed by the linker script, outside every ELF segment.
extern noinit_t noinit;
#define NOINIT_USER_SIZE (2048)
extern uint8_t noinit_user[NOINIT_USER_SIZE];

// Decides what kind of reset this was.  Call once, first thing.
void noinit_init(void);
int noinit_reset_reason(void);
// Whether the program itself has caused it; false: power-on, or a reset from outside.
bool noinit_announced(void);
void noinit_soft_reset(void);
// How often in a row the board has crashed soon after its start.
unsigned noinit_crashes(void);
// Resets the board; the reason is known after it.
__attribute__((noreturn)) void noinit_reset(int reason);

#endif
