// Faults of the operating system, for tests: preloaded into a process, it numbers the calls of the chosen kinds and makes one
// of them go wrong. Unix file names in /proc, /sys, /dev, /etc and of the system's libraries are left alone.
//
//   FAULT_CALLS    kinds to number: w (change something on disk), o (open to read), r (read); e.g. "wor"
//   FAULT_AT       the number of the call, from 1
//   FAULT_ACTION   kill (before the call), half (kill after half of a write), short (half of a read or write), signal:N,
//                  or an error number
//   FAULT_PERSIST  1: every call from that one on
//   FAULT_THREADS  0: no thread can be started
//   FAULT_LOG      a file that gets a line for each numbered call
//   FAULT_RECORD   a file that gets every change, for replaying a loss of power: a line of tab-separated words (kind, path,
//                  second path, offset, length) and the bytes
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PASS, FAIL, PARTIAL };
static atomic_long counter;
static long at = -1;
static int no_threads, enabled, error_number, signal_number, half, kills, persist, log_descriptor = -1, record_descriptor = -1;
static char calls[8];
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

static int append_only(const char *path, int place) {
  int descriptor = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  int high = fcntl(descriptor, F_DUPFD_CLOEXEC, place);
  syscall(SYS_close, descriptor);
  return high;
}

__attribute__((constructor)) static void start(void) {
  char command[4096] = {0}, *value;
  int descriptor = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY);
  ssize_t count = syscall(SYS_read, descriptor, command, sizeof command - 1);
  syscall(SYS_close, descriptor);
  if (count <= 0 || !strstr(command, "train") || memmem(command, count, "__probe-h5", 10)) return;
  if ((value = getenv("FAULT_CALLS"))) strncpy(calls, value, sizeof calls - 1);
  if ((value = getenv("FAULT_AT"))) at = atol(value);
  persist = getenv("FAULT_PERSIST") != 0;
  if ((value = getenv("FAULT_ACTION"))) {
    if (!strcmp(value, "kill")) kills = 1;
    else if (!strcmp(value, "half")) half = kills = 1;
    else if (!strcmp(value, "short")) half = 1;
    else if (!strncmp(value, "signal:", 7)) signal_number = atoi(value + 7);
    else error_number = atoi(value);
  }
  no_threads = (value = getenv("FAULT_THREADS")) && *value == '0';
  if ((value = getenv("FAULT_LOG"))) log_descriptor = append_only(value, 200);
  if ((value = getenv("FAULT_RECORD"))) record_descriptor = append_only(value, 201);
  enabled = 1;
}

static int is_system(const char *path) {
  const char *places[] = {"/proc", "/sys", "/dev/null", "/dev/full", "/dev/urandom", "/etc", "/usr", "/lib", "/opt", "/run"};
  for (unsigned i = 0; i < sizeof places / sizeof *places; i++)
    if (!strncmp(path, places[i], strlen(places[i]))) return 1;
  return 0;
}

// The path of a descriptor of a file; 0 where the descriptor is none that a fault may touch.
static int path_of(int descriptor, char *path, size_t size) {
  char link[64];
  if (!enabled || descriptor <= 2 || descriptor == log_descriptor || descriptor == record_descriptor) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = syscall(SYS_readlinkat, AT_FDCWD, link, path, size - 1);
  path[count < 0 ? 0 : count] = 0;
  return path[0] == '/' && !is_system(path);
}

static void die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static int fault(char kind, const char *name, const char *path) {
  if (!enabled || !strchr(calls, kind) || is_system(path)) return PASS;
  long number = atomic_fetch_add(&counter, 1) + 1;
  if (log_descriptor >= 0) dprintf(log_descriptor, "%ld %s %s\n", number, name, path);
  if (at < 0 || number < at || (number > at && !persist)) return PASS;
  if (signal_number) syscall(SYS_kill, getpid(), signal_number);
  if (error_number) { errno = error_number; return FAIL; }
  if (half) return PARTIAL;
  if (kills) die();
  return PASS;
}

