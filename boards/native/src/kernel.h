// The kernel's innermost parts: strands, the queue of ready ones, deadlines, and what they wait for.
// os/rtos/_plain*.py are the same in Python, for firmware without this module; same tests.
#ifndef COIL_KERNEL_H
#define COIL_KERNEL_H

#include "py/pairheap.h"
#include "native.h"

// mbed's numbers: Idle 1 ... Realtime 48 + 7; 0 is the base level, below every thread.
#define COIL_PRIORITIES (56)

enum {
    STRAND_PARKED = 1, // its coroutine has yielded and waits
    STRAND_QUEUED = 2, // among the ready ones
    STRAND_SERVED = 4, // what it is about to await is there already
    STRAND_GIVES_WAY = 8, // parks only to let its equals run
    STRAND_STEPPING = 16, // its coroutine runs, perhaps below others
    STRAND_TIMED = 32, // in the heap of deadlines
    STRAND_DOOMED = 64, // error is to be raised at its next await, whatever that waits for
    STRAND_HOST = 128, // runs an event loop: its coroutines do not wait for themselves
    STRAND_ALL = 256, // waits for all of the flags in `bits`, not for any
    STRAND_CLEARS = 512, // and clears them
    STRAND_BITS = 1024, // what the await returns is in `bits`, not in `value`
    STRAND_RAISES = 2048, // its coroutine is resumed with throw(error), wherever it waits
    STRAND_EARLY = 4096, // ready() has come before the park() that it is for
    STRAND_STARTED = 8192, // its coroutine has been stepped
};

struct _coil_waitable_t;
struct _coil_mutex_t;

// A coroutine, its place in the queues, and the awaitable that it parks on.
typedef struct _coil_strand_t {
    mp_pairheap_t node; // first, because its base is the type; in the heap of deadlines
    mp_obj_t coroutine;
    mp_obj_t owner;
    mp_obj_t value; // what the next await returns
    mp_obj_t error; // what it raises instead: None, an exception, or an errno
    struct _coil_strand_t *next; // in a circular list, whose head is tail->next
    struct _coil_waitable_t *waits_for; // in whose list it is
    struct _coil_mutex_t *held;
    struct _coil_strand_t *deputy; // of a host: who owns mutexes in the name of what it runs now
    uint32_t cycles_low;
    uint32_t cycles_high;
    uint32_t runs;
    uint32_t deadline_ms;
    uint32_t bits; // event flags: those it waits for, then those there were
    uint8_t own_priority;
    uint8_t priority; // own or inherited, the higher one
    volatile uint16_t flags; // changed with interrupts off
} coil_strand_t;

// How every object begins that strands can wait for.
typedef struct _coil_waitable_t {
    mp_obj_base_t base;
    coil_strand_t *tail; // of the waiting strands, by priority, first come first served
} coil_waitable_t;

typedef struct _coil_mutex_t {
    coil_waitable_t waitable;
    coil_strand_t *owner;
    struct _coil_mutex_t *next_held;
    uint16_t depth;
    bool abandoned;
} coil_mutex_t;

// ready.c
extern volatile uint8_t coil_lock_depth;
extern volatile bool coil_resched;
coil_strand_t *coil_running(void);
// Whether the running strand has used up its time.
bool coil_over_budget(void);
// The outermost drain begins, and ends: for the budget.
void coil_drain_begins(void);
void coil_drain_ends(void);
// Whether what runs does so on top of a program or prompt that is none of the kernel's.
bool coil_in_background(void);
void coil_ready(coil_strand_t *strand);
void coil_ready_quietly(coil_strand_t *strand);
void coil_unready(coil_strand_t *strand);
void coil_kick(void);
bool coil_hosting(void);
mp_obj_t coil_enter(mp_obj_t reserve);
void coil_unlock(void);
void coil_kernel_deinit(void);

// strand.c
coil_strand_t *coil_strand_of(mp_obj_t object);
// For what interrupt handlers must not do. Raises RuntimeError.
void coil_refuse_isr(void);
// Whether a thread's own code runs: no callback or handler on top of it.
bool coil_in_own_code(void);
// The strand that may wait now; NULL when the caller is no thread, and coil_outside() has the answer.
// A doomed one gets its error here, before it is given anything.
coil_strand_t *coil_begin(void);
// The argument timeout_ms of a method that has no other.
mp_obj_t coil_timeout_argument(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args);
// An awaitable for callers that are no threads: the kernel's hook makes it.
mp_obj_t coil_outside(mp_obj_t self, qstr method, size_t n_args, const mp_obj_t *args);
// What the method of a waitable returns: the strand, served with a value already, or to park.
mp_obj_t coil_served(coil_strand_t *strand, mp_obj_t value);
mp_obj_t coil_park(coil_strand_t *strand, coil_waitable_t *waitable);
// Set an alarm for the wait to come; None is for ever. True: the time is up already.
bool coil_set_timeout(coil_strand_t *strand, mp_obj_t timeout_ms);
// Forget a wait of any kind, begun or served, and clear these flags, too.
void coil_strand_reset(coil_strand_t *strand, uint16_t clear);
// Change flags with interrupts off: handlers may make the strand ready.
void coil_strand_flags(coil_strand_t *strand, uint16_t clear, uint16_t set);
// Returns what the strand waits for, or NULL.
coil_waitable_t *coil_set_priority(coil_strand_t *strand, uint8_t priority);
// The end of `async with`: an await that is over at once and, unlike that of a tuple, allocates nothing.
extern const mp_obj_base_t coil_over;

// waiters.c
void coil_list_insert(coil_strand_t **tail, coil_strand_t *strand);
bool coil_list_remove(coil_strand_t **tail, coil_strand_t *strand);
coil_strand_t *coil_list_first(coil_strand_t *tail);
coil_strand_t *coil_waitable_pop(coil_waitable_t *waitable);

// deadline.c
uint32_t coil_now_ms(void);
void coil_deadline_set(coil_strand_t *strand, uint32_t delay_ms);
void coil_deadline_clear(coil_strand_t *strand);
extern volatile bool coil_alarm_stale;
bool coil_set_alarm(void);
void coil_deadline_deinit(void);

// mutex.c
// Give a strand the priority that those need who wait for its mutexes, and so on along the chain.
void coil_mutex_inherit(coil_strand_t *owner);
// The owner of a waitable that is a mutex, or NULL.
coil_strand_t *coil_mutex_owner(coil_waitable_t *waitable);
extern const mp_obj_type_t coil_mutex_type;

// output.c
void coil_output_deinit(void);

// semaphore.c
mp_obj_t coil_semaphore_release(mp_obj_t self);

// post.c
void coil_post_deinit(void);
void coil_apply(void);

extern const mp_obj_type_t coil_strand_type;
extern const mp_obj_type_t coil_waiters_type;
extern const mp_obj_type_t coil_queue_type;
extern const mp_obj_type_t coil_calls_type;
extern const mp_obj_type_t coil_semaphore_type;
extern const mp_obj_type_t coil_flags_type;

MP_DECLARE_CONST_FUN_OBJ_KW(coil_configure_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_running_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_run_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(coil_ready_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_limit_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_budget_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_spent_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_hold_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_lock_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_unlock_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_locked_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_enter_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_kick_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_in_isr_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_in_thread_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_in_callback_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_allocated_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_yield_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(coil_served_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(coil_park_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_sleep_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_expire_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_next_ms_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_now_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR(coil_alarm_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_set_clock_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_abandon_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_output_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_output_lost_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_raw_repl_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(coil_post_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_posts_lost_obj);

#endif // COIL_KERNEL_H
