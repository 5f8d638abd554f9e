// What signals have asked of the process. The handler is C because nothing of Swift's run time is safe inside one; it only
// sets flags.
#ifndef CSIGNALS_H
#define CSIGNALS_H

// Writing to a closed pipe or past a file's size limit becomes an error of the call instead of the end of the process.
void csignals_ignore_write_signals(void);

// TERM, INT and HUP ask to stop; whatever the parent had blocked is unblocked. A second TERM or INT ends the process at
// once. With no grace, USR1 asks to save; else the process ends at once so many seconds after the first signal.
void csignals_install(unsigned grace);

// Stops as by a signal that another process has had; one that comes later is the first one of this process.
void csignals_adopt(int signal);

// The number of the step that is being taken, which is said on standard error when a signal asks to stop or to save; 0 for none.
void csignals_set_step(int number);

// The first signal that asked to stop, or 0.
int csignals_stop(void);

// Whether a save was asked for since the last call.
int csignals_take_save(void);

// Like csignals_install, but INT asks to end what is going on and not the process, unless it comes again before it was taken.
void csignals_install_interrupts(void);

// Whether INT has come since the last call.
int csignals_take_interrupt(void);

#endif
