// Newer versions otherwise replace the functions with an enum parameter by others.
#define MPG123_ENUM_API
#include <mpg123.h>
