// Strand: a coroutine that the kernel steps, and at the same time the awaitable it parks on, so
// that waiting allocates nothing and runs no Python.

#include "py/mperrno.h"
#include "kernel.h"

// outside(object, name, *args) -> an awaitable for callers that are no threads.
MP_REGISTER_ROOT_POINTER(mp_obj_t coil_outside_hook);

static mp_obj_t strand_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 3, 3, false);
    mp_int_t priority = mp_obj_get_int(args[2]);
    if (priority < 1 || priority >= COIL_PRIORITIES) {
        mp_raise_ValueError(MP_ERROR_TEXT("priorities are 1 to 55"));
    }
    coil_strand_t *self = m_new0(coil_strand_t, 1);
    self->node.base.type = type;
    self->coroutine = args[0];
    self->owner = args[1];
    self->value = mp_const_none;
    self->error = mp_const_none;
    self->own_priority = self->priority = priority;
    self->flags = STRAND_PARKED;
    return MP_OBJ_FROM_PTR(self);
}

coil_strand_t *coil_strand_of(mp_obj_t object) {
    if (!mp_obj_is_type(object, &coil_strand_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("pass a Strand"));
    }
    return MP_OBJ_TO_PTR(object);
}

static void strand_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    mp_printf(print, "<Strand %d%s%s>", self->priority,
        self->flags & STRAND_PARKED ? " parked" : "", self->flags & STRAND_QUEUED ? " ready" : "");
}

void coil_strand_flags(coil_strand_t *self, uint16_t clear, uint16_t set) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    self->flags = (self->flags & ~clear) | set;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

// ---- Waiting

void coil_refuse_isr(void) {
    if (coil_native_in_isr()) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("not in an interrupt handler: post() it"));
    }
}

// In one go: what a handler gives in the middle would go to a strand that waits for nothing.
void coil_strand_reset(coil_strand_t *self, uint16_t clear) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_waitable_t *waitable = self->waits_for;
    if (waitable != NULL) {
        coil_list_remove(&waitable->tail, self);
        self->waits_for = NULL;
    }
    coil_unready(self);
    self->flags &= ~(STRAND_SERVED | STRAND_GIVES_WAY | STRAND_BITS | STRAND_EARLY | clear);
    self->value = mp_const_none;
    if (!(self->flags & STRAND_DOOMED)) {
        self->error = mp_const_none;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    coil_deadline_clear(self);
    coil_mutex_inherit(coil_mutex_owner(waitable));
}

// An exception of what cancel() takes: one, its class, or an errno. May allocate.
static mp_obj_t exception_of(mp_obj_t error) {
    if (mp_obj_is_small_int(error)) {
        return mp_obj_new_exception_arg1(&mp_type_OSError, error);
    }
    return mp_make_raise_obj(error);
}

static void raise_doom(coil_strand_t *self) {
    mp_obj_t error = self->error;
    coil_strand_reset(self, STRAND_DOOMED);
    nlr_raise(exception_of(error));
}

bool coil_in_own_code(void) {
    return coil_running() != NULL && !coil_native_in_isr() && MP_STATE_VM(sched_state) >= 0;
}

static coil_strand_t *caller(void) {
    if (coil_native_in_isr()) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("an interrupt handler cannot wait: set a flag or release a semaphore there"));
    }
    coil_strand_t *strand = coil_running();
    if (strand == NULL || strand->flags & STRAND_HOST) {
        return NULL;
    }
    if (!coil_in_own_code()) {
        mp_raise_msg(&mp_type_RuntimeError,
            MP_ERROR_TEXT("a callback cannot wait: set a flag or release a semaphore there"));
    }
    // Parked: somebody has iterated over its wait instead of awaiting it.
    if (strand->flags & (STRAND_SERVED | STRAND_TIMED | STRAND_PARKED) || strand->waits_for != NULL) {
        coil_strand_reset(strand, STRAND_PARKED);
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("the wait before this one was not awaited"));
    }
    if (strand->flags & STRAND_GIVES_WAY) {
        coil_strand_flags(strand, STRAND_GIVES_WAY, 0);
    }
    return strand;
}

coil_strand_t *coil_begin(void) {
    coil_strand_t *strand = caller();
    if (strand != NULL && strand->flags & STRAND_DOOMED) {
        raise_doom(strand);
    }
    return strand;
}

