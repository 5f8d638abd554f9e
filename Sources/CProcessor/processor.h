// Hints for the processor that Swift has no way to give.
#ifndef CPROCESSOR_H
#define CPROCESSOR_H

/// The line of memory will be read very soon: into the first level of the cache.
static inline void prefetch_for_reading(const void *address) { __builtin_prefetch(address, 0, 3); }

/// The line will be read some microseconds from now: into the second level of the cache, where the processor has a way to say so.
static inline void prefetch_for_reading_later(const void *address) { __builtin_prefetch(address, 0, 2); }

/// The line will be written soon.
static inline void prefetch_for_writing(const void *address) { __builtin_prefetch(address, 1, 3); }

/// This thread does nothing but look whether something has changed: for a moment the core is the other thread's on it.
static inline void pause_spinning(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

#endif
