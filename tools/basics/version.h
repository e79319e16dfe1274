/* version.h - the version of the tool, as `leftopen version` and reports tell it. */
#ifndef TOOLS_VERSION_H
#define TOOLS_VERSION_H

#ifndef LEFTOPEN_VERSION
#define LEFTOPEN_VERSION "0.1.0"
#endif

#endif
