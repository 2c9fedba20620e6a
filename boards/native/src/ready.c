// The ready strands, and the loop that steps the most urgent of them.

#include "py/cstack.h"
#include "kernel.h"

// Normal + 7: above it a strand may exceed the time budget of a drain.
#define BUDGET_PRIORITY_MAX (31)

// What the base level gets of what strands use: two parts to five. A fifth of all is what it is
// promised, and the time of interrupts and callbacks looks like its own.
#define REPAID(cycles) ((cycles) / 2 * 5)
#define TO_REPAY(cycles) ((cycles) / 5 * 2)
#define DEBT_MAX (1u << 28)

enum { RUN_DONE, RUN_AGAIN, RUN_BUDGET };

// One list for each priority, one bit for each list that has strands.
MP_REGISTER_ROOT_POINTER(struct _coil_strand_t *coil_ready_tails[56]);
MP_REGISTER_ROOT_POINTER(mp_obj_t coil_kernel_drain);
static volatile uint64_t ready_bits;

// The strands whose steps are under way on the C stack: each was interrupted by the one above it.
typedef struct _frame_t {
    coil_strand_t *strand;
    struct _frame_t *below;
    size_t depth; // of nest()
    uint32_t budget_start; // for what runs on top of it
} frame_t;

static frame_t *volatile top;
static volatile uint8_t held; // strands up to that leave the base level alone
static uint32_t stolen; // cycles of the steps on top of the running one
static uint32_t budget_start;
static uint32_t budget_cycles; // 0: no limit
static uint32_t allowed; // of it, over the base level
static uint32_t debt; // what strands have used and the base has not had its share of yet
static uint32_t base_since; // when the base went on
static bool counting; // a drain over the base is under way
static bool was_held; // since it began
static bool spending; // it has told what it has used, and has not left yet
static uint32_t drain_start; // of the outermost drain, over the base or not
bool coil_goes_on;
volatile uint8_t coil_lock_depth;
volatile bool coil_resched;

void coil_kernel_deinit(void) {
    top = NULL;
    ready_bits = 0;
    for (size_t i = 0; i < COIL_PRIORITIES; ++i) {
        MP_STATE_VM(coil_ready_tails)[i] = NULL;
    }
    MP_STATE_VM(coil_kernel_drain) = MP_OBJ_NULL;
    MP_STATE_VM(coil_outside_hook) = MP_OBJ_NULL;
    MP_STATE_VM(coil_imported_hook) = MP_OBJ_NULL;
    coil_goes_on = false;
    coil_lock_depth = 0;
    coil_resched = false;
    budget_cycles = 0;
    counting = spending = false;
    held = 0;
    stolen = 0;
}

coil_strand_t *coil_running(void) {
    return top == NULL ? NULL : top->strand;
}

bool coil_in_background(void) {
    if (coil_keeps_interrupts) {
        return false; // the kernel runs the whole program
    }
    frame_t *frame = top;
    while (frame != NULL && frame->below != NULL) {
        frame = frame->below;
    }
    return frame != NULL && frame->depth != 0; // and not if the program itself calls run()
}

static uint8_t limit(void) {
    uint8_t found = top == NULL ? held : 0;
    for (frame_t *frame = top; frame != NULL; frame = frame->below) {
        found = MAX(found, frame->strand->priority);
    }
    return found;
}

