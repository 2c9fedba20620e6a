// machine.Pin: LEDs, the virtual pins of the host page, and the lines of the I2C controllers.

#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "extmod/virtpin.h"
#include "clock.h"
#include "hardware.h"
#include "hostpage.h"
#include "interrupt.h"
#include "pin.h"
#include "trace.h"

#define TRIGGER_RISING (1)
#define TRIGGER_FALLING (2)

#define LED(kind_, name_, bit_) { { &machine_pin_type }, MP_QSTR_##name_, kind_, bit_, 0 }
#define VIRTUAL(n) { { &machine_pin_type }, MP_QSTR_V##n, PIN_VIRTUAL, n, 0 }
#define SBCON(bus, base) \
    { { &machine_pin_type }, MP_QSTR_I2C##bus##_SCL, PIN_SBCON, 0, base }, \
    { { &machine_pin_type }, MP_QSTR_I2C##bus##_SDA, PIN_SBCON, 1, base }

static const pin_obj_t pin_table[] = {
    // Virtual pins first: their index is their number.
    VIRTUAL(0), VIRTUAL(1), VIRTUAL(2), VIRTUAL(3), VIRTUAL(4), VIRTUAL(5), VIRTUAL(6), VIRTUAL(7),
    VIRTUAL(8), VIRTUAL(9), VIRTUAL(10), VIRTUAL(11), VIRTUAL(12), VIRTUAL(13), VIRTUAL(14), VIRTUAL(15),
    LED(PIN_FPGAIO, LED1, 0), LED(PIN_FPGAIO, LED2, 1),
    LED(PIN_SCC, LED3, 0), LED(PIN_SCC, LED4, 1), LED(PIN_SCC, LED5, 2), LED(PIN_SCC, LED6, 3),
    LED(PIN_SCC, LED7, 4), LED(PIN_SCC, LED8, 5), LED(PIN_SCC, LED9, 6), LED(PIN_SCC, LED10, 7),
    SBCON(0, 0x40022000), SBCON(1, 0x40023000), SBCON(2, 0x40029000), SBCON(3, 0x4002a000),
};

// Other names for pins above.
static const struct {
    qstr name;
    qstr pin;
} aliases[] = {
    { MP_QSTR_BUTTON1, MP_QSTR_V0 },
    { MP_QSTR_BUTTON2, MP_QSTR_V1 },
    { MP_QSTR_I2C_SCL, MP_QSTR_I2C3_SCL },
    { MP_QSTR_I2C_SDA, MP_QSTR_I2C3_SDA },
};

// One callback a virtual pin, allocated when irq() is first used.
typedef struct _pin_irq_t {
    callback_t callback; // first
    uint8_t bit;
    uint8_t trigger;
    volatile uint8_t flags; // edges since the callback last asked
} pin_irq_t;

MP_REGISTER_ROOT_POINTER(struct _pin_irq_t *mps2_pin_irq[16]);

const pin_obj_t *pin_find(mp_obj_t id) {
    if (mp_obj_is_type(id, &machine_pin_type)) {
        return MP_OBJ_TO_PTR(id);
    }
    if (mp_obj_is_small_int(id)) {
        mp_int_t number = MP_OBJ_SMALL_INT_VALUE(id);
        if (number >= 0 && number < PIN_VIRTUAL_COUNT) {
            return &pin_table[number];
        }
    } else if (mp_obj_is_str(id)) {
        qstr name = mp_obj_str_get_qstr(id);
        for (size_t i = 0; i < MP_ARRAY_SIZE(aliases); i++) {
            if (aliases[i].name == name) {
                name = aliases[i].pin;
            }
        }
        for (size_t i = 0; i < MP_ARRAY_SIZE(pin_table); i++) {
            if (pin_table[i].name == name) {
                return &pin_table[i];
            }
        }
    }
    mp_raise_ValueError(MP_ERROR_TEXT("no such pin: use LED1..LED10, BUTTON1, BUTTON2, V0..V15, I2C_SCL, I2C_SDA"));
}

int pin_read(const pin_obj_t *pin) {
    uint32_t levels;
    switch (pin->kind) {
        case PIN_FPGAIO:
            levels = FPGAIO_LED;
            break;
        case PIN_SCC:
            levels = SCC_LED;
            break;
        case PIN_SBCON:
            levels = REG32(pin->address);
            break;
        default:
            levels = HOSTPAGE->pins_dir & 1u << pin->bit ? HOSTPAGE->pins_out : HOSTPAGE->pins_in;
            break;
    }
    return levels >> pin->bit & 1;
}

static void set_bit(volatile uint32_t *word, int bit, int level) {
    uint32_t state = mps2_irq_disable();
    *word = (*word & ~(1u << bit)) | (uint32_t)(level != 0) << bit;
    mps2_irq_restore(state);
    trace_pins();
}

void pin_write(const pin_obj_t *pin, int level) {
    switch (pin->kind) {
        case PIN_FPGAIO:
            set_bit(&FPGAIO_LED, pin->bit, level);
            break;
        case PIN_SCC:
            set_bit(&SCC_LED, pin->bit, level);
            break;
        case PIN_SBCON:
            // One register sets lines, the next one clears them.
            REG32(pin->address + (level ? 0 : 4)) = 1u << pin->bit;
            if (pin->bit == 1) { // SDA: perhaps a start or stop
                clock_nudge_emulator();
            }
            break;
        default:
            set_bit(&HOSTPAGE->pins_out, pin->bit, level);
            break;
    }
}

void pin_set_mode(const pin_obj_t *pin, int mode) {
    if (pin->kind == PIN_VIRTUAL) {
        set_bit(&HOSTPAGE->pins_dir, pin->bit, mode != PIN_MODE_IN);
    } else if (pin->kind == PIN_SBCON && mode == PIN_MODE_IN) {
        pin_write(pin, 1); // released
    }
}

void pin_virtual_changed(uint32_t before, uint32_t after) {
    uint32_t changed = before ^ after;
    for (int bit = 0; changed >> bit && bit < PIN_VIRTUAL_COUNT; bit++) {
        pin_irq_t *irq = MP_STATE_PORT(mps2_pin_irq)[bit];
        if (!(changed >> bit & 1) || irq == NULL) {
            continue;
        }
        int edge = after >> bit & 1 ? TRIGGER_RISING : TRIGGER_FALLING;
        if (irq->trigger & edge) {
            irq->flags |= edge;
            callback_fire(&irq->callback);
        }
    }
}

void pin_deinit_all(void) {
    for (int bit = 0; bit < PIN_VIRTUAL_COUNT; bit++) {
        MP_STATE_PORT(mps2_pin_irq)[bit] = NULL;
    }
    HOSTPAGE->pins_dir = 0;
    HOSTPAGE->pins_out = 0;
    FPGAIO_LED = 0;
    SCC_LED = 0;
    trace_pins();
}

// init(mode=-1, pull=-1, *, value=None)
static void pin_init(const pin_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_mode, ARG_pull, ARG_value };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_mode, MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_pull, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_value, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_int_t mode = args[ARG_mode].u_int;
    if (mode < -1 || mode > PIN_MODE_OPEN_DRAIN) {
        mp_raise_ValueError(MP_ERROR_TEXT("mode: use Pin.IN, Pin.OUT or Pin.OPEN_DRAIN"));
    }
    bool is_led = self->kind == PIN_FPGAIO || self->kind == PIN_SCC;
    if (is_led && mode == PIN_MODE_IN) {
        mp_raise_ValueError(MP_ERROR_TEXT("an LED is an output: use Pin.OUT"));
    }
    if (args[ARG_value].u_obj != mp_const_none) {
        pin_write(self, mp_obj_is_true(args[ARG_value].u_obj)); // before the mode: no glitch
    }
    if (mode != -1) {
        pin_set_mode(self, mode);
    }
}

mp_obj_t mp_pin_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    const pin_obj_t *self = pin_find(args[0]);
    if (n_args > 1 || n_kw > 0) {
        mp_map_t kw_args;
        mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
        pin_init(self, n_args - 1, args + 1, &kw_args);
    }
    return MP_OBJ_FROM_PTR(self);
}

