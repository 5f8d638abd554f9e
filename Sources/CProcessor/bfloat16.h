// Products of numbers that are rounded to bfloat16, in two versions that give the same bits: by the instructions of AVX512_BF16,
// and by plain arithmetic that does step by step what they do.
#ifndef CPROCESSOR_BFLOAT16_H
#define CPROCESSOR_BFLOAT16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tile.h"

typedef uint32_t uint32x16 __attribute__((ext_vector_type(16)));

// A pair is 32 bits, the number of the later step above the other: an element of a tile.

#define EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

// The instruction's rounding: to the nearest, ties to even; subnormals become zero, and no number stays no number.
static inline uint32x16 plain_rounded(float16 x) {
  uint32x16 bits = (uint32x16)x;
  uint32x16 magnitude = bits & 0x7FFFFFFF;
  uint32x16 rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  rounded = (magnitude > 0x7F800000) ? (bits | 0x400000) : rounded;
  rounded = (magnitude < 0x800000) ? (bits & 0x80000000) : rounded;
  return rounded & 0xFFFF0000;
}

static inline uint32x16 plain_pairs(float16 low, float16 high) {
  return (plain_rounded(low) >> 16) | plain_rounded(high);
}

// The instruction's order: the upper numbers first, each product added with one rounding.
static inline float16 plain_dot(float16 sum, uint32x16 a, uint32x16 b) {
  sum = __builtin_elementwise_fma((float16)(a & 0xFFFF0000), (float16)(b & 0xFFFF0000), sum);
  return __builtin_elementwise_fma((float16)(a << 16), (float16)(b << 16), sum);
}

// out = `count` numbers, rounded.
static inline void round_to_bfloat16(float *out, const float *x, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    float16 numbers;
    __builtin_memcpy(&numbers, x + i, sizeof(numbers));
    uint32x16 rounded = plain_rounded(numbers);
    __builtin_memcpy(out + i, &rounded, sizeof(rounded));
  }
  for (; i < count; i++) {
    uint32x16 rounded = plain_rounded((float16)(x[i]));
    __builtin_memcpy(out + i, &rounded, sizeof(float));
  }
}

// Fewer sums at a time where there are fewer registers.
#ifdef __AVX512F__
#define PLAIN_ROWS 8
#else
#define PLAIN_ROWS 4
#endif
#define NAME(x) plain_##x
#define TARGET
#define PAIRS(low, high) plain_pairs(low, high)
#define NEIGHBOURS(first, second)                                                              \
  plain_pairs(__builtin_shufflevector(first, second, EVENS), __builtin_shufflevector(first, second, ODDS))
#define MULTIPLY_ADD(sum, a, b) plain_dot(sum, a, b)
#define TILE_ROWS PLAIN_ROWS
#define TILE_VECTORS 1
#define NARROW_TILE_VECTORS 1
#define SLIM_ROWS 4
#define SLIM_VECTORS 1
#include "bfloat16_loops.h"

#if defined(__x86_64__)

typedef __bf16 bfloat16x32 __attribute__((vector_size(64)));
typedef float float16_operand __attribute__((vector_size(64)));

#define BFLOAT16_TARGET __attribute__((target("avx512f,avx512bw,avx512bf16")))

static inline BFLOAT16_TARGET bfloat16x32 native_rounded(float16 first, float16 second) {
  return (bfloat16x32)__builtin_ia32_cvtne2ps2bf16_512((float16_operand)second, (float16_operand)first);
}

static inline BFLOAT16_TARGET uint32x16 native_pairs(float16 low, float16 high) {
  bfloat16x32 x = native_rounded(low, high);
  return (uint32x16)__builtin_shufflevector(
      x, x, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
      31);
}

#define NAME(x) native_##x
#define TARGET BFLOAT16_TARGET
#define PAIRS(low, high) native_pairs(low, high)
#define NEIGHBOURS(first, second) (uint32x16)native_rounded(first, second)
#define MULTIPLY_ADD(sum, a, b)                                                                                             \
  (float16)__builtin_ia32_dpbf16ps_512((float16_operand)(sum), (bfloat16x32)(a), (bfloat16x32)(b))
#define TILE_ROWS 8
#define TILE_VECTORS 3
#define NARROW_TILE_VECTORS 2
#define SLIM_ROWS 24
#define SLIM_VECTORS 1
#include "bfloat16_loops.h"

#else

// Other processors have no such instructions: this is never called, or gives the same.
#define NAME(x) native_##x
#define TARGET
#define PAIRS(low, high) plain_pairs(low, high)
#define NEIGHBOURS(first, second)                                                              \
  plain_pairs(__builtin_shufflevector(first, second, EVENS), __builtin_shufflevector(first, second, ODDS))
#define MULTIPLY_ADD(sum, a, b) plain_dot(sum, a, b)
#define TILE_ROWS PLAIN_ROWS
#define TILE_VECTORS 1
#define NARROW_TILE_VECTORS 1
#define SLIM_ROWS 4
#define SLIM_VECTORS 1
#include "bfloat16_loops.h"

#endif

#undef PLAIN_ROWS

#undef EVENS
#undef ODDS

// Whether this processor and its system have the instructions.
static inline bool has_bfloat16_instructions(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

// Lets the arithmetic of this thread take subnormal numbers for zero, as the instructions do, and give zero for them. Returns what
// `end_flushing` restores.
static inline uint64_t begin_flushing_subnormals(void) {
#if defined(__x86_64__)
  uint32_t mode = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(mode | 0x8040);
  return mode;
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" : : "r"(mode | 1 << 24) : "memory");
  return mode;
#else
  return 0;
#endif
}

static inline void end_flushing_subnormals(uint64_t mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((uint32_t)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
#else
  (void)mode;
#endif
}

#endif
