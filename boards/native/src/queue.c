// Queue: items from any context to strands, by priority, first come first served among equals.
// os/rtos/_plainqueue.py is the same in Python.

#include "kernel.h"

#define PRIORITY_MAX (255)

typedef struct {
    coil_waitable_t getters;
    coil_waitable_t *putters; // an object of its own, which strands refer to; `value` is the item
    mp_obj_t *items; // a ring
    uint8_t *priorities;
    size_t size;
    size_t head;
    size_t count;
    size_t dropped;
} queue_t;

// Queue(size)
static mp_obj_t queue_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    if (!mp_obj_is_small_int(args[0]) || MP_OBJ_SMALL_INT_VALUE(args[0]) < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("Queue(size): room for one item at least"));
    }
    queue_t *self = m_new0(queue_t, 1);
    self->getters.base.type = type;
    self->putters = mp_obj_malloc(coil_waitable_t, &coil_waiters_type);
    self->putters->tail = NULL;
    self->size = MP_OBJ_SMALL_INT_VALUE(args[0]);
    self->items = m_new0(mp_obj_t, self->size);
    self->priorities = m_new0(uint8_t, self->size);
    return MP_OBJ_FROM_PTR(self);
}

static uint8_t get_priority(mp_obj_t priority) {
    if (!mp_obj_is_small_int(priority) || MP_OBJ_SMALL_INT_VALUE(priority) < 0
        || MP_OBJ_SMALL_INT_VALUE(priority) > PRIORITY_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("priority: 0 to 255, higher ones come out first"));
    }
    return MP_OBJ_SMALL_INT_VALUE(priority);
}

static size_t place(queue_t *self, size_t n) {
    size_t at = self->head + n;
    return at < self->size ? at : at - self->size;
}

// There is room, so nobody waits to put; who waits to get waits for this item. Interrupts are off.
static void store(queue_t *self, mp_obj_t item, uint8_t priority) {
    coil_strand_t *getter = coil_waitable_pop(&self->getters);
    if (getter != NULL) {
        getter->value = item;
        return;
    }
    size_t n = self->count++;
    for (; n > 0 && self->priorities[place(self, n - 1)] < priority; --n) {
        self->items[place(self, n)] = self->items[place(self, n - 1)];
        self->priorities[place(self, n)] = self->priorities[place(self, n - 1)];
    }
    self->items[place(self, n)] = item;
    self->priorities[place(self, n)] = priority;
}

// Take the first item, and let in who waits for the room. Interrupts are off.
static mp_obj_t take(queue_t *self) {
    mp_obj_t item = self->items[self->head];
    self->items[self->head] = MP_OBJ_NULL;
    self->head = place(self, 1);
    --self->count;
    coil_strand_t *putter = coil_list_first(self->putters->tail);
    if (putter != NULL) {
        store(self, putter->value, putter->bits);
        putter->value = mp_const_none;
        coil_waitable_pop(self->putters);
    }
    return item;
}

enum { ARG_item, ARG_priority, ARG_timeout_ms, ARGS };

static void parse_put(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args, mp_obj_t *parsed) {
    static const mp_arg_t allowed[] = {
        { MP_QSTR_item, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_priority, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)} },
        { MP_QSTR_timeout_ms, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    if (n_args == 2 && kw_args->used == 0) { // as most often
        parsed[ARG_item] = pos_args[1];
        parsed[ARG_priority] = MP_OBJ_NEW_SMALL_INT(0);
        parsed[ARG_timeout_ms] = mp_const_none;
        return;
    }
    mp_arg_val_t values[ARGS];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, ARGS, allowed, values);
    for (size_t i = 0; i < ARGS; ++i) {
        parsed[i] = values[i].u_obj;
    }
}

