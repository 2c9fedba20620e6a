// machine.WDT: the CMSDK watchdog.  Included by extmod/machine_wdt.c.
//
// The first expiry is an NMI, which records what was running and resets the board (fault.c); should
// that fail, the second expiry resets it.  As documented for MicroPython a running watchdog can be
// neither stopped nor given another timeout.  It runs on through a soft reset; any other reset
// stops it.  The hardware is the only state.

#include "hardware.h"

#define WDT_UNLOCK (0x1acce551)
#define WDT_LOCK (0)
#define WDT_CTRL_ON (3) // NMI at the first expiry, reset at the second
#define WDT_TICKS_PER_MS (CPU_HZ / 1000)
#define WDT_TIMEOUT_MAX_MS (0xffffffffu / WDT_TICKS_PER_MS)

struct _machine_wdt_obj_t {
    mp_obj_base_t base;
};

static const machine_wdt_obj_t machine_wdt = { { &machine_wdt_type } };

// Starts the count anew; with ticks other than 0 also sets its length and starts the watchdog.
static void wdt_restart(uint32_t ticks) {
    // The lock is shared with a hard callback that feeds too.
    uint32_t state = mps2_irq_disable();
    WDOG_LOCK = WDT_UNLOCK;
    if (ticks != 0) {
        WDOG_LOAD = ticks;
        WDOG_CTRL = WDT_CTRL_ON;
    }
    WDOG_INTCLR = 1; // loads the counter
    WDOG_LOCK = WDT_LOCK;
    mps2_irq_restore(state);
}

static machine_wdt_obj_t *mp_machine_wdt_make_new_instance(mp_int_t id, mp_int_t timeout_ms) {
    if (id != 0) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("WDT(%d) doesn't exist, use WDT(0)"), (int)id);
    }
    if (timeout_ms < 1 || timeout_ms > (mp_int_t)WDT_TIMEOUT_MAX_MS) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("WDT timeout must be 1 to %u ms"), (unsigned)WDT_TIMEOUT_MAX_MS);
    }
    uint32_t ticks = (uint32_t)timeout_ms * WDT_TICKS_PER_MS;
    if (!(WDOG_CTRL & WDT_CTRL_ON)) {
        wdt_restart(ticks);
    } else if (WDOG_LOAD == ticks) {
        wdt_restart(0);
    } else {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("WDT runs with timeout=%u, which cannot be changed"), (unsigned)(WDOG_LOAD / WDT_TICKS_PER_MS));
    }
    return (machine_wdt_obj_t *)&machine_wdt;
}

static void mp_machine_wdt_feed(machine_wdt_obj_t *self) {
    (void)self;
    wdt_restart(0);
}
