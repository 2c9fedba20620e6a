// Mutex: recursive, and its owner inherits the priority of those who wait, along chains.

#include "kernel.h"

#define DEPTH_MAX (0xffff)

static mp_obj_t mutex_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    coil_mutex_t *self = m_new0(coil_mutex_t, 1);
    self->waitable.base.type = type;
    return MP_OBJ_FROM_PTR(self);
}

// ---- Priority inheritance

// What a strand's priority has to be: its own, or that of whoever waits for a mutex it holds.
static uint8_t needed_priority(coil_strand_t *strand) {
    uint8_t priority = strand->own_priority;
    for (coil_mutex_t *mutex = strand->held; mutex != NULL; mutex = mutex->next_held) {
        coil_strand_t *first = coil_list_first(mutex->waitable.tail);
        if (first != NULL) {
            priority = MAX(priority, first->priority);
        }
    }
    return priority;
}

coil_strand_t *coil_mutex_owner(coil_waitable_t *waitable) {
    if (waitable == NULL || !mp_obj_is_type(MP_OBJ_FROM_PTR(waitable), &coil_mutex_type)) {
        return NULL;
    }
    return ((coil_mutex_t *)waitable)->owner;
}

// A loop, since a chain may be longer than the stack. One that bites its tail ends when all are equal.
void coil_mutex_inherit(coil_strand_t *owner) {
    while (owner != NULL) {
        uint8_t priority = needed_priority(owner);
        if (priority == owner->priority) {
            return;
        }
        owner = coil_mutex_owner(coil_set_priority(owner, priority));
    }
}

// ---- Ownership. Interrupts may be on: no handler touches a mutex.

static void own(coil_mutex_t *self, coil_strand_t *strand) {
    self->owner = strand;
    self->depth = 1;
    self->next_held = strand->held;
    strand->held = self;
}

static void disown(coil_mutex_t *self) {
    coil_mutex_t **link = &self->owner->held;
    while (*link != self) {
        link = &(*link)->next_held;
    }
    *link = self->next_held;
    self->owner = NULL;
    self->depth = 0;
}

// The next owner is the first in the list: nobody can take the mutex in between.
static void hand_over(coil_mutex_t *self) {
    coil_strand_t *owner = self->owner;
    disown(self);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_strand_t *next = coil_list_first(self->waitable.tail);
    if (next != NULL) {
        own(self, next); // before it is ready, with the priority it will have
        coil_list_remove(&self->waitable.tail, next);
        next->waits_for = NULL;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    if (next != NULL) {
        coil_mutex_inherit(next);
        coil_ready(next);
    }
    uint8_t before = owner->priority;
    coil_mutex_inherit(owner);
    if (owner->priority < before) {
        coil_kick(); // there may be others between the two
    }
}

// ---- Methods

static bool take(coil_mutex_t *self, coil_strand_t *strand) {
    if (self->owner == NULL) {
        own(self, strand);
    } else if (self->owner == strand) {
        if (self->depth == DEPTH_MAX) {
            mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("acquired too often by its owner"));
        }
        ++self->depth;
    } else {
        return false;
    }
    return true;
}

// acquire(timeout_ms=None) -> awaitable
static mp_obj_t mutex_acquire(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    mp_obj_t timeout_ms = coil_timeout_argument(n_args, args, kw_args);
    coil_strand_t *strand = coil_begin();
    if (strand == NULL) {
        return coil_outside(args[0], MP_QSTR_acquire, 1, &timeout_ms);
    }
    coil_mutex_t *self = MP_OBJ_TO_PTR(args[0]);
    if (take(self, strand)) {
        return coil_served(strand, mp_const_none);
    }
    if (coil_set_timeout(strand, timeout_ms)) {
        return MP_OBJ_FROM_PTR(strand);
    }
    coil_park(strand, &self->waitable);
    coil_mutex_inherit(self->owner);
    return MP_OBJ_FROM_PTR(strand);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(mutex_acquire_obj, 1, mutex_acquire);

// Who owns what the caller acquires: its strand, or the deputy of what it hosts; NULL: nobody can.
static coil_strand_t *actor(void) {
    coil_strand_t *strand = coil_running();
    if (!coil_in_own_code()) {
        return NULL;
    }
    return strand->flags & STRAND_HOST ? strand->deputy : strand;
}

static mp_obj_t mutex_try_acquire(mp_obj_t self_in) {
    coil_strand_t *strand = actor();
    if (strand == NULL && coil_in_own_code()) {
        return coil_outside(self_in, MP_QSTR_try_acquire, 0, NULL); // a host: it finds a deputy
    }
    if (strand == NULL) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("only a thread can own a Mutex: use a Semaphore"));
    }
    return mp_obj_new_bool(take(MP_OBJ_TO_PTR(self_in), strand));
}
static MP_DEFINE_CONST_FUN_OBJ_1(mutex_try_acquire_obj, mutex_try_acquire);

static mp_obj_t mutex_release(mp_obj_t self_in) {
    coil_mutex_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->owner == NULL || self->owner != actor()) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("only its owner can release a Mutex: a Semaphore is for signals"));
    }
    if (--self->depth == 0) {
        self->abandoned = false;
        hand_over(self);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(mutex_release_obj, mutex_release);

static mp_obj_t mutex_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    mutex_release(args[0]);
    return MP_OBJ_FROM_PTR(&coil_over);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mutex_exit_obj, 4, 4, mutex_exit);

// abandon(strand): release what a strand holds that has ended.
static mp_obj_t native_abandon(mp_obj_t strand_in) {
    coil_strand_t *strand = coil_strand_of(strand_in);
    while (strand->held != NULL) {
        strand->held->abandoned = true;
        hand_over(strand->held);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_abandon_obj, native_abandon);

static void mutex_attr(mp_obj_t self_in, qstr attribute, mp_obj_t *dest) {
    coil_mutex_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    if (attribute == MP_QSTR_owner) {
        dest[0] = self->owner == NULL ? mp_const_none : self->owner->owner;
    } else if (attribute == MP_QSTR_abandoned) {
        dest[0] = mp_obj_new_bool(self->abandoned);
    } else {
        dest[1] = MP_OBJ_SENTINEL;
    }
}

static void mutex_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    coil_mutex_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    if (self->owner == NULL) {
        mp_print_str(print, "<Mutex free>");
    } else {
        mp_print_str(print, "<Mutex of ");
        mp_obj_print_helper(print, self->owner->owner, PRINT_REPR);
        mp_print_str(print, ">");
    }
}

static const mp_rom_map_elem_t mutex_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_acquire), MP_ROM_PTR(&mutex_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_try_acquire), MP_ROM_PTR(&mutex_try_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&mutex_release_obj) },
    { MP_ROM_QSTR(MP_QSTR___aenter__), MP_ROM_PTR(&mutex_acquire_obj) },
    { MP_ROM_QSTR(MP_QSTR___aexit__), MP_ROM_PTR(&mutex_exit_obj) },
};
static MP_DEFINE_CONST_DICT(mutex_locals, mutex_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_mutex_type, MP_QSTR_Mutex, MP_TYPE_FLAG_NONE,
    make_new, mutex_make_new,
    print, mutex_print,
    attr, mutex_attr,
    locals_dict, &mutex_locals
    );