mp_obj_t coil_timeout_argument(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {
        { MP_QSTR_timeout_ms, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    if (kw_args->used == 0 && n_args <= 2) {
        return n_args == 2 ? args[1] : mp_const_none;
    }
    mp_arg_val_t parsed[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, args + 1, kw_args, MP_ARRAY_SIZE(allowed), allowed, parsed);
    return parsed[0].u_obj;
}

mp_obj_t coil_outside(mp_obj_t self, qstr method, size_t n_args, const mp_obj_t *args) {
    mp_obj_t hook = MP_STATE_VM(coil_outside_hook);
    if (hook == MP_OBJ_NULL) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("only a thread can wait: rtos.start(), then rtos.wait(), do it for others"));
    }
    mp_obj_t all[5] = { self, MP_OBJ_NEW_QSTR(method) };
    for (size_t i = 0; i < n_args; ++i) {
        all[2 + i] = args[i];
    }
    return mp_call_function_n_kw(hook, 2 + n_args, 0, all);
}

mp_obj_t coil_served(coil_strand_t *strand, mp_obj_t value) {
    strand->value = value;
    coil_strand_flags(strand, 0, STRAND_SERVED);
    return MP_OBJ_FROM_PTR(strand);
}

bool coil_set_timeout(coil_strand_t *strand, mp_obj_t timeout_ms) {
    if (timeout_ms == mp_const_none) {
        return false;
    }
    if (!mp_obj_is_small_int(timeout_ms) || MP_OBJ_SMALL_INT_VALUE(timeout_ms) < 0
        || MP_OBJ_SMALL_INT_VALUE(timeout_ms) >= 1 << 30) {
        mp_raise_ValueError(MP_ERROR_TEXT("a time is None for ever, or 0 to 2**30 - 1 ms"));
    }
    uint32_t delay_ms = MP_OBJ_SMALL_INT_VALUE(timeout_ms);
    if (delay_ms == 0) {
        mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
        if (!(strand->flags & STRAND_DOOMED)) { // else its error is what it gets
            strand->error = MP_OBJ_NEW_SMALL_INT(MP_ETIMEDOUT);
            strand->flags |= STRAND_SERVED;
        }
        MICROPY_END_ATOMIC_SECTION(atomic_state);
        return true;
    }
    coil_deadline_set(strand, delay_ms);
    return false;
}

mp_obj_t coil_park(coil_strand_t *strand, coil_waitable_t *waitable) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    strand->waits_for = waitable;
    coil_list_insert(&waitable->tail, strand);
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return MP_OBJ_FROM_PTR(strand);
}

// One step of `await`: hand over what is there, else park.
static mp_obj_t strand_next(mp_obj_t self_in) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    if (self != coil_running()) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("a wait belongs to the thread that began it"));
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    uint16_t flags = self->flags;
    if ((flags & (STRAND_EARLY | STRAND_SERVED | STRAND_DOOMED)) == STRAND_EARLY) {
        if (self->waits_for == NULL && !(flags & STRAND_GIVES_WAY)) {
            flags |= STRAND_SERVED;
        } else {
            self->value = mp_const_none; // it was for a park() that never came
        }
    }
    if (flags & STRAND_SERVED && coil_lock_depth == 0 && coil_over_budget()) {
        // What it waits for is there, again and again perhaps: the base must get its turn.
        self->flags = (flags & ~(STRAND_SERVED | STRAND_EARLY)) | STRAND_PARKED | STRAND_GIVES_WAY;
        MICROPY_END_ATOMIC_SECTION(atomic_state);
        return self_in;
    }
    if (!(flags & (STRAND_SERVED | STRAND_DOOMED)) && coil_lock_depth == 0) {
        self->flags = (flags & ~STRAND_EARLY) | STRAND_PARKED;
        MICROPY_END_ATOMIC_SECTION(atomic_state);
        return self_in;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    if (flags & STRAND_SERVED) {
        mp_obj_t value = self->value;
        mp_obj_t error = mp_const_none;
        coil_deadline_clear(self);
        self->value = mp_const_none;
        if (!(flags & STRAND_DOOMED)) {
            error = self->error;
            self->error = mp_const_none;
        }
        coil_strand_flags(self, STRAND_SERVED | STRAND_GIVES_WAY | STRAND_BITS | STRAND_EARLY, 0);
        // From here on exceptions may be raised, a MemoryError among them.
        if (error != mp_const_none) {
            nlr_raise(exception_of(error));
        }
        return mp_make_stop_iteration(flags & STRAND_BITS ? mp_obj_new_int_from_uint(self->bits) : value);
    }
    if (flags & STRAND_DOOMED) {
        raise_doom(self);
    }
    coil_strand_reset(self, 0);
    mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("await with the kernel locked: unlock first"));
}