// put(item, priority=0, timeout_ms=None) -> awaitable
static mp_obj_t queue_put(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    queue_t *self = MP_OBJ_TO_PTR(pos_args[0]);
    mp_obj_t args[ARGS];
    parse_put(n_args, pos_args, kw_args, args);
    uint8_t priority = get_priority(args[ARG_priority]);
    coil_strand_t *strand = coil_begin();
    if (strand == NULL) {
        return coil_outside(pos_args[0], MP_QSTR_put, ARGS, args);
    }
    // The time-out first: to set it takes a while, and there may be room meanwhile.
    if (self->count == self->size && coil_set_timeout(strand, args[ARG_timeout_ms])) {
        return MP_OBJ_FROM_PTR(strand);
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (self->count < self->size) {
        store(self, args[ARG_item], priority);
        coil_served(strand, mp_const_none);
    } else {
        strand->value = args[ARG_item];
        strand->bits = priority;
        coil_park(strand, self->putters);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return MP_OBJ_FROM_PTR(strand);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(queue_put_obj, 2, queue_put);

// get(timeout_ms=None) -> awaitable of the item
static mp_obj_t queue_get(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    queue_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_obj_t timeout_ms = coil_timeout_argument(n_args, args, kw_args);
    coil_strand_t *strand = coil_begin();
    if (strand == NULL) {
        return coil_outside(args[0], MP_QSTR_get, 1, &timeout_ms);
    }
    if (self->count == 0 && coil_set_timeout(strand, timeout_ms)) {
        return MP_OBJ_FROM_PTR(strand);
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (self->count > 0) {
        coil_served(strand, take(self));
    } else {
        coil_park(strand, &self->getters);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return MP_OBJ_FROM_PTR(strand);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(queue_get_obj, 1, queue_get);

// put_nowait(item, priority=0) -> whether there was room; if not it is counted.
static mp_obj_t queue_put_nowait(size_t n_args, const mp_obj_t *args) {
    queue_t *self = MP_OBJ_TO_PTR(args[0]);
    uint8_t priority = n_args > 2 ? get_priority(args[2]) : 0;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    bool fits = self->count < self->size;
    if (fits) {
        store(self, args[1], priority);
    } else {
        ++self->dropped;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_obj_new_bool(fits);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(queue_put_nowait_obj, 2, 3, queue_put_nowait);

// get_nowait(default=None) -> the item, or the default.
static mp_obj_t queue_get_nowait(size_t n_args, const mp_obj_t *args) {
    queue_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_obj_t item = n_args > 1 ? args[1] : mp_const_none;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (self->count > 0) {
        item = take(self);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return item;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(queue_get_nowait_obj, 1, 2, queue_get_nowait);

static mp_obj_t queue_qsize(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(((queue_t *)MP_OBJ_TO_PTR(self_in))->count);
}
static MP_DEFINE_CONST_FUN_OBJ_1(queue_qsize_obj, queue_qsize);

static mp_obj_t queue_empty(mp_obj_t self_in) {
    return mp_obj_new_bool(((queue_t *)MP_OBJ_TO_PTR(self_in))->count == 0);
}
static MP_DEFINE_CONST_FUN_OBJ_1(queue_empty_obj, queue_empty);

static mp_obj_t queue_full(mp_obj_t self_in) {
    queue_t *self = MP_OBJ_TO_PTR(self_in);
    return mp_obj_new_bool(self->count == self->size);
}
static MP_DEFINE_CONST_FUN_OBJ_1(queue_full_obj, queue_full);

static void queue_attr(mp_obj_t self_in, qstr attribute, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return;
    }
    if (attribute == MP_QSTR_dropped) {
        dest[0] = mp_obj_new_int_from_uint(((queue_t *)MP_OBJ_TO_PTR(self_in))->dropped);
    } else {
        dest[1] = MP_OBJ_SENTINEL;
    }
}

static void queue_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    queue_t *self = MP_OBJ_TO_PTR(self_in);
    (void)kind;
    mp_printf(print, "<Queue %u of %u>", (unsigned)self->count, (unsigned)self->size);
}

static const mp_rom_map_elem_t queue_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&queue_put_obj) },
    { MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&queue_get_obj) },
    { MP_ROM_QSTR(MP_QSTR_put_nowait), MP_ROM_PTR(&queue_put_nowait_obj) },
    { MP_ROM_QSTR(MP_QSTR_get_nowait), MP_ROM_PTR(&queue_get_nowait_obj) },
    { MP_ROM_QSTR(MP_QSTR_qsize), MP_ROM_PTR(&queue_qsize_obj) },
    { MP_ROM_QSTR(MP_QSTR_empty), MP_ROM_PTR(&queue_empty_obj) },
    { MP_ROM_QSTR(MP_QSTR_full), MP_ROM_PTR(&queue_full_obj) },
};
static MP_DEFINE_CONST_DICT(queue_locals, queue_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_queue_type, MP_QSTR_Queue, MP_TYPE_FLAG_NONE,
    make_new, queue_make_new,
    print, queue_print,
    attr, queue_attr,
    locals_dict, &queue_locals
    );
