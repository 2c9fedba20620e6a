// The interrupt controller: signals become interrupts, interrupts call Python.

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "host.h"
#include "coil_native.h"

volatile bool host_irq_masked = true; // until the board is ready for them
volatile uint32_t host_irq_pending;
volatile bool host_event;

static volatile bool in_isr;
static volatile uint32_t lines_pending;
static volatile uint32_t soft_due; // lines whose soft handler waits for the scheduler
static uint32_t hard_lines;
static sigset_t signals; // the interrupts; a handler is not interrupted by another
static sigset_t urgent; // what ends the life of the program, also in a handler that hangs

MP_REGISTER_ROOT_POINTER(mp_obj_t host_line_handler[32]);
MP_REGISTER_ROOT_POINTER(mp_obj_t host_line_argument[32]);

bool host_in_isr(void) {
    return in_isr;
}

bool coil_native_in_isr(void) {
    return in_isr;
}

bool irq_call_hard(mp_obj_t function, mp_obj_t argument) {
    bool ok = true;
    mp_sched_lock();
    gc_lock();
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_function_1(function, argument);
        nlr_pop();
    } else {
        ok = false;
        mp_printf(MICROPY_ERROR_PRINTER, "uncaught exception in an interrupt handler, which is off now\n");
        mp_obj_print_exception(MICROPY_ERROR_PRINTER, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    gc_unlock();
    mp_sched_unlock();
    return ok;
}

// The soft handlers, called by the MicroPython scheduler.
static void run_soft(mp_sched_node_t *node) {
    (void)node;
    uint32_t due = __atomic_exchange_n(&soft_due, 0, __ATOMIC_SEQ_CST);
    for (int line = 0; due != 0; ++line, due >>= 1) {
        if ((due & 1) && MP_STATE_VM(host_line_handler)[line] != MP_OBJ_NULL) {
            mp_call_function_1_protected(MP_STATE_VM(host_line_handler)[line], MP_STATE_VM(host_line_argument)[line]);
        }
    }
}

static void lines_isr(void) {
    static mp_sched_node_t soft_node;
    uint32_t lines = __atomic_exchange_n(&lines_pending, 0, __ATOMIC_SEQ_CST);
    uint32_t soft = 0;
    for (int line = 0; line < LINE_COUNT; ++line) {
        mp_obj_t handler = MP_STATE_VM(host_line_handler)[line];
        if (!(lines & (1u << line)) || handler == MP_OBJ_NULL) {
            continue;
        }
        if (!(hard_lines & (1u << line))) {
            soft |= 1u << line;
        } else if (!irq_call_hard(handler, MP_STATE_VM(host_line_argument)[line])) {
            MP_STATE_VM(host_line_handler)[line] = MP_OBJ_NULL;
        }
    }
    if (soft != 0) {
        soft_due |= soft;
        mp_sched_schedule_node(&soft_node, run_soft);
    }
}

void host_irq_dispatch(void) {
    do {
        host_irq_masked = true;
        in_isr = true;
        uint32_t causes;
        while ((causes = __atomic_exchange_n(&host_irq_pending, 0, __ATOMIC_SEQ_CST)) != 0) {
            if (causes & IRQ_CTRL_C) {
                console_ctrl_c();
            }
            if (causes & IRQ_CONSOLE) {
                console_isr();
            }
            if (causes & IRQ_PINS) {
                pins_isr();
            }
            if (causes & IRQ_LINES) {
                lines_isr();
            }
            if (causes & IRQ_EXPLORE) {
                explore_isr();
            }
        }
        host_event = true;
        in_isr = false;
        host_irq_masked = false;
    } while (host_irq_pending != 0);
}

void irq_raise(uint32_t causes) {
    __atomic_fetch_or(&host_irq_pending, causes, __ATOMIC_SEQ_CST);
    if (!host_irq_masked) {
        host_irq_dispatch();
    }
}

void irq_pend_lines(uint32_t lines) {
    __atomic_fetch_or(&lines_pending, lines, __ATOMIC_SEQ_CST);
}

static void handle_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved_errno = errno;
    switch (number) {
        case SIGALRM:
            if (info->si_code == SI_TIMER) {
                irq_pend_lines(1u << info->si_value.sival_int);
                irq_raise(IRQ_LINES);
            }
            break;
        case SIGUSR1:
            irq_raise(IRQ_PINS);
            break;
        case SIGIO:
            irq_raise(IRQ_CONSOLE);
            break;
        default: // SIGINT
            irq_raise(IRQ_CTRL_C);
            break;
    }
    errno = saved_errno;
}