// Have the drain called at the next branch, or at the unlock.
void coil_kick(void) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    mp_obj_t drain = MP_STATE_VM(coil_kernel_drain);
    coil_resched = coil_lock_depth != 0;
    if (!coil_resched && drain != MP_OBJ_NULL) {
        coil_drain_pend(drain);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

// Interrupts are off.
static void enqueue(coil_strand_t *strand) {
    strand->flags |= STRAND_QUEUED;
    coil_list_insert(&MP_STATE_VM(coil_ready_tails)[strand->priority], strand);
    ready_bits |= 1ull << strand->priority;
}

// A strand that is not parked yet finds its next await served. For run(), which comes to it.
void coil_ready_quietly(coil_strand_t *strand) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (!(strand->flags & STRAND_PARKED)) {
        strand->flags |= STRAND_SERVED;
    } else if (!(strand->flags & STRAND_QUEUED) && strand->coroutine != MP_OBJ_NULL) {
        enqueue(strand);
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

// The same in any context.
void coil_ready(coil_strand_t *strand) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_ready_quietly(strand);
    if ((strand->flags & STRAND_QUEUED) && strand->priority > limit()) {
        coil_kick();
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

void coil_unready(coil_strand_t *strand) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (strand->flags & STRAND_QUEUED) {
        coil_strand_t **tail = &MP_STATE_VM(coil_ready_tails)[strand->priority];
        strand->flags &= ~STRAND_QUEUED;
        coil_list_remove(tail, strand);
        if (*tail == NULL) {
            ready_bits &= ~(1ull << strand->priority);
        }
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

static uint8_t highest(void) {
    uint32_t high = ready_bits >> 32;
    return high != 0 ? 63 - __builtin_clz(high) : 31 - __builtin_clz((uint32_t)ready_bits | 1);
}

// Take the first of a priority from the ready ones, to be stepped. Interrupts are off: between queue
// and step there is no moment in which a handler could make it ready again.
static coil_strand_t *claim(uint8_t priority, uint16_t *flags) {
    coil_strand_t *strand = MP_STATE_VM(coil_ready_tails)[priority]->next;
    coil_unready(strand);
    *flags = strand->flags;
    uint16_t served = (*flags & (STRAND_STARTED | STRAND_RAISES)) == STRAND_STARTED ? STRAND_SERVED : 0;
    strand->flags = (*flags & ~(STRAND_PARKED | STRAND_RAISES)) | STRAND_STEPPING | STRAND_STARTED | served;
    return strand;
}

static mp_vm_return_kind_t resume(coil_strand_t *strand, uint16_t flags, mp_obj_t *result) {
    if (!(flags & STRAND_RAISES)) {
        return mp_resume(strand->coroutine, mp_const_none, MP_OBJ_NULL, result);
    }
    mp_obj_t error = strand->error;
    strand->error = mp_const_none;
    if (flags & STRAND_STARTED) {
        return mp_resume(strand->coroutine, MP_OBJ_NULL, error, result);
    }
    *result = error; // nothing in the coroutine could catch it yet
    return MP_VM_RETURN_EXCEPTION;
}

// Step it. Returns whether somebody has to look after it: it ended, or yielded something unknown.
static bool step(coil_strand_t *strand, uint16_t flags) {
    frame_t frame = { strand, top, coil_nest_depth, 0 };
    coil_deadline_clear(strand);
    ++strand->runs;
    top = &frame;
    coil_goes_on = false;
    uint32_t outer_stolen = stolen;
    stolen = 0;
    uint32_t start = coil_native_cycles();

    mp_obj_t result;
    mp_vm_return_kind_t kind;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        kind = resume(strand, flags, &result);
        nlr_pop();
    } else {
        kind = MP_VM_RETURN_EXCEPTION;
        result = MP_OBJ_FROM_PTR(nlr.ret_val);
    }

    uint32_t total = coil_native_cycles() - start;
    uint32_t own = total - stolen;
    strand->cycles_low += own;
    if (strand->cycles_low < own) {
        ++strand->cycles_high;
    }
    stolen = outer_stolen + total;
    top = frame.below;
    if (coil_lock_depth != 0) { // it has forgotten, or failed, to unlock
        coil_lock_depth = 0;
        if (coil_resched) {
            coil_kick();
        }
    }
    if (kind == MP_VM_RETURN_YIELD && result == MP_OBJ_FROM_PTR(strand)) {
        mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
        bool gives_way = (strand->flags & (STRAND_GIVES_WAY | STRAND_QUEUED)) == STRAND_GIVES_WAY;
        strand->flags = (strand->flags & ~(STRAND_STEPPING | STRAND_GIVES_WAY)) | STRAND_PARKED;
        if (gives_way) {
            enqueue(strand); // run() will come to it: no need to kick
        }
        MICROPY_END_ATOMIC_SECTION(atomic_state);
        return false;
    }
    if (kind == MP_VM_RETURN_YIELD) {
        coil_strand_flags(strand, STRAND_STEPPING, 0);
        strand->value = result;
        return true;
    }
    strand->coroutine = MP_OBJ_NULL;
    // It may have begun a wait and not awaited it.
    coil_strand_reset(strand, STRAND_STEPPING | STRAND_DOOMED);
    coil_strand_flags(strand, 0, STRAND_PARKED);
    strand->value = kind == MP_VM_RETURN_NORMAL ? result : mp_const_none;
    strand->error = kind == MP_VM_RETURN_NORMAL ? mp_const_none : result;
    return true;
}

static void end_pending(void *node) {
    (void)node;
    coil_goes_on = false;
}

// Run a callback between two steps. If it is a drain it has nothing to step: run() goes on with that,
// and need not do it one level higher on the stack, and one more each time that strands take turns.
static void handle_pending(void) {
    nlr_jump_callback_node_t node;
    coil_goes_on = true;
    nlr_push_jump_callback(&node, end_pending);
    mp_handle_pending(true);
    nlr_pop_jump_callback(true);
}

static bool budget_used_up(frame_t *below) {
    uint32_t since = below == NULL ? budget_start : below->budget_start;
    return budget_cycles != 0
           && (uint32_t)coil_native_cycles() - since >= (below == NULL ? allowed : budget_cycles);
}

bool coil_over_budget(void) {
    return top->strand->priority <= BUDGET_PRIORITY_MAX && budget_used_up(top->below);
}

// run(floor): step ready strands above the floor and above those that this call interrupts, the
// most urgent first. -> 0: none is left. 1: the alarm is to be set, or Ctrl-C waits; call again.
// 2: the time budget is used up. A Strand: it has ended (its coroutine is None), or it has yielded
// what no kernel knows, see its value.
static mp_obj_t native_run(mp_obj_t floor_in) {
    uint8_t floor = mp_obj_get_int(floor_in);
    coil_goes_on = false;
    if (coil_lock_depth != 0) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("run() with the kernel locked: unlock first"));
    }
    for (;;) {
        if (coil_alarm_stale && !coil_set_alarm()) {
            coil_goes_on = coil_nest_depth != 0; // drain.c clears it if nobody calls again
            return MP_OBJ_NEW_SMALL_INT(RUN_AGAIN);
        }
        bool over = budget_used_up(top);
        mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
        uint8_t priority = highest();
        uint8_t least = MAX(limit(), floor);
        coil_strand_t *strand = NULL;
        uint16_t flags;
        if (priority > least && !(over && priority <= BUDGET_PRIORITY_MAX)) {
            strand = claim(priority, &flags);
        }
        MICROPY_END_ATOMIC_SECTION(atomic_state);
        if (strand == NULL) {
            return MP_OBJ_NEW_SMALL_INT(priority > least ? RUN_BUDGET : RUN_DONE);
        }
        if (step(strand, flags)) {
            return MP_OBJ_FROM_PTR(strand);
        }
        if (coil_resched && coil_lock_depth == 0) {
            coil_kick();
        }
        if (MP_STATE_VM(sched_state) == MP_SCHED_PENDING) {
            handle_pending(); // strands may have no branches at which callbacks could run
        }
        if (coil_keeps_interrupts && coil_interrupt_kept) {
            return MP_OBJ_NEW_SMALL_INT(RUN_AGAIN);
        }
    }
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_run_obj, native_run);

// budget(cycles): strands up to Normal get that much time at a time, then run() returns. Over the base
// level it is less where the base has not had its share of what strands have used. 0: no limit.
static mp_obj_t native_budget(mp_obj_t cycles) {
    budget_cycles = allowed = MIN((uint32_t)mp_obj_get_int_truncated(cycles), DEBT_MAX);
    budget_start = base_since = coil_native_cycles();
    debt = 0;
    counting = was_held = false;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_budget_obj, native_budget);

static void owe(uint32_t used) {
    debt = MIN(debt + MIN(used, DEBT_MAX), DEBT_MAX);
}

void coil_drain_begins(void) {
    drain_start = coil_native_cycles();
}

// A drain over the base level begins.
static void count(void) {
    uint32_t had = drain_start - base_since;
    debt = had < TO_REPAY(debt) ? debt - REPAID(had) : 0;
    allowed = debt < budget_cycles ? budget_cycles - debt : 0;
    budget_start = drain_start;
    was_held = held != 0;
    counting = true;
}

// spent() -> cycles since enter(). A drain over the base level ends.
static mp_obj_t native_spent(void) {
    uint32_t now = coil_native_cycles();
    uint32_t used = counting ? now - budget_start : 0;
    // What urgent strands use while the others are held must not add up, or those would never get on.
    owe(was_held ? MIN(used, budget_cycles / 8) : used);
    base_since = now;
    counting = false;
    spending = true;
    return MP_OBJ_NEW_SMALL_INT(MIN(used, DEBT_MAX));
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_spent_obj, native_spent);

void coil_drain_ends(void) {
    if (spending) {
        spending = false;
        uint32_t now = coil_native_cycles();
        owe(now - base_since);
        base_since = now;
    }
}

// hold(priority) -> the debt. Strands up to that do not run on top of the base level until hold(0).
static mp_obj_t native_hold(mp_obj_t priority) {
    held = mp_obj_get_int(priority);
    if (held == 0) {
        // Also where urgent strands leave the base less than its share, the others get something.
        debt = MIN(debt, budget_cycles / 2);
        allowed = budget_cycles - debt;
        budget_start = coil_native_cycles();
        was_held = false;
    }
    return MP_OBJ_NEW_SMALL_INT(debt);
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_hold_obj, native_hold);

// limit() -> the priority that a strand must exceed to interrupt what runs now.
static mp_obj_t native_limit(void) {
    return MP_OBJ_NEW_SMALL_INT(limit());
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_limit_obj, native_limit);

// running() -> the owner of the strand that runs, or None at the base level.
static mp_obj_t native_running(void) {
    coil_strand_t *strand = coil_running();
    return strand == NULL ? mp_const_none : strand->owner;
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_running_obj, native_running);

// Whether the strand that runs hosts an event loop.
bool coil_hosting(void) {
    return top != NULL && (top->strand->flags & STRAND_HOST);
}

// in_thread() -> whether the caller is a thread, which can wait, or at least was one when a callback
// or a handler interrupted it: park() and served() tell these.
static mp_obj_t native_in_thread(void) {
    coil_strand_t *strand = coil_running();
    return mp_obj_new_bool(strand != NULL && !(strand->flags & STRAND_HOST));
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_in_thread_obj, native_in_thread);

// in_callback() -> whether a callback, a handler or a finaliser runs, on top of whatever.
static mp_obj_t native_in_callback(void) {
    return mp_obj_new_bool(MP_STATE_VM(sched_state) < 0 || coil_native_in_isr());
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_in_callback_obj, native_in_callback);

// ready(strand, value=None): start it, or end its park() without waiters, also one that it only begins
// after this. What waits for something else, or is ready already, is left alone. Any context.
static mp_obj_t native_ready(size_t n_args, const mp_obj_t *args) {
    coil_strand_t *strand = coil_strand_of(args[0]);
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    const uint16_t is_ready = STRAND_QUEUED | STRAND_SERVED | STRAND_EARLY | STRAND_GIVES_WAY;
    if (strand->waits_for == NULL && !(strand->flags & is_ready)) {
        strand->value = n_args > 1 ? args[1] : mp_const_none;
        if (strand->flags & STRAND_PARKED) {
            coil_ready(strand);
        } else {
            strand->flags |= STRAND_EARLY;
        }
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(coil_ready_obj, 1, 2, native_ready);

static mp_obj_t native_kick(void) {
    coil_kick();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_kick_obj, native_kick);

// lock(), unlock(): nothing preempts the code between them but interrupt handlers and callbacks,
// whose effects on threads wait for the unlock.
static mp_obj_t native_lock(void) {
    if (coil_lock_depth == 255) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("the kernel is locked 255 times"));
    }
    ++coil_lock_depth;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_lock_obj, native_lock);

void coil_unlock(void) {
    if (--coil_lock_depth == 0 && coil_resched) {
        coil_kick();
    }
}

static mp_obj_t native_unlock(void) {
    if (coil_lock_depth == 0) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("the kernel is not locked"));
    }
    coil_unlock();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_unlock_obj, native_unlock);

