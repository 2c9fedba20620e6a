// Deadlines: a heap of the strands that wait for a time, and the clock they wait by.

#include "py/mperrno.h"
#include "py/mphal.h"
#include "kernel.h"

MP_REGISTER_ROOT_POINTER(struct _coil_strand_t *coil_deadlines);

// The earliest deadline has come nearer: the alarm has to be set before strands go on.
volatile bool coil_alarm_stale;
static bool virtual_clock;
MP_REGISTER_ROOT_POINTER(mp_obj_t coil_program_hook);
// What the alarm was set to: None, or milliseconds from then.
static mp_obj_t next_ms;
static uint32_t virtual_ms;

void coil_deadline_deinit(void) {
    MP_STATE_VM(coil_deadlines) = NULL;
    MP_STATE_VM(coil_program_hook) = MP_OBJ_NULL;
    next_ms = mp_const_none;
    coil_alarm_stale = false;
    virtual_clock = false;
}

uint32_t coil_now_ms(void) {
    return virtual_clock ? virtual_ms : (uint32_t)mp_hal_ticks_ms();
}

// Wrap-safe: deadlines are less than 2^31 ms apart.
static int earlier(mp_pairheap_t *a, mp_pairheap_t *b) {
    return (int32_t)(((coil_strand_t *)a)->deadline_ms - ((coil_strand_t *)b)->deadline_ms) < 0;
}

void coil_deadline_clear(coil_strand_t *strand) {
    if (strand->flags & STRAND_TIMED) {
        MP_STATE_VM(coil_deadlines) = (coil_strand_t *)mp_pairheap_delete(
            earlier, &MP_STATE_VM(coil_deadlines)->node, &strand->node);
        mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
        strand->flags &= ~STRAND_TIMED;
        MICROPY_END_ATOMIC_SECTION(atomic_state);
    }
}

void coil_deadline_set(coil_strand_t *strand, uint32_t delay_ms) {
    coil_deadline_clear(strand);
    strand->deadline_ms = coil_now_ms() + delay_ms;
    mp_pairheap_init_node(earlier, &strand->node);
    coil_strand_t *head = MP_STATE_VM(coil_deadlines);
    head = (coil_strand_t *)mp_pairheap_push(earlier, head == NULL ? NULL : &head->node, &strand->node);
    MP_STATE_VM(coil_deadlines) = head;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    strand->flags |= STRAND_TIMED;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    if (head == strand) {
        coil_alarm_stale = true;
    }
}

static void time_is_up(coil_strand_t *strand, void (*make_ready)(coil_strand_t *)) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_waitable_t *waitable = strand->waits_for;
    if (!(strand->flags & (STRAND_QUEUED | STRAND_SERVED | STRAND_DOOMED))) {
        if (waitable != NULL) {
            coil_list_remove(&waitable->tail, strand);
            strand->waits_for = NULL;
            strand->error = MP_OBJ_NEW_SMALL_INT(MP_ETIMEDOUT);
        }
        make_ready(strand);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    coil_mutex_inherit(coil_mutex_owner(waitable));
}

static mp_obj_t expire(void (*make_ready)(coil_strand_t *)) {
    coil_alarm_stale = false; // first: alarm() may come while this looks
    uint32_t now = coil_now_ms();
    coil_strand_t *head;
    while ((head = MP_STATE_VM(coil_deadlines)) != NULL && (int32_t)(head->deadline_ms - now) <= 0) {
        coil_deadline_clear(head);
        time_is_up(head, make_ready);
    }
    next_ms = head == NULL ? mp_const_none : MP_OBJ_NEW_SMALL_INT(head->deadline_ms - now);
    return next_ms;
}

// expire(): make ready whose time is up. -> ms until the next deadline, or None: set the alarm to
// that. False: the alarm is right as it is.
static mp_obj_t native_expire(void) {
    return coil_alarm_stale ? expire(coil_ready) : mp_const_false;
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_expire_obj, native_expire);

// The port has raised something. What is ready by now was not told to the drain.
static void unlock(void *node) {
    (void)node;
    coil_resched = true;
    coil_unlock();
}

// For run(): makes ready whose time is up and has the port set its alarm for the next deadline. False:
// the caller of run() has to.
bool coil_set_alarm(void) {
    mp_obj_t program = MP_STATE_VM(coil_program_hook);
    if (program == MP_OBJ_NULL || coil_lock_depth != 0) {
        return false;
    }
    // Locked, or a drain in between sets another alarm, which this one would undo.
    nlr_jump_callback_node_t node;
    ++coil_lock_depth;
    nlr_push_jump_callback(&node, unlock);
    mp_call_function_1(program, expire(coil_ready_quietly));
    nlr_pop_jump_callback(false);
    coil_unlock();
    return true;
}

// next_ms() -> what expire() has said last.
static mp_obj_t native_next_ms(void) {
    return next_ms;
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_next_ms_obj, native_next_ms);

// alarm(...): the time that expire() returned is over. A callback for any timer, in any context.
static mp_obj_t native_alarm(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    (void)args;
    coil_alarm_stale = true;
    coil_kick();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR(coil_alarm_obj, 0, native_alarm);

// now() -> milliseconds modulo 2**30.
static mp_obj_t native_now(void) {
    return MP_OBJ_NEW_SMALL_INT(coil_now_ms() & 0x3fffffff);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_now_obj, native_now);

// set_clock(ms): time stands still at ms until the next call; None: the board's clock again.
static mp_obj_t native_set_clock(mp_obj_t ms) {
    coil_alarm_stale = true; // what it was set to means another time now
    virtual_clock = ms != mp_const_none;
    if (virtual_clock) {
        virtual_ms = mp_obj_get_int_truncated(ms);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_set_clock_obj, native_set_clock);
