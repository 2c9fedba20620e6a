// Imports while threads run: a module that is half imported must not be seen by another thread.
//
// In C, since a function written in Python in place of __import__ breaks relative imports:
// MicroPython resolves them by the globals of whatever Python function runs.

#include <string.h>

#include "py/builtin.h"
#include "kernel.h"

static void unlock(void *node) {
    (void)node;
    if (--coil_lock_depth == 0 && coil_resched) {
        coil_kick();
    }
}

// Is it the attribute of a package that is imported at its first use (docs/adr/0002-import-closure.md)?
static bool for_lazy_table(size_t n_args, const mp_obj_t *args) {
    return n_args > 1 && mp_obj_is_type(args[1], &mp_type_dict)
           && mp_map_lookup(mp_obj_dict_get_map(args[1]), MP_OBJ_NEW_QSTR(MP_QSTR___getattr__), MP_MAP_LOOKUP) != NULL;
}

// Plain code at the base level may import a program that never ends, so there only lazy tables are
// served under the lock.
static bool is_locked_import(size_t n_args, const mp_obj_t *args) {
    return MP_STATE_VM(coil_kernel_drain) != MP_OBJ_NULL && coil_lock_depth != 255
           && (coil_running() != NULL || for_lazy_table(n_args, args));
}

// imported(): called when asyncio, or a part of it, has been imported.
MP_REGISTER_ROOT_POINTER(mp_obj_t coil_imported_hook);

static mp_obj_t import_and_tell(size_t n_args, const mp_obj_t *args) {
    mp_obj_t module = mp_builtin___import___default(n_args, args);
    mp_obj_t hook = MP_STATE_VM(coil_imported_hook);
    if (hook != MP_OBJ_NULL && strncmp(mp_obj_str_get_str(args[0]), "asyncio", 7) == 0) {
        mp_call_function_0(hook);
    }
    return module;
}

// Takes the place of __import__ (micropython.mk).
mp_obj_t coil_import(size_t n_args, const mp_obj_t *args);
mp_obj_t coil_import(size_t n_args, const mp_obj_t *args) {
    if (!is_locked_import(n_args, args)) {
        return import_and_tell(n_args, args);
    }
    ++coil_lock_depth;
    nlr_jump_callback_node_t node;
    nlr_push_jump_callback(&node, unlock);
    mp_obj_t module = import_and_tell(n_args, args);
    nlr_pop_jump_callback(true);
    return module;
}
