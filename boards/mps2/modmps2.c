// The `mps2` module: what only this board has.  Applications use machine; boards/mps2/modules and
// drivers use this.

#include <string.h>

#include "py/objarray.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "hardware.h"
#include "hostpage.h"
#include "interrupt.h"
#include "machine_peripherals.h"
#include "noinit.h"
#include "storage.h"
#include "trace.h"

// ---- NVIC lines for drivers written in Python ----

typedef struct _line_obj_t {
    callback_t callback; // first
    uint8_t line;
    bool open; // wanted so by the handler's owner
} line_obj_t;

// Each stays here until the soft reset, since its soft callback may be queued.
MP_REGISTER_ROOT_POINTER(struct _line_obj_t *mps2_lines[32]);

// Devices drive their lines by level.  The line stays disabled until a soft callback has run,
// else it would interrupt again at once.
static void line_interrupt(int number) {
    line_obj_t *self = MP_STATE_PORT(mps2_lines)[number];
    if (!self->callback.irq.ishard) {
        interrupt_disable(number);
    }
    callback_fire(&self->callback);
}

static void line_done(callback_t *callback) {
    line_obj_t *self = (line_obj_t *)callback;
    if (self->open) {
        interrupt_enable(self->line);
    }
}

static mp_uint_t line_trigger(mp_obj_t parent, mp_uint_t trigger) {
    int line = MP_OBJ_SMALL_INT_VALUE(parent);
    line_obj_t *self = MP_STATE_PORT(mps2_lines)[line];
    self->open = trigger && self->callback.irq.handler != mp_const_none;
    if (!self->open) {
        interrupt_disable(line);
    } else if (!callback_pending(&self->callback)) {
        interrupt_enable(line);
    }
    return 0;
}

static mp_uint_t line_info(mp_obj_t parent, mp_uint_t info) {
    int line = MP_OBJ_SMALL_INT_VALUE(parent);
    return info == MP_IRQ_INFO_FLAGS ? NVIC_ISPR >> line & 1 : MP_STATE_PORT(mps2_lines)[line]->open;
}

static const mp_irq_methods_t line_methods = {
    .trigger = line_trigger,
    .info = line_info,
};

static void check_line(mp_int_t line) {
    if (line < 0 || line >= IRQ_COUNT) {
        mp_raise_ValueError(MP_ERROR_TEXT("lines are 0..31"));
    }
}

// irq(line, handler=None, *, hard=False): the handler is called with the line's number.  None gives
// the line back.
static mp_obj_t mps2_irq(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_line, ARG_handler, ARG_hard };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_line, MP_ARG_REQUIRED | MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_handler, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_hard, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_int_t line = args[ARG_line].u_int;
    check_line(line);
    interrupt_handler_t owner = interrupt_attached(line);
    if (owner != NULL && owner != line_interrupt) {
        mp_raise_ValueError(MP_ERROR_TEXT("the line belongs to the console, a UART, the clock or the virtual pins"));
    }
    mp_obj_t handler = args[ARG_handler].u_obj;
    if (handler != mp_const_none && !mp_obj_is_callable(handler)) {
        mp_raise_ValueError(MP_ERROR_TEXT("handler must be None or callable"));
    }
    line_obj_t *self = MP_STATE_PORT(mps2_lines)[line];
    if (self == NULL) {
        self = m_new0(line_obj_t, 1);
        self->line = line;
        callback_init(&self->callback, &line_methods, MP_OBJ_NEW_SMALL_INT(line));
        self->callback.done = line_done;
        MP_STATE_PORT(mps2_lines)[line] = self;
    }
    bool wanted = handler != mp_const_none;
    interrupt_attach(line, wanted ? line_interrupt : NULL);
    self->callback.irq.ishard = args[ARG_hard].u_bool;
    self->callback.irq.handler = handler;
    line_trigger(MP_OBJ_NEW_SMALL_INT(line), wanted);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(mps2_irq_obj, 1, mps2_irq);