static void handle_urgent(int number, siginfo_t *info, void *context) {
    (void)context;
    if (number != SIGNAL_WATCHDOG) { // SIGTERM, SIGHUP
        host_power_off(128 + number);
    } else if (info->si_code == SI_TIMER) {
        host_reset(CAUSE_WATCHDOG);
    }
}

// A program that crashes leaves the terminal as it was.
static void handle_crash(int number, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    console_restore();
    raise(number); // now without a handler, and also if it came from another process
}

static void install(const int *numbers, size_t count, sigset_t *set, void (*handler)(int, siginfo_t *, void *), int flags) {
    sigemptyset(set);
    for (size_t i = 0; i < count; ++i) {
        sigaddset(set, numbers[i]);
    }
    struct sigaction action = { .sa_sigaction = handler, .sa_mask = *set, .sa_flags = SA_SIGINFO | flags };
    for (size_t i = 0; i < count; ++i) {
        sigaction(numbers[i], &action, NULL);
    }
}

void irq_init(void) {
    static const int interrupts[] = { SIGALRM, SIGUSR1, SIGIO, SIGINT };
    static const int endings[] = { SIGNAL_WATCHDOG, SIGTERM, SIGHUP };
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    sigset_t fatal;
    install(interrupts, MP_ARRAY_SIZE(interrupts), &signals, handle_signal, 0);
    install(endings, MP_ARRAY_SIZE(endings), &urgent, handle_urgent, 0);
    install(crashes, MP_ARRAY_SIZE(crashes), &fatal, handle_crash, SA_RESETHAND);
    signal(SIGPIPE, SIG_IGN);
    // After a reset they are still blocked.
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    sigprocmask(SIG_UNBLOCK, &urgent, NULL);
}

void irq_block(void) {
    sigprocmask(SIG_BLOCK, &signals, NULL);
    sigprocmask(SIG_BLOCK, &urgent, NULL);
}

void irq_deinit(void) {
    host_irq_disable();
    hard_lines = 0;
    lines_pending = 0;
    soft_due = 0;
    for (int line = 0; line < LINE_COUNT; ++line) {
        MP_STATE_VM(host_line_handler)[line] = MP_OBJ_NULL;
        MP_STATE_VM(host_line_argument)[line] = MP_OBJ_NULL;
    }
}

// Sleep in poll(2) with the signals let in, unless there is something to do already.
int host_poll(struct pollfd *files, nfds_t n, int timeout_ms) {
    sigset_t before;
    struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000 };
    sigprocmask(SIG_BLOCK, &signals, &before);
    if (host_event || MP_STATE_VM(sched_state) == MP_SCHED_PENDING) {
        timeout_ms = 0;
        timeout.tv_sec = timeout.tv_nsec = 0;
    }
    int ready = ppoll(files, n, timeout_ms < 0 ? NULL : &timeout, &before);
    int error = errno;
    host_event = false;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return ready;
}

void host_wait(int timeout_ms) {
    host_poll(NULL, 0, timeout_ms);
}

static int get_line(mp_obj_t line_in) {
    mp_int_t line = mp_obj_get_int(line_in);
    if (line < 0 || line >= LINE_COUNT) {
        mp_raise_ValueError(MP_ERROR_TEXT("lines are 0 to 31: 0 to 15 alarms, 16 to 31 pins"));
    }
    return line;
}

// line(n, handler=None, argument=None, hard=False): what an interrupt line calls, with the argument.
static mp_obj_t host_line(size_t n_args, const mp_obj_t *args) {
    int line = get_line(args[0]);
    mp_obj_t handler = n_args > 1 && args[1] != mp_const_none ? args[1] : MP_OBJ_NULL;
    bool hard = n_args > 3 && mp_obj_is_true(args[3]);
    if (handler != MP_OBJ_NULL && !mp_obj_is_callable(handler)) {
        mp_raise_TypeError(MP_ERROR_TEXT("an interrupt handler must be callable"));
    }
    uintptr_t state = host_irq_disable();
    MP_STATE_VM(host_line_handler)[line] = handler;
    MP_STATE_VM(host_line_argument)[line] = n_args > 2 ? args[2] : mp_const_none;
    hard_lines = (hard_lines & ~(1u << line)) | ((uint32_t)hard << line);
    lines_pending &= ~(1u << line);
    soft_due &= ~(1u << line);
    host_irq_restore(state);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_line_obj, 1, 4, host_line);

// trigger(line): the interrupt happens now, whatever its source.
static mp_obj_t host_trigger(mp_obj_t line_in) {
    irq_pend_lines(1u << get_line(line_in));
    irq_raise(IRQ_LINES);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(host_trigger_obj, host_trigger);
