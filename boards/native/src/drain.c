// Drain: the kernel's entry from the MicroPython scheduler.
//
// Only code that the scheduler's Python queue called may open the scheduler, and only this file
// can know that it was called so: what goes into the queue is an object that Python never sees.

#include "kernel.h"

#define OVER_STRAND (2) // as enter() says it

typedef struct {
    mp_obj_base_t base;
    mp_obj_t function;
    mp_obj_t reserve; // NULL: the function does all
    mp_sched_item_t displaced; // what had the last place in MicroPython's full queue
    volatile bool pending;
} entry_t;

typedef struct {
    mp_obj_base_t base;
    entry_t *entry;
} drain_t;

volatile bool coil_drain_active;

typedef struct {
    nlr_jump_callback_node_t node; // must be first: leave() gets its address
    bool goes_on;
} drained_t;

static void enter(drained_t *drained) {
    if (coil_nest_depth == 0) {
        coil_drain_begins();
    }
    drained->goes_on = coil_goes_on;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_drain_active = true;
    coil_interrupt_take();
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

static void leave(void *node) {
    coil_goes_on = ((drained_t *)node)->goes_on;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_drain_active = false;
    if (coil_nest_depth == 0) {
        coil_drain_ends();
        if (!coil_keeps_interrupts) {
            coil_interrupt_give();
        }
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

// What most drains come to, without Python: make the posted calls, and step what may run on top of the
// strand that the drain has interrupted. The function gets the rest.
//
// Not inline: what nlr_push() catches runs those jump callbacks that lie deeper in the stack than its
// buffer, and by the addresses that would include the caller's.
static MP_NOINLINE void drain_by_itself(entry_t *self) {
    mp_obj_t where = MP_OBJ_NEW_SMALL_INT(0);
    mp_obj_t result = mp_const_none;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        where = coil_enter(self->reserve);
        if (where == MP_OBJ_NEW_SMALL_INT(OVER_STRAND) && !coil_hosting()) {
            result = coil_nest(MP_OBJ_FROM_PTR(&coil_run_obj), MP_OBJ_NEW_SMALL_INT(0));
        }
        nlr_pop();
        if (where == MP_OBJ_NEW_SMALL_INT(0) || result == MP_OBJ_NEW_SMALL_INT(0)) {
            return;
        }
    } else {
        where = MP_OBJ_NEW_SMALL_INT(0);
        result = MP_OBJ_FROM_PTR(nlr.ret_val);
    }
    mp_call_function_2(self->function, where, result);
}

static mp_obj_t entry_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    entry_t *self = MP_OBJ_TO_PTR(self_in);
    (void)n_args;
    (void)n_kw;
    (void)args;
    mp_sched_item_t displaced = self->displaced;
    self->displaced.func = self->displaced.arg = MP_OBJ_NULL;
    if (displaced.func != MP_OBJ_NULL) {
        mp_call_function_1_protected(displaced.func, displaced.arg);
    }
    // Cleared first, so that work that arrives from here on queues the drain again.
    self->pending = false;
    drained_t drained;
    enter(&drained);
    nlr_push_jump_callback(&drained.node, leave);
    if (self->reserve == MP_OBJ_NULL) {
        mp_call_function_0(self->function);
    } else {
        drain_by_itself(self);
    }
    nlr_pop_jump_callback(true);
    return mp_const_none;
}

static MP_DEFINE_CONST_OBJ_TYPE(
    entry_type, MP_QSTR_, MP_TYPE_FLAG_NONE,
    call, entry_call
    );

// Drain(function): function() is called by the scheduler after each pend().
// Drain(function, reserve): after each pend() enter(reserve) and, over a strand, run(0) are called;
// function(where, result) if that is not all. where: what enter() has returned; 0: result has been raised.
// result: what run() has returned; None: it was not called.
static mp_obj_t drain_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 2, false);
    if (!mp_obj_is_callable(args[0])) {
        mp_raise_TypeError(MP_ERROR_TEXT("Drain(function): pass something that can be called"));
    }
    drain_t *self = mp_obj_malloc(drain_t, type);
    self->entry = mp_obj_malloc(entry_t, &entry_type);
    self->entry->function = args[0];
    self->entry->reserve = n_args > 1 ? args[1] : MP_OBJ_NULL;
    self->entry->displaced.func = self->entry->displaced.arg = MP_OBJ_NULL;
    self->entry->pending = false;
    return MP_OBJ_FROM_PTR(self);
}

// A full queue is no reason to lose a drain: it shares the last place with what is there, and comes
// after that.
void coil_drain_pend(mp_obj_t self_in) {
    entry_t *entry = ((drain_t *)MP_OBJ_TO_PTR(self_in))->entry;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (!entry->pending) {
        entry->pending = true;
        if (!mp_sched_schedule(MP_OBJ_FROM_PTR(entry), mp_const_none)) {
            size_t last = (MP_STATE_VM(sched_idx) + MP_STATE_VM(sched_len) - 1) & (MICROPY_SCHEDULER_DEPTH - 1);
            mp_sched_item_t *place = &MP_STATE_VM(sched_queue)[last];
            entry->displaced = *place;
            place->func = MP_OBJ_FROM_PTR(entry);
            place->arg = mp_const_none;
        }
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

// pend(): queue the call of the function unless it is queued already.
static mp_obj_t drain_pend(mp_obj_t self_in) {
    coil_drain_pend(self_in);
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_1(drain_pend_obj, drain_pend);

// A Drain is a callback for any interrupt: whatever its arguments are, it pends.
static mp_obj_t drain_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)n_args;
    (void)n_kw;
    (void)args;
    return drain_pend(self_in);
}

static const mp_rom_map_elem_t drain_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_pend), MP_ROM_PTR(&drain_pend_obj) },
};
static MP_DEFINE_CONST_DICT(drain_locals, drain_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_drain_type, MP_QSTR_Drain, MP_TYPE_FLAG_NONE,
    make_new, drain_make_new,
    call, drain_call,
    locals_dict, &drain_locals
    );