// cancel(error) -> whether the strand's wait ends with the error now. A strand that runs, or has
// been served already, gets it at its next await instead: nothing it was given is lost. One that has
// not started gets it in place of its first statement.
static mp_obj_t strand_cancel(mp_obj_t self_in, mp_obj_t error) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    coil_refuse_isr();
    if (self->coroutine == MP_OBJ_NULL) {
        return mp_const_false;
    }
    bool started = self->flags & STRAND_STARTED;
    if (!started) {
        error = exception_of(error);
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool waits = (self->flags & (STRAND_PARKED | STRAND_QUEUED)) == STRAND_PARKED;
    coil_waitable_t *waitable = self->waits_for;
    if (!started) {
        self->flags |= STRAND_RAISES;
    } else if (!waits && self->error == mp_const_none) {
        self->flags |= STRAND_DOOMED;
    }
    if (waits) {
        if (waitable != NULL) {
            coil_list_remove(&waitable->tail, self);
            self->waits_for = NULL;
        }
        coil_ready(self);
    }
    self->error = error;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    if (waits) {
        coil_mutex_inherit(coil_mutex_owner(waitable));
    }
    return mp_obj_new_bool(waits || !started);
}
static MP_DEFINE_CONST_FUN_OBJ_2(strand_cancel_obj, strand_cancel);

// pardon(error) -> whether cancel(error) had doomed the strand and it will not be raised any more.
static mp_obj_t strand_pardon(mp_obj_t self_in, mp_obj_t error) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    bool doomed = self->flags & STRAND_DOOMED && self->error == error;
    if (doomed) {
        coil_strand_flags(self, STRAND_DOOMED, 0);
        self->error = mp_const_none;
    }
    return mp_obj_new_bool(doomed);
}
static MP_DEFINE_CONST_FUN_OBJ_2(strand_pardon_obj, strand_pardon);

// fail(error): resume the coroutine with throw(error), also if it is parked on nothing that the
// kernel knows. For a strand that run() has returned.
static mp_obj_t strand_fail(mp_obj_t self_in, mp_obj_t error) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    error = exception_of(error);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    self->value = mp_const_none;
    self->error = error;
    coil_strand_flags(self, STRAND_SERVED | STRAND_DOOMED | STRAND_EARLY, STRAND_PARKED | STRAND_RAISES);
    coil_ready(self);
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(strand_fail_obj, strand_fail);

// finish(): end the strand now. Its coroutine is closed, and what that raises goes to the caller.
static mp_obj_t strand_finish(mp_obj_t self_in) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t coroutine = self->coroutine;
    if (coroutine == MP_OBJ_NULL) {
        return mp_const_none;
    }
    if (self->flags & STRAND_STEPPING) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("a strand that runs ends by itself"));
    }
    self->coroutine = MP_OBJ_NULL;
    coil_strand_reset(self, STRAND_DOOMED | STRAND_RAISES);
    mp_obj_t close[2];
    mp_load_method(coroutine, MP_QSTR_close, close);
    mp_call_method_n_kw(0, 0, close);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(strand_finish_obj, strand_finish);

// What a coroutine's close() and throw() do with the strand it is parked on.
static mp_obj_t strand_close(mp_obj_t self_in) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    coil_strand_reset(self, STRAND_PARKED);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(strand_close_obj, strand_close);

static mp_obj_t strand_throw(mp_obj_t self_in, mp_obj_t exception) {
    strand_close(self_in);
    nlr_raise(mp_make_raise_obj(exception));
}
static MP_DEFINE_CONST_FUN_OBJ_2(strand_throw_obj, strand_throw);

