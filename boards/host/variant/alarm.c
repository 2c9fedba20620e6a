// Alarms: interrupt lines 0 .. 15 each have a timer of the operating system. One more is the
// watchdog.

#include <signal.h>
#include <time.h>

#include "py/mperrno.h"
#include "py/runtime.h"
#include "host.h"

typedef struct {
    bool made;
    timer_t timer;
} alarm_t;

// More interrupts than the program can handle would leave it no time for anything else.
#define PERIOD_US_MIN (50)

static alarm_t alarms[ALARM_COUNT];
static alarm_t watchdog;

static struct timespec from_us(int64_t us) {
    return (struct timespec) { us / 1000000, us % 1000000 * 1000 };
}

static void set(alarm_t *alarm, int number, int line, int64_t delay_us, int64_t period_us) {
    if (!alarm->made) {
        if (delay_us == 0) {
            return;
        }
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = number, .sigev_value.sival_int = line };
        if (timer_create(CLOCK_MONOTONIC, &event, &alarm->timer) != 0) {
            mp_raise_OSError(MP_EAGAIN);
        }
        alarm->made = true;
    }
    struct itimerspec spec = { .it_value = from_us(delay_us), .it_interval = from_us(period_us) };
    timer_settime(alarm->timer, 0, &spec, NULL);
}

void alarm_deinit(void) {
    for (int line = 0; line < ALARM_COUNT; ++line) {
        if (alarms[line].made) {
            timer_delete(alarms[line].timer);
            alarms[line].made = false;
        }
    }
}

// alarm(line, delay_us=0, period_us=0): interrupt after the delay and then once a period. A delay
// of 0 stops it, a period of 0 means once.
static mp_obj_t host_alarm(size_t n_args, const mp_obj_t *args) {
    mp_int_t line = mp_obj_get_int(args[0]);
    int64_t delay_us = n_args > 1 ? mp_obj_get_int(args[1]) : 0;
    int64_t period_us = n_args > 2 ? mp_obj_get_int(args[2]) : 0;
    if (line < 0 || line >= ALARM_COUNT) {
        mp_raise_ValueError(MP_ERROR_TEXT("lines of alarms are 0 to 15"));
    }
    if (delay_us < 0 || period_us < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("an alarm's time must not be negative"));
    }
    if (period_us != 0 && period_us < PERIOD_US_MIN) {
        mp_raise_ValueError(MP_ERROR_TEXT("an alarm's period must be at least 50 us"));
    }
    set(&alarms[line], SIGALRM, line, delay_us, period_us);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_alarm_obj, 1, 3, host_alarm);

// watchdog(timeout_ms): reset the board unless it is called again in time. 0: no longer.
static mp_obj_t host_watchdog(mp_obj_t timeout_ms) {
    mp_int_t ms = mp_obj_get_int(timeout_ms);
    if (ms < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("the watchdog's timeout must be at least 1 ms"));
    }
    set(&watchdog, SIGNAL_WATCHDOG, 0, (int64_t)ms * 1000, 0);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(host_watchdog_obj, host_watchdog);
