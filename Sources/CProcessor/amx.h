// Tiles of numbers rounded to bfloat16 by AMX (Intel's Software Developer's Manual, volume 2, TDPBF16PS), and by plain arithmetic that
// gives the same bits. `product_tile` says what they read; A is rows, K is whole units of sixteen pairs.
#ifndef CPROCESSOR_AMX_H
#define CPROCESSOR_AMX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bfloat16.h"

// Pairs of K that an instruction takes.
#define AMX_PAIRS 16
// Rows of a tile. Its columns, and the rows and columns of a slim tile, are as many as those of other instructions have.
#define AMX_TILE_HEIGHT 16

// Sixteen sums of a row. Of each unit the earlier numbers' products are added up, and the later ones', and both to the sum.
static inline float16 plain_amx_sums(const uint32_t *a, const uint32_t *b, ptrdiff_t b_stride, size_t pairs) {
  float16 sum = (float16)(0.0f);
  for (size_t first = 0; first < pairs; first += AMX_PAIRS) {
    float16 earlier = (float16)(0.0f), later = (float16)(0.0f);
    for (size_t pair = first; pair < first + AMX_PAIRS; pair++) {
      uint32x16 x = (uint32x16)(a[pair]), y;
      __builtin_memcpy(&y, b + pair * b_stride, sizeof(y));
      earlier = __builtin_elementwise_fma((float16)(x << 16), (float16)(y << 16), earlier);
      later = __builtin_elementwise_fma((float16)(x & 0xFFFF0000), (float16)(y & 0xFFFF0000), later);
    }
    sum += earlier + later;
  }
  return sum;
}

static inline void plain_amx_rows(const product_tile *tile, int rows, int columns) {
  const uint32_t *a = (const uint32_t *)tile->a, *b = (const uint32_t *)tile->b;
  for (int row = 0; row < rows; row++)
    for (int column = 0; column < columns; column += 16) {
      float16 sum = plain_amx_sums(a + row * tile->a_stride, b + column, tile->b_stride, tile->steps);
      __builtin_memcpy(tile->c + row * tile->c_stride + column, &sum, sizeof(sum));
    }
}

// Neither adds to C.
static __attribute__((noinline)) void plain_amx_tile(const product_tile *tile) {
  plain_amx_rows(tile, AMX_TILE_HEIGHT, tile->is_narrow ? 32 : 48);
}
static __attribute__((noinline)) void plain_amx_slim_tile(const product_tile *tile) {
  plain_amx_rows(tile, SLIM_TILE_HEIGHT, 16);
}

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AMX_TARGET __attribute__((target("amx-tile,amx-bf16,avx512f")))

// Eight registers of sixteen rows of 64 bytes.
typedef struct {
  uint8_t palette, first_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} amx_configuration;

