// What goes before and after the products of matrices of Winograd's minimal filtering: sums of a few
// pixels each, the same for all channels. In C, because its compilers make one version of a function
// for each generation of CPUs, and choose when the program starts.
//
// A kernel of 2 taps along each axis makes 3 by 3 outputs of 4 by 4 pixels (points 0, 1, -1 and
// infinity), or 5 by 5 of 6 by 6 (points 0, 1, -1, 2, -1/2 and infinity); one of 3 taps makes 4 by 4
// of 6 by 6. A tile is given as pointers to its pixels, each of `channels` floats, row by row; NULL
// is a pixel outside, zero when read and left alone when written. The values at a tile's points lie
// `plane` elements apart.

#ifndef C_PIQ_KERNELS_H
#define C_PIQ_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "CPIQFunctions.h"

/// What pixels are multiplied by when they are read, and what is added then: each [channels].
typedef struct {
  const float *scale, *shift;
} piq_affine;

/// What becomes of a pixel before it is written: max(x + bias, least) * scale + shift, the vectors
/// [channels] each.
typedef struct {
  const float *bias, *scale, *shift;
  float least;
} piq_operation;

// The values of a tile of 4 by 4 pixels at the 16 points; for the kernel the other way round if
// flipped. `affine` may be NULL.
void piq_tile4_points(const float *const *pixels, ptrdiff_t channels, const piq_affine *affine,
                      int flipped, float *points, ptrdiff_t plane);
void piq_tile4_points_bf16(const float *const *pixels, ptrdiff_t channels,
                           const piq_affine *affine, int flipped, uint16_t *points,
                           ptrdiff_t plane);

// The values of a tile of 6 by 6 pixels at the 36 points.
void piq_tile6_points(const float *const *pixels, ptrdiff_t channels, float *points,
                      ptrdiff_t plane);

// The values at the 36 points of a tile of 4 by 4 pixels, as the coefficients of a polynomial.
void piq_tile6_values(const float *const *pixels, ptrdiff_t channels, float *points,
                      ptrdiff_t plane);

// Adds the products of a tile of 4 by 4 pixels with kernels of 3 by 3 taps to sums, whose rows lie
// `width` apart. The kernels are `rows` by `columns` parts of a larger one: 6 by 6 sums for each,
// 3 further on than for the one before.
//
// products: [36][rows][columns], points `plane` apart.
void piq_tile6_add_products(const float *products, ptrdiff_t plane, int rows, int columns,
                            float *sums, ptrdiff_t width);

// The gradient at the 16 points from that of a tile's 3 by 3 outputs.
void piq_tile4_spread(const float *const *pixels, ptrdiff_t channels, float *points,
                      ptrdiff_t plane);
void piq_tile4_spread_bf16(const float *const *pixels, ptrdiff_t channels, uint16_t *points,
                           ptrdiff_t plane);

// A tile's outputs from the products at the points: 3 by 3 of 16, 5 by 5 of 36.
void piq_tile4_outputs(const float *products, ptrdiff_t plane, ptrdiff_t channels, int flipped,
                       const piq_operation *operation, float *const *pixels);
void piq_tile6_outputs(const float *products, ptrdiff_t plane, ptrdiff_t channels,
                       const piq_operation *operation, float *const *pixels);

// The values at the points of four kernels of 2 by 2 taps, the phases of one of 4 by 4: odd or even
// rows times odd or even columns; for `count` kernels of 4 by 4 that begin `step` elements apart.
//
// points: [4][points] values `plane` elements apart, each for one kernel beside the other.
void piq_kernel4_points(const float *weights, ptrdiff_t step, ptrdiff_t count, float *points,
                        ptrdiff_t plane);
void piq_kernel6_points(const float *weights, ptrdiff_t step, ptrdiff_t count, float *points,
                        ptrdiff_t plane);

// Does to `count` pixels, each of `channels` floats, what becomes of them before they are kept.
void piq_finish_pixels(float *pixels, ptrdiff_t count, ptrdiff_t channels,
                       const piq_operation *operation);

// `count` values as the upper halves of their bits, to the nearest, ties to even. What is not a
// number may become infinite.
void piq_round_to_bf16(const float *values, ptrdiff_t count, uint16_t *target);

#endif
