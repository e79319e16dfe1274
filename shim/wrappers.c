/* wrappers.c - the wrappers that calls.def describes completely. */
#include "shim/context.h"
#include "shim/effects.h"
#include "shim/real.h"

#define CALL(returns, name, parameters, arguments, effect, early)                                              \
    EXPORT returns name parameters;                                                                            \
    EXPORT returns name parameters {                                                                           \
        if (!context_is_watched())                                                                             \
            return LIKELY(real.name) ? real.name arguments : early;                                            \
        static const char call[] __attribute__((unused)) = #name;                                              \
        BEFORE_##effect returns result = real.name arguments;                                                  \
        AFTER_##effect return result;                                                                          \
    }
#define BY_HAND(returns, name, parameters)
#include "shim/calls.def"