static inline AMX_TARGET void begin_amx(void) {
  static const amx_configuration configuration = {
      .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
  __builtin_ia32_tile_loadconfig(&configuration);
}

// While the registers are in use, a switch to another thread takes longer and the core cannot sleep deeply.
static inline AMX_TARGET void end_amx(void) { __builtin_ia32_tilerelease(); }

#define AMX_LOAD(tile, from, stride) __builtin_ia32_tileloadd64(tile, from, (stride) * 4)
#define AMX_STORE(tile, to, stride) __builtin_ia32_tilestored64(tile, to, (stride) * 4)
#define AMX_MULTIPLY_ADD __builtin_ia32_tdpbf16ps

// 0 to 2 are sums, 3 to 5 columns of B, 6 rows of A.
static inline AMX_TARGET __attribute__((always_inline)) void amx_whole(const product_tile *tile, bool is_wide) {
  const uint32_t *a = (const uint32_t *)tile->a, *b = (const uint32_t *)tile->b;
  const char *prefetch = tile->prefetch;
  __builtin_ia32_tilezero(0);
  __builtin_ia32_tilezero(1);
  if (is_wide) __builtin_ia32_tilezero(2);
  for (size_t unit = 0; unit < tile->steps / AMX_PAIRS; unit++) {
    for (int line = 0; line < AMX_PAIRS; line++, prefetch += tile->prefetch_step) __builtin_prefetch(prefetch, 0, 2);
    AMX_LOAD(6, a, tile->a_stride);
    AMX_LOAD(3, b, tile->b_stride);
    AMX_MULTIPLY_ADD(0, 6, 3);
    AMX_LOAD(4, b + 16, tile->b_stride);
    AMX_MULTIPLY_ADD(1, 6, 4);
    if (is_wide) {
      AMX_LOAD(5, b + 32, tile->b_stride);
      AMX_MULTIPLY_ADD(2, 6, 5);
    }
    a += AMX_PAIRS;
    b += AMX_PAIRS * tile->b_stride;
  }
  // The instruction would take subnormal numbers of C for zero: what it holds is added by others.
  float sums[AMX_TILE_HEIGHT * TILE_COPY] __attribute__((aligned(64)));
  float *c = tile->accumulate ? sums : tile->c;
  ptrdiff_t stride = tile->accumulate ? TILE_COPY : tile->c_stride;
  AMX_STORE(0, c, stride);
  AMX_STORE(1, c + 16, stride);
  if (is_wide) AMX_STORE(2, c + 32, stride);
  if (!tile->accumulate) return;
  for (int row = 0; row < AMX_TILE_HEIGHT; row++)
    for (int column = 0; column < (is_wide ? 48 : 32); column += 16) {
      float16 sum;
      __builtin_memcpy(&sum, sums + row * TILE_COPY + column, sizeof(sum));
      avx512_float_store(tile->c + row * tile->c_stride + column, sum, true);
    }
}

static AMX_TARGET __attribute__((noinline)) void amx_tile(const product_tile *tile) {
  tile->is_narrow ? amx_whole(tile, false) : amx_whole(tile, true);
}

// The first sixteen rows and the last sixteen, which share eight. Does not add to C.
static AMX_TARGET __attribute__((noinline)) void amx_slim_tile(const product_tile *tile) {
  const uint32_t *a = (const uint32_t *)tile->a, *b = (const uint32_t *)tile->b;
  ptrdiff_t last = SLIM_TILE_HEIGHT - AMX_TILE_HEIGHT;
  __builtin_ia32_tilezero(0);
  __builtin_ia32_tilezero(1);
  for (size_t pair = 0; pair < tile->steps; pair += AMX_PAIRS) {
    AMX_LOAD(3, b + pair * tile->b_stride, tile->b_stride);
    AMX_LOAD(6, a + pair, tile->a_stride);
    AMX_MULTIPLY_ADD(0, 6, 3);
    AMX_LOAD(7, a + pair + last * tile->a_stride, tile->a_stride);
    AMX_MULTIPLY_ADD(1, 7, 3);
  }
  AMX_STORE(0, tile->c, tile->c_stride);
  AMX_STORE(1, tile->c + last * tile->c_stride, tile->c_stride);
}

#undef AMX_LOAD
#undef AMX_STORE
#undef AMX_MULTIPLY_ADD

// Whether this processor has the instructions, with registers of the size that is meant here, and the system lets this process use
// them, for which it has to be asked (Linux, Documentation/arch/x86/xstate.rst).
static inline bool has_amx_instructions(void) {
  unsigned eax, ebx, ecx, edx;
  if (!has_bfloat16_instructions() || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  if (!(edx >> 22 & 1) || !(edx >> 24 & 1)) return false;
  if (!__get_cpuid_count(0x1D, 1, &eax, &ebx, &ecx, &edx)) return false;
  if ((ebx & 0xFFFF) != 64 || ebx >> 16 < 8 || (ecx & 0xFFFF) != 16) return false;
  const long request_permission = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

#else

// Never called.
static inline void begin_amx(void) {}
static inline void end_amx(void) {}
static inline void amx_tile(const product_tile *tile) { plain_amx_tile(tile); }
static inline void amx_slim_tile(const product_tile *tile) { plain_amx_slim_tile(tile); }
static inline bool has_amx_instructions(void) { return false; }

#endif

#endif
