// The hardware layer: the unix port's, with waits that no interrupt can slip past.
#ifndef COIL_HOST_MPHAL_H
#define COIL_HOST_MPHAL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "ports/unix/mphalport.h"

// The port's console polls its file itself; ours has a buffer.
#undef mp_hal_stdio_poll
uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags);

#undef MICROPY_INTERNAL_WFE
#define MICROPY_INTERNAL_WFE(timeout_ms) host_wait((int)(timeout_ms))

// poll(2) in extmod/modselect.c: an interrupt just before it ends it at once.
#define poll(files, n, timeout_ms) host_poll(files, n, timeout_ms)
int host_poll(struct pollfd *files, nfds_t n, int timeout_ms);

#undef mp_hal_ticks_cpu
#define mp_hal_ticks_cpu host_ticks_cpu
mp_uint_t host_ticks_cpu(void);
#define mp_hal_delay_ms host_delay_ms
void host_delay_ms(mp_uint_t ms);
#undef mp_hal_delay_us
#define mp_hal_delay_us host_delay_us
void host_delay_us(mp_uint_t us);
#define mp_hal_time_ns host_time_ns
uint64_t host_time_ns(void);

#endif // COIL_HOST_MPHAL_H
