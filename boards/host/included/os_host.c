// Included by extmod/modos.c.

#include "py/mphal.h"

static mp_obj_t mp_os_urandom(mp_obj_t n_in) {
    mp_int_t n = mp_obj_get_int(n_in);
    if (n < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("urandom(n): n must not be negative"));
    }
    vstr_t bytes;
    vstr_init_len(&bytes, n);
    mp_hal_get_random(n, bytes.buf);
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
