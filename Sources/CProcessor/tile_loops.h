// The loops of tile.h, included once for each version with the macros that say how it computes:
// NAME, TARGET; ELEMENT, OPERAND (a vector of them), VECTOR (of sums), MULTIPLY_ADD, STEPS_PER_LINE;
// PACKED, an operand from B's rows as they are stored, where it is not what lies there;
// TILE_ROWS x TILE_VECTORS or NARROW_TILE_VECTORS are the sums that registers hold, of slim tiles SLIM_ROWS x SLIM_VECTORS.

#define LANES ((int)(sizeof(VECTOR) / sizeof(float)))

static inline TARGET __attribute__((always_inline)) void NAME(store)(float *c, VECTOR sum, bool accumulate) {
  if (accumulate) {
    VECTOR before;
    __builtin_memcpy(&before, c, sizeof(before));
    sum = before + sum;
  }
  __builtin_memcpy(c, &sum, sizeof(sum));
}

static inline TARGET __attribute__((always_inline)) OPERAND NAME(operand)(const ELEMENT *b) {
  OPERAND result;
  __builtin_memcpy(&result, b, sizeof(result));
  return result;
}

static inline TARGET __attribute__((always_inline)) OPERAND NAME(packed)(const ELEMENT *b, ptrdiff_t stride) {
#ifdef PACKED
  return PACKED(b, stride);
#else
  return NAME(operand)(b);
#endif
}

// Some rows and vectors of a tile in the steps of a turn. `by_rows` says that A is rows, else it is [steps, 8]; `copies` that B's rows
// are copied by who meets them first; the first part fetches.
static inline TARGET __attribute__((always_inline)) void NAME(part)(
    const product_tile *tile, tile_turn turn, bool by_rows, int row, int vector, int vectors, int columns, bool copies) {
  VECTOR sums[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      if (turn.first > 0)
        __builtin_memcpy(&sums[i][j], turn.kept + (row + i) * TILE_COPY + LANES * (vector + j), sizeof(VECTOR));
      else
        sums[i][j] = (VECTOR)(0.0f);
    }
  bool is_first = row == 0 && vector == 0;
  ptrdiff_t a_stride = by_rows ? tile->a_stride : 1, a_step = by_rows ? 1 : tile->a_step;
  const ELEMENT *a = (const ELEMENT *)tile->a + row * a_stride + turn.first * a_step;
  ELEMENT *panel = (ELEMENT *)tile->panel + turn.first * TILE_COPY + LANES * vector;
  ptrdiff_t b_stride = copies && row > 0 ? TILE_COPY : tile->b_stride;
  const ELEMENT *b = copies && row > 0 ? panel : (const ELEMENT *)tile->b + turn.first * b_stride + LANES * vector;
  // What the next part reads of B: columns of this turn, or the next one's first. It is fetched while the last rows are computed, whose
  // B is in the first level of the cache.
  bool fetches_columns = TILE_ROWS < 8 && row + TILE_ROWS == 8 && LANES * (vector + vectors) < columns;
  bool fetches_turn = TILE_ROWS < 8 && row + TILE_ROWS == 8 && LANES * (vector + vectors) == columns && !copies && !turn.is_last;
  ptrdiff_t upcoming = fetches_columns ? LANES * vectors : STEPS_IN_TURN * b_stride - LANES * vector;
  size_t passed = turn.first / STEPS_PER_LINE;
  ptrdiff_t prefetch_step = tile->prefetch_step;
  const char *prefetch = tile->prefetch + passed * prefetch_step;
  // C's rows are fetched when they will be needed soon: until then what passes by would push them out again.
  size_t lines = turn.steps / STEPS_PER_LINE, all = tile->steps / STEPS_PER_LINE, lead = all > 32 ? all - 32 : 0;
  float *target = tile->c + (passed > lead ? passed - lead : 0) * tile->c_stride;
#define STEP                                                                                                              \
  {                                                                                                                       \
    OPERAND of_b[TILE_VECTORS];                                                                                           \
    _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)                                                  \
        of_b[j] = copies && row == 0 ? NAME(packed)(b + LANES * j, b_stride) : NAME(operand)(b + LANES * j);              \
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
#pragma clang loop unroll(disable)
  for (size_t line = 0; line < lines; line++) {
    if (fetches_columns || fetches_turn)
#pragma clang loop unroll(full)
      for (int step = 0; step < STEPS_PER_LINE; step++) {
        __builtin_prefetch(b + upcoming + step * b_stride, 0, 3);
        __builtin_prefetch(b + upcoming + step * b_stride + 16, 0, 3);
      }
    if (is_first) {
      __builtin_prefetch(prefetch, 0, 2);
      prefetch += prefetch_step;
      if (passed + line - lead < 8) {
#pragma clang loop unroll(full)
        for (int column = 0; column < columns; column += 16) __builtin_prefetch(target + column, 1, 3);
        target += tile->c_stride;
      }
    }
#pragma clang loop unroll(full)
    for (int step = 0; step < STEPS_PER_LINE; step++) {
      STEP;
      // A step's loads stay behind those of the one before: if the compiler mixed the steps, it would run out of registers.
      __asm__ volatile("" ::: "memory");
    }
  }
  for (size_t rest = turn.steps - lines * STEPS_PER_LINE; rest > 0; rest--) STEP
#undef STEP
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE_ROWS; i++) {
    ptrdiff_t stride = turn.is_last ? tile->c_stride : TILE_COPY;
    float *c = (turn.is_last ? tile->c : turn.kept) + (row + i) * stride + LANES * vector;
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) NAME(store)(c + LANES * j, sums[i][j], turn.is_last && tile->accumulate);
  }
}

