// Semaphore: a count that strands wait for. Every method but acquire() works in any context.

#include "kernel.h"

typedef struct {
    coil_waitable_t waitable;
    mp_int_t count;
    mp_int_t max;
} semaphore_t;

#define COUNT_MAX (0x3fffffff)

// Semaphore(count=0, max=2**30 - 1)
static mp_obj_t semaphore_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *pos_args) {
    static const mp_arg_t allowed[] = {
        { MP_QSTR_count, MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_max, MP_ARG_INT, {.u_int = COUNT_MAX} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, pos_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (args[1].u_int < 1 || args[1].u_int > COUNT_MAX || args[0].u_int < 0 || args[0].u_int > args[1].u_int) {
        mp_raise_ValueError(MP_ERROR_TEXT("Semaphore(count, max): 0 <= count <= max, and max from 1 to 2**30 - 1"));
    }
    semaphore_t *self = mp_obj_malloc(semaphore_t, type);
    self->waitable.tail = NULL;
    self->count = args[0].u_int;
    self->max = args[1].u_int;
    return MP_OBJ_FROM_PTR(self);
}

static bool take(semaphore_t *self) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool taken = self->count > 0;
    self->count -= taken;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return taken;
}

// acquire(timeout_ms=None) -> awaitable
static mp_obj_t semaphore_acquire(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    mp_obj_t timeout_ms = coil_timeout_argument(n_args, args, kw_args);
    coil_strand_t *strand = coil_begin();
    if (strand == NULL) {
        return coil_outside(args[0], MP_QSTR_acquire, 1, &timeout_ms);
    }
    semaphore_t *self = MP_OBJ_TO_PTR(args[0]);
    if (take(self)) {
        return coil_served(strand, mp_const_none);
    }
    if (coil_set_timeout(strand, timeout_ms)) {
        return MP_OBJ_FROM_PTR(strand);
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    mp_obj_t awaitable = take(self) ? coil_served(strand, mp_const_none) : coil_park(strand, &self->waitable);
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return awaitable;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(semaphore_acquire_obj, 1, semaphore_acquire);

static mp_obj_t semaphore_try_acquire(mp_obj_t self_in) {
    return mp_obj_new_bool(take(MP_OBJ_TO_PTR(self_in)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(semaphore_try_acquire_obj, semaphore_try_acquire);

// release() -> False: the count is at its maximum.
mp_obj_t coil_semaphore_release(mp_obj_t self_in) {
    semaphore_t *self = MP_OBJ_TO_PTR(self_in);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool done = coil_waitable_pop(&self->waitable) != NULL;
    if (!done && self->count < self->max) {
        self->count++;
        done = true;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_obj_new_bool(done);
}
static MP_DEFINE_CONST_FUN_OBJ_1(semaphore_release_obj, coil_semaphore_release);

static mp_obj_t semaphore_count(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(((semaphore_t *)MP_OBJ_TO_PTR(self_in))->count);
}
static MP_DEFINE_CONST_FUN_OBJ_1(semaphore_count_obj, semaphore_count);

static mp_obj_t semaphore_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    coil_semaphore_release(args[0]);
    return MP_OBJ_FROM_PTR(&coil_over);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(semaphore_exit_obj, 4, 4, semaphore_exit);

static void semaphore_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "<Semaphore %d>", (int)((semaphore_t *)MP_OBJ_TO_PTR(self_in))->count);
}

static const mp_rom_map_elem_t semaphore_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_acquire), MP_ROM_PTR(&semaphore_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_try_acquire), MP_ROM_PTR(&semaphore_try_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&semaphore_release_obj) },
    { MP_ROM_QSTR(MP_QSTR_count), MP_ROM_PTR(&semaphore_count_obj) },
    { MP_ROM_QSTR(MP_QSTR___aenter__), MP_ROM_PTR(&semaphore_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR___aexit__), MP_ROM_PTR(&semaphore_exit_obj) },
};
static MP_DEFINE_CONST_DICT(semaphore_locals, semaphore_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_semaphore_type, MP_QSTR_Semaphore, MP_TYPE_FLAG_NONE,
    make_new, semaphore_make_new,
    print, semaphore_print,
    locals_dict, &semaphore_locals
    );
