// What survives a warm reset.

#include <string.h>

#include "clock.h"
#include "hardware.h"
#include "hostpage.h"
#include "noinit.h"

#define MAGIC (0x6e6f696e)
#define REASON_NONE (0xffffffff)
#define EPOCH_2026_S (1767225600u)
// A program that has run this long can be stopped by hand when it crashes again.
#define CRASH_SOON_US (10 * 1000000)

static int reason;
static bool announced;

void noinit_init(void) {
    if (noinit.magic != MAGIC) {
        memset(&noinit, 0, sizeof(noinit));
        memset(noinit_user, 0, NOINIT_USER_SIZE);
        noinit.magic = MAGIC;
        reason = RESET_POWER_ON;
        uint32_t epoch_s = hostpage_valid() ? HOSTPAGE->epoch_s : 0;
        noinit.wall_offset_us = (uint64_t)(epoch_s != 0 ? epoch_s : EPOCH_2026_S) * 1000000;
    } else {
        // A reset that nobody announced came from outside, or from the watchdog's second stage.
        announced = noinit.next_reset < RESET_COUNT;
        reason = announced ? (int)noinit.next_reset : RESET_HARD;
        if (!announced) {
            noinit.crashes = 0;
        }
        noinit.resets++;
        noinit.crash.kind[sizeof(noinit.crash.kind) - 1] = 0; // a wild pointer may have been here
        // clock_us() starts again at zero; the wall clock must not.
        noinit.wall_offset_us += noinit.uptime_us;
    }
    noinit.uptime_us = 0;
    noinit.next_reset = REASON_NONE;
}

int noinit_reset_reason(void) {
    return reason;
}

bool noinit_announced(void) {
    return announced;
}

void noinit_soft_reset(void) {
    reason = RESET_SOFT;
    noinit.crashes = 0;
}

unsigned noinit_crashes(void) {
    return noinit.crashes;
}

void noinit_reset(int next_reason) {
    noinit.next_reset = next_reason;
    bool soon = clock_us() < CRASH_SOON_US;
    if (next_reason != RESET_CRASH && next_reason != RESET_WATCHDOG) {
        noinit.crashes = 0;
    } else {
        noinit.crashes = soon ? noinit.crashes + 1 : 1;
    }
    SCB_AIRCR = 0x05fa0004;
    for (;;) {
    }
}
