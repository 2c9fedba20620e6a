// Boot and the life between two soft resets.

#include <string.h>

#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "clock.h"
#include "console.h"
#include "fault.h"
#include "hostpage.h"
#include "interrupt.h"
#include "machine_peripherals.h"
#include "noinit.h"
#include "timer.h"

#if COIL_NATIVE
void coil_native_deinit(void);
#endif
void mps2_lines_deinit_all(void);
void kernel_alarm_deinit(void);

extern uint8_t _stack_top, _stack_bottom, _heap_start, _heap_end;

// The heap starts small enough for the collector's tables and never reaches into the no-init RAM.
#define HEAP_MIN (16 * 1024)

static void heap_init(void) {
    size_t bytes = &_heap_end - &_heap_start;
    if (hostpage_valid() && HOSTPAGE->heap_bytes >= HEAP_MIN && HOSTPAGE->heap_bytes < bytes) {
        bytes = HOSTPAGE->heap_bytes;
    }
    gc_init(&_heap_start, &_heap_start + bytes);
}

// Nothing that belongs to the program survives: timers, interrupts, queued callbacks.
static void stop_program(void) {
    pin_deinit_all();
    timer_deinit_all();
    mps2_lines_deinit_all();
    kernel_alarm_deinit();
    machine_uart_deinit_all();
    machine_i2c_deinit_all();
    machine_spi_deinit_all();
    #if COIL_NATIVE
    coil_native_deinit();
    #endif
    callback_forget_all();
}

int main(void) {
    noinit_init();
    fault_init();
    clock_init();
    console_init();
    hostpage_init();
    mp_cstack_init_with_top(&_stack_top, &_stack_top - &_stack_bottom);

    for (;;) {
        heap_init();
        mp_init();
        pyexec_frozen_module("_boot.py", false);
        int ret = 0;
        if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
            ret = pyexec_frozen_module("_start.py", true);
        }
        while (!(ret & PYEXEC_FORCED_EXIT)) {
            MP_STATE_THREAD(gc_lock_depth) = 0; // a program may have ended with the heap locked
            if (pyexec_mode_kind == PYEXEC_MODE_RAW_REPL) {
                ret = pyexec_raw_repl();
            } else {
                ret = pyexec_friendly_repl();
            }
            if (ret != 0) {
                break;
            }
        }
        mp_printf(&mp_plat_print, "MPY: soft reboot\n");
        stop_program();
        gc_sweep_all();
        stop_program(); // what finalisers written in Python have started
        mp_deinit();
        noinit_soft_reset();
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *val) {
    (void)val;
    fault_crash("uncaught exception", (uint32_t)__builtin_return_address(0));
}

// Reached through code from outside that expects a C library.
void exit(int status);
void __attribute__((noreturn)) exit(int status) {
    (void)status;
    noinit_reset(RESET_HARD);
}

#ifndef NDEBUG
void __attribute__((noreturn)) __assert_func(const char *file, int line, const char *func, const char *expr) {
    mp_printf(&mp_plat_print, "assertion failed: %s, %s:%d %s\n", expr, file, line, func);
    fault_crash("assertion", (uint32_t)__builtin_return_address(0));
}
#endif