static void pin_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const pin_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    mp_printf(print, "Pin('%q')", self->name);
}

static mp_obj_t pin_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    const pin_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (n_args == 0) {
        return MP_OBJ_NEW_SMALL_INT(pin_read(self));
    }
    pin_write(self, mp_obj_is_true(args[0]));
    return mp_const_none;
}

static mp_obj_t pin_init_method(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    pin_init(MP_OBJ_TO_PTR(args[0]), n_args - 1, args + 1, kw_args);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_init_obj, 1, pin_init_method);

static mp_obj_t pin_value(size_t n_args, const mp_obj_t *args) {
    return pin_call(args[0], n_args - 1, 0, args + 1);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pin_value_obj, 1, 2, pin_value);

static mp_obj_t pin_on(mp_obj_t self_in) {
    pin_write(MP_OBJ_TO_PTR(self_in), 1);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_on_obj, pin_on);

static mp_obj_t pin_off(mp_obj_t self_in) {
    pin_write(MP_OBJ_TO_PTR(self_in), 0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_off_obj, pin_off);

static mp_obj_t pin_toggle(mp_obj_t self_in) {
    const pin_obj_t *self = MP_OBJ_TO_PTR(self_in);
    pin_write(self, !pin_read(self));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_toggle_obj, pin_toggle);

static pin_irq_t *irq_of(mp_obj_t self_in) {
    const pin_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_STATE_PORT(mps2_pin_irq)[self->bit];
}

static mp_uint_t pin_irq_trigger(mp_obj_t self_in, mp_uint_t trigger) {
    pin_irq_t *irq = irq_of(self_in);
    irq->flags = 0;
    irq->trigger = trigger;
    return 0;
}

static mp_uint_t pin_irq_info(mp_obj_t self_in, mp_uint_t info) {
    pin_irq_t *irq = irq_of(self_in);
    if (info == MP_IRQ_INFO_FLAGS) {
        uint32_t state = mps2_irq_disable();
        mp_uint_t flags = irq->flags;
        irq->flags = 0;
        mps2_irq_restore(state);
        return flags;
    }
    return info == MP_IRQ_INFO_TRIGGERS ? irq->trigger : 0;
}

static const mp_irq_methods_t pin_irq_methods = {
    .trigger = pin_irq_trigger,
    .info = pin_irq_info,
};

// irq(handler=None, trigger=RISING | FALLING, hard=False)
static mp_obj_t pin_irq(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    mp_arg_val_t args[MP_IRQ_ARG_INIT_NUM_ARGS];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_IRQ_ARG_INIT_NUM_ARGS, mp_irq_init_args, args);
    const pin_obj_t *self = MP_OBJ_TO_PTR(pos_args[0]);
    if (self->kind != PIN_VIRTUAL) {
        mp_raise_ValueError(MP_ERROR_TEXT("this pin has no interrupt: use BUTTON1, BUTTON2 or V0..V15"));
    }
    pin_irq_t **slot = &MP_STATE_PORT(mps2_pin_irq)[self->bit];
    if (*slot == NULL) {
        pin_irq_t *irq = m_new0(pin_irq_t, 1);
        irq->bit = self->bit;
        callback_init(&irq->callback, &pin_irq_methods, MP_OBJ_FROM_PTR(self));
        *slot = irq;
    }
    pin_irq_t *irq = *slot;
    if (n_args > 1 || kw_args->used != 0) {
        mp_obj_t handler = args[MP_IRQ_ARG_INIT_handler].u_obj;
        mp_int_t trigger = args[MP_IRQ_ARG_INIT_trigger].u_int;
        if (handler != mp_const_none && !mp_obj_is_callable(handler)) {
            mp_raise_ValueError(MP_ERROR_TEXT("handler must be None or callable"));
        }
        if (trigger & ~(TRIGGER_RISING | TRIGGER_FALLING)) {
            mp_raise_ValueError(MP_ERROR_TEXT("trigger: use Pin.IRQ_RISING, Pin.IRQ_FALLING or both"));
        }
        uint32_t state = mps2_irq_disable();
        irq->flags = 0;
        irq->trigger = trigger ? trigger : TRIGGER_RISING | TRIGGER_FALLING;
        irq->callback.irq.ishard = args[MP_IRQ_ARG_INIT_hard].u_bool;
        irq->callback.irq.handler = handler;
        mps2_irq_restore(state);
    }
    return MP_OBJ_FROM_PTR(irq);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_irq_obj, 1, pin_irq);

