#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal = 0;
static volatile sig_atomic_t adopted_signal = 0;
static volatile sig_atomic_t save_requested = 0;
static volatile sig_atomic_t grace = 0;
static volatile sig_atomic_t takes_interrupts = 0;
static volatile sig_atomic_t interrupted = 0;
static volatile sig_atomic_t step = 0;
static volatile sig_atomic_t is_terminal = 0;

// Says what becomes of the step that is being taken: `before` N `after`. Only calls that a handler may make.
static void say(const char *before, const char *after) {
  char text[128];
  size_t length = 0;
  int number = step, error = errno;
  char digits[16];
  size_t count = 0;
  if (number == 0) return;
  // The line of progress stays where it is.
  if (is_terminal) text[length++] = '\n';
  while (*before) text[length++] = *before++;
  for (; number > 0; number /= 10) digits[count++] = (char)('0' + number % 10);
  while (count > 0) text[length++] = digits[--count];
  while (*after) text[length++] = *after++;
  // Whoever reads may be gone.
  if (write(2, text, length) < 0) errno = error;
  errno = error;
}

static void handle(int signal) {
  if (signal == SIGINT && takes_interrupts) {
    if (interrupted) _exit(128 + signal);
    interrupted = 1;
  } else if (signal == SIGUSR1) {
    save_requested = 1;
    say("saving a checkpoint after step ", "\n");
  } else if (signal == SIGALRM) {
    _exit(128 + stop_signal);
  } else if (stop_signal != 0 && signal != SIGHUP) {
    _exit(128 + signal);
  } else if (stop_signal == 0) {
    stop_signal = signal;
    say("stopping in step ", ", then saving; again to quit at once\n");
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
  is_terminal = isatty(2);
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

void csignals_adopt(int signal) { adopted_signal = signal; }

void csignals_set_step(int number) { step = number; }

int csignals_stop(void) { return stop_signal != 0 ? stop_signal : adopted_signal; }

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
