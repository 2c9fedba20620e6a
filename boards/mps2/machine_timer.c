// machine.Timer: any number of virtual timers with microsecond periods over one hardware alarm.

#include "py/mphal.h"
#include "py/runtime.h"
#include "extmod/modmachine.h"
#include "clock.h"
#include "interrupt.h"
#include "timer.h"

enum {
    MODE_ONE_SHOT,
    MODE_PERIODIC,
};

// The longest period; keeps arithmetic on ticks far from its limits.
#define PERIOD_MAX_US (1ull << 50)

typedef struct _timer_obj_t {
    callback_t callback; // first; its irq.base is the type of this object
    struct _timer_obj_t *next;
    uint64_t at;
    uint64_t period_us;
    uint8_t mode;
    bool armed;
    bool listed;
} timer_obj_t;

// Timers that are armed or whose soft callback is queued: the collector must not free these.
MP_REGISTER_ROOT_POINTER(struct _timer_obj_t *mps2_timers);

static void timers_due(void);

// Takes the timer off the list if nothing holds it there.  Interrupts are off.
static void timer_unlink_if_idle(timer_obj_t *self) {
    if (!self->listed || self->armed || callback_pending(&self->callback)) {
        return;
    }
    timer_obj_t **link = (timer_obj_t **)&MP_STATE_PORT(mps2_timers);
    while (*link != self) {
        link = &(*link)->next;
    }
    *link = self->next;
    self->listed = false;
}

// Sets the alarm for the earliest armed timer.  Interrupts are off.
static void timers_program(void) {
    uint64_t earliest = UINT64_MAX;
    for (timer_obj_t *timer = MP_STATE_PORT(mps2_timers); timer != NULL; timer = timer->next) {
        if (timer->armed && timer->at < earliest) {
            earliest = timer->at;
        }
    }
    if (earliest != UINT64_MAX) {
        clock_alarm_set(ALARM_TIMERS, earliest, timers_due);
    } else {
        clock_alarm_cancel(ALARM_TIMERS);
    }
}

// In the alarm's interrupt.  Hard callbacks may stop any timer, which leaves `next` in it, and set
// any timer again, which leaves it in its place or puts it in front.
static void timers_due(void) {
    uint64_t now = clock_us();
    for (timer_obj_t *timer = MP_STATE_PORT(mps2_timers); timer != NULL; timer = timer->next) {
        if (!timer->armed || timer->at > now) {
            continue;
        }
        if (timer->mode == MODE_PERIODIC) {
            timer->at += timer->period_us;
            if (timer->at <= now) {
                // Later than a whole period: count what was missed, keep the phase.
                uint64_t missed = (now - timer->at) / timer->period_us + 1;
                timer->callback.missed += (uint32_t)missed;
                timer->at += missed * timer->period_us;
            }
        } else {
            timer->armed = false;
        }
        callback_fire(&timer->callback);
        timer_unlink_if_idle(timer);
    }
    timers_program();
}

static void timer_link(timer_obj_t *self) {
    if (!self->listed) {
        self->listed = true;
        self->next = MP_STATE_PORT(mps2_timers);
        MP_STATE_PORT(mps2_timers) = self;
    }
}

static void timer_stop(timer_obj_t *self) {
    uint32_t state = mps2_irq_disable();
    self->armed = false;
    timer_unlink_if_idle(self);
    timers_program();
    mps2_irq_restore(state);
}

// After a soft callback: a one-shot timer may now be freed.
static void timer_done(callback_t *callback) {
    uint32_t state = mps2_irq_disable();
    timer_unlink_if_idle((timer_obj_t *)callback);
    mps2_irq_restore(state);
}

void timer_deinit_all(void) {
    uint32_t state = mps2_irq_disable();
    MP_STATE_PORT(mps2_timers) = NULL;
    timers_program();
    mps2_irq_restore(state);
}

// What mp_irq_handler() calls after an exception in a hard callback: stop.
static mp_uint_t timer_irq_trigger(mp_obj_t self_in, mp_uint_t trigger) {
    timer_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->armed = trigger != 0;
    return 0;
}

static mp_uint_t timer_irq_info(mp_obj_t self_in, mp_uint_t info) {
    timer_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return info == MP_IRQ_INFO_FLAGS ? self->callback.missed : self->armed;
}

static const mp_irq_methods_t timer_irq_methods = {
    .trigger = timer_irq_trigger,
    .info = timer_irq_info,
};