// Where registers hold a part of the sums only, many steps are taken in turns: the last rows then find B in the first level of the
// cache.
static inline TARGET __attribute__((always_inline)) void NAME(whole)(
    const product_tile *tile, bool by_rows, int columns, int vectors, bool copies) {
  bool takes_turns = TILE_ROWS < 8 && tile->steps > 2 * STEPS_IN_TURN;
  float kept[TILE_ROWS < 8 ? 8 * TILE_COPY : 1];
  tile_turn turn = {0, takes_turns ? STEPS_IN_TURN : tile->steps, !takes_turns, kept};
#pragma clang loop unroll(disable)
  while (true) {
#pragma clang loop unroll(full)
    for (int vector = 0; vector < columns / LANES; vector += vectors)
#pragma clang loop unroll(full)
      for (int row = 0; row < 8; row += TILE_ROWS) NAME(part)(tile, turn, by_rows, row, vector, vectors, columns, copies);
    if (TILE_ROWS == 8 || turn.is_last) return;
    turn.first += turn.steps;
    size_t left = tile->steps - turn.first;
    turn.is_last = left <= STEPS_IN_TURN;
    if (turn.is_last) turn.steps = left;
  }
}

// One function for each kind of tile, or the compiler would not keep the sums in registers.
#define KIND(kind, by_rows, copies)                                                           \
  static TARGET __attribute__((noinline)) void NAME(kind##_wide)(const product_tile *tile) {   \
    NAME(whole)(tile, by_rows, 48, TILE_VECTORS, copies);                                      \
  }                                                                                            \
  static TARGET __attribute__((noinline)) void NAME(kind##_narrow)(const product_tile *tile) { \
    NAME(whole)(tile, by_rows, 32, NARROW_TILE_VECTORS, copies);                               \
  }
KIND(rows, true, false)
KIND(columns, false, false)
KIND(copying, false, true)
#undef KIND

static inline void NAME(tile)(const product_tile *tile) {
  if (tile->panel)
    tile->is_narrow ? NAME(copying_narrow)(tile) : NAME(copying_wide)(tile);
  else if (tile->a_step == 1)
    tile->is_narrow ? NAME(rows_narrow)(tile) : NAME(rows_wide)(tile);
  else
    tile->is_narrow ? NAME(columns_narrow)(tile) : NAME(columns_wide)(tile);
}

// 24 rows of A and 16 columns of B, as many sums at a time as registers hold. What follows A in memory is fetched: `prefetch_step`
// is the bytes of it for a step of all rows.
static TARGET __attribute__((noinline)) void NAME(slim_tile)(const product_tile *tile) {
  for (int row = 0; row < SLIM_TILE_HEIGHT; row += SLIM_ROWS) {
    VECTOR sums[SLIM_ROWS][SLIM_VECTORS];
#pragma clang loop unroll(full)
    for (int i = 0; i < SLIM_ROWS; i++)
#pragma clang loop unroll(full)
      for (int j = 0; j < SLIM_VECTORS; j++) sums[i][j] = (VECTOR)(0.0f);
    ptrdiff_t stride = tile->a_stride;
    // A pointer for every eight rows: the compiler would have one for each, for which there are not registers enough.
    const ELEMENT *first = (const ELEMENT *)tile->a + row * stride, *second = first + 8 * stride, *third = second + 8 * stride;
    const ELEMENT *b = (const ELEMENT *)tile->b;
    const char *prefetch = tile->prefetch + row * tile->prefetch_step * (ptrdiff_t)tile->steps / SLIM_TILE_HEIGHT;
    ptrdiff_t prefetch_step = tile->prefetch_step * SLIM_ROWS / SLIM_TILE_HEIGHT;
#pragma clang loop unroll(disable)
    for (size_t step = tile->steps; step > 0; step--) {
      for (ptrdiff_t line = 0; line < (SLIM_ROWS + 15) / 16; line++) __builtin_prefetch(prefetch + 64 * line, 0, 2);
      prefetch += prefetch_step;
      OPERAND of_b[SLIM_VECTORS];
#pragma clang loop unroll(full)
      for (int j = 0; j < SLIM_VECTORS; j++) __builtin_memcpy(&of_b[j], b + LANES * j, sizeof(of_b[j]));
#pragma clang loop unroll(full)
      for (int i = 0; i < SLIM_ROWS; i++) {
        const ELEMENT *a = i < 8 ? first : i < 16 ? second : third;
        OPERAND x = (OPERAND)a[i % 8 * stride];
#pragma clang loop unroll(full)
        for (int j = 0; j < SLIM_VECTORS; j++) sums[i][j] = MULTIPLY_ADD(sums[i][j], x, of_b[j]);
      }
      first++;
      second++;
      third++;
      b += tile->b_stride;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < SLIM_ROWS; i++) {
      float *c = tile->c + (row + i) * tile->c_stride;
#pragma clang loop unroll(full)
      for (int j = 0; j < SLIM_VECTORS; j++) NAME(store)(c + LANES * j, sums[i][j], tile->accumulate);
    }
  }
}

#undef LANES
#undef NAME
#undef TARGET
#undef ELEMENT
#undef OPERAND
#undef VECTOR
#undef MULTIPLY_ADD
#undef STEPS_PER_LINE
#undef PACKED
#undef TILE_ROWS
#undef TILE_VECTORS
#undef NARROW_TILE_VECTORS
#undef SLIM_ROWS
#undef SLIM_VECTORS
