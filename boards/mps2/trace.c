// A ring of pin changes at the end of the host page, which the tools empty while the board runs.

#include "py/mphal.h"
#include "clock.h"
#include "hardware.h"
#include "hostpage.h"
#include "interrupt.h"
#include "pin.h"
#include "trace.h"

#define CAPACITY (510) // records that fit into the rest of the page
#define RESET (255) // instead of a pin: the board has started

typedef struct _trace_t {
    volatile uint32_t head; // records written
    volatile uint32_t tail; // records that the tools have taken
    volatile uint32_t lost;
    uint32_t reserved;
    struct {
        uint32_t time_low; // microseconds since reset
        uint32_t rest; // time bits 32 .. 47 in the upper half, 8 = level, 0 .. 7 = pin
    } records[CAPACITY];
} trace_t;

#define TRACE ((trace_t *)(HOST_PAGE_BASE + 0xf000))

bool trace_on;

static uint32_t inputs; // levels of the virtual pins as the host drives them
static uint32_t recorded; // levels of all pins as the tools know them: 16 virtual ones, 10 LEDs

static uint32_t all_levels(void) {
    uint32_t outputs = HOSTPAGE->pins_dir;
    uint32_t virtual = (inputs & ~outputs) | (HOSTPAGE->pins_out & outputs);
    return (virtual & 0xffff) | (FPGAIO_LED & 3) << PIN_VIRTUAL_COUNT | (SCC_LED & 0xff) << (PIN_VIRTUAL_COUNT + 2);
}

static void put(uint64_t now, uint32_t pin, uint32_t level) {
    uint32_t head = TRACE->head;
    if (head - TRACE->tail >= CAPACITY) {
        TRACE->lost++;
        return;
    }
    TRACE->records[head % CAPACITY].time_low = (uint32_t)now;
    TRACE->records[head % CAPACITY].rest = (uint32_t)(now >> 32) << 16 | level << 8 | pin;
    __asm volatile ("dmb" ::: "memory");
    TRACE->head = head + 1;
}

void trace_record(void) {
    uint32_t state = mps2_irq_disable();
    uint32_t levels = all_levels();
    uint32_t changed = levels ^ recorded;
    if (changed != 0) {
        uint64_t now = clock_us();
        for (uint32_t pin = 0; changed >> pin; pin++) {
            if (changed >> pin & 1) {
                put(now, pin, levels >> pin & 1);
            }
        }
        recorded = levels;
    }
    mps2_irq_restore(state);
}

void trace_start(void) {
    trace_on = hostpage_flags() & HOSTPAGE_TRACE;
    if (trace_on) {
        put(clock_us(), RESET, 0);
        trace_record_inputs(HOSTPAGE->pins_in);
    }
}

void trace_record_inputs(uint32_t levels) {
    inputs = levels;
    trace_record();
}
