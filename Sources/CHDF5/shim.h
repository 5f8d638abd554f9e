// What Swift cannot import of HDF5: macros that expand to global variables or to versioned functions.
//
// The H5F_ACC_* macros are left out on purpose: they call H5check(), which aborts the process when the library is not
// exactly the version of these headers. The caller compares the versions itself.
#ifndef CHDF5_SHIM_H
#define CHDF5_SHIM_H
#include <hdf5.h>

static inline hid_t ch5_float32_type(void) { return H5T_IEEE_F32LE; }
static inline hid_t ch5_float64_type(void) { return H5T_IEEE_F64LE; }
static inline hid_t ch5_int64_type(void) { return H5T_STD_I64LE; }
static inline hid_t ch5_uint8_type(void) { return H5T_STD_U8LE; }
static inline hid_t ch5_string_type(void) { return H5T_C_S1; }

static inline hid_t ch5_file_creation_class(void) { return H5P_FILE_CREATE; }
static inline hid_t ch5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t ch5_group_creation_class(void) { return H5P_GROUP_CREATE; }
static inline hid_t ch5_dataset_creation_class(void) { return H5P_DATASET_CREATE; }

// Leaves files unlocked: they are written under names of their own, and a child process that is started meanwhile would
// hold on to the lock.
static inline herr_t ch5_set_no_locking(hid_t access) {
#if H5_VERSION_GE(1, 10, 7)
  return H5Pset_file_locking(access, 0, 1);
#else
  (void)access;
  return 0;
#endif
}

// Calls `visit` with the name and the type (H5L_type_t) of every link of `group`, in the order of the file, until it
// returns something other than 0.
typedef herr_t (*ch5_visit)(const char *name, int type, void *context);

struct ch5_visitor {
  ch5_visit visit;
  void *context;
};

static inline herr_t ch5_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *visitor) {
  (void)group;
  struct ch5_visitor *target = (struct ch5_visitor *)visitor;
  return target->visit(name, (int)info->type, target->context);
}

static inline herr_t ch5_visit_links(hid_t group, ch5_visit visit, void *context) {
  struct ch5_visitor visitor = {visit, context};
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, ch5_visit_link, &visitor);
}
#endif
