// stack_left: how much of the C stack nested calls may still use.

#include "native.h"
#include "py/cstack.h"

// stack_left() -> bytes until MicroPython raises "maximum recursion depth exceeded".
static mp_obj_t native_stack_left(void) {
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)MP_STATE_THREAD(stack_limit) - (mp_int_t)mp_cstack_usage());
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_stack_left_obj, native_stack_left);
