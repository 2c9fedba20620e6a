// Calls: what an event queue keeps: places for calls, which of them are free, and those that were
// posted, in their order. os/rtos/_plaincalls.py is the same in Python.

#include "kernel.h"

// An id is a generation above the number of its place, which is 1 to 1024; 0 is no id.
#define GENERATION (2048)
#define NUMBER (GENERATION - 1)
#define CLOCK_MASK (0x3fffffff)
#define PLACES_MAX (1024)

enum { ONCE, PERIODIC, OWN, DELAYED };

typedef struct _place_t {
    mp_obj_base_t base;
    mp_obj_t function; // None: free, cancelled, or its call is being made
    mp_obj_t arg; // the queue's `nothing`: none
    mp_obj_t next; // the dispatcher's: of those that wait for their time
    struct _place_t *free; // the next free one
    uint32_t id;
    uint32_t due;
    uint32_t period_ms;
    uint16_t number; // 0: a UserEvent's
    uint8_t kind;
    bool waits; // for its time
    bool spread; // arg is a tuple of arguments
    bool posted; // a UserEvent's
} place_t;

typedef struct {
    mp_obj_base_t base;
    mp_obj_t signal; // a Semaphore: one for each that was posted
    mp_obj_t nothing; // stands for no argument: None is one
    mp_obj_t hook; // called after each post in place of the signal's release(), or None
    place_t **places;
    size_t size;
    place_t *free;
    place_t **inbox; // a ring
    size_t room;
    size_t head;
    size_t count;
    mp_uint_t dropped;
    place_t *making; // its call is being made,
    mp_obj_t function; // this one,
    mp_obj_t arg; // with that
} calls_t;

// ---- Place

// cancel(): whether there was anything to cancel. The place is not free yet. A periodic call that is
// being made has no function, and is not made again.
static mp_obj_t place_cancel(mp_obj_t self_in) {
    place_t *self = MP_OBJ_TO_PTR(self_in);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool found = self->function != mp_const_none || self->period_ms != 0;
    self->function = mp_const_none;
    self->period_ms = 0;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_obj_new_bool(found);
}
static MP_DEFINE_CONST_FUN_OBJ_1(place_cancel_obj, place_cancel);

static void place_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    place_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        if (attr == MP_QSTR_next && dest[1] != MP_OBJ_NULL) {
            self->next = dest[1];
            dest[0] = MP_OBJ_NULL;
        } else if (attr == MP_QSTR_waits && dest[1] != MP_OBJ_NULL) {
            self->waits = mp_obj_is_true(dest[1]);
            dest[0] = MP_OBJ_NULL;
        }
        return;
    }
    switch (attr) {
        case MP_QSTR_function:
            dest[0] = self->function;
            break;
        case MP_QSTR_next:
            dest[0] = self->next;
            break;
        case MP_QSTR_waits:
            dest[0] = mp_obj_new_bool(self->waits);
            break;
        case MP_QSTR_posted:
            dest[0] = mp_obj_new_bool(self->posted);
            break;
        case MP_QSTR_due:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->due);
            break;
        case MP_QSTR_id:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->id);
            break;
        default:
            dest[1] = MP_OBJ_SENTINEL; // cancel()
            break;
    }
}

static const mp_rom_map_elem_t place_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_cancel), MP_ROM_PTR(&place_cancel_obj) },
};
static MP_DEFINE_CONST_DICT(place_locals, place_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    place_type, MP_QSTR_Place, MP_TYPE_FLAG_NONE,
    attr, place_attr,
    locals_dict, &place_locals
    );

static place_t *place_of(mp_obj_t object) {
    if (!mp_obj_is_exact_type(object, &place_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("pass a place of the queue"));
    }
    return MP_OBJ_TO_PTR(object);
}

static place_t *place_new(calls_t *self, uint16_t number, uint8_t kind) {
    place_t *place = mp_obj_malloc(place_t, &place_type);
    place->function = place->next = mp_const_none;
    place->arg = self->nothing;
    place->free = NULL;
    place->id = place->number = number;
    place->due = place->period_ms = 0;
    place->kind = kind;
    place->waits = place->spread = place->posted = false;
    return place;
}

// ---- Calls

