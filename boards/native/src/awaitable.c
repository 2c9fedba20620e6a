// Awaitable: a place to park a coroutine that costs no allocation and no Python frame.

#include "native.h"

typedef enum { IDLE, PARKED, READY } awaitable_state_t;

typedef struct {
    mp_obj_base_t base;
    mp_obj_t key;
    mp_obj_t value;
    mp_obj_t error;
    awaitable_state_t state;
} awaitable_t;

static mp_obj_t awaitable_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    awaitable_t *self = mp_obj_malloc(awaitable_t, type);
    self->key = n_args == 1 ? args[0] : MP_OBJ_FROM_PTR(self);
    self->value = mp_const_none;
    self->error = mp_const_none;
    self->state = IDLE;
    return MP_OBJ_FROM_PTR(self);
}

static void awaitable_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    static const char *const states[] = { "idle", "parked", "ready" };
    (void)kind;
    mp_printf(print, "<Awaitable %s>", states[((awaitable_t *)MP_OBJ_TO_PTR(self_in))->state]);
}

// One step of `await`: park the first time, else hand over what the waker left, once.
static mp_obj_t awaitable_next(mp_obj_t self_in) {
    awaitable_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->state == IDLE) {
        self->state = PARKED;
        self->value = mp_const_none; // what came too late for the await before
        self->error = mp_const_none;
        return self->key;
    }
    mp_obj_t value = self->value;
    mp_obj_t error = self->error;
    self->state = IDLE;
    self->value = mp_const_none;
    self->error = mp_const_none;
    if (error != mp_const_none) {
        nlr_raise(mp_make_raise_obj(error));
    }
    return mp_make_stop_iteration(value);
}

// ready(value=None) -> self: the next await returns the value at once and does not park.
static mp_obj_t awaitable_ready(size_t n_args, const mp_obj_t *args) {
    awaitable_t *self = MP_OBJ_TO_PTR(args[0]);
    if (self->state == PARKED) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("ready() on a parked Awaitable: set .value and resume its coroutine"));
    }
    self->value = n_args == 2 ? args[1] : mp_const_none;
    self->error = mp_const_none;
    self->state = READY;
    return args[0];
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(awaitable_ready_obj, 1, 2, awaitable_ready);

// What a coroutine's close() and throw() do with the Awaitable it is parked on: leave nothing.
static mp_obj_t awaitable_close(mp_obj_t self_in) {
    awaitable_t *self = MP_OBJ_TO_PTR(self_in);
    self->state = IDLE;
    self->value = mp_const_none;
    self->error = mp_const_none;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(awaitable_close_obj, awaitable_close);

static mp_obj_t awaitable_throw(mp_obj_t self_in, mp_obj_t exception) {
    awaitable_close(self_in);
    nlr_raise(mp_make_raise_obj(exception));
}
static MP_DEFINE_CONST_FUN_OBJ_2(awaitable_throw_obj, awaitable_throw);

// What a coroutine's send() does if its argument is not None.
static mp_obj_t awaitable_send(mp_obj_t self_in, mp_obj_t value) {
    (void)value;
    awaitable_close(self_in);
    mp_raise_TypeError(MP_ERROR_TEXT("resume with send(None): an Awaitable takes .value and .error"));
}
static MP_DEFINE_CONST_FUN_OBJ_2(awaitable_send_obj, awaitable_send);

static mp_obj_t *awaitable_slot(awaitable_t *self, qstr attribute) {
    switch (attribute) {
        case MP_QSTR_value:
            return &self->value;
        case MP_QSTR_error:
            return &self->error;
        case MP_QSTR_key:
            return &self->key;
        default:
            return NULL;
    }
}

static void awaitable_attr(mp_obj_t self_in, qstr attribute, mp_obj_t *dest) {
    mp_obj_t *slot = awaitable_slot(MP_OBJ_TO_PTR(self_in), attribute);
    if (slot == NULL) {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    } else if (dest[0] == MP_OBJ_NULL) {
        dest[0] = *slot;
    } else if (dest[1] != MP_OBJ_NULL) {
        *slot = dest[1];
        dest[0] = MP_OBJ_NULL; // stored
    }
}

static const mp_rom_map_elem_t awaitable_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_ready), MP_ROM_PTR(&awaitable_ready_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&awaitable_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&awaitable_send_obj) },
    { MP_ROM_QSTR(MP_QSTR_throw), MP_ROM_PTR(&awaitable_throw_obj) },
};
static MP_DEFINE_CONST_DICT(awaitable_locals, awaitable_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_awaitable_type, MP_QSTR_Awaitable, MP_TYPE_FLAG_ITER_IS_ITERNEXT,
    make_new, awaitable_make_new,
    print, awaitable_print,
    iter, awaitable_next,
    attr, awaitable_attr,
    locals_dict, &awaitable_locals
    );