// For Signal and everything else that takes the pin protocol.
static mp_uint_t pin_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    (void)errcode;
    switch (request) {
        case MP_PIN_READ:
            return pin_read(MP_OBJ_TO_PTR(self_in));
        case MP_PIN_WRITE:
            pin_write(MP_OBJ_TO_PTR(self_in), (int)arg);
            return 0;
    }
    return -1;
}

static const mp_pin_p_t pin_pin_p = {
    .ioctl = pin_ioctl,
};

static const mp_rom_map_elem_t pin_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&pin_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_value), MP_ROM_PTR(&pin_value_obj) },
    { MP_ROM_QSTR(MP_QSTR_on), MP_ROM_PTR(&pin_on_obj) },
    { MP_ROM_QSTR(MP_QSTR_off), MP_ROM_PTR(&pin_off_obj) },
    { MP_ROM_QSTR(MP_QSTR_high), MP_ROM_PTR(&pin_on_obj) },
    { MP_ROM_QSTR(MP_QSTR_low), MP_ROM_PTR(&pin_off_obj) },
    { MP_ROM_QSTR(MP_QSTR_toggle), MP_ROM_PTR(&pin_toggle_obj) },
    { MP_ROM_QSTR(MP_QSTR_irq), MP_ROM_PTR(&pin_irq_obj) },

    { MP_ROM_QSTR(MP_QSTR_IN), MP_ROM_INT(PIN_MODE_IN) },
    { MP_ROM_QSTR(MP_QSTR_OUT), MP_ROM_INT(PIN_MODE_OUT) },
    { MP_ROM_QSTR(MP_QSTR_OPEN_DRAIN), MP_ROM_INT(PIN_MODE_OPEN_DRAIN) },
    { MP_ROM_QSTR(MP_QSTR_PULL_UP), MP_ROM_INT(1) },
    { MP_ROM_QSTR(MP_QSTR_PULL_DOWN), MP_ROM_INT(2) },
    { MP_ROM_QSTR(MP_QSTR_IRQ_RISING), MP_ROM_INT(TRIGGER_RISING) },
    { MP_ROM_QSTR(MP_QSTR_IRQ_FALLING), MP_ROM_INT(TRIGGER_FALLING) },
};
static MP_DEFINE_CONST_DICT(pin_locals_dict, pin_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(
    machine_pin_type, MP_QSTR_Pin, MP_TYPE_FLAG_NONE,
    make_new, mp_pin_make_new,
    print, pin_print,
    call, pin_call,
    protocol, &pin_pin_p,
    locals_dict, &pin_locals_dict
    );
