// EventFlags: 31 bits that strands wait for, any or all of some. Setting works in any context.

#include "py/smallint.h"
#include "kernel.h"

typedef struct {
    coil_waitable_t waitable;
    volatile uint32_t bits;
} flags_t;

#define BITS_ALL (0x7fffffff)
static mp_obj_t flags_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    flags_t *self = mp_obj_malloc(flags_t, type);
    self->waitable.tail = NULL;
    self->bits = 0;
    return MP_OBJ_FROM_PTR(self);
}


// Whether an int that is no small one fits; on boards of 32 bits those with bit 30 are such.
static bool get_long_bits(mp_obj_t bits_in, mp_uint_t *bits) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        *bits = mp_obj_int_get_uint_checked(bits_in);
        nlr_pop();
        return true;
    }
    return false;
}

static uint32_t get_bits(mp_obj_t bits_in) {
    mp_uint_t bits = 0;
    bool fits = true;
    if (mp_obj_is_small_int(bits_in)) {
        bits = MP_OBJ_SMALL_INT_VALUE(bits_in); // huge if it is negative
    } else if (mp_obj_is_int(bits_in)) {
        fits = get_long_bits(bits_in, &bits);
    } else {
        mp_raise_TypeError(MP_ERROR_TEXT("flags are an int"));
    }
    if (!fits || bits > BITS_ALL) {
        mp_raise_ValueError(MP_ERROR_TEXT("flags are bits 0 to 30; bit 31 cannot be used"));
    }
    return bits;
}

// With bit 30 this allocates on boards of 32 bits: not with interrupts off, and an interrupt handler,
// which has no heap, gets None then.
static mp_obj_t new_bits(uint32_t bits) {
    if (!MP_SMALL_INT_FITS((mp_int_t)bits) && coil_native_in_isr()) {
        return mp_const_none;
    }
    return mp_obj_new_int_from_uint(bits);
}

static bool satisfied(uint32_t bits, uint32_t wanted, bool all) {
    return all ? (bits & wanted) == wanted : (bits & wanted) != 0;
}

// Serve the waiting strands, in their order. Interrupts are off. What they get is kept as a number
// that strand_next() makes an object of: here there may be no heap.
static void serve(flags_t *self) {
    coil_strand_t *strand = coil_list_first(self->waitable.tail);
    while (strand != NULL) {
        coil_strand_t *next = strand == self->waitable.tail ? NULL : strand->next;
        uint32_t wanted = strand->bits;
        if (satisfied(self->bits, wanted, strand->flags & STRAND_ALL)) {
            coil_list_remove(&self->waitable.tail, strand);
            strand->waits_for = NULL;
            strand->bits = self->bits;
            if (strand->flags & STRAND_CLEARS) {
                self->bits &= ~wanted;
            }
            coil_strand_flags(strand, 0, STRAND_BITS);
            coil_ready(strand);
        }
        strand = next;
    }
}

// set(bits) -> the flags after it.
static mp_obj_t flags_set(mp_obj_t self_in, mp_obj_t bits_in) {
    flags_t *self = MP_OBJ_TO_PTR(self_in);
    uint32_t bits = get_bits(bits_in);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    self->bits |= bits;
    serve(self);
    bits = self->bits;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return new_bits(bits);
}
static MP_DEFINE_CONST_FUN_OBJ_2(flags_set_obj, flags_set);

// clear(bits=all) -> the flags before it.
static mp_obj_t flags_clear(size_t n_args, const mp_obj_t *args) {
    flags_t *self = MP_OBJ_TO_PTR(args[0]);
    uint32_t bits = n_args > 1 ? get_bits(args[1]) : BITS_ALL;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    uint32_t before = self->bits;
    self->bits &= ~bits;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return new_bits(before);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flags_clear_obj, 1, 2, flags_clear);

// get() -> the flags.
static mp_obj_t flags_get(mp_obj_t self_in) {
    return new_bits(((flags_t *)MP_OBJ_TO_PTR(self_in))->bits);
}
static MP_DEFINE_CONST_FUN_OBJ_1(flags_get_obj, flags_get);

static mp_obj_t flags_wait(qstr method, uint16_t all, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_bits, ARG_clear, ARG_timeout_ms };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_bits, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_clear, MP_ARG_BOOL, {.u_bool = true} },
        { MP_QSTR_timeout_ms, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    flags_t *self = MP_OBJ_TO_PTR(pos_args[0]);
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    uint32_t wanted = get_bits(args[ARG_bits].u_obj);
    if (wanted == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("wait for one flag at least"));
    }
    coil_strand_t *strand = coil_begin();
    if (strand == NULL) {
        mp_obj_t all_args[3] = {
            args[ARG_bits].u_obj, mp_obj_new_bool(args[ARG_clear].u_bool), args[ARG_timeout_ms].u_obj,
        };
        return coil_outside(pos_args[0], method, 3, all_args);
    }
    mp_obj_t awaitable = MP_OBJ_FROM_PTR(strand);
    if (!satisfied(self->bits, wanted, all) && coil_set_timeout(strand, args[ARG_timeout_ms].u_obj)) {
        return awaitable;
    }
    uint16_t clears = args[ARG_clear].u_bool ? STRAND_CLEARS : 0;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (satisfied(self->bits, wanted, all)) {
        strand->bits = self->bits;
        if (clears) {
            self->bits &= ~wanted;
        }
        coil_strand_flags(strand, 0, STRAND_SERVED | STRAND_BITS);
    } else {
        strand->bits = wanted;
        coil_strand_flags(strand, STRAND_ALL | STRAND_CLEARS, all | clears);
        coil_park(strand, &self->waitable);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return awaitable;
}

// wait_any(bits, clear=True, timeout_ms=None) -> awaitable of the flags before clearing
static mp_obj_t flags_wait_any(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    return flags_wait(MP_QSTR_wait_any, 0, n_args, args, kw_args);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(flags_wait_any_obj, 1, flags_wait_any);

// wait_all(bits, clear=True, timeout_ms=None) -> awaitable of the flags before clearing
static mp_obj_t flags_wait_all(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    return flags_wait(MP_QSTR_wait_all, STRAND_ALL, n_args, args, kw_args);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(flags_wait_all_obj, 1, flags_wait_all);

static void flags_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "<EventFlags 0x%x>", (unsigned)((flags_t *)MP_OBJ_TO_PTR(self_in))->bits);
}

static const mp_rom_map_elem_t flags_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_set), MP_ROM_PTR(&flags_set_obj) },
    { MP_ROM_QSTR(MP_QSTR_clear), MP_ROM_PTR(&flags_clear_obj) },
    { MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&flags_get_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait_any), MP_ROM_PTR(&flags_wait_any_obj) },
    { MP_ROM_QSTR(MP_QSTR_wait_all), MP_ROM_PTR(&flags_wait_all_obj) },
};
static MP_DEFINE_CONST_DICT(flags_locals, flags_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(
    coil_flags_type, MP_QSTR_EventFlags, MP_TYPE_FLAG_NONE,
    make_new, flags_make_new,
    print, flags_print,
    locals_dict, &flags_locals
    );
