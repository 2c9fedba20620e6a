// Lists of strands, by priority and first come first served; and Waiters, such a list for Python.

#include "kernel.h"

// A circular list is known by its tail: head and tail are both one step away.
void coil_list_insert(coil_strand_t **tail, coil_strand_t *strand) {
    coil_strand_t *last = *tail;
    if (last == NULL) {
        strand->next = strand;
        *tail = strand;
        return;
    }
    coil_strand_t *before = last;
    if (last->priority < strand->priority) {
        while (before->next->priority >= strand->priority) {
            before = before->next;
        }
    } else {
        *tail = strand;
    }
    strand->next = before->next;
    before->next = strand;
}

coil_strand_t *coil_list_first(coil_strand_t *tail) {
    return tail == NULL ? NULL : tail->next;
}

bool coil_list_remove(coil_strand_t **tail, coil_strand_t *strand) {
    coil_strand_t *before = *tail;
    if (before == NULL) {
        return false;
    }
    while (before->next != strand) {
        before = before->next;
        if (before == *tail) {
            return false;
        }
    }
    before->next = strand->next;
    if (*tail == strand) {
        *tail = before == strand ? NULL : before;
    }
    strand->next = NULL;
    return true;
}

// Take the first strand off and make it ready, or NULL. Interrupts are off.
coil_strand_t *coil_waitable_pop(coil_waitable_t *waitable) {
    coil_strand_t *strand = coil_list_first(waitable->tail);
    if (strand != NULL) {
        coil_list_remove(&waitable->tail, strand);
        strand->waits_for = NULL;
        coil_ready(strand);
    }
    return strand;
}

static mp_obj_t waiters_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    coil_waitable_t *self = mp_obj_malloc(coil_waitable_t, type);
    self->tail = NULL;
    return MP_OBJ_FROM_PTR(self);
}

// wake(value=None) -> the owner of the strand that waited first and is ready now, or None.
static mp_obj_t waiters_wake(size_t n_args, const mp_obj_t *args) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_strand_t *strand = coil_waitable_pop(MP_OBJ_TO_PTR(args[0]));
    if (strand != NULL) {
        strand->value = n_args > 1 ? args[1] : mp_const_none;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return strand == NULL ? mp_const_none : strand->owner;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(waiters_wake_obj, 1, 2, waiters_wake);

// first() -> the strand that wake() would wake, or None.
static mp_obj_t waiters_first(mp_obj_t self_in) {
    coil_strand_t *strand = coil_list_first(((coil_waitable_t *)MP_OBJ_TO_PTR(self_in))->tail);
    return strand == NULL ? mp_const_none : MP_OBJ_FROM_PTR(strand);
}
static MP_DEFINE_CONST_FUN_OBJ_1(waiters_first_obj, waiters_first);

static mp_obj_t waiters_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    coil_strand_t *tail = ((coil_waitable_t *)MP_OBJ_TO_PTR(self_in))->tail;
    if (op == MP_UNARY_OP_BOOL) {
        return mp_obj_new_bool(tail != NULL);
    }
    if (op == MP_UNARY_OP_LEN) {
        mp_int_t n = 0;
        for (coil_strand_t *strand = tail; strand != NULL; strand = strand->next == tail ? NULL : strand->next) {
            ++n;
        }
        return MP_OBJ_NEW_SMALL_INT(n);
    }
    return MP_OBJ_NULL;
}

static const mp_rom_map_elem_t waiters_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_wake), MP_ROM_PTR(&waiters_wake_obj) },
    { MP_ROM_QSTR(MP_QSTR_first), MP_ROM_PTR(&waiters_first_obj) },
};
static MP_DEFINE_CONST_DICT(waiters_locals, waiters_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_waiters_type, MP_QSTR_Waiters, MP_TYPE_FLAG_NONE,
    make_new, waiters_make_new,
    unary_op, waiters_unary_op,
    locals_dict, &waiters_locals
    );