static uint64_t period_from(mp_obj_t freq, mp_int_t period, mp_int_t tick_hz) {
    uint64_t us;
    if (freq != mp_const_none) {
        mp_float_t hz = mp_obj_get_float(freq);
        if (!(hz > 0)) {
            mp_raise_ValueError(MP_ERROR_TEXT("freq must be greater than 0"));
        }
        mp_int_t whole;
        if (mp_obj_get_int_maybe(freq, &whole)) {
            us = (1000000 + whole / 2) / whole;
        } else {
            us = (uint64_t)(MICROPY_FLOAT_CONST(1000000.0) / hz + MICROPY_FLOAT_CONST(0.5));
        }
    } else {
        if (period <= 0 || tick_hz <= 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("give freq=, or period= in milliseconds, greater than 0"));
        }
        us = (uint64_t)period * 1000000 / tick_hz;
    }
    if (us == 0 || us > PERIOD_MAX_US) {
        mp_raise_ValueError(MP_ERROR_TEXT("period out of range: 1 us to 35 years"));
    }
    return us;
}

// init(*, mode=PERIODIC, freq=None, period=-1, tick_hz=1000, callback=None, hard=False)
static void timer_init(timer_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_mode, ARG_freq, ARG_period, ARG_tick_hz, ARG_callback, ARG_hard };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_mode, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = MODE_PERIODIC} },
        { MP_QSTR_freq, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_period, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_tick_hz, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 1000} },
        { MP_QSTR_callback, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_hard, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);

    mp_int_t mode = args[ARG_mode].u_int;
    if (mode != MODE_ONE_SHOT && mode != MODE_PERIODIC) {
        mp_raise_ValueError(MP_ERROR_TEXT("mode: use Timer.ONE_SHOT or Timer.PERIODIC"));
    }
    mp_obj_t callback = args[ARG_callback].u_obj;
    if (callback != mp_const_none && !mp_obj_is_callable(callback)) {
        mp_raise_ValueError(MP_ERROR_TEXT("callback must be None or callable"));
    }
    uint64_t period_us = period_from(args[ARG_freq].u_obj, args[ARG_period].u_int, args[ARG_tick_hz].u_int);

    uint32_t state = mps2_irq_disable();
    self->mode = mode;
    self->period_us = period_us;
    self->callback.missed = 0;
    self->callback.irq.handler = callback;
    self->callback.irq.ishard = args[ARG_hard].u_bool;
    self->at = clock_us() + period_us;
    self->armed = true;
    timer_link(self);
    timers_program();
    mps2_irq_restore(state);
}

static mp_obj_t timer_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    if (n_args > 0) {
        mp_int_t id = mp_obj_get_int(args[0]);
        if (id != -1) {
            mp_raise_ValueError(MP_ERROR_TEXT("timers are virtual: use Timer(-1), as many as you need"));
        }
        n_args--;
        args++;
    }
    timer_obj_t *self = m_new0(timer_obj_t, 1);
    callback_init(&self->callback, &timer_irq_methods, MP_OBJ_FROM_PTR(self));
    self->callback.irq.base.type = type;
    self->callback.done = timer_done;
    if (n_args > 0 || n_kw > 0) {
        mp_map_t kw_args;
        mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
        timer_init(self, n_args, args, &kw_args);
    }
    return MP_OBJ_FROM_PTR(self);
}

static void timer_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    timer_obj_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    mp_printf(print, "Timer(-1, mode=%q, period_us=%u, %s, missed=%u)",
        self->mode == MODE_PERIODIC ? MP_QSTR_PERIODIC : MP_QSTR_ONE_SHOT,
        (unsigned)self->period_us, self->armed ? "armed" : "stopped", (unsigned)self->callback.missed);
}

static mp_obj_t timer_init_method(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    timer_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    // It stays on the list: a hard callback must not move what the collector may be following.
    self->armed = false;
    timer_init(self, n_args - 1, args + 1, kw_args);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(timer_init_obj, 1, timer_init_method);

static mp_obj_t timer_deinit(mp_obj_t self_in) {
    timer_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->callback.irq.handler = mp_const_none; // a queued callback no longer runs
    timer_stop(self);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(timer_deinit_obj, timer_deinit);

static const mp_rom_map_elem_t timer_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&timer_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&timer_deinit_obj) },
    { MP_ROM_QSTR(MP_QSTR_ONE_SHOT), MP_ROM_INT(MODE_ONE_SHOT) },
    { MP_ROM_QSTR(MP_QSTR_PERIODIC), MP_ROM_INT(MODE_PERIODIC) },
};
static MP_DEFINE_CONST_DICT(timer_locals_dict, timer_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(
    machine_timer_type, MP_QSTR_Timer, MP_TYPE_FLAG_NONE,
    make_new, timer_make_new,
    print, timer_print,
    locals_dict, &timer_locals_dict
    );
