// Functions of transformers, on rows of channels: activations, normalisations, depthwise
// convolution.

#ifndef C_PIQ_FUNCTIONS_H
#define C_PIQ_FUNCTIONS_H

#include <stddef.h>

// y = x Phi(x), Phi the normal distribution: GELU by erf. `y` may be `x`.
void piq_gelu(const float *x, ptrdiff_t count, float *y);

// The gradient of x from that of y: gradient (Phi(x) + x phi(x)), phi the normal density.
void piq_gelu_gradient(const float *x, const float *gradient, ptrdiff_t count, float *result);

// The softmax of each row, in place.
void piq_softmax_rows(float *x, ptrdiff_t rows, ptrdiff_t columns);

// The gradient of the rows before softmax from that after it, in its place: with the softmax p,
// p (gradient - the sum of p gradient).
void piq_softmax_gradient(const float *p, ptrdiff_t rows, ptrdiff_t columns, float *gradient);

// Each row less its mean, over its standard deviation (whose square is increased by epsilon), times
// weight plus bias, both [channels].
//
// statistics: [rows][2], the means and the factors; NULL where they are not needed.
void piq_layer_norm(const float *x, ptrdiff_t rows, ptrdiff_t channels, float epsilon,
                    const float *weight, const float *bias, float *y, float *statistics);

// The gradient of the rows before a layer norm, from that after it and the statistics.
void piq_layer_norm_gradient(const float *x, const float *statistics, const float *weight,
                             const float *gradient, ptrdiff_t rows, ptrdiff_t channels,
                             float *result);

// One row of a depthwise convolution with stride 1 and zeros around: `width` pixels.
//
// rows: the `kernel` rows of the input that it reads, NULL where outside.
// weights: [kernel][kernel][channels].
void piq_depthwise_row(const float *const *rows, ptrdiff_t width, ptrdiff_t channels,
                       ptrdiff_t kernel, const float *weights, float *y);

#endif
