// The loops of tile.h, included once for each version with the macros that say how it computes:
// NAME, TARGET; ELEMENT, OPERAND (a vector of them), VECTOR (of sums), MULTIPLY_ADD, STEPS_PER_LINE;
// TILE_ROWS x TILE_VECTORS or NARROW_TILE_VECTORS are the sums that registers hold.

#define LANES ((int)(sizeof(VECTOR) / sizeof(float)))

// Some rows and vectors of a tile. `copies` says that B's rows are copied by who meets them first; the first part fetches.
static inline TARGET __attribute__((always_inline)) void NAME(part)(
    const product_tile *tile, ptrdiff_t a_stride, ptrdiff_t a_step, int row, int vector, int vectors, int columns, bool copies) {
  VECTOR sums[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) sums[i][j] = (VECTOR)(0.0f);
  bool is_first = row == 0 && vector == 0;
  const ELEMENT *a = (const ELEMENT *)tile->a + row * a_stride;
  ELEMENT *panel = (ELEMENT *)tile->panel + LANES * vector;
  const ELEMENT *b = copies && row > 0 ? panel : (const ELEMENT *)tile->b + LANES * vector;
  ptrdiff_t b_stride = copies && row > 0 ? TILE_COPY : tile->b_stride;
  const char *prefetch = tile->prefetch;
  ptrdiff_t prefetch_step = tile->prefetch_step;
  float *target = tile->c;
  size_t steps = tile->steps;
  // C's rows are fetched when they will be needed soon: until then what passes by would push them out again.
  size_t lines = steps / STEPS_PER_LINE, lead = lines > 32 ? lines - 32 : 0;
  size_t rest = steps;
#define STEP                                                                                                              \
  {                                                                                                                       \
    OPERAND of_b[TILE_VECTORS];                                                                                           \
    _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)                                                  \
        __builtin_memcpy(&of_b[j], b + LANES * j, sizeof(of_b[j]));                                                       \
    if (copies && row == 0) {                                                                                             \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)                                                \
          __builtin_memcpy(panel + LANES * j, &of_b[j], sizeof(of_b[j]));                                                 \
      panel += TILE_COPY;                                                                                                 \
    }                                                                                                                     \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < TILE_ROWS; i++) {                                              \
      OPERAND x = (OPERAND)a[i * a_stride];                                                                               \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) sums[i][j] = MULTIPLY_ADD(sums[i][j], x, of_b[j]); \
    }                                                                                                                     \
    a += a_step;                                                                                                          \
    b += b_stride;                                                                                                        \
  }
  // A line and its steps at a time, as loops: written out, the compiler mixes the steps and runs out of registers.
#pragma clang loop unroll(disable)
  for (size_t line = 0; line < lines; line++) {
    if (is_first) {
      __builtin_prefetch(prefetch, 0, 2);
      prefetch += prefetch_step;
      if (line - lead < 8) {
#pragma clang loop unroll(full)
        for (int column = 0; column < columns; column += 16) __builtin_prefetch(target + column, 1, 3);
        target += tile->c_stride;
      }
    }
#pragma clang loop unroll(disable)
    for (int step = 0; step < STEPS_PER_LINE; step++) STEP
  }
  for (rest = steps - lines * STEPS_PER_LINE; rest > 0; rest--) STEP
#undef STEP
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++) {
    float *c = tile->c + (row + i) * tile->c_stride + LANES * vector;
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      VECTOR sum = sums[i][j];
      if (tile->accumulate) {
        VECTOR before;
        __builtin_memcpy(&before, c + LANES * j, sizeof(before));
        sum = before + sum;
      }
      __builtin_memcpy(c + LANES * j, &sum, sizeof(sum));
    }
  }
}

static inline TARGET __attribute__((always_inline)) void NAME(whole)(
    const product_tile *tile, ptrdiff_t a_stride, ptrdiff_t a_step, int columns, int vectors, bool copies) {
#pragma clang loop unroll(full)
  for (int vector = 0; vector < columns / LANES; vector += vectors)
#pragma clang loop unroll(full)
    for (int row = 0; row < 8; row += TILE_ROWS) NAME(part)(tile, a_stride, a_step, row, vector, vectors, columns, copies);
}

// One function for each kind of tile, or the compiler would not keep the sums in registers.
#define KIND(kind, a_stride, a_step, copies)                                                          \
  static TARGET __attribute__((noinline)) void NAME(kind##_wide)(const product_tile *tile) {          \
    NAME(whole)(tile, a_stride, a_step, 48, TILE_VECTORS, copies);                                    \
  }                                                                                                   \
  static TARGET __attribute__((noinline)) void NAME(kind##_narrow)(const product_tile *tile) {        \
    NAME(whole)(tile, a_stride, a_step, 32, NARROW_TILE_VECTORS, copies);                             \
  }
KIND(rows, tile->a_stride, 1, false)
KIND(columns, 1, tile->a_step, false)
KIND(copying, 1, tile->a_step, true)
#undef KIND

static inline void NAME(tile)(const product_tile *tile) {
  if (tile->panel)
    tile->is_narrow ? NAME(copying_narrow)(tile) : NAME(copying_wide)(tile);
  else if (tile->a_step == 1)
    tile->is_narrow ? NAME(rows_narrow)(tile) : NAME(rows_wide)(tile);
  else
    tile->is_narrow ? NAME(columns_narrow)(tile) : NAME(columns_wide)(tile);
}

#undef LANES
#undef NAME
#undef TARGET
#undef ELEMENT
#undef OPERAND
#undef VECTOR
#undef MULTIPLY_ADD
#undef STEPS_PER_LINE
#undef TILE_ROWS
#undef TILE_VECTORS
#undef NARROW_TILE_VECTORS
