// The board's part of the machine module; included by extmod/modmachine.c, not compiled alone.

#include "clock.h"
#include "hardware.h"
#include "hostpage.h"
#include "interrupt.h"
#include "noinit.h"

// reset_cause() values, as documented for machine; a crash is a kind of watchdog reset: the board
// was restarted because the program could not go on.  mps2.reset_reason() tells them apart.
#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    { MP_ROM_QSTR(MP_QSTR_Pin), MP_ROM_PTR(&machine_pin_type) }, \
    { MP_ROM_QSTR(MP_QSTR_Timer), MP_ROM_PTR(&machine_timer_type) }, \
    { MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&machine_rtc_type) }, \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(1) }, \
    { MP_ROM_QSTR(MP_QSTR_HARD_RESET), MP_ROM_INT(2) }, \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(3) }, \
    { MP_ROM_QSTR(MP_QSTR_DEEPSLEEP_RESET), MP_ROM_INT(4) }, \
    { MP_ROM_QSTR(MP_QSTR_SOFT_RESET), MP_ROM_INT(5) }, \

static mp_int_t mp_machine_reset_cause(void) {
    switch (noinit_reset_reason()) {
        case RESET_POWER_ON:
            return 1;
        case RESET_WATCHDOG:
        case RESET_CRASH:
            return 3;
        case RESET_DEEPSLEEP:
            return 4;
        case RESET_SOFT:
            return 5;
        default:
            return 2;
    }
}

MP_NORETURN static void mp_machine_reset(void) {
    noinit_reset(RESET_HARD);
}

static void mp_machine_idle(void) {
    mp_event_wait_indefinite();
}

static mp_obj_t mp_machine_unique_id(void) {
    return mp_obj_new_bytes(HOSTPAGE->unique_id, sizeof(HOSTPAGE->unique_id));
}

static mp_obj_t mp_machine_get_freq(void) {
    return MP_OBJ_NEW_SMALL_INT(CPU_HZ);
}

static void mp_machine_set_freq(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    (void)args;
    mp_raise_ValueError(MP_ERROR_TEXT("the clock of this board is fixed at 25 MHz"));
}

// Sleeps until an interrupt, at most the time given.
static void mp_machine_lightsleep(size_t n_args, const mp_obj_t *args) {
    mp_int_t ms = n_args == 0 ? -1 : mp_obj_get_int(args[0]);
    mp_event_handle_nowait();
    if (n_args == 0 || ms > 0) {
        clock_sleep(ms);
        mp_event_handle_nowait();
    }
}

// There is no power state below WFI to model: waits, then resets, as on a chip.
MP_NORETURN static void mp_machine_deepsleep(size_t n_args, const mp_obj_t *args) {
    if (n_args != 0) {
        mp_int_t ms = mp_obj_get_int(args[0]);
        mp_hal_delay_ms(ms < 0 ? 0 : ms);
    } else {
        for (;;) {
            mp_event_wait_indefinite(); // no wake-up source but a reset or Ctrl-C
        }
    }
    noinit_reset(RESET_DEEPSLEEP);
}
