// What Swift cannot import of HDF5: macros that expand to global variables.
#ifndef CHDF5_SHIM_H
#define CHDF5_SHIM_H
#include <hdf5.h>

static inline hid_t ch5_native_float(void) { return H5T_NATIVE_FLOAT; }
#endif
