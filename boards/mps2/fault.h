// CPU faults become Python exceptions where that is sound, else a crash record and a reset.
#ifndef COIL_MPS2_FAULT_H
#define COIL_MPS2_FAULT_H

#include <stdint.h>

// Sets up the memory protection (NULL, code, stack guard) and the separate fault handlers.
void fault_init(void);

// Writes a crash record and resets.
__attribute__((noreturn)) void fault_crash(const char *kind, uint32_t pc);

#endif
