// What threads print while a host tool talks to the board by the raw REPL: kept, to be printed later.

#include <string.h>

#include "shared/runtime/pyexec.h"
#include "kernel.h"

#define OUTPUT_BYTES (1024)

// Not every port has a REPL of its own.
#pragma weak pyexec_mode_kind

static char ring[OUTPUT_BYTES];
static size_t first;
static size_t count;
static uint32_t lost;

void coil_output_deinit(void) {
    count = 0;
    lost = 0;
}

static bool raw_repl(void) {
    return &pyexec_mode_kind != NULL && pyexec_mode_kind == PYEXEC_MODE_RAW_REPL;
}

// The newest are dropped when the ring is full: what comes first says more about what went wrong.
bool coil_native_output(const char *text, size_t bytes) {
    if (!raw_repl() || !coil_in_background()) {
        return false;
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    size_t room = MIN(bytes, OUTPUT_BYTES - count);
    size_t at = (first + count) % OUTPUT_BYTES;
    size_t to_end = MIN(room, OUTPUT_BYTES - at);
    memcpy(ring + at, text, to_end);
    memcpy(ring, text + to_end, room - to_end);
    count += room;
    lost += bytes - room;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return true;
}

// output(buffer) -> how many bytes of kept output it has moved into the bytearray; 0 while the raw REPL
// is active. They are as they would have gone to the console.
static mp_obj_t native_output(mp_obj_t buffer) {
    mp_buffer_info_t memory;
    mp_get_buffer_raise(buffer, &memory, MP_BUFFER_WRITE);
    if (raw_repl()) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    size_t bytes = MIN(memory.len, count);
    size_t to_end = MIN(bytes, OUTPUT_BYTES - first);
    memcpy(memory.buf, ring + first, to_end);
    memcpy((char *)memory.buf + to_end, ring, bytes - to_end);
    first = (first + bytes) % OUTPUT_BYTES;
    count -= bytes;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return MP_OBJ_NEW_SMALL_INT(bytes);
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_output_obj, native_output);

// output_lost() -> how many bytes found no room since the last call.
static mp_obj_t native_output_lost(void) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    uint32_t before = lost;
    lost = 0;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_obj_new_int_from_uint(before);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_output_lost_obj, native_output_lost);

// raw_repl() -> whether a host tool talks to the board.
static mp_obj_t native_raw_repl(void) {
    return mp_obj_new_bool(raw_repl());
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_raw_repl_obj, native_raw_repl);