static mp_obj_t strand_send(mp_obj_t self_in, mp_obj_t value) {
    (void)value;
    strand_close(self_in);
    mp_raise_TypeError(MP_ERROR_TEXT("resume with send(None)"));
}
static MP_DEFINE_CONST_FUN_OBJ_2(strand_send_obj, strand_send);

// ---- Priority

coil_waitable_t *coil_set_priority(coil_strand_t *strand, uint8_t priority) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_waitable_t *waitable = strand->waits_for;
    bool queued = strand->flags & STRAND_QUEUED;
    if (queued) {
        coil_unready(strand);
    }
    if (waitable != NULL) {
        coil_list_remove(&waitable->tail, strand);
    }
    strand->priority = priority;
    if (waitable != NULL) {
        coil_list_insert(&waitable->tail, strand);
    }
    if (queued) {
        coil_ready(strand);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return waitable;
}

// set_priority(n): the strand's own; what it has inherited stays while it is needed.
static mp_obj_t strand_set_priority(mp_obj_t self_in, mp_obj_t priority_in) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    mp_int_t priority = mp_obj_get_int(priority_in);
    if (priority < 1 || priority >= COIL_PRIORITIES) {
        mp_raise_ValueError(MP_ERROR_TEXT("priorities are 1 to 55"));
    }
    coil_refuse_isr();
    uint8_t before = self->priority;
    self->own_priority = priority;
    coil_mutex_inherit(self);
    if (self->priority < before) {
        coil_kick(); // others may be more urgent now
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(strand_set_priority_obj, strand_set_priority);

// set_host(on): whether the strand runs an event loop, whose coroutines do not wait for themselves.
static mp_obj_t strand_set_host(mp_obj_t self_in, mp_obj_t on) {
    coil_strand_flags(MP_OBJ_TO_PTR(self_in), STRAND_HOST, mp_obj_is_true(on) ? STRAND_HOST : 0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(strand_set_host_obj, strand_set_host);

// ---- Attributes

static void strand_load(coil_strand_t *self, qstr attribute, mp_obj_t *dest) {
    switch (attribute) {
        case MP_QSTR_owner:
            dest[0] = self->owner;
            break;
        case MP_QSTR_value:
            dest[0] = self->value;
            break;
        case MP_QSTR_error:
            dest[0] = self->error;
            break;
        case MP_QSTR_coroutine: // None: it has ended
            dest[0] = self->coroutine == MP_OBJ_NULL ? mp_const_none : self->coroutine;
            break;
        case MP_QSTR_priority:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->priority);
            break;
        case MP_QSTR_own_priority:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->own_priority);
            break;
        case MP_QSTR_parked:
            dest[0] = mp_obj_new_bool(self->flags & STRAND_PARKED);
            break;
        case MP_QSTR_queued:
            dest[0] = mp_obj_new_bool(self->flags & STRAND_QUEUED);
            break;
        case MP_QSTR_stepping:
            dest[0] = mp_obj_new_bool(self->flags & STRAND_STEPPING);
            break;
        case MP_QSTR_timed:
            dest[0] = mp_obj_new_bool(self->flags & STRAND_TIMED);
            break;
        case MP_QSTR_host:
            dest[0] = mp_obj_new_bool(self->flags & STRAND_HOST);
            break;
        case MP_QSTR_waits_for:
            dest[0] = self->waits_for == NULL ? mp_const_none : MP_OBJ_FROM_PTR(self->waits_for);
            break;
        case MP_QSTR_runs:
            dest[0] = mp_obj_new_int_from_uint(self->runs);
            break;
        case MP_QSTR_cycles:
            dest[0] = mp_obj_new_int_from_ull((uint64_t)self->cycles_high << 32 | self->cycles_low);
            break;
        default:
            dest[1] = MP_OBJ_SENTINEL; // look among the methods
            break;
    }
}

static void strand_attr(mp_obj_t self_in, qstr attribute, mp_obj_t *dest) {
    coil_strand_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL) {
        strand_load(self, attribute, dest);
    } else if (dest[1] != MP_OBJ_NULL) {
        switch (attribute) {
            case MP_QSTR_value:
                self->value = dest[1];
                break;
            case MP_QSTR_error:
                self->error = dest[1];
                break;
            case MP_QSTR_deputy:
                self->deputy = dest[1] == mp_const_none ? NULL : coil_strand_of(dest[1]);
                break;
            default:
                return;
        }
        dest[0] = MP_OBJ_NULL; // stored
    }
}

