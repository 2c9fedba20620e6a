// Clocks: the computer's, with an offset that the board may set.

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "host.h"
#include "coil_native.h"

#define NS_PER_S (1000000000)

int64_t clock_offset_ns;

static int64_t read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

uint64_t host_time_ns(void) {
    return read_ns(CLOCK_REALTIME) + clock_offset_ns;
}

void clock_set_epoch(int64_t epoch_s) {
    clock_offset_ns = epoch_s * NS_PER_S - read_ns(CLOCK_REALTIME);
}

mp_uint_t host_ticks_cpu(void) {
    return read_ns(CLOCK_MONOTONIC);
}

mp_uint_t coil_native_cycles(void) {
    return host_ticks_cpu();
}

mp_uint_t coil_native_cycles_hz(void) {
    return NS_PER_S;
}

void host_delay_ms(mp_uint_t ms) {
    int64_t end = read_ns(CLOCK_MONOTONIC) + (int64_t)ms * 1000000;
    for (;;) {
        mp_event_handle_nowait();
        int64_t left_ns = end - read_ns(CLOCK_MONOTONIC);
        if (left_ns <= 0) {
            return;
        }
        host_wait(MIN((left_ns + 999999) / 1000000, INT_MAX));
    }
}

// Callbacks run, but for the last millisecond.
void host_delay_us(mp_uint_t us) {
    int64_t end = read_ns(CLOCK_MONOTONIC) + (int64_t)us * 1000;
    if (us >= 2000) {
        host_delay_ms(us / 1000 - 1);
    }
    struct timespec when = { end / NS_PER_S, end % NS_PER_S };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR) {
    }
}

// set_time(epoch_s): what time.time() and the real-time clock count from now on.
static mp_obj_t host_set_time(mp_obj_t epoch_s) {
    clock_set_epoch(mp_obj_get_int(epoch_s));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(host_set_time_obj, host_set_time);
