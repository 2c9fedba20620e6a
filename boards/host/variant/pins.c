// The 16 virtual pins: words of the host page, and SIGUSR1 after the host changed one. Ten LEDs are
// further bits of the word of outputs.

#include "py/runtime.h"
#include "host.h"

#define RISING (1)
#define FALLING (2)

static uint32_t trigger_rising, trigger_falling;
static volatile uint8_t edges[PIN_COUNT]; // seen since Python asked

void pins_init(void) {
    *page_word(PAGE_PINS_SEEN) = *page_word(PAGE_PINS_IN);
    *page_word(PAGE_PINS_DIR) = 0;
    *page_word(PAGE_PINS_OUT) = 0;
    trace_start();
}

// Soft reset: every pin is an input without a handler.
void pins_deinit(void) {
    trigger_rising = trigger_falling = 0;
    *page_word(PAGE_PINS_DIR) = 0;
    *page_word(PAGE_PINS_OUT) = 0;
}

void pins_isr(void) {
    uint32_t level = *page_word(PAGE_PINS_IN);
    uint32_t changed = level ^ *page_word(PAGE_PINS_SEEN);
    uint32_t fire = 0;
    for (int pin = 0; pin < PIN_COUNT; ++pin) {
        uint32_t bit = 1u << pin;
        if (!(changed & bit)) {
            continue;
        }
        if (!(*page_word(PAGE_PINS_DIR) & bit)) {
            trace_pin(pin, level & bit);
        }
        if ((level & trigger_rising & bit) || (~level & trigger_falling & bit)) {
            edges[pin] |= level & bit ? RISING : FALLING;
            fire |= bit;
        }
    }
    // From here on the host may change a pin again.
    *page_word(PAGE_PINS_SEEN) = level;
    uint32_t lines = fire << LINE_PIN;
    if (*page_word(PAGE_REQUEST) != *page_word(PAGE_ANSWERED)) {
        lines |= 1u << LINE_REQUEST;
    }
    irq_pend_lines(lines);
    irq_raise(IRQ_LINES);
}

static int get_number(mp_obj_t number_in, int count) {
    mp_int_t number = mp_obj_get_int(number_in);
    if (number < 0 || number >= count) {
        mp_raise_ValueError(MP_ERROR_TEXT("virtual pins are 0 to 15, LEDs are 16 to 25 and have no input"));
    }
    return number;
}

static void set_bit(unsigned int word, int bit, bool value) {
    uintptr_t state = host_irq_disable();
    *page_word(word) = (*page_word(word) & ~(1u << bit)) | ((uint32_t)value << bit);
    host_irq_restore(state);
}

static bool get_level(int pin) {
    bool output = pin >= PIN_COUNT || (*page_word(PAGE_PINS_DIR) >> pin & 1);
    return *page_word(output ? PAGE_PINS_OUT : PAGE_PINS_IN) >> pin & 1;
}

// pin(n) -> the level: what the board drives on an output, what the host drives on an input.
// pin(n, level): drive an output.
static mp_obj_t host_pin(size_t n_args, const mp_obj_t *args) {
    int pin = get_number(args[0], PIN_COUNT + LED_COUNT);
    if (n_args == 2) {
        set_bit(PAGE_PINS_OUT, pin, mp_obj_is_true(args[1]));
        trace_pin(pin, get_level(pin));
        return mp_const_none;
    }
    return MP_OBJ_NEW_SMALL_INT(get_level(pin));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_pin_obj, 1, 2, host_pin);

// pin_output(n) -> whether the pin is an output. pin_output(n, output): make it one, or an input.
static mp_obj_t host_pin_output(size_t n_args, const mp_obj_t *args) {
    int pin = get_number(args[0], PIN_COUNT);
    if (n_args == 2) {
        set_bit(PAGE_PINS_DIR, pin, mp_obj_is_true(args[1]));
        trace_pin(pin, get_level(pin));
    }
    return mp_obj_new_bool(*page_word(PAGE_PINS_DIR) >> pin & 1);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_pin_output_obj, 1, 2, host_pin_output);

// pin_trigger(n, edges): interrupt line 16 + n fires on these edges, 1 rising, 2 falling.
static mp_obj_t host_pin_trigger(mp_obj_t pin_in, mp_obj_t edges_in) {
    uint32_t bit = 1u << get_number(pin_in, PIN_COUNT);
    mp_int_t wanted = mp_obj_get_int(edges_in);
    uintptr_t state = host_irq_disable();
    trigger_rising = wanted & RISING ? trigger_rising | bit : trigger_rising & ~bit;
    trigger_falling = wanted & FALLING ? trigger_falling | bit : trigger_falling & ~bit;
    host_irq_restore(state);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(host_pin_trigger_obj, host_pin_trigger);

// pin_edges(n) -> the edges that fired since the last call.
static mp_obj_t host_pin_edges(mp_obj_t pin) {
    return MP_OBJ_NEW_SMALL_INT(__atomic_exchange_n(&edges[get_number(pin, PIN_COUNT)], 0, __ATOMIC_SEQ_CST));
}
MP_DEFINE_CONST_FUN_OBJ_1(host_pin_edges_obj, host_pin_edges);

// pin_input(n, level): drive an input as the host does, interrupt and all; for tests on the board.
static mp_obj_t host_pin_input(mp_obj_t pin, mp_obj_t level) {
    set_bit(PAGE_PINS_IN, get_number(pin, PIN_COUNT), mp_obj_is_true(level));
    irq_raise(IRQ_PINS);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(host_pin_input_obj, host_pin_input);
