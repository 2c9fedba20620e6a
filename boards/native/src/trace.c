// The trace ring: records of cycles, id and argument, written without allocating.

#include <string.h>

#include "native.h"

typedef struct {
    uint32_t cycles;
    uint32_t id;
    int32_t argument;
} record_t;

static struct {
    size_t index; // where the next record goes
    size_t count; // records written since trace_start()
} ring;

// The buffer, or MP_OBJ_NULL while no trace runs. Its memory is looked up for each record,
// because a bytearray may grow and move.
MP_REGISTER_ROOT_POINTER(mp_obj_t coil_trace_buffer);

void coil_trace_deinit(void) {
    MP_STATE_VM(coil_trace_buffer) = MP_OBJ_NULL;
}

// trace_start(buffer): write into a bytearray from here on; the oldest records are overwritten.
static mp_obj_t native_trace_start(mp_obj_t buffer) {
    mp_buffer_info_t memory;
    mp_get_buffer_raise(buffer, &memory, MP_BUFFER_RW);
    if (memory.len < sizeof(record_t)) {
        mp_raise_ValueError(MP_ERROR_TEXT("trace_start(buffer): a record takes 12 bytes"));
    }
    coil_trace_deinit();
    ring.index = 0;
    ring.count = 0;
    MP_STATE_VM(coil_trace_buffer) = buffer;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_trace_start_obj, native_trace_start);

// trace(id, argument): write a record, or nothing when no trace runs.
static mp_obj_t native_trace(mp_obj_t id, mp_obj_t argument) {
    if (MP_STATE_VM(coil_trace_buffer) == MP_OBJ_NULL) {
        return mp_const_none;
    }
    record_t record = { 0, mp_obj_get_int_truncated(id), mp_obj_get_int_truncated(argument) };
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    record.cycles = coil_native_cycles();
    // Asked again: an interrupt handler may have ended the trace.
    mp_obj_t buffer = MP_STATE_VM(coil_trace_buffer);
    mp_buffer_info_t memory;
    if (buffer != MP_OBJ_NULL && mp_get_buffer(buffer, &memory, MP_BUFFER_RW) && memory.len >= sizeof(record)) {
        if ((ring.index + 1) * sizeof(record) > memory.len) {
            ring.index = 0;
        }
        memcpy((byte *)memory.buf + ring.index * sizeof(record), &record, sizeof(record));
        ++ring.index;
        ++ring.count;
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(coil_trace_obj, native_trace);

// trace_stop() -> records written since trace_start(), which may be more than the buffer holds.
static mp_obj_t native_trace_stop(void) {
    if (MP_STATE_VM(coil_trace_buffer) == MP_OBJ_NULL) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    coil_trace_deinit();
    return mp_obj_new_int_from_uint(ring.count);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_trace_stop_obj, native_trace_stop);
