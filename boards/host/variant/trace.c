// A ring of pin changes at the end of the host page, which the tools empty while the board runs; as
// boards/mps2/trace.c, but the time is the computer's.

#include "py/mphal.h"
#include "py/runtime.h"
#include "host.h"

#define CAPACITY (510) // records that fit into the rest of the page
#define RESET (255) // instead of a pin: the board has started
enum { HEAD = PAGE_TRACE, TAIL = PAGE_TRACE + 4, LOST = PAGE_TRACE + 8, RECORDS = PAGE_TRACE + 16 };

static uint32_t recorded; // levels as the tools know them

static void put(uint64_t now, uint32_t pin, uint32_t level) {
    uint32_t head = *page_word(HEAD);
    if (head - *page_word(TAIL) >= CAPACITY) {
        ++*page_word(LOST);
        return;
    }
    unsigned int record = RECORDS + head % CAPACITY * 8;
    *page_word(record) = (uint32_t)now;
    *page_word(record + 4) = (uint32_t)(now >> 32) << 16 | level << 8 | pin;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *page_word(HEAD) = head + 1;
}

void trace_pin(int pin, bool level) {
    if (!(page_get(PAGE_FLAGS) & FLAG_TRACE)) {
        return;
    }
    uintptr_t state = host_irq_disable();
    if ((recorded >> pin & 1) != level) {
        recorded ^= 1u << pin;
        put(mp_hal_ticks_us(), pin, level);
    }
    host_irq_restore(state);
}

void trace_start(void) {
    if (page_get(PAGE_FLAGS) & FLAG_TRACE) {
        put(mp_hal_ticks_us(), RESET, 0);
    }
}

// trace_pin(n, level): the level of a pin may have changed; 16 to 25 are the LEDs.
static mp_obj_t host_trace_pin(mp_obj_t pin_in, mp_obj_t level_in) {
    mp_int_t pin = mp_obj_get_int(pin_in);
    if (pin < 0 || pin >= PIN_COUNT + LED_COUNT) {
        mp_raise_ValueError(MP_ERROR_TEXT("pins are 0 to 25"));
    }
    trace_pin(pin, mp_obj_is_true(level_in));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(host_trace_pin_obj, host_trace_pin);
