#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal = 0;
static volatile sig_atomic_t save_requested = 0;
static volatile sig_atomic_t grace = 0;
static volatile sig_atomic_t takes_interrupts = 0;
static volatile sig_atomic_t interrupted = 0;

static void handle(int signal) {
  if (signal == SIGINT && takes_interrupts) {
    if (interrupted) _exit(128 + signal);
    interrupted = 1;
  } else if (signal == SIGUSR1) {
    save_requested = 1;
  } else if (signal == SIGALRM) {
    _exit(128 + stop_signal);
  } else if (stop_signal != 0 && signal != SIGHUP) {
    _exit(128 + signal);
  } else if (stop_signal == 0) {
    stop_signal = signal;
    if (grace != 0) alarm(grace);
  }
}

void csignals_ignore_write_signals(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void csignals_install(unsigned seconds) {
  struct sigaction action = {0};
  sigset_t set;
  int handled[] = {SIGTERM, SIGINT, SIGHUP, seconds == 0 ? SIGUSR1 : SIGALRM};
  grace = (sig_atomic_t)seconds;
  sigemptyset(&set);
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 4; i++) {
    sigaction(handled[i], &action, 0);
    sigaddset(&set, handled[i]);
  }
  pthread_sigmask(SIG_UNBLOCK, &set, 0);
}

int csignals_stop(void) { return stop_signal; }

int csignals_take_save(void) {
  int requested = save_requested;
  save_requested = 0;
  return requested;
}

void csignals_install_interrupts(void) {
  takes_interrupts = 1;
  csignals_install(0);
}

int csignals_take_interrupt(void) {
  int taken = interrupted;
  interrupted = 0;
  return taken;
}
