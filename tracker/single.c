/* single.c - see single.h. */
#include "tracker/single.h"

atomic_bool single_no_more;