static void record(const char *kind, const char *path, const char *second, long offset, const void *bytes, long count) {
  if (record_descriptor < 0) return;
  char head[9000], absolute[2][4096];
  const char *paths[] = {path, second};
  int saved = errno;
  for (int i = 0; i < 2; i++) {
    char folder[2048] = "";
    int isRelative = paths[i][0] && paths[i][0] != '/' && !(i == 1 && !strcmp(kind, "symlink"));
    if (isRelative && !getcwd(folder, sizeof folder)) folder[0] = 0;
    snprintf(absolute[i], sizeof absolute[i], "%s%s%s", folder, isRelative ? "/" : "", paths[i]);
  }
  int length = snprintf(head, sizeof head, "%s\t%s\t%s\t%ld\t%ld\n", kind, absolute[0], absolute[1], offset, bytes ? count : 0);
  pthread_mutex_lock(&record_lock);
  syscall(SYS_write, record_descriptor, head, length);
  for (long done = 0; bytes && done < count;) {
    long put = syscall(SYS_write, record_descriptor, (const char *)bytes + done, count - done);
    if (put <= 0) break;
    done += put;
  }
  pthread_mutex_unlock(&record_lock);
  errno = saved;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int descriptor, const void *bytes, size_t count) {
  REAL(write);
  char path[4096];
  if (!path_of(descriptor, path, sizeof path)) return real(descriptor, bytes, count);
  int outcome = fault('w', "write", path);
  if (outcome == FAIL) return -1;
  off_t place = lseek(descriptor, 0, fcntl(descriptor, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
  ssize_t put = real(descriptor, bytes, outcome == PARTIAL && count > 1 ? count / 2 : count);
  if (put > 0) record("write", path, "", place, bytes, put);
  if (outcome == PARTIAL && kills) die();
  return put;
}

#define POSITIONED_WRITE(NAME) ssize_t NAME(int descriptor, const void *bytes, size_t count, off_t place) { \
  REAL(NAME); \
  char path[4096]; \
  if (!path_of(descriptor, path, sizeof path)) return real(descriptor, bytes, count, place); \
  int outcome = fault('w', "pwrite", path); \
  if (outcome == FAIL) return -1; \
  ssize_t put = real(descriptor, bytes, outcome == PARTIAL && count > 1 ? count / 2 : count, place); \
  if (put > 0) record("write", path, "", place, bytes, put); \
  if (outcome == PARTIAL && kills) die(); \
  return put; }
POSITIONED_WRITE(pwrite)
POSITIONED_WRITE(pwrite64)

ssize_t read(int descriptor, void *bytes, size_t count) {
  REAL(read);
  char path[4096];
  if (!path_of(descriptor, path, sizeof path)) return real(descriptor, bytes, count);
  int outcome = fault('r', "read", path);
  return outcome == FAIL ? -1 : real(descriptor, bytes, outcome == PARTIAL && count > 1 ? count / 2 : count);
}

#define POSITIONED_READ(NAME) ssize_t NAME(int descriptor, void *bytes, size_t count, off_t place) { \
  REAL(NAME); \
  char path[4096]; \
  if (!path_of(descriptor, path, sizeof path)) return real(descriptor, bytes, count, place); \
  int outcome = fault('r', "pread", path); \
  return outcome == FAIL ? -1 : real(descriptor, bytes, outcome == PARTIAL && count > 1 ? count / 2 : count, place); }
POSITIONED_READ(pread)
POSITIONED_READ(pread64)

#define ON_DESCRIPTOR(NAME, KIND, PARAMETERS, ARGUMENTS, LENGTH) int NAME PARAMETERS { \
  REAL(NAME); \
  char path[4096]; \
  if (!path_of(descriptor, path, sizeof path)) return real ARGUMENTS; \
  if (fault('w', #NAME, path) == FAIL) return -1; \
  int status = real ARGUMENTS; \
  if (!status) record(KIND, path, "", LENGTH, 0, 0); \
  return status; }
ON_DESCRIPTOR(ftruncate, "truncate", (int descriptor, off_t length), (descriptor, length), length)
ON_DESCRIPTOR(ftruncate64, "truncate", (int descriptor, off_t length), (descriptor, length), length)
ON_DESCRIPTOR(fsync, "fsync", (int descriptor), (descriptor), 0)

#define ON_PATH(NAME, PARAMETERS, ARGUMENTS, PATH, SECOND) int NAME PARAMETERS { \
  REAL(NAME); \
  if (fault('w', #NAME, PATH) == FAIL) return -1; \
  int status = real ARGUMENTS; \
  if (!status) record(#NAME, PATH, SECOND, 0, 0, 0); \
  return status; }
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode), path, "")
ON_PATH(rmdir, (const char *path), (path), path, "")
ON_PATH(unlink, (const char *path), (path), path, "")
ON_PATH(rename, (const char *path, const char *second), (path, second), path, second)
ON_PATH(symlink, (const char *second, const char *path), (second, path), path, second)

#define OPEN(NAME) int NAME(const char *path, int flags, ...) { \
  static int (*real)(const char *, int, ...); \
  if (!real) real = dlsym(RTLD_NEXT, #NAME); \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); } \
  int changes = (flags & (O_CREAT | O_TRUNC)) != 0; \
  if (fault(changes ? 'w' : 'o', changes ? "create" : "open", path) == FAIL) return -1; \
  int descriptor = real(path, flags, mode); \
  if (descriptor >= 0 && changes && !is_system(path)) record(flags & O_TRUNC ? "empty" : "create", path, "", 0, 0, 0); \
  return descriptor; }
OPEN(open)
OPEN(open64)

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *context) {
  REAL(pthread_create);
  return enabled && no_threads ? EAGAIN : real(thread, attributes, body, context);
}

DIR *opendir(const char *path) {
  REAL(opendir);
  return fault('o', "opendir", path) == FAIL ? NULL : real(path);
}