static const mp_rom_map_elem_t strand_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_cancel), MP_ROM_PTR(&strand_cancel_obj) },
    { MP_ROM_QSTR(MP_QSTR_fail), MP_ROM_PTR(&strand_fail_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_priority), MP_ROM_PTR(&strand_set_priority_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_host), MP_ROM_PTR(&strand_set_host_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&strand_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_finish), MP_ROM_PTR(&strand_finish_obj) },
    { MP_ROM_QSTR(MP_QSTR_pardon), MP_ROM_PTR(&strand_pardon_obj) },
    { MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&strand_send_obj) },
    { MP_ROM_QSTR(MP_QSTR_throw), MP_ROM_PTR(&strand_throw_obj) },
};
static MP_DEFINE_CONST_DICT(strand_locals, strand_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_strand_type, MP_QSTR_Strand, MP_TYPE_FLAG_ITER_IS_ITERNEXT,
    make_new, strand_make_new,
    print, strand_print,
    iter, strand_next,
    attr, strand_attr,
    locals_dict, &strand_locals
    );

// ---- For primitives in Python

static mp_obj_t over_next(mp_obj_t self_in) {
    (void)self_in;
    return mp_make_stop_iteration(mp_const_none);
}

static MP_DEFINE_CONST_OBJ_TYPE(
    over_type, MP_QSTR_, MP_TYPE_FLAG_ITER_IS_ITERNEXT,
    iter, over_next
    );

const mp_obj_base_t coil_over = { &over_type };

// served(value=None) -> an awaitable that returns the value at once. To be awaited by the caller.
static mp_obj_t native_served(size_t n_args, const mp_obj_t *args) {
    coil_strand_t *strand = caller();
    if (strand == NULL) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("only a thread can wait: rtos.start(), then rtos.wait(), do it for others"));
    }
    return coil_served(strand, n_args > 0 ? args[0] : mp_const_none);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(coil_served_obj, 0, 1, native_served);

// park(waiters=None, timeout_ms=None) -> an awaitable that ends with waiters.wake(value), or with
// OSError(ETIMEDOUT); without waiters it ends, well, when the time is up or ready() is called.
static mp_obj_t native_park(size_t n_args, const mp_obj_t *args) {
    coil_strand_t *strand = caller();
    if (strand == NULL) {
        return coil_outside(mp_const_none, MP_QSTR_park, n_args, args);
    }
    coil_waitable_t *waitable = NULL;
    if (n_args > 0 && args[0] != mp_const_none) {
        if (!mp_obj_is_type(args[0], &coil_waiters_type)) {
            mp_raise_TypeError(MP_ERROR_TEXT("park(waiters): pass a Waiters or None"));
        }
        waitable = MP_OBJ_TO_PTR(args[0]);
    }
    if (waitable == NULL) {
        if (n_args > 1 && args[1] == MP_OBJ_NEW_SMALL_INT(0)) {
            coil_strand_flags(strand, 0, STRAND_GIVES_WAY); // to sleep for no time is to let the equals run
        } else if (n_args > 1) {
            coil_set_timeout(strand, args[1]);
        }
        return MP_OBJ_FROM_PTR(strand);
    }
    if (n_args > 1 && coil_set_timeout(strand, args[1])) {
        return MP_OBJ_FROM_PTR(strand);
    }
    return coil_park(strand, waitable);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(coil_park_obj, 0, 2, native_park);

// sleep_ms(ms): park(None, ms) for less.
static mp_obj_t native_sleep(mp_obj_t ms) {
    const mp_obj_t args[2] = { mp_const_none, ms };
    return native_park(2, args);
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_sleep_obj, native_sleep);

// give_way() -> an awaitable that lets the other ready strands of the same priority run first.
static mp_obj_t native_give_way(void) {
    coil_strand_t *strand = coil_begin();
    if (strand == NULL) {
        return coil_outside(mp_const_none, MP_QSTR_yield_, 0, NULL);
    }
    coil_strand_flags(strand, 0, STRAND_GIVES_WAY);
    return MP_OBJ_FROM_PTR(strand);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_yield_obj, native_give_way);
