// cycles: a free counter for measuring and tracing.

#include "native.h"
#include "py/mphal.h"

// What always fits a small int, also where objects have 32 bits.
#define CYCLES_MASK (0x3fffffff)

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && __ARM_ARCH >= 7

// The cycle counter of the data watchpoint unit (ARMv7-M reference manual, C1.6 and C1.8).
#define DEMCR (*(volatile uint32_t *)0xe000edfc)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL (*(volatile uint32_t *)0xe0001000)
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CYCCNT (*(volatile uint32_t *)0xe0001004)

MP_WEAK mp_uint_t coil_native_cycles(void) {
    if (!(DWT_CTRL & DWT_CTRL_CYCCNTENA)) {
        DEMCR |= DEMCR_TRCENA;
        DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    }
    return DWT_CYCCNT;
}

// The core's clock, measured against the microsecond clock. Exact to about one per mille.
MP_WEAK mp_uint_t coil_native_cycles_hz(void) {
    mp_uint_t start_us = mp_hal_ticks_us();
    mp_uint_t start = coil_native_cycles();
    mp_uint_t elapsed_us;
    do {
        elapsed_us = mp_hal_ticks_us() - start_us;
    } while (elapsed_us < 10000);
    return (uint64_t)(coil_native_cycles() - start) * 1000000 / elapsed_us;
}

#else

MP_WEAK mp_uint_t coil_native_cycles(void) {
    return mp_hal_ticks_us();
}

MP_WEAK mp_uint_t coil_native_cycles_hz(void) {
    return 1000000;
}

#endif

// cycles() -> the counter modulo 2**30.
static mp_obj_t native_cycles(void) {
    return MP_OBJ_NEW_SMALL_INT(coil_native_cycles() & CYCLES_MASK);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_cycles_obj, native_cycles);

// cycles_hz() -> counts a second.
static mp_obj_t native_cycles_hz(void) {
    return mp_obj_new_int_from_uint(coil_native_cycles_hz());
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_cycles_hz_obj, native_cycles_hz);
