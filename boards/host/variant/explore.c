// The schedule explorer's hook: an interrupt at a chosen branch of the running bytecode.
//
// A branch counts when a scheduler callback could run there: when the scheduler is not locked. So
// the numbers 1, 2, 3 … name exactly the places where a program can be preempted, and with the same
// program they name the same places in every run.

#include "py/bc.h"
#include "py/objfun.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "host.h"

bool host_explore_armed; // asked at each branch

static bool counting;
static mp_uint_t branches;
static mp_uint_t countdown; // 0: nothing planned
static bool hard;

// Where the last plan fired.
static qstr place_file;
static qstr place_function;
static size_t place_line;

MP_REGISTER_ROOT_POINTER(mp_obj_t host_explore_callback);

static void rearm(void) {
    host_explore_armed = counting || countdown != 0;
}

void explore_deinit(void) {
    counting = false;
    countdown = 0;
    MP_STATE_VM(host_explore_callback) = MP_OBJ_NULL;
    place_line = 0;
    rearm();
}

// As py/vm.c does for tracebacks.
static void note_place(const mp_code_state_t *code_state, const byte *at) {
    const byte *ip = code_state->fun_bc->bytecode;
    MP_BC_PRELUDE_SIG_DECODE(ip);
    MP_BC_PRELUDE_SIZE_DECODE(ip);
    (void)n_state;
    (void)n_exc_stack;
    (void)scope_flags;
    (void)n_def_pos_args;
    const byte *line_info_top = ip + n_info;
    size_t offset = at - (line_info_top + n_cell);
    place_function = mp_decode_uint_value(ip);
    for (size_t i = 0; i < 1 + n_pos_args + n_kwonly_args; ++i) {
        ip = mp_decode_uint_skip(ip);
    }
    #if MICROPY_EMIT_BYTECODE_USES_QSTR_TABLE
    place_function = code_state->fun_bc->context->constants.qstr_table[place_function];
    place_file = code_state->fun_bc->context->constants.qstr_table[0];
    #else
    place_file = code_state->fun_bc->context->constants.source_file;
    #endif
    place_line = mp_bytecode_get_source_line(ip, line_info_top, offset);
}

static void fire(void) {
    if (hard) {
        irq_raise(IRQ_EXPLORE);
    } else if (!mp_sched_schedule(MP_STATE_VM(host_explore_callback), mp_obj_new_int_from_uint(branches))) {
        countdown = 1; // the queue is full: one callback leaves it here, so there is room at the next
        rearm();
    }
}

// Called by the virtual machine at each branch, just before it looks for callbacks. It goes on at ip.
void host_explore_branch(const void *code_state, const byte *ip) {
    if (MP_STATE_VM(sched_state) < 0) {
        return;
    }
    ++branches;
    if (countdown != 0 && --countdown == 0) {
        rearm();
        note_place(code_state, ip);
        fire();
    }
}

void explore_isr(void) {
    irq_call_hard(MP_STATE_VM(host_explore_callback), mp_obj_new_int_from_uint(branches));
}

// branches(start=None) -> the number of branches counted; with a number counting starts from
// there, with None it stops.
static mp_obj_t host_branches(size_t n_args, const mp_obj_t *args) {
    mp_uint_t before = branches;
    if (n_args == 1) {
        counting = args[0] != mp_const_none;
        if (counting) {
            branches = mp_obj_get_int(args[0]);
        }
        rearm();
    }
    return mp_obj_new_int_from_uint(before);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_branches_obj, 0, 1, host_branches);

// preempt_at(n, callback=None, hard=False): at the n-th branch from here callback(branches) runs
// as a scheduler callback; hard: as an interrupt handler. One plan at a time; n = 0 takes it back.
static mp_obj_t host_preempt_at(size_t n_args, const mp_obj_t *args) {
    mp_int_t n = mp_obj_get_int(args[0]);
    if (n < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("preempt_at(n): n is the number of branches from here, or 0"));
    }
    if (n > 0) {
        if (n_args < 2 || args[1] == mp_const_none) {
            mp_raise_TypeError(MP_ERROR_TEXT("preempt_at(n, callback): the callback is missing"));
        }
        hard = n_args > 2 && mp_obj_is_true(args[2]);
        MP_STATE_VM(host_explore_callback) = args[1];
    }
    countdown = n;
    rearm();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_preempt_at_obj, 1, 3, host_preempt_at);

// preempted() -> (file, line, function): where the program goes on behind the branch at which the
// last plan fired; None: none has.
static mp_obj_t host_preempted(void) {
    if (place_line == 0) {
        return mp_const_none;
    }
    mp_obj_t place[] = {
        MP_OBJ_NEW_QSTR(place_file), MP_OBJ_NEW_SMALL_INT(place_line), MP_OBJ_NEW_QSTR(place_function),
    };
    return mp_obj_new_tuple(3, place);
}
MP_DEFINE_CONST_FUN_OBJ_0(host_preempted_obj, host_preempted);
