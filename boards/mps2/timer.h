// machine.Timer.
#ifndef COIL_MPS2_TIMER_H
#define COIL_MPS2_TIMER_H

// Soft reset: stops every timer.
void timer_deinit_all(void);

#endif
