// Hints for the processor that Swift has no way to give.
#ifndef CPROCESSOR_H
#define CPROCESSOR_H

/// The line of memory will be read soon: into all levels of the cache, since the second level alone is one that some processors do not fill.
static inline void prefetch_for_reading(const void *address) { __builtin_prefetch(address, 0, 3); }

/// The line will be written soon.
static inline void prefetch_for_writing(const void *address) { __builtin_prefetch(address, 1, 3); }

/// This thread does nothing but look whether something has changed: for a moment the core is the other thread's on it.
static inline void pause_spinning(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

#endif