// pend(line): raises an interrupt by software.
static mp_obj_t mps2_pend(mp_obj_t line_in) {
    mp_int_t line = mp_obj_get_int(line_in);
    check_line(line);
    NVIC_ISPR = 1u << line;
    __asm volatile ("dsb\n isb" ::: "memory");
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(mps2_pend_obj, mps2_pend);

void mps2_lines_deinit_all(void) {
    for (int line = 0; line < IRQ_COUNT; line++) {
        if (interrupt_attached(line) == line_interrupt) {
            interrupt_attach(line, NULL);
        }
        MP_STATE_PORT(mps2_lines)[line] = NULL;
    }
}

// interrupts(): how many there have been; each wakes a board that sleeps.
static mp_obj_t mps2_interrupts(void) {
    return MP_OBJ_NEW_SMALL_INT(interrupt_count & 0x3fffffff);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_interrupts_obj, mps2_interrupts);

// ---- What machine.UART does not tell ----

static int uart_number(mp_obj_t number_in) {
    mp_int_t number = mp_obj_get_int(number_in);
    if (number < 1 || number > 4) {
        mp_raise_ValueError(MP_ERROR_TEXT("UARTs are 1..4"));
    }
    return number;
}

// uart_room(n): how many bytes a write to UART n takes without waiting.
static mp_obj_t mps2_uart_room(mp_obj_t number) {
    return MP_OBJ_NEW_SMALL_INT(machine_uart_room(uart_number(number)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(mps2_uart_room_obj, mps2_uart_room);

// uart_overruns(n): how many bytes UART n has lost.
static mp_obj_t mps2_uart_overruns(mp_obj_t number) {
    return MP_OBJ_NEW_SMALL_INT(machine_uart_overruns(uart_number(number)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(mps2_uart_overruns_obj, mps2_uart_overruns);

// handle(bus): another object for the bus of that machine.I2C or SPI. Its deinit() is the end of it
// alone: later uses raise OSError(ENODEV).
static mp_obj_t mps2_handle(mp_obj_t bus) {
    if (mp_obj_is_type(bus, &machine_i2c_type)) {
        return machine_i2c_handle(bus);
    }
    if (mp_obj_is_type(bus, &machine_spi_type)) {
        return machine_spi_handle(bus);
    }
    mp_raise_TypeError(MP_ERROR_TEXT("pass a machine.I2C or SPI"));
}
static MP_DEFINE_CONST_FUN_OBJ_1(mps2_handle_obj, mps2_handle);

// ---- What the host handed over ----

static mp_obj_t mps2_flags(void) {
    return MP_OBJ_NEW_SMALL_INT(hostpage_flags());
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_flags_obj, mps2_flags);

static mp_obj_t mps2_clear_format(void) {
    HOSTPAGE->flags &= ~HOSTPAGE_FORMAT;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_clear_format_obj, mps2_clear_format);

// The script, or None.
static mp_obj_t mps2_script(void) {
    uint32_t len = hostpage_valid() ? HOSTPAGE->script_bytes : 0;
    if (len == 0 || len > HOSTPAGE_SCRIPT_MAX) {
        return mp_const_none;
    }
    return mp_obj_new_str(HOSTPAGE_SCRIPT, len);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_script_obj, mps2_script);

// ---- Why the board started ----

static mp_obj_t mps2_reset_reason(void) {
    static const char *const names[] = {
        "power-on", "reset", "watchdog", "deepsleep", "crash", "soft reset",
    };
    const char *name = names[noinit_reset_reason()];
    return mp_obj_new_str(name, strlen(name));
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_reset_reason_obj, mps2_reset_reason);

// reset_announced(): whether the last reset was one that the program, a fault or the watchdog has
// caused; False: power-on, or a reset from outside.
static mp_obj_t mps2_reset_announced(void) {
    return mp_obj_new_bool(noinit_announced());
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_reset_announced_obj, mps2_reset_announced);

// crash(): (kind, pc, lr, sp, cfsr, hfsr, address) of the last crash, or None.
static mp_obj_t mps2_crash(void) {
    const crash_t *crash = &noinit.crash;
    if (crash->valid != 1) {
        return mp_const_none;
    }
    mp_obj_t items[7] = {
        mp_obj_new_str(crash->kind, strlen(crash->kind)),
        mp_obj_new_int_from_uint(crash->pc),
        mp_obj_new_int_from_uint(crash->lr),
        mp_obj_new_int_from_uint(crash->sp),
        mp_obj_new_int_from_uint(crash->cfsr),
        mp_obj_new_int_from_uint(crash->hfsr),
        mp_obj_new_int_from_uint(crash->address),
    };
    return mp_obj_new_tuple(7, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_crash_obj, mps2_crash);

// crashes(): how often in a row the board has crashed soon after its start.
static mp_obj_t mps2_crashes(void) {
    return MP_OBJ_NEW_SMALL_INT(noinit_crashes());
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_crashes_obj, mps2_crashes);

static mp_obj_t mps2_crash_clear(void) {
    noinit.crash.valid = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_crash_clear_obj, mps2_crash_clear);

// The part of the no-init RAM that is free for users, as a writable memoryview.
static mp_obj_t mps2_noinit(void) {
    return mp_obj_new_memoryview('B' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, NOINIT_USER_SIZE, noinit_user);
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_noinit_obj, mps2_noinit);

// trace_pins(): pins were moved by their registers; let the tools know, if they record them.
static mp_obj_t mps2_trace_pins(void) {
    trace_pins();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(mps2_trace_pins_obj, mps2_trace_pins);

MP_DECLARE_CONST_FUN_OBJ_1(mps2_attach_alarm_obj);
MP_DECLARE_CONST_FUN_OBJ_1(mps2_program_alarm_obj);

static const mp_rom_map_elem_t mps2_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_mps2) },
    { MP_ROM_QSTR(MP_QSTR_irq), MP_ROM_PTR(&mps2_irq_obj) },
    { MP_ROM_QSTR(MP_QSTR_pend), MP_ROM_PTR(&mps2_pend_obj) },
    { MP_ROM_QSTR(MP_QSTR_interrupts), MP_ROM_PTR(&mps2_interrupts_obj) },
    { MP_ROM_QSTR(MP_QSTR_handle), MP_ROM_PTR(&mps2_handle_obj) },
    { MP_ROM_QSTR(MP_QSTR_uart_room), MP_ROM_PTR(&mps2_uart_room_obj) },
    { MP_ROM_QSTR(MP_QSTR_uart_overruns), MP_ROM_PTR(&mps2_uart_overruns_obj) },
    { MP_ROM_QSTR(MP_QSTR_flags), MP_ROM_PTR(&mps2_flags_obj) },
    { MP_ROM_QSTR(MP_QSTR_clear_format), MP_ROM_PTR(&mps2_clear_format_obj) },
    { MP_ROM_QSTR(MP_QSTR_script), MP_ROM_PTR(&mps2_script_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset_reason), MP_ROM_PTR(&mps2_reset_reason_obj) },
    { MP_ROM_QSTR(MP_QSTR_reset_announced), MP_ROM_PTR(&mps2_reset_announced_obj) },
    { MP_ROM_QSTR(MP_QSTR_crash), MP_ROM_PTR(&mps2_crash_obj) },
    { MP_ROM_QSTR(MP_QSTR_crashes), MP_ROM_PTR(&mps2_crashes_obj) },
    { MP_ROM_QSTR(MP_QSTR_crash_clear), MP_ROM_PTR(&mps2_crash_clear_obj) },
    { MP_ROM_QSTR(MP_QSTR_noinit), MP_ROM_PTR(&mps2_noinit_obj) },
    { MP_ROM_QSTR(MP_QSTR_attach_alarm), MP_ROM_PTR(&mps2_attach_alarm_obj) },
    { MP_ROM_QSTR(MP_QSTR_program_alarm), MP_ROM_PTR(&mps2_program_alarm_obj) },
    { MP_ROM_QSTR(MP_QSTR_trace_pins), MP_ROM_PTR(&mps2_trace_pins_obj) },
    { MP_ROM_QSTR(MP_QSTR_flash), MP_ROM_PTR(&storage_flash_obj) },
    { MP_ROM_QSTR(MP_QSTR_rom), MP_ROM_PTR(&storage_rom_obj) },
};
static MP_DEFINE_CONST_DICT(mps2_globals, mps2_globals_table);

const mp_obj_module_t mps2_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&mps2_globals,
};

MP_REGISTER_MODULE(MP_QSTR_mps2, mps2_module);
