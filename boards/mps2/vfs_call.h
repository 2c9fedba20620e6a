// Knows whether a file system is waiting for a block device.
#ifndef COIL_MPS2_VFS_CALL_H
#define COIL_MPS2_VFS_CALL_H

#include <stdint.h>

// Block device calls that have not returned.
extern volatile uint32_t vfs_call_depth;

#endif