// Calls(size, signal, nothing)
static mp_obj_t calls_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 3, 3, false);
    mp_int_t size = mp_obj_get_int(args[0]);
    if (size < 0 || size > PLACES_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("Calls(size): 0 to 1024 places"));
    }
    if (!mp_obj_is_exact_type(args[1], &coil_semaphore_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("Calls(signal): pass a Semaphore"));
    }
    calls_t *self = m_new0(calls_t, 1);
    self->base.type = type;
    self->size = self->room = size;
    self->signal = args[1];
    self->nothing = args[2];
    self->hook = self->function = mp_const_none;
    self->places = m_new0(place_t *, self->size);
    self->inbox = m_new0(place_t *, self->room);
    for (size_t i = self->size; i-- > 0;) {
        self->places[i] = place_new(self, i + 1, ONCE);
        self->places[i]->free = self->free;
        self->free = self->places[i];
    }
    return MP_OBJ_FROM_PTR(self);
}

// There is room for all places; but Python can release one twice, or a foreign one.
static bool has_room(calls_t *self) {
    return self->count < self->room;
}

static void append(calls_t *self, place_t *place) {
    size_t at = self->head + self->count++;
    self->inbox[at < self->room ? at : at - self->room] = place;
}

static place_t *pop(calls_t *self) {
    place_t *place = NULL;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (self->count != 0) {
        place = self->inbox[self->head];
        self->inbox[self->head] = NULL;
        self->head = self->head + 1 < self->room ? self->head + 1 : 0;
        --self->count;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return place;
}

static void wake(calls_t *self) {
    if (self->hook == mp_const_none) {
        coil_semaphore_release(self->signal);
    } else {
        mp_call_function_0(self->hook);
    }
}

static void fill(place_t *place, mp_obj_t function, mp_obj_t arg, uint8_t kind, uint32_t due, uint32_t period_ms) {
    place->function = function;
    place->arg = arg;
    place->due = due;
    place->period_ms = period_ms;
    place->kind = kind;
    place->spread = false;
}

// Returns the place, filled and in the inbox; NULL: none is free.
static place_t *post(calls_t *self, mp_obj_t function, mp_obj_t arg, uint8_t kind, uint32_t due, uint32_t period_ms) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    place_t *place = self->free;
    if (place == NULL || !has_room(self)) {
        place = NULL;
        ++self->dropped;
    } else {
        self->free = place->free;
        fill(place, function, arg, kind, due, period_ms);
        place->waits = kind != ONCE;
        append(self, place);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return place;
}

// It would be taken for a cancelled call: what `call(handler())` comes to is to be told.
static void refuse_none(mp_obj_t function) {
    if (function == mp_const_none) {
        mp_raise_TypeError(MP_ERROR_TEXT("pass the function and its arguments, not its call"));
    }
}

// call(function, *args) -> the call's id, or 0: no place is free. Two arguments or more allocate.
static mp_obj_t calls_call(size_t n_args, const mp_obj_t *args) {
    calls_t *self = MP_OBJ_TO_PTR(args[0]);
    refuse_none(args[1]);
    mp_obj_t arg = n_args == 2 ? self->nothing : n_args == 3 ? args[2] : mp_obj_new_tuple(n_args - 2, args + 2);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    place_t *place = post(self, args[1], arg, ONCE, 0, 0);
    uint32_t id = 0;
    if (place != NULL) {
        place->spread = n_args > 3;
        id = place->id;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    if (id != 0) {
        wake(self);
    }
    return MP_OBJ_NEW_SMALL_INT(id);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR(calls_call_obj, 2, calls_call);

// post(function, arg, due, period_ms) -> the same for a call at its time.
static mp_obj_t calls_post(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    calls_t *self = MP_OBJ_TO_PTR(args[0]);
    refuse_none(args[1]);
    uint32_t period_ms = mp_obj_get_int(args[4]);
    uint8_t kind = period_ms != 0 ? PERIODIC : DELAYED;
    place_t *place = post(self, args[1], args[2], kind, mp_obj_get_int(args[3]), period_ms);
    if (place == NULL) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    uint32_t id = place->id;
    wake(self);
    return MP_OBJ_NEW_SMALL_INT(id);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(calls_post_obj, 5, 5, calls_post);

// own() -> a place for a UserEvent, and room for it in the inbox.
static mp_obj_t calls_own(mp_obj_t self_in) {
    calls_t *self = MP_OBJ_TO_PTR(self_in);
    place_t **inbox = m_new0(place_t *, self->room + 1);
    mp_obj_t own = MP_OBJ_FROM_PTR(place_new(self, 0, OWN));
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    for (size_t i = 0; i < self->count; ++i) {
        size_t at = self->head + i;
        inbox[i] = self->inbox[at < self->room ? at : at - self->room];
    }
    self->inbox = inbox;
    self->head = 0;
    ++self->room;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return own;
}
static MP_DEFINE_CONST_FUN_OBJ_1(calls_own_obj, calls_own);

// post_own(place, function, arg, due, period_ms) -> False: it waits already. due None: at once.
static mp_obj_t calls_post_own(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    calls_t *self = MP_OBJ_TO_PTR(args[0]);
    place_t *place = place_of(args[1]);
    bool waits = args[4] != mp_const_none;
    uint32_t due = waits ? mp_obj_get_int(args[4]) : 0;
    uint32_t period_ms = mp_obj_get_int(args[5]);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool fresh = !place->posted && has_room(self);
    if (fresh) {
        fill(place, args[2], args[3], OWN, due, period_ms);
        place->posted = true;
        place->waits = waits;
        append(self, place);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    if (fresh) {
        wake(self);
    }
    return mp_obj_new_bool(fresh);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(calls_post_own_obj, 6, 6, calls_post_own);

// find(id) -> the place of a call that waits or is being made, or None.
static mp_obj_t calls_find(mp_obj_t self_in, mp_obj_t id_in) {
    calls_t *self = MP_OBJ_TO_PTR(self_in);
    mp_int_t id = mp_obj_get_int_truncated(id_in);
    if (!mp_obj_is_small_int(id_in)) {
        return mp_const_none; // no id is so large
    }
    size_t number = id & NUMBER;
    if (id > 0 && number >= 1 && number <= self->size && self->places[number - 1]->id == (uint32_t)id) {
        return MP_OBJ_FROM_PTR(self->places[number - 1]);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(calls_find_obj, calls_find);

// expel(place): its id is no longer in use.
static mp_obj_t calls_expel(mp_obj_t self_in, mp_obj_t place_in) {
    (void)self_in;
    place_t *place = place_of(place_in);
    place->id = (place->id + GENERATION) & CLOCK_MASK;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(calls_expel_obj, calls_expel);

static void release(calls_t *self, place_t *place) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    place->waits = place->posted = false;
    place->function = mp_const_none;
    place->arg = self->nothing;
    place->period_ms = 0;
    if (place->number != 0) {
        place->kind = ONCE;
        place->id = (place->id + GENERATION) & CLOCK_MASK;
        place->free = self->free;
        self->free = place;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

// release(place): it is free.
static mp_obj_t calls_release(mp_obj_t self_in, mp_obj_t place_in) {
    release(MP_OBJ_TO_PTR(self_in), place_of(place_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(calls_release_obj, calls_release);

// take() -> the first place of the inbox, or None.
static mp_obj_t calls_take(mp_obj_t self_in) {
    place_t *place = pop(MP_OBJ_TO_PTR(self_in));
    return place == NULL ? mp_const_none : MP_OBJ_FROM_PTR(place);
}
static MP_DEFINE_CONST_FUN_OBJ_1(calls_take_obj, calls_take);

// The first time after `now` that is whole periods after the last one.
static void next_period(place_t *place, uint32_t now) {
    // Times are less than 2^29 ms apart on a clock of 2^30 ms.
    uint32_t late = (now - place->due) & CLOCK_MASK;
    uint32_t periods = late > CLOCK_MASK / 2 ? 1 : late / place->period_ms + 1;
    place->due = (place->due + periods * place->period_ms) & CLOCK_MASK;
    place->waits = true;
}

// done() -> the call has been made, or has failed: its place is free, or is returned because it waits
// for the next period. None as well if no call is being made.
static mp_obj_t calls_done(mp_obj_t self_in) {
    calls_t *self = MP_OBJ_TO_PTR(self_in);
    place_t *place = self->making;
    self->making = NULL;
    if (place == NULL) {
        return mp_const_none;
    }
    // In one: cancel() finds it being made, or waiting.
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool again = self->function != mp_const_none && place->period_ms != 0;
    if (again) {
        place->arg = self->arg;
        place->function = self->function;
        next_period(place, coil_now_ms());
    } else {
        release(self, place);
    }
    self->arg = self->nothing;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return again ? MP_OBJ_FROM_PTR(place) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(calls_done_obj, calls_done);

// drop(): the call that is being made was broken off, and is not made again.
static mp_obj_t calls_drop(mp_obj_t self_in) {
    ((calls_t *)MP_OBJ_TO_PTR(self_in))->function = mp_const_none;
    return calls_done(self_in);
}
static MP_DEFINE_CONST_FUN_OBJ_1(calls_drop_obj, calls_drop);

// make(place=None): make the call of a place that is due; None: of the first in the inbox, if there is
// one that does not have to wait. -> None; or a place that has to wait for its time; or what the call
// has returned, if that is to be awaited: done() then. What the call raises is raised, and then done().
static mp_obj_t calls_make(size_t n_args, const mp_obj_t *args) {
    calls_t *self = MP_OBJ_TO_PTR(args[0]);
    place_t *place = n_args > 1 && args[1] != mp_const_none ? place_of(args[1]) : pop(self);
    if (place == NULL) {
        return mp_const_none;
    }
    if (place->waits) {
        return MP_OBJ_FROM_PTR(place);
    }
    // In one: cancel() finds it waiting, and then it is not made, or being made.
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    mp_obj_t function = self->function = place->function;
    mp_obj_t arg = self->arg = place->arg;
    bool spread = place->spread;
    self->making = place;
    place->function = mp_const_none;
    if (place->kind == DELAYED) {
        place->kind = ONCE;
    } else if (place->kind == OWN && place->period_ms == 0) {
        self->making = NULL; // so that the handler can post its event again
        release(self, place);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    if (function == mp_const_none) { // cancelled
        return calls_done(args[0]);
    }
    mp_obj_t result;
    if (arg == self->nothing) {
        result = mp_call_function_0(function);
    } else if (spread) {
        size_t count;
        mp_obj_t *items;
        mp_obj_get_array(arg, &count, &items);
        result = mp_call_function_n_kw(function, count, 0, items);
    } else {
        result = mp_call_function_1(function, arg);
    }
    if (result != mp_const_none) {
        mp_obj_t send[2];
        mp_load_method_maybe(result, MP_QSTR_send, send);
        if (send[0] != MP_OBJ_NULL) {
            return result;
        }
    }
    return calls_done(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(calls_make_obj, 1, 2, calls_make);

// set_wake(function): called after each post; None: the signal is released.
static mp_obj_t calls_set_wake(mp_obj_t self_in, mp_obj_t function) {
    ((calls_t *)MP_OBJ_TO_PTR(self_in))->hook = function;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(calls_set_wake_obj, calls_set_wake);

static void calls_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    calls_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    if (attr == MP_QSTR_hook) {
        dest[0] = self->hook;
    } else if (attr == MP_QSTR_dropped) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(self->dropped);
    } else if (attr == MP_QSTR_function) { // that is being made, or was made last
        dest[0] = self->function;
    } else {
        dest[1] = MP_OBJ_SENTINEL; // the methods
    }
}

static mp_obj_t calls_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    calls_t *self = MP_OBJ_TO_PTR(self_in);
    switch (op) {
        case MP_UNARY_OP_LEN:
            return MP_OBJ_NEW_SMALL_INT(self->count);
        case MP_UNARY_OP_BOOL:
            return mp_obj_new_bool(self->count != 0);
        default:
            return MP_OBJ_NULL;
    }
}

static const mp_rom_map_elem_t calls_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_set_wake), MP_ROM_PTR(&calls_set_wake_obj) },
    { MP_ROM_QSTR(MP_QSTR_call), MP_ROM_PTR(&calls_call_obj) },
    { MP_ROM_QSTR(MP_QSTR_post), MP_ROM_PTR(&calls_post_obj) },
    { MP_ROM_QSTR(MP_QSTR_own), MP_ROM_PTR(&calls_own_obj) },
    { MP_ROM_QSTR(MP_QSTR_post_own), MP_ROM_PTR(&calls_post_own_obj) },
    { MP_ROM_QSTR(MP_QSTR_find), MP_ROM_PTR(&calls_find_obj) },
    { MP_ROM_QSTR(MP_QSTR_expel), MP_ROM_PTR(&calls_expel_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&calls_release_obj) },
    { MP_ROM_QSTR(MP_QSTR_take), MP_ROM_PTR(&calls_take_obj) },
    { MP_ROM_QSTR(MP_QSTR_make), MP_ROM_PTR(&calls_make_obj) },
    { MP_ROM_QSTR(MP_QSTR_done), MP_ROM_PTR(&calls_done_obj) },
    { MP_ROM_QSTR(MP_QSTR_drop), MP_ROM_PTR(&calls_drop_obj) },
};
static MP_DEFINE_CONST_DICT(calls_locals, calls_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_calls_type, MP_QSTR_Calls, MP_TYPE_FLAG_NONE,
    make_new, calls_make_new,
    attr, calls_attr,
    unary_op, calls_unary_op,
    locals_dict, &calls_locals
    );
