// What signals leave behind. The handler is C because nothing of Swift's run time is safe inside one; it only sets flags.
// Each translation unit that calls these has flags of its own: a single file of Swift does.
#ifndef CSIGNALS_H
#define CSIGNALS_H
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t csignals_stop_signal = 0;
static volatile sig_atomic_t csignals_save_wanted = 0;

static void csignals_handle(int signal) {
  if (signal == SIGUSR1) {
    csignals_save_wanted = 1;
  } else if (csignals_stop_signal != 0 && signal != SIGHUP) {
    _exit(128 + signal);
  } else if (csignals_stop_signal == 0) {
    csignals_stop_signal = signal;
  }
}

// Writing to a closed pipe or past a file's size limit becomes an error of the call instead of the end of the process.
static inline void csignals_ignore_write_signals(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

// TERM, INT and HUP ask to stop, USR1 to save; whatever the parent had blocked is unblocked. A second TERM or INT ends
// the process at once.
static inline void csignals_install(void) {
  struct sigaction action = {0};
  sigset_t set;
  int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
  sigemptyset(&set);
  action.sa_handler = csignals_handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 4; i++) {
    sigaction(handled[i], &action, 0);
    sigaddset(&set, handled[i]);
  }
  pthread_sigmask(SIG_UNBLOCK, &set, 0);
}

// The first signal that asked to stop, or 0.
static inline int csignals_stop(void) { return csignals_stop_signal; }

// Whether a save was asked for since the last call.
static inline int csignals_take_save(void) {
  int wanted = csignals_save_wanted;
  csignals_save_wanted = 0;
  return wanted;
}
#endif
