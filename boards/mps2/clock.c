// Time: a 64-bit microsecond clock that never stops, and one hardware alarm shared by its users.

#include "py/mphal.h"
#include "py/runtime.h"
#include "clock.h"
#include "hostpage.h"
#include "interrupt.h"
#include "noinit.h"

#define TICKS_PER_US (CPU_HZ / 1000000)
// The alarm counts 32 bits at 25 MHz; a later deadline is reached in several steps.  A step a
// minute also keeps the 32-bit microsecond counter from wrapping unseen (71 minutes).
#define ALARM_STEP_US (60ull * 1000000)
#define ALARM_NEVER (UINT64_MAX)
#define DELAY_BUSY_MAX_US (10000)

static uint32_t last_low;
static uint32_t high;
static struct {
    uint64_t at;
    alarm_handler_t handler;
} alarms[ALARM_COUNT];

uint64_t clock_us(void) {
    uint32_t state = mps2_irq_disable();
    uint32_t low = FPGAIO_COUNTER;
    if (low < last_low) {
        high++;
    }
    last_low = low;
    uint64_t now = (uint64_t)high << 32 | low;
    noinit.uptime_us = now; // what the wall clock goes on from after a reset
    mps2_irq_restore(state);
    return now;
}

// Programs the hardware for the earliest alarm.  Interrupts are off.
static void alarm_program(void) {
    uint64_t earliest = ALARM_NEVER;
    for (int i = 0; i < ALARM_COUNT; i++) {
        if (alarms[i].at < earliest) {
            earliest = alarms[i].at;
        }
    }
    uint64_t now = clock_us();
    uint64_t wait = earliest > now ? earliest - now : 1;
    if (wait > ALARM_STEP_US) {
        wait = ALARM_STEP_US;
    }
    TIMER0_CTRL = 0;
    TIMER0_RELOAD = 0; // one shot
    TIMER0_VALUE = (uint32_t)wait * TICKS_PER_US;
    TIMER0_INTCLEAR = 1;
    TIMER0_CTRL = 9; // run, interrupt
}

static void alarm_interrupt(int line) {
    (void)line;
    TIMER0_INTCLEAR = 1;
    bool due = false;
    for (int i = 0; i < ALARM_COUNT; i++) {
        // The handler may set its alarm again, so the alarm is cleared first.
        if (alarms[i].at <= clock_us()) {
            due = true;
            alarms[i].at = ALARM_NEVER;
            if (alarms[i].handler != NULL) {
                alarms[i].handler();
            }
        }
    }
    if (!due) {
        interrupt_count--; // a step on the way to an alarm is nothing that anybody waits for
    }
    alarm_program();
}

void clock_init(void) {
    for (int i = 0; i < ALARM_COUNT; i++) {
        alarms[i].at = ALARM_NEVER;
    }
    interrupt_attach(IRQ_TIMER0, alarm_interrupt);
    alarm_program();
    interrupt_enable(IRQ_TIMER0);
}

void clock_alarm_set(int alarm, uint64_t at, alarm_handler_t handler) {
    uint32_t state = mps2_irq_disable();
    alarms[alarm].at = at;
    alarms[alarm].handler = handler;
    alarm_program();
    mps2_irq_restore(state);
}

void clock_alarm_cancel(int alarm) {
    // The hardware is left alone: at worst it interrupts once for nothing.
    uint32_t state = mps2_irq_disable();
    alarms[alarm].at = ALARM_NEVER;
    mps2_irq_restore(state);
}

void clock_nudge_emulator(void) {
    // The end of a timer wakes the main loop; this one raises no interrupt.
    TIMER1_CTRL = 0;
    TIMER1_RELOAD = 0; // one shot
    TIMER1_VALUE = 1000 * TICKS_PER_US;
    TIMER1_CTRL = 1; // run
}

static bool python_waits(void) {
    return MP_STATE_VM(sched_state) == MP_SCHED_PENDING
           || MP_STATE_THREAD(mp_pending_exception) != MP_OBJ_NULL;
}

// Waits for an interrupt after those counted in *seen and updates *seen.
static void wait_interrupt(int timeout_ms, uint32_t *seen) {
    if (timeout_ms == 0 || hostpage_flags() & HOSTPAGE_SPIN) {
        return; // deterministic runs: virtual time goes on while the caller polls
    }
    if (cpu_exception_number() != 0) {
        return; // a hard callback: nothing could wake it, since interrupts do not nest
    }
    if (timeout_ms > 0) {
        clock_alarm_set(ALARM_SLEEP, clock_us() + (uint64_t)timeout_ms * 1000, NULL);
    }
    // WFI wakes for a pending interrupt also while PRIMASK holds it back, so nothing that comes
    // after the test is slept through.
    uint32_t state = mps2_irq_disable();
    if (interrupt_count == *seen && !python_waits()) {
        __asm volatile ("wfi" ::: "memory");
    }
    *seen = interrupt_count;
    mps2_irq_restore(state);
    if (timeout_ms > 0) {
        clock_alarm_cancel(ALARM_SLEEP);
    }
}

void clock_idle(int timeout_ms) {
    // A callback that waits, deeper in the stack, must not use up the interrupt that the code
    // below it waits for.
    static uint32_t seen;
    static char *waiter;
    char *frame = __builtin_frame_address(0);
    if (frame > waiter) {
        seen = interrupt_count - 1;
    }
    waiter = frame;
    wait_interrupt(timeout_ms, &seen);
}

void clock_sleep(int timeout_ms) {
    uint32_t start = interrupt_count;
    uint32_t seen = start;
    uint64_t end = timeout_ms < 0 ? ALARM_NEVER : clock_us() + (uint64_t)timeout_ms * 1000;
    while (interrupt_count == start && !python_waits() && clock_us() < end) {
        wait_interrupt(timeout_ms, &seen);
    }
}

uint64_t clock_wall_us(void) {
    return noinit.wall_offset_us + clock_us();
}

void clock_wall_set(uint64_t us) {
    noinit.wall_offset_us = us - clock_us();
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)clock_us();
}

mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(clock_us() / 1000);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return ~DUALTIMER2_VALUE;
}

// The hooks of boards/native.
mp_uint_t coil_native_cycles(void) {
    return ~DUALTIMER2_VALUE;
}

mp_uint_t coil_native_cycles_hz(void) {
    return CPU_HZ;
}

uint64_t mp_hal_time_ns(void) {
    return clock_wall_us() * 1000;
}

void mp_hal_delay_us(mp_uint_t us) {
    uint32_t start = FPGAIO_COUNTER;
    if (us >= DELAY_BUSY_MAX_US && cpu_exception_number() == 0) {
        mp_hal_delay_ms(us / 1000 - 1); // callbacks run, and Ctrl-C ends it
    }
    // One more tick than asked for: the first one is already part over.
    while (FPGAIO_COUNTER - start <= us) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = clock_us() + (uint64_t)ms * 1000;
    if (cpu_exception_number() != 0) {
        while (clock_us() < end) { // a hard callback
        }
        return;
    }
    mp_event_handle_nowait();
    for (;;) {
        uint64_t now = clock_us();
        if (now >= end) {
            break;
        }
        uint64_t left_ms = (end - now + 999) / 1000;
        mp_event_wait_ms(left_ms > 0x40000000 ? 0x40000000 : (mp_uint_t)left_ms);
    }
}
