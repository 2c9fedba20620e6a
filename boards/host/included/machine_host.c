// Included by extmod/modmachine.c: the functions of machine that need C.

#include "py/mphal.h"
#include "host.h"

#define FREQUENCY_HZ (1000000000) // what time.ticks_cpu() and _native.cycles() count

// Addresses are the board's: the disk is where board mps2 has it. Others are taken as they are,
// for uctypes.addressof().
uintptr_t mod_machine_mem_get_addr(mp_obj_t address_in, uint align) {
    uintptr_t address = mp_obj_get_int_truncated(address_in);
    if ((address & (align - 1)) != 0) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("address %08x is not aligned to %d bytes"), (unsigned int)address, (int)align);
    }
    if (address - DISK_ADDRESS < DISK_BYTES) {
        return (uintptr_t)disk + (address - DISK_ADDRESS);
    }
    return address;
}

// Wait for an interrupt, as WFI does; the callbacks run at the next branch of the caller.
static void mp_machine_idle(void) {
    host_wait(-1);
}

static void mp_machine_reset(void) {
    host_reset(CAUSE_RESET);
}

static mp_int_t mp_machine_reset_cause(void) {
    return host_reset_cause;
}

static mp_obj_t mp_machine_unique_id(void) {
    uint32_t words[2] = { page_get(PAGE_UNIQUE_ID), page_get(PAGE_UNIQUE_ID + 4) };
    return mp_obj_new_bytes((const byte *)words, sizeof(words));
}

static mp_obj_t mp_machine_get_freq(void) {
    return MP_OBJ_NEW_SMALL_INT(FREQUENCY_HZ);
}

static void mp_machine_set_freq(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    (void)args;
    mp_raise_ValueError(MP_ERROR_TEXT("the clock of this board cannot be changed"));
}

// lightsleep([time_ms]): until an interrupt or the time.
static void mp_machine_lightsleep(size_t n_args, const mp_obj_t *args) {
    mp_int_t time_ms = n_args == 1 ? mp_obj_get_int(args[0]) : -1;
    host_wait(time_ms);
}

// deepsleep([time_ms]): a reset after the time; without one after a signal to the process.
static void mp_machine_deepsleep(size_t n_args, const mp_obj_t *args) {
    mp_machine_lightsleep(n_args, args);
    host_reset(CAUSE_DEEPSLEEP);
}

#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(CAUSE_POWER_ON) }, \
    { MP_ROM_QSTR(MP_QSTR_HARD_RESET), MP_ROM_INT(CAUSE_RESET) }, \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(CAUSE_WATCHDOG) }, \
    { MP_ROM_QSTR(MP_QSTR_DEEPSLEEP_RESET), MP_ROM_INT(CAUSE_DEEPSLEEP) }, \
    { MP_ROM_QSTR(MP_QSTR_SOFT_RESET), MP_ROM_INT(CAUSE_SOFT_RESET) }, \
    { MP_ROM_QSTR(MP_QSTR_BROWN_OUT_RESET), MP_ROM_INT(CAUSE_BROWN_OUT) },

// Classes are in Python: modules/_machine.py.
void host_machine_look_up_class(mp_obj_t self, qstr name, mp_obj_t *dest) {
    (void)self;
    char first = qstr_str(name)[0];
    if (dest[0] == MP_OBJ_NULL && first >= 'A' && first <= 'Z') {
        mp_obj_t classes = mp_import_name(MP_QSTR__machine, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
        mp_load_method_maybe(classes, name, dest);
    }
}
MP_REGISTER_MODULE_DELEGATION(mp_module_machine, host_machine_look_up_class);