static mp_obj_t native_locked(void) {
    return mp_obj_new_bool(coil_lock_depth != 0);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_locked_obj, native_locked);

// enter(reserve): what a drain does first: make the posted calls. -> 0: the kernel is locked, or there
// are less than `reserve` bytes of C stack; leave, unlock() or run() bring the drain back.
// 1: it runs over the base level. 2: over a strand. 4 more: Ctrl-C is kept.
mp_obj_t coil_enter(mp_obj_t reserve) {
    mp_int_t left = (mp_int_t)MP_STATE_THREAD(stack_limit) - (mp_int_t)mp_cstack_usage();
    if (coil_lock_depth != 0 || left < mp_obj_get_int(reserve)) {
        coil_resched = true;
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    // What is put on top of a strand has a budget of its own: without one nothing urgent would run on
    // top of a hog, and without end the hog would never let go of the base.
    if (top != NULL && top->depth == coil_nest_depth) {
        top->budget_start = coil_native_cycles();
    } else if (top == NULL && !counting && budget_cycles != 0) {
        count();
    }
    coil_apply();
    if (coil_goes_on) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    return MP_OBJ_NEW_SMALL_INT((top == NULL ? 1 : 2) + (coil_interrupt_kept ? 4 : 0));
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_enter_obj, coil_enter);

// allocated() -> bytes of heap handed out since the last collection.
static mp_obj_t native_allocated(void) {
    return mp_obj_new_int_from_uint(MP_STATE_MEM(gc_alloc_amount) * MICROPY_BYTES_PER_GC_BLOCK);
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_allocated_obj, native_allocated);

static mp_obj_t native_in_isr(void) {
    return mp_obj_new_bool(coil_native_in_isr());
}
MP_DEFINE_CONST_FUN_OBJ_0(coil_in_isr_obj, native_in_isr);

// configure(drain=None, outside=None, imported=None, program=None): the kernel's Drain, pended when a
// strand should preempt; what makes awaitables for callers that are no threads; what is told of
// asyncio's import; what sets the alarm. The others are for the twin in Python.
static mp_obj_t native_configure(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {
        { MP_QSTR_drain, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_outside, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_irq_off, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_irq_on, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_in_isr, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_imported, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_program, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    MP_STATE_VM(coil_kernel_drain) = args[0].u_obj == mp_const_none ? MP_OBJ_NULL : args[0].u_obj;
    MP_STATE_VM(coil_outside_hook) = args[1].u_obj == mp_const_none ? MP_OBJ_NULL : args[1].u_obj;
    MP_STATE_VM(coil_imported_hook) = args[5].u_obj == mp_const_none ? MP_OBJ_NULL : args[5].u_obj;
    MP_STATE_VM(coil_program_hook) = args[6].u_obj == mp_const_none ? MP_OBJ_NULL : args[6].u_obj;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_KW(coil_configure_obj, 0, native_configure);
